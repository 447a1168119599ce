"""Numbers are read as values, whatever their writing; another value, unit, bound, sign or kind is never the same."""

from __future__ import annotations

from decimal import Decimal
from itertools import combinations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ragqa.language.lexicon import lexicon
from ragqa.language.quantities import Quantity, masses, quantities, same, within

pytestmark = pytest.mark.quick
UNITS = lexicon("language", "units")


def only(text: str) -> Quantity:
    """The one quantity of a text."""
    (found,) = quantities(text)
    return found


def told(text: str) -> list[tuple[str, str]]:
    """Each quantity as its bound with its ends, and its unit."""
    found = []
    for quantity in quantities(text):
        low, high = ("" if end is None else f"{end.normalize():f}" for end in (quantity.low, quantity.high))
        found.append((quantity.bound + (low if low == high else f"{low}..{high}"), quantity.unit))
    return found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("They took .25 mg, then 0,75 mg, then 1·5 mg.", [("0.25", "mg"), ("0.75", "mg"), ("1.5", "mg")]),
        ("1,204 adults, 8\u2009391 controls and 17 650 births", [("1204", ""), ("8391", ""), ("17650", "")]),
        ("Thirty-six women; one hundred and five men", [("36", ""), ("105", "")]),
        ("three and a half hours, 3½ h, 3 1/2 h, half a tablet", [("3.5", "h"), ("3.5", "h"), ("3.5", "h"), ("0.5", "{tablet}")]),
        ("platelets 40 × 10⁹/L or 40 x 10^9/L or 40×109/L", [("40000000000", "/L")] * 3),
        ("17†; 30*; 25%‡", [("17", ""), ("30", ""), ("25", "%")]),
        ("a change of −3.1 kg, -3.1 kg or minus 3.1 kg", [("-3.1", "kg")] * 3),
        ("6-12 weeks, 6 to 12 weeks, between 6 and 12 weeks, 6 weeks to 12 weeks", [("6..12", "wk")] * 4),
        ("at least 40 mg, no more than 40 mg, up to 40 mg", [(">=40..", "mg"), ("<=..40", "mg"), ("<=..40", "mg")]),
        ("<60, ≥60, > or = 60, under 60, about 60", [("<..60", ""), (">=60..", ""), (">=60..", ""), ("<..60", ""), ("~60", "")]),
        ("40 years or older, 40+, 40 or fewer", [(">=40..", "a"), (">=40..", ""), ("<=..40", "")]),
        ("7 mg/kg/d, 7 mg kg⁻¹ d⁻¹, 7 mg·kg-1·day-1, 7 mg per kg per day, 7 mg/kg daily", [("7", "mg/kg/d")] * 5),
        ("80 mL/min/1.73 m² or 80 ml/min per 1.73 m2", [("80", "mL/min/1.73.m2")] * 2),
        ("6 per 1000 person-years; 6/1,000 person-years", [("6", "/1000.{person-years}")] * 2),
        ("5 mg once daily, 5 mg daily, 5 mg od, 5 mg a day, 5 mg every day, 5mg qd", [("5", "mg/d")] * 6),
        ("5 mg twice daily, 5 mg bd", [("5", "mg"), ("2", "{times}/d")] * 2),
        ("three times a week, 3 times weekly, 3x/week", [("3", "{times}/wk")] * 3),
        ("every 6 hours, q6h, 6-hourly, four times a day, qid, QDS", [("4", "{times}/d")] * 6),
        ("every other day, on alternate days", [("0.5", "{times}/d")] * 2),
        ("every 4 to 6 hours", [("4..6", "{times}/d")]),
        ("10, 20 or 40 mg", [("10", "mg"), ("20", "mg"), ("40", "mg")]),
        ("140/85 mmHg", [("140", "mm[Hg]"), ("85", "mm[Hg]")]),
        ("weeks 4, 8 and 12", [("4", "wk"), ("8", "wk"), ("12", "wk")]),
        ("a 70-year-old man, aged 18 to 64", [("70", "a"), ("18..64", "a")]),
        ("from 30 to 12 points and from 12 to 30 points", [("30", "{points}"), ("12", "{points}"), ("12..30", "{points}")]),
        ("twofold, 2-fold and twice", [("2", "{fold}"), ("2", "{fold}"), ("2", "{times}")]),
        ("5 per cent but 5 percentage points", [("5", "%"), ("5", "percentage points")]),
        ("HR 0.6, hr 0.6; day 5, hour 5", [("0.6", ""), ("0.6", ""), ("5", "d"), ("5", "h")]),
        ("at least twice daily; up to three times a day", [(">=2..", "{times}/d"), ("<=..3", "{times}/d")]),
        ("25 ng · kg−1 · min−1", [("25", "ng/kg/min")]),
        ("twice and 3 and", [("2", "{times}"), ("3", "")]),
        ("a 15yo girl, 15 y/o, 15-y-old; in her 40s", [("15", "a"), ("15", "a"), ("15", "a")]),
        ("5/10/15 mg and 5-10-15 mg", [("5", "mg"), ("10", "mg"), ("15", "mg")] * 2),
        ("by 5 mg/day every week", [("5", "mg/d"), ("1", "{times}/wk")]),
        ("golimumab 50 mg/100 mg and 250 mg/5 mL", [("50", "mg"), ("100", "mg"), ("250", "mg/5.mL")]),
        ("level 5 mg; in this study 48 patients improved", [("5", "mg"), ("48", "")]),
        ("Two thirds of 90, a quarter of 8", [("0.6666666666666666666666666667", ""), ("90", ""), ("0.25", ""), ("8", "")]),
    ],
)  # fmt: skip
def test_a_quantity_is_its_value_in_its_unit(text: str, found: list[tuple[str, str]]) -> None:
    """In digits, words, powers; with sign, bound, range, unit, period."""
    assert told(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "COVID-19, SARS-CoV-2, IL-6, 5-HT, 5-HT2A, omega-3, vitamin B12, H1N1, CYP2D6, CD4, PHQ-9 and ICD-10",
        "A phase 3 trial of type 2 diabetes, step 2 of STAR*D, NYHA class 2 to 3, table 4, grade 2 or 3, group two",
        "Shown before [3], again [4,5] (PMID: 12345678; doi:10.1000/j.abc.2020.01.002; https://example.org/10/20)",
        "25-hydroxyvitamin D, 1,25(OH)2D3, 5-fluorouracil, 17β-estradiol, the 2nd and 3rd visits",
        "No one knew; one of them left; one should ask; a daily routine; activities of daily living; once they came",
        "The half-life is long and a third trial is needed",
        "1" * 40,
        "version 1.2.3",
    ],
)
def test_the_digits_of_names_are_no_quantities(text: str) -> None:
    """Names, ranks, markers, record numbers, pronouns."""
    assert told(text) == []


