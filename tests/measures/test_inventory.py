import io
import zipfile
from dataclasses import replace

from perito.case import Question, load_case
from perito.findings import verbatim
from perito.workflow import answer, seal_declared, tables_of


def said(finding):
    return {name: value.estimate for name, value in finding.numbers().items()}


def test_the_example_holds_its_six_files_and_every_record_is_accounted_for(example):
    numbers = said(example["inventory"])
    assert (numbers["items"], numbers["bytes"]) == (6, 297_537)
    assert numbers["records"] == numbers["mapped"] + numbers["rejected"] == 65_050
    assert numbers["rejected"] == 0


def test_the_example_names_the_tables_that_nothing_fills_and_what_nobody_recorded(example, table):
    lacking = {row[0]: row[1] for row in table(example["inventory"], "lacking")}
    assert {"Accounts", "Posts", "Notices"} <= set(lacking["tables without a row"].split("; "))
    assert "sources/label_counts.csv" in lacking["not recorded: version of the tool"]
    assert "sources/sor_daily.parquet" not in lacking["not recorded: version of the tool"]


def test_every_item_stands_with_the_beginning_of_its_digest(example, table):
    rows = {row[0]: row[1:] for row in table(example["inventory"], "items")}
    assert rows["sources/sor_daily.parquet"][:5] == ["sor_daily", 276_381, 64_959, 64_959, 0]
    assert rows["sources/label_counts.csv"][-1] == "89527950de5d7067"


def test_a_damaged_record_is_counted_with_its_place_and_reason(plant, table):
    finding = plant("inventory", label_counts=[{}, {"class": "dogs", "count": "many"}, {"class": "owls"}])
    assert {name: said(finding)[name] for name in ("records", "mapped", "rejected")} == {
        "records": 3,
        "mapped": 2,
        "rejected": 1,
    }
    ((item, reason, number, place),) = table(finding, "rejects")
    assert (item, number, place) == ("0-label_counts.data", 1, "row=2")
    assert "'count' is 'many'" in reason


def test_a_column_that_no_source_filled_is_lacking(plant, table):
    finding = plant("inventory", label_counts=[{"note": None, "generator": None}])
    lacking = {row[0]: row[1] for row in table(finding, "lacking")}
    columns = lacking["columns that no source filled: Published counts"].split(", ")
    assert {"note", "system", "wave"} <= set(columns)
    assert "class" not in columns


def test_the_bytes_of_an_archive_are_counted_once(plant):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("letter.txt", "a letter")
    finding = plant("inventory", document=packed.getvalue())
    assert (said(finding)["items"], said(finding)["bytes"]) == (2, len(packed.getvalue()))


def test_items_without_a_legal_basis_are_counted(plant):
    assert said(plant("inventory", label_counts=[{}], proceedings=[{}]))["without_legal_basis"] == 2


def test_an_item_that_is_kept_unread_is_listed_without_records(plant, table):
    finding = plant("inventory", document=b"a letter", label_counts=[{}])
    assert said(finding)["unread"] == 1
    rows = {row[0]: row[1:] for row in table(finding, "items")}
    assert rows["0-document.data"][:5] == [None, 8, None, None, None]


def test_a_file_sealed_again_under_its_path_leaves_the_earlier_one_as_superseded(example_case):
    case = load_case(example_case)
    seal_declared(case)
    file = example_case / "sources" / "survey_counts.csv"
    file.chmod(0o644)
    file.write_bytes(file.read_bytes().replace(b"1200", b"1201"))
    seal_declared(case)
    (finding,) = answer(case, (case.questions[-1],), tables_of(case))
    assert (said(finding)["items"], said(finding)["superseded"]) == (6, 1)


def test_a_case_without_evidence_cannot_say_what_it_holds(example_case):
    question = Question("inventory", "inventory", verbatim("?"))
    case = replace(load_case(example_case), evidence=(), questions=(question,))
    (finding,) = answer(case, case.questions, tables_of(case))
    assert finding.status == "cannot_say"
