"""Hashing many files: one row a file whatever is in it, the same in one process and in many."""

import numpy as np
import pyarrow as pa
import pytest
from pictures import encoded, picture

from perito.errors import CaseError
from perito.evidence.bounded import MediaLimits
from perito.match import hash_image, hashing
from perito.match.hashing import HASHES, hash_batch, hash_batches, hash_files

BREAKS = """
import os
import pyarrow as pa
from perito.match import hashing

def hash_message(message, **options):
    if b"this one breaks the decoder" in pa.ipc.open_stream(message).read_all()["bytes"].to_pylist():
        os.abort()
    return hashing.hash_message(message, **options)
"""


def images(number: int = 20) -> list[bytes]:
    """Small pictures with every seventh cut short."""
    every = [encoded(picture(seed, 70, 90), "JPEG" if seed % 2 else "PNG") for seed in range(number)]
    return [data[:200] if seed % 7 == 3 else data for seed, data in enumerate(every)]


def batch_of(data: list[bytes | None]) -> pa.RecordBatch:
    return pa.record_batch(
        {"id": [f"m{number}" for number in range(len(data))], "bytes": pa.array(data, pa.binary())}
    )


def test_every_file_has_its_row_in_order_and_a_bad_one_its_reason(tmp_path):
    files = []
    for number, data in enumerate(images()):
        files.append(tmp_path / f"{number}.bin")
        files[-1].write_bytes(data)
    files.append(tmp_path / "missing.jpg")
    table = hash_files(files, workers=2)
    assert table.schema == HASHES
    assert table.column("id").to_pylist() == [str(file) for file in files]
    for row, file in zip(table.to_pylist(), files, strict=True):
        if row["error"] is None:
            found = hash_image(file)
            assert (row["pdq"], row["pdq_quality"]) == (found.hex, found.quality)
        else:
            assert (row["pdq"], row["pdq_quality"]) == (None, None)
            assert str(file) in row["error"]
    assert sum(row["error"] is not None for row in table.to_pylist()) == 4


@pytest.mark.parametrize("sizes", [[20], [1] * 20, [3, 17], [0, 20, 0]])
def test_how_the_rows_are_divided_and_over_how_many_processes_changes_nothing(sizes):
    batch = batch_of(images())
    parts, start = [], 0
    for size in sizes:
        parts.append(batch.slice(start, size))
        start += size
    found = pa.Table.from_batches(hash_batches(parts, workers=1 + len(sizes) % 2), HASHES)
    assert found.equals(pa.Table.from_batches([hash_batch(batch)], HASHES))


def test_large_rows_travel_in_small_batches(monkeypatch):
    monkeypatch.setattr(hashing, "_BATCH_BYTES", 1000)
    parts = list(hashing._small([batch_of([bytes(400)] * 5 + [bytes(5000)] + [b""] * 40)]))
    assert [part.num_rows for part in parts] == [2, 2, 1, 1, 16, 16, 8]


def test_a_file_that_breaks_the_decoder_costs_its_own_row_alone(tmp_path, monkeypatch):
    (tmp_path / "breaking.py").write_text(BREAKS)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(hashing, "_FUNCTION", "breaking:hash_message")
    data = [encoded(picture(seed, 40, 40)) for seed in range(5)]
    data[2] = b"this one breaks the decoder"
    rows = pa.Table.from_batches(hash_batches([batch_of(data)], workers=1), HASHES).to_pylist()
    assert [row["id"] for row in rows] == ["m0", "m1", "m2", "m3", "m4"]
    assert [row["pdq"] is None for row in rows] == [False, False, True, False, False]
    assert "crashed" in rows[2]["error"]


def test_a_limit_that_strikes_is_the_reason_of_every_row_that_it_struck():
    rows = [row for part in hash_batches([batch_of(images(3))], workers=1, limits=MediaLimits(pixels=100))
            for row in part.to_pylist()]  # fmt: skip
    assert ["100" in row["error"] for row in rows] == [True, True, True]


def test_bytes_or_a_path_may_be_missing_in_a_row_but_not_both(tmp_path):
    (tmp_path / "a.png").write_bytes(images()[0])
    batch = pa.record_batch(
        {
            "id": ["a", "b", "c"],
            "path": pa.array([str(tmp_path / "a.png"), None, None], pa.string()),
            "bytes": pa.array([None, images()[0], None], pa.binary()),
        }
    )
    rows = hash_batch(batch).to_pylist()
    assert rows[0]["pdq"] == rows[1]["pdq"] == hash_image(images()[0]).hex
    assert rows[2]["error"] is not None


def test_what_a_hash_does_not_cover_is_remarked_in_its_row():
    alpha = np.dstack((picture(1, 50, 50), np.full((50, 50), 9, np.uint8)))
    (row,) = hash_batch(batch_of([encoded(alpha)])).to_pylist()
    assert row["remark"] == "transparency dropped"


def test_progress_is_shown_in_batches(tmp_path):
    (tmp_path / "a.png").write_bytes(images()[0])
    told = []

    def progress(steps, word):
        told.append((len(steps), word))
        return steps

    assert hash_files([tmp_path / "a.png"] * 33, workers=1, progress=progress).num_rows == 33
    assert told == [(3, "hashing pictures")]


def test_wrong_calls_are_refused():
    with pytest.raises(CaseError, match="at least one process"):
        hash_files([], workers=0)
    with pytest.raises(CaseError, match="lacks its columns"):
        list(hash_batches([pa.record_batch({"path": ["a"]})], workers=1))
