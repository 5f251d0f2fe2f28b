from __future__ import annotations

import mimetypes

import pytest

from perito.evidence.media_type import media_type_of


@pytest.mark.parametrize(
    ("name", "head", "expected"),
    [
        ("posts.csv", b"id,text", "text/csv"),
        ("POSTS.CSV", b"id,text", "text/csv"),
        ("a.json", b"{}", "application/json"),
        ("a.jsonl", b"{}", "application/x-ndjson"),
        ("a.ndjson", b"{}", "application/x-ndjson"),
        ("data/tweets.js", b"window.YTD", "text/javascript"),
        ("folder.json\\file", b"", "application/octet-stream"),
        ("export", b"PK\x03\x04", "application/zip"),
        ("sheet.xlsx", b"PK\x03\x04", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        ("capture.wacz", b"PK\x03\x04", "application/wacz"),
        ("a.tar", bytes(257) + b"ustar", "application/x-tar"),
        ("photo.csv", b"\x89PNG\r\n\x1a\n", "image/png"),
        ("clip", b"\0\0\0\x18ftypisom", "video/mp4"),
        ("a.parquet", b"PAR1", "application/vnd.apache.parquet"),
        ("a.parquet", b"", "application/octet-stream"),
        ("", b"", "application/octet-stream"),
    ],
)
def test_the_first_bytes_go_before_the_name(name, head, expected):
    assert media_type_of(name, head) == expected


def test_the_tables_of_the_machine_are_not_read(monkeypatch):
    monkeypatch.setattr(mimetypes, "guess_type", lambda *_: ("x-machine/csv", None))
    assert media_type_of("a.csv", b"") == "text/csv"
