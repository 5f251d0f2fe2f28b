"""OpenCV, opened when it is needed, held to one thread."""

from __future__ import annotations

from typing import Any

from perito.match.compiled import missing_extra


def opencv() -> Any:  # noqa: ANN401  (the library has no types)
    """The module `cv2`. One thread: processes are the parallelism, and the order of additions stays.

    Raises:
        CaseError: The extra `media` is not installed.

    Example:
        >>> opencv().getNumThreads()
        1
    """
    try:
        import cv2
    except ImportError as error:
        raise missing_extra("opencv-python-headless") from error
    module: Any = cv2
    module.setNumThreads(1)
    return module