@pytest.mark.parametrize(
    ("text", "kind", "statistic", "level", "ends"),
    [
        ("(95% CI 0.61 to 0.94)", "interval", "CI", 95, ("0.61", "0.94")),
        ("95% confidence interval: 0.61–0.94", "interval", "CI", 95, ("0.61", "0.94")),
        ("CI 95%, 0.61; 0.94", "interval", "CI", 95, ("0.61", "0.94")),
        ("99% CI [0.61, 0.94]", "interval", "CI", 99, ("0.61", "0.94")),
        ("95 percent confidence interval (CI) of 0·61 and 0·94", "interval", "CI", 95, ("0.61", "0.94")),
        ("95% credible interval −2.4% to −0.6%", "interval", "CrI", 95, ("-2.4", "-0.6")),
        ("confidence interval 2,14", "interval", "CI", None, ("2", "14")),
        ("SD 4.2", "spread", "SD", None, ("4.2", "4.2")),
        ("standard deviation of 4.2", "spread", "SD", None, ("4.2", "4.2")),
        ("± 4.2", "spread", "", None, ("4.2", "4.2")),
        ("+/- 4.2", "spread", "", None, ("4.2", "4.2")),
        ("interquartile range 3 to 8", "spread", "IQR", None, ("3", "8")),
        ("p<.01", "p", "", None, (None, "0.01")),
        ("P < 0·01", "p", "", None, (None, "0.01")),
        ("P value of .04", "p", "", None, ("0.04", "0.04")),
        ("p (interaction) = 0.3", "p", "", None, ("0.3", "0.3")),
        ("p > 0.2", "p", "", None, ("0.2", None)),
        ("n = 31", "count", "", None, ("31", "31")),
        ("31 hospitalised older adults", "count", "", None, ("31", "31")),
        ("since 2011", "year", "", None, ("2011", "2011")),
        ("31 trials", "value", "", None, ("31", "31")),
        ("2011 adults", "count", "", None, ("2011", "2011")),
    ],
)
def test_a_quantity_says_what_kind_it_is(
    text: str, kind: str, statistic: str, level: int | None, ends: tuple[str | None, str | None]
) -> None:
    """Intervals with their level, spreads, p values, counts of people, years."""
    found = only(text)
    low, high = (None if end is None else Decimal(end) for end in ends)
    assert (found.kind, found.statistic, found.level, found.low, found.high) == (kind, statistic, level, low, high)


