"""What the server answers: to whom, with which headers, in which language, and what it never sends."""

import re
import sqlite3

import pytest

from perito.evidence import Store
from perito.web.pages import ROUTES
from perito.web.plain import plain_lines
from perito.web.roles import RIGHTS, ROLES

NAMES = {"reviewer": "ana", "adjudicator": "dora", "custodian": "fritz", "analyst": "gil", "reader": "hana"}
GUARDED = [page for page in ROUTES if page.right is not None]


def address(page):
    return page.path.replace("{medium}", "0").replace("{token}", "x")


# --- who may ask for what -------------------------------------------------------------------------------


@pytest.mark.parametrize("page", GUARDED, ids=lambda page: f"{page.method} {page.path}")
def test_a_visitor_is_sent_to_sign_in_and_nothing_is_done(client, page, rows_of):
    visitor = client()
    asked = visitor.get if page.method == "GET" else lambda path: visitor.post(path, {})
    answer = asked(address(page))
    assert answer.status_code == 401 or str(answer.url).endswith("/sign-in")
    assert rows_of("SELECT count(*) FROM label_events") == [(0,)]


@pytest.mark.parametrize("role", ROLES)
def test_a_role_without_the_right_is_refused_and_one_with_it_is_not(client, role):
    person = client(NAMES[role])
    for page in GUARDED:
        if page.method == "GET":
            status = person.get(address(page)).status_code
        else:
            person.get("/")
            csrf = person.form("/sign-out")["csrf"]
            if page.path in {"/sign-out", "/export"}:
                continue
            status = person.post(page.path, {"csrf": csrf}).status_code
        if role in RIGHTS[page.right]:
            assert status != 403, page.path
        else:
            assert status == 403, page.path


@pytest.mark.parametrize("token", [None, "", "forged", "x" * 32])
@pytest.mark.parametrize("path", [page.path for page in GUARDED if page.method == "POST"])
def test_a_forged_request_is_refused(client, rows_of, path, token):
    ana = client("ana")
    ana.get("/queue")
    fields = {**ana.form("/label"), "answer.advert": "yes"}
    fields.pop("csrf")
    if token is not None:
        fields["csrf"] = token
    assert ana.post(path, fields).status_code == 403
    assert rows_of("SELECT count(*) FROM label_events") == [(0,)]
    assert ana.get("/queue").status_code == 200  # and the session goes on


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://elsewhere.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_what_the_page_of_another_site_sends_is_refused_even_with_the_token(client, headers):
    ana = client("ana")
    ana.get("/queue")
    fields = {**ana.form("/label"), "answer.advert": "yes"}
    assert ana.post("/label", fields, headers=headers).status_code == 403


def test_a_foreign_name_that_leads_here_is_refused(client):
    assert client().get("/sign-in", headers={"Host": "rebound.example:8400"}).status_code == 400


def test_a_body_that_is_too_large_or_no_form_is_refused(client):
    ana = client("ana")
    assert ana.post("/label", {"note": "x" * 70_000}).status_code == 413
    assert ana.http.post("/label", content=b"\xff\xfe").status_code == 400


@pytest.mark.parametrize("method", ["put", "delete", "patch", "options", "trace"])
def test_other_methods_find_nothing(client, method):
    import asyncio

    visitor = client()
    answer = asyncio.run(visitor.http.http.request(method.upper(), "/queue"))
    assert answer.status_code in {404, 405}


# --- signing in -----------------------------------------------------------------------------------------


def test_the_cookie_of_a_session_is_out_of_reach_of_scripts_and_other_sites(client):
    visitor = client()
    visitor.get("/sign-in")
    visitor.http.http.follow_redirects = False
    answer = visitor.submit("/sign-in", name="ana", password="correct horse battery")
    cookie = next(value for value in answer.headers.get_list("set-cookie") if value.startswith("perito="))
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= set(cookie.split("; "))


def test_a_wrong_name_and_a_wrong_password_are_told_alike_and_the_page_keeps_the_name(client):
    pages = []
    for name, password in (("ana", "wrong password"), ("nobody", "wrong password")):
        visitor = client()
        answer = visitor.sign_in(name, password)
        assert answer.status_code == 401
        pages.append(re.sub(r'value="[^"]*"', "", answer.text))
        assert f'value="{name}"' in answer.text
    assert pages[0] == pages[1]


