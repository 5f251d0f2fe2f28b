from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perito.evidence.log.tiles import (
    ENTRIES,
    Place,
    edge_places,
    levels,
    on_level,
    pack_entries,
    unpack_entries,
    unpack_hashes,
)


def test_a_tree_of_seventy_thousand_has_the_tiles_that_the_specification_counts():
    # c2sp.org/tlog-tiles, "Partial Tiles"
    partial = {place.path for place in edge_places(70_000) if place.level != ENTRIES}
    assert partial == {"tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1"}
    assert [on_level(level, 70_000) // 256 for level in levels(70_000)] == [273, 1, 0]


def test_a_tree_of_256_is_a_full_tile_and_a_partial_one_above_it():
    assert [place.path for place in edge_places(256)] == ["tile/1/000.p/1"]
    assert Place(0, 0).is_within(256)
    assert Place(ENTRIES, 0).is_within(256)
    assert not Place(0, 0).is_within(255)


def test_an_index_is_written_in_groups_of_three_digits():
    assert Place(0, 1234067).path == "tile/0/x001/x234/067"  # the example of the specification
    assert Place(ENTRIES, 999).path == "tile/entries/999"
    assert Place(63, 1000, 7).path == "tile/63/x001/000.p/7"


@given(st.integers(-1, 63), st.integers(0, 2**56), st.integers(1, 256))
def test_a_path_leads_back_to_its_place(level, index, width):
    place = Place(level, index, width)
    assert Place.parse(place.path) == place


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/0",
        "tile/00/000",
        "tile/64/000",
        "tile/-1/000",
        "tile/0/000.p/0",
        "tile/0/000.p/01",
        "tile/0/000.p/256",
        "tile/0/000.p",
        "tile/0/000.p/",
        "tile/0/x000/067",
        "tile/0/001/067",
        "tile/0/x001",
        "tile/entries/x01/067",
        "tile/0/000\n",
        "tile/0/\u0660\u0660\u0660",
        "tile/0/../000",
        "/tile/0/000",
        "entries/000",
        "",
    ],
)
def test_what_is_no_path_of_a_tile_has_no_place(path):
    assert Place.parse(path) is None


@given(st.lists(st.binary(max_size=300), max_size=256))
def test_a_bundle_gives_back_its_entries(entries):
    data = pack_entries(entries)
    assert unpack_entries(data, len(entries)) == entries
    assert unpack_entries(data, len(entries) + 1) is None
    assert unpack_entries(data + b"\x00", len(entries)) is None
    assert not entries or unpack_entries(data[:-1], len(entries)) is None


def test_the_longest_entry_fits_into_a_bundle():
    entry = b"x" * 65_535
    assert unpack_entries(pack_entries([entry, b""]), 2) == [entry, b""]


def test_a_tile_of_another_width_is_not_divided():
    assert unpack_hashes(bytes(64), 2) == [bytes(32), bytes(32)]
    assert unpack_hashes(bytes(64), 1) is None
    assert unpack_hashes(bytes(63), 2) is None
