"""Reading NDJSON beside the standard library.

Ours is strict: a key that occurs twice, a number beyond 64 bits, half a surrogate pair are rejects.
"""

from __future__ import annotations

import io
import json
import platform

from measuring import Row, Settings, seconds

from perito.formats.json_lines import Line, read_lines


def rows(settings: Settings) -> list[Row]:
    """Megabytes a second over records of three shapes; every line of ours is checked to have been read."""
    megabytes = 1 if settings.is_smoke else 30
    return [_row(name, shape, megabytes, settings.rounds) for name, shape in SHAPES.items()]


def _row(name: str, shape: object, megabytes: int, rounds: int) -> Row:
    line = json.dumps(shape, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
    data = line * (megabytes * 1_000_000 // len(line) + 1)
    number = data.count(b"\n")
    if sum(isinstance(piece, Line) for piece in read_lines(io.BytesIO(data))) != number:
        raise SystemExit("bench: a line was not read")
    ours = seconds(lambda: _drain(read_lines(io.BytesIO(data))), rounds)
    theirs = seconds(lambda: _drain(json.loads(one) for one in io.BytesIO(data)), rounds)
    size = len(data) / 1_000_000
    return Row(
        f"NDJSON, {name}", size / ours, "MB/s", peer=size / theirs,
        peer_name=f"json of Python {platform.python_version()}, not strict", is_more_better=True,
    )  # fmt: skip


def _drain(pieces: object) -> None:
    for _ in pieces:  # type: ignore[attr-defined]
        pass


_POST = {
    "id": "1890000000000000001",
    "author_id": "2244994945",
    "created_at": "2026-01-03T09:30:00.000Z",
    "text": "Una frase de prueba, con acentos: ñ, á, ü — y nada más. " * 3,
    "lang": "es",
    "public_metrics": {"retweet_count": 3, "reply_count": 1, "like_count": 12, "quote_count": 0},
    "entities": {"hashtags": [{"start": 0, "end": 5, "tag": "prueba"}], "urls": []},
}
SHAPES = {
    "short records": {"id": "1", "kind": "like", "at": 1767430000},
    "posts": _POST,
    "pages of 100 posts": {"data": [_POST] * 100, "meta": {"result_count": 100}},
}
