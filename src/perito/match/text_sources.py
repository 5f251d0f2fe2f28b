"""Texts from a file or the posts of a case, and the families of copies among them, as a command answers."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any

import numpy as np

from perito.errors import CaseError, Missing
from perito.match.text import METHOD, families, normalised, similarity, skeleton

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    Texts = tuple[list[str], list[str | None]]

_LONGEST_CELL = 1 << 26
_COLUMNS = ("id", "text")
_EXPECTED = "a case; CSV or Parquet with the columns id and text; JSON lines with these keys; or .txt"


def texts_of_source(source: Path) -> Texts:
    """The ids and texts of a source; None where there is no text.

    A case gives its posts as last observed; CSV, Parquet and JSON lines their columns `id` and `text`; any
    `.txt` its lines, which are called by their number.

    Raises:
        Missing: There is no such file, or the case has no posts yet.
        CaseError: The file is none of these, or lacks a column, or a line of it cannot be read.
    """
    if source.is_dir():
        return _of_case(source)
    if not source.is_file():
        raise Missing("there is no such file or case", where=str(source), expected=_EXPECTED)
    readers = {
        ".csv": _of_csv, ".parquet": _of_parquet, ".jsonl": _of_json, ".ndjson": _of_json, ".txt": _of_lines,
    }  # fmt: skip
    reader = readers.get(source.suffix.lower())
    if reader is None:
        raise CaseError("texts are not read from such a file", where=str(source), expected=_EXPECTED)
    try:
        return reader(source)
    except (UnicodeDecodeError, csv.Error) as fault:
        raise CaseError(
            "the file cannot be read as text", where=str(source), found=str(fault)[:200]
        ) from fault


def copied_texts(
    ids: Sequence[str], texts: Sequence[str | None], threshold: float, *, lookalikes: bool = False
) -> dict[str, Any]:
    """The families of two texts or more, each with its first text and how little a member is like that.

    Args:
        ids: The names of the texts.
        texts: The texts.
        threshold: The smallest similarity that counts as a copy.
        lookalikes: Whether letters that look like Latin ones are read as these.

    Raises:
        StatsError: A threshold outside its range.
        CaseError: The extra `media` is not installed.

    Example:
        >>> copied_texts(["a", "b"], ["the same words", "the same words"], 0.7)["families"]
        [{'first': 'a', 'members': ['a', 'b'], 'least_similarity_to_first': 1.0}]
    """
    read = [None if text is None else skeleton(text) if lookalikes else text for text in texts]
    numbers = families(read, threshold)
    order, sizes = np.argsort(numbers, kind="stable"), np.bincount(numbers)
    groups = np.split(order, np.cumsum(sizes)[:-1]) if len(numbers) else []
    return {
        "method": METHOD + (", letters that look alike made one" if lookalikes else ""),
        "threshold": threshold,
        "texts": len(read),
        "missing": sum(not (text or "").strip() for text in read),
        "families": [_family(ids, read, group.tolist()) for group in groups if len(group) > 1],
    }


def _family(ids: Sequence[str], texts: Sequence[str | None], members: list[int]) -> dict[str, Any]:
    held = [texts[member] or "" for member in members]
    others = dict.fromkeys(normalised(text) for text in held)
    return {
        "first": ids[members[0]],
        "members": [ids[member] for member in members],
        "least_similarity_to_first": min(round(similarity(held[0], other), 6) for other in others),
    }


def _of_case(folder: Path) -> Texts:
    from perito.match.sealing import check_case, texts_of

    check_case(folder)
    posts = texts_of(folder)
    return list(posts), list(posts.values())


def _of_csv(file: Path) -> Texts:
    before = csv.field_size_limit(_LONGEST_CELL)
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream)
            _require(file, reader.fieldnames or ())
            return _columns(reader)
    finally:
        csv.field_size_limit(before)


def _of_parquet(file: Path) -> Texts:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        held = pq.ParquetFile(file)
    except pa.ArrowInvalid as fault:
        raise CaseError("the file is no Parquet", where=str(file), found=str(fault)[:200]) from fault
    _require(file, held.schema_arrow.names)
    table = held.read(list(_COLUMNS))
    return [str(one) for one in table["id"].to_pylist()], table["text"].to_pylist()


def _of_json(file: Path) -> Texts:
    with file.open(encoding="utf-8-sig") as stream:
        return _columns(_objects(file, stream))


def _objects(file: Path, lines: Iterable[str]) -> Iterator[Mapping[str, Any]]:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            held = json.loads(line)
        except (ValueError, RecursionError) as fault:
            raise CaseError("no JSON", where=f"{file} line={number}", found=str(fault)[:200]) from fault
        if not isinstance(held, dict) or not set(_COLUMNS) <= held.keys():
            raise CaseError("the keys id and text are not there", where=f"{file} line={number}")
        yield held


def _of_lines(file: Path) -> Texts:
    with file.open(encoding="utf-8-sig", newline="\n") as stream:
        texts: list[str | None] = [line.rstrip("\r\n") for line in stream]
    return [f"line={number}" for number in range(1, len(texts) + 1)], texts


def _columns(rows: Iterable[Mapping[str, Any]]) -> Texts:
    ids, texts = list[str](), list[str | None]()
    for row in rows:
        ids.append(str(row["id"]))
        texts.append(row["text"])
    return ids, texts


def _require(file: Path, names: Iterable[str]) -> None:
    if not set(_COLUMNS) <= set(names):
        raise CaseError(
            "the file lacks columns", where=str(file), expected="id and text", found=", ".join(names)[:200]
        )
