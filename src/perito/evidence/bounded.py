"""Parsing of hostile media within limits: in a child process, so that one bad file costs one refusal.

A parser of pictures or video is the largest piece of foreign code that evidence ever reaches. Here it runs
apart, with bounds on pixels, time, memory and the size of its answer, and without a network. What it
answers is read as plain data, so a parser that was taken over cannot make this process run anything.
"""

from __future__ import annotations

import io
import json
import os
import pickle
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from perito.errors import CaseError, Malformed, on_one_line
from perito.evidence.bounded_worker import BYTES, DONE, FAILED, LENGTH, PATH, TOO_LARGE, send
from perito.evidence.picture_size import PictureSize, picture_size

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path
    from types import TracebackType
    from typing import Self

_REASON_CHARACTERS = 200
_ARRAYS = {
    ("numpy._core.numeric", "_frombuffer"),
    ("numpy._core.multiarray", "scalar"),
    ("numpy._core.multiarray", "_reconstruct"),
    ("numpy", "dtype"),
    ("numpy", "ndarray"),
}


@dataclass(frozen=True)
class MediaLimits:
    """The bounds within which one file is parsed. Every one is a setting and is printed where it struck.

    Args:
        pixels: Most pixels of a picture, judged by its header, before it is decoded.
        file_bytes: Largest file that is given to a parser.
        wall_s: Longest time for one file, seconds.
        cpu_s: Most processor time for one file, seconds.
        memory_bytes: Most memory on top of what the loaded parser takes itself.
        result_bytes: Largest answer.
        start_s: Longest time for the parser to load, seconds.
    """

    pixels: int = 200_000_000
    file_bytes: int = 1 << 32
    wall_s: float = 30.0
    cpu_s: float = 30.0
    memory_bytes: int = 1 << 31
    result_bytes: int = 1 << 26
    start_s: float = 60.0

    def to_json(self) -> dict[str, float]:
        """Every limit by its name."""
        return asdict(self)


@dataclass(frozen=True)
class Outcome:
    """What became of one file: the parser's answer, or the reason for which there is none.

    Args:
        value: The answer; None where it was refused.
        refusal: `budget: ..` where a limit struck, `damaged: ..` where the parser gave up; None if neither.
    """

    value: Any
    refusal: str | None = None


def check_picture(source: Path | bytes, limits: MediaLimits = MediaLimits()) -> PictureSize | None:
    """The size of a picture by its header, None where it is none that we know.

    Raises:
        Malformed: It has more pixels than are decoded.
    """
    size = picture_size(source)
    reason = _pixel_refusal(size, limits)
    if reason is not None:
        raise _refused(source, reason)
    return size


def run_bounded(
    function: str,
    source: Path | bytes,
    limits: MediaLimits = MediaLimits(),
    **options: Any,  # noqa: ANN401  (what the parser takes or answers)
) -> Any:  # noqa: ANN401  (what the parser takes or answers)
    """What a parser answers to one file, in a process of its own.

    Args:
        function: `module:name` of a function at the top of a module; it is called with the path or the bytes.
        source: The file, or its bytes.
        limits: The bounds.
        **options: Further arguments, as JSON can hold them.

    Returns:
        Plain data: texts, bytes, numbers, lists, tuples, dictionaries, sets, numpy arrays.

    Raises:
        Malformed: A limit struck, or the parser gave up; the reason says which.
        CaseError: There is no such function, or it cannot be loaded.

    Example:
        >>> run_bounded("zlib:crc32", b"123456789")
        3421780262
    """
    with Workers(function, 1, limits, **options) as workers:
        outcome = workers.run(source)
    if outcome.refusal is not None:
        raise _refused(source, outcome.refusal)
    return outcome.value


