"""Identifiers: taken out before anything else happens, and nothing else with them."""

from __future__ import annotations

import gzip
import json
import logging
import unicodedata
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from samples import ROOT

from ragqa.pipeline import Ragqa
from ragqa.question.privacy import identifiers, redact, without_heading
from ragqa.settings import Settings


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("dose for Anna S., seen at Mercy Hospital on May 3rd, 2024?", "dose for [name], seen at [place] on [date]?"),
        ("pt John Smith, MRN 7788991, warfarin?", "pt [name], MRN [number], warfarin?"),
        ("Mr. Okonkwo from Fresno takes lithium", "Mr. [name] from [place] takes lithium"),
        ("call 617-555-7890 or j.doe@example.org about clozapine", "call [phone] or [email] about clozapine"),
        ("SSN 123-45-6789 and lives in Boston", "SSN [number] and lives in [place]"),
        ("DOB 03/04/1961, on memantine", "DOB [date], on memantine"),
        ("Mr J\u200bohn Sm\u00adith, MRN 77\ufeff88991, warfarin?", "Mr [name], MRN [number], warfarin?"),
    ],
)
def test_identifiers_are_replaced_by_their_kind(text: str, left: str) -> None:
    """Names, dates, numbers, places, phones and addresses go; the question stays."""
    assert redact(text).text == left


@pytest.mark.parametrize(
    "text",
    [
        "Does memantine 20 mg/day help in Alzheimer's disease?",
        "What did the STAR*D trial (NCT00021528) find in 2006?",
        "Is a positive Babinski sign or Kawasaki disease relevant in a 45-year-old?",
        "Is vitamin D or hepatitis C relevant, PMID 29549516, doi 10.1001/jama.2023.0589?",
        "What is the effect of MK-1602 and LY294002 at 10 mg?",
        "Does DBT at the ICU or in Graves' disease work, Columbia Suicide Severity Rating Scale 2 to 4 weeks?",
        "May 5 mg be given?",
        "Does St. John's wort lower Montgomery-Asberg or Edinburgh postnatal depression scale scores at Visit 2?",
        "Is isolated Pierre Robin sequence inherited?",
        "What are the symptoms of Hunter Rudd Hoffmann syndrome?",
        "What are the treatments for Warsaw breakage syndrome?",
        "MR Diagnosis of Bone Metastases at 1.5 T and 3 T: Can STIR Imaging Be Omitted?",
        "Do you have information about Military Family Health?",
        "Review in 3/12 or 2/52, on 4/12 of lithium, half of a 1/2 tablet, 12/24 h, PHQ-9 10/27, BP 120/80?",
        "EudraCT 2007-001234-19, ISRCTN23456789, ACTRN12613000987654, ChiCTR1900012345, UMIN000023456, CTRI/2017/03/012345?",
        "PMIDs 23456789, 34567890 and 45678901, CRD42019012345, DRKS00023456, PACTR201801234567890, NCT 02345678?",
        "Does it help in Guillain-Barré, Ménière disease, Sjögren's, Behçet disease, Gilles de la Tourette or De Quervain's?",
        "IS LITHIUM SAFE IN STAGE FOUR KIDNEY DISEASE? WHAT IS THE DOSE OF NAMENDA?",
        "Did E. Coli or H. Pylori grow, was it vitamin D. Fractures fell in group B. Women did best?",
        "mr imaging is done; MR ANGIOGRAPHY is not. ms patients with relapses?",
    ],
)
def test_medicine_is_left_alone(text: str) -> None:
    """Doses, ages, years, trials, eponyms, compounds and ids of publications identify no patient."""
    assert redact(text).text == text


NAMED = st.sampled_from(
    [
        "{} {}, 45, takes lithium: is it safe?",
        "Is lithium safe for {} {}?",
        "{} {} has OCD. Is memantine worth adding?",
        "Dose for my patient {} {} in renal failure?",
    ]
)
FIRST = st.sampled_from(["Chloé", "Jürgen", "Agnès", "Håkon", "Zdeněk", "Małgorzata", "İpek", "Ștefan", "Thérèse", "Þóra"])
LAST = st.sampled_from(["Brûlé", "Weiß", "Sánchez", "Ødegård", "Dvořák", "Wałęsa", "Yıldız", "Ionuț", "Trần", "Ægisson"])
PARTED = st.sampled_from(
    ["van den Broek", "de la Fuente", "O'Sullivan", "al-Rashid", "von Trotta", "McAllister", "dos Santos", "bin Saleh"]
)


