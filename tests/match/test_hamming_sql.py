"""The search as a portable query: the same pairs as the index, on both engines."""

from perito.engine import open_engine
from perito.engine.portable import check_portable
from perito.match.hamming_sql import SAME_PICTURE_PAIRS


def test_the_query_is_portable():
    check_portable(SAME_PICTURE_PAIRS)


def test_duckdb_finds_the_pairs_that_the_index_finds(media, expected):
    engine = open_engine("duckdb", {"media": media}, ["media"], threads=1)
    try:
        found = [tuple(row.values()) for row in engine.query(SAME_PICTURE_PAIRS).to_pylist()]
    finally:
        engine.close()
    assert len(expected) >= 31 * 6
    assert found == expected
