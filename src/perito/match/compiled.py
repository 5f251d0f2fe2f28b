"""Compiled loops: one decorator, so that every loop of this group is compiled in the same way.

What the compiler made is kept beside the module (or in the user's cache folder, or nowhere when neither can
be written), so that only the first run on a machine waits for it. No fast-math: an addition is done in the
order in which it is written, and every machine gives the same bits.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, TypeVar, cast

from perito.errors import CaseError

if TYPE_CHECKING:
    from collections.abc import Callable

    Loop = TypeVar("Loop", bound=Callable[..., Any])


def compiled(loop: Loop) -> Loop:
    """The function as machine code, with the interpreter's lock released while it runs.

    Raises:
        CaseError: The extra `media` is not installed.

    Example:
        >>> @compiled
        ... def twice(number):
        ...     return number + number
        >>> twice(21)
        42
    """
    try:
        from numba import njit
    except ImportError as error:
        raise missing_extra("numba") from error
    try:
        made = njit(cache=True, nogil=True)(loop)
    except RuntimeError:  # no folder in which it could be kept
        made = njit(nogil=True)(loop)
    return cast("Loop", made)


def require_media() -> None:
    """Says at once that the extra is missing, before every file is called damaged for it.

    Raises:
        CaseError: The extra `media` is not installed.

    Example:
        >>> require_media()
    """
    for module, library in {"PIL": "Pillow", "simplejpeg": "simplejpeg", "numba": "numba"}.items():
        if find_spec(module) is None:
            raise missing_extra(library)


def missing_extra(library: str) -> CaseError:
    """The error that says how to install what matching needs.

    Example:
        >>> print(missing_extra("numba"))
        matching media needs the library 'numba'. Install the extra: pip install 'perito[media]'.
    """
    return CaseError(
        f"matching media needs the library '{library}'",
        remedy="install the extra: pip install 'perito[media]'",
    )
