"""The checker: only what the source's own words contain passes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragqa.verify import unsupported

SOURCE = "In 33 adults, memantine 20 mg/day did not differ from placebo (p = 0.40) after 8 weeks.  [1][2]"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("In 33 adults, memantine 20 mg/day did not differ from placebo (p = 0.40) after 8 weeks.", None),
        ("memantine 20 mg/day did not differ from placebo", None),
        ("In 34 adults, memantine 20 mg/day did not differ from placebo (p = 0.40) after 8 weeks.", "number"),
        ("In 33 adults, memantine 10 mg/day did not differ from placebo (p = 0.40) after 8 weeks.", "number"),
        ("In 33 adults, memantine 20 mg/day did differ from placebo (p = 0.40) after 8 weeks.", "negation"),
        ("In 33 adults, ketamine 20 mg/day did not differ from placebo (p = 0.40) after 8 weeks.", "words"),
        ("In 33 adults, memantine 20 g/day did not differ from placebo (p = 0.40) after 8 weeks.", "words"),
    ],
)
def test_a_changed_number_unit_drug_or_negation_is_caught(text: str, reason: str | None) -> None:
    """The sentence and a clause of it pass; one change of fact does not."""
    found = unsupported(text, SOURCE)
    assert (found is None) if reason is None else (found is not None and reason in found)


@given(text=st.text(min_size=1))
def test_a_text_always_supports_itself(text: str) -> None:
    """Identity holds for any text."""
    assert unsupported(text, text) is None
