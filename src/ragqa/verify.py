"""Does the source say it? A statement passes only when its source's own words contain it.

The answer is extractive, so the test is strict containment after folding white space and markers; numbers and negations
are then compared again on their own, so that a later, looser wording rule cannot let one slip through.
"""

from __future__ import annotations

import re

from ragqa.answer import Statement
from ragqa.errors import UnsupportedStatement
from ragqa.passages import without_markers

NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_NEGATION = re.compile(r"\b(?:no|not|never|neither|nor|without|cannot|failed|lack(?:s|ed)?)\b|n't\b", re.IGNORECASE)


def check_statement(statement: Statement) -> None:
    """Raises UnsupportedStatement, with the reason, unless every cited quote says what the statement says."""
    for support in statement.support:
        reason = unsupported(statement.text, support.quote)
        if reason:
            raise UnsupportedStatement(f"{reason}: {statement.text!r} against {support.quote!r}")


def unsupported(text: str, quote: str) -> str | None:
    """Why ``quote`` does not say ``text``; None when it does."""
    said, source = without_markers(text), without_markers(quote)
    if extra := set(NUMBER.findall(said)) - set(NUMBER.findall(source)):
        return f"number not in the source: {', '.join(sorted(extra))}"
    if len(_NEGATION.findall(said)) != len(_NEGATION.findall(source)):
        return "negation differs from the source"
    if said.casefold() not in source.casefold():
        return "words not in the source"
    return None
