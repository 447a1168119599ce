"""Makers of mutants that change or rewrite a number. Each offers edits of one place of a sentence."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from fractions import Fraction
from random import Random

from mutation_records import Edit, Kind, Passage
from mutation_texts import (
    cased_like,
    decimal_places,
    pattern,
    value,
    word_value,
    words_of_numbers,
    written_like,
)

SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
PLAIN = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
LONE = r"(?![\w/²-]|\s?±|[ ,;:]*[(\[]?(?:SD|SE|95|range|IQR|CI|[-−–+]?\d)| m\b)"
"""After a quantity: no spread or interval follows that is meant in the same unit."""


def number_edits(kind: Kind, sentence: str, new: Callable[[re.Match[str]], Sequence[str]]) -> Iterator[Edit]:
    """An edit of the group ``n`` for every new number that the function gives."""
    for text in kind.find:
        for match in pattern(text, kind.exact).finditer(sentence):
            for number in new(match):
                yield Edit(*match.span("n"), number, number)


def tenfold(kind: Kind, passage: Passage, sentence: str, random: Random) -> Iterator[Edit]:
    """Ten times as much, or a tenth."""

    def new(match: re.Match[str]) -> list[str]:
        old, places = match["n"], decimal_places(match["n"])
        more = written_like(old, value(old) * 10, max(places - 1, 0))
        whole = places == 0 and value(old) % 10 == 0
        less = written_like(old, value(old) / 10, places if whole else places + 1)
        return [more, less] if whole or places or kind.name == "dose_tenfold" else [more]

    return (edit for edit in number_edits(kind, sentence, new) if value(sentence[edit.start : edit.end]))


def transposed(kind: Kind, passage: Passage, sentence: str, random: Random) -> Iterator[Edit]:
    """Two neighbouring digits exchanged."""

    def new(match: re.Match[str]) -> list[str]:
        old = match["n"]
        swapped = [old[:at] + old[at + 1] + old[at] + old[at + 2 :] for at in range(len(old) - 1) if old[at : at + 2].isdigit()]
        return [text for text in swapped if value(text) != value(old) and not re.match(r"0\d", text)]

    return number_edits(kind, sentence, new)


def other_number(kind: Kind, passage: Passage, sentence: str, random: Random) -> Iterator[Edit]:
    """One digit changed; of a range, the lower end stays below the upper."""

    def new(match: re.Match[str]) -> list[str]:
        low = match.groupdict().get("floor")
        changed = [text for text in one_digit_changed(match["n"]) if value(text) >= 2 or "." in text]
        fitting = [text for text in changed if low is None or value(text) > value(low)]
        high = match.groupdict().get("ceiling")
        fitting = [text for text in fitting if high is None or value(text) < value(high)]
        return random.sample(fitting, min(4, len(fitting)))

    return number_edits(kind, sentence, new)


def one_digit_changed(number: str) -> list[str]:
    """The number with one digit raised or lowered by one to four, no leading zero gained, not all zeros."""
    found = []
    for at, digit in enumerate(number):
        for step in (-4, -3, -2, -1, 1, 2, 3, 4):
            other = int(digit) + step if digit.isdigit() else -1
            text = f"{number[:at]}{other}{number[at + 1 :]}"
            if 0 <= other <= 9 and not re.match(r"0\d", text) and re.search(r"[1-9]", text):
                found.append(text)
    return found


def other_year(kind: Kind, passage: Passage, sentence: str, random: Random) -> Iterator[Edit]:
    """Another year, up to six years off."""
    return number_edits(kind, sentence, lambda match: [str(int(match["n"]) + random.choice((-6, -5, -4, -3, -2, 2, 3)))])


def p_crossed(kind: Kind, passage: Passage, sentence: str, random: Random) -> Iterator[Edit]:
    """A P value moved to the other side of 0.05."""

    def new(match: re.Match[str]) -> list[str]:
        old = value(match["n"])
        places = max(decimal_places(match["n"]), 2)
        if old < Decimal("0.05"):
            return [written_like(match["n"], old + Decimal(step) / 10, places) for step in (1, 2, 4)]
        small = [written_like(match["n"], old / divisor, places + 1) for divisor in (20, 30, 50)]
        return [text for text in small if Decimal(0) < value(text) < Decimal("0.045")]

    return (edit for edit in number_edits(kind, sentence, new) if value(sentence[edit.start : edit.end]) != Decimal("0.05"))


def inverted(kind: Kind, passage: Passage, sentence: str, random: Random) -> Iterator[Edit]:
    """A ratio turned into its reciprocal."""

    def new(match: re.Match[str]) -> list[str]:
        old = value(match["n"])
        near_one = Decimal("0.93") < old < Decimal("1.07")
        return [] if near_one or not Decimal("0.05") < old < 20 else [written_like(match["n"], 1 / old)]

    return number_edits(kind, sentence, new)


def arms(kind: Kind, passage: Passage, sentence: str, random: Random) -> Iterator[Edit]:
    """The figures of two groups exchanged."""
    for text in kind.find:
        for match in pattern(text, kind.exact).finditer(sentence):
            if value(match["a"]) != value(match["b"]):
                new = match["b"] + match["m"] + match["a"]
                yield Edit(match.start(), match.end("b"), new, new)


def word_changed(kind: Kind, passage: Passage, sentence: str, random: Random) -> Iterator[Edit]:
    """A number in words changed by one or two."""
    for match in matches(kind, sentence):
        for step in (-2, -1, 1, 2):
            word = words_of_numbers().get(word_value(match["n"]) + step)
            if word and word != "one":
                yield Edit(*match.span("n"), cased_like(match["n"], word), word)


def to_digits(kind: Kind, passage: Passage, sentence: str, random: Random) -> Iterator[Edit]:
    """A number in words written in digits."""
    for match in matches(kind, sentence):
        yield Edit(*match.span("n"), str(word_value(match["n"])), "")


def to_words(kind: Kind, passage: Passage, sentence: str, random: Random) -> Iterator[Edit]:
    """A number in digits written in words."""
    for match in matches(kind, sentence):
        if int(match["n"]) in words_of_numbers():
            yield Edit(*match.span("n"), words_of_numbers()[int(match["n"])], "")


def matches(kind: Kind, sentence: str) -> Iterator[re.Match[str]]:
    """Where the kind's patterns are found, in either case."""
    for text in kind.find:
        yield from pattern(text, exact=False).finditer(sentence)


