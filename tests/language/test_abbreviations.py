"""What else words are called."""

from __future__ import annotations

from ragqa.language.abbreviations import both_spellings, known_abbreviations


def test_abbreviations_and_their_full_names_are_one() -> None:
    """A source that spells a condition out answers a question that abbreviates it, and the other way round."""
    assert "borderline personality disorder" in both_spellings("BPD")
    assert "BPD" in both_spellings("borderline personality disorder").split()
    assert "kidney" in both_spellings("severe renal impairment")
    assert set(known_abbreviations("SSRIs in OCD/BPD")) == {"SSRI", "OCD", "BPD"}
