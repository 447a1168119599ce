"""What the makers of mutants read in a sentence: patterns of the lists, numbers in digits and in words, abbreviations."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal
from functools import cache

TO_NINE = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
TO_NINETEEN = ("ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen")
UNITS = TO_NINE + TO_NINETEEN
TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
SMALL_WORDS = {"of", "and", "the", "for", "in", "with", "to", "a", "on", "by", "or"}
PARTS = {
    "NUM": r"(?<![\w.,·])(?<![A-Za-z]-)(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?![\d·]|[.,]\d)",
    "WORDNUM": rf"(?:(?:{'|'.join(TENS)})(?:[- ](?:{'|'.join(TO_NINE)}))?|{'|'.join(TO_NINETEEN[::-1] + TO_NINE[:0:-1])})",
    "DOSE": r"(?:mg|µg|μg|mcg|ng|g|kg|mL|ml|L|l|IU|units|mmol|mEq)(?:/(?:kg|m2|m²|mL|ml|dL|L))?(?![\w²])",
    "TIME": r"(?:seconds?|minutes?|min|hours?|h|days?|weeks?|months?|years?)",
    "PEOPLE": r"(?:patients|participants|subjects|individuals|adults|children|women|men|volunteers|people|persons|adolescents"
    r"|infants|outpatients|inpatients|mothers|students|girls|boys|cases|trials|studies|eyes|rats|mice|centers|centres|hospitals"
    r"|schools|smokers|nurses|families|households|neonates|physicians|practices)",
}


def folded(text: str) -> str:
    """Lower case, white space folded."""
    return " ".join(text.lower().split())


@cache
def pattern(text: str, exact: bool = True) -> re.Pattern[str]:
    """A pattern of the data, its %PARTS% put in."""
    for name, part in PARTS.items():
        text = text.replace(f"%{name}%", part)
    return re.compile(text, re.NOFLAG if exact else re.IGNORECASE)


def number_pattern() -> str:
    """Numbers as they are written in digits."""
    return r"\d+(?:[,\u2009\u202f\u00a0]\d{3})*(?:[.·]\d+)?|(?<!\d)[.·]\d+"


def is_number(text: str) -> bool:
    """Whether a text is a number in digits."""
    return re.fullmatch(r"[\d.,·]*\d", text) is not None


def value(number: str) -> Decimal:
    """What a number in digits is worth."""
    return Decimal(re.sub(r"[,\s]", "", number).replace("·", ".")).normalize()


@cache
def number_words() -> dict[str, int]:
    """One to ninety-nine in words."""
    words = {word: number for number, word in enumerate(UNITS, start=1)}
    for place, ten in enumerate(TENS, start=2):
        words[ten] = 10 * place
        words |= {f"{ten}-{unit}": 10 * place + number for number, unit in enumerate(TO_NINE, start=1)}
    return words


@cache
def words_of_numbers() -> dict[int, str]:
    """One to ninety-nine, with their words."""
    return {number: word for word, number in number_words().items()}


def word_value(word: str) -> int:
    """What a number in words is worth."""
    return number_words()["-".join(word.lower().replace("-", " ").split())]


def values(text: str) -> frozenset[Decimal]:
    """Every number of a text, in digits or in words."""
    digits = {value(number) for number in re.findall(number_pattern(), text)}
    words = {Decimal(word_value(word)) for word in pattern(r"\b%WORDNUM%\b", exact=False).findall(text)}
    return frozenset(digits | words)


def written_like(old: str, new: Decimal, places: int | None = None) -> str:
    """A number written as another is: its decimals (unless told otherwise), its comma, its leading zero."""
    decimals = decimal_places(old) if places is None else places
    text = f"{new.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP):,f}"
    text = text if "," in old else text.replace(",", "")
    return text.removeprefix("0") if old.startswith(".") else text


def decimal_places(number: str) -> int:
    """How many decimals a number is written with."""
    return len(number.partition(".")[2])


def cased_like(old: str, new: str) -> str:
    """The new words with the old words' capital, if they have one."""
    if old[:1].isupper() and old[1:2].islower():
        return new[:1].upper() + new[1:]
    return new.upper() if len(old) > 3 and old.isupper() and old.isalpha() else new


def abbreviations(text: str) -> dict[str, str]:
    """Abbreviations that the text gives in brackets after a long form with the same initials."""
    found: dict[str, str] = {}
    for match in re.finditer(r"((?:[\w’'-]+\s+){1,8})\(([A-Z]{2,6})\)", text):
        long_form = with_initials(match[1].split(), match[2])
        if long_form and match[2] not in found:
            found[match[2]] = long_form
    return {short: long for short, long in found.items() if list(found.values()).count(long) == 1}


def with_initials(words: list[str], short: str) -> str | None:
    """The last words whose initials are the letters of the abbreviation, small words aside."""
    for count in range(2, len(words) + 1):
        tail = words[-count:]
        initials = "".join(part[0] for word in tail if word.lower() not in SMALL_WORDS for part in word.split("-") if part)
        if initials.upper() == short and tail[0].lower() not in SMALL_WORDS:
            return " ".join(tail)
    return None
