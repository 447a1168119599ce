"""Reads the quantities of a text."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from typing import NamedTuple, cast

from ragqa.language.lexicon import lexicon
from ragqa.language.quantities.numerals import MINUS, Numeral, numeral_at
from ragqa.language.quantities.spelled import FIRST
from ragqa.language.quantities.units import NO_UNIT, ONE, Unit, unit_at
from ragqa.language.quantities.values import Bound, Quantity, QuantityKind

_WORDS = lexicon("language", "quantities")


def _forms(group: str) -> dict[str, str]:
    """The name that each form of a group stands for."""
    return {form: name for name, forms in _WORDS[group].table().items() for form in forms}


def _either(forms: Iterable[str]) -> str:
    """The forms as alternatives, longer ones first."""
    return "|".join(re.escape(form).replace(r"\ ", r"\s") for form in sorted(forms, key=len, reverse=True))


_BOUNDS_BEFORE, _BOUNDS_AFTER = _forms("bounds_before"), _forms("bounds_after")
_INTERVALS, _SPREADS = _forms("intervals"), _forms("spreads")
_TIMES = {word: Decimal(number) for word, (number,) in _WORDS["times"].table().items()}
_ADVERBS = {word: unit for word, (unit,) in _WORDS["adverbs"].table().items()}
_PERIODS = {word: unit for word, (unit,) in _WORDS["periods"].table().items()}
_ABBREVIATED = {
    word: (Decimal(times), unit)
    for group in ("abbreviated", "abbreviated_after_a_dose")
    for word, (meaning,) in _WORDS[group].table().items()
    for times, unit in [meaning.split()]
}


def _dotted(group: str) -> str:
    return "|".join(r"\.?\s?".join(word) + r"\b\.?" if len(word) < 4 else word for word in _WORDS[group].table())


_ADVERB = rf"(?P<adverb>{_either(_ADVERBS)})(?!\w|\s(?:{_WORDS['no_frequency'].pattern}))"
_PERIOD = rf"(?P<period>{_either(_PERIODS)})(?!\w)"
_SHORT = rf"(?P<short>{_dotted('abbreviated')})(?!\w)"
_EVERY = re.compile(r"(?:every|each|once in|q\.?)\s?", re.IGNORECASE)
_ALTERNATE = re.compile(
    r"(?:(?:every|each)\s(?:other|second)|(?:on\s)?alternate|alternating)\s(?P<period>day|night|week|month)s?\b", re.IGNORECASE
)
_IN_A_PERIOD = re.compile(
    rf"[\s-]{{0,2}}(?:{_ADVERB}|(?:per|an?|each|every|in\sa|/)\s?{_PERIOD})|\s?/\s?{_PERIOD.replace('period', 'slash')}",
    re.IGNORECASE,
)
_ONCE = re.compile(
    rf",?[\s-]\(?(?:(?:once[\s-])?(?:{_ADVERB}|(?:every|each)\s{_PERIOD})|once\s(?:a|per|in\sa)\s{_PERIOD.replace('period', 'a_period')}"
    rf"|(?P<short>(?:{_dotted('abbreviated')}|{_dotted('abbreviated_after_a_dose')}))(?!\w)\)?)",
    re.IGNORECASE,
)
_ONE_PERIOD = re.compile(_PERIOD, re.IGNORECASE)
_BLANK = re.compile(r"[\s,]{1,2}")
_HOURLY = re.compile(r"[\s-]hourly\b", re.IGNORECASE)

_LEVEL = r"(?:(?P<level>[0-9]{2}(?:\.[0-9])?)[\s-]?(?:[%％]|percent|per\scent)?[\s-]{0,2})?"
_INTERVAL_NAME = rf"(?:{_either(_INTERVALS)})"
_AFTER_NAME = re.compile(
    r"[\s,:;=(\[{]{0,4}+(?:(?:of|was|were|is|from|between|ranging\sfrom|ranged\sfrom|range)[\s,:;=(\[{]{0,4})?", re.IGNORECASE
)
_JOINT = re.compile(rf"\s?[%％]?\s?(?:to|through|and|[,;/]|\.\.|[{MINUS}])\s?")
_ANCHOR = re.compile(
    r"(?P<skip>https?://\S+|\bwww\.\S+|\b10\.[0-9]{4,9}/\S+|\b(?:doi|DOI):?\s?\S+|\bPM(?:C?ID|C):?\s?[0-9]+"
    r"|\[[0-9]{1,3}(?:\s?,\s?[0-9]{1,3})*\](?<!,000\])|\b(?:19|20)[0-9]{2}-[0-9]{2}-[0-9]{2}\b)"
    rf"|(?P<interval>(?<![\w.]){_LEVEL}(?P<interval_name>(?i:{_INTERVAL_NAME}))(?!\w)(?:\s?[(\[](?:CI|CrI)s?[)\]])?(?(level)|(?:\s?(?P<level_behind>[89][0-9](?:\.[0-9])?)\s?[%％])?))"
    r"|(?P<p>(?<![\w-])[Pp](?:s|[\s-]?[Vv]alues?)?(?:\s?\([\w\s-]{1,20}\)|_\w{1,12}|\s(?:for|of)\s[a-z\s-]{1,30}?)?\s?(?=[=<>≤≥⩽⩾]|(?:of|was|is|less|greater|more|equal|under|below|above|over|at)\s|:\s?[0.]))"
    rf"|(?P<spread>(?:±|\+\s?/?\s?[-−–]|(?<![\w.])(?:{_either(_SPREADS)})(?!\w))(?:[\s,:;=(\[]{{0,4}}+(?:(?:of|was)[\s,:;=(\[]{{0,4}})?(?:±|\+\s?/?\s?[-−–])?\s?)?)(?=[-−–]?[0-9.·])"
    rf"|(?P<frequency>(?<![\w])(?i:{_either(_TIMES)}|{_either(_ADVERBS)}|every|each|on\salternate|alternate|alternating|{_dotted('abbreviated')})(?!\w)|(?<!\w)[qQ]\.?\s?(?=[0-9]))"
    rf"|(?P<label>(?<!\w)(?i:{'|'.join(_WORDS['labels'].entries)})[\s-](?:(?:one|two|three|four|five|six)(?!\w)"
    r"|[0-9]{1,2}(?:[a-z]\b)?(?:(?:\s?[-–/]\s?|\s(?:and|or|to)\s)[0-9]{1,2}(?![\d.]))*(?![\w.,·][0-9]|[0-9%])))"
    r"|(?P<number>(?<![\w.])(?<![0-9],)(?<!\^)(?<![^\W\d_][-‐‑–−])(?:(?:(?<![\w%)\]])[-−–+]|(?<=[=(<>:]\s)[-−–]\s|(?<=[=(<>:,\[])[-−–]\s)?[.·]?[0-9]|[½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅐⅛⅜⅝⅞⅑⅒]|(?i:minus|plus)\s(?=[0-9.])))"
    rf"|(?P<word>(?<![\w.-]){FIRST})"
    r"|(?<=(?<![A-Za-z])[xX×])(?P<factor>[0-9])"
)

_BOUND_WORDS = _either(form for form in _BOUNDS_BEFORE if form[0].isalpha())
_BOUND_SIGNS = _either(form for form in _BOUNDS_BEFORE if not form[0].isalpha())
_BOUND = rf"(?:(?<![^\W_])(?i:{_BOUND_WORDS})|{_BOUND_SIGNS})"
_BEFORE = re.compile(rf"{_BOUND}\s?$")
_P_SIGN = re.compile(rf"(?:{_BOUND}\s?)?(?:(?:of|was|is|at|=|:)\s?)?(?:{_BOUND}\s?)?")
_AFTER = re.compile(rf"\s?\+(?![\w/])|[\s-](?:{_either(_BOUNDS_AFTER)})(?!\w|\sthan\b)", re.IGNORECASE)
_COUNTED = re.compile(r"(?<!\w)[nN]\s?[=:]\s?$")
_POINT = re.compile(rf"(?<!\w)(?:{'|'.join(_PERIODS)})s?[\s-]$", re.IGNORECASE)
_TIME_WORD = re.compile(rf"(?:{'|'.join(_PERIODS)})s?[\s-]", re.IGNORECASE)
_BETWEEN = re.compile(r"(?<!\w)between\s$", re.IGNORECASE)
_AGED = re.compile(
    rf"(?<!\w)(?:{'|'.join(_WORDS['age'].entries)})\s?[:=]?\s?(?:[<>≤≥]=?\s?|(?:{_either(f for f in _BOUNDS_BEFORE if f[0].isalpha())})\s)?$",
    re.IGNORECASE,
)
_WORD_REST = re.compile(r"[\w.,]{0,60}")
_SEPARATOR = re.compile(r"[\s\-‐‑–]")
_OF_AGE = re.compile(r"[\s-](?:old|of\sage)\b", re.IGNORECASE)
_RANGE = re.compile(rf"\s?[{MINUS}]\s?(?=[.·0-9{MINUS}])|\s(?:to|through|till|until)\s(?:about\s)?|\s[{MINUS}]\s", re.IGNORECASE)
_AND = re.compile(r"\sand\s")
_GOES_ON = re.compile(rf"[{MINUS}]\s?[0-9]")
_NAME_BEHIND = re.compile(
    rf"(?![xX×]\s?[0-9])[^\W\d_]|\(?(?:OH|[0-9])\)?[A-Z(]|\.[0-9]|[-‐‑–](?:[A-Z]|(?:{'|'.join(_WORDS['chemistry'].entries)}))|,[0-9]+[-‐]"
)
_YEAR = re.compile(r"(?:19|20)[0-9]{2}")
_PEOPLE = re.compile(
    rf"(?:[\s-](?!(?:{'|'.join(_WORDS['no_people_between'].entries)})\b)[^\W\d_][\w'’]{{0,30}}+,?){{0,5}}?[\s-](?:{'|'.join(_WORDS['people'].entries)})\b",
    re.IGNORECASE,
)
_LIST = re.compile(r"\s?(?:/|,|[-–−]|\bto\b|\band\b|\bor\b|\bversus\b|\bvs\.?|,\s?and\b|,\s?or\b|±|\+\s?/?\s?[-−–])\s?")
_MONEY = re.compile(r"(?:US)?\$\s?$")
_WIDTH = 40
"""Characters before a number in which its bound is looked for."""
_TIMES_SIGN = re.compile(r"[xX×]\s?[0-9]")
_NOT_IN_A_PERIOD = frozenset(
    ("ratio", "percentage points", "temperature", "proportion", "fold", "points", "standard deviations", "length", "")
)


class _Value(NamedTuple):
    """Numbers with their unit: both ends equal, or a range."""

    low: Decimal
    high: Decimal
    unit: Unit
    end: int


def quantities(text: str) -> tuple[Quantity, ...]:
    """The quantities of a text, in order, none overlapping."""
    found: list[Quantity] = []
    position = 0
    while anchor := _ANCHOR.search(text, position):
        read = _READ[cast(str, anchor.lastgroup)](text, anchor, position)
        if isinstance(read, Quantity):
            found.append(read)
            position = read.end
        else:
            position = max(read, anchor.start() + 1)
    return tuple(_shared_units(text, found))


def _skip(text: str, anchor: re.Match[str], _: int) -> Quantity | int:
    return anchor.end()


def _label(text: str, anchor: re.Match[str], _: int) -> Quantity | int:
    """The number of "phase 3" is a name; that of "level 5 mg" or "study 24 patients" is none."""
    numbers = list(re.finditer(r"[0-9]+", anchor[0]))
    if not numbers:
        return anchor.end()
    unit, _end = unit_at(text, _unit_start(text, anchor.end()))
    counts = len(numbers[-1][0]) > 1 and _PEOPLE.match(text, anchor.end())
    return anchor.end() if unit == NO_UNIT and not counts else anchor.start() + numbers[0].start()


def _number(text: str, anchor: re.Match[str], position: int) -> Quantity | int:
    numeral = numeral_at(text, anchor.start())
    if numeral is None:
        return _past(text, anchor.end())
    if hourly := _HOURLY.match(text, numeral.end):
        return _frequency_of(
            text, numeral.start, hourly.end(), Decimal(24) / numeral.value if numeral.value else numeral.value, "d"
        )
    value = _value_at(text, numeral, between=bool(_BETWEEN.search(text[max(position, numeral.start - 10) : numeral.start])))
    if value is None:
        return _past(text, numeral.end)
    return _quantity(text, position, numeral, value)


def _past(text: str, end: int) -> int:
    """Where the word around ``end`` ends."""
    return _end(_WORD_REST, text, end)


def _unit_start(text: str, end: int) -> int:
    return _end(_SEPARATOR, text, end)


def _end(pattern: re.Pattern[str], text: str, start: int) -> int:
    """Where a pattern that begins at ``start`` ends; ``start`` where it does not match."""
    found = pattern.match(text, start)
    return found.end() if found else start


def _value_at(text: str, numeral: Numeral, between: bool = False) -> _Value | None:
    """The number with its unit and the other end of its range; None where its digits are those of a name."""
    unit, end = _unit(text, numeral)
    if unit == NO_UNIT and not numeral.spelled and _NAME_BEHIND.match(text, numeral.end):
        return None
    joint = _AND.match(text, end) if between else _RANGE.match(text, end)
    upper = numeral_at(text, joint.end()) if joint else None
    if joint and upper and not _GOES_ON.match(text, upper.end):
        upper_unit, upper_end = _unit(text, upper)
        is_name = upper_unit == NO_UNIT and not upper.spelled and _NAME_BEHIND.match(text, upper.end)
        low = numeral.value if unit in (NO_UNIT, upper_unit) else _in_unit(numeral.value, unit, upper_unit)
        if not is_name and low is not None and low < upper.value:
            return _Value(low, upper.value, upper_unit, upper_end)
    return _Value(numeral.value, numeral.value, unit, end)


def _in_unit(value: Decimal, unit: Unit, other: Unit) -> Decimal | None:
    """The value in another unit of its dimension (96 months to 17 years), or in each of its period (450 mg to 600 mg daily)."""
    if unit == Unit(other.parts[:-1], other.number) and other.period:
        return value
    if unit.dimension != other.dimension or unit.dimension == "temperature":
        return None
    return unit.in_base(value) / other.in_base(ONE)


def _unit(text: str, numeral: Numeral) -> tuple[Unit, int]:
    """The unit behind a number, with the period in which it is meant."""
    start = _unit_start(text, numeral.end)
    unit, end = unit_at(text, start)
    if unit == NO_UNIT and start != numeral.end:
        unit, end = unit_at(text, numeral.end)
    if unit == NO_UNIT or _TIMES_SIGN.match(text, end - 1):
        return NO_UNIT, numeral.end
    if aged := _OF_AGE.match(text, end):
        return unit, aged.end()
    if unit.dimension not in _NOT_IN_A_PERIOD and not unit.period and (once := _ONCE.match(text, end)):
        times, period = _once(once)
        if times == 1 and not (unit.parts[0][0] in ("d", "wk", "mo", "a")):
            return unit.per(period), once.end()
    return unit, end


def _once(once: re.Match[str]) -> tuple[Decimal, str]:
    if short := once["short"]:
        return _ABBREVIATED[re.sub(r"[.\s]", "", short).lower()]
    if adverb := once["adverb"]:
        return ONE, _ADVERBS[adverb.lower()]
    return ONE, _PERIODS[(once["period"] or once["a_period"]).lower()]


def _quantity(text: str, position: int, numeral: Numeral, value: _Value) -> Quantity:
    """A value with its bound, and what kind it is."""
    before = text[max(position, numeral.start - _WIDTH) : numeral.start]
    start, bound, end, unit = numeral.start, "", value.end, value.unit
    kind: QuantityKind = "value"
    if counted := _COUNTED.search(before):
        start, kind = start - len(before) + counted.start(), "count"
    elif found := _BEFORE.search(before):
        start, bound = start - len(before) + found.start(), _bound(found[0])
    elif between := _BETWEEN.search(before):
        start = start - len(before) + between.start() if value.low != value.high else start
    elif unit == NO_UNIT and (point := _POINT.search(before)) and not _YEAR.fullmatch(text[numeral.start : numeral.end]):
        start, unit = start - len(before) + point.start(), Unit(((_PERIODS[re.sub(r"s?[\s-]$", "", point[0]).lower()], 1),))
    elif unit == NO_UNIT and (money := _MONEY.search(before)):
        start, unit = start - len(before) + money.start(), Unit((("{USD}", 1),))
    if after := _AFTER.match(text, end):
        bound, end = _bound(after[0]), after.end()
    if unit == NO_UNIT and _AGED.search(before):
        unit = Unit((("a", 1),))
    if kind == "value" and unit == NO_UNIT:
        kind = _kind(text, before, numeral, value)
    low, high = value.low, value.high
    if low == high and bound not in ("", "~"):
        low, high = (value.low, None) if bound[0] == ">" else (None, value.high)
    return Quantity(start, end, text[start:end], low, high, cast(Bound, bound), kind, unit)


def _bound(words: str) -> str:
    words = re.sub(r"\s+", " ", words).strip(" -").lower()
    return ">=" if words == "+" else _BOUNDS_BEFORE.get(words) or _BOUNDS_AFTER[words]


def _kind(text: str, before: str, numeral: Numeral, value: _Value) -> QuantityKind:
    whole = value.high == value.high.to_integral_value()
    if whole and _PEOPLE.match(text, value.end):
        return "count"
    if not _YEAR.fullmatch(text[numeral.start : numeral.end].strip()):
        return "value"
    word = re.search(r"([^\W\d_]+)\W*$", before)
    return "year" if not word or word[1].lower() in _WORDS["years"].entries or before.endswith("(") else "value"


def _frequency(text: str, anchor: re.Match[str], _: int) -> Quantity | int:
    """Once, twice, daily, every 8 hours, bid: times in a period."""
    word = anchor[0].lower()
    start, end = anchor.span()
    if word in _TIMES:
        return _times(text, start, end, _TIMES[word])
    if word in _ADVERBS:
        adverb = _IN_A_PERIOD.match(text, start)
        return _frequency_of(text, start, end, ONE, _ADVERBS[word]) if adverb else end
    short = re.sub(r"[.\s]", "", word)
    if short in _ABBREVIATED:
        article = re.search(r"\b(?:an?|the|to|in|their|its)\s$", text[max(0, start - 6) : start], re.IGNORECASE)
        return end if article else _frequency_of(text, start, end, *_ABBREVIATED[short])
    return _every(text, start, ONE) or end


def _times(text: str, start: int, end: int, times: Decimal) -> Quantity | int:
    """ "Twice" with the period that follows."""
    if period := _IN_A_PERIOD.match(text, end):
        name = period["period"] or period["slash"]
        code = _ADVERBS[period["adverb"].lower()] if period["adverb"] else _PERIODS[name.lower()]
        return _frequency_of(text, start, period.end(), times, code)
    blank = _BLANK.match(text, end)
    if blank and (every := _every(text, blank.start() + 1, times)):
        return replace(every, start=start, text=text[start : every.end])
    if times == 1:
        return end
    return Quantity(start, end, text[start:end], times, times, measured_in=Unit((("{times}", 1),)))


def _every(text: str, start: int, times: Decimal) -> Quantity | None:
    """ "Every 8 hours", "every other day", "each day", "q8h"."""
    if alternate := _ALTERNATE.match(text, start):
        return _frequency_of(text, start, alternate.end(), times / 2, _PERIODS[alternate["period"].lower()])
    every = _EVERY.match(text, start)
    if not every:
        return None
    numeral = numeral_at(text, every.end())
    if numeral is None:
        period = _ONE_PERIOD.match(text, every.end())
        return _frequency_of(text, start, period.end(), times, _PERIODS[period[0].lower()]) if period else None
    value = _value_at(text, numeral)
    if not value or value.unit.dimension != "time" or not value.low > 0:
        return None
    seconds = value.unit.in_base(value.low), value.unit.in_base(value.high)
    code = value.unit.parts[0][0]
    if code in ("wk", "mo", "a", "{fortnight}"):
        return _frequency_of(text, start, value.end, times / value.high, code, times / value.low)
    return _frequency_of(text, start, value.end, times * _DAY / seconds[1], "d", times * _DAY / seconds[0])


_DAY = Decimal(86400)


def _frequency_of(text: str, start: int, end: int, low: Decimal, period: str, high: Decimal | None = None) -> Quantity:
    unit = Unit((("{times}", 1), (period, -1)))
    return Quantity(start, end, text[start:end], low, low if high is None else high, measured_in=unit)


def _p(text: str, anchor: re.Match[str], _: int) -> Quantity | int:
    numeral = numeral_at(text, _end(_P_SIGN, text, anchor.end()))
    if numeral is None or not 0 <= numeral.value <= 1:
        return anchor.end()
    found = _BEFORE.search(text[anchor.end() : numeral.start])
    bound = _bound(found[0]) if found else ""
    low, high = (
        (numeral.value, numeral.value)
        if bound in ("", "~")
        else (numeral.value, None)
        if bound[0] == ">"
        else (None, numeral.value)
    )
    return Quantity(anchor.start(), numeral.end, text[anchor.start() : numeral.end], low, high, cast(Bound, bound), "p")


def _interval(text: str, anchor: re.Match[str], _: int) -> Quantity | int:
    """A confidence or credible interval with its level, or the level alone."""
    level = anchor["level"] or anchor["level_behind"]
    name = _name_of(anchor["interval_name"], _INTERVALS)
    ends = _ends(text, _end(_AFTER_NAME, text, anchor.end()))
    if ends:
        return Quantity(
            anchor.start(), ends.end, text[anchor.start() : ends.end], ends.low, ends.high,
            kind="interval", measured_in=ends.unit, statistic=name, level=Decimal(level) if level else None,
        )  # fmt: skip
    if not level:
        return anchor.end()
    percent = Unit((("%", 1),))
    return Quantity(
        anchor.start(), anchor.end(), anchor[0], Decimal(level), Decimal(level), kind="level", measured_in=percent, statistic=name
    )


def _name_of(form: str, names: dict[str, str]) -> str:
    form = re.sub(r"\s", " ", form)
    return names.get(form) or next(name for other, name in names.items() if other.lower() == form.lower())


def _ends(text: str, start: int) -> _Value | None:
    """The two ends of an interval, in whatever way they are parted."""
    lower = numeral_at(text, start)
    if not lower:
        return None
    unit, end = _unit(text, lower)
    joint = _JOINT.match(text, end)
    upper = numeral_at(text, joint.end()) if joint else None
    if upper is None and "," in text[start : lower.end]:
        cut = start + text[start : lower.end].index(",")
        lower, joint = numeral_at(text, start, cut), _JOINT.match(text, cut)
        upper = numeral_at(text, joint.end()) if joint else None
    if not lower or not upper:
        return None
    upper_unit, upper_end = _unit(text, upper)
    if NO_UNIT in (unit, upper_unit):
        upper_unit = unit if upper_unit == NO_UNIT else upper_unit
        first: Decimal | None = lower.value
    else:
        first = _in_unit(lower.value, unit, upper_unit)
    return None if first is None else _Value(min(first, upper.value), max(first, upper.value), upper_unit, upper_end)


def _spread(text: str, anchor: re.Match[str], _: int) -> Quantity | int:
    """What stands behind ±, SD, SE or IQR."""
    numeral = numeral_at(text, anchor.end())
    value = _value_at(text, numeral) if numeral else None
    if value is None:
        return anchor.end()
    name = re.match(rf"(?:{_either(_SPREADS)})", anchor[0])
    statistic = _SPREADS[re.sub(r"\s", " ", name[0])] if name else ""
    start = anchor.start()
    return Quantity(start, value.end, text[start : value.end], value.low, value.high, "", "spread", value.unit, statistic)


def _shared_units(text: str, found: list[Quantity]) -> list[Quantity]:
    """Members of a list take the unit behind its last ("10, 20 or 30 mg", "12.3 ± 4.5 mg") or before its first ("weeks 4 and 8")."""
    for i in range(len(found) - 2, -1, -1):
        own, behind = found[i], found[i + 1]
        shared = behind.kind in ("value", "spread") and behind.dimension not in ("", "frequency", "times")
        if _is_bare(own) and shared and _joined(text, own, behind):
            found[i] = replace(own, measured_in=behind.measured_in)
    point = NO_UNIT
    for i, own in enumerate(found):
        if _TIME_WORD.match(own.text):
            point = own.measured_in
        elif point != NO_UNIT and _is_bare(own) and _joined(text, found[i - 1], own):
            found[i] = replace(own, measured_in=point)
        else:
            point = NO_UNIT
    return found


def _is_bare(quantity: Quantity) -> bool:
    return quantity.measured_in == NO_UNIT and quantity.kind == "value"


def _joined(text: str, first: Quantity, second: Quantity) -> bool:
    gap = text[first.end : second.start]
    return (second.kind == "spread" and not gap.strip()) or _LIST.fullmatch(gap) is not None


_READ = {
    "skip": _skip, "interval": _interval, "interval_name": _interval, "level_behind": _interval, "p": _p, "spread": _spread,
    "frequency": _frequency, "label": _label, "number": _number, "word": _number, "factor": _number,
}  # fmt: skip
