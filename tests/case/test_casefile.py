"""The case file: the analyst's own, so every fault in it is one line that names the key."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perito.case import FILE_NAME, Case, choose_questions, load_case, read_case
from perito.clock import iso
from perito.errors import CaseError

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "spain-2026" / FILE_NAME
CASE = """
[case]
id = "a-case"
title = { en = "A case", es = "Un caso" }
period = { from = 2026-01-01, to = 2026-02-01 }
"""
EVIDENCE = """
[[evidence]]
path = "a.csv"
format = "label_counts"
acquired_at = 2026-03-20
"""
QUESTION = """
[[question]]
id = "q"
measure = "prevalence"
"""


def read(text: str | bytes) -> Case:
    return read_case(text.encode() if isinstance(text, str) else text, Path("folder"))


def refused(text: str | bytes) -> str:
    with pytest.raises(CaseError) as caught:
        read(text)
    message = str(caught.value)
    assert "\n" not in message
    assert FILE_NAME in message
    return message


def test_the_smallest_case_has_defaults_and_no_evidence():
    case = read(CASE)
    assert (case.id, case.language, case.mandate, case.evidence, case.questions) == (
        "a-case",
        "es",
        None,
        (),
        (),
    )
    assert case.title.to_json({}) == {"en": "A case", "es": "Un caso"}
    assert case.period.to_json() == {"from": "2026-01-01T00:00:00Z", "to": "2026-02-01T00:00:00Z"}


def test_the_folders_of_a_case_lie_in_its_folder():
    case = read(CASE)
    folders = [case.evidence_folder, case.tables_folder, case.findings_folder, case.dossier_folder, case.file]
    assert [path.name for path in folders] == ["evidence", "tables", "findings", "dossier", FILE_NAME]
    assert {path.parent for path in folders} == {Path("folder")}


def test_the_example_is_read_to_the_last_key(example_case):
    case = load_case(example_case)
    raw = tomllib.loads(EXAMPLE.read_text("utf-8"))
    assert [item.path for item in case.evidence] == [entry["path"] for entry in raw["evidence"]]
    assert [question.id for question in case.questions] == [entry["id"] for entry in raw["question"]]
    assert [dict(question.parameters) for question in case.questions] == [
        entry.get("parameters", {}) for entry in raw["question"]
    ]
    first = case.evidence[0]
    assert (first.platform, first.terms, iso(first.acquired_at_us)) == (
        "x",
        "CC0-1.0",
        "2026-03-20T00:00:00Z",
    )
    declared = next(question for question in case.questions if question.id == "declared-moderation")
    assert (declared.scope.territory, declared.scope.period.days) == ("EU", 184.0)


def test_a_byte_order_mark_is_accepted():
    assert read(b"\xef\xbb\xbf" + CASE.encode()) == read(CASE)


def test_an_acquisition_record_holds_what_was_given_and_nothing_else():
    item = read(CASE + EVIDENCE + 'origin = "a person"\n').evidence[0]
    assert item.acquisition() == {
        "format": "label_counts",
        "acquired_at_us": 1_773_964_800_000_000,
        "origin": "a person",
    }


def test_one_text_may_stand_for_both_languages():
    case = read(CASE.replace('{ en = "A case", es = "Un caso" }', '"Caso {1}"'))
    assert case.title.to_json({}) == {"en": "Caso {1}", "es": "Caso {1}"}


def test_words_of_the_case_are_quotations_however_they_look():
    case = read(CASE.replace('"A case"', '"100 {total} ‹knowingly›"'))
    assert case.title.plain("en", {}) == "100 {total} ‹knowingly›"


def test_times_may_be_given_as_dates_zoned_times_or_texts():
    for written in ("2026-03-20", "2026-03-20T00:00:00Z", "2026-03-20T01:00:00+01:00", '"2026-03-20"'):
        item = read(CASE + EVIDENCE.replace("2026-03-20", written)).evidence[0]
        assert item.acquired_at_us == 1_773_964_800_000_000


def refusal(text: str | bytes) -> str | None:
    try:
        read(text)
    except CaseError as error:
        return str(error)
    return None


WRONG = [
    # what is replaced, by what, and what the message has to name
    ("[case]", "[cse]", ["cse", "'case'"]),
    ('id = "a-case"', 'id = "A Case"', ["[case] id", "A Case"]),
    ('id = "a-case"', 'id = ""', ["[case] id"]),
    ('id = "a-case"', "id = 5", ["[case] id", "5"]),
    ('id = "a-case"\n', "", ["[case] id", "missing"]),
    ('id = "a-case"', 'id = "a-case"\nlangauge = "es"', ["langauge", "'language'"]),
    ('id = "a-case"', 'id = "a-case"\nlanguage = "fr"', ["language", "fr", "en or es"]),
    ('id = "a-case"', 'id = "a-case"\nmandate = { en = "only" }', ["mandate"]),
    ('title = { en = "A case", es = "Un caso" }\n', "", ["title", "missing"]),
    ('es = "Un caso"', 'es = ""', ["title"]),
    ('es = "Un caso"', "es = 3", ["title"]),
    ('{ en = "A case", es = "Un caso" }', '" "', ["title"]),
    ('{ en = "A case", es = "Un caso" }', '{ en = "A", fr = "B" }', ["title"]),
    ("period = { from = 2026-01-01, to = 2026-02-01 }", "", ["period", "missing"]),
    ("to = 2026-02-01", "to = 2025-12-31", ["period", "ends before"]),
    ("to = 2026-02-01", "to = 2026-01-01", ["period", "ends before"]),
    (", to = 2026-02-01", "", ["period to", "missing"]),
    ("to = 2026-02-01", "too = 2026-02-01", ["too", "'to'"]),
    ("from = 2026-01-01", 'from = "January"', ["period from", "January"]),
    ("from = 2026-01-01", "from = 2026-01-01T00:00:00", ["period from", "zone"]),
    ("from = 2026-01-01", "from = 00:30:00", ["period from"]),
    ("from = 2026-01-01", "from = 1", ["period from"]),
    ("{ from = 2026-01-01, to = 2026-02-01 }", "3", ["period", "table"]),
    ("[case]", "[[case]]", ["case"]),
    ('path = "a.csv"', 'path = "/etc/passwd"', ["path", "relative"]),
    ('path = "a.csv"\n', "", ["[[evidence]] number 1", "path"]),
    ('format = "label_counts"\n', "", ["(a.csv) format"]),
    ("acquired_at = 2026-03-20\n", "", ["(a.csv) acquired_at"]),
    ("acquired_at = 2026-03-20", "acquired_at = true", ["(a.csv) acquired_at"]),
    ("acquired_at = 2026-03-20", "acquired_at = 2026-03-20\nplatform = 'twiter'", ["platform", "twiter"]),
    ("acquired_at = 2026-03-20", "acquired_at = 2026-03-20\nplattform = 'x'", ["plattform", "'platform'"]),
    ("acquired_at = 2026-03-20", "acquired_at = 2026-03-20\ntool = 5", ["tool"]),
    ("[[evidence]]", "[evidence]", ["evidence", "[[evidence]]"]),
    ('id = "q"', 'id = "../q"', ["id", "../q"]),
    ('id = "q"\n', "", ["[[question]] number 1 id"]),
    ('measure = "prevalence"\n', "", ["[[question]] q measure"]),
    ('measure = "prevalence"', 'measure = "prevalence"\nscope = 5', ["q scope"]),
    ('measure = "prevalence"', 'measure = "m"\nscope = { plaform = "x" }', ["plaform", "'platform'"]),
    ('measure = "prevalence"', 'measure = "m"\nscope = { platform = "tictoc" }', ["q scope platform"]),
    ('measure = "prevalence"', 'measure = "prevalence"\nparameters = []', ["q parameters"]),
    ('measure = "prevalence"', 'measure = "prevalence"\ntext = { en = "a" }', ["q text"]),
    ("[[question]]", "[question]", ["question"]),
]  # fmt: skip


@pytest.mark.parametrize(("given_text", "instead", "named"), WRONG, ids=[f"{one[1][:30]!r}" for one in WRONG])
def test_a_fault_is_one_line_that_names_file_key_and_remedy(given_text, instead, named):
    whole = CASE + EVIDENCE + QUESTION
    assert whole.count(given_text) == 1
    message = refused(whole.replace(given_text, instead))
    assert [words for words in named if words not in message] == []


@pytest.mark.parametrize(("addition", "named"), [(EVIDENCE * 2, "a.csv"), (QUESTION * 2, "[[question]] q")])
def test_what_is_declared_twice_is_refused(addition, named):
    message = refused(CASE + addition)
    assert named in message
    assert "number 2" not in message


@pytest.mark.parametrize("value", ["3", "[1]", '"a.csv"'])
@pytest.mark.parametrize("key", ["evidence", "question"])
def test_what_should_be_a_list_of_tables_and_is_not_is_refused(key, value):
    assert f"[[{key}]]" in refused(f"{key} = {value}\n{CASE}")


@pytest.mark.parametrize(
    "content",
    [
        b"", b"[case", b"\xff\xfe[\x00c\x00", b"[case]\nid = '\xe9'", b"a = " + b"[" * 5_000,
        b"a = " + b"9" * 5_000, b"a = 2026-99-99", b"\0",
    ],
    ids=["empty", "cut", "UTF-16", "Latin-1", "deep", "long number", "no date", "NUL"],
)  # fmt: skip
def test_a_file_that_is_no_case_file_is_refused(content):
    refused(content)


def test_a_key_that_could_deceive_a_terminal_is_shown_and_not_obeyed():
    message = refused(CASE + '"\\u001b[2J\\nid" = 1\n')
    assert "\x1b" not in message


@given(st.binary(max_size=60))
def test_no_bytes_whatever_break_the_reading_of_a_case_file(tail):
    message = refusal(CASE.encode() + tail)
    assert message is None or FILE_NAME in message


TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


@given(
    st.sampled_from(["id", "title", "mandate", "language", "period"]),
    TREES.filter(lambda tree: tree is not None),
)
def test_a_value_of_any_kind_is_read_or_refused_by_name(key, tree):
    values = tomllib.loads(CASE)["case"] | {key: tree}
    text = "[case]\n" + "".join(f"{name} = {written(value)}\n" for name, value in values.items())
    message = refusal(text)
    assert message is None or f"[case] {key}" in message


def written(value) -> str:
    """The value in TOML."""
    if isinstance(value, dict):
        return (
            "{ " + ", ".join(f"{quoted(k)} = {written(v)}" for k, v in value.items() if v is not None) + " }"
        )
    if isinstance(value, list):
        return "[" + ", ".join(written(one) for one in value if one is not None) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    return quoted(value) if isinstance(value, str) else str(value)


def quoted(text: str) -> str:
    return '"' + "".join(f"\\U{ord(c):08x}" for c in text) + '"'


def test_a_folder_without_a_case_file_is_refused(tmp_path):
    with pytest.raises(CaseError) as caught:
        load_case(tmp_path)
    assert str(tmp_path / FILE_NAME) in str(caught.value)


def test_questions_are_chosen_by_id_once_and_in_the_order_asked():
    case = read(CASE + QUESTION + QUESTION.replace('"q"', '"second"'))
    assert [one.id for one in choose_questions(case, ())] == ["q", "second"]
    assert [one.id for one in choose_questions(case, ("second", "q", "second"))] == ["second", "q"]


@pytest.mark.parametrize(
    ("questions", "offered"), [(QUESTION.replace('"q"', '"second"'), "'second'"), ("", "secnd")]
)
def test_a_question_that_is_not_asked_cannot_be_chosen(questions, offered):
    with pytest.raises(CaseError) as caught:
        choose_questions(read(CASE + questions), ("secnd",))
    assert offered in str(caught.value)
    assert not str(caught.value).endswith(": .")


def test_what_the_work_may_use_of_the_machine_is_said_in_the_case():
    case = read(CASE + '[engine]\nmemory_limit_mb = 400\nthreads = 2\nspill = "work/spill"\n')
    assert (case.engine.memory_limit_mb, case.engine.threads) == (400, 2)
    assert case.spill_folder == Path("folder") / "work" / "spill"


def test_a_case_that_does_not_say_gets_a_gigabyte_all_cores_and_a_folder_of_its_own():
    case = read(CASE)
    assert (case.engine.memory_limit_mb, case.engine.threads) == (1_024, None)
    assert case.spill_folder == Path("folder") / ".perito-spill"


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("memory_limit_mb = 0", "memory_limit_mb"), ("memory_limit_mb = 63", "memory_limit_mb"),
        ("memory_limit_mb = -1", "memory_limit_mb"), ('memory_limit_mb = "400"', "memory_limit_mb"),
        ("memory_limit_mb = 400.5", "memory_limit_mb"), ("memory_limit_mb = true", "memory_limit_mb"),
        ("threads = 0", "threads"), ("threads = true", "threads"), ("threads = 9999", "threads"),
        ('spill = ""', "spill"), ("spill = 5", "spill"), ('spill = "/tmp/x"', "spill"),
        ('spill = "../x"', "spill"), ('spill = "a/../../x"', "spill"), ('spill = "tables"', "spill"),
        ('spill = "evidence/x"', "spill"), ('spill = "."', "spill"), ('spill = "a\\\\b"', "spill"),
        ("memory = 400", "memory_limit_mb"), ("thread = 2", "threads"),
    ],
)  # fmt: skip
def test_a_setting_of_the_machine_that_cannot_be_meant_is_refused_by_name(line, named):
    assert named in refused(CASE + f"[engine]\n{line}\n")
