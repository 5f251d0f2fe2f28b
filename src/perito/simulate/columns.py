"""Arrow columns from numpy arrays: coded words, keys, times. Nothing here draws a random number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from perito.clock import MICROSECONDS_PER_SECOND

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Whole = NDArray[np.int64]
Codes = NDArray[np.integer[Any]]
Flags = NDArray[np.bool_]
Numbers = NDArray[np.float64]

_X_EPOCH_MS = 1_288_834_974_657  # from here X counts its ids (see perito.ids)
_X_BITS, _TIKTOK_BITS = 22, 32
_FIRST_PLAIN_ID = 10**17


def coded(codes: Codes, names: Sequence[str], present: Flags | None = None) -> pa.DictionaryArray:
    """Texts that are few, by their position in a list; NULL where not present.

    Example:
        >>> coded(np.array([1, 0]), ["a", "b"]).to_pylist()
        ['b', 'a']
    """
    missing = None if present is None else ~present
    return pa.DictionaryArray.from_arrays(
        pa.array(codes.astype(np.int16), mask=missing), pa.array(list(names), pa.string())
    )


def constant(text: str, rows: int) -> pa.DictionaryArray:
    """The same text in every row.

    Example:
        >>> constant("post", 2).to_pylist()
        ['post', 'post']
    """
    return coded(np.zeros(rows, np.int16), [text])


def unsaid(rows: int) -> pa.DictionaryArray:
    """NULL in every row of a column of texts that are few."""
    return coded(np.zeros(rows, np.int16), [""], np.zeros(rows, np.bool_))


def digits(numbers: Codes) -> pa.Array:
    """Whole numbers as texts."""
    return pc.cast(pa.array(numbers), pa.string())


def joined(*parts: pa.Array | str) -> pa.Array:
    """Texts put together, row by row.

    Example:
        >>> joined("n-", digits(np.array([4, 5]))).to_pylist()
        ['n-4', 'n-5']
    """
    return pc.binary_join_element_wise(*parts, "")


def platform_prefix(codes: Codes, platforms: Sequence[str]) -> pa.Array:
    """`x:` and so on, the first part of keys."""
    return pa.array([f"{name}:" for name in platforms], pa.string()).take(pa.array(codes))


def post_numbers(codes: Codes, platforms: Sequence[str], created_s: Whole, serial: Whole) -> Whole:
    """The platforms' own ids of posts; on X and TikTok they carry the time, as the real ones do.

    X: milliseconds since its epoch in the bits above the 22nd, the serial number's low bits below; its
    high bits are the milliseconds within the second. TikTok: seconds above the 32nd bit. Elsewhere the
    serial number. Two posts never share an id as long as serial numbers differ and are below 2^31 * 1.9.

    Args:
        codes: Platform of each post, as its position in `platforms`.
        platforms: Names of the platforms.
        created_s: When each was created, seconds since the epoch.
        serial: Its number in the whole simulation.
    """
    numbers = serial + _FIRST_PLAIN_ID
    for code, name in enumerate(platforms):
        here = codes == code
        if name == "x":
            at_ms = created_s[here] * 1_000 + (serial[here] >> _X_BITS) - _X_EPOCH_MS
            numbers[here] = (at_ms << _X_BITS) | (serial[here] & (2**_X_BITS - 1))
        elif name == "tiktok":
            numbers[here] = (created_s[here] << _TIKTOK_BITS) | serial[here]
    return numbers


def microseconds(seconds: NDArray[Any]) -> Whole:
    """Seconds since the epoch as microseconds; fractions are rounded down."""
    at_us: Whole = np.floor(seconds * MICROSECONDS_PER_SECOND).astype(np.int64)
    return at_us


def table(columns: Mapping[str, Any]) -> pa.Table:
    """An Arrow table of arrays, in the order given."""
    return pa.table(
        {name: value if isinstance(value, pa.Array) else pa.array(value) for name, value in columns.items()}
    )
