"""Equal bytes under two names: a file of its own and a member of an archive are one exhibit."""

import zipfile

import perito


def test_a_case_with_a_file_and_the_same_file_in_an_archive_verifies(example_case):
    sources = example_case / "sources"
    with zipfile.ZipFile(sources / "both.zip", "w") as archive:
        archive.write(sources / "survey_counts.csv", "survey_counts.csv")
    with (example_case / "case.toml").open("a") as file:
        file.write(
            '\n[[evidence]]\npath = "sources/both.zip"\nformat = "document"\nacquired_at = 2026-03-20\n'
        )
    perito.run_case(example_case)
    report = perito.verify(example_case)
    assert report.ok, report.problems