EQUAL = (
    ("0.75 g", "750 mg", "750.0 mg", ".75 g", "0·75 g", "¾ g"),
    ("12 µg", "12 μg", "12 mcg", "12 ug", "12 micrograms", "0.012 mg"),
    ("30 mg/day", "30 mg daily", "30 mg per day", "30 mg once daily", "30 mg od", "30 mg/d"),
    ("twice daily", "two times a day", "bid", "b.i.d.", "q12h", "every 12 hours", "twice per day"),
    ("48 hours", "2 days", "forty-eight hours", "48 h", "48-hour"),
    ("1.5 × 10³", "1500", "1,500", "1\u202f500", "1.5 × 10^3", "1.5 thousand"),
    ("10⁹ cells", "10^9 cells", "10(9) cells", "10*9 cells", "1,000,000,000 cells"),
    ("4½ tablets", "4.5 tablets", "four and a half tablets", "4 1/2 tablets"),
    ("≥16 years", "at least 16 years", "16 years or older", "no less than 16 years", "> or = 16 years"),
    ("98.6 °F", "37 °C", "37 degrees Celsius", "37℃"),
    ("9 mL/min", "9 ml/min", "9 millilitres per minute", "0.54 L/h", "9 mL·min⁻¹"),
    ("7.5%", "7.5 percent", "7.5 per cent", "7.5 %", "7·5%"),
    ("8-14 months", "8 to 14 months", "8–14 months", "8 months to 14 months", "between 8 and 14 months"),
    ("n = 40", "40 patients", "forty women", "40"),
    ("40 mmol/mol", "40 mmol per mol"),
    ("25", "25†", "25*"),
    ("3 IU/mL", "3 international units/mL", "3000 IU/L", "3 kIU/L"),
    ("60 drops", "60 gtt"),
    ("p = 0.030", "P=.03", "P value = 0.03"),
)
"""Writings of one quantity; a row is another quantity than every other row."""


@pytest.mark.parametrize("writings", EQUAL, ids=lambda row: row[0])
def test_writings_of_one_quantity_are_the_same(writings: tuple[str, ...]) -> None:
    """Each with each, in both directions."""
    assert all(same(only(a), only(b)) and same(only(b), only(a)) for a, b in combinations(writings, 2))


def test_quantities_of_different_rows_are_never_the_same() -> None:
    """No writing of a row equals one of another."""
    rows = [[only(text) for text in row] for row in EQUAL]
    assert not [(a.text, b.text) for x, y in combinations(rows, 2) for a in x for b in y if same(a, b)]


UNEQUAL = """
7 IU/L | 7 IU/mL; 7 g/L | 7 g/dL; 7 mU/L | 7 U/L; 7 mmHg | 7 kPa; 7 mg/h | 7 mg/min; 7 µg/min | 7 µg/kg/min; 7 °F | 7 °C;
7% | 7 percentage points; 7 puffs | 7 mg; 7 ng/mL | 7 ng/dL; 7 mg | 7 mL; 7 mg | 7 mmol; 7 mmol/L | 7 mg/dL;
7 mmol/L | 7 µmol/L; 7 mg/kg | 7 mg/m²; 7 mg/kg | 7 mg; 7 mg/day | 7 mg/week; 7 mg/day | 7 mg; 7 mg/dose | 7 mg/day;
7 units | 7 mg; 7 tablets | 7 capsules; 7 drops | 7 mL; 7 mL/min | 7 mL/min/1.73 m²; 7 kg | 7 kg/m²; 7 cmH2O | 7 mmHg;
7 mEq/L | 7 mmol/L; 7 mOsm/kg | 7 mOsm/L; 7 weeks | 7 months; 7 lb | 7 kg; 7-fold | 7%; 7 per 1000 | 7 per 100;
7 per 1000 person-years | 7 per 1000; 7 cells/µL | 7 cells/L; 7 mm² | 7 mm; once daily | twice daily;
twice daily | twice weekly; q8h | q6h; every other day | every day; at least 7 | at most 7; <7 | >7; <7 | ≤7; ≥7 | 7;
up to 7 | 7; -7 kg | 7 kg; about 7 | 7; 7-9 mg | 7-8 mg; 7-9 mg | 7 mg; 95% CI 1.1 to 1.9 | 90% CI 1.1 to 1.9;
95% CI 1.1 to 1.9 | 95% CI -1.1 to 1.9; 95% CI 1.1 to 1.9 | 1.1 to 1.9; p<0.05 | p>0.05; p<0.05 | p=0.05; SD 7 | SE 7;
±7 | 7; IQR 7-9 | 7-9; .7 mg | 7 mg; 12 345 | 345; fifteen | sixteen; 15 | 50; 70 mg weekly | 10 mg daily;
since 2011 | 2011 adults
"""
"""Pairs of quantities by which one fact is turned into another."""