class Workers:
    """Processes that parse many files, each within the limits; one that breaks them is killed and replaced.

    Args:
        function: As for `run_bounded`.
        count: How many processes; as many as there are processors if None.
        limits: The bounds, for each file anew.
        **options: Further arguments of the function.

    Example:
        >>> with Workers("zlib:crc32", 1) as workers:
        ...     [outcome.value for outcome in workers.map([b"a", b"b"])]
        [3904355907, 1908338681]
    """

    def __init__(
        self,
        function: str,
        count: int | None = None,
        limits: MediaLimits = MediaLimits(),
        **options: Any,  # noqa: ANN401  (what the parser takes or answers)
    ) -> None:
        self._settings = _settings(function, limits, options)
        self._limits = limits
        self._count = count or os.cpu_count() or 1
        self._idle: SimpleQueue[_Worker | None] = SimpleQueue()
        for _ in range(self._count):
            self._idle.put(None)  # started when it is first needed

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        for _ in range(self._count):
            worker = self._idle.get()
            if worker is not None:
                worker.close()

    def run(self, source: Path | bytes) -> Outcome:
        """What becomes of one file. Threads may call this at once.

        Raises:
            CaseError: The function cannot be loaded.
        """
        refusal = _refusal_before(source, self._limits)
        if refusal is not None:
            return Outcome(None, refusal)
        with self._worker() as worker:
            return worker.run(source)

    def map(self, sources: Iterable[Path | bytes]) -> Iterator[Outcome]:
        """What becomes of each file, in the order of the files; few more are read than are at work."""
        ahead: deque[Future[Outcome]] = deque()
        with ThreadPoolExecutor(self._count) as threads:
            for source in sources:
                ahead.append(threads.submit(self.run, source))
                if len(ahead) > 2 * self._count:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()

    @contextmanager
    def _worker(self) -> Iterator[_Worker]:
        worker = self._idle.get()
        try:
            if worker is None:
                worker = _Worker(self._settings, self._limits)
            yield worker
        finally:
            self._idle.put(worker if worker is not None and worker.is_alive else None)


@dataclass
class _Worker:
    """One process and the channel to it."""

    settings: str
    limits: MediaLimits
    is_alive: bool = field(default=True, init=False)

    def __post_init__(self) -> None:
        self.channel, theirs = socket.socketpair()
        self.said = tempfile.TemporaryFile()  # noqa: SIM115  (closed with the worker)
        with theirs:
            self.process = subprocess.Popen(  # noqa: S603  (this interpreter, our own module)
                [sys.executable, "-m", "perito.evidence.bounded_worker", str(theirs.fileno()), self.settings],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self.said,
                env=_environment(self.limits),
            )
        try:
            self._receive(self.limits.start_s)
        except (OSError, EOFError):
            raise self._did_not_start() from None

    def run(self, source: Path | bytes) -> Outcome:
        """What the parser answers for one file, or the limit that struck."""
        try:
            self.channel.settimeout(self.limits.wall_s)
            if isinstance(source, bytes):
                send(self.channel, BYTES, source)
            else:
                send(self.channel, PATH, os.fsencode(source))
            kind, answer = self._receive(self.limits.wall_s)
        except TimeoutError:
            self.close()
            return Outcome(None, f"budget: more than {self.limits.wall_s:g} s")
        except (OSError, EOFError):
            return Outcome(None, self._reason_of_end())
        return self._outcome(kind, answer)

    def close(self) -> None:
        """Ends the process, whatever it does."""
        self.is_alive = False
        self.channel.close()
        self.process.kill()
        self.process.wait()
        self.said.close()

    def _receive(self, wait_s: float) -> tuple[bytes, bytes]:
        until = time.monotonic() + wait_s
        kind, size = LENGTH.unpack(self._exactly(LENGTH.size, until))
        if size > max(self.limits.result_bytes, 1 << 20):
            return TOO_LARGE, b""
        return kind, self._exactly(size, until)

    def _exactly(self, size: int, until: float) -> bytes:
        parts = bytearray()
        while len(parts) < size:
            left_s = until - time.monotonic()
            if left_s <= 0:
                raise TimeoutError
            self.channel.settimeout(left_s)
            chunk = self.channel.recv(min(1 << 20, size - len(parts)))
            if not chunk:
                raise EOFError
            parts += chunk
        return bytes(parts)

    def _outcome(self, kind: bytes, answer: bytes) -> Outcome:
        if kind == DONE:
            return self._plain(answer)
        if kind == FAILED:
            return Outcome(None, self._reason_of_fault(answer.decode("utf-8", "backslashreplace")))
        self.close()
        return Outcome(None, f"budget: the answer is larger than {self.limits.result_bytes} bytes")

    def _plain(self, answer: bytes) -> Outcome:
        try:
            return Outcome(_PlainData(io.BytesIO(answer)).load())
        except Exception as fault:  # noqa: BLE001  (what a worker sends may be anything)
            self.close()
            return Outcome(None, f"damaged: the answer is no plain data ({_short(str(fault))})")

    def _reason_of_fault(self, words: str) -> str:
        if words.startswith("MemoryError"):
            return self._out_of_memory
        if words.startswith("DecompressionBomb"):
            return f"budget: more than {self.limits.pixels} pixels"
        return f"damaged: {_short(words)}"

    def _reason_of_end(self) -> str:
        self.process.wait()
        self.close()
        code = self.process.returncode
        if code == -signal.SIGXCPU:
            return f"budget: more than {self.limits.cpu_s:g} s of processor time"
        word = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        return f"damaged: the parser crashed ({word})"

    @property
    def _out_of_memory(self) -> str:
        return f"budget: more than {self.limits.memory_bytes} bytes of memory"

    def _did_not_start(self) -> CaseError:
        self.process.kill()
        self.process.wait()
        self.said.seek(0)
        said = self.said.read()
        self.close()
        last = said.decode("utf-8", "backslashreplace").strip().splitlines()[-1:]
        return CaseError(
            "the parser cannot be loaded",
            where=str(json.loads(self.settings)["function"]),
            found=_short("".join(last)) or f"nothing within {self.limits.start_s:g} s",
            remedy="check the name, and install the extra that it needs (pip install 'perito[media]')",
        )


