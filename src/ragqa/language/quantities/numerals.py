"""Numbers in any writing: digits, words, fractions, powers of ten."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import NamedTuple

from ragqa.language.lexicon import any_of, lexicon

_WORDS = lexicon("language", "quantities")
_ONES = {word: Decimal(number) for word, (number,) in _WORDS["ones"].table().items()}
_TENS = {word: Decimal(number) for word, (number,) in _WORDS["tens"].table().items()}
_POWERS = {word: Decimal(number) for word, (number,) in _WORDS["powers"].table().items()}
_PARTS = {word: Decimal(number) for word, (number,) in _WORDS["parts"].table().items()}
_VULGAR = {sign: Decimal(above) / Decimal(below) for sign, (above, below) in _WORDS["vulgar"].table().items()}
_PRONOUN = _WORDS["no_number_one"].table()

NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
"""The digits of a number as they are written."""
SPACES = "\u00a0\u2007\u2008\u2009\u200a\u202f"
"""Spaces that part thousands beside the plain one: no-break, figure, punctuation, thin, hair, narrow no-break."""
MINUS = "-−–‐‑﹣－"
MARKS = r"[*†‡§¶]{1,3}(?![0-9*])"
"""Footnote marks behind a number."""
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")
_ANY_MINUS = str.maketrans(dict.fromkeys(MINUS, "-"))
_DIGITS = (
    rf"(?:[1-9][0-9]{{0,2}}(?:,[0-9]{{3}})++(?![0-9])(?:\.[0-9]+)?|[1-9][0-9]{{0,2}}(?:[{SPACES} ][0-9]{{3}})++(?![0-9])(?:[.·][0-9]+)?"
    r"|[0-9]++(?:[.,·∙⋅‧][0-9]++)?|[.·][0-9]++)"
)
_TEN_TO = r"10(?:\s?(?:\^|\*\*?)\s?\{?(?P<caret>[-−–+]?[0-9]{1,3})\}?|\((?P<bracket>[-−–]?[0-9]{1,2})\)|(?P<raised>[⁻⁺]?[⁰¹²³⁴⁵⁶⁷⁸⁹]{1,3})|[eE](?P<e_power>[0-9]{1,2})(?!\w))"
_FLAT = r"10\s?(?P<flat>[-−–]?[0-9]{1,2})(?![0-9.,])"
"""A power that lost its superscript, read so only behind a multiplication sign."""
_COLONIES = r"10(?P<colonies>[2-9]|1[0-2])(?=\s?(?:CFU|cfu|PFU|pfu|colony))"
_SMALL = any_of({**_ONES}) + "|" + any_of(_TENS) + f"(?:[-‐‑– ]{any_of(w for w in _ONES if _ONES[w] in range(1, 10))})?"
SPELLED = (
    rf"(?:(?:one[-‐‑– ])?half(?:[-‐‑– ]an?(?= ))?(?![-‐‑–\w])|(?:an?|one|two|three|four|five)[-‐‑– ]{any_of(w for w in _PARTS if w != 'half')}(?=[- ]of\b|s?\s|s?[.,;)]|$)(?!-)"
    rf"|(?:(?:{_SMALL}|an?)[-‐‑– ]{any_of(_POWERS)}s?(?:(?: and)?[-‐‑– ](?:{_SMALL})(?:[-‐‑– ]{any_of(_POWERS)})?(?:(?: and)?[-‐‑– ](?:{_SMALL}))?)?|{_SMALL})(?: and a half\b)?)"
)
NUMERAL = re.compile(
    rf"(?P<sign>[{MINUS}]|\+(?!\s?/)|minus\s|plus\s)?"
    rf"(?:(?P<power>{_TEN_TO}|{_COLONIES})"
    rf"|(?P<digits>{_DIGITS})(?:(?P<mantissa>\s?[×xX✕*·⋅]\s?(?:{_TEN_TO.replace('P<', 'P<m_')}|{_FLAT}))|[eE](?P<e>[+−-]?[0-9]{{1,3}})(?![\w.])"
    rf"|\s?(?P<vulgar>[{''.join(_VULGAR)}])|\s(?P<mixed>1/[2-8]|2/3|3/4)(?![\w/]))?"
    rf"|(?P<only_vulgar>[{''.join(_VULGAR)}])"
    rf"|(?P<word>(?<![^\W_])(?i:{SPELLED})(?![^\W_])))"
    rf"(?P<marks>{MARKS}|[¹²³⁴⁵⁶⁷⁸⁹](?![⁰-⁹]))?(?:\s(?P<scale>thousand|million|billion)(?!\w))?"
)
_FRACTION = re.compile(r"(?:1/[2-9]|1/10|2/3|2/5|3/4|3/5|3/8|4/5)(?![0-9/]|[.,][0-9])")
LONGEST = 30
"""Characters of a number; longer ones are identifiers."""


class Numeral(NamedTuple):
    """A number, ``text[start:end]``, with its sign."""

    start: int
    end: int
    value: Decimal
    spelled: bool


def numeral_at(text: str, start: int, end: int | None = None) -> Numeral | None:
    """The number that begins at ``start``; None where none does, or where it is part of an identifier."""
    if fraction := _FRACTION.match(text, start):
        above, below = fraction[0].split("/")
        return Numeral(start, fraction.end(), Decimal(above) / Decimal(below), False)
    found = NUMERAL.match(text, start, len(text) if end is None else end)
    if not found or found.end() - start > 2 * LONGEST:
        return None
    if found["word"]:
        value = _spelled(found["word"].lower())
        if value is None:
            return None
    else:
        value = _written(found)
    value *= _POWERS.get(found["scale"] or "", Decimal(1))
    sign = (found["sign"] or "").strip()
    return Numeral(start, found.end(), -value if sign and sign not in ("+", "plus") else value, bool(found["word"]))


def _written(found: re.Match[str]) -> Decimal:
    if found["power"]:
        return Decimal(10) ** _exponent(found["caret"] or found["bracket"] or found["raised"] or found["e_power"] or found["colonies"])
    if found["only_vulgar"]:
        return _VULGAR[found["only_vulgar"]]
    value = Decimal(plain_digits(found["digits"]))
    if found["mantissa"]:
        value *= Decimal(10) ** _exponent(found["m_caret"] or found["m_bracket"] or found["m_raised"] or found["m_e_power"] or found["flat"])
    elif found["e"]:
        value *= Decimal(10) ** _exponent(found["e"])
    elif found["vulgar"]:
        value += _VULGAR[found["vulgar"]]
    elif found["mixed"]:
        above, below = found["mixed"].split("/")
        value += Decimal(above) / Decimal(below)
    return value


def _exponent(written: str) -> int:
    return int(written.translate(_SUPERSCRIPTS).translate(_ANY_MINUS))


def plain_digits(written: str) -> str:
    """Digits with a point at most: commas and spaces of thousands taken out, any decimal mark a point."""
    written = re.sub(rf"[{SPACES} ]", "", re.sub(r"[·∙⋅‧]", ".", written))
    whole = re.fullmatch(r"[1-9][0-9]{0,2}(?:,[0-9]{3})+(\.[0-9]+)?", written)
    return written.replace(",", "" if whole else ".")


def _spelled(words: str) -> Decimal | None:
    """The value of number words: "two and a half", "one hundred and twenty", "two thirds", "half a"."""
    extra = Decimal("0.5") if words.endswith(" and a half") else Decimal(0)
    total, group, below = Decimal(0), Decimal(0), Decimal(1)
    for word in re.split(r"[-‐‑– ]", words.removesuffix(" and a half")):
        singular = word.rstrip("s")
        if word in ("half", *_PARTS) and word not in _ONES:
            group, below = group or Decimal(1), _PARTS[word]
        elif word in ("a", "an"):
            group = group or Decimal(1)
        elif word in _ONES or word in _TENS:
            group += _ONES.get(word, Decimal(0)) + _TENS.get(word, Decimal(0))
        elif singular in _POWERS:
            power = _POWERS[singular]
            total, group = (total, (group or 1) * power) if power < 1000 else (total + (group or 1) * power, Decimal(0))
    return (total + group) / below + extra


def is_pronoun(text: str, numeral: Numeral) -> bool:
    """Whether "one" stands for a thing rather than a number: "no one", "one of", "one another"."""
    if text[numeral.start : numeral.end].lower() != "one":
        return False
    before = re.search(r"(\w+)\s$", text[max(0, numeral.start - 12) : numeral.start])
    after = re.match(r"\s(\w+)|(['’.,;)])", text[numeral.end : numeral.end + 12])
    return bool(
        (before and before[1].lower() in _PRONOUN["before"])
        or not after
        or after[2]
        or (after[1] and after[1].lower() in _PRONOUN["after"])
    )
