"""What the tables themselves must hold to: the rules of the project, read off the data."""

import json
import re
from pathlib import Path

import pytest

from perito.clock import TIME_BASES
from perito.schema import Column, Table, enumeration, enumerations, table, tables

WITHOUT_PLATFORM = {
    "holdings": "a profile of tables, not of platforms",
    "provisions": "a rule binds by kind of service; which platforms were designated is another table",
    "deadlines": "the same",
}
WITHOUT_ROW = {"evidence": "it is the item", "holdings": "computed from whole tables"}
ALL_COLUMNS = [(t, c) for t in tables().values() for c in t.columns]

every_table = pytest.mark.parametrize("of", tables().values(), ids=list(tables()))


def test_the_tables_are_those_that_the_project_names() -> None:
    named = """
        evidence accounts posts media edges links tags engagement impressions notices actions rejects draws
        assignments labels scores arms generator_trials age_trials counts statements statement_stats hashes
        proceedings holdings provisions deadlines known_events
        designs strata label_classes
    """
    also = {
        "camps": "group membership with its provenance, for the footprint",
        "matches": "what was compared and found, for copies",
        "origins": "what files declare of their origin, for copies",
    }
    assert set(tables()) == set(named.split()) | set(also)


@every_table
def test_every_table_has_a_platform_checked_by_the_schema_unless_there_is_a_reason(of: Table) -> None:
    assert ("platform" in of) == (of.name not in WITHOUT_PLATFORM)
    if "platform" in of:
        assert of.column("platform").enum == "platform"


@every_table
def test_rows_of_evidence_end_with_where_they_come_from(of: Table) -> None:
    if of.kind == "reference" or of.name in WITHOUT_ROW:
        assert "locator" not in of
    else:
        assert of.column_names[-2:] == ("evidence_id", "locator")
        assert all(of.column(name).required for name in of.column_names[-2:])


@every_table
def test_a_key_tells_where_an_evidence_row_comes_from(of: Table) -> None:
    assert len(set(of.key)) == len(of.key)
    assert ("locator" in of) == ({"evidence_id", "locator"} <= set(of.key))


@every_table
def test_what_is_observed_repeatedly_has_a_current_view(of: Table) -> None:
    assert bool(of.current) == ("observed_at_us" in of)


@every_table
def test_every_time_is_a_bigint_followed_by_its_basis_or_names_it(of: Table) -> None:
    for column in filter(lambda c: c.is_time and c.fixed_basis is None, of.columns):
        assert column.type == "bigint"
        assert column.basis is not None
        assert of.column(column.basis).enum == "time_basis"
        is_own = column.basis == own_basis(column)
        assert not is_own or of.column_names[of.column_names.index(column.name) + 1] == column.basis


def own_basis(column: Column) -> str:
    return column.name.removesuffix("_us").removesuffix("_at") + "_basis"


def test_the_times_that_share_a_basis_are_these() -> None:
    sharing = {f"{t.name}.{c.name}": c.basis for t, c in ALL_COLUMNS if c.basis and c.basis != own_basis(c)}
    assert sharing == {
        "actions.not_before_us": "happened_basis",
        "actions.not_after_us": "happened_basis",
        "counts.window_start_us": "window_basis",
        "counts.window_end_us": "window_basis",
        "designs.window_start_us": "window_basis",
        "designs.window_end_us": "window_basis",
        "proceedings.date_start_us": "date_basis",
        "proceedings.date_end_us": "date_basis",
    }


def test_the_times_whose_basis_cannot_vary_are_these() -> None:
    fixed = {f"{t.name}.{c.name}": c.fixed_basis for t, c in ALL_COLUMNS if c.fixed_basis}
    assert fixed == {
        "evidence.acquired_at_us": "acquisition_record",
        "statements.content_date_us": "calendar_date",
        "statements.application_date_us": "calendar_date",
    }


@every_table
def test_every_basis_belongs_to_a_time_and_is_there_whenever_the_time_must_be(of: Table) -> None:
    for column in of.columns:
        if column.enum == "time_basis":
            assert column.name in {c.basis for c in of.columns}
        if column.basis and column.required:
            assert of.column(column.basis).required


@every_table
def test_ids_are_text(of: Table) -> None:
    ids = [c for c in of.columns if c.name.endswith(("_id", "_uid", "uuid"))]
    assert {c.type for c in ids} <= {"text"}


@every_table
def test_times_durations_and_amounts_carry_their_unit(of: Table) -> None:
    for column in of.columns:
        for suffix, unit in (("_us", "us"), ("_s", "s"), ("_cp", "code_points"), ("_eur", "EUR")):
            assert not column.name.endswith(suffix) or column.unit == unit, column.name


@every_table
def test_every_column_is_explained_in_one_sentence_in_both_languages(of: Table) -> None:
    for column in of.columns:
        for words in (column.about.en, column.about.es):
            assert 4 < len(words) <= 140, column.name
            assert words.endswith("."), column.name
            assert words == " ".join(words.split()), column.name
        assert column.about.en != column.about.es, column.name


@every_table
def test_every_table_says_what_one_row_is_in_both_languages(of: Table) -> None:
    assert of.about.en.startswith("One row ")
    assert of.about.es.startswith("Cada fila ")
    assert of.title.en != of.title.es