def test_after_five_failures_nobody_gets_in_under_that_name_for_a_while(client, hands):
    visitor = client()
    for _ in range(5):
        assert visitor.sign_in("ana", "wrong password").status_code == 401
    assert visitor.sign_in("ana").status_code == 429
    assert visitor.sign_in("ben").status_code == 200
    hands.pass_time(16 * 60)
    assert client().sign_in("ana").status_code == 200


def test_a_sign_in_form_that_is_not_ours_is_refused(client):
    visitor = client()
    fields = {"name": "ana", "password": "correct horse battery", "form_token": "x"}
    assert visitor.post("/sign-in", fields).status_code == 403


@pytest.mark.parametrize(("minutes", "is_in"), [(29, True), (31, False)])
def test_a_session_ends_when_nothing_is_asked_for_half_an_hour(client, hands, minutes, is_in):
    ana = client("ana")
    hands.pass_time(minutes * 60)
    assert str(ana.get("/").url).endswith("/sign-in") is not is_in


def test_a_session_ends_after_eight_hours_in_any_case(client, hands):
    ana = client("ana")
    for _ in range(24):
        hands.pass_time(20 * 60)
        assert not str(ana.get("/").url).endswith("/sign-in")
    hands.pass_time(60)
    assert str(ana.get("/").url).endswith("/sign-in")


def test_a_forged_cookie_is_no_session(client):
    ana = client("ana")
    value = ana.http.cookies["perito"]
    other = client()
    other.http.cookies.set("perito", value[:-2] + ("aa" if value[-2:] != "aa" else "bb"))
    assert str(other.get("/").url).endswith("/sign-in")


def test_signing_out_ends_the_session_on_the_server(client):
    ana = client("ana")
    cookie = ana.http.cookies["perito"]
    ana.get("/")
    ana.submit("/sign-out")
    again = client()
    again.http.cookies.set("perito", cookie)
    assert str(again.get("/").url).endswith("/sign-in")


def test_a_new_password_needs_the_old_one_and_ends_every_session(client):
    ana = client("ana")
    ana.get("/account")
    assert ana.submit("/password", old="wrong password", new="another good one").status_code == 401
    ana.get("/account")
    ana.submit("/password", old="correct horse battery", new="another good one")
    assert str(ana.get("/").url).endswith("/sign-in")
    assert client().sign_in("ana", "another good one").status_code == 200


def test_whoever_is_shut_out_is_out_at_once_and_nobody_shuts_out_themselves(client):
    ana, fritz = client("ana"), client("fritz")
    fritz.get("/people")
    csrf = fritz.form("/sign-out")["csrf"]
    assert fritz.post("/people/active", {"csrf": csrf, "name": "ana", "active": "no"}).status_code == 200
    assert str(ana.get("/queue").url).endswith("/sign-in")
    assert client().sign_in("ana").status_code == 401
    assert fritz.post("/people/active", {"csrf": csrf, "name": "fritz", "active": "no"}).status_code == 400


def test_a_custodian_lets_somebody_in(client):
    fritz = client("fritz")
    fritz.get("/people")
    fritz.submit("/people", name="Iris O’Neill <b>", role="reader", language="es", password="long enough 1")
    assert "Iris O’Neill &lt;b&gt;" in fritz.page
    assert client().sign_in("Iris O’Neill <b>", "long enough 1").status_code == 200
    fritz.get("/people")
    assert fritz.submit("/people", name="ana", role="reader", password="long enough 1").status_code == 409


# --- every answer ---------------------------------------------------------------------------------------


def test_nothing_may_be_kept_framed_or_scripted_from_elsewhere(client):
    ana = client("ana")
    for path in ("/", "/queue", "/help", "/nowhere", "/static/review.css", "/static/review.js"):
        headers = ana.get(path).headers
        assert headers["cache-control"] == "no-store"
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert "server" not in headers


def test_no_page_has_script_or_style_of_its_own_or_asks_anybody_else(client):
    for name in NAMES.values():
        person = client(name)
        for page in ROUTES:
            if page.method == "GET" and "{" not in page.path:
                text = person.get(page.path).text
                assert not re.search(
                    r"<script(?![^>]*src=\"/static/)|<style|\sstyle=|\son\w+=|javascript:", text
                )
                assert not re.search(r'(?:src|href|action)="(?:https?:)?//', text)


