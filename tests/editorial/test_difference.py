"""What changed between two answers: nothing from itself, the gravest first, and shown without acting on the page."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from answers import HOSTILE, answer, hostile_answer
from samples import ARTICLE, abstract, write_corpus

from ragqa.answer.contract import Answer
from ragqa.corpus.articles import parse_article
from ragqa.corpus.parts import Part
from ragqa.editorial.difference import (
    Difference,
    SentenceChange,
    Severity,
    as_html,
    as_markdown,
    as_text,
    compare,
    compare_articles,
    runs,
)
from ragqa.pipeline import Ragqa

QUESTIONS = (
    "Is memantine effective as a first-line treatment for Borderline Personality Disorder?",
    "Is clozapine better than olanzapine in treatment-resistant schizophrenia?",
    "Does naltrexone stop self-cutting in borderline personality disorder?",
)


def reworded(made: Answer, old: str, new: str, place: int = 0) -> Answer:
    """The answer with one statement's text changed."""
    statement = made.statements[place]
    assert old in statement.text
    changed = statement.model_copy(update={"text": statement.text.replace(old, new)})
    statements = (*made.statements[:place], changed, *made.statements[place + 1 :])
    return made.model_copy(update={"statements": statements})


@pytest.mark.parametrize("question", QUESTIONS)
def test_an_answer_does_not_differ_from_itself_and_loses_all_to_another(question: str, ragqa: Ragqa) -> None:
    """Same: no change. Another question's answer: every sentence of either is in some change, once."""
    made, other = ragqa.ask(question), ragqa.ask(QUESTIONS[0])
    assert compare(made, made).severity is Severity.SAME
    assert compare(made, made).changes == ()
    found = compare(made, other)
    changed = [change.before for change in found.changes if change.before]
    kept = [s.text for s in made.statements if s.text in {t.text for t in other.statements}]
    assert sorted(changed + kept) == sorted(s.text for s in made.statements) or question == QUESTIONS[0]
    assert [c.severity for c in found.changes] == sorted((c.severity for c in found.changes), reverse=True)


def test_severity_follows_what_a_clinician_acts_on(ragqa: Ragqa) -> None:
    """Case is wording; a number in a recommendation changes the recommendation; one in the evidence changes the evidence."""
    made = ragqa.ask(QUESTIONS[0])
    first = made.statements[0]
    assert first.section is Part.RECOMMENDATION
    shouted = reworded(made, first.text, first.text.upper())
    assert compare(made, shouted).severity is Severity.WORDING
    assert compare(made, reworded(made, first.text, f"{first.text} Give 40 mg.")).severity is Severity.RECOMMENDATION
    place = next(i for i, s in enumerate(made.statements) if s.section is Part.EVIDENCE)
    assert compare(made, reworded(made, ".", ", or so.", place)).severity is Severity.EVIDENCE
    gone = made.model_copy(update={"statements": made.statements[1:]})
    assert compare(made, gone).severity is Severity.RECOMMENDATION
    silent = answer(status="insufficient_evidence", statements=(), references=(), message="Nothing.")
    assert compare(made, silent).notes[0].startswith("status: answered before")


def test_a_denial_is_never_wording(ragqa: Ragqa) -> None:
    """One word that turns a sentence round is a change of what it says."""
    made = ragqa.ask(QUESTIONS[0])
    for place, statement in enumerate(made.statements):
        turned = reworded(made, statement.text, f"It is not true that {statement.text}", place)
        assert compare(made, turned).severity >= Severity.EVIDENCE, statement.text


@pytest.mark.parametrize(
    ("old", "new"), [("-2.3", "2.3"), ("p<0.05", "p>0.05"), ("5 mg", ".5 mg"), ("more", "less"), ("20%", "20")]
)
def test_a_turned_sign_or_bound_is_never_wording(old: str, new: str) -> None:
    """A change of wording replaces a signed-off answer without anybody reading it."""
    said = "Drug A 5 mg lowered the score more than placebo (-2.3 points, p<0.05) in 20% of adults."
    made = answer()
    made = made.model_copy(update={"statements": (made.statements[0].model_copy(update={"text": said}),)})
    assert compare(made, reworded(made, old, new)).severity is Severity.EVIDENCE


