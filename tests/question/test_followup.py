"""Follow-ups: what leans on the conversation takes over what it lacks, what stands alone is left alone, doubt is asked about."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragqa.question.asked import Turn
from ragqa.question.followup import REMEMBERED, chosen, standalone

pytestmark = pytest.mark.quick

DOSE = Turn(question="What is the target dose of memantine in Alzheimer's disease?")
TRIAL = Turn(question="Does memantine help in moderate to severe Alzheimer's disease?")
WEIGHED = Turn(question="Is duloxetine better than pregabalin for generalised anxiety disorder?")


@pytest.mark.parametrize(
    ("before", "question", "understood"),
    [
        (DOSE, "and in severe renal impairment?", ["target dose", "memantine", "severe renal impairment"]),
        (DOSE, "And its half-life?", ["memantine's half-life"]),
        (DOSE, "How many people took part?", ["memantine", "Alzheimer's disease"]),
        (TRIAL, "what about donepezil?", ["Does donepezil help", "Alzheimer's disease"]),
        (TRIAL, "is it safe in epilepsy?", ["is memantine safe in epilepsy"]),
        (TRIAL, "vs placebo?", ["memantine", "compared with", "placebo"]),
        (TRIAL, "is that better than donepezil?", ["memantine better than donepezil", "Alzheimer's disease"]),
        (DOSE, "no, I meant galantamine", ["target dose of galantamine", "Alzheimer's disease"]),
        (DOSE, "sorry, in dementia with Lewy bodies, not Alzheimer's disease", ["target dose of memantine"]),
        (WEIGHED, "weight gain?", ["weight gain", "duloxetine", "generalised anxiety disorder"]),
    ],
)
def test_what_a_follow_up_leaves_out_is_taken_over(before: Turn, question: str, understood: list[str]) -> None:
    """Ellipsis, pronouns, bare comparatives, corrections: each comes out as a question of its own."""
    reading = standalone(question, [before])
    assert reading.is_follow_up
    assert not reading.choices
    assert all(part.lower() in reading.text.lower() for part in understood), reading.text


@pytest.mark.parametrize(
    "question",
    [
        "Does lithium reduce suicide attempts in adults with bipolar disorder compared with placebo?",
        "Which psychotherapies work for borderline personality disorder?",
        "What are the common side effects of clozapine?",
    ],
)
def test_a_change_of_topic_is_not_dragged_back(question: str) -> None:
    """A question that names its own subject stays as asked."""
    assert standalone(question, [DOSE]).text == question
    assert not standalone(question, [DOSE]).is_follow_up


def test_a_pronoun_that_fits_two_drugs_is_asked_about_and_the_reply_settles_it() -> None:
    """By number, by name, or as a correction."""
    reading = standalone("what dose was it given at?", [WEIGHED])
    assert [("duloxetine" in c, "pregabalin" in c) for c in reading.choices] == [(True, False), (False, True)]
    asked = Turn(question="what dose was it given at?", standalone=reading.text, choices=reading.choices)
    assert chosen("2", [WEIGHED, asked]) == chosen("the second one", [WEIGHED, asked])
    assert "pregabalin" in (chosen("2.", [WEIGHED, asked]) or reading).text
    assert (chosen("3", [WEIGHED, asked]) or reading).choices == reading.choices
    assert (chosen("2", [WEIGHED]) or reading).text == "2"
    assert chosen("84 mg?", [WEIGHED, asked]) is None
    for reply in ("pregabalin", "the pregabalin one", "sorry, I meant pregabalin"):
        settled = standalone(reply, [WEIGHED, asked]).text
        assert "what dose was pregabalin given at" in settled, settled
        assert "generalised anxiety disorder" in settled


def test_the_thread_is_kept_over_a_chain_and_from_the_article_being_read() -> None:
    """The fourth question still knows the first one's drug; the first one knows the article's."""
    chain = [DOSE, Turn(question="and in renal impairment?"), Turn(question="how often is it taken?")]
    assert "memantine" in standalone("with food?", chain).text.lower()
    about = standalone("does this drug help?", [], "Does memantine improve the core symptoms of autism in children?")
    assert "memantine" in about.text
    assert "autism" in about.text


@pytest.mark.parametrize(
    ("before", "question"),
    [
        ("How do I update my payment plan?", "What about invoices?"),
        ("Which states hold elections this year?", "In Ohio for adults?"),
        ("why was the empire divided", "wait a second. Was it ever reunited?"),
        ("What is a router?", "So, no more cables from now on!"),
    ],
)
def test_outside_medicine_nothing_is_put_into_a_question(before: str, question: str) -> None:
    """Rules made for treatments and conditions leave other conversations as they are."""
    assert standalone(question, [Turn(question=before)]).text == question


@pytest.mark.parametrize(
    ("question", "unnamed"),
    [
        ("Does this drug lower the rate of relapse more than placebo in the long run?", "this drug lower"),
        ("In which country is this language spoken?", "this language spoken"),
        ("Does clozapine cause weight gain, and is this effect dose dependent?", ""),
        ("Is lithium safe, and does this drug need monitoring?", ""),
        ("Does this depression need treatment?", ""),
        ("What happened this morning?", ""),
    ],
)
def test_what_points_to_something_nobody_named_is_noticed(question: str, unnamed: str) -> None:
    """ "This drug" with no drug before it is no question yet; in a conversation or beside an article it is one."""
    assert standalone(question, []).unnamed == unnamed
    assert standalone(question, [DOSE]).unnamed == ""
    assert standalone(question, [], "Does memantine help in Alzheimer's disease?").unnamed == ""


def test_a_number_is_not_taken_over_to_another_drug() -> None:
    """The dose that was compared was the first drug's; a renal clearance has no place beside the liver."""
    narrowed = Turn(
        question="150 or 300 mg?", standalone="Is quetiapine useful in borderline personality disorder, 150 or 300 mg?"
    )
    assert "150" not in standalone("sorry, meant to ask about aripiprazole", [narrowed]).text
    cleared = Turn(question="and crcl 40", standalone="What is the starting dose of memantine in renal impairment, and crcl 40?")
    assert "40" not in standalone("hepatic impairment?", [cleared]).text


def test_only_the_last_turns_are_looked_back_on() -> None:
    """However long the conversation, what was said long ago does not change how the next question is read."""
    recent = [Turn(question=f"Does lithium prevent suicide in adults over {age}?") for age in range(20, 20 + REMEMBERED)]
    old = [Turn(question="Is ketamine useful in depression?")] * 500
    assert standalone("and in women?", old + recent) == standalone("and in women?", recent)


@given(st.text(max_size=80), st.lists(st.text(max_size=80), max_size=3))
def test_any_text_is_read_without_error_and_alone_it_is_left_alone(question: str, before: list[str]) -> None:
    """Whatever is typed, a question without a conversation is unchanged, and one with it keeps some text."""
    assert standalone(question, []).text == question
    standalone(question, [Turn(question=text) for text in before])