@example("Dose for my patient {} {} in renal failure?", "Ștefan", "O'Sullivan", "NFD")
@given(NAMED, FIRST, st.one_of(LAST, PARTED), st.sampled_from(["NFC", "NFD"]))
def test_names_with_accents_and_particles_go(sentence: str, first: str, last: str, form: Literal["NFC", "NFD"]) -> None:
    """Listed or not, however the accents are written, and nothing beside them."""
    text = unicodedata.normalize(form, sentence.format(first, last))
    assert redact(text).text == sentence.replace("{} {}", "[name]")


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("HELEN BAKER takes lithium. Is it safe?", "[name] takes lithium. Is it safe?"),
        ("pt SEAN O'CASEY on warfarin", "pt [name] on warfarin"),
        ("MR BAKER is on lithium", "MR [name] is on lithium"),
        ("Mrs. K is on lithium", "Mrs. [name] is on lithium"),
        ("Pat. Schröder, 67, on lithium", "Pat. [name], 67, on lithium"),
        ("Frau Weiß, 67, on lithium", "Frau [name], 67, on lithium"),
        ("mrs schröder takes lithium", "mrs [name] takes lithium"),
        ("Mr van den Broek or Mr. al-Rashid?", "Mr [name] or Mr. [name]?"),
        ("dose for K. Baker with renal failure", "dose for [name] with renal failure"),
        ("my patient K.B. takes lithium", "my patient [name] takes lithium"),
        ("Baker, Helen (67) on lithium", "[name] (67) on lithium"),
        ("Rosa Lopez Garcia on lithium", "[name] on lithium"),
        ("helen sánchez takes lithium", "[name] takes lithium"),
    ],
)
def test_names_in_capitals_initials_and_after_titles_go(text: str, left: str) -> None:
    """Half names too."""
    assert redact(text).text == left


AMOUNTS = st.sampled_from(["mg", "mcg", "µg", "g", "mL", "units", "tablets", "hours", "weeks", "years", "mmol", "daily"])


@given(st.lists(st.integers(1, 28), min_size=2, max_size=5), st.sampled_from("/-"), st.sampled_from(["", " "]), AMOUNTS)
def test_steps_of_a_dose_are_no_date_and_no_phone_number(steps: list[int], by: str, blank: str, unit: str) -> None:
    """However many, with a unit or a time after them."""
    for scale in (1, 10, 100):
        text = f"Is lithium {by.join(str(step * scale) for step in steps)}{blank}{unit} better than placebo on balance?"
        assert redact(text).text == text


@given(
    st.integers(10**6, 10**12),
    st.sampled_from(["", ",", " ", "\u2009"]),
    st.sampled_from(["person-years", "patients", "women", "cells"]),
)
def test_large_counts_are_no_numbers_of_a_person(count: int, by: str, what: str) -> None:
    """With or without something between the thousands."""
    text = f"Among {count:,} {what} how many had a rash?".replace(",", by)
    assert redact(text).text == text


def test_the_gold_questions_lose_nothing() -> None:
    """None of the project's answerable questions names a patient."""
    lines = [line for file in (ROOT / "eval" / "gold").glob("*.jsonl") for line in file.read_text().splitlines()]
    items = [item for item in map(json.loads, lines) if item["expect"] == "answered"]
    assert len(items) > 100
    assert [item["question"] for item in items if identifiers(item["question"])] == []


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("Mrs [name], MRN [number], born [date]: is it safe for her?", "is it safe for her?"),
        ("[name], [phone]. Dose of memantine?", "Dose of memantine?"),
        ("Is [name] to take lithium?", "Is [name] to take lithium?"),
        ("[name] has OCD. Is memantine worth adding?", "[name] has OCD. Is memantine worth adding?"),
    ],
)
def test_a_heading_of_identifiers_is_no_part_of_the_question(text: str, asked: str) -> None:
    """Only what stands before the question, each set off by a comma, colon or full stop."""
    assert without_heading(text) == asked


