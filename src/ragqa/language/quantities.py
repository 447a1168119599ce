"""Numbers in a text, with their units."""

from __future__ import annotations

import re

from ragqa.language.lexicon import lexicon

NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_WORDS = lexicon("language", "quantities")
_QUANTITY = re.compile(
    r"(?<![\w.])(\d+(?:[.,]\d+)*)(?:\s?(?:-|–|to)\s?(\d+(?:[.,]\d+)*))?[\s-]?"
    rf"({_WORDS['after_a_number'].pattern})?(?!\w)",
    re.IGNORECASE,
)
_SPELLED_OUT = {word: number for word, (number,) in _WORDS["spelled_out"].table().items()}
_SPELLED = re.compile(rf"\b(?:{'|'.join(_SPELLED_OUT)})\b", re.IGNORECASE)
_UNITS = {form: unit for form, (unit,) in _WORDS["units"].table().items()}


def quantities(text: str) -> list[tuple[str, str]]:
    """Numbers (also spelled out, from two) with their units, "" where none follows; both ends of a range."""
    found = []
    for match in _QUANTITY.finditer(_SPELLED.sub(lambda word: _SPELLED_OUT[word[0].lower()], text)):
        unit = (match[3] or "").lower()
        unit = _UNITS.get(unit, unit.rstrip("s") if len(unit) > 3 else unit)
        found += [(_plain_number(number), _UNITS.get(unit, unit)) for number in (match[1], match[2]) if number]
    return found


def _plain_number(number: str) -> str:
    whole = re.sub(r",(?=\d{3}\b)", "", number).replace(",", ".")
    return str(float(whole)) if whole.count(".") == 1 else whole
