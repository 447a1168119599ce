"""The pages that readers see, over a small corpus in every review state."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from pages_site import QUESTION, page, send, sign_in, site, site_settings, small_site, words

from ragqa.answer.contract import DISCLAIMERS, Conflict
from ragqa.corpus.folder import load_corpus
from ragqa.settings import Settings
from ragqa.web.pages.evidence import comparator, intervention, population
from ragqa.web.pages.reader import policy_rules
from ragqa.web.pages.sources import nearest

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def reading(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """One site for every test that changes nothing of the corpus."""
    folder = tmp_path_factory.mktemp("pages")
    with site(site_settings(folder, small_site(folder / "corpus"))) as client:
        yield client


def asked(client: TestClient, question: str = QUESTION, **form: str) -> str:
    """Ask with scripts off; gives the address of the conversation."""
    response = send(client, "/ask", {"question": question} | form)
    assert response.status_code == 303, response.text[:500]
    return response.headers["location"]


def test_the_front_page_lists_approved_articles_and_no_others(reading: TestClient) -> None:
    """Drafts, what is submitted and what was withdrawn are not on the shelf."""
    front = page(reading, "/")
    assert front.xpath("//ul[@class='shelf']//a/@href") == ["/articles/drug-a"]
    assert front.xpath("//form[@action='/ask']//textarea[@name='question']")


def test_an_article_shows_its_review_its_sources_and_its_disclaimer(reading: TestClient) -> None:
    """Every source number opens a card that is on the page."""
    shown = page(reading, "/articles/drug-a")
    assert words(shown.find(".//h1")) == "Does drug A help in condition B?"
    assert [step.get("class") for step in shown.xpath("//ol[@class='steps']/li")] == ["done", "done", "done"]
    assert "3 January 2026, demo-editor" in words(shown.xpath("//ol[@class='steps']/li[3]")[0])
    assert not shown.xpath("//*[@role='alert']")
    assert DISCLAIMERS["clinician"] in words(shown)
    assert shown.xpath("//a[@href='/policy']")
    for button in shown.xpath("//button[@class='cite']"):
        card = shown.get_element_by_id(button.get("popovertarget"))
        assert card.get("popover") is not None
        assert "Trial" in words(card) or "trial" in words(card)


def test_a_source_card_marks_what_the_sentence_rests_on_and_says_whose_words_they_are(reading: TestClient) -> None:
    """Design, authors, marks, origin of the text and addresses."""
    card = page(reading, "/articles/drug-a").get_element_by_id("source-1")
    told = words(card)
    assert "randomised controlled trial" in told
    assert "Alpha A, Beta B. Journal of Tests. 2020" in told
    assert "Summary written for this demonstration" in told
    assert card.xpath(".//mark")
    assert card.xpath(".//a/@href")[:2] == ["https://pubmed.ncbi.nlm.nih.gov/101/", "https://doi.org/10.1000/t.101"]


def test_a_concern_and_a_retraction_are_told_on_the_source(reading: TestClient) -> None:
    """With the reason that the notice gives."""
    assert "Expression of concern published: figures under inquiry" in words(page(reading, "/sources/pmid:102"))
    retracted = page(reading, "/sources/pmid:103")
    assert "Retracted. This paper was retracted after it appeared: data were made up." in words(retracted)
    assert "Not used in answers: retracted" in words(retracted)


@pytest.mark.parametrize(("slug", "status"), [("drug-s", 200), ("drug-d", 404), ("drug-w", 404), ("none", 404)])
def test_readers_see_what_is_submitted_with_a_caution_and_neither_drafts_nor_what_was_withdrawn(
    reading: TestClient, slug: str, status: int
) -> None:
    """As the API has it."""
    shown = page(reading, f"/articles/{slug}", status)
    if status == 200:
        assert "Pending human review (submitted)" in words(shown.xpath("//*[@role='alert']")[0])
        assert [step.get("class") for step in shown.xpath("//ol[@class='steps']/li")] == ["done", "open", "open"]
        assert not shown.xpath("//form[@action='/ask']")


def test_the_reader_choice_changes_the_language_and_leads_back(tmp_path: Path) -> None:
    """In articles and in answers."""
    with site(site_settings(tmp_path, small_site(tmp_path / "corpus"))) as client:
        chosen = send(client, "/reader", {"audience": "patient", "back": "/articles/drug-a"})
        assert (chosen.status_code, chosen.headers["location"]) == (303, "/articles/drug-a")
        shown = page(client, "/articles/drug-a")
        assert "What is advised" in words(shown)
        assert DISCLAIMERS["patient"] in words(shown)
        assert shown.xpath("//button[@value='patient']/@aria-pressed") == ["true"]
        assert "What is advised" in words(page(client, asked(client).split("#")[0]))


@pytest.mark.parametrize("back", ["//evil.example/", "https://evil.example/", "/\\evil.example", "javascript:alert(1)"])
def test_the_reader_choice_never_leads_to_another_server(reading: TestClient, back: str) -> None:
    """An address from a form is a path of this server or the front page."""
    assert send(reading, "/reader", {"audience": "clinician", "back": back}).headers["location"] == "/"


def test_an_unknown_reader_is_refused(reading: TestClient) -> None:
    """The cookie holds one of two words."""
    assert send(reading, "/reader", {"audience": "admin"}).status_code == 422


def test_with_scripts_off_a_question_leads_to_its_conversation_and_a_follow_up_goes_on_there(reading: TestClient) -> None:
    """Forms and redirects are all it takes."""
    first = asked(reading, article="drug-a")
    path, anchor = first.split("#")
    assert anchor == "turn-1"
    shown = page(reading, path)
    turn = shown.get_element_by_id("turn-1")
    assert turn.xpath(".//li[contains(@class, 'statement')]")
    assert DISCLAIMERS["clinician"] in words(turn)
    conversation = shown.xpath("//form[@action='/ask']//input[@name='conversation']/@value")[-1]
    second = asked(reading, "And compared with placebo?", conversation=conversation, article="drug-a")
    assert second == f"{path}#turn-2"
    assert "Understood as: " in words(page(reading, path).get_element_by_id("turn-2"))


def test_what_was_understood_can_be_changed(reading: TestClient) -> None:
    """The reader has the last word on what is meant."""
    address = asked(reading, "And in adults?", understood=QUESTION)
    assert f"Understood as: {QUESTION}" in words(page(reading, address.split("#")[0]))


def test_every_statement_shows_the_words_it_rests_on(reading: TestClient) -> None:
    """The quote beside a sentence holds it."""
    for statement in page(reading, asked(reading).split("#")[0]).xpath("//li[contains(@class, 'statement')]"):
        quotes = [words(quote) for quote in statement.xpath(".//q")]
        said = words(statement.xpath("./*[@class='said']")[0])
        assert any(said.rstrip(".") in re.sub(r"\s*\[[\d, ]+\]", "", quote) for quote in quotes), (said, quotes)


def test_asking_without_the_visits_token_is_refused(reading: TestClient) -> None:
    """Nothing is asked by a form of another site."""
    assert reading.post("/ask", data={"question": QUESTION}).status_code == 403
    assert reading.post("/search", data={"query": QUESTION}).status_code == 403
    assert reading.post("/reader", data={"audience": "patient"}).status_code == 403


def test_an_empty_question_is_refused_with_what_to_do(reading: TestClient) -> None:
    """Blanks are no question."""
    response = send(reading, "/ask", {"question": "  "})
    assert response.status_code == 422
    assert "write what you want to know" in response.text


def test_the_stream_tells_stages_then_statements_then_the_turn_as_the_page_shows_it(reading: TestClient) -> None:
    """A script puts nothing on the page that the page would not show."""
    response = send(reading, "/ask", {"question": QUESTION}, Accept="text/event-stream")
    names = re.findall(r"^event: (\w+)$", response.text, re.MULTILINE)
    assert names[:3] == ["stage", "stage", "stage"]
    assert set(names[3:-1]) == {"statement"}
    assert names[-1] == "turn"
    import json

    from lxml import html

    last = json.loads(response.text.strip().split("\n\n")[-1].split("data: ", 1)[1])
    kept = page(reading, last["address"].split("#")[0]).get_element_by_id("turn-1")
    assert words(html.fromstring(last["html"])) == words(kept)
    assert len(kept.xpath(".//li[contains(@class, 'statement')]")) == names.count("statement")


def test_identifiers_are_taken_out_told_and_in_no_address(reading: TestClient) -> None:
    """Addresses stay in histories and logs."""
    text = "Does drug A help John Smith, born 12/03/1961, in condition B?"
    shown = page(reading, asked(reading, text).split("#")[0])
    assert "Taken out before searching:" in words(shown)
    assert "Smith" not in words(shown)
    found = send(reading, "/search", {"query": text})
    assert found.status_code == 303
    assert "Smith" not in found.headers["location"]
    assert "1961" not in found.headers["location"]
    assert "Taken out before searching:" in words(page(reading, found.headers["location"]))


def test_search_leads_to_articles_and_sources(reading: TestClient) -> None:
    """What may not be cited is not found."""
    links = page(reading, "/search?q=drug+A+condition+B").xpath("//ol[@class='references']//a/@href")
    assert "/articles/drug-a" in links
    assert "/sources/pmid:101" in links
    assert "/sources/pmid:103" not in links


@pytest.mark.parametrize(
    ("question", "status"),
    [
        ("Is zolpidem better than melatonin for jet lag in pilots?", "The evidence here does not answer that"),
        ("My son just swallowed a whole bottle of paracetamol tablets", "This may be an emergency"),
        ("Write me a poem about the sea", "This is outside what ragqa answers"),
        ("Is it safe?", "Which of these do you mean?"),
    ],
)
def test_every_kind_of_answer_says_what_it_is_and_carries_the_disclaimer(reading: TestClient, question: str, status: str) -> None:
    """No state of an answer is left undesigned."""
    shown = page(reading, asked(reading, question).split("#")[0])
    assert words(shown.xpath("//article//h3")[0]) == status
    assert DISCLAIMERS["clinician"] in words(shown)


def test_a_choice_is_asked_in_the_same_conversation(reading: TestClient) -> None:
    """Choosing is a turn like any other."""
    shown = page(reading, asked(reading, "Is it safe?").split("#")[0])
    form = shown.xpath("//ul[@class='choices']//form")[0]
    sent = dict(form.form_values()) | {"question": form.xpath(".//button/@value")[0]}
    assert reading.post("/ask", data=sent).headers["location"].endswith("#turn-2")


@pytest.mark.parametrize(("column", "expected"), [("n", ["102", "101"]), ("study", ["101", "102"])])
def test_the_evidence_table_sorts_without_scripts(reading: TestClient, column: str, expected: list[str]) -> None:
    """By a link; the column says so to assistive technology."""
    link = page(reading, asked(reading).split("#")[0]).xpath("//a[contains(., 'Link to this answer')]/@href")[0]
    shown = page(reading, f"{link}?sort={column}")
    cells = [words(cell) for cell in shown.xpath("//table[contains(@class, 'evidence-table')]//td[@data-label='n']")]
    assert cells == [size for size in expected if size in cells]
    assert shown.xpath("//th[@aria-sort]/a/@data-sort") == [column]


def test_an_answer_is_taken_along_in_five_formats(reading: TestClient) -> None:
    """Each text form carries the disclaimer, each reference form every reference."""
    shown = page(reading, asked(reading).split("#")[0])
    link = shown.xpath("//a[contains(., 'Link to this answer')]/@href")[0]
    count = len(shown.xpath("//ol[@class='references']/li"))
    texts = {kind: reading.get(f"{link}.{kind}") for kind in ("txt", "md", "json", "ris", "bib")}
    assert {response.status_code for response in texts.values()} == {200}
    assert all("attachment" in response.headers["content-disposition"] for response in texts.values())
    for kind in ("txt", "md", "json"):
        assert " ".join(DISCLAIMERS["clinician"].split()) in " ".join(texts[kind].text.split())
    assert len(re.findall(r"^TY  - ", texts["ris"].text, re.MULTILINE)) == count
    assert len(re.findall(r"^@\w+\{", texts["bib"].text, re.MULTILINE)) == count
    assert reading.get(f"{link}.exe").status_code == 404
    assert reading.get("/answers/" + "0" * 22).status_code == 404


def test_studies_that_disagree_stand_on_their_sides(reading: TestClient) -> None:
    """Each side is named with its sources; an answer without a conflict says nothing of one."""
    shown = page(reading, asked(reading).split("#")[0])
    link = shown.xpath("//a[contains(., 'Link to this answer')]/@href")[0]
    assert "Studies disagree" not in words(shown)
    archive = reading.app.state.archive  # type: ignore[attr-defined]
    answer = archive.answer(link.rsplit("/", 1)[1])
    first, second = (reference.number for reference in answer.references[:2])
    conflict = Conflict.model_validate({"about": "Some report a difference, others none.", "for": [first], "against": [second]})
    archive.add(answer.model_copy(update={"id": "0123456789abcdefghijkl", "conflicts": (conflict,)}))
    box = page(reading, "/answers/0123456789abcdefghijkl").xpath("//div[@class='sides']/div")
    assert [words(side.find("strong")) for side in box] == ["Report a difference", "Report none"]
    assert [words(side.find("ul")).split()[-1] for side in box] == [str(first), str(second)]


def test_an_address_of_an_answer_says_when_its_evidence_is_gone(tmp_path: Path) -> None:
    """A link outlives the evidence behind it."""
    corpus = small_site(tmp_path / "corpus")
    with site(site_settings(tmp_path, corpus)) as client:
        link = page(client, asked(client).split("#")[0]).xpath("//a[contains(., 'Link to this answer')]/@href")[0]
        assert "Do not rely on this answer" not in words(page(client, link))
        file = corpus / "articles" / "drug-a.md"
        file.write_text(file.read_text().replace("40 adults", "41 adults"))
        assert "is no longer approved (submitted) after the answer was given" in words(page(client, link))


def test_questions_offered_beside_an_article_are_answered(tmp_path: Path, bundled_settings: Settings) -> None:
    """Each is asked again here, and answered."""
    changes = {"index": bundled_settings.index}
    with site(site_settings(tmp_path, bundled_settings.corpus, **changes)) as client:
        offered = page(client, "/articles/memantine-ocd/questions").xpath("//ul[@class='choices']//button/@value")
        assert len(offered) == 4
        for question in offered:
            shown = page(client, asked(client, question, article="memantine-ocd").split("#")[0])
            assert shown.xpath("//*[@class='said']"), question
        assert page(client, "/articles/memantine-ocd").xpath("//ul[@class='choices']//button/@value") == offered


def test_a_page_that_is_not_there_says_what_to_do(reading: TestClient) -> None:
    """A page of the site, not a bare error."""
    assert "front page" in words(page(reading, "/nothing", 404))


def test_the_editorial_policy_is_the_documents(reading: TestClient) -> None:
    """The package carries the same text as the documents."""
    assert (ROOT / "docs/editorial-policy.md").read_text() == (ROOT / "src/ragqa/editorial/data/editorial-policy.md").read_text()
    assert len(policy_rules()) == 7
    assert all(rule in words(page(reading, "/policy")) for rule in policy_rules())


def test_closed_reading_sends_guests_to_sign_in_and_lets_readers_in(tmp_path: Path) -> None:
    """And back to where they wanted to go."""
    with site(site_settings(tmp_path, small_site(tmp_path / "corpus"), reading="closed", asking="closed")) as client:
        assert client.get("/articles/drug-a").headers["location"].startswith("http://testserver/sign-in")
        token = page(client, "/sign-in").xpath("//input[@name='csrf']/@value")[0]
        assert client.post("/ask", data={"question": QUESTION, "csrf": token}).status_code == 401
        form = {"name": "demo-editor", "password": "correct horse battery", "csrf": token, "next": "/articles/drug-a"}
        assert client.post("/sign-in", data=form).headers["location"] == "/articles/drug-a"
        page(client, "/articles/drug-a")


def test_editors_see_drafts_and_what_was_withdrawn(tmp_path: Path) -> None:
    """With the caution that belongs to each."""
    with site(site_settings(tmp_path, small_site(tmp_path / "corpus"))) as client:
        sign_in(client)
        assert "Withdrawn on" in words(page(client, "/articles/drug-w"))
        assert "not submitted yet" in words(page(client, "/articles/drug-d"))


def test_cells_of_the_evidence_table_are_words_of_the_record() -> None:
    """Over all records of the bundled corpus."""
    corpus = load_corpus(ROOT / "corpus")
    told = 0
    for record in corpus.abstracts.values():
        for cell in (population(record), intervention(record), comparator(record)):
            if cell is not None:
                assert cell in record.text or cell in (record.title or "")
                told += 1
    assert told > 150


def test_what_the_evidence_table_reads_of_known_trials() -> None:
    """Read by a person in the records."""
    found = load_corpus(ROOT / "corpus").abstracts
    cells = {id: (population(found[id]), intervention(found[id]), comparator(found[id])) for id in found}
    assert cells["pmid:29621901"] == ("adults with borderline personality disorder", "lamotrigine up to 400 mg/day", "placebo")
    assert cells["pmid:36804489"] == ("adults with BPD", "ketamine 0.5 mg/kg", "midazolam 0.04 mg/kg")
    assert cells["pmid:12450955"] == ("women with borderline personality disorder", "fluvoxamine", "placebo")
    assert cells["doi:10.1055/a-2075-9182"][1:] == (None, None)


def test_the_sentence_shown_beside_an_articles_sentence_is_in_its_source_and_about_the_same() -> None:
    """And none is shown where none is near."""
    corpus = load_corpus(ROOT / "corpus")
    record = corpus.abstracts["pmid:29549516"]
    start, end = nearest("An 8-week trial added memantine 10 mg/day for 7 days and then 20 mg/day.", record) or (0, 0)
    assert record.text[start:end].startswith("Oral memantine for BPD was started at 10 mg/day for 7 days")
    assert nearest("Clozapine needs blood counts every week.", record) is None
