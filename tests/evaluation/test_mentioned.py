"""The measure of drugs that are only mentioned: which they are, what is asked about them, and each verdict."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass

import pytest
from answers import answer
from samples import ROOT, abstract

from ragqa.answer.contract import Statement
from ragqa.corpus.records import Abstract
from ragqa.question.refusal import Status

sys.path.append(str(ROOT / "eval" / "measure"))

import mentioned
from mentioned import CONDITION, DRUG, INTERACTION, QUESTIONS, Question, Source, Verdict, figures, judge, only_mentioned, source

pytestmark = pytest.mark.quick
KINDS = {"zolam": DRUG, "zetine": DRUG, "zapine": DRUG, "glumness": CONDITION, "fever": CONDITION}
ASKED = Question("dose", "zolam", None, "What dose of zolam should be given?")
BESIDE = Question(INTERACTION, "zolam", "zapine", "Can zolam be taken together with zapine?")


@dataclass(frozen=True)
class Concept:
    """One for a test."""

    id: str
    kind: str


@dataclass(frozen=True)
class Link:
    """One for a test."""

    start: int
    text: str
    concepts: tuple[Concept, ...]


def links(text: str) -> list[Link]:
    """Made-up drugs and conditions."""
    found = re.finditer("|".join(KINDS), text, re.IGNORECASE)
    return [Link(m.start(), m[0], (Concept(m[0].lower(), KINDS[m[0].lower()]),)) for m in found]


@pytest.fixture(autouse=True)
def linked(monkeypatch: pytest.MonkeyPatch) -> None:
    """The made-up names in place of a vocabulary."""
    monkeypatch.setattr(mentioned.concepts, "links", links, raising=False)


def read(kind: str, text: str, **changes: object) -> Source:
    """A source with this text."""
    fields = abstract(1) | {"title": "A trial", "mesh": [], "sections": [{"label": None, "text": text}], **changes}
    return source(Abstract.model_validate(fields), kind)


@pytest.mark.parametrize(
    ("text", "changes", "drugs"),
    [
        ("It was compared with zolam. Nobody fell.", {}, {"zolam": "zolam"}),
        ("Adults took zetine or ZOLAM. Some of them had zolam. Some later took zolam.", {}, {"zolam": "zolam"}),
        ("Zolam was given.", {}, {}),
        ("Trials of zolam found little.", {}, {}),
        ("The many trials of zolam found little.", {}, {"zolam": "zolam"}),
        ("It was compared with zolam.", {"title": "Zolam in adults"}, {}),
        ("It was compared with zolam.", {"mesh": ["Zolam"]}, {}),
    ],
)
def test_a_drug_is_only_mentioned_where_no_source_is_about_it(
    text: str, changes: dict[str, object], drugs: dict[str, str]
) -> None:
    """No title, topic or heading names it and no sentence opens with it; ``zetine`` is what the second one is about."""
    assert only_mentioned([read(DRUG, text, **changes), read(DRUG, "Zetine was given.")]) == drugs


def test_what_it_is_asked_with_stands_nowhere_beside_it() -> None:
    """Five questions; the other drug in no sentence with it, the condition in no source with it."""
    texts = (
        ("It was compared with zolam or zetine in fever.", "Zetine"),
        ("It helped.", "Zapine in glumness"),
        ("It helped.", "Fever"),
    )
    drugs, conditions = ([read(kind, text, title=title) for text, title in texts] for kind in (DRUG, CONDITION))
    asked = list(mentioned.questions(drugs, conditions))
    assert [question.kind for question in asked] == list(QUESTIONS)
    assert asked[3] == BESIDE
    assert asked[4].text == "Is zolam effective in glumness?"


def test_what_stands_beside_it_everywhere_is_not_asked_about() -> None:
    """Three kinds of question need nothing else."""
    drugs, conditions = ([read(kind, "It was zetine or zolam in fever.", title="Zetine in fever")] for kind in (DRUG, CONDITION))
    assert [question.kind for question in mentioned.questions(drugs, conditions)] == ["dose", "renal", "pregnancy"]


def test_no_drug_no_question() -> None:
    """Nothing is asked of an empty corpus."""
    assert list(mentioned.questions([], [])) == []


def verdict(question: Question, *texts: str, message: str | None = None) -> Verdict:
    """What is said of an answer with these statements."""
    whole = answer()
    statements = tuple(Statement.model_validate(whole.statements[0].model_dump() | {"text": text}) for text in texts)
    return judge(question, whole.model_copy(update={"statements": statements, "message": message})).verdict


@pytest.mark.parametrize(
    ("question", "texts", "expected"),
    [
        (ASKED, ["Zolam 5 mg was given."], Verdict.OF_IT),
        (ASKED, ["Zolam 5 mg was given.", "Zapine or zolam was given."], Verdict.BESIDE),
        (ASKED, ["Zolam 5 mg was given.", "Nobody fell."], Verdict.OF_NONE),
        (ASKED, ["Nobody fell.", "Zapine 5 mg was given."], Verdict.OF_ANOTHER),
        (BESIDE, ["Zapine may be given with zolam."], Verdict.OF_IT),
        (BESIDE, ["Zolam 5 mg was given."], Verdict.BESIDE),
        (BESIDE, ["Zapine 5 mg was given."], Verdict.OF_ANOTHER),
    ],
)
def test_the_worst_statement_decides(question: Question, texts: list[str], expected: Verdict) -> None:
    """About it is what names it first or, of an interaction, what names both."""
    assert verdict(question, *texts) is expected


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("No source searched covers zolam.", Verdict.SAID),
        ("No source searched covers zapine.", Verdict.OF_ANOTHER),
        ("Zolam was understood.", Verdict.OF_ANOTHER),
    ],
)
def test_what_is_said_before_the_statements_counts_only_if_it_says_so(message: str, expected: Verdict) -> None:
    """Of the drug that was asked about."""
    assert verdict(ASKED, "Zapine 5 mg was given.", message=message) is expected


def test_each_kind_of_refusal_is_told_apart() -> None:
    """And every status but an answer is one."""
    assert {*mentioned.REFUSED} == {*Status} - {Status.ANSWERED}
    refused = answer().model_copy(update={"statements": (), "status": Status.NEEDS_CLARIFICATION, "message": "Which?"})
    assert judge(ASKED, refused).verdict is Verdict.ASKED_BACK


def test_faults_are_counted() -> None:
    """An answer about it is none: it is for reading."""
    asked = [mentioned.Asked(ASKED, one, ()) for one in Verdict]
    found = figures(asked)
    assert (found["questions"], found["drugs"], found["faults"]["count"]) == (7 + 1, 1, 3)
    assert found["kinds"]["dose"] == {one.value: 1 for one in Verdict}
    assert "8 questions, 3 faults" in next(mentioned.table(found))
