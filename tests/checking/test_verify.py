"""The checker: only what the source's own words contain passes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragqa.checking.checker import Checker
from ragqa.checking.support import unsupported
from ragqa.language.corroboration import uncorroborated

SOURCE = "In 33 adults, memantine 20 mg/day did not differ from placebo (p = 0.40) after 8 weeks.  [1][2]"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("In 33 adults, memantine 20 mg/day did not differ from placebo (p = 0.40) after 8 weeks.", None),
        ("memantine 20 mg/day did not differ from placebo", "words"),
        ("In 33 adults, memantine 20 mg/day did not differ from placebo (p < 0.40) after 8 weeks.", "words"),
        ("In 33 adults, memantine -20 mg/day did not differ from placebo (p = 0.40) after 8 weeks.", "words"),
        ("In 34 adults, memantine 20 mg/day did not differ from placebo (p = 0.40) after 8 weeks.", "number"),
        ("In 33 adults, memantine 10 mg/day did not differ from placebo (p = 0.40) after 8 weeks.", "number"),
        ("In 33 adults, memantine 20 mg/day did differ from placebo (p = 0.40) after 8 weeks.", "negation"),
        ("In 33 adults, ketamine 20 mg/day did not differ from placebo (p = 0.40) after 8 weeks.", "words"),
        ("In 33 adults, memantine 20 g/day did not differ from placebo (p = 0.40) after 8 weeks.", "words"),
    ],
)
def test_a_changed_number_unit_drug_or_negation_is_caught(text: str, reason: str | None) -> None:
    """The sentence passes; a part of it, which may say what the whole does not, and one change of fact do not."""
    found = unsupported(text, SOURCE)
    assert (found is None) if reason is None else (found is not None and reason in found)


@given(text=st.text(min_size=1))
def test_a_text_always_supports_itself(text: str) -> None:
    """Identity holds for any text."""
    assert unsupported(text, text) is None


CLAIM = "In 33 adults, memantine 20 mg/day improved mood more than placebo (p = 0.02) after 8 weeks."


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("33", "43"),
        ("20 mg", "20 g"),
        ("8 weeks", "8 months"),
        ("memantine", "ketamine"),
        ("more than", "less than"),
        ("improved", "did not improve"),
    ],
)
def test_the_checker_catches_one_changed_fact(checker: Checker, before: str, after: str) -> None:
    """The claim itself is supported; the same claim with a fact changed is not."""
    source = f"We ran a trial. {CLAIM} No one dropped out."
    assert checker.judge(CLAIM, source).verdict == "supports"
    assert checker.judge(CLAIM.replace(before, after), source).verdict != "supports"


def test_the_checker_points_at_the_sentence_it_rests_on(checker: Checker) -> None:
    """Offsets into the source as given."""
    source = f"We ran a trial. {CLAIM} No one dropped out."
    found = checker.judge("Memantine improved mood more than placebo after 8 weeks.", source)
    assert source[found.start : found.end] == found.quote
    assert found.quote.startswith("In 33 adults")
    assert checker.judge("Anything.", "").verdict == "not_enough"


def test_the_same_words_in_another_order_are_supported_unless_a_comparison_turns(checker: Checker) -> None:
    """A clause may move; the sides of a comparison may not."""
    assert checker.judge("After 8 weeks, 33 adults improved.", "33 adults improved after 8 weeks.").verdict == "supports"
    swapped = checker.judge("Placebo was better than memantine.", "Memantine was better than placebo.")
    assert swapped.verdict != "supports"


@pytest.mark.parametrize(
    ("quote", "reason"),
    [
        ("Memantine 20 mg/day was better than placebo on mood in 33 adults.", None),
        ("Memantine 20 mg/day was not better than placebo on mood in 33 adults.", "denies"),
        ("Memantine 10 mg/day was better than placebo on mood in 33 adults.", "20 mg/day"),
        ("Ketamine 20 mg/day was better than placebo on mood in 33 adults.", "memantine"),
        ("Memantine 20 mg/day was worse than placebo on mood in 33 adults.", "opposite"),
        ("A trial gave memantine 20 mg/day or placebo to 33 outpatients with a severe illness.", "too little"),
    ],
)
def test_a_second_source_corroborates_only_with_the_same_facts(quote: str, reason: str | None) -> None:
    """Quantities, names, denials and direction must agree."""
    found = uncorroborated("In 33 adults memantine 20 mg/day was better than placebo on mood.", quote)
    assert (found is None) if reason is None else (found is not None and reason in found)