@given(st.text(max_size=200))
def test_spans_are_in_order_and_apart_in_any_text(text: str) -> None:
    """And a text without spans is unchanged, signs that nobody sees aside."""
    found = identifiers(text)
    assert all(0 <= span.start < span.end <= len(text) for span in found)
    assert all(a.end <= b.start for a, b in pairwise(found))
    redacted = redact(text)
    assert redacted.kinds or redacted.text == "".join(sign for sign in text if unicodedata.category(sign) != "Cf")


def test_nothing_of_an_identifier_is_stored_shown_or_logged(
    tmp_path: Path, bundled_settings: Settings, run: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    """In the terminal, in a conversation, a batch, a batch that fails, the library: no file, output or log holds a part of it."""
    planted = ["Zebediah", "Quillfeather", "8675309", "Fresno", "03/04/1961", "617-555-7890", "zq@example.org"]
    question = (
        "What is the dose of memantine in severe renal impairment for Zebediah Quillfeather (MRN 8675309, DOB 03/04/1961) "
        "from Fresno, tel 617-555-7890, zq@example.org?"
    )
    stored = tmp_path / "stored"
    talk, batch, out = stored / "talk.jsonl", tmp_path / "questions.jsonl", stored / "answers.jsonl"
    said = {"question": question, "standalone": question, "answer": question, "choices": [question]}
    lines = [{"question": question, "history": [said]}, {"question": question, "article": "no-such-article"}]
    batch.write_text("".join(json.dumps({"id": str(number)} | line) + "\n" for number, line in enumerate(lines)))
    library = ["--library", stored / "library.sqlite"]
    index = ["--corpus", bundled_settings.corpus, "--index", bundled_settings.index]
    with caplog.at_level(logging.DEBUG):
        shown = run("ask", question, *index, "--conversation", talk, "--explain")
        again = run("ask", "and in mild impairment?", *index, "--conversation", talk, "--format", "json")
        batched = run("answer", batch, "-o", out, *index)
        kept = run("library", "add", batch, *index, *library)
        listed = run("library", "list", *library)
    assert [shown.exit_code, again.exit_code, listed.exit_code] == [0, 0, 0]
    outputs = [result.output for result in (shown, again, batched, kept, listed)]
    files = {file.name: file.read_bytes().decode("utf-8", "replace") for file in stored.iterdir()}
    assert {"talk.jsonl", "answers.jsonl", "answers.jsonl.failed.jsonl", "library.sqlite"} <= set(files)
    assert "severe renal impairment" in files["library.sqlite"]
    assert "Taken out before searching: name, number, date, place, phone, email" in " ".join(shown.output.split())
    for part in planted:
        assert not [name for name, text in files.items() if part in text]
        assert not any(part in text for text in [*outputs, caplog.text])


def test_the_setting_leaves_the_question_alone(bundled_settings: Settings) -> None:
    """An installation that may hold identifiers can say so."""
    with Ragqa.open(bundled_settings.model_copy(update={"redact": False})) as ragqa:
        answer = ragqa.ask("What is the dose of memantine for Anna S. in severe renal impairment?")
    assert "Anna S." in answer.question
    assert answer.removed == ()


def test_planted_identifiers_of_a_public_set_are_found() -> None:
    """ASQ-PHI, where it is at hand: at least 95 % of what is planted, at most 5 % of clean queries touched."""
    file = ROOT.parent / "shared" / "data" / "asq_phi" / "queries.jsonl.gz"
    if not file.exists():
        pytest.skip("../shared/data is not at hand")
    with gzip.open(file, "rt", encoding="utf-8") as stream:
        rows = [json.loads(line) for line in stream]
    planted = [(row["text"], item["value"]) for row in rows for item in row["phi"]]
    caught = [value not in redact(text).text for text, value in planted]
    assert sum(caught) / len(caught) > 0.95
    clean = [row["text"] for row in rows if not row["phi"]]
    assert sum(bool(identifiers(text)) for text in clean) / len(clean) < 0.05