@pytest.mark.parametrize("pair", [pair.strip() for pair in UNEQUAL.split(";")])
def test_another_unit_bound_sign_or_kind_is_another_quantity(pair: str) -> None:
    """In both directions."""
    a, b = (only(text) for text in pair.split(" | "))
    assert not same(a, b)
    assert not same(b, a)


def test_one_number_in_two_units_is_never_the_same() -> None:
    """All units of the table, each with each; the writing of each unit is read as that unit."""
    codes = list(UNITS["measures"].table())
    written = {code: forms[0] for code, forms in UNITS["forms"].table().items()}
    read = {code: only(f"7 {written.get(code, code)}") for code in codes}
    assert {code: quantity.unit for code, quantity in read.items()} == {code: code for code in codes}
    twins = {frozenset((a, b)) for a, b in combinations(codes, 2) if same(read[a], read[b])}
    assert twins == {frozenset(("mL", "cm3")), frozenset(("uL", "mm3")), frozenset(("fL", "um3"))}


def test_every_form_of_a_unit_is_read_as_that_unit() -> None:
    """Apart, closed up, as an adjective."""
    for code, forms in UNITS["forms"].table().items():
        for form in forms:
            assert only(f"They had 7 {form} of it.").unit == code, form
            if form[0].isalpha() and form not in ("x", "X"):
                assert only(f"A 7-{form} one.").unit == code, form
                assert only(f"They had 7{form}.").unit == code, form


NUMBERS = st.decimals(min_value=0, max_value=Decimal("9999999"), places=3).map(abs)
WHOLE = st.integers(min_value=0, max_value=9_999_999)
SPELLED = {
    int(number): word
    for group in ("ones", "tens")
    for word, (number,) in lexicon("language", "quantities")[group].table().items()
    if word != "fourty"
}


