"""Whether somebody is in danger now, by wording alone: kinds of signs, and what only sounds like one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragqa.language.lexicon import lexicon
from ragqa.question.danger import _BOUNDS, danger

ROOT = Path(__file__).parents[2]
IN_DANGER = (
    "she is not breathing",
    "he won't wake up",
    "my baby is limp and her lips are blue",
    "dad has no pulse",
    "the bleeding won't stop",
    "crushing pain in my chest",
    "his face has dropped on one side",
    "our lad is still fitting",
    "tongue swelling up",
    "the cord is hanging out",
    "I want to die",
    "he has a loaded gun",
    "she took the whole box",
    "my toddler drank bleach",
    "he is strangling her",
    "GCS 5",
    "BP 61/30",
)
ORDINARY = (
    "Does lithium prevent suicide in mood disorders?",
    "What is the half-life of memantine?",
    "How is anaphylaxis treated in children?",
    "memantine missed dose",
    "SSRI first-line or therapy?",
    "olanzapine no response after six weeks, what then",
)
NAMES = (
    "overdose",
    "anaphylaxis",
    "seizures",
    "stroke",
    "cardiac arrest",
    "neuroleptic malignant syndrome",
    "sepsis",
    "eclampsia",
)


@pytest.mark.parametrize("message", IN_DANGER)
def test_a_red_sign_is_enough_alone(message: str) -> None:
    """In any case of letters, and with other apostrophes."""
    assert danger(message)
    assert danger(message.upper())
    assert danger(message.replace("'", "’"))


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("I want to kill myself", "self_harm"),
        ("how many of these do I need to die", "self_harm"),
        ("how many paracetamol does it take", "self_harm"),
        ("would forty tablets be enough to kill me", "self_harm"),
        ("she climbed to the wrong side of the bridge railing", "self_harm"),
        ("she has overdosed", "overdose"),
        ("he swallowed forty tablets", "overdose"),
        ("antifreeze, a cupful, ten minutes ago", "overdose"),
        ("morphine given in error, she is sweating", "overdose"),
        ("choking on a grape", "emergency"),
        ("T 41.2 and rigid", "emergency"),
    ],
)
def test_the_kind_of_emergency_decides_what_is_said(message: str, kind: str) -> None:
    """Self-harm, something taken, anything else."""
    assert danger(message) == kind


@given(
    before=st.lists(st.sampled_from(ORDINARY), max_size=4),
    sign=st.sampled_from(IN_DANGER),
    after=st.sampled_from(("", *ORDINARY)),
)
def test_a_sign_is_seen_wherever_it_stands_among_questions(before: list[str], sign: str, after: str) -> None:
    """First, last or between, the whole message is an emergency."""
    assert danger(" ".join(text + ("" if text.endswith("?") else ".") for text in (*before, sign, after) if text))


@given(st.lists(st.sampled_from(ORDINARY), min_size=1, max_size=5))
def test_ordinary_questions_do_not_add_up(messages: list[str]) -> None:
    """However many are asked at once."""
    assert danger("\n".join(messages)) is None


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "frame",
    [
        "What is the incidence of {}?",
        "{} mortality in registry studies",
        "Does clozapine cause {}?",
        "first-line treatment of {} in adults",
        "{}: which guideline applies now?",
        "She had {} four years ago and is well",
        "hx of {}, sertraline or mirtazapine?",
        "no {}, add memantine?",
        "{} ruled out, continue clozapine?",
        "{} as a teenager, none since",
    ],
)
def test_the_name_of_an_emergency_is_none(frame: str, name: str) -> None:
    """As a topic, as an outcome, in the past, and denied."""
    assert danger(frame.format(name)) is None


@pytest.mark.parametrize("name", NAMES[1:])
@pytest.mark.parametrize(
    "frame", ["{} ten minutes ago", "she has {} in front of me", "{}, drowsy", "{}, adrenaline and fluids given"]
)
def test_the_name_of_an_emergency_today_or_with_a_sign_is_one(frame: str, name: str) -> None:
    """Somebody has it, now."""
    assert danger(frame.format(name))


@pytest.mark.parametrize(
    "message",
    [
        "no suicidal thoughts, sleeping well, reduce quetiapine?",
        "denies chest pain and palpitations, ECG fine",
        "isn't drowsy, isn't vomiting",
        "this clinic is killing me, any data on burnout?",
        "How many weeks does it take until sertraline works?",
        "how many sessions of EMDR would it take",
        "How much more training do I need to give DBT?",
        "how many patients do I need for 80% power",
        "How much evidence does it take to change a guideline?",
        "Would 25 mg be enough in renal failure?",
        "How much pregabalin would be enough for neuropathic pain?",
        "I'd kill for a coffee, does it matter with clozapine",
        "cut to the chase: lithium or valproate",
        "that exam gave me a heart attack. Beta blockers for nerves?",
        "anger in borderline personality disorder",
        "lithium forgotten yesterday",
        "quetiapine stopped abruptly, sleeps badly",
        "two attempts in her teens, DBT or MBT now?",
        "mild tremor on lithium for years",
        "took my sertraline an hour late",
        "dizzy when standing up since prazosin",
        "breathless on hills for years, stable",
        "not pregnant, no bleeding, wants valproate",
    ],
)
def test_what_is_denied_past_lasting_or_a_figure_of_speech_is_no_danger(message: str) -> None:
    """A clinician's everyday messages."""
    assert danger(message) is None


