"""Sites to open pages of: a small corpus in every review state, and one in which all text is hostile."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient
from lxml import html
from samples import ARTICLE, abstract, write_reviews

from ragqa.editorial.library import Library
from ragqa.editorial.regenerate import propose
from ragqa.pipeline import Ragqa
from ragqa.question.asked import Asked
from ragqa.settings import Settings
from ragqa.web.app import create_app

PASSWORD = "correct horse battery"
QUESTION = "Does drug A help in condition B?"
WITHDRAWN = "drug-w"
MARKUP = (
    "</title></textarea></style><script>window.pwned=1</script>"
    "<img src=x onerror=window.pwned=1><svg onload=window.pwned=1></svg>"
    '"\' onfocus=window.pwned=1 autofocus x="<iframe src=javascript:window.pwned=1></iframe>'
    "<a href=javascript:window.pwned=1>link</a>{{ 7*191 }}{% raw %}${7*191}<!--\u202e"
)
"""Markup, attributes, templates, comments and a direction override: shown as text it does nothing."""


def article(title: str, *, topic: str = "condition B", text: str = ARTICLE) -> str:
    """An article's file under another title."""
    named = re.sub(r"^title: .*$", lambda _: f"title: {json.dumps(title)}", text, count=1, flags=re.MULTILINE)
    return re.sub(r"^topics: .*$", lambda _: f"topics: [{json.dumps(topic)}]", named, count=1, flags=re.MULTILINE)


def write_site(
    folder: Path, articles: dict[str, str], abstracts: list[dict[str, Any]], steps: list[tuple[str, str, str]]
) -> Path:
    """A corpus folder; ``steps`` are (slug, state, by), bound to the present content."""
    (folder / "articles").mkdir(parents=True)
    (folder / "abstracts").mkdir()
    for slug, text in articles.items():
        (folder / "articles" / f"{slug}.md").write_text(text, encoding="utf-8")
    (folder / "abstracts" / "all.jsonl").write_text("".join(json.dumps(record) + "\n" for record in abstracts), encoding="utf-8")
    hashes = {slug: hashlib.sha256(text.encode()).hexdigest() for slug, text in articles.items()}
    write_reviews(
        folder,
        [
            {
                "article": slug,
                "sha256": hashes[slug],
                "state": state,
                "by": by,
                "at": f"2026-01-{day:02}T09:30:00Z",
                "note": note_of(by),
            }
            for day, (slug, state, by) in enumerate(steps, start=1)
        ],
    )
    return folder


def note_of(by: str) -> str:
    """A note as hostile as whoever wrote it."""
    return f"note by {by}"


def small_site(folder: Path) -> Path:
    """Approved, submitted, draft and withdrawn articles; of three trials one is retracted and one under concern."""
    articles = {
        "drug-a": ARTICLE,
        "drug-s": article("Does drug S help in condition B?"),
        "drug-d": article("Does drug D help in condition B?"),
        WITHDRAWN: article("Does drug W help in condition B?"),
    }
    steps = [
        ("drug-a", state, by)
        for state, by in (("submitted", "demo-author"), ("under_review", "demo-editor"), ("approved", "demo-editor"))
    ]
    steps += [
        ("drug-s", "submitted", "demo-author"),
        (WITHDRAWN, "submitted", "demo-author"),
        (WITHDRAWN, "withdrawn", "demo-editor"),
    ]
    records = [
        abstract(101, authors=["Alpha A", "Beta B"], journal="Journal of Tests", doi="10.1000/t.101"),
        abstract(102, notices=[{"kind": "expression_of_concern", "note": "figures under inquiry"}]),
        abstract(103, notices=[{"kind": "retraction", "note": "data were made up"}]),
    ]
    return write_site(folder, articles, records, steps)


def hostile_site(folder: Path) -> Path:
    """The small corpus with MARKUP in every text that a page can show."""
    body = ARTICLE.replace("lowered the symptom score.", f"lowered the symptom score {MARKUP}.")
    hostile = article(f"Does drug A help in condition B? {MARKUP}", topic=MARKUP, text=body)
    waiting = article(f"Is drug A safe? {MARKUP}", topic=MARKUP, text=body)
    records = [
        abstract(
            number,
            title=f"Trial {number} {MARKUP}",
            authors=[f"Alpha {MARKUP} A"],
            journal=MARKUP,
            doi=f"10.1000/{number}\"onx='1",
            url="javascript:window.pwned=1",
            source=MARKUP,
            sections=[{"label": MARKUP, "text": f"A randomised trial enrolled {number} adults with condition B. {MARKUP}"}],
            notices=[{"kind": "correction", "note": MARKUP}],
        )
        for number in (101, 102)
    ]
    steps = [
        ("drug-a", state, by) for state, by in (("submitted", f"a {MARKUP}"), ("under_review", MARKUP), ("approved", MARKUP))
    ]
    return write_site(folder, {"drug-a": hostile, "drug-h": waiting}, records, [*steps, ("drug-h", "submitted", MARKUP)])


def site_settings(folder: Path, corpus: Path, **changes: Any) -> Settings:
    """Settings of a server over a corpus, patient with a busy machine."""
    given: dict[str, Any] = {
        "corpus": corpus,
        "index": folder / "index",
        "serving": folder / "serving",
        "library": folder / "library.sqlite",
        "results": folder / "results",
        "hosts": ("testserver", "127.0.0.1"),
        "asks_per_minute": 0,
        "request_seconds": 300,
    }
    return Settings(**(given | changes))


def fill_library(settings: Settings, *questions: str) -> None:
    """Answers waiting for sign-off."""
    with Ragqa.open(settings) as ragqa, Library(settings.library) as library:
        propose(library, ragqa, [Asked(question=question) for question in questions], "clinician", 1)


@contextmanager
def site(settings: Settings) -> Iterator[TestClient]:
    """The app in its lifespan with an editor who may sign in; a browser's cookies are kept, redirects are not followed."""
    app = create_app(settings)
    with TestClient(app, follow_redirects=False, headers={"Accept": "text/html"}) as client:
        app.state.accounts.add("demo-editor", "editor", PASSWORD)
        app.state.accounts.add("demo-second-editor", "editor", PASSWORD)
        yield client


def page(client: TestClient, path: str, status: int = 200) -> html.HtmlElement:
    """A page, parsed."""
    response = client.get(path)
    assert response.status_code == status, (path, response.status_code, response.text[:300])
    return html.fromstring(response.text)


def words(element: html.HtmlElement) -> str:
    """What a reader sees, white space folded and joiners left out."""
    return " ".join(element.text_content().replace("\u2060", "").split())


def send(client: TestClient, path: str, form: dict[str, str], **headers: str) -> Any:
    """Post a form with the token of the visit."""
    found = page(client, "/policy").xpath("//input[@name='csrf']/@value") or page(client, "/").xpath(
        "//input[@name='csrf']/@value"
    )
    return client.post(path, data={"csrf": found[0]} | form, headers=headers)


def sign_in(client: TestClient, name: str = "demo-editor") -> None:
    """Sign in as an editor."""
    response = send(client, "/sign-in", {"name": name, "password": PASSWORD, "next": "/"})
    assert response.status_code == 303, response.text[:300]
