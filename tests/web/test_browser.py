"""The pages in a real browser: with scripts, without, by keyboard alone, and looked over by axe.

Browser: Debian's chromium. Where it is missing these tests are skipped; ``make test`` installs it when it may.
"""

from __future__ import annotations

import json
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from answers import rating_of
from pages_site import PASSWORD, fill_library, hostile_site, site_settings, small_site
from samples import ROOT

from ragqa.pipeline import Ragqa
from ragqa.settings import Settings
from ragqa.web.app import create_app

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright drives the browser: pip install -e .[dev]")
CHROMIUM = Path("/usr/bin/chromium")
pytestmark = pytest.mark.skipif(
    not CHROMIUM.exists(), reason="no /usr/bin/chromium: apt-get install chromium, or `make test` as root on Debian"
)
ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
]
VENDOR = Path(__file__).parent / "vendor" / "axe-core" / "axe.min.js"
STANDARDS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
PATIENCE = 60_000
"""Milliseconds to wait for what takes one: the machine may be busy."""
ARTICLE, DRAFTED = "/articles/memantine-ocd", "ptsd-drug-treatment"
QUESTION = "Is memantine effective in OCD?"
CARD = json.loads((ROOT / "eval" / "results" / "scorecard.json").read_text(encoding="utf-8"))
CASE = next(f"/evaluation/scorecard/{case['id']}?set={case['set']}" for case in CARD["cases"] if case["verdict"] == "misleading")
"""The page of a case that misled."""
Page = Any
Open = Callable[..., Page]


@contextmanager
def serving(settings: Settings) -> Iterator[str]:
    """The app behind a socket of its own, with two editors; gives its address."""
    app = create_app(settings)
    server = uvicorn.Server(uvicorn.Config(app, ws="none", log_config=None, access_log=False))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        while not server.started and thread.is_alive():
            thread.join(0.05)
        assert server.started, "the server did not start"
        for name in ("demo-editor", "demo-second-editor"):
            app.state.accounts.add(name, "editor", PASSWORD)
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory, bundled_settings: Settings) -> Iterator[str]:
    """The bundled corpus, copied so that it may be reviewed, with an answer waiting for sign-off."""
    folder = tmp_path_factory.mktemp("browser")
    shutil.copytree(bundled_settings.corpus, folder / "corpus")
    shutil.copytree(bundled_settings.index, folder / "index")
    results = bundled_settings.corpus.parent / "eval" / "results"
    settings = site_settings(folder, folder / "corpus", results=results)
    fill_library(settings, QUESTION)
    with Ragqa.open(settings) as ragqa:
        rating_of(settings.serving, "spring", [ragqa.ask(QUESTION), ragqa.ask("Is zolpidem better than melatonin for jet lag?")])
        rating_of(settings.serving, "winter", [ragqa.ask(QUESTION)]).close()
    with serving(settings) as found:
        yield found


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """One browser for all tests here; its driver's event loop must end before other tests run loops of their own."""
    with sync_api.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def new(chromium: Any) -> Iterator[Open]:
    """Opens pages in profiles of their own, and fails the test when a page's script failed or its policy was broken."""
    opened, faults = [], []

    def make(**options: Any) -> Page:
        context = chromium.new_context(**({"viewport": {"width": 1280, "height": 900}} | options))
        opened.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on(
            "console",
            lambda told: faults.append(told.text) if told.type == "error" and "Failed to load" not in told.text else None,
        )
        page.on("dialog", lambda dialog: faults.append(f"dialog: {dialog.message}"))
        return page

    yield make
    for context in opened:
        context.close()
    assert not faults


def ask(page: Page, question: str) -> None:
    """Ask with scripts on, and wait for the whole answer."""
    turns = page.locator("#turns .turn").count()
    page.fill("#question", question)
    page.press("#question", "Enter")
    page.locator("#turns .turn:not(.pending)").nth(turns).wait_for()


def sign_in(page: Page, address: str, name: str = "demo-editor") -> None:
    """Sign in by the form."""
    page.goto(f"{address}/sign-in?next=/desk")
    page.fill("#name", name)
    page.fill("#password", PASSWORD)
    page.click("main button.primary")
    page.wait_for_url("**/desk")


def test_read_ask_follow_up_open_a_source_and_switch_the_reader(address: str, new: Open) -> None:
    """One clinician's visit, on the page of one article."""
    page = new()
    page.goto(address + "/")
    page.click(f"a[href='{ARTICLE}']")
    page.locator(".cite").first.click()
    card = page.locator("#source-1")
    assert card.is_visible()
    assert card.locator("mark").count()
    card.get_by_role("button", name="Close").click()
    assert not card.is_visible()
    ask(page, "What dose was used?")
    assert page.url == address + ARTICLE
    assert page.locator("#turn-1 .said").count()
    ask(page, "And for how long?")
    assert (
        "obsessive" in page.locator("#turn-2 summary").inner_text() or "memantine" in page.locator("#turn-2 summary").inner_text()
    )
    page.locator("#turn-1 .cite").first.click()
    assert page.locator("[popover]:popover-open").count() == 1
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Patient", exact=True).click()
    page.get_by_role("heading", name="What is advised").wait_for()
    assert page.get_by_role("button", name="Patient", exact=True, pressed=True).is_visible()


