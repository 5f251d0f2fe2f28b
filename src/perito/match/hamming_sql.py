"""The search of `HammingIndex` as a join in portable SQL: for media too many for one machine.

The same rule: two hashes within 31 bits agree in one of 16 chunks of 16 bits but for one bit at most, with
the three chunks from there on within 5 bits. So one side is joined with its 17 variants of each chunk, and
what is left is compared in full.
"""

from __future__ import annotations

_DIGITS = "0123456789abcdef"
_CHUNKS = 16
_CHUNK_BITS = 16
_CHUNK_DIGITS = 4


def _digit(position: int) -> str:
    """The value of a hexadecimal digit; NULL where it is none."""
    letters = f"substring(pdq, {position}, 1)"
    cases = " ".join(
        f"WHEN {letters} IN ('{digit}', '{digit.upper()}') THEN {value}"
        if digit.isalpha()
        else f"WHEN {letters} = '{digit}' THEN {value}"
        for value, digit in enumerate(_DIGITS)
    )
    return f"CASE {cases} END"


def _chunk(number: int) -> str:
    """The value of chunk `number`, from its four digits."""
    first = 1 + _CHUNK_DIGITS * number
    terms = (
        f"{16 ** (_CHUNK_DIGITS - 1 - place)} * ({_digit(first + place)})" for place in range(_CHUNK_DIGITS)
    )
    return f"CAST({' + '.join(terms)} AS BIGINT) AS c{number}"


def _at_place(ahead: int) -> str:
    """The chunk that stands so far after `place` on the ring."""
    cases = " ".join(f"WHEN {place} THEN c{(place + ahead) % _CHUNKS}" for place in range(_CHUNKS))
    return f"CASE place {cases} END"


def _differing(one: str, other: str) -> str:
    return f"CAST(bit_count(CAST(xor({one}, {other}) AS BIGINT)) AS INTEGER)"


_PLACES = ", ".join(f"({place})" for place in range(_CHUNKS))
_FLIPS = ", ".join(["(0, 0)", *(f"({1 << bit}, 1)" for bit in range(_CHUNK_BITS))])
_DISTANCE = " + ".join(_differing(f"a.c{number}", f"b.c{number}") for number in range(_CHUNKS))

SAME_PICTURE_PAIRS = f"""
WITH once AS (
    SELECT DISTINCT pdq FROM media WHERE pdq_quality >= 50 AND pdq IS NOT NULL
), chunks AS (
    SELECT pdq, {", ".join(_chunk(number) for number in range(_CHUNKS))} FROM once
), placed AS (
    SELECT pdq, place, {_at_place(0)} AS value, {_at_place(1)} + 65536 * ({_at_place(2)}) AS ahead
    FROM chunks CROSS JOIN (VALUES {_PLACES}) AS places(place)
), probes AS (
    SELECT pdq, place, xor(value, CAST(mask AS BIGINT)) AS value, ahead, bits
    FROM placed CROSS JOIN (VALUES {_FLIPS}) AS flips(mask, bits)
), candidates AS (
    SELECT DISTINCT p.pdq AS one, e.pdq AS other
    FROM probes AS p JOIN placed AS e ON p.place = e.place AND p.value = e.value
    WHERE p.pdq < e.pdq AND {_differing("p.ahead", "e.ahead")} <= 5 - p.bits
), compared AS (
    SELECT candidates.one, candidates.other, {_DISTANCE} AS distance
    FROM candidates
    JOIN chunks AS a ON candidates.one = a.pdq
    JOIN chunks AS b ON candidates.other = b.pdq
)
SELECT one, other, distance FROM compared WHERE distance <= 31 ORDER BY one NULLS LAST, other NULLS LAST
"""
"""Every pair of different PDQ hashes of comparable pictures in `media` within 31 bits: one, other, distance.

Equal hashes are one hash here: join them with `media` by `pdq`.
"""
