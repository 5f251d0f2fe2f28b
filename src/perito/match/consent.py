"""Hashes taken with a person's consent, and nothing else: the record of what was agreed and what was kept."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import orjson

from perito.clock import iso

if TYPE_CHECKING:
    from pathlib import Path

_SUFFIX = ".consent.json"


def write_consent(hashes: Path, consent: str, by: str, pictures: int, at_us: int) -> str:
    """Writes the record beside the file of hashes; the path of it.

    The record names the file of hashes by its digest. The pictures were read where they lay: nothing of them
    was copied, so there is nothing to purge; that is said, with how many were read.

    Args:
        hashes: The file of hashes.
        consent: Who consented to what.
        by: Who took the hashes.
        pictures: How many pictures were read.
        at_us: When, microseconds since 1970.
    """
    record = {
        "act": "hashes_taken",
        "at": iso(at_us),
        "by": by,
        "consent": consent,
        "hashes": {"name": hashes.name, "sha256": hashlib.sha256(hashes.read_bytes()).hexdigest()},
        "pictures_read": pictures,
        "pictures_kept": 0,
        "names_kept": 0,
    }
    path = hashes.with_name(hashes.name + _SUFFIX)
    path.write_bytes(orjson.dumps(record, option=orjson.OPT_INDENT_2) + b"\n")
    return str(path)