def test_a_sentence_shows_its_support_on_hover_and_on_a_tap(address: str, new: Open) -> None:
    """Beside it on a wide screen, below it on a phone."""
    page = new()
    page.goto(address + ARTICLE)
    sentence = page.locator(".statement").first
    assert not sentence.locator(".note").is_visible()
    sentence.locator(".said").hover()
    assert sentence.locator(".note q").first.is_visible()
    phone = new(viewport={"width": 390, "height": 844}, has_touch=True)
    phone.goto(address + ARTICLE)
    sentence = phone.locator(".statement").first
    sentence.locator(".said").tap()
    assert sentence.locator(".note q").first.is_visible()


def test_an_answer_is_sorted_copied_and_linked_to(address: str, new: Open) -> None:
    """What a reader takes along, and the address that brings the same answer back."""
    page = new(permissions=["clipboard-read", "clipboard-write"])
    page.goto(address + "/")
    ask(page, "What weight gain does olanzapine cause in borderline personality disorder?")
    size = page.locator("#turn-1 [data-sort=n]")
    size.click()
    assert page.locator("#turn-1 th[aria-sort=descending]").count() == 1
    shown = [int(text) for text in page.locator("#turn-1 td[data-label=n]").all_inner_texts() if text.isdecimal()]
    assert shown == sorted(shown, reverse=True)
    assert len(shown) > 1
    page.get_by_role("button", name="Copy with citations").click()
    page.get_by_text("Copied", exact=True).wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert "Professional disclaimer" in copied
    said = page.locator("#turn-1 .said").all_inner_texts()
    page.get_by_role("link", name="Link to this answer").click()
    assert page.locator(".said").all_inner_texts() == said


def test_sign_in_approve_and_sign_off(address: str, new: Open) -> None:
    """An article that was edited is submitted by one editor and approved by another; an answer is signed off."""
    page = new()
    sign_in(page, address)
    page.click(f"a[href='/desk/articles/{DRAFTED}']")
    assert page.locator("h2", has_text="Against the approved text").is_visible()
    page.get_by_role("button", name="Submit").click()
    page.get_by_role("button", name="Start review").click()
    page.get_by_role("button", name="Approve").click()
    page.get_by_text("may not approve it").wait_for()
    other = new()
    sign_in(other, address, "demo-second-editor")
    other.goto(f"{address}/desk/articles/{DRAFTED}")
    other.get_by_role("button", name="Approve").click()
    other.locator(".tag.good", has_text="approved").wait_for()
    other.click("text=Answers to sign off")
    other.get_by_role("button", name="Sign off").first.click()
    other.get_by_text("Nothing waits for sign-off").wait_for()
    reader = new()
    reader.goto(address + "/")
    ask(reader, QUESTION)
    assert "Signed off by an editor" in reader.locator("#turn-1").inner_text()


def test_everything_a_reader_needs_is_there_by_keyboard_alone(address: str, new: Open) -> None:
    """Tab, Enter and Escape: skip to the text, open a source and close it, ask, and land on the answer."""
    page = new()
    page.goto(address + ARTICLE)
    page.keyboard.press("Tab")
    assert focused(page) == "Skip to the text"
    page.keyboard.press("Enter")
    tab_to(page, lambda: page.evaluate("document.activeElement.classList.contains('cite')"))
    assert page.locator(".statement:focus-within .note").first.is_visible()
    page.keyboard.press("Enter")
    opened = page.locator("[popover]:popover-open")
    assert opened.is_visible()
    assert focused(page) == "Close"
    page.keyboard.press("Escape")
    assert not page.locator("[popover]:popover-open").count()
    assert page.evaluate("document.activeElement.classList.contains('cite')")
    tab_to(page, lambda: page.evaluate("document.activeElement.id") == "question")
    page.keyboard.type("What adverse effects did memantine have?")
    page.keyboard.press("Enter")
    page.locator("#turns .turn:not(.pending)").wait_for()
    assert focused(page) == "What adverse effects did memantine have?"
    assert page.evaluate("document.activeElement.tagName") == "H2"


def test_with_scripts_off_one_reads_asks_follows_up_opens_a_source_and_signs_off(address: str, new: Open) -> None:
    """Forms, links and the browser's own popover are enough."""
    page = new(java_script_enabled=False)
    page.goto(address + ARTICLE)
    page.locator(".cite").first.click()
    assert page.locator("#source-1").is_visible()
    page.get_by_role("button", name="Close").first.click()
    page.fill("#question", "What dose was used?")
    page.click(".suggested .ask button.primary")
    page.wait_for_url("**/conversations/**")
    page.fill("#question", "And for how long?")
    page.click(".ask button.primary")
    assert page.locator("#turn-2 > header h2").inner_text() == "And for how long?"
    page.locator("#turn-1 [data-sort=n]").click()
    assert page.locator("th[aria-sort]").count()
    sign_in(page, address)
    page.click("text=Audit trail")
    assert page.locator("tbody tr").count() > 10


