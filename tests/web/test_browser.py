"""The workbench in a real browser: a double-blind round in both languages, keys, zoom, contrast, shots."""

import os
import re
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import expect

from perito.evidence import Store
from perito.web.design import Design
from perito.web.desk import Desk
from perito.web.people import add_person

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("review-browser")]

ARTEFACTS = Path(__file__).resolve().parents[1] / "artefacts"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
PASSWORD = "correct horse battery"
PEOPLE = (
    ("ana", "reviewer", "es"),
    ("ben", "reviewer", "en"),
    ("dora", "adjudicator", "es"),
    ("fritz", "custodian", "en"),
    ("gil", "analyst", "es"),
)
FIRST_PAGE_BYTES_MAX = 200_000


def installed(program, package):
    path = shutil.which(program)
    if path is None:
        reason = f"{program} is not installed (apt-get install {package})"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return path


@pytest.fixture(scope="module")
def chromium():
    path = installed("chromium", "chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def stage(tmp_path, kit):
    """A served review of six items, the first with a picture, the last held as a hash only."""
    source = tmp_path / "picture.png"
    source.write_bytes(kit.picture())
    content_id = Store(tmp_path / "evidence").add(source).evidence_id
    made = [
        kit.make_item(1, [kit.medium(content_id, alt_text="A red square with a line")]),
        *(kit.make_item(number) for number in range(2, 6)),
        kit.make_item(6, [kit.medium(None, alt_text="A map")], text=None),
    ]
    review = kit.make_review(tmp_path, made=made, design=Design("d1", {"all": 200}))
    people = {name: add_person(review, name, role, kit.PASSWORD, language) for name, role, language in PEOPLE}
    desk = Desk(review, "es")
    served = kit.Served(desk)
    served.review, served.people, served.desk = review, people, desk
    served.query = lambda text: kit.query(review, text)
    yield served
    served.stop()
    desk.close()


class Tab:
    """One person's tab: what the server sent to it is kept."""

    def __init__(self, browser, url, **options):
        self.context = browser.new_context(**options)
        self.context.set_default_timeout(8_000)
        self.page = self.context.new_page()
        self.url, self.received, self.asked, self.console = url, [], [], []
        self.page.on("response", self._keep)
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("console", lambda message: self.console.append((message.type, message.text)))

    def _keep(self, response):
        try:
            self.received.append((response.url, repr(response.all_headers()).encode() + response.body()))
        except Exception:  # noqa: BLE001  (a redirect has no body)
            self.received.append((response.url, b""))

    def sign_in(self, name):
        self.page.goto(f"{self.url}/sign-in")
        self.page.fill("#name", name)
        self.page.fill("#password", PASSWORD)
        self.page.keyboard.press("Enter")
        self.page.wait_for_url(f"{self.url}/")
        return self

    def go(self, path):
        self.page.goto(self.url + path)
        return self

    def press(self, key):
        """Press a key that leads to another page."""
        with self.page.expect_navigation():
            self.page.keyboard.press(key)
        self.page.wait_for_load_state("load")

    @property
    def heading(self):
        return self.page.locator("h1").inner_text()

    @property
    def words(self):
        return self.page.locator(".words").inner_text() if self.page.locator(".words").count() else None

    def close(self):
        self.context.close()


@pytest.fixture
def tab(chromium, stage):
    opened = []

    def make(name=None, **options):
        one = Tab(chromium, stage.url, **options)
        opened.append(one)
        return one.sign_in(name) if name else one

    yield make
    for one in opened:
        one.close()


def keep(page, name):
    ARTEFACTS.mkdir(exist_ok=True)
    part = ARTEFACTS / f".{os.getpid()}-{name}"
    page.screenshot(path=part, full_page=True, type="png")
    part.replace(ARTEFACTS / f"review-{name}.png")


def axe(page):
    """The violations of WCAG 2.2 A and AA that an automated tool finds on the page."""
    module = (
        pytest.importorskip("axe_playwright_python")
        if not os.environ.get("CI")
        else __import__("axe_playwright_python")
    )
    script = Path(module.__file__).with_name("axe.min.js").read_text("utf-8")
    page.evaluate(script)  # through the debugger: the page's own policy lets no script in
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    found = page.evaluate("tags => axe.run(document, {runOnly: {type: 'tag', values: tags}})", tags)
    return [(one["id"], [node["html"][:120] for node in one["nodes"]][:3]) for one in found["violations"]]


def overflowing(page):
    return page.evaluate(
        """() => [...document.querySelectorAll('body *')]
            .filter(e => e.getClientRects().length && !e.closest('.scroll, .jump, svg'))
            .filter(e => e.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
            .map(e => e.tagName + '.' + e.className)"""
    )


def small_targets(page):
    """What can be pressed and is smaller than 24 x 24 CSS pixels, links inside a sentence left out."""
    return page.evaluate(
        """() => [...document.querySelectorAll('a, button, select, summary, input:not([type=hidden])')]
            .filter(e => e.getClientRects().length && !e.closest('.jump, p.hint, label.choice'))
            .map(e => [e.outerHTML.slice(0, 60), e.getBoundingClientRect()])
            .filter(([, box]) => box.width < 24 || box.height < 24).map(([html]) => html)"""
    )


# --- a whole round --------------------------------------------------------------------------------------


def test_three_people_make_a_double_blind_round_by_keyboard_alone(stage, tab):
    ana, ben, dora = tab("ana"), tab("ben"), tab("dora")
    ana.press("Enter")
    for key in "snnsn":
        ana.press(key)
    assert "huella" in ana.page.locator(".medium").inner_text()  # the sixth is held as a hash
    ana.page.keyboard.press("m")
    ana.page.keyboard.type("secret-note-of-the-first")
    ana.page.keyboard.press("Escape")
    ana.press("c")
    assert ana.heading == "Ahora no hay nada que hacer"
    ben.press("Enter")
    for key in "nnnyn":
        ben.press(key)
    ben.press("c")
    assert ben.heading == "Nothing to do now"
    for url, content in ben.received:
        assert stage.people["ana"].id.encode() not in content, url
        assert b"secret-note-of-the-first" not in content, url
    dora.press("Enter")
    assert dora.page.locator(".readings").count() == 0
    dora.press("1")
    assert dora.page.locator(".readings tbody tr").count() == 2
    dora.press("1")
    assert dora.heading == "Ahora no hay nada que hacer"
    kinds = stage.query("SELECT kind, count(*) FROM label_events GROUP BY 1 ORDER BY 1")
    assert kinds == [("decision", 1), ("label", 12), ("own_look", 1)]


def test_the_responses_to_the_second_reader_are_the_same_whatever_the_first_said(chromium, tmp_path, kit):
    """Word for word, but for the names of the form and the session."""
    seen = []
    for choice in ("yes", "no"):
        folder = tmp_path / choice
        folder.mkdir()
        review = kit.make_review(folder, items=2)
        for name, role, language in PEOPLE:
            add_person(review, name, role, kit.PASSWORD, language)
        desk = Desk(review, "es")
        served = kit.Served(desk)
        first, second = (Tab(chromium, served.url) for _ in range(2))
        first.sign_in("ana").go("/queue")
        first.press("1" if choice == "yes" else "2")
        second.sign_in("ben").go("/queue")
        text = second.page.content()
        seen.append(re.sub(r'(value|data-csrf|data-person)="[\w.-]{9,}"', "", text))
        first.close()
        second.close()
        served.stop()
        desk.close()
    assert seen[0] == seen[1]


# --- pictures -------------------------------------------------------------------------------------------


def test_no_byte_of_a_picture_comes_before_the_reveal_is_logged_and_nothing_is_kept(stage, tab, kit):
    ana = tab("ana").go("/queue")
    ana.page.locator("img.blurred").wait_for()
    content = kit.picture()
    body = content[content.index(b"IDAT") + 4 :][:48]
    assert all(body not in received for _, received in ana.received)
    assert not [url for url in ana.asked if "/media/" in url]
    size = ana.page.evaluate("(() => { const i = document.querySelector('img'); return i.naturalWidth })()")
    assert size <= 24
    with ana.page.expect_response(re.compile("/media/")):
        ana.page.keyboard.press("r")
    assert stage.query("SELECT mode FROM reveals") == [("full",)]
    expect(ana.page.locator("img.revealed")).to_have_js_property("naturalWidth", 64)
    assert ana.page.locator("button[aria-pressed=true]").count() == 1
    ana.page.keyboard.press("Escape")
    ana.page.locator("img.blurred").wait_for()
    assert [headers for url, headers in ana.received if b"no-store" not in headers and headers] == []
    assert ana.page.evaluate("caches.keys()") == []
    assert ana.page.evaluate("[localStorage.length, sessionStorage.length]") == [0, 0]
    ana.press("s")
    (row,) = stage.query("SELECT view_mode, revealed_us FROM label_events")
    assert row[0] == "full"
    assert row[1] >= 0


def test_a_picture_is_hidden_when_the_person_looks_away(stage, tab):
    ana = tab("ana").go("/queue")
    with ana.page.expect_response(re.compile("/media/")):
        ana.page.keyboard.press("g")
    ana.page.evaluate(
        "Object.defineProperty(document, 'hidden', {value: true});"
        "document.dispatchEvent(new Event('visibilitychange'))"
    )
    ana.page.locator("img.blurred").wait_for()
    ana.press("s")
    assert stage.query("SELECT view_mode FROM label_events") == [("greyscale",)]


def test_a_pointer_shows_a_picture_only_while_it_is_held(stage, tab):
    ana = tab("ana").go("/queue")
    button = ana.page.get_by_role("button", name="Mostrar como se publicó")
    button.hover()
    ana.page.mouse.down()
    ana.page.locator("img.revealed").wait_for()
    assert ana.page.locator("img.revealed").count() == 1
    ana.page.mouse.up()
    ana.page.locator("img.blurred").wait_for()
    button.click()  # too short to see anything
    ana.page.locator("#status", has_text="Mantenga pulsado").wait_for()
    ana.page.locator("img.blurred").wait_for()
    button.press("Enter")  # a key shows until the next
    ana.page.locator("img.revealed").wait_for()
    ana.page.keyboard.press("Escape")
    ana.page.locator("img.blurred").wait_for()
    ana.press("s")
    reveals = stage.query("SELECT count(*), count(shown_us) FROM reveals LEFT JOIN hides USING (reveal_no)")
    assert reveals == [(3, 3)]


# --- connections and tabs -------------------------------------------------------------------------------


def test_an_answer_given_without_connection_is_kept_and_recorded_once_when_it_is_back(stage, tab):
    ana = tab("ana").go("/queue")
    ana.context.set_offline(True)
    ana.page.keyboard.press("s")
    expect(ana.page.locator("#status")).to_contain_text("1")
    assert stage.query("SELECT count(*) FROM label_events") == [(0,)]
    with ana.page.expect_navigation():
        ana.context.set_offline(False)
    assert stage.query("SELECT count(*) FROM label_events") == [(1,)]
    assert ana.page.evaluate("sessionStorage.length") == 0


def test_an_answer_whose_receipt_is_lost_is_sent_again_and_recorded_once(stage, tab):
    ana = tab("ana").go("/queue")
    lost = []

    def lose(route):
        if lost:
            route.continue_()
        else:
            lost.append(route.fetch())  # the server gets it; the page hears nothing
            route.abort()

    ana.page.route("**/label", lose)
    with ana.page.expect_navigation():
        ana.page.keyboard.press("s")
    assert len(lost) == 1
    assert stage.query("SELECT count(*) FROM label_events") == [(1,)]


def test_two_tabs_on_one_item_make_one_label_and_the_second_is_told(stage, tab):
    ana = tab("ana").go("/queue")
    other = ana.context.new_page()
    other.goto(f"{stage.url}/queue")
    ana.press("s")
    other.keyboard.press("n")
    expect(other.locator("#alert")).not_to_be_empty()
    assert "otra pestaña" in other.locator("#alert").inner_text()
    assert stage.query("SELECT choices FROM label_events") == [('{"advert": "yes"}',)]


def test_a_session_that_ended_keeps_the_answer_until_the_person_is_back(stage, tab):
    ana = tab("ana").go("/queue")
    with stage.review.base.writing() as connection:
        connection.execute("DELETE FROM sessions")
    ana.page.keyboard.press("s")
    ana.page.locator("#alert a").wait_for()
    assert stage.query("SELECT count(*) FROM label_events") == [(0,)]
    ana.page.evaluate("onbeforeunload = null")
    ana.page.on("dialog", lambda dialog: dialog.accept())
    ana.page.locator("#alert a").click()
    ana.page.wait_for_url("**/sign-in")
    ana.page.fill("#name", "ana")
    ana.page.fill("#password", PASSWORD)
    ana.page.keyboard.press("Enter")
    ana.page.wait_for_url("**/queue")
    assert stage.query("SELECT choices FROM label_events") == [('{"advert": "yes"}',)]


# --- without script, by keyboard, for everybody -----------------------------------------------------------


def test_the_queue_works_without_script(stage, tab):
    ana = tab("ana", java_script_enabled=False).go("/queue")
    ana.page.get_by_role("button", name="Mostrar como se publicó").click()
    ana.page.locator("img.revealed").wait_for()
    ana.page.get_by_role("button", name="Ocultar").click()
    ana.page.locator("img.blurred").wait_for()
    ana.page.get_by_role("button", name=re.compile("^Sí")).click()
    ana.page.locator(".words", has_text="item 2").wait_for()
    ana.page.get_by_role("button", name=re.compile("^Deshacer")).click()
    ana.page.locator(".words", has_text="item 1").wait_for()
    ana.page.get_by_role("button", name=re.compile("^Pasar")).click()
    ana.page.locator(".words", has_text="item 2").wait_for()
    kinds = [kind for (kind,) in stage.query("SELECT kind FROM label_events ORDER BY event_no")]
    assert kinds == ["label", "undo", "skip"]


def test_every_control_is_reached_with_tab_in_the_order_of_reading_and_shows_its_focus(stage, tab):
    ben = tab("ben").go("/queue")
    seen = []
    for _ in range(60):
        ben.page.keyboard.press("Tab")
        told = ben.page.evaluate(
            """() => { const e = document.activeElement; const s = getComputedStyle(e);
                return e === document.body ? null
                  : [e.textContent.trim().slice(0, 30), parseFloat(s.outlineWidth), 0]; }"""
        )
        if told is not None:
            seen.append(told)
    names = [name for name, _, _ in seen]
    for wanted in (
        "Yes",
        "No",
        "Cannot tell",
        "Pass it on",
        "Take back my last answer",
        "Not today",
        "Sign out",
    ):
        assert any(name.startswith(wanted) for name in names), (wanted, names)
    assert [name for name, outline, _ in seen if outline < 2] == []
    order = [names.index(name) for name in ("Jump to the content", "Start", "Read", "Sign out")]
    assert order == sorted(order)
    answer = next(at for at, name in enumerate(names) if name.startswith("Yes"))
    assert answer < next(at for at, name in enumerate(names) if name.startswith("Pass it on"))


def test_a_screen_reader_hears_what_happened_and_where_it_is(stage, tab):
    ben = tab("ben").go("/queue")
    assert ben.page.evaluate("document.activeElement.tagName") == "H1"
    for role, name in (
        ("main", None),
        ("navigation", "Pages"),
        ("complementary", "Label book"),
        ("article", "Item"),
    ):
        assert ben.page.get_by_role(role, name=name).count() == 1, role
    assert ben.page.get_by_role("group", name="Advert: does the definition fit?").count() == 1
    assert ben.page.locator("[role=status], [role=alert]").count() == 2
    assert ben.page.evaluate("document.documentElement.lang") == "en"


def test_several_classes_are_answered_one_after_another_and_sent_together(chromium, tmp_path, kit):
    review = kit.make_review(tmp_path, items=2, book=kit.make_book(classes=("advert", "satire")))
    kit.add_person(review, "ben", "reviewer", PASSWORD, "en")
    desk = Desk(review, "en")
    served = kit.Served(desk)
    ben = Tab(chromium, served.url).sign_in("ben").go("/queue")
    ben.page.keyboard.press("y")
    ben.page.keyboard.press("c")
    assert kit.query(review, "SELECT count(*) FROM label_events") == [(0,)]
    problems = axe(ben.page)
    keep(ben.page, "two-classes-en-light")
    ben.press("Enter")
    found = kit.query(review, "SELECT choices FROM label_events")
    assert found == [('{"advert": "yes", "satire": "cannot_tell"}',)]
    ben.close()
    served.stop()
    desk.close()
    assert problems == []


def test_single_keys_can_be_turned_off(stage, tab):
    ben = tab("ben").go("/account")
    ben.page.select_option("#keys", "off")
    ben.page.get_by_role("button", name="Save").click()
    ben.go("/queue")
    ben.page.keyboard.press("y")
    ben.page.wait_for_timeout(150)
    assert stage.query("SELECT count(*) FROM label_events") == [(0,)]
    ben.page.get_by_role("button", name="Yes").press("Enter")
    expect(ben.page.locator(".words").first).to_contain_text("item 2")
    assert stage.query("SELECT count(*) FROM label_events") == [(1,)]


def test_the_first_page_is_small_and_asks_nobody_else(stage, tab):
    one = tab().go("/sign-in")
    one.page.wait_for_load_state("networkidle")
    assert {url.split("/")[2] for url in one.asked} == {stage.url.split("/")[2]}
    assert sum(len(content) for _, content in one.received) < FIRST_PAGE_BYTES_MAX
    assert one.console == []


PAGES = {
    None: ("/sign-in",),
    "ana": ("/", "/queue", "/help", "/book", "/account"),
    "dora": ("/adjudicate",),
    "fritz": ("/people", "/log", "/live", "/nowhere"),
}


@pytest.mark.parametrize("language", ["es", "en"])
def test_every_page_passes_the_automated_checks_fits_at_200_percent_and_is_pictured(stage, tab, language):
    with stage.review.base.writing() as connection:
        connection.execute("UPDATE people SET language = ?, has_keys = 1", (language,))
    problems = []
    with_picture(tab("ana", viewport={"width": 1280, "height": 900}), language, problems)
    prepare_round(stage)
    for name, paths in PAGES.items():
        one = tab(name, viewport={"width": 1280, "height": 900})
        for path in paths:
            one.page.set_viewport_size({"width": 1280, "height": 900})
            one.go(path + ("?language=" + language if name is None else ""))
            label = f"{path.strip('/') or 'home'}-{language}"
            check(one, label, problems)
        if name == "dora":
            one.go("/adjudicate")
            one.press("1")
            check(one, f"adjudicate-2-{language}", problems)
            one.press("1")
            check(one, f"nothing-{language}", problems)
        if name == "fritz":
            one.go("/")
            with one.page.expect_navigation(wait_until="load"):
                one.page.locator("form[action='/export'] button").click()
            check(one, f"exported-{language}", problems)
        if name == "ana":
            one.go("/")
            with one.page.expect_navigation(wait_until="load"):
                one.page.locator("form[action='/not-today'] button").click()
            one.go("/queue")
            check(one, f"pause-{language}", problems)
        assert [text for kind, text in one.console if kind == "error" and "404" not in text] == []
    assert problems == [], problems


def with_picture(one, language, problems):
    one.go("/queue")
    one.page.locator("img.blurred").wait_for()
    check(one, f"picture-{language}", problems)
    with one.page.expect_response(re.compile("/media/")):
        one.page.keyboard.press("g")
    check(one, f"revealed-{language}", problems)
    one.close()


def prepare_round(stage):
    """Readings that differ, a reveal and known answers, so that every page has something to show."""
    from perito.web.events import Submission
    from perito.web.labels import record_label
    from perito.web.queue import next_turn

    for name, values in (("ana", ("yes", "no", "no", "yes")), ("ben", ("no", "no", "no", "yes", "no"))):
        for number, value in enumerate(values):
            slot = next_turn(stage.review, stage.people[name].id).slot
            given = Submission(
                f"prepared-{name}-{number}", "1", {"advert": value}, "Looks paid." if number == 0 else ""
            )
            record_label(stage.review, stage.people[name].id, slot["slot_no"], given)


def check(one, name, problems):
    """Axe, target sizes, no overflow at 1280, 640 (200 % zoom) and 320 pixels; pictures, light and dark."""
    page = one.page
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        problems += [(name, scheme, found) for found in axe(page)]
        keep(page, f"{name}-{scheme}")
    page.emulate_media(color_scheme="light")
    problems += [(name, "target", found) for found in small_targets(page)]
    for width in (1280, 640, 320):
        page.set_viewport_size({"width": width, "height": 900})
        problems += [(name, width, found) for found in overflowing(page)]
        if width == 640:
            keep(page, f"{name}-zoom")
    page.set_viewport_size({"width": 1280, "height": 900})
