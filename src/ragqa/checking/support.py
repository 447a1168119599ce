"""Does the source say it? Every statement of an answer passes here: the source's own words, or a rewording proven equal."""

from __future__ import annotations

from ragqa.checking.statements import Statement
from ragqa.errors import UnsupportedStatement
from ragqa.language.corroboration import uncorroborated
from ragqa.language.direction import DENIAL
from ragqa.language.quantities import NUMBER
from ragqa.language.sentences import without_markers
from ragqa.language.wording import collapsed, same_words


def check_statement(statement: Statement) -> None:
    """The first quote must say the statement; each further one must corroborate it.

    Raises:
        UnsupportedStatement: with the reason and the quote.
    """
    said = statement.support[0].quote
    for number, support in enumerate(statement.support):
        reason = uncorroborated(said, support.quote) if number else unsupported(statement.text, said)
        if reason:
            raise UnsupportedStatement(f"{reason}: {statement.text!r} against {support.quote!r}")


def unsupported(text: str, quote: str) -> str | None:
    """Why ``text`` is not all of ``quote``, word for word, rewordings of ``ragqa.language.wording`` apart; None when it is."""
    said, source = collapsed(without_markers(text)), without_markers(quote)
    if extra := set(NUMBER.findall(said)) - set(NUMBER.findall(source)):
        return f"number not in the source: {', '.join(sorted(extra))}"
    if len(DENIAL.findall(said)) != len(DENIAL.findall(source)):
        return "negation differs from the source"
    if said != source and not same_words(said, source):
        return "the words differ from the source"
    return None
