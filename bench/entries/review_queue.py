"""The review queue under load: a million items, twenty reviewers at once, every page asked for over HTTP.

Times are those of whole answers as the client sees them, on the machine that serves them too.
"""

from __future__ import annotations

import html
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from measuring import Row, Settings

from perito.web.book import Book, BookClass
from perito.web.design import Design, Item
from perito.web.people import add_person
from perito.web.preparing import fill
from perito.web.review import open_review
from perito.web.settings import Settings as ReviewSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

REVIEWERS = 20
PASSWORD = "a password for the bench"
PAUSE_S = 0.4  # nobody reads faster
_SETTINGS = "items_a_day = 1000000\nwork_minutes = 1000000\n"
_SERVE = """
import sys
from pathlib import Path
from perito.web.review import open_review
from perito.web.serving import server
server(open_review(Path(sys.argv[1])), "en", "127.0.0.1", int(sys.argv[2])).run()
"""


def rows(settings: Settings) -> list[Row]:
    """Milliseconds of the queue page and of a label at the median and the 95th percentile; size of a page."""
    items, seconds = (2_000, 3.0) if settings.is_smoke else (1_000_000, 30.0)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        filled_s = _prepare(folder, items)
        pages, labels, size = _load(folder, seconds)
    what = f"{items:,} items, {REVIEWERS} reviewers"
    return [
        Row(f"queue page, p95, {what}", _percentile(pages, 95), "ms", target=50),
        Row(f"queue page, median, {what}", statistics.median(pages), "ms"),
        Row(f"label, p95, {what}", _percentile(labels, 95), "ms", target=100),
        Row(f"putting up {items:,} items", filled_s, "s"),
        Row("first page with style and script", size / 1_000, "kB", target=200),
    ]


def _prepare(folder: Path, items: int) -> float:
    """Seconds that it took to put the items up."""
    (folder / "review.toml").write_text(_SETTINGS, "utf-8")
    review = open_review(folder, ReviewSettings())
    words = {"en": "Advert", "es": "Anuncio"}
    book = Book("book", "1", (BookClass("advert", words, words),))
    started = time.perf_counter()
    fill(review, Design("load", {"all": 10 * items}), book, _items(items))
    filled_s = time.perf_counter() - started
    for number in range(REVIEWERS):
        add_person(review, f"reader {number}", "reviewer", PASSWORD, "en")
    review.close()
    return filled_s


def _items(count: int) -> Iterator[Item]:
    for number in range(1, count + 1):
        content = {
            "text": f"Words of item {number}, about as long as a post is on most days of the year.",
            "text_state": "present",
            "lang": "en",
            "created_at_us": 1_767_000_000_000_000 + number,
            "evidence_id": None,
            "locator": f"row={number}",
            "media": [],
        }
        yield Item(f"x:{number}", "post", "x", "all", number, content)


def _load(folder: Path, seconds: float) -> tuple[list[float], list[float], int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen([sys.executable, "-c", _SERVE, str(folder), str(port)])
    try:
        _wait_for(port)
        readers = [_Reader(port, number) for number in range(REVIEWERS)]
        for reader in readers:
            reader.sign_in()
        until = time.perf_counter() + seconds
        for reader in readers:
            reader.until = until
            reader.start()
        for reader in readers:
            reader.join()
        size = readers[0].first_page_bytes()
    finally:
        process.terminate()
        process.wait(30)
    faults = [reader.fault for reader in readers if reader.fault]
    if faults:
        raise SystemExit(f"bench: {faults[0]}")
    pages = [one for reader in readers for one in reader.pages_ms]
    labels = [one for reader in readers for one in reader.labels_ms]
    return pages, labels, size


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise SystemExit("bench: the server did not start")


def _percentile(times: list[float], percent: int) -> float:
    return statistics.quantiles(times, n=100)[percent - 1]


class _Reader(threading.Thread):
    """A person who reads item after item; the time of every answer is kept."""

    def __init__(self, port: int, number: int) -> None:
        super().__init__(daemon=True)
        import httpx

        self.http = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30)
        self.number, self.until = number, 0.0
        self.pages_ms: list[float] = []
        self.labels_ms: list[float] = []
        self.fault: Exception | None = None

    def sign_in(self) -> None:
        token = re.search(r'name="form_token" value="([^"]*)"', self.http.get("/sign-in").text)
        fields = {
            "form_token": token[1] if token else "",
            "name": f"reader {self.number}",
            "password": PASSWORD,
        }
        if self.http.post("/sign-in", data=fields).status_code != 303:
            raise SystemExit("bench: nobody could sign in")

    def run(self) -> None:
        time.sleep(PAUSE_S * self.number / REVIEWERS)
        try:
            while time.perf_counter() < self.until:
                self._read_one()
                time.sleep(PAUSE_S)
        except Exception as fault:  # noqa: BLE001  (told by the thread that waits)
            self.fault = fault

    def _read_one(self) -> None:
        page = self._timed(self.pages_ms, "GET", "/queue").text
        form = re.search(r'action="/label".*?</form>', page, re.DOTALL)
        if form is None:
            raise RuntimeError("there was nothing to read")
        found = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', form[0])
        fields = {name: html.unescape(value) for name, value in found} | {"answer.advert": "no"}
        told = self._timed(
            self.labels_ms, "POST", "/label", data=fields, headers={"Accept": "application/json"}
        )
        if told.status_code != 200:
            raise RuntimeError(told.text[:200])

    def _timed(self, times: list[float], method: str, path: str, **options: object):  # noqa: ANN202
        started = time.perf_counter()
        answer = self.http.request(method, path, **options)  # type: ignore[arg-type]
        times.append((time.perf_counter() - started) * 1_000)
        return answer

    def first_page_bytes(self) -> int:
        """Bytes of the sign-in page and of all that it asks for."""
        import httpx

        with httpx.Client(base_url=self.http.base_url) as visitor:
            paths = ("/sign-in", "/static/review.css", "/static/review.js", "/static/icon.svg")
            return sum(len(visitor.get(path).content) for path in paths)