def in_words(number: int) -> str:
    """A number below a million in English words."""
    if number >= 1000:
        return in_words(number // 1000) + " thousand" + (f" {in_words(number % 1000)}" if number % 1000 else "")
    if number >= 100:
        return in_words(number // 100) + " hundred" + (f" and {in_words(number % 100)}" if number % 100 else "")
    if number in SPELLED:
        return SPELLED[number]
    return f"{SPELLED[number // 10 * 10]}-{SPELLED[number % 10]}"


@given(number=NUMBERS)
@example(Decimal("0.5"))
def test_a_decimal_is_read_back_from_each_notation(number: Decimal) -> None:
    """Point, comma, middle dot; without its leading zero; thousands by comma and spaces; as a power of ten; with either sign."""
    plain = f"{number:.3f}"
    whole, _, part = plain.partition(".")
    grouped = f"{int(whole):,}"
    writings = [
        plain, f"{whole}·{part}", f"{whole},{part}0", f"{grouped}.{part}", f"{number.scaleb(-3):f} × 10³",
        f"{number.scaleb(2):f}e-2", f"{number.scaleb(-3):f} x 10^3",
        *(f"{grouped.replace(',', space)}.{part}" for space in "\u2009\u202f\u00a0 "),
    ]  # fmt: skip
    writings += [f".{part}"] if whole == "0" else []
    for written in writings:
        found = only(f"They took {written} mg of it.")
        assert (found.low, found.high, found.unit) == (number, number, "mg"), written
        minus = only(f"The change was −{written} mg.")
        assert minus.low == -number, written


@given(number=st.integers(min_value=2, max_value=999_999))
def test_a_whole_number_is_read_back_from_words(number: int) -> None:
    """With a unit behind it and at the start of a sentence."""
    words = in_words(number)
    assert only(f"{words.capitalize()} days passed.").low == number
    assert same(only(f"{words} days"), only(f"{number} d"))


@given(
    low=WHOLE, width=st.integers(min_value=1, max_value=9_999), unit=st.sampled_from(["mg", "%", "weeks", "mL/min", "points", ""])
)
def test_a_range_is_read_back_from_each_notation(low: int, width: int, unit: str) -> None:
    """Dashes, to, between; the unit once or twice; as a confidence interval."""
    high = low + width
    behind = f" {unit}" if unit else ""
    writings = [
        f"{low}-{high}{behind}", f"{low}–{high}{behind}", f"{low} – {high}{behind}", f"{low} to {high}{behind}",
        f"between {low} and {high}{behind}", f"{low}{behind} to {high}{behind}",
    ]  # fmt: skip
    first = only(f"It was {writings[0]} then.")
    assert (first.low, first.high) == (low, high)
    for written in writings:
        assert same(only(f"It was {written} then."), first), written
    for written in writings[:4]:
        found = only(f"It was there (95% CI {written}).")
        assert (found.kind, found.level, found.low, found.high, found.unit) == ("interval", 95, low, high, first.unit), written


PIECES = """
5 0.5 12 345 1,204 mg µg mL /kg /day per % ± < ≥ - – − to and between at least p = CI 95% ( ) [ ] , . ; daily once twice bd q8h
every other n years old aged half one two hundred dozen × 10 ⁹ ^9 ½ † week phase group patients e-5 \u00a0 \u2009 İ ı ſ K 2019 $ +
"""
TEXTS = st.lists(st.sampled_from(PIECES.split(" ")), max_size=30)


@given(text=TEXTS.map(" ".join) | TEXTS.map("".join) | st.text(max_size=80))
@example("p\u00a0<\u00a0.05")
@example("at leaſt 5 mg twıce daİly")
def test_any_text_gives_slices_in_order(text: str) -> None:
    """No text breaks the reading; quantities are slices that do not overlap, with ends in order, each the same as itself."""
    position = 0
    for found in quantities(text):
        assert position <= found.start < found.end <= len(text)
        assert found.text == text[found.start : found.end]
        assert found.low is not None or found.high is not None
        assert found.low is None or found.high is None or found.low <= found.high
        assert same(found, found)
        assert isinstance(found.unit + found.dimension, str)
        position = found.end


@pytest.mark.parametrize(
    ("piece", "most"),
    [
        ("1", 0), ("1,", 33_333), ("1 ", 50_000), ("1.", 50_000), ("one hundred and ", 7_000), ("5 mg/", 20_000),
        ("5 mg per ", 12_000), ("-", 0), ("± ", 0), ("95% CI ", 15_000), ("p < ", 0), ("10^", 34_000), ("½", 100_000),
        ("at least ", 0), ("5 to ", 20_000), ("twice ", 17_000), ("every ", 0), ("m ", 0), ("5 hospitalised old ", 6_000),
        ("5,000", 100_000), ("week ", 0), ("(", 0), (" ", 0), ("a ", 0), ("x5", 50_000), ("phase 2 or ", 0), ("q", 0),
    ],
)  # fmt: skip
def test_a_hostile_text_is_read_in_one_pass(piece: str, most: int) -> None:
    """A hundred thousand characters of one piece: quadratic reading would take minutes."""
    assert len(quantities((piece * 100_000)[:100_000])) <= most


@pytest.mark.parametrize(
    ("one", "other", "lies"),
    [
        ("15 mg", "5-20 mg/day", True),
        ("20 mg once daily", "20 mg", True),
        ("25 mg", "5-20 mg/day", False),
        ("5-10 mg", "2.5 to 20 mg/day", True),
        ("15 mcg", "5-20 mg/day", False),
        ("40 mg", "up to 50 mg", True),
        ("60 mg", "up to 50 mg", False),
    ],
)
def test_a_dose_lies_within_another(one: str, other: str, lies: bool) -> None:
    """In one unit, whatever it is per."""
    assert within(only(one), only(other)) is lies


def test_masses_are_doses_and_no_concentrations() -> None:
    """Per day and per kilogram too; a number before another's unit has it."""
    text = "20 or 10 mg, 2 mg/kg, 150 mg/day; level 8 mg/L after 12 weeks in 30 patients"
    assert [one.text for one in masses(text)] == ["20", "10 mg", "2 mg/kg", "150 mg/day"]
