"""Banks of hashes: exact and near agreements, each with its entry and where that came from."""

import numpy as np
import pytest

from perito.errors import FormatError
from perito.match.bank import Bank, BankEntry, Query

PDQ = "f8f8f0cee0f4a84f06370a22038f63f0b36e2ed596621e1d33e6b39c4e9c9b22"


def flipped(value, bits):
    """The hash with so many of its bits changed."""
    return f"{int(value, 16) ^ ((1 << bits) - 1):064x}"


def entry(entry_id, value, algorithm="pdq", **facts):
    return BankEntry("known", "1", entry_id, algorithm, value, **{"provenance": "an example", **facts})


def found(bank, *queries, **given):
    return [(one.query_id, one.entry.entry_id, one.distance) for one in bank.search(queries, **given)]


def test_hashes_within_the_radius_are_found_nearest_first_and_none_beyond():
    bank = Bank([entry("near", flipped(PDQ, 31), quality=90), entry("far", flipped(PDQ, 32), quality=90),
                 entry("equal", PDQ, quality=90)])  # fmt: skip
    assert found(bank, Query("mine", pdq=PDQ, pdq_quality=80)) == [("mine", "equal", 0), ("mine", "near", 31)]


@pytest.mark.parametrize("algorithm", ["sha256", "sha1", "md5"])
def test_exact_digests_match_when_equal_in_whatever_case_they_are_asked(algorithm):
    value = "ab" * {"sha256": 32, "sha1": 20, "md5": 16}[algorithm]
    bank = Bank([entry("e", value, algorithm)])
    assert found(bank, Query("mine", **{algorithm: value.upper()})) == [("mine", "e", 0)]
    assert found(bank, Query("other", **{algorithm: value[:-1] + "0"})) == []


def test_a_hash_of_low_quality_matches_only_its_equal():
    bank = Bank([entry("flat", PDQ, quality=49)])
    assert [one.entry_id for one in bank.not_comparable()] == ["flat"]
    assert found(bank, Query("near", pdq=flipped(PDQ, 1), pdq_quality=100)) == []
    assert found(bank, Query("equal", pdq=PDQ, pdq_quality=100)) == [("equal", "flat", 0)]
    comparable = Bank([entry("sharp", PDQ, quality=100)])
    assert found(comparable, Query("flat query", pdq=flipped(PDQ, 1), pdq_quality=10)) == []


def test_an_unknown_quality_is_said_with_the_match():
    match = Bank([entry("e", PDQ)]).search([Query("mine", pdq=PDQ, pdq_quality=100)])[0]
    assert match.is_quality_known is False


def test_the_answer_holds_provenance_and_not_the_banks_hash():
    bank = Bank([entry("e", flipped(PDQ, 3), quality=90, category="an example", terms="internal")])
    answer = bank.search([Query("mine", pdq=PDQ, pdq_quality=90)])[0].answer()
    assert answer["provenance"] == "an example"
    assert (answer["distance"], answer["entry_id"], answer["list_version"]) == (3, "e", "1")
    assert flipped(PDQ, 3) not in str(answer)


def test_one_query_with_several_hashes_meets_each_entry_once():
    bank = Bank([entry("picture", PDQ, quality=90), entry("bytes", "0" * 64, "sha256")])
    query = Query("mine", pdq=PDQ, pdq_quality=90, sha256="0" * 64)
    assert found(bank, query) == [("mine", "picture", 0), ("mine", "bytes", 0)]


def test_entries_without_provenance_are_listed():
    bank = Bank([entry("told", PDQ), entry("untold", flipped(PDQ, 100), provenance=None)])
    assert [one.entry_id for one in bank.without_provenance()] == ["untold"]


def test_a_bank_gives_what_brute_force_gives():
    draw = np.random.default_rng(5)
    hashes = draw.integers(0, 256, (300, 32), dtype=np.uint8)
    queries = hashes[::7].copy()
    for place, query in enumerate(queries):
        for bit in draw.choice(256, place, replace=False):
            query[bit // 8] ^= 1 << (bit % 8)
    bank = Bank([entry(str(n), row.tobytes().hex(), quality=100) for n, row in enumerate(hashes)])
    asked = [Query(str(n), pdq=row.tobytes().hex(), pdq_quality=100) for n, row in enumerate(queries)]
    distance = np.unpackbits(queries[:, None] ^ hashes[None], axis=2).sum(axis=2)
    expected = {(str(q), str(e), int(distance[q, e])) for q, e in np.argwhere(distance <= 31)}
    assert set(found(bank, *asked)) == expected


def test_an_empty_bank_and_no_queries_give_nothing():
    assert found(Bank([]), Query("mine", pdq=PDQ, pdq_quality=100)) == []
    assert found(Bank([entry("e", PDQ)])) == []


@pytest.mark.parametrize("value", ["ab", "zz" * 32, PDQ + "00"])
def test_a_hash_of_a_wrong_length_is_refused(value):
    with pytest.raises(FormatError):
        Bank([entry("e", value)])
    with pytest.raises(FormatError):
        Bank([entry("e", PDQ)]).search([Query("mine", pdq=value, pdq_quality=100)])


def test_a_row_of_the_table_becomes_an_entry():
    row = {
        "list_id": "known",
        "entry_id": "7",
        "algorithm": "pdq",
        "value": PDQ,
        "quality": 99,
        "locator": "row=1",
    }
    made = BankEntry.of_row(row)
    assert (made.entry_id, made.quality, made.list_version) == ("7", 99, None)
