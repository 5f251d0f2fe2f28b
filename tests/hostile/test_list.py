"""The list of hostile input at a glance: what comes in, what is required, and the test that shows it."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
ARCHIVE, STORE, RESOLVE = "evidence/test_archive.py", "evidence/test_store.py", "evidence/test_resolve.py"
BOUNDED, JSON_LINES, CLI = (
    "evidence/test_bounded.py",
    "formats/test_json_lines.py",
    "cli/test_hostile_evidence.py",
)
RECORDS, REMOTE, NAMES, MEDIA = (
    f"hostile/test_{name}.py" for name in ("records", "remote", "names_and_cells", "media")
)
OUTSIDE, HARMLESS = "refused by name, the archive stays whole", "kept as bytes, harms nobody"

LIST = [
    # archives
    ("member ../x, absolute path, drive letter", OUTSIDE, ARCHIVE,
     "test_a_member_whose_name_leaves_the_archive_is_refused_and_the_others_are_kept"),
    ("symbolic link, hard link, device in tar", OUTSIDE, ARCHIVE,
     "test_links_and_devices_in_a_tar_are_refused"),
    ("symbolic link, device in zip", OUTSIDE, ARCHIVE, "test_links_and_devices_in_a_zip_are_refused"),
    ("sparse file", OUTSIDE, ARCHIVE, "test_a_sparse_file_is_refused"),
    ("names differing in case only, or equal", "both kept", ARCHIVE,
     "test_members_of_the_same_name_are_both_kept_and_told_apart_by_position"),
    ("NUL, bidi, reserved and over-long names", "kept under the digest alone", ARCHIVE,
     "test_nul_bidirectional_controls_reserved_and_over_long_names_are_kept"),
    ("compression ratio above 200", "stopped at the budget", ARCHIVE,
     "test_a_member_that_unpacks_to_more_than_200_times_its_size_is_refused"),
    ("ratio bomb in a tar.gz", "stopped at the budget", ARCHIVE,
     "test_a_tar_gz_that_unpacks_to_more_than_200_times_its_size_is_stopped"),
    ("members that share their bytes", "stopped at the budget", ARCHIVE,
     "test_members_that_share_their_bytes_are_stopped_by_the_ratio_of_the_whole"),
    ("size, count and header budgets", "each can be set and names itself", ARCHIVE,
     "test_each_limit_can_be_set_and_names_itself"),
    ("more than three archives inside one another", "not followed", RESOLVE,
     "test_an_archive_in_an_archive_is_reached_step_by_step_and_not_deeper_than_allowed"),
    ("the prepared hostile zip", "three members, three refusals", ARCHIVE,
     "test_the_hostile_zip_gives_three_members_and_three_refusals"),
    ("truncated or garbage zip", "one refusal, no crash", ARCHIVE,
     "test_a_zip_without_its_directory_is_one_refusal_and_no_member"),
    ("any damage of any archive", "refused or read, never a crash", ARCHIVE,
     "test_no_damage_makes_the_reading_fail"),
    ("same file twice", "one id, one object, two acquisitions", STORE,
     "test_the_same_file_twice_in_one_batch_is_one_object"),
    # pictures and video
    ("picture of 3.6 gigapixels", "refused before decoding, an error", BOUNDED,
     "test_the_bomb_of_3600_megapixels_is_refused_and_not_decoded"),
    ("any picture above the pixel limit", "refused before a parser sees it", BOUNDED,
     "test_a_picture_beyond_the_pixel_limit_is_refused_before_a_parser_sees_it"),
    ("a kind whose header we do not read", "the libraries' limits, as errors", BOUNDED,
     "test_a_kind_whose_header_we_do_not_read_is_bounded_by_the_libraries"),
    ("parser that hangs, eats memory, crashes", "one refusal, the next is parsed", BOUNDED,
     "test_a_file_that_breaks_a_limit_is_one_refusal_and_the_next_is_parsed"),
    ("parser that was taken over", "its answer is data only", BOUNDED,
     "test_a_parser_that_was_taken_over_cannot_make_this_process_run_anything"),
    ("parser that goes out", "no network", BOUNDED, "test_a_parser_reaches_no_network"),
    ("damaged pictures", "one refusal each", MEDIA,
     "test_damaged_pictures_cost_themselves_and_the_whole_ones_are_read"),
    ("damaged videos, playlists that name addresses", "one refusal each", MEDIA,
     "test_damaged_videos_cost_themselves_and_the_whole_one_is_read"),
    # records
    ("100,000 levels, NaN, Infinity, duplicate keys, lone surrogates, 5,000 digits, NUL, encodings",
     "one reject each, with its place", RECORDS,
     "test_each_hostile_line_is_one_reject_with_its_place_and_all_others_are_read"),
    ("the same, read strictly", "refused by name", JSON_LINES,
     "test_what_json_or_64_bits_cannot_hold_is_refused"),
    ("a key that occurs twice", "refused and named", JSON_LINES,
     "test_a_key_that_occurs_twice_is_refused_and_named"),
    ("the same, shown to a person", "never breaks the program", RECORDS,
     "test_a_hostile_line_is_shown_as_it_is_and_a_pointer_into_it_never_breaks_the_program"),
    ("JSON of any depth", "printed or refused by name", RECORDS,
     "test_any_depth_of_json_is_printed_or_refused_by_name"),
    ("a line without end", "one reject, never held whole", JSON_LINES,
     "test_a_line_above_the_limit_is_one_reject_and_is_never_held_whole"),
    ("CSV field above 128 KiB, NUL, mixed encodings", "one reject each", CLI,
     "test_a_record_that_cannot_be_read_is_rejected_with_its_place_and_the_run_goes_on"),
    ("a column name without end", "one short line", RECORDS,
     "test_a_column_name_without_end_is_an_error_of_one_short_line"),
    ("Parquet garbage", "an error that names the item", RECORDS,
     "test_a_damaged_parquet_file_is_an_error_that_names_the_item"),
    ("Parquet with any damage", "refused or read, never a crash", "formats/test_canonical.py",
     "test_damaged_parquet_is_refused_or_read_but_never_breaks"),
    ("Parquet bomb", "stopped at the budget", RECORDS,
     "test_kilobytes_of_parquet_that_would_fill_the_memory_are_refused_at_the_budget"),
    # addresses and markup
    ("path or URL reaching a SQL reader", "nothing but the tables can be reached", "engine/test_duckdb.py",
     "test_nothing_but_the_registered_tables_can_be_reached_or_changed"),
    ("remote references anywhere in evidence", "no network", REMOTE,
     "test_a_run_over_evidence_full_of_addresses_reaches_for_none"),
    ("XML entities, external DTD, HTML files", HARMLESS, REMOTE,
     "test_markup_is_kept_as_bytes_and_nothing_in_it_is_expanded_or_fetched"),
    ("XML where records are expected", "an error that names the item", REMOTE,
     "test_xml_in_a_format_that_expects_records_is_an_error_that_names_the_item"),
    ("HTML in text", "inert in the report", "dossier/test_report.py",
     "test_hostile_words_of_case_evidence_and_sources_are_inert"),
    # eyes
    ("formula in a cell of evidence", "kept as text", "formats/test_delimited.py", "test_a_formula_is_text"),
    ("formula in an export", "marked as text", NAMES,
     "test_a_cell_that_a_spreadsheet_would_run_is_marked_as_text"),
    ("every writer of cells for people", "marks them", NAMES,
     "test_every_module_that_writes_cells_is_known_and_marks_them_or_writes_evidence"),
    ("bidi and controls in texts and names", "shown as code points", NAMES,
     "test_direction_marks_and_controls_of_texts_never_reach_a_report_or_a_terminal"),
    ("names that look alike", "told apart by digest", NAMES,
     "test_names_that_look_alike_are_two_items_told_apart_by_their_digests"),
]  # fmt: skip


@cache
def functions_in(file: str) -> set[str]:
    tree = ast.parse((TESTS / file).read_text("utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize(("what", "required", "file", "test"), LIST, ids=[row[0] for row in LIST])
def test_every_hostile_input_on_the_list_has_the_test_that_it_names(what, required, file, test):
    assert test in functions_in(file), f"{what}: {required}"


def test_every_test_of_this_folder_is_on_the_list_or_serves_one_that_is():
    listed = {(file, test) for _, _, file, test in LIST}
    for path in sorted(Path(__file__).parent.glob("test_*.py")):
        file = path.relative_to(TESTS).as_posix()
        assert path.name == "test_list.py" or any(where == file for where, _ in listed)