def test_renumbering_is_no_change_of_sources(ragqa: Ragqa) -> None:
    """Numbers belong to one answer; what is compared is the source."""
    made = ragqa.ask(QUESTIONS[1])
    turned = {reference.number: len(made.references) + 1 - reference.number for reference in made.references}
    statements = tuple(
        s.model_copy(
            update={
                "citations": tuple(turned[n] for n in s.citations),
                "support": tuple(u.model_copy(update={"reference": turned[u.reference]}) for u in s.support),
            }
        )
        for s in made.statements
    )
    references = tuple(
        sorted((r.model_copy(update={"number": turned[r.number]}) for r in made.references), key=lambda r: r.number)
    )
    renumbered = made.model_copy(update={"statements": statements, "references": references})
    assert compare(made, renumbered).severity is Severity.WORDING
    assert compare(made, renumbered).changes == ()


def test_hostile_text_is_inert_in_every_medium() -> None:
    """Tags, terminal codes and Markdown of a source stay text."""
    hostile = hostile_answer()
    found = compare(answer(), hostile)
    assert found.changes
    page = as_html([(HOSTILE, found)], "Waiting")
    assert "<script" not in page
    assert "{{" in page  # shown, not run
    for text in (page, as_text(found, HOSTILE), as_markdown(found, HOSTILE)):
        assert "\x1b" not in text
        assert "\u202e" not in text
    assert not re.search(r"(?<!\\)<script", as_markdown(found, HOSTILE))


def test_shown_changes_give_back_both_sentences() -> None:
    """What is marked as gone and as new, put together with what stayed, are the two sentences."""
    before, after = "Drug A 20 mg/day lowered the score in adults.", "Drug A 10 mg/day lowered the mean score in older adults."
    change = SentenceChange(part=Part.EVIDENCE, before=before, after=after, lost=(), gained=(), severity=Severity.EVIDENCE)
    assert " ".join(text for kind, text in runs(change) if kind != "+") == before
    assert " ".join(text for kind, text in runs(change) if kind != "-") == after


def test_a_changed_number_shows_as_gone_and_come(ragqa: Ragqa) -> None:
    """The editor sees the two figures side by side."""
    made = ragqa.ask("What dose of memantine in severe renal impairment?")
    place, figure = next((i, w) for i, s in enumerate(made.statements) for w in s.text.split() if w.isdecimal())
    other = reworded(made, f" {figure} ", " 9999 ", place)
    shown = as_text(compare(made, other), "1. Dose?")
    assert f"[-{figure}-]" in shown
    assert "{+9999+}" in shown
    assert replace(compare(made, other), notes=()).severity >= Severity.EVIDENCE


def test_an_article_is_compared_by_sentence_and_source(tmp_path: Path) -> None:
    """A reworded point, a number, a source that came and a title, each by its weight; the dates alone are wording."""
    corpus = write_corpus(tmp_path / "corpus", {"drug-a": ARTICLE}, [abstract(101), abstract(102)])
    before = parse_article(corpus / "articles" / "drug-a.md")

    def found(old: str, new: str) -> Difference:
        file = tmp_path / "other.md"
        assert old in ARTICLE
        file.write_text(ARTICLE.replace(old, new), encoding="utf-8")
        return compare_articles(before, parse_article(file, "drug-a"), {"pmid:102": "The second trial."})

    assert compare_articles(before, before, {}).severity is Severity.SAME
    assert found("2026-01-02", "2026-02-02").severity is Severity.WORDING
    assert found("20 mg/day", "30 mg/day").severity is Severity.EVIDENCE
    assert found("not recommended", "recommended").severity is Severity.RECOMMENDATION
    assert found("Does drug A", "Does much drug A").notes == (
        "title: Does drug A help in condition B? -> Does much drug A help in condition B?",
    )
    cited = found("adults. [1]", "adults. [1, 2]")
    assert [change.gained for change in cited.changes] == [("pmid:102",)]
    assert cited.severity is Severity.EVIDENCE
    assert "now cites pmid:102: The second trial." in as_text(cited, "Drug A")


def test_a_new_answer_is_all_new(ragqa: Ragqa) -> None:
    """Each of its sentences came, none went."""
    made = ragqa.ask(QUESTIONS[0])
    found = compare(None, made)
    assert found.notes == ("a new question",)
    assert {change.before for change in found.changes} == {None}
    assert sorted(str(change.after) for change in found.changes) == sorted(s.text for s in made.statements)
