"""Shorthand written out, and figures of a patient beside the name of their band."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragqa.question.shorthand import expanded, written_out

pytestmark = pytest.mark.quick


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("sertraline 100mg od", "sertraline 100 mg once daily"),
        ("quetiapine 150mg XR od or 75 mg bd?", "quetiapine 150 mg XR once daily or 75 mg twice daily?"),
        ("lamotrigine 25 mg OD, 50 mg BD", "lamotrigine 25 mg once daily, 50 mg twice daily"),
        ("amoxicillin tds vs od", "amoxicillin three times daily vs once daily"),
        ("quetiapine XR 150mg or IR 75 mg bd", "quetiapine extended-release 150 mg or immediate-release 75 mg twice daily"),
        ("is olanzapine od enough", "is olanzapine once daily enough"),
        ("paracetamol qds prn", "paracetamol four times daily as needed"),
        ("mirtazapine nocte", "mirtazapine at night"),
        ("10 mg on.", "10 mg at night."),
        ("10 mg on Monday", "10 mg on Monday"),
        ("valproate in BD type I", "valproate in BD type I"),
        ("stage IV disease", "stage IV disease"),
        ("haloperidol i/v or i.m.", "haloperidol intravenous or intramuscular"),
        ("40F came in after an OD", "40F came in after an overdose"),
        ("she OD'd on quetiapine", "she overdose on quetiapine"),
        ("drops to OD only", "drops to right eye only"),
        ("OD?", "OD?"),
        ("Hx of mania, c/o tremor", "history of mania, complaining of tremor"),
        ("Rx for pts w/ OCD w/o SSRI", "treatment for patients with OCD without SSRI"),
        ("w/lithium", "with lithium"),
        ("ddx, dx and mx?", "differential diagnosis, diagnosis and management?"),
        ("review in 2/52, then 3/12", "review in 2 weeks, then 3 months"),
        ("1/7 ago", "1 day ago"),
        ("scored 3/12 on it", "scored 3/12 on it"),
        ("seen on 5/12/2020", "seen on 5/12/2020"),
        ("?NMS on clozapine", "possible NMS on clozapine"),
        ("Why? Lithium?", "Why? Lithium?"),
    ],
)
def test_shorthand_is_written_out_where_its_meaning_is_clear(question: str, words: str) -> None:
    """By its neighbours where it has several; otherwise it stays as it is."""
    assert written_out(question) == words


@pytest.mark.parametrize(
    "question",
    [
        "Does lithium prevent suicide in mood disorders?",
        "Is ECT better than ketamine in treatment-resistant depression?",
        "What did the 2019 trial in the UK find about MBT and self-harm?",
        "AD or DLB: does a statin help, and/or aspirin?",
    ],
)
def test_plain_questions_stay_as_they_are(question: str) -> None:
    """To the letter."""
    assert expanded(question) == question


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("lithium if eGFR is 40?", "lithium if eGFR is 40 (moderate renal impairment)?"),
        ("CKD 4, 78F: dose?", "CKD 4 (severe renal impairment), 78F: dose?"),
        ("fluoxetine for a 14yo", "fluoxetine for a 14yo (adolescents)"),
        ("duloxetine in Child-Pugh A", "duloxetine in Child-Pugh A (mild hepatic impairment)"),
        ("in severe renal impairment", "in severe renal impairment"),
        ("after 6 weeks", "after 6 weeks"),
    ],
)
def test_figures_stand_beside_the_name_of_their_band(question: str, words: str) -> None:
    """Sources name the band and not the figure; a name needs no other."""
    assert expanded(question) == words


STORY = (
    "I look after a retired teacher on our ward whose kidneys have failed slowly over several years and who has an eGFR of 22. "
    "He sleeps badly, sees things at night, takes a water tablet and something for his stomach, and his daughter would like "
    "us to try whatever helps before he goes home next week, which seems fair to all of us here. "
)


def test_of_a_long_story_the_part_that_asks_is_searched_for() -> None:
    """With the place of its patient; an effect depends on what the story is about, so there the story stays."""
    assert (
        expanded(STORY + "What dose of lithium would be safe?") == "What dose of lithium would be safe? (severe renal impairment)"
    )
    assert expanded(STORY + "Would lithium help?").startswith("I look after")
    assert expanded(STORY + "What would be the dose?").startswith("I look after")


@given(st.text(alphabet="odbw/c?tsxhn 1257mg.,()ODBD'", max_size=200))
def test_writing_out_twice_changes_nothing_more(text: str) -> None:
    """What was written out is no shorthand."""
    once = written_out(text)
    assert written_out(once) == once