@pytest.mark.parametrize("name", list(enumerations()))
def test_every_value_of_an_enumeration_has_a_meaning_in_both_languages(name: str) -> None:
    found = enumeration(name)
    assert found.values
    for meaning in found.values.values():
        assert meaning.en.strip()
        assert meaning.es.strip()


def test_every_enumeration_is_used() -> None:
    used = {name for _, c in ALL_COLUMNS for name in (c.enum, c.list_of) if name}
    assert used == set(enumerations())


def test_time_bases_are_those_of_the_clock() -> None:
    assert tuple(enumeration("time_basis").values) == TIME_BASES


def test_platforms_are_those_agreed() -> None:
    agreed = """
        x tiktok instagram facebook youtube telegram bluesky mastodon reddit threads snapchat pinterest
        linkedin web several other
    """
    assert list(enumeration("platform").values) == agreed.split()


AGREED = {  # "!" = required
    "counts": """
        study! kind! platform system wave series stage class! value base base_is share_numerator
        share_denominator share_unit printed population population_basis window_start_us window_end_us
        window_basis as_of_us as_of_basis territory ages recall sampling label_method definition note source
        reliability base_status evidence_id! locator!
    """,
    "statement_stats": """
        day_us! day_basis! platform! platform_name! dimension! entity variant count! mean_s min_s max_s
        evidence_id! locator!
    """,
    "proceedings": """
        proceeding_id! authority! jurisdiction! platform addressee! instrument articles date date_start_us
        date_end_us date_basis event! subject amount_eur state note source reliability evidence_id! locator!
    """,
    "rejects": "platform reason! excerpt evidence_id! locator!",
    "holdings": "table_name! column_name! rows! filled! minimum maximum",
    "provisions": """
        provision_id! instrument! article authority! fact_needed! clock in_force_from in_force_to
        in_force_vlop_from in_force_note confidence! source!
    """,
    "evidence": """
        evidence_id! parent_id path! bytes! media_type! format format_version platform origin acquired_at_us
        acquired_by tool tool_version legal_basis terms records mapped rejected is_current! state!
    """,
}


@pytest.mark.parametrize("name", list(AGREED))
def test_the_columns_that_other_parts_rely_on_are_as_agreed(name: str) -> None:
    found = [f"{c.name}{'!' if c.required else ''}" for c in table(name).columns]
    assert found == AGREED[name].split()


def test_a_hidden_counter_has_no_value_and_a_skipped_label_no_decision() -> None:
    hidden, skipped = table("engagement").column("value").null_if, table("labels").column("value").null_if
    assert hidden is not None
    assert (hidden.column, hidden.equals) == ("value_kind", "hidden")
    assert skipped is not None
    assert (skipped.column, skipped.equals) == ("skipped", True)


def test_no_birth_date_and_no_age_of_an_account_holder_can_be_stored() -> None:
    names = {c.name for t, c in ALL_COLUMNS if t.name == "accounts"}
    assert not [name for name in names if re.search(r"birth|born", name)]
    assert table("accounts").column("age_claimed").enum == "age_band"


def test_statements_have_38_published_columns_between_platform_and_our_times() -> None:
    names = table("statements").column_names
    assert len(names[1:39]) == 38
    assert (names[0], names[1], names[38]) == ("platform", "uuid", "created_at")
    assert names[39:43] == ("content_date_us", "application_date_us", "created_at_us", "created_basis")


@pytest.mark.shared
def test_statements_follow_the_published_schema(shared_data: Path) -> None:
    published = json.loads((shared_data / "sor" / "sor_schema_v2.json").read_text("utf-8"))
    assert list(table("statements").column_names[1:39]) == published["columns_full_in_order"]
    lists = [c.name for c in table("statements").columns if c.list_of or c.name == "territorial_scope"]
    assert lists == published["json_list_columns"]


@pytest.mark.shared
@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("sor_decision_visibility", "DECISION_VISIBILITIES"),
        ("sor_decision_monetary", "DECISION_MONETARIES"),
        ("sor_decision_provision", "DECISION_PROVISIONS"),
        ("sor_decision_account", "DECISION_ACCOUNTS"),
        ("sor_account_type", "ACCOUNT_TYPES"),
        ("sor_decision_ground", "DECISION_GROUNDS"),
        ("sor_yes_no", "AUTOMATED_DETECTIONS"),
        ("sor_yes_no", "INCOMPATIBLE_CONTENT_ILLEGALS"),
        ("sor_category", "STATEMENT_CATEGORIES"),
        ("sor_keyword", "KEYWORDS"),
        ("sor_content_type", "CONTENT_TYPES"),
        ("sor_source_type", "SOURCE_TYPES"),
        ("sor_automated_decision", "AUTOMATED_DECISIONS"),
    ],
)
def test_values_of_statements_follow_the_published_schema(shared_data: Path, ours: str, theirs: str) -> None:
    published = json.loads((shared_data / "sor" / "sor_schema_v2.json").read_text("utf-8"))
    earlier = next(body for key, body in published.items() if key.startswith("v1_only"))
    only_before = {"sor_category": earlier["category"], "sor_keyword": earlier["keyword"]}.get(ours, [])
    assert list(enumeration(ours).values) == [*published["enums"][theirs], *only_before]
