"""What somebody tries who wants more than the role gives: each attempt ends in a refusal, said and logged."""

import re
import socket
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perito.evidence import Store
from perito.web import app as application
from perito.web.app import HEADERS
from perito.web.conflicts import next_dispute
from perito.web.events import Submission
from perito.web.labels import record_label
from perito.web.people import check_password, set_active
from perito.web.queue import next_turn
from perito.web.refused import Refused
from perito.web.reveals import record_reveal
from perito.web.veil import Veil

BIDI = "\u202egnp\u2066"


@pytest.fixture
def wire(kit, desk):
    """Sends bytes to a real server and gives back all that it answers."""
    served = kit.Served(desk)
    port = int(served.url.rpartition(":")[2])

    def send(request, *, host=f"127.0.0.1:{port}", further=""):
        with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
            connection.sendall(
                f"{request} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{further}\r\n".encode()
            )
            return b"".join(iter(lambda: connection.recv(65_536), b"")).decode("utf-8", "replace")

    send.port = port
    yield send
    served.stop()


def status(answer):
    return int(answer.split(" ", 2)[1])


# --- the wire -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["OPTIONS", "TRACE", "HEAD", "PROPFIND", "PUT", "GET", "POST"])
@pytest.mark.parametrize(
    "path", ["/queue", "/sign-in", "/static/review.css", "//evil.example/", "/nowhere/../people"]
)
def test_every_answer_to_every_method_has_the_headers_that_keep_it_in(wire, method, path):
    answer = wire(f"{method} {path}")
    head = answer.partition("\r\n\r\n")[0].lower()
    for name, value in HEADERS.items():
        assert f"{name}: {value}".lower() in head, (method, path, name)
    assert "location: //" not in head
    assert "location: http" not in head


@pytest.mark.parametrize(
    "host",
    [
        "rebound.example",
        "127.0.0.1.evil.example",
        "127.0.0.1:80/people?",
        "127.0.0.1@evil.example",
        "[",
        "",
        "127.0.0.1:x",
    ],
)
def test_a_name_that_is_not_the_servers_is_refused_and_the_log_says_what_was_asked_for(wire, review, host):
    answer = wire("GET /queue", host=host)
    assert status(answer) == 400
    with review.access.reading() as connection:
        rows = connection.execute("SELECT path FROM access").fetchall()
    assert {row["path"] for row in rows} <= {"/queue"}


@pytest.mark.parametrize("origin", ["http://[", "null", "https://127.0.0.1", "http://evil.example"])
def test_an_origin_that_is_none_is_refused(wire, origin):
    form = "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 0\r\n"
    assert status(wire("POST /sign-in", further=f"Origin: {origin}\r\n{form}")) == 403


@pytest.mark.parametrize(
    "path",
    [
        "/static/../people.py",
        "/static/..%2f..%2fapp.py",
        "/static/%2e%2e/app.py",
        "/static/..%5capp.py",
        "/static//etc/passwd",
        "/static/review.js%00",
        "/static/words/en.toml",
    ],
)
def test_no_other_file_than_the_style_and_the_script_is_served(wire, path):
    assert status(wire(f"GET {path}")) == 404


def test_a_line_break_in_what_is_asked_for_makes_no_header(wire):
    for request in ("GET /sign-in?language=es%0d%0aX-Own:%20y", "GET /%0d%0aX-Own:%20y"):
        assert "\r\nx-own" not in wire(request).lower()


