"""A review with a handful of items, its people, and clients that behave like a browser without script."""

from __future__ import annotations

import asyncio
import html
import io
import re
from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest

from perito.errors import CaseError  # noqa: F401  (for the tests, through `kit`)
from perito.web.book import Book, BookClass
from perito.web.design import Design, Item
from perito.web.moments import Clock
from perito.web.people import add_person
from perito.web.preparing import fill
from perito.web.review import open_review
from perito.web.settings import Settings

PASSWORD = "correct horse battery"
START_US = 1_790_000_000_000_000
PEOPLE = (
    ("ana", "reviewer", "es"),
    ("ben", "reviewer", "en"),
    ("cora", "reviewer", "en"),
    ("dora", "adjudicator", "es"),
    ("eva", "adjudicator", "en"),
    ("fritz", "custodian", "en"),
    ("gil", "analyst", "es"),
    ("hana", "reader", "en"),
)


@dataclass
class Hands:
    """A clock whose hands a test moves."""

    wall: int = START_US
    steady: int = 0

    def pass_time(self, seconds: float) -> None:
        self.wall += round(seconds * 1e6)
        self.steady += round(seconds * 1e6)

    def jump(self, seconds: float) -> None:
        self.wall += round(seconds * 1e6)

    def clock(self) -> Clock:
        return Clock(lambda: self.wall, lambda: self.steady)


def make_book(version="1", classes=("advert",)) -> Book:
    titles = {"en": "Advert", "es": "Anuncio"}
    definition = {"en": "It was paid for.\na) Praise is none.", "es": "Se pagó.\na) Elogiar no lo es."}
    words = [
        BookClass(name, titles if name == "advert" else {"en": name.title(), "es": name.title()}, definition)
        for name in classes
    ]
    return Book("book", version, tuple(words))


def make_item(number, media=(), text="Words of item {}", stratum="all") -> Item:
    content = {
        "text": text.format(number) if text else None,
        "text_state": "present" if text else "absent",
        "lang": "en",
        "created_at_us": START_US - 10**12,
        "evidence_id": "sha256:" + "1" * 64,
        "locator": f"row={number}",
        "media": list(media),
    }
    return Item(f"x:{number}", "post", "x", stratum, number, content)


def medium(content_id, kind="image", alt_text=None) -> dict[str, object]:
    return {
        "media_id": "x:9",
        "kind": kind,
        "content_id": content_id,
        "width": 64,
        "height": 48,
        "duration_s": None,
        "alt_text": alt_text,
        "mime": "image/png",
        "pdq": None,
    }


def make_review(folder, *, items=6, hands=None, design=None, book=None, settings=None, golden=(), made=None):
    """A review of a few items; `made` gives the items themselves."""
    given = settings or Settings(golden_every=0, repeat_every=0)
    review = open_review(folder, given, (hands or Hands()).clock())
    drawn = made if made is not None else [make_item(number) for number in range(1, items + 1)]
    fill(review, design or Design("d1", {"all": 200}), book or make_book(), drawn, golden)
    return review


@pytest.fixture(scope="session")
def kit():
    """The makers of this file, for tests that build their own review."""
    return SimpleNamespace(**globals())


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def review(tmp_path, hands):
    made = make_review(tmp_path, hands=hands)
    yield made
    made.close()


@pytest.fixture
def people(review):
    """Everybody by name."""
    return {name: add_person(review, name, role, PASSWORD, language) for name, role, language in PEOPLE}


@pytest.fixture(autouse=True)
def _cheap_passwords(monkeypatch):
    """Argon2 with the least work: what it costs is its own affair."""
    from argon2 import PasswordHasher

    from perito.web import people as module

    hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(module, "_hasher", lambda: hasher)


def query(review, text, *values):
    with review.base.reading() as connection:
        return [tuple(row) for row in connection.execute(text, values)]


def picture(side=64, colour=(200, 30, 30)) -> bytes:
    """A benign picture with a pattern that no other bytes hold."""
    from PIL import Image

    image = Image.new("RGB", (side, side), colour)
    for place in range(side):
        image.putpixel((place, place), (place * 3 % 256, place * 7 % 256, place * 11 % 256))
    sink = io.BytesIO()
    image.save(sink, "PNG")
    return sink.getvalue()


class InProcess:
    """Asks an application in this process, without a network."""

    def __init__(self, app):
        import httpx

        transport = httpx.ASGITransport(app, client=("192.0.2.7", 1))
        self.http = httpx.AsyncClient(
            transport=transport, base_url="http://testserver", follow_redirects=True
        )

    def get(self, path, **options):
        return asyncio.run(self.http.get(path, **options))

    def post(self, path, **options):
        return asyncio.run(self.http.post(path, **options))

    @property
    def cookies(self):
        return self.http.cookies


@dataclass
class Client:
    """A browser without script: keeps cookies, fills the forms that it was shown, remembers every answer."""

    http: object
    answers: list = field(default_factory=list)
    page: str = ""

    def get(self, path, **options):
        return self._kept(self.http.get(path, **options))

    def post(self, path, fields, **options):
        return self._kept(self.http.post(path, data=fields, **options))

    def _kept(self, answer):
        self.answers.append(answer)
        if answer.headers.get("content-type", "").startswith("text/html"):
            self.page = answer.text
        return answer

    def form(self, action):
        """The hidden fields of the form with that action on the page last shown."""
        found = re.search(rf'<form[^>]*action="{re.escape(action)}".*?</form>', self.page, re.DOTALL)
        assert found, f"no form for {action} on the page"
        fields = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', found[0])
        return {name: html.unescape(value) for name, value in fields}

    def submit(self, action, **fields):
        return self.post(action, {**self.form(action), **fields})

    def sign_in(self, name, password=PASSWORD):
        self.get("/sign-in")
        return self.submit("/sign-in", name=name, password=password)

    def answer(self, value, name="advert"):
        return self.submit("/label", **{f"answer.{name}": value})

    @property
    def received(self) -> bytes:
        """Every byte that the server has sent, headers too."""
        return b"".join(answer.content + repr(answer.headers).encode() for answer in self.answers)


@pytest.fixture
def desk(review):
    from perito.web.desk import Desk

    made = Desk(review, "en", hosts=frozenset({"testserver", "127.0.0.1"}))
    yield made
    for workers in made._workers.values():
        workers.__exit__(None, None, None)


@pytest.fixture
def client(desk, people):
    """Makes clients; with a name, one that is signed in."""
    from perito.web.app import create_app

    app = create_app(desk)

    def make(name=None):
        made = Client(InProcess(app))
        if name:
            assert made.sign_in(name).status_code == 200
        return made

    return make


@pytest.fixture
def rows_of(review):
    return lambda text, *values: query(review, text, *values)


class Served:
    """The application behind a real port, in a thread."""

    def __init__(self, desk):
        import socket
        import threading

        import uvicorn

        from perito.web.app import create_app

        self.listener = socket.socket()
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(64)  # whoever has the address may use it at once
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        config = uvicorn.Config(create_app(desk), log_level="warning", access_log=False, lifespan="off")
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run, args=([self.listener],), daemon=True)
        self.thread.start()

    def stop(self):
        self.server.should_exit = True
        self.thread.join(20)
        self.listener.close()