def test_every_request_is_in_the_access_log_and_no_token_or_password_is(client, review):
    ana = client("ana")
    ana.get("/media/secret-token-value")
    ana.get("/queue?language=en")
    with review.access.reading() as connection:
        lines = [
            tuple(row) for row in connection.execute("SELECT method, path, status, person_id FROM access")
        ]
    assert ("POST", "/sign-in", 303, None) in lines
    assert [line[:3] for line in lines[-2:]] == [("GET", "/media/{token}", 404), ("GET", "/queue", 200)]
    assert lines[-1][3].startswith("p-")
    assert "secret-token-value" not in str(lines)
    assert "correct horse" not in str(lines)


def test_the_language_follows_the_person_and_before_that_the_choice(client):
    visitor = client()
    assert 'lang="es"' in visitor.get("/sign-in?language=es").text
    assert '<html lang="es"' in visitor.get("/sign-in").text
    ana = client("ana")
    assert '<html lang="es"' in ana.get("/").text
    ana.submit("/account", language="en")
    assert '<html lang="en"' in ana.get("/").text


def test_a_script_is_told_in_json_and_a_browser_in_a_page(client):
    ana = client("ana")
    ana.get("/queue")
    fields = {**ana.form("/label"), "answer.advert": "yes"}
    told = ana.post("/label", fields, headers={"Accept": "application/json"}).json()
    assert told == {"ok": True, "next": "/queue"}
    again = ana.post("/label", {**fields, "event_key": "another-key"}, headers={"Accept": "application/json"})
    assert (again.status_code, again.json()["code"]) == (409, "already_labelled")
    page = ana.post("/label", {**fields, "event_key": "another-key"})
    assert page.status_code == 409
    assert "otra pestaña" in page.text


@pytest.mark.parametrize(
    "fault", [OSError(28, "No space left on device"), sqlite3.OperationalError("disk full")]
)
def test_a_disk_that_is_full_is_said_and_nothing_is_recorded(client, monkeypatch, rows_of, fault):
    from perito.web import pages_queue

    def fail(*_arguments):
        raise fault

    ana = client("ana")
    ana.get("/queue")
    monkeypatch.setattr(pages_queue, "record_label", fail)
    answer = ana.answer("yes")
    assert answer.status_code == 500
    assert str(fault.args[-1]) in answer.text
    assert rows_of("SELECT count(*) FROM label_events") == [(0,)]
    monkeypatch.undo()
    ana.get("/queue")
    assert ana.answer("yes").status_code == 200


def test_hostile_words_of_an_item_are_shown_as_text(tmp_path, kit, people):
    import asyncio

    from perito.web.app import create_app
    from perito.web.desk import Desk

    text = "<script>alert(1)</script>\n\u202egpj.exe \u0000 \"quoted\" 'x' &amp; 👩\u200d👩\u200d👧"
    review = kit.make_review(tmp_path / "hostile", made=[kit.make_item(1, text=text)])
    kit.add_person(review, "ana", "reviewer", kit.PASSWORD)
    ana = kit.Client(kit.InProcess(create_app(Desk(review, "en", hosts=frozenset({"testserver"})))))
    ana.sign_in("ana")
    page = ana.get("/queue").text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "\u202e" not in page
    assert "\\u202egpj.exe \\x00" in page
    assert "👩\u200d👩\u200d👧" in page
    review.close()
    assert asyncio


def test_lines_keep_their_words():
    assert plain_lines("a\r\nb\tc") == ["a", "b\tc"]


# --- blindness ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", ["yes", "no", "cannot_tell"])
def test_no_response_to_the_second_reader_carries_anything_of_the_first(client, people, value):
    ana, ben = client("ana"), client("ben")
    ana.get("/queue")
    ana.submit("/label", **{"answer.advert": value}, note="zebra-note-of-the-first")
    ana.get("/queue")
    for path in ("/", "/queue", "/book", "/account", "/help", "/live", "/adjudicate", "/log", "/people"):
        ben.get(path)
    ben.get("/queue")
    ben.answer("no")
    ben.submit("/undo")
    ben.get("/queue")
    received = ben.received
    for secret in (b"zebra-note", people["ana"].id.encode(), b">ana<"):
        assert secret not in received
    assert b"x:1" in received


