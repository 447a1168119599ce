"""What the readers of quantities share: the forms of the word lists, and where a pattern ends."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

from ragqa.language.lexicon import lexicon

WORDS = lexicon("language", "quantities")
"""The lists of ``data/quantities.toml``."""
Bound = Literal["", "<", "<=", ">", ">=", "~"]


def forms_of(group: str) -> dict[str, str]:
    """The name that each form of a group stands for."""
    return {form: name for name, forms in WORDS[group].table().items() for form in forms}


def either(forms: Iterable[str]) -> str:
    """The forms as alternatives of a pattern, longer ones first."""
    return "|".join(re.escape(form).replace(r"\ ", r"\s") for form in sorted(forms, key=len, reverse=True))


def end_of(pattern: re.Pattern[str], text: str, start: int) -> int:
    """Where a pattern that begins at ``start`` ends; ``start`` where it does not match."""
    found = pattern.match(text, start)
    return found.end() if found else start


def folded(written: str) -> str:
    """In lower case, with plain spaces; letters that match an English one in any case become it (the Kelvin sign, a long s)."""
    return re.sub(r"\s+", " ", written).strip(" -").translate(_LIKE_ENGLISH).lower()


_LIKE_ENGLISH = str.maketrans("İıſK", "iisk")


def named(written: str, names: dict[str, str]) -> str:
    """The name of a form, whatever its case and spaces."""
    form = folded(written)
    return names.get(form) or next(name for other, name in names.items() if other.lower() == form)
