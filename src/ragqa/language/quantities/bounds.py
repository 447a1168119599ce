"""Words and signs that bound a number: "at least", "<", "or older"."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import cast

from ragqa.language.quantities.writing import Bound, either, forms_of, named

_BEFORE, _AFTER = forms_of("bounds_before"), forms_of("bounds_after")
_WORDS = either(form for form in _BEFORE if form[0].isalpha())
_SIGNS = either(form for form in _BEFORE if not form[0].isalpha())
_ENDS_WITH = re.compile(rf"(?:(?<![^\W_])(?i:{_WORDS})|{_SIGNS})\s?$")
_BEGINS_WITH = re.compile(rf"\s?\+(?![\w/])|[\s-](?:{either(_AFTER)})(?!\w|\sthan\b)", re.IGNORECASE)

Ends = tuple[Decimal | None, Decimal | None]


def bound_before(text: str) -> tuple[Bound, int] | None:
    """The bound that a text ends with, and where it begins."""
    found = _ENDS_WITH.search(text)
    return (cast(Bound, named(found[0], _BEFORE)), found.start()) if found else None


def bound_behind(text: str, start: int) -> tuple[Bound, int] | None:
    """The bound that begins at ``start``, and where it ends."""
    found = _BEGINS_WITH.match(text, start)
    if not found:
        return None
    return ">=" if found[0].strip() == "+" else cast(Bound, named(found[0], _AFTER)), found.end()


def bounded(value: Decimal, bound: Bound) -> Ends:
    """The lowest and the highest value that a bound leaves."""
    if bound in ("", "~"):
        return value, value
    return (value, None) if bound.startswith(">") else (None, value)