def test_what_the_second_reader_receives_does_not_depend_on_what_the_first_said(tmp_path, kit):
    from perito.web.app import create_app
    from perito.web.desk import Desk

    pages = []
    for value in ("yes", "no", "cannot_tell"):
        review = kit.make_review(tmp_path / value, items=2)
        app = create_app(Desk(review, "en", hosts=frozenset({"testserver"})))
        clients = []
        for name in ("ana", "ben"):
            kit.add_person(review, name, "reviewer", kit.PASSWORD)
            clients.append(kit.Client(kit.InProcess(app)))
            clients[-1].sign_in(name)
        clients[0].get("/queue")
        clients[0].answer(value)
        told = [clients[1].get(path) for path in ("/queue", "/", "/live", "/adjudicate")]
        pages.append(
            [
                (answer.status_code, len(answer.content), re.sub(r'="[\w.-]{8,}"', "", answer.text))
                for answer in told
            ]
        )
        review.close()
    assert pages[0] == pages[1] == pages[2]


def test_the_adjudicator_receives_no_reading_before_the_own_look(client):
    ana, ben, dora = client("ana"), client("ben"), client("dora")
    for person, value in ((ana, "yes"), (ben, "no")):
        person.get("/queue")
        person.submit("/label", **{"answer.advert": value}, note=f"quagga-{value}")
    dora.get("/adjudicate")
    assert b"quagga" not in dora.received
    dora.submit("/look", **{"answer.advert": "no"})
    assert "quagga-yes" in dora.page
    assert "quagga-no" in dora.page


def test_names_of_other_readings_are_refused(client, rows_of, desk, people):
    ana = client("ana")
    ana.get("/queue")
    fields = ana.form("/label")
    named = desk.veil.name
    for number in (
        *(named(people["ana"].id, reading) for reading in (2, 11, 99_999)),
        named(people["ben"].id, 1),
        *("2", "f" * 16, "-1", "1e3", "", "9" * 30, "1; DROP TABLE slots"),
    ):
        answer = ana.post("/label", {**fields, "slot": number, "answer.advert": "yes"})
        assert answer.status_code in {400, 404, 409}, number
    assert rows_of("SELECT count(*) FROM label_events") == [(0,)]


# --- pictures -------------------------------------------------------------------------------------------


@pytest.fixture
def pictured(tmp_path, kit):
    """A client of each kind over a review whose first item has a picture, and the picture."""
    from perito.web.app import create_app
    from perito.web.desk import Desk

    content = kit.picture()
    source = tmp_path / "picture.png"
    source.write_bytes(content)
    content_id = Store(tmp_path / "evidence").add(source).evidence_id
    gone = kit.medium("sha256:" + "0" * 64)
    made = [
        kit.make_item(1, [kit.medium(content_id)]),
        kit.make_item(2, [kit.medium(None)], text=None),
        kit.make_item(3, [gone]),
    ]
    review = kit.make_review(tmp_path, made=made)
    desk = Desk(review, "en", hosts=frozenset({"testserver"}))
    app = create_app(desk)

    def make(name, role):
        kit.add_person(review, name, role, kit.PASSWORD)
        one = kit.Client(kit.InProcess(app))
        one.sign_in(name)
        return one

    make.content, make.content_id, make.review, make.desk = content, content_id, review, desk
    yield make
    desk.close()


def test_no_byte_of_a_picture_before_its_reveal_is_on_the_disk(pictured, kit):
    ana = pictured("ana", "reviewer")
    ana.get("/queue")
    fields = {**ana.form("/reveal"), "mode": "full"}
    preview = ana.get("/preview/0")
    assert preview.headers["content-type"] == "image/png"
    assert len(preview.content) < 2_000
    body = pictured.content[pictured.content.index(b"IDAT") + 4 :][:40]
    assert body not in ana.received
    assert ana.get("/media/anything").status_code == 404
    told = ana.post("/reveal", fields, headers={"Accept": "application/json"}).json()
    assert kit.query(pictured.review, "SELECT evidence_id, mode FROM reveals") == [
        (pictured.content_id, "full")
    ]
    shown = ana.get(told["next"])
    assert shown.status_code == 200
    from PIL import Image

    assert Image.open(kit.io.BytesIO(shown.content)).size == (64, 64)
    entries = [entry for entry in pictured.desk.store.custody.entries() if entry["act"] == "revealed"]
    assert [entry["items"] for entry in entries] == [[pictured.content_id]]


