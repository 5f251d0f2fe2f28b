"""The child process in which a parser meets hostile bytes: limits are set here, before the first byte.

Started by `perito.evidence.bounded` as `python -m perito.evidence.bounded_worker`; it talks over one socket.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import math
import os
import pickle
import resource
import signal
import socket
import struct
import sys
import warnings
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

LENGTH = struct.Struct(">cQ")
READY, DONE, FAILED, TOO_LARGE = b"r", b"d", b"f", b"l"
PATH, BYTES = b"p", b"b"
_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_GRACE_S = 5
_CHUNK_BYTES = 1 << 20
_PAGE_BYTES = resource.getpagesize()


def send(channel: socket.socket, kind: bytes, payload: bytes) -> None:
    """One message: kind, length, bytes."""
    channel.sendall(LENGTH.pack(kind, len(payload)))
    channel.sendall(payload)


def main(descriptor: int, settings: Mapping[str, Any]) -> None:
    """Serves one source after another until the other side closes the channel."""
    channel = socket.socket(fileno=descriptor)
    limits = settings["limits"]
    _leave_the_network()
    _bound_pictures(limits["pixels"])
    module, _, name = settings["function"].partition(":")
    parse = getattr(import_module(module), name)
    _bound_memory(limits["memory_bytes"])
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())  # or a talkative library blocks on it
    send(channel, READY, b"")
    while (source := _next_source(channel)) is not None:
        _bound_time(limits)
        kind, answer = _parsed(parse, source, settings["options"], limits["result_bytes"])
        signal.setitimer(signal.ITIMER_REAL, 0)
        send(channel, kind, answer)


def _parsed(
    parse: Callable[..., Any], source: Path | bytes, options: Mapping[str, Any], most_bytes: int
) -> tuple[bytes, bytes]:
    try:
        answer = pickle.dumps(parse(source, **options), protocol=5)
    except MemoryError:
        return FAILED, b"MemoryError"
    except Exception as fault:  # noqa: BLE001  (whatever a parser raises)
        return FAILED, f"{type(fault).__name__}: {fault}".encode("utf-8", "backslashreplace")[:_CHUNK_BYTES]
    return (DONE, answer) if len(answer) <= most_bytes else (TOO_LARGE, b"")


def _next_source(channel: socket.socket) -> Path | bytes | None:
    header = _received(channel, LENGTH.size)
    if header is None:
        return None
    kind, size = LENGTH.unpack(header)
    payload = _received(channel, size)
    if payload is None:
        return None
    return Path(os.fsdecode(payload)) if kind == PATH else payload


def _received(channel: socket.socket, size: int) -> bytes | None:
    parts = bytearray()
    while len(parts) < size:
        chunk = channel.recv(min(_CHUNK_BYTES, size - len(parts)))
        if not chunk:
            return None
        parts += chunk
    return bytes(parts)


# --- limits ------------------------------------------------------------------------------------------


def _bound_memory(memory_bytes: int) -> None:
    """The memory on top of what the parser's libraries have taken by being loaded."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
    limit = pages * _PAGE_BYTES + memory_bytes
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _bound_time(limits: Mapping[str, Any]) -> None:
    """A soft limit that moves on with each source; the alarm holds if the parent is no longer there."""
    used_s = sum(os.times()[:2])
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(used_s + limits["cpu_s"]), hard))
    signal.setitimer(signal.ITIMER_REAL, limits["wall_s"] + _GRACE_S)


def _bound_pictures(pixels: int) -> None:
    """The libraries' own limits, as errors: Pillow only warns between once and twice of it."""
    with contextlib.suppress(ImportError):
        from PIL import Image

        Image.MAX_IMAGE_PIXELS = pixels
        warnings.simplefilter("error", Image.DecompressionBombWarning)


def _leave_the_network() -> None:
    """A network of its own with nothing in it where the system allows that; else Python's sockets refuse."""
    libc = ctypes.CDLL(None)
    if libc.unshare(_CLONE_NEWNET):
        libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET)
    sys.addaudithook(_refuse_network)


def _refuse_network(event: str, _: object) -> None:
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto"):
        _no_network(event)


def _no_network(event: str) -> NoReturn:
    raise PermissionError(f"no network in a parser ({event})")


if __name__ == "__main__":
    main(int(sys.argv[1]), json.loads(sys.argv[2]))
