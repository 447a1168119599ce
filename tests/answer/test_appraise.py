"""Design, size, strength and disagreement are read from records, and the reason is said in words."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from samples import abstract

from ragqa.answer.appraisal import Body, appraise
from ragqa.answer.assembly import reference
from ragqa.answer.contract import Reference
from ragqa.checking.statements import Statement, Support
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


def graded(*records: Abstract, quotes: Sequence[str] = (), of_course: bool = False, held: float = 1.0) -> tuple[str, str]:
    """The strength of a body of these studies, told of by these quotes, and why."""
    body = Body(studies=records, quotes=tuple(quotes))
    evidence, _ = appraise([], numbered(*records), body, held, of_course=of_course)
    return evidence.strength, evidence.why


def trial(number: int, participants: int, more: str = "") -> Abstract:
    """A randomised trial of so many."""
    text = f"We randomised {participants} adults to drug A or placebo. {more}"
    return made(number, text, publication_types=["Randomized Controlled Trial"])


@pytest.mark.parametrize(
    ("sizes", "strength"),
    [((900,), "high"), ((300,), "moderate"), ((101,), "moderate"), ((100,), "low"), ((40, 45), "low"), ((250, 260), "high")],
)
def test_trials_are_marked_down_by_how_many_they_are_in_all(sizes: tuple[int, ...], strength: str) -> None:
    """Under 400 participants one level, up to a quarter of that two, and the number is said."""
    found, why = graded(*(trial(number, size) for number, size in enumerate(sizes, start=1)))
    assert found == strength
    assert (f"{sum(sizes)} participants" in why) is (strength != "high")
    assert "risk of bias" in why


def test_a_review_counts_as_large_as_its_largest() -> None:
    """Trials add up, reviews hold the same trials."""
    reviews = [made(n, f"Ten trials with {n}00 patients were pooled.", publication_types=["Meta-Analysis"]) for n in (2, 3)]
    found, why = graded(*reviews)
    assert (found, "300 participants" in why) == ("moderate", True)


def test_the_strongest_design_counts() -> None:
    """A cohort beside a trial neither lowers nor adds."""
    cohort = made(2, "A cohort of 5,000 adults.", publication_types=["Cohort Study"])
    assert graded(trial(1, 90), cohort)[0] == "low"
    assert "randomised controlled trial" in graded(trial(1, 90), cohort)[1]


def test_disagreement_is_shown_on_both_sides_and_marks_down_where_it_is_behind_the_answer() -> None:
    """One trial with a difference and one without: both are named, neither is averaged away."""
    statements = [
        statement("Drug A lowered the score more than placebo.", 1),
        statement("Drug A did not differ from placebo.", 2),
    ]
    first, second, third = trial(1, 900), trial(2, 900), trial(3, 900)
    evidence, (conflict,) = appraise(statements, numbered(first, second, third), Body(studies=(first,), quotes=()))
    assert (conflict.for_, conflict.against) == ((1,), (2,))
    assert "inconsistency" in evidence.why
    evidence, (conflict,) = appraise(statements, numbered(first, second, third), Body(studies=(third,), quotes=()))
    assert (conflict.for_, "inconsistency" in evidence.why) == ((1,), False)


def test_an_article_alone_is_no_study() -> None:
    """Without a study of known design behind it the evidence is very low, and it is said."""
    assert graded(quotes=["Drug A is not recommended."])[0] == "very_low"
    unknown = made(1, "Drug A was discussed.", title="Drug A", publication_types=[])
    assert graded(unknown) == graded()
    assert "No study of known design" in graded(unknown)[1]


@pytest.mark.parametrize(
    ("named", "strength"),
    [
        ("Low-certainty evidence shows a benefit of drug A.", "low"),
        ("There is very low quality evidence on drug A.", "very_low"),
        ("Moderate-certainty evidence favours drug A.", "moderate"),
        ("High-certainty evidence favours drug A, low-certainty evidence drug B.", "low"),
        ("Statement 3 (1B) asks for drug A.", "moderate"),
        ("Offer drug A (2C).", "low"),
        ("Drug A lowered low moods in a moderate share.", "moderate"),
        ("Drug A was given in phase 1C.", "high"),
    ],
)
def test_what_the_source_grades_itself_is_kept(named: str, strength: str) -> None:
    """In GRADE's levels or letters; of several the lowest."""
    size = 300 if "moods" in named else 900
    assert graded(trial(1, size), quotes=[named])[0] == strength


def test_a_course_is_told_best_by_watching() -> None:
    """Cohorts start low on what a treatment does, high on what becomes of patients."""
    cohort = made(1, "A cohort of 5,000 adults was followed.", publication_types=["Cohort Study"])
    assert [graded(cohort)[0], graded(cohort, of_course=True)[0]] == ["low", "high"]
    assert graded(trial(1, 900), of_course=True)[0] == graded(trial(1, 900))[0]


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


WHOLE = "The risk was lower with drug A (RR 0.8, 95% CI 0.7 to 0.9)."


@pytest.mark.parametrize(
    ("quote", "record", "reason"),
    [
        (WHOLE, "", ""),
        (WHOLE, "The trial was open-label.", "risk of bias"),
        (WHOLE, "An open-label extension followed.", ""),
        (WHOLE, "The trial was stopped early.", "risk of bias"),
        (WHOLE, "The trial was stopped early for futility.", ""),
        (f"In a post hoc analysis {WHOLE}", "", "risk of bias"),
        (f"Trials of drug A disagree. {WHOLE}", "", "inconsistency"),
        ("Relapse was as frequent with drug A (RR 0.9, 95% CI 0.6 to 1.4) as with placebo.", "", "includes no effect"),
        ("Fewer died with drug A (OR 0.4, 95% CI 0.2 to 0.9).", "", "very wide"),
        ("Fewer died with drug A.", "", ""),
    ],
)
def test_each_downgrade_is_named_with_its_reason(quote: str, record: str, reason: str) -> None:
    """One level each, read from the quotes and the records behind them."""
    found, why = graded(trial(1, 900, record), quotes=[quote])
    assert found == ("moderate" if reason else "high")
    assert ("down one" in why) is bool(reason)
    assert reason in why


def test_indirectness_is_one_reason_more() -> None:
    """Where the evidence is not about all that is asked."""
    found, why = graded(trial(1, 900, "The trial was unblinded."), quotes=[WHOLE], held=0.5)
    assert (found, "indirectness" in why) == ("low", True)


def test_evidence_that_starts_low_is_not_marked_down_for_being_open() -> None:
    """That is why it starts low."""
    open_ = made(1, "An open-label study of drug A in 50 adults.", publication_types=[])
    assert graded(open_)[0] == "low"


def test_a_size_that_nobody_tells_is_no_precision() -> None:
    """A review that reports neither how many nor an interval is not sure."""
    review = made(1, "A systematic review of drug A.", publication_types=["Systematic Review"])
    assert [graded(review)[0], graded(review, quotes=[WHOLE])[0]] == ["moderate", "high"]


def test_a_pilot_is_very_small_whatever_its_size() -> None:
    """Its own authors say that it cannot tell."""
    assert [graded(trial(1, 200))[0], graded(trial(1, 200), quotes=["A pilot of drug A helped."])[0]] == ["moderate", "low"]
