"""Rewordings are proven, not trusted: each sentence of the corpus survives plain language, a changed fact does not."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest
from samples import ROOT

from ragqa.checking.support import unsupported
from ragqa.corpus.folder import citable, load_corpus
from ragqa.language.abbreviations import abbreviations
from ragqa.language.sentences import sentences, without_markers
from ragqa.language.wording import collapsed, glossary_terms, plain, same_words, spell_out
from ragqa.pipeline import Ragqa

SEED = "Is memantine effective as a first-line treatment for borderline personality disorder?"


def corpus_sentences() -> list[str]:
    """Every sentence that may be cited."""
    allowed = citable(load_corpus(ROOT / "corpus"), abstracts="cited")
    records = [*allowed.articles, *allowed.abstracts]
    return [without_markers(s.text) for record in records for s in sentences(record.text, 0, len(record.text))]


def test_plain_language_says_every_sentence_of_the_corpus_again() -> None:
    """The rewording of each is proven equal, with the same numbers outside brackets and the same denials."""
    reworded = 0
    for text in corpus_sentences():
        told = plain(text)
        reworded += told != text
        assert unsupported(told, text) is None, (text, told)
    assert reworded > 300


def test_every_expansion_can_be_taken_back() -> None:
    """Also where one meaning of an abbreviation is the end of a longer one, whatever order a set comes in."""
    for short, meanings in abbreviations().items():
        for meaning in meanings:
            text = f"Nobody took {short} before."
            assert collapsed(spell_out(text, f"A {meaning} is named here.", set())) == text, (short, meaning)


@pytest.mark.parametrize("change", [("20", "30"), ("not ", ""), ("memantine", "ketamine"), ("first", "second")])
def test_a_fact_changed_in_plain_language_is_caught(change: tuple[str, str]) -> None:
    """Number, denial, drug, rank."""
    quote = "Memantine 20 mg/day is not recommended as a first-line treatment, and memantine was an adjunct."
    assert unsupported(plain(quote), quote) is None
    assert unsupported(plain(quote).replace(*change), quote) is not None


@pytest.mark.parametrize(
    ("stands", "changed"),
    [
        ("<", ">"),
        (">", "<"),
        (r"-(?=\d)", ""),
        (r"(?<![\w.,-])(?=\d)", "-"),
        (r"%", ""),
        (r"\bmg\b", "g"),
        (r"\bnot ", ""),
        (r"\bodds\b", "hazard"),
        (r"\bmore\b", "less"),
        (r"\bbefore\b", "after"),
        (r"(\d+(?:\.\d+)?)(\D.*\D)(\d+(?:\.\d+)?)", r"\3\2\1"),
        (r"\A[^,]*, ", ""),
        (r",[^,]*\.\Z", "."),
        (r" \([^()]*\)", ""),
    ],
)
def test_no_sentence_of_the_corpus_can_be_changed_unnoticed(stands: str, changed: str) -> None:
    """A sign, a bound, a figure, a word, a clause: neither in the source's own words nor in plain language."""
    tried = 0
    for text in corpus_sentences():
        other = re.sub(stands, changed, text, count=1)
        if other != text and plain(other) != plain(text):
            tried += 1
            assert unsupported(other, text) is not None, other
            assert unsupported(plain(other), text) is not None, other
    assert tried > 1


@pytest.mark.parametrize(
    ("bracket", "left_out"),
    [
        ("(n=33)", True),
        ("(SMD -0.52, 95% CI -0.70 to -0.33)", True),
        ("(p = 0.40)", False),
        ("(OR 1.2, 95% CI 0.8 to 1.6)", False),
    ],
)
def test_a_figure_that_shows_no_effect_is_never_left_out(bracket: str, left_out: bool) -> None:
    """Without it the sentence would claim more than its source."""
    assert (bracket not in plain(f"Drug A lowered scores more than placebo {bracket} at week 8.")) is left_out


def test_an_abbreviation_is_spelled_out_once_and_only_as_its_source_does() -> None:
    """The first time, when the source uses that meaning; taking it back gives the source's words."""
    seen: set[str] = set()
    source = "Borderline personality disorder (BPD) is common. BPD has no drug of choice."
    first = spell_out("BPD has no drug of choice.", source, seen)
    assert first == "borderline personality disorder (BPD) has no drug of choice."
    assert collapsed(first) == "BPD has no drug of choice."
    assert spell_out("BPD is treated with DBT.", source, seen) == "BPD is treated with DBT."


def test_no_glossary_entry_holds_another_or_a_figure_or_a_denial() -> None:
    """Otherwise a rewording could not be undone, or could change what is said."""
    terms = glossary_terms()
    for term, words in terms.items():
        assert not re.search(r"\d|\b(?:no|not|without|never)\b", words), term
        assert not any(re.search(rf"(?<![\w-]){re.escape(other)}(?![\w-])", words) for other in terms), term


def test_a_patient_reads_the_same_statements_in_easier_words(ragqa: Ragqa) -> None:
    """Same sources and quotes; plainer by the readability figure; the patient's disclaimer in every form."""
    clinician, patient = ragqa.ask(SEED), ragqa.ask(SEED, audience="patient")
    assert [s.support for s in patient.statements] == [s.support for s in clinician.statements]
    assert [s.text for s in patient.statements] != [s.text for s in clinician.statements]
    assert patient.trace.scores["reading_grade"] < patient.trace.scores["reading_grade_of_sources"]
    assert "Talk to your doctor" in patient.disclaimer
    assert all(unsupported(s.text, s.support[0].quote) is None for s in patient.statements)
    assert not same_words("", "anything")


@pytest.mark.parametrize("seed", ["0", "1"])
def test_an_expansion_is_taken_back_whole_whatever_the_hash_seed(seed: str) -> None:
    """Of two meanings of SSRI the shorter one is the end of the longer: taken back alone, it would leave "selective" behind."""
    text = "a selective serotonin reuptake inhibitor (SSRI) was given"
    code = f"from ragqa.language.wording import collapsed; print(collapsed({text!r}))"
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout == "a SSRI was given\n"
