"""JSON pointers (RFC 6901) into evidence, and the text of the element to which one leads."""

from __future__ import annotations

import json
import re
from typing import Any, cast

from perito.errors import LocatorError

# The archives of X: `window.YTD.tweets.part0 = [ ... ]`.
_ASSIGNMENT = re.compile(r"\s*[A-Za-z_$][\w$.]*\s*=\s*(?=[\[{])", re.ASCII)


class _Number(str):
    """A number as it is written: through a float its digits would change."""

    __slots__ = ()


Json = None | bool | str | list[Any] | dict[str, Any]


def read_json(raw: bytes) -> Json:
    """JSON as it was sent: numbers as written, a leading `name =` of a script passed over.

    Raises:
        LocatorError: It is no JSON, is nested too deep, has NaN or a key twice in one object.
    """
    try:
        text = raw.decode("utf-8-sig")
        assignment = _ASSIGNMENT.match(text)
        document: Json = json.loads(
            text[assignment.end() :] if assignment else text,
            parse_int=_Number,
            parse_float=_Number,
            parse_constant=_refuse_constant,
            object_pairs_hook=_without_duplicates,
        )
    except RecursionError:
        raise LocatorError("the JSON is nested too deep") from None
    except ValueError as fault:  # what is no UTF-8 is one too
        raise LocatorError("the bytes are no JSON", found=str(fault)[:160]) from None
    return document


def element(document: Json, pointer: str) -> Json:
    """The element to which a JSON pointer leads; the empty pointer leads to the whole.

    Raises:
        LocatorError: It leads nowhere.

    Example:
        >>> element(read_json(b'{"data": [{"id": "7"}]}'), "/data/0/id")
        '7'
    """
    if pointer and not pointer.startswith("/"):
        raise LocatorError("this is no JSON pointer", expected="a leading /", found=pointer)
    here = document
    for token in pointer.split("/")[1:]:
        here = _step(here, token.replace("~1", "/").replace("~0", "~"))
    return here


def json_text(value: Json) -> bytes:
    r"""Canonical text of an element: keys in code-point order, no spaces, numbers exactly as written.

    RFC 8785 would rewrite numbers, and ids beyond 2^53 with them: it is not used here.

    Raises:
        LocatorError: It is nested too deep.

    Example:
        >>> json_text(read_json(b'{"b": 1.50, "a": 12345678901234567890}'))
        b'{"a":12345678901234567890,"b":1.50}'
    """
    try:
        pieces = _pieces(value)
    except RecursionError:
        raise LocatorError("the JSON is nested too deep") from None
    # A lone surrogate is no text; its escape is valid JSON.
    return "".join(pieces).encode("utf-8", "backslashreplace")


def _pieces(value: Json) -> list[str]:
    if isinstance(value, _Number):
        return [value]
    if isinstance(value, dict):
        members = [[_quoted(key), ":", *_pieces(value[key])] for key in sorted(value)]
        return ["{", *_joined(members), "}"]
    if isinstance(value, list):
        return ["[", *_joined([_pieces(one) for one in value]), "]"]
    return [_quoted(value)]


def _joined(parts: list[list[str]]) -> list[str]:
    return [piece for at, part in enumerate(parts) for piece in ([",", *part] if at else part)]


def _quoted(value: str | bool | None) -> str:
    return json.dumps(value, ensure_ascii=False)


def _step(here: Json, token: str) -> Json:
    if isinstance(here, dict) and token in here:
        return cast("Json", here[token])
    if isinstance(here, list) and re.fullmatch(r"0|[1-9][0-9]{0,17}", token) and int(token) < len(here):
        return cast("Json", here[int(token)])
    raise LocatorError(f"the pointer leads nowhere at '{token}'", found=_described(here))


def _described(here: Json) -> str:
    if isinstance(here, dict):
        return "an object with the keys " + ", ".join(sorted(here))[:160]
    if isinstance(here, list):
        return f"an array of {len(here)}"
    return "a value that holds nothing"


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key occurs twice in one object")
    return found