class _PlainData(pickle.Unpickler):
    """Reads what holds nothing but plain values and numpy arrays: no name in it is ever called."""

    def find_class(self, module: str, name: str) -> Any:  # noqa: ANN401  (what the parser takes or answers)
        if (module, name) not in _ARRAYS:
            raise pickle.UnpicklingError(f"{module}.{name}")
        return super().find_class(module, name)


def _settings(function: str, limits: MediaLimits, options: Mapping[str, Any]) -> str:
    module, colon, name = function.partition(":")
    if not (module and colon and name):
        raise CaseError(f"'{function}' names no function", expected="module:name")
    return json.dumps({"function": function, "limits": limits.to_json(), "options": dict(options)})


def _environment(limits: MediaLimits) -> dict[str, str]:
    """Ours, with one thread for each process and the pixel limit of OpenCV."""
    one = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")
    paths = os.pathsep.join(path for path in sys.path if path)
    return {**os.environ, **one, "PYTHONPATH": paths, "OPENCV_IO_MAX_IMAGE_PIXELS": str(limits.pixels)}


def _refusal_before(source: Path | bytes, limits: MediaLimits) -> str | None:
    """What the parser need not see to be refused."""
    try:
        size_bytes = len(source) if isinstance(source, bytes) else source.stat().st_size
        if size_bytes > limits.file_bytes:
            return f"budget: the file is larger than {limits.file_bytes} bytes"
        return _pixel_refusal(picture_size(source), limits)
    except OSError as fault:
        return f"damaged: the file cannot be read ({fault.strerror or fault})"


def _pixel_refusal(size: PictureSize | None, limits: MediaLimits) -> str | None:
    if size is None or size.pixels <= limits.pixels:
        return None
    shape = f"{size.width_px} x {size.height_px}"
    return f"budget: {shape} pixels, more than {limits.pixels} in all"


def _refused(source: Path | bytes, reason: str) -> Malformed:
    where = f"{len(source)} bytes" if isinstance(source, bytes) else str(source)
    return Malformed(f"the medium is refused: {reason}", where=where)


def _short(words: str) -> str:
    return on_one_line(words)[:_REASON_CHARACTERS]
