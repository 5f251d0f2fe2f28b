"""The report in a real browser, without script or network: on a screen, on a telephone and on paper."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("report-browser")]

ARTEFACTS = Path(__file__).resolve().parents[1] / "artefacts"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
LANGUAGES = ("es", "en")
WIDTHS_PX = (360, 1280)
A4_POINTS = (595, 842)
POINTS_PER_PX = 72 / 96
PAPER_PX = (182 * 96 / 25.4, (297 - 31) * 96 / 25.4)  # what the margins of an A4 page leave


def installed(program, package):
    """Where a program of the system is; on a developer's machine it may be missing, in CI it may not."""
    path = shutil.which(program)
    if path is None:
        reason = f"{program} is not installed (apt-get install {package})"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return path


@pytest.fixture(scope="module")
def chromium():
    """A browser of the system."""
    path = installed("chromium", "chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def report(built):
    return built / "dossier" / "report.html"


@pytest.fixture
def opened(chromium, report):
    """The report in a browser that runs no script; what it asks for is in `requests`."""
    context = chromium.new_context(java_script_enabled=False, viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.requests = []
    page.on("request", lambda request: page.requests.append(request.url))
    page.goto(report.as_uri())
    yield page
    context.close()


def keep(path):
    """Puts a picture or paper where people can look at it; whole, whoever else does the same."""
    ARTEFACTS.mkdir(exist_ok=True)
    part = ARTEFACTS / f".{os.getpid()}-{path.name}"
    shutil.copyfile(path, part)
    part.replace(ARTEFACTS / path.name)


def choose(page, language):
    page.locator(f"label[for=language-{language}]").click()


def shown(page):
    """The languages in which anything is visible."""
    return [language for language in LANGUAGES if page.locator(f"main[lang={language}]").is_visible()]


# --- on a screen ----------------------------------------------------------------------------------------


def test_it_opens_in_the_language_of_record_and_asks_for_nothing_else(opened, report):
    assert shown(opened) == ["es"]
    assert opened.requests == [report.as_uri()]
    assert opened.locator("main[lang=es] h1").inner_text().startswith("X, Meta y TikTok")


def test_the_other_language_is_one_click_away_and_only_one_is_shown(opened):
    choose(opened, "en")
    assert shown(opened) == ["en"]
    assert opened.locator(".derivations h2").inner_text() == "Derivations"
    choose(opened, "es")
    assert shown(opened) == ["es"]
    assert opened.locator(".derivations h2").inner_text() == "Derivaciones"


def test_the_other_language_can_be_reached_by_keyboard(opened):
    opened.keyboard.press("Tab")
    opened.keyboard.press("ArrowRight")
    assert shown(opened) == ["en"]
    opened.keyboard.press("ArrowLeft")
    assert shown(opened) == ["es"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_question_of_the_summary_leads_to_its_finding(opened, language, told):
    choose(opened, language)
    links = opened.locator(f"main[lang={language}] .answers a:not(.n)")
    targets = [links.nth(at).get_attribute("href") for at in range(links.count())]
    assert targets == [f"#{language}-{finding['id']}" for finding in told.findings]
    links.last.click()
    assert opened.locator(targets[-1]).bounding_box()["y"] < 100


def test_a_number_leads_to_its_derivation_which_is_then_visible(opened):
    number = opened.locator("main[lang=es] .headline a.n").first
    target = number.get_attribute("href")
    number.click()
    row = opened.locator(f"[id='{target[1:]}']")
    box = row.bounding_box()
    assert -1 < box["y"] < 900
    assert box["height"] > 0


@pytest.mark.parametrize("width", WIDTHS_PX)
@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_overflows_the_window_but_what_scrolls_inside_it(chromium, report, tmp_path, width, language):
    page = chromium.new_page(viewport={"width": width, "height": 900})  # runs the measuring script
    page.goto(report.as_uri())
    choose(page, language)
    page.screenshot(path=tmp_path / f"report-{language}-{width}.png")
    keep(tmp_path / f"report-{language}-{width}.png")
    wide = page.evaluate(
        """() => [...document.querySelectorAll('body *')]
            .filter(e => e.getClientRects().length && !e.closest('.scroll, figure, .unseen, input'))
            .filter(e => e.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
            .map(e => e.tagName + '.' + e.className + ': ' + e.textContent.slice(0, 40))"""
    )
    assert wide == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()


def test_every_link_resolves_and_no_error_is_logged(chromium, report):
    page = chromium.new_page()
    said = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(report.as_uri())
    dangling = page.evaluate(
        "[...document.querySelectorAll('a')].map(a => a.getAttribute('href'))"
        ".filter(h => !h.startsWith('#') || !document.getElementById(h.slice(1)))"
    )
    assert dangling == []
    assert said == []
    page.close()


# --- on paper -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def papers(chromium, report, tmp_path_factory):
    """The report on A4 as PDF, by language."""
    for program in ("pdftotext", "pdfinfo"):
        installed(program, "poppler-utils")
    folder = tmp_path_factory.mktemp("papers")
    made = {}
    for language in LANGUAGES:
        context = chromium.new_context(java_script_enabled=False)
        page = context.new_page()
        page.goto(report.as_uri())
        choose(page, language)
        made[language] = folder / f"report-{language}.pdf"
        page.pdf(path=made[language], prefer_css_page_size=True, print_background=True)
        context.close()
        keep(made[language])
    return made


@pytest.fixture(scope="module")
def printed(papers):
    """The text of each page, by language."""
    pages = {}
    for language, path in papers.items():
        made = subprocess.run(["pdftotext", "-layout", path, "-"], capture_output=True, check=True)
        pages[language] = made.stdout.decode().split("\f")[:-1]
    return pages


def plain(text):
    return re.sub(r"\s+", " ", text)


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_prints_on_a4_with_page_numbers(papers, printed, language):
    info = subprocess.run(["pdfinfo", papers[language]], capture_output=True, check=True)
    size = re.search(r"Page size:\s+([\d.]+) x ([\d.]+)", info.stdout.decode())
    assert tuple(round(float(side)) for side in size.groups()) == A4_POINTS
    count = len(printed[language])
    for number, text in enumerate(printed[language], start=1):
        assert text.rstrip().endswith(f"{number} / {count}")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_summary_is_one_page_with_every_question_and_the_next_part_starts_a_new_one(
    printed, language, told
):
    first, second = (plain(text) for text in printed[language][:2])
    answers = first[first.index({"es": "Resumen", "en": "Summary"}[language]) :]
    for number, finding in enumerate(told.findings, start=1):
        start = plain(finding["question"][language])[:25]
        assert f"{number}. {start}"[:20] in answers
    assert second.lstrip().startswith(
        {"es": "Cómo se lee este informe", "en": "How to read this report"}[language]
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_page_but_the_last_is_nearly_empty(printed, language):
    lines = [len([line for line in text.splitlines() if line.strip()]) for text in printed[language]]
    assert min(lines[:-1]) > 15, lines


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_derivation_is_on_paper(printed, language, told):
    text = "".join(plain(page) for page in printed[language]).replace(" ", "")
    for record in list(told.records.values())[::20]:
        assert record["id"].partition("/")[2].replace(" ", "") in text


def boxes(path):
    """For each page, every word with its box, in points from the top left."""
    made = subprocess.run(["pdftotext", "-bbox", path, "-"], capture_output=True, check=True).stdout.decode()
    pattern = r'<word xMin="([\d.-]+)" yMin="([\d.-]+)" xMax="([\d.-]+)" yMax="([\d.-]+)">(.*?)</word>'
    return [
        [(*(float(side) for side in found[:4]), found[4]) for found in re.findall(pattern, page)]
        for page in made.split("<page ")[1:]
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_word_lies_inside_its_page_and_on_no_other_word(papers, language):
    for number, words in enumerate(boxes(papers[language]), start=1):
        assert words
        for left, top, right, bottom, word in words:
            assert left >= 25, (number, word)
            assert right <= A4_POINTS[0] - 25, (number, word)
            assert top >= 25, (number, word)
            assert bottom <= A4_POINTS[1] - 15, (number, word)
        assert overprinted(words) == [], number


def overprinted(words):
    """Pairs of words whose boxes share more than a sliver of both."""
    found = []
    ordered = sorted(words, key=lambda word: word[1])
    for at, one in enumerate(ordered):
        for other in ordered[at + 1 :]:
            if other[1] >= one[3]:
                break
            width = min(one[2], other[2]) - max(one[0], other[0])
            height = min(one[3], other[3]) - max(one[1], other[1])
            least = min(one[3] - one[1], other[3] - other[1])
            if width > 1 and height > 0.5 * least:
                found.append((one[4], other[4]))
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_row_is_cut_by_the_end_of_a_page_and_no_table_is_wider_than_the_paper(chromium, report, language):
    """Rows must not break; measured on the print layout at the width of the paper."""
    page = chromium.new_page(viewport={"width": round(PAPER_PX[0]), "height": round(PAPER_PX[1])})
    page.goto(report.as_uri())
    choose(page, language)
    page.emulate_media(media="print")
    breaking = page.evaluate(
        """() => [...document.querySelectorAll('tr')].filter(e => e.getClientRects().length)
            .filter(e => getComputedStyle(e).breakInside !== 'avoid').length"""
    )
    tallest = page.evaluate(
        """() => Math.max(...[...document.querySelectorAll('tr, figure')]
            .filter(e => e.getClientRects().length).map(e => e.getBoundingClientRect().height))"""
    )
    wide = page.evaluate(
        """() => [...document.querySelectorAll('table, svg')].filter(e => e.getClientRects().length)
            .filter(e => e.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
            .map(e => e.textContent.slice(0, 60))"""
    )
    page.close()
    assert breaking == 0
    assert tallest < PAPER_PX[1]
    assert wide == []