def test_axe_finds_no_serious_fault(address: str, new: Open) -> None:
    """WCAG 2.2 AA, as far as a program can tell, on every kind of page."""
    page = new(reduced_motion="reduce")
    sign_in(page, address)
    paths = ["/", ARTICLE, "/sources/pmid:29549516", "/search?q=memantine", "/policy", "/sign-in", "/nothing"]
    paths += ["/desk", f"/desk/articles/{DRAFTED}", "/desk/answers", "/desk/answers/1", "/desk/audit"]
    paths += ["/evaluation", "/evaluation/scorecard?group=dosing", "/evaluation/scorecard/a1-002", CASE]
    paths += ["/rating", "/rating/spring/1", "/rating/spring/2", "/rating/winter", "/rating/winter/results"]
    for path in paths:
        page.goto(address + path)
        assert faults_of(page, *STANDARDS) == [], path
    page.goto(address + "/")
    ask(page, QUESTION)
    page.locator("#turn-1 .cite").first.click()
    assert faults_of(page, *STANDARDS) == []
    for question in ("Is zolpidem better than melatonin for jet lag?", "Is it safe?", "My son swallowed a bottle of paracetamol"):
        page.goto(address + "/")
        ask(page, question)
        assert faults_of(page, *STANDARDS) == [], question


def test_contrast_is_enough_in_the_dark_too(address: str, new: Open) -> None:
    """The other colours of the style sheet."""
    page = new(color_scheme="dark", reduced_motion="reduce")
    sign_in(page, address)
    for path in (ARTICLE, f"/desk/articles/{DRAFTED}", "/desk/answers", "/evaluation", CASE, "/rating/spring/1"):
        page.goto(address + path)
        assert faults_of(page, "color-contrast") == [], path
    for question in (QUESTION, "My son swallowed a bottle of paracetamol"):
        page.goto(address + "/")
        ask(page, question)
        assert faults_of(page, "color-contrast") == [], question


def test_nothing_runs_over_the_edge_of_a_narrow_screen(address: str, new: Open) -> None:
    """At 320 pixels every page is read without scrolling sideways (WCAG 1.4.10)."""
    page = new(viewport={"width": 320, "height": 640})
    sign_in(page, address)
    pages = ("/", ARTICLE, "/sources/pmid:29549516", "/desk", f"/desk/articles/{DRAFTED}", "/desk/answers", "/evaluation")
    for path in (*pages, CASE, "/rating/spring/1", "/rating/winter/results"):
        page.goto(address + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, path
    page.goto(address + "/")
    ask(page, QUESTION)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


def test_hostile_text_does_nothing_in_a_browser(tmp_path: Path, new: Open) -> None:
    """Markup in articles, abstracts, names and questions is read, not run."""
    with serving(site_settings(tmp_path, hostile_site(tmp_path / "corpus"))) as address:
        page = new()
        page.goto(address + "/articles/drug-a")
        page.locator(".cite").first.click()
        ask(page, "Does drug A help in condition B? <img src=x onerror=window.pwned=1><script>window.pwned=1</script>")
        assert page.locator("#turn-1 img, #turn-1 script").count() == 0
        assert page.evaluate("window.pwned") is None
        sign_in(page, address)
        for path in ("/desk", "/desk/articles/drug-h", "/desk/audit"):
            page.goto(address + path)
            assert "window.pwned=1" in page.inner_text("main")
            assert page.evaluate("window.pwned") is None


def test_line_separators_in_a_question_and_its_source_do_not_break_the_stream(tmp_path: Path, new: Open) -> None:
    """The answer comes in whole, by script."""
    odd = "\u2028\u2029\u0085\x0c"
    corpus = small_site(tmp_path / "corpus")
    records = corpus / "abstracts" / "all.jsonl"
    records.write_text(records.read_text().replace("Drug A lowered", "Drug A\\u2028\\u0085 lowered"))
    with serving(site_settings(tmp_path, corpus)) as address:
        page = new()
        page.goto(address + "/")
        ask(page, f"Does drug A help in condition B?{odd}")
        assert page.locator("#turn-1 .said").count()


def focused(page: Page) -> str:
    """What the focus is on, in words."""
    text: str = page.evaluate("document.activeElement.innerText")
    return text.strip()


def tab_to(page: Page, there: Callable[[], bool], most: int = 120) -> None:
    """Press Tab until there."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if there():
            return
    raise AssertionError("not reached by the keyboard")


def faults_of(page: Page, *rules: str) -> list[str]:
    """What axe finds serious or critical under these rules or tags of rules, each with the first element it is about."""
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(VENDOR.read_text(encoding="utf-8"))
    found = page.evaluate("rules => axe.run(document, {runOnly: rules, resultTypes: ['violations']})", list(rules))
    return [
        f"{fault['id']}: {fault['nodes'][0]['target']} {fault['nodes'][0]['failureSummary']}"
        for fault in found["violations"]
        if fault["impact"] in ("serious", "critical")
    ]
