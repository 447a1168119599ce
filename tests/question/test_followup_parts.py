"""The phenomena of a follow-up one by one: what each rule does with a question and a thread."""

from __future__ import annotations

import pytest

from ragqa.language.concepts import Role
from ragqa.question.followup.anaphora import refers_back, resolved, unnamed
from ragqa.question.followup.correction import corrected
from ragqa.question.followup.ellipsis import completed, stands_alone
from ragqa.question.followup.mentions import mentions, subjects, telling_words, texts_of
from ragqa.question.followup.rewriting import rewritten
from ragqa.question.followup.substitution import exchanged
from ragqa.question.followup.thread import Thread

pytestmark = pytest.mark.quick

DOSE = "What is the target dose of memantine in Alzheimer's disease?"
THREAD = Thread(question=DOSE, pending="", topic="")
WEIGHED = Thread(question="Is duloxetine better than pregabalin for anxiety?", pending="", topic="")


def test_a_thread_gives_of_each_role_what_the_last_question_says_else_the_topic() -> None:
    """A topic's population is not taken for the question's; a name alone is a topic that a pronoun may stand for."""
    about = Thread(question="Does memantine help?", pending="", topic="Does lithium help children with autism?")
    assert about.of(Role.TREATMENT) == ["memantine"]
    assert about.of(Role.CONDITION) == ["autism"]
    assert about.of(Role.POPULATION) == []
    assert Thread(question="", pending="", topic="Ada Lovelace").of(Role.NAME) == ["Ada Lovelace"]


def test_only_a_thread_about_medicine_is_clinical_and_carries_words_over() -> None:
    """A payment plan is no treatment."""
    plans = Thread(question="How do I change my payment plan?", pending="", topic="")
    assert not plans.clinical
    assert plans.carried(Role.TREATMENT) == []
    assert THREAD.carried(Role.TREATMENT) == ["memantine"]
    assert WEIGHED.carried(Role.TREATMENT) == ["duloxetine"]


def test_what_is_compared_with_is_no_subject() -> None:
    """ "Better than placebo" asks about something else; stop words tell nothing."""
    text = "Is lithium better than quetiapine in mania?"
    assert [mention.text for mention in subjects(text, mentions(text))] == ["lithium", "mania"]
    assert texts_of(Role.TREATMENT, mentions(text)) == ["lithium", "quetiapine"]
    assert telling_words(text, mentions(text)) == ["better", "than"]


@pytest.mark.parametrize(
    ("said", "thread", "means"),
    [
        ("is it safe?", THREAD, ["is memantine safe?"]),
        ("what about its half-life?", THREAD, ["what about memantine's half-life?"]),
        ("what dose was it given at?", WEIGHED, ["what dose was duloxetine given at?", "what dose was pregabalin given at?"]),
        ("is lithium safe, and does it help?", THREAD, []),
        ("when it is better to wait", THREAD, []),
    ],
)
def test_a_pronoun_becomes_each_treatment_that_it_could_mean(said: str, thread: Thread, means: list[str]) -> None:
    """None where the question itself names it, or where "it" is nothing."""
    assert resolved(said, mentions(said), thread) == means


def test_what_points_back_is_noticed_with_or_without_a_thread() -> None:
    """ "This drug" is unnamed until somebody named it; beside a name a pronoun seldom points back."""
    assert refers_back("Are they safe?")
    assert not refers_back("Will it rain in Zurich?")
    assert unnamed("Does this drug help?") == "this drug help"
    assert unnamed("Does this tablet help?", said="which tablets are there") == ""


@pytest.mark.parametrize(
    ("base", "said", "rejected", "becomes"),
    [
        ("Does memantine help in OCD?", "lithium", (), "Does lithium help in OCD?"),
        ("Does memantine or lithium help?", "quetiapine", ("lithium",), "Does memantine or quetiapine help?"),
        ("Does memantine help?", "mania", (), "Does memantine help in mania?"),
        ("Is it safe?", "lithium", (), "Is lithium safe?"),
        ("Is quetiapine useful in mania, 150 or 300 mg?", "lithium", (), "Is lithium useful in mania"),
    ],
)
def test_a_mention_takes_the_place_of_its_like(base: str, said: str, rejected: tuple[str, ...], becomes: str) -> None:
    """Of the rejected one where one was; added where the base has none; the number of another drug goes with it."""
    assert exchanged(base, mentions(said), rejected) == becomes


@pytest.mark.parametrize(
    ("question", "alone"),
    [
        ("Does lithium prevent suicide in bipolar disorder?", True),
        ("Does lithium help?", True),
        ("Does memantine help?", False),
        ("better in adults?", False),
    ],
)
def test_a_question_stands_alone_that_names_what_it_is_about(question: str, alone: bool) -> None:
    """A treatment and a condition are enough, or one that the thread does not know; a bare comparative is not."""
    own = mentions(question)
    assert stands_alone(question, question, own, telling_words(question, own), THREAD) is alone


def test_what_a_question_leaves_out_is_added_from_the_thread() -> None:
    """A dose in renal impairment depends on it whatever is treated; what one study did comes with its names."""
    assert completed("How often is it taken?", THREAD) == "How often is it taken with memantine in Alzheimer's disease?"
    assert completed("What dose in renal impairment?", THREAD) == "What dose in renal impairment with memantine?"
    study = Thread(question="Did the STEP-BD trial find a benefit of lithium 900 mg?", pending="", topic="")
    assert completed("Who took part?", study, of_a_study=True).endswith("(STEP-BD, 900 mg)?")


@pytest.mark.parametrize(
    ("question", "becomes"),
    [
        ("vs placebo?", "What is the target dose of memantine in Alzheimer's disease compared with placebo?"),
        ("and galantamine?", "What is the target dose of galantamine in Alzheimer's disease?"),
        ("at 20 mg?", "What is the target dose of memantine in Alzheimer's disease, at 20 mg?"),
        ("Thank you!", "Thank you!"),
    ],
)
def test_the_first_rule_that_fits_rewrites_a_question(question: str, becomes: str) -> None:
    """Another comparator, its like, a number; thanks ask nothing."""
    assert rewritten(question, THREAD).text == becomes


def test_a_correction_puts_what_is_meant_into_the_question_and_a_reply_settles_one_left_open() -> None:
    """What corrects nothing is None."""
    meant = corrected("no, I meant galantamine", THREAD)
    assert meant is not None
    assert meant.text == "What is the target dose of galantamine in Alzheimer's disease?"
    left_open = Thread(question=WEIGHED.question, pending="what dose was it given at?", topic="")
    settled = corrected("pregabalin", left_open)
    assert settled is not None
    assert settled.text == "what dose was pregabalin given at in anxiety?"
    assert corrected("and in children?", THREAD) is None