AMBER = ("she is vomiting", "drowsy", "a rash", "feels faint", "wheezing", "pale")


@given(st.permutations(AMBER))
def test_mild_signs_of_different_kinds_add_up(signs: list[str]) -> None:
    """One is none; two are an emergency today, three in somebody."""
    one, two, three = signs[0], ", ".join(signs[:2]), ", ".join(signs[:3])
    assert danger(f"{one} on the new tablet") is None
    assert danger(f"{two} on the new tablet") is None
    assert danger(f"{two} since this morning")
    assert danger(f"his signs: {three}".replace(":", " are"))


@pytest.mark.parametrize("name", sorted(_BOUNDS))
@given(share=st.floats(0, 1))
def test_a_value_is_red_exactly_beyond_its_bounds(name: str, share: float) -> None:
    """Anything that can be measured, with a space between name and figure."""
    bounds = _BOUNDS[name]
    value = round(bounds.least + share * (bounds.most - bounds.least), 1)
    expected = bounds.least <= value <= bounds.most and (value < bounds.low or value > bounds.high)
    assert (danger(f"{name} {value:.1f}") is not None) == expected


@pytest.mark.parametrize(
    "text", ["T2 diabetes", "T30 questionnaire", "K10 scale", "naproxen sodium 550 mg", "heart rate 30 minutes later"]
)
def test_a_figure_that_counts_something_else_is_no_value(text: str) -> None:
    """Names of scales, doses and times."""
    assert danger(text) is None


@pytest.mark.parametrize(
    "call",
    [
        "Hilfe, mein Vater atmet nicht mehr",
        "au secours, elle est inconsciente",
        "ayuda, mi padre no respira",
        "aiuto, mio figlio non respira",
        "socorro, minha mãe não respira",
        "помогите, он не дышит",
        "救命",
        "النجدة",
    ],
)
def test_a_call_for_help_is_seen_in_the_commonest_languages(call: str) -> None:
    """Though ragqa reads English only."""
    assert danger(call)


@pytest.mark.parametrize(
    "question",
    [
        "¿Cuál es la dosis de litio en ancianos?",
        "Wie wirkt Memantin bei Demenz?",
        "Quelle est la dose de lithium ?",
        "碳酸锂剂量",
    ],
)
def test_an_ordinary_question_in_another_language_is_no_call_for_help(question: str) -> None:
    """It is told to be asked in English."""
    assert danger(question) is None


@given(st.text(max_size=300))
def test_any_text_can_be_read(text: str) -> None:
    """Whatever is typed; the same answer for the same text."""
    assert danger(text) == danger(text)


def test_every_rule_names_groups_that_there_are() -> None:
    """And every group but the frame is in use."""
    words = lexicon("question", "triage")
    parts = {
        part.strip()
        for name in ("in_one_sentence", "in_one_message", "as_named")
        for rule in words[name].entries
        for part in rule.split("+")
    }
    assert parts <= words.keys()


def test_emergencies_of_the_working_cases_are_told_from_what_sounds_like_one() -> None:
    """By wording alone; with the probe beside, docs/decisions/0008 has the figures."""
    rows = [json.loads(line) for line in (ROOT / "eval/cases/triage.jsonl").read_text("utf-8").splitlines()]
    urgent = [row["status"] == ["urgent"] for row in rows]
    found = [danger(row["question"]) is not None for row in rows]
    assert sum(a and b for a, b in zip(urgent, found, strict=True)) >= 0.97 * sum(urgent)
    assert sum(b and not a for a, b in zip(urgent, found, strict=True)) <= 0.005 * (len(rows) - sum(urgent))
