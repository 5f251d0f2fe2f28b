"""Families of copied texts beside datasketch, and the signatures alone beside datasketch and rensa.

Families: from texts to one number a text, at a similarity of 0.7. The peer does the same work with its own
parts: shingles, MinHash of 128 permutations, LSH of 32 bands, and the exact similarity of the candidates. The
answers are compared: how many families there are. Signatures: from texts to 128 numbers each, shingling
included; every program has hash functions of its own, so that the answer is the number of texts.
"""

from __future__ import annotations

import random
import tempfile
from pathlib import Path

import orjson
from contest import contest, ours, peer
from measuring import Row, Settings

_PEER_TEXTS = 20_000  # beyond, the peers take minutes
_SIZES = (20_000, 1_000_000)
_WORDS, _LONGEST_WORDS = 20_000, 30
_COPIES = (0, 0, 0, 1, 3)


def rows(settings: Settings) -> list[Row]:
    """CPU time of families and of signatures."""
    sizes = [2_000] if settings.is_smoke else list(_SIZES)
    return [row for size in sizes for row in _of(settings, size)]


def _of(settings: Settings, size: int) -> list[Row]:
    rounds = min(settings.rounds, 3 if size <= _PEER_TEXTS else 1)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "texts.json")
        file.write_bytes(orjson.dumps(_texts(size)))
        families = [ours("texts_ours.py", file, "families")]
        marks = [ours("texts_ours.py", file, "signatures")]
        if size <= _PEER_TEXTS:
            families.append(peer(settings, "datasketch", "texts_datasketch.py", file, "families"))
            marks.append(peer(settings, "datasketch", "texts_datasketch.py", file, "signatures"))
            marks.append(peer(settings, "rensa", "texts_rensa.py", file))
        return [
            *contest("families of copied texts", families, rounds, one_thread=True, size=size),
            *contest("MinHash of texts, 128 permutations", marks, rounds, one_thread=True, size=size),
        ]


def _texts(size: int) -> list[str]:
    """Made posts of 5 to 30 words; two in five have copies, of which a character or two is another."""
    draw = random.Random(7)
    letters = "aaabcdeeefghiiijlmnooopqrsstuv"
    words = ["".join(draw.choices(letters, k=draw.randint(2, 10))) for _ in range(_WORDS)]
    texts: list[str] = []
    while len(texts) < size:
        text = " ".join(draw.choices(words, k=draw.randint(5, _LONGEST_WORDS)))
        texts += [text, *(_edited(text, draw) for _ in range(draw.choice(_COPIES)))]
    texts = texts[:size]
    draw.shuffle(texts)
    return texts


def _edited(text: str, draw: random.Random) -> str:
    at = draw.randrange(len(text))
    return text[:at] + draw.choice("xyz") + text[at + draw.randint(0, 1) :]