def test_a_client_that_never_ends_its_form_is_given_up_and_holds_up_nobody(wire, monkeypatch):
    monkeypatch.setattr(application, "BODY_S_MAX", 0.3)
    form = "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 500\r\n"
    slow = []
    threads = [
        threading.Thread(target=lambda: slow.append(status(wire("POST /sign-in", further=form))))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    assert status(wire("GET /sign-in")) == 200
    for thread in threads:
        thread.join(30)
    assert slow == [408] * 8


# --- sessions -------------------------------------------------------------------------------------------


def test_a_session_name_that_was_planted_before_signing_in_is_not_that_of_the_session(client, desk):
    planted = desk.signer.sign("known-to-the-attacker")
    ana = client()
    ana.http.cookies.set("perito", planted, domain="testserver.local")
    ana.sign_in("ana")
    attacker = client()
    attacker.http.cookies.set("perito", planted)
    assert str(attacker.get("/").url).endswith("/sign-in")


def test_the_token_of_another_session_is_refused(client, rows_of):
    ana, ben = client("ana"), client("ben")
    ben.get("/queue")
    stolen = ben.form("/label")["csrf"]
    ana.get("/queue")
    answer = ana.post("/label", {**ana.form("/label"), "answer.advert": "yes", "csrf": stolen})
    assert answer.status_code == 403
    assert rows_of("SELECT count(*) FROM label_events") == [(0,)]


def test_many_attempts_at_once_are_no_way_around_the_limit(review, people):
    outcomes = []

    def attempt():
        try:
            check_password(review, "ana", "wrong password", "192.0.2.9")
        except Refused as refused:
            outcomes.append(refused.code)

    threads = [threading.Thread(target=attempt) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count("sign_in_refused") == 5
    assert outcomes.count("sign_in_wait") == 15


def test_who_signs_in_without_fault_uses_up_no_attempt(review, people, kit):
    for _ in range(12):
        assert check_password(review, "ana", kit.PASSWORD, "192.0.2.9").name == "ana"


def test_an_accent_is_the_same_however_the_keyboard_sends_it(review, kit):
    kit.add_person(review, "José Núñez", "reviewer", kit.PASSWORD)
    decomposed = "Jose\u0301 Nu\u0301n\u0303ez"
    assert check_password(review, decomposed, kit.PASSWORD, "192.0.2.9").name == "José Núñez"
    with pytest.raises(Refused, match="name_taken"):
        kit.add_person(review, decomposed, "reviewer", kit.PASSWORD)


def test_the_custody_log_says_who_was_let_in_by_whom_and_never_a_name(client, review, people):
    fritz = client("fritz")
    fritz.get("/people")
    fritz.submit("/people", name="Iris", role="reader", language="es", password="long enough 1")
    fritz.post("/people/active", {"csrf": fritz.form("/sign-out")["csrf"], "name": "Iris", "active": "no"})
    entries = list(Store(review.folder / "evidence").custody.entries())
    entries = [entry for entry in entries if "what" in entry]
    last = [(entry["act"], entry.get("by"), entry["what"]) for entry in entries][-2:]
    assert last == [("granted", people["fritz"].id, "review"), ("revoked", people["fritz"].id, "review")]
    assert entries[-2]["role"] == "reader"
    assert "Iris" not in str(entries)


def test_whoever_is_shut_out_gives_back_the_dispute_in_hand(review, people):
    for name, value in (("ana", "yes"), ("ben", "no")):
        slot = next_turn(review, people[name].id).slot["slot_no"]
        record_label(review, people[name].id, slot, Submission(f"key-{name}-1", "1", {"advert": value}))
    held = next_dispute(review, people["dora"].id).row["conflict_no"]
    assert next_dispute(review, people["eva"].id).row is None
    set_active(review, "dora", is_active=False)
    assert next_dispute(review, people["eva"].id).row["conflict_no"] == held


def test_an_access_that_cannot_be_logged_is_not_answered(client, review, monkeypatch):
    import sqlite3

    ana = client("ana")

    def fail(**_options):
        raise sqlite3.OperationalError("disk full")

    monkeypatch.setattr(review.access, "writing", fail)
    answer = ana.get("/book")
    assert answer.status_code == 500
    assert "Se pagó" not in answer.text


# --- what a page gives away -------------------------------------------------------------------------------


@given(st.integers(0, 2**63 - 1), st.text(max_size=12))
def test_the_name_of_a_reading_leads_back_to_it_for_the_same_person_only(number, person):
    veil = Veil("secret")
    name = veil.name(person, number)
    assert re.fullmatch("[0-9a-f]{16}", name)
    assert veil.number(person, name) == number
    assert veil.name(person + "x", number) != name


def test_a_page_does_not_tell_a_reading_that_a_first_yes_has_opened_or_a_known_answer(tmp_path, kit):
    """Its number would: readings planned at the start have the lowest numbers."""
    from perito.web.app import create_app
    from perito.web.desk import Desk
    from perito.web.settings import Settings

    settings = Settings(golden_every=1, repeat_every=0, golden={"x:9": {"advert": "yes"}})
    design = kit.Design("d1", {"all": 200}, second_share=0.0, flagged_readings=3)
    review = kit.make_review(tmp_path, items=3, design=design, settings=settings, golden=[kit.make_item(9)])
    people = {name: kit.add_person(review, name, "reviewer", kit.PASSWORD, "en") for name in ("ana", "ben")}
    desk = Desk(review, "en", hosts=frozenset({"testserver"}))
    app = create_app(desk)
    names = {}
    for name in people:
        one = kit.Client(kit.InProcess(app))
        one.sign_in(name)
        for _ in range(3):
            one.get("/queue")
            names[name, one.form("/label")["slot"]] = one.page
            one.answer("yes")
    queues = kit.query(review, "SELECT DISTINCT queue FROM slots ORDER BY 1")
    opened = kit.query(review, "SELECT count(*) FROM slots WHERE round > 1 AND state = 'done'")
    assert queues == [("golden",), ("sample",)]
    assert opened[0][0] > 0
    shapes = set()
    for (_, reading), page in names.items():
        assert re.fullmatch("[0-9a-f]{16}", reading)
        shapes.add(re.sub(r'="[\w.-]{9,}"|item \d+|x:\d+|reading\D+\d|made[^<]*', "", page))
    assert len({len(shape) for shape in shapes}) == 1
    review.close()


def test_words_that_turn_others_round_are_shown_as_codes_wherever_they_come_from(tmp_path, kit):
    from perito.web.app import create_app
    from perito.web.book import Book, BookClass
    from perito.web.desk import Desk

    book = Book("b" + BIDI, "1", (BookClass("advert", {"en": "T" + BIDI}, {"en": "D<i>" + BIDI}),))
    media = {**kit.medium(None), "mime": "image/" + BIDI, "digest": "sha256:<b>"}
    review = kit.make_review(tmp_path, made=[kit.make_item(1, [media], text="<i>" + BIDI)], book=book)
    for name, role in (("ana", "reviewer"), ("ben", "reviewer"), ("dora", "adjudicator"), ("gil", "analyst")):
        kit.add_person(review, name, role, kit.PASSWORD, "en")
    app = create_app(Desk(review, "en", hosts=frozenset({"testserver"})))
    pages = []
    for name, value in (("ana", "yes"), ("ben", "no")):
        one = kit.Client(kit.InProcess(app))
        one.sign_in(name)
        pages.append(one.get("/queue").text)
        one.submit("/label", **{"answer.advert": value, "note": f"</td><script>{BIDI}"})
    dora = kit.Client(kit.InProcess(app))
    dora.sign_in("dora")
    dora.get("/adjudicate")
    pages.append(dora.submit("/look", **{"answer.advert": "no"}).text)
    gil = kit.Client(kit.InProcess(app))
    gil.sign_in("gil")
    pages += [gil.get(path).text for path in ("/live", "/book", f"/{BIDI}<b>")]
    assert "&lt;script&gt;\\u202egnp\\u2066" in pages[2]
    for page in pages:
        assert not set(BIDI) & set("\u202e\u2066") & set(page)
        assert not re.search("<i>|<b>|</td><script>", page)
    review.close()


def test_nothing_is_revealed_while_the_clock_cannot_be_trusted(tmp_path, kit, hands):
    held = kit.medium("sha256:" + "0" * 64)
    review = kit.make_review(tmp_path, made=[kit.make_item(1, [held])], hands=hands)
    ana = kit.add_person(review, "ana", "reviewer", kit.PASSWORD).id
    slot = next_turn(review, ana).slot
    hands.jump(-3_600)
    with pytest.raises(Refused, match="clock_jumped"):
        record_reveal(review, ana, slot, 0, "full")
    assert kit.query(review, "SELECT count(*) FROM reveals") == [(0,)]
    review.close()
