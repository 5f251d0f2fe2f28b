"""The custody record of a dossier: whoever forges it is named, whatever form the forgery has."""

from __future__ import annotations

import copy

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perito.case import load_case
from perito.dossier.build import build_dossier
from perito.dossier.custody_check import custody_report
from perito.dossier.custody_record import note_in, read_custody
from perito.dossier.exhibits import read_evidence
from perito.errors import DossierError
from perito.evidence import Store
from perito.evidence.log import Checkpoint
from perito.tables import open_tables


@pytest.fixture(scope="module")
def record(built):
    return read_custody(built / "dossier")


@pytest.fixture(scope="module")
def evidence(built):
    return read_evidence(built / "dossier")


def places(value, path=()):
    """Every place in a JSON value."""
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        yield (*path, key)
        yield from places(part, (*path, key))


def changed(record, place, value):
    whole = copy.deepcopy(record)
    target = whole
    for key in place[:-1]:
        target = target[key]
    target[place[-1]] = value
    return whole


def test_every_item_has_a_proof_under_the_checkpoint_of_the_case(built, record, evidence):
    report = custody_report(built / "dossier", record, evidence)
    assert report.problems == ()
    checked = dict(report.checked)
    assert checked["proofs of custody"] == len({name for item in record["items"] for name in item["proofs"]})
    assert checked["checkpoint without a signature"] == checked["checkpoint without a time stamp"] == 1
    log = Store(built / "evidence").custody.log
    checkpoint = Checkpoint.parse(note_in(record).text)
    assert log.root(checkpoint.size) == checkpoint.root


def test_the_manifest_of_the_dossier_is_an_act_in_the_log_after_its_checkpoint(built, record):
    acts = list(Store(built / "evidence").custody.entries())
    digest = (built / "dossier" / "manifest.sha256").read_text("utf-8").split()[0]
    assert (acts[-1]["act"], acts[-1]["manifest"]) == ("published", digest)
    assert record["log"]["size"] == len(acts) - 1


def test_an_act_that_changes_the_evidence_makes_another_dossier_and_a_passing_one_does_not(case):
    loaded, store = load_case(case), Store(case / "evidence")
    tables = open_tables(loaded.tables_folder)
    store.custody.record("opened", items=[store.items()[0].evidence_id], by="a.n.")
    for act, is_another in (("opened", False), ("handed_over", True)):
        before = read_custody(loaded.dossier_folder)
        store.custody.record(act, by="a.n.")
        build_dossier(loaded, [], tables, store, loaded.dossier_folder)
        assert (read_custody(loaded.dossier_folder) != before) is is_another


@given(data=st.data())
def test_no_form_of_a_custody_record_stops_the_check_and_no_forgery_passes(
    built, record, evidence, tmp_path_factory, data
):
    place = data.draw(st.sampled_from(sorted(places(record), key=str)))
    values = (
        st.none() | st.integers(-1, 2**70) | st.text(max_size=4) | st.just([]) | st.just({}) | st.just("\0")
    )
    forged = changed(record, place, data.draw(values))
    folder = tmp_path_factory.mktemp("forged")
    try:
        (folder / "custody.json").write_bytes(orjson.dumps(forged))
        forged = read_custody(folder)
    except (DossierError, TypeError):  # TypeError: a number that JSON here does not write
        return
    report = custody_report(built / "dossier", forged, evidence)
    is_elsewhere = place[:2] == ("log", "acts") or place[-1] in {"path", "state"}  # held against the case
    is_shorter = isinstance(place[-1], int) or place[-1] in {"proofs", "acquisitions"}
    assert forged == record or not report.ok or is_elsewhere or is_shorter
