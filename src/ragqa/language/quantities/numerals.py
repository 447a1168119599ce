"""Numbers in any writing: digits, words, fractions, powers of ten."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import NamedTuple

from ragqa.language.quantities.spelled import POWERS, spelled_at
from ragqa.language.quantities.writing import WORDS

_FRACTIONS = {sign: Decimal(above) / Decimal(below) for sign, (above, below) in WORDS["vulgar"].table().items()}
VULGAR = "".join(_FRACTIONS)
"""The signs of fractions."""

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
    r"(?:[1-9][0-9]{0,2}(?:,[0-9]{3})++(?![0-9])(?:\.[0-9]+)?"
    rf"|[1-9][0-9]{{0,2}}(?:[{SPACES} ][0-9]{{3}})++(?![0-9])(?:[.·][0-9]+)?"
    r"|[0-9]++(?:[.,·∙⋅‧][0-9]++)?|[.·][0-9]++)"
)
_TEN_TO = (
    r"10(?:\s?(?:\^|\*\*?)\s?\{?(?P<caret>[-−–+]?[0-9]{1,3})\}?|\((?P<bracket>[-−–]?[0-9]{1,2})\)"
    r"|(?P<raised>[⁻⁺]?[⁰¹²³⁴⁵⁶⁷⁸⁹]{1,3})|[eE](?P<e_power>[0-9]{1,2})(?!\w))"
)
_FLAT = r"10\s?(?P<flat>[-−–]?[0-9]{1,2})(?![0-9.,])"
"""A power that lost its superscript, read so only behind a multiplication sign."""
_COLONIES = r"10(?P<colonies>[2-9]|1[0-2])(?=\s?(?:CFU|cfu|PFU|pfu|colony))"
_NUMERAL = re.compile(
    rf"(?P<sign>[{MINUS}]|\+(?!\s?/)|minus\s|plus\s)?"
    rf"(?:(?P<power>{_TEN_TO}|{_COLONIES})"
    rf"|(?P<digits>{_DIGITS})(?:(?P<mantissa>\s?[×xX✕*·⋅]\s?(?:{_TEN_TO.replace('P<', 'P<m_')}|{_FLAT}))"
    r"|[eE](?P<e>[+−-]?[0-9]{1,3})(?![\w.])"
    rf"|\s?(?P<vulgar>[{VULGAR}])|\s(?P<mixed>1/[2-8]|2/3|3/4)(?![\w/]))?"
    rf"|(?P<only_vulgar>[{VULGAR}]))"
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
    if spelled := spelled_at(text, start):
        return Numeral(start, spelled.end, spelled.value, True)
    found = _NUMERAL.match(text, start, len(text) if end is None else end)
    if not found or len(found["digits"] or "") > LONGEST:
        return None
    value = _written(found) * POWERS.get(found["scale"] or "", Decimal(1))
    sign = (found["sign"] or "").strip()
    return Numeral(start, found.end(), -value if sign and sign not in ("+", "plus") else value, False)


def _written(found: re.Match[str]) -> Decimal:
    if found["power"]:
        return Decimal(10) ** _exponent(
            found["caret"] or found["bracket"] or found["raised"] or found["e_power"] or found["colonies"]
        )
    if found["only_vulgar"]:
        return _FRACTIONS[found["only_vulgar"]]
    value = Decimal(plain_digits(found["digits"]))
    if found["mantissa"]:
        value *= Decimal(10) ** _exponent(
            found["m_caret"] or found["m_bracket"] or found["m_raised"] or found["m_e_power"] or found["flat"]
        )
    elif found["e"]:
        value *= Decimal(10) ** _exponent(found["e"])
    elif found["vulgar"]:
        value += _FRACTIONS[found["vulgar"]]
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