def power(kind: Kind, passage: Passage, sentence: str, random: Random) -> Iterator[Edit]:
    """A power of ten in another form."""
    for text in kind.find:
        for match in pattern(text).finditer(sentence):
            exponent = match["n"].translate(PLAIN)
            for new in (f"10{exponent.translate(SUPERSCRIPTS)}", f"10^{exponent}", f"10({exponent})"):
                yield Edit(*match.span(), new, "")


def convert(kind: Kind, passage: Passage, sentence: str, random: Random) -> Iterator[Edit]:
    """A quantity in another unit that is exactly equal."""
    for unit, other, factor in kind.table:
        for match in pattern(rf"(?P<n>%NUM%) ?{unit}{LONE}").finditer(sentence):
            new = converted(value(match["n"]), Fraction(factor), kind.whole)
            if new and new != "1" and not shares_its_unit(sentence[: match.start()]):
                text = f"{new} {other}"
                yield Edit(*match.span(), text, "")


def converted(number: Decimal, factor: Fraction, whole: bool) -> str | None:
    """The number times the factor where that is short to write: at most four digits, and no decimals if a whole is asked."""
    new = Fraction(number) * factor
    exact = Decimal(new.numerator) / Decimal(new.denominator)
    short = Fraction(exact) == new and len(exact.normalize().as_tuple().digits) <= 4 and not (whole and exact % 1)
    return f"{exact.normalize():f}" if short and Decimal("0.05") <= exact < 10000 else None


def shares_its_unit(before: str) -> bool:
    """Whether the number that follows stands in a list or range whose other numbers have no unit of their own."""
    return re.search(r"\d[\d.,]*\s?(?:[-–−±/x×,(]|to|or|and|vs\.?|versus|through)\s*[-−–+]?\s*$", before) is not None