def test_a_reveal_is_for_one_person_and_for_a_short_time(pictured, kit):
    ana, ben = pictured("ana", "reviewer"), pictured("ben", "reviewer")
    for person in (ana, ben):
        person.get("/queue")
    told = ana.post(
        "/reveal", {**ana.form("/reveal"), "mode": "full"}, headers={"Accept": "application/json"}
    ).json()
    assert ben.get(told["next"]).status_code == 404
    assert ana.get(told["next"]).status_code == 200
    ana.post("/hide", {"csrf": ana.form("/label")["csrf"]})
    assert ana.get(told["next"]).status_code == 404


@pytest.mark.parametrize(("name", "role"), [("gil", "analyst"), ("hana", "reader"), ("fritz", "custodian")])
def test_a_role_that_may_not_reveal_gets_neither_picture_nor_preview(pictured, name, role):
    person = pictured(name, role)
    person.get("/")
    csrf = person.form("/sign-out")["csrf"]
    for answer in (
        person.get("/preview/0"),
        person.post("/reveal", {"csrf": csrf, "medium": "0", "mode": "full"}),
    ):
        assert answer.status_code == 403


@pytest.mark.parametrize("fields", [{"medium": "1"}, {"medium": "-1"}, {"mode": "original"}, {"mode": ""}])
def test_a_picture_that_the_item_does_not_have_is_refused(pictured, fields):
    ana = pictured("ana", "reviewer")
    ana.get("/queue")
    answer = ana.post("/reveal", {**ana.form("/reveal"), "mode": "full", **fields})
    assert answer.status_code in {400, 404}


def test_an_item_held_as_a_hash_only_is_described_and_can_be_labelled(pictured, kit):
    ana = pictured("ana", "reviewer")
    ana.get("/queue")
    ana.answer("no")
    ana.get("/queue")
    assert "De este medio solo se conservan" in ana.page
    assert "<img" not in ana.page
    ana.answer("yes")
    assert kit.query(pictured.review, "SELECT view_mode FROM label_events") == [("blurred",), ("hash_only",)]


def test_bytes_that_are_no_longer_held_are_said_to_be_gone(pictured):
    ana = pictured("ana", "reviewer")
    for value in ("no", "no"):
        ana.get("/queue")
        ana.answer(value)
    ana.get("/queue")
    assert ana.get("/preview/0").status_code == 410


@pytest.mark.parametrize("what", ["/label", "/skip", "/reveal"])
def test_an_item_purged_while_it_is_open_is_said_and_nothing_is_recorded(pictured, kit, what):
    ana = pictured("ana", "reviewer")
    ana.get("/queue")
    store = Store(pictured.review.folder / "evidence")
    store.purge(pictured.content_id, reason="order of the court", authority="1/2026", by="f.c.")
    answer = ana.submit(what, **({"answer.advert": "yes"} if what == "/label" else {}))
    assert answer.status_code == 410
    assert "se retiró mientras estaba abierto" in answer.text
    assert kit.query(pictured.review, "SELECT count(*) FROM label_events") == [(0,)]
    assert kit.query(pictured.review, "SELECT count(*) FROM reveals") == [(0,)]
    ana.get("/queue")
    assert "de este medio solo" in ana.page.lower()  # the next item, held as a hash only


def test_not_today_gives_the_item_back_and_no_other_until_tomorrow(client, hands):
    ana, ben = client("ana"), client("ben")
    ana.get("/queue")
    ana.submit("/not-today")
    page = ana.get("/queue").text
    assert "Hoy no más" in page
    assert "Words of item" not in page
    ben.get("/queue")
    assert "Words of item 1" in ben.page
    hands.pass_time(24 * 3600)
    ana.sign_in("ana")
    ana.get("/queue")
    assert "Words of item" in ana.page
