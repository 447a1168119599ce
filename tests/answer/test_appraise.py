"""Design, size, strength and disagreement are read from records, and the reason is said in words."""

from __future__ import annotations

import pytest
from samples import abstract

from ragqa.answer.appraisal import appraise
from ragqa.answer.assembly import reference
from ragqa.answer.contract import Reference
from ragqa.checking.statements import Statement, Support
from ragqa.corpus.articles import parse_article
from ragqa.corpus.parts import Part
from ragqa.corpus.records import Abstract
from ragqa.corpus.study import follow_up, sample_size, study_design

pytestmark = pytest.mark.quick


def made(number: int, text: str = "", **changes: object) -> Abstract:
    """A record with this text."""
    return Abstract.model_validate(abstract(number, **({"sections": [{"text": text}]} if text else {}), **changes))


def test_publication_types_decide_before_words() -> None:
    """An indexed type wins over what the text mentions; without either the design is unknown, not guessed."""
    assert study_design(made(1, "We discuss a cohort study.", publication_types=["Randomized Controlled Trial"])) == (
        "randomised controlled trial"
    )
    assert (
        study_design(made(1, "A systematic review of trials.", title="Drug A", publication_types=["Review"]))
        == "systematic review"
    )
    assert study_design(made(1, "Drug A was discussed.", title="Drug A", publication_types=[])) is None


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("We enrolled 1,204 adult patients with depression.", 1204),
        ("A trial (n = 33) of drug A.", 33),
        ("Ten trials with 70 388 participants were pooled.", 70388),
        ("Drug A (n=24) or placebo (n = 25) was given.", 49),
        ("Drug A (n = 24) or placebo (n = 25) was given to 47 women.", 47),
        ("In adults (n = 49), drug A (n = 24) or placebo (n = 25) was given.", 49),
        ("Seventy-two people, 24 men among them, took part.", 72),
        ("A trial of 24 weeks in adults with depression.", None),
        ("For 24 weeks patients took drug A.", None),
        ("A 24-week open trial in adults, then a second one with 31 women.", 31),
        ("At 25 centres, adults took 40 mg daily; 12 trials in children are under way.", None),
        ("Up to 96% of patients and at least 20 people in each arm.", None),
        ("Some 300 of the patients, almost 1,200 adults in all, were followed.", 1200),
        ("Drug A 20 mg was given for 8 weeks.", None),
        ("In 2019, drug A was approved.", None),
    ],
)
def test_a_sample_size_is_a_count_of_people(text: str, size: int | None) -> None:
    """Counts of people and n = are read; doses, weeks and years are not."""
    assert sample_size(made(1, text)) == size


def statement(text: str, number: int, part: Part = Part.EVIDENCE) -> Statement:
    """A statement citing reference ``number``."""
    support = Support(reference=number, passage="p", quote=text, start=0, end=len(text), score=1.0)
    return Statement(text=text, section=part, citations=(number,), support=(support,))


def numbered(*records: Abstract) -> list[Reference]:
    """References 1, 2, ... of these records."""
    return [reference(record).model_copy(update={"number": n}) for n, record in enumerate(records, start=1)]


def test_small_trials_are_marked_down_for_imprecision() -> None:
    """A trial starts high; under 400 participants it is moderate, and the number is said."""
    evidence, conflicts = appraise([statement("Drug A lowered the score more than placebo.", 1)], numbered(made(40)))
    assert (evidence.strength, conflicts) == ("moderate", ())
    assert "40 participants" in evidence.why
    assert "risk of bias" in evidence.why


def test_disagreement_is_shown_on_both_sides_and_marks_down() -> None:
    """One trial with a difference and one without: both are named, neither is averaged away."""
    statements = [
        statement("Drug A lowered the score more than placebo.", 1),
        statement("Drug A did not differ from placebo.", 2),
    ]
    evidence, (conflict,) = appraise(statements, numbered(made(300), made(301)))
    assert (conflict.for_, conflict.against) == ((1,), (2,))
    assert evidence.strength == "moderate"
    assert "inconsistency" in evidence.why


def test_an_article_alone_is_no_study(small_corpus: object) -> None:
    """Article text without a study behind it is very low, and says so."""
    from pathlib import Path

    article = parse_article(Path(str(small_corpus)) / "articles" / "drug-a.md")
    evidence, _ = appraise([statement("Drug A is not recommended.", 1)], [reference(article)])
    assert evidence.strength == "very_low"
    assert "article text" in evidence.why


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("Adults took drug A for 8 weeks after a 2-week washout.", "8 weeks"),
        ("A 12-month follow-up of adults older than 60 years.", "12 month"),
        ("Adults aged 18 to 65 years.", None),
        ("A 10-year follow-up of the cohort.", "10 year"),
        ("Children aged 6 to 24 months took it over six weeks.", "six weeks"),
        ("They were seen every three months.", None),
        ("It was taken for up to 18 months.", "up to 18 months"),
    ],
)
def test_follow_up_is_the_longest_duration_of_the_methods(text: str, duration: str | None) -> None:
    """Ages are no durations."""
    record = Abstract.model_validate(abstract(1, sections=[{"label": "METHODS", "text": text}], title="A study"))
    assert follow_up(record) == duration


def test_each_downgrade_is_named_with_its_reason() -> None:
    """Risk of bias, indirectness and an interval across no effect each take one level and say so."""
    bias = statement("Drug A lowered the score more than placebo in an open-label trial.", 1)
    evidence, _ = appraise([bias], numbered(made(900)), subjects_held=0.0)
    assert evidence.strength == "low"
    assert "risk of bias" in evidence.why
    assert "indirectness" in evidence.why
    wide = statement("Relapse was as frequent with drug A (RR 0.9, 95% CI 0.6 to 1.4) as with placebo.", 1)
    evidence, _ = appraise([wide], numbered(made(900)))
    assert (evidence.strength, "imprecision" in evidence.why) == ("moderate", True)
