"""Where patients stand on the scales by which doses and populations differ, and whom sentences speak of."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragqa.language.scales import EXCLUDING, Band, Scale, Stretch, bands, called, fit, places, standing

pytestmark = pytest.mark.quick


def read(found: tuple[Band, ...]) -> list[tuple[Scale, float, float]]:
    """Scale, lowest and highest value of each."""
    return [(band.scale, band.stretch.low, band.stretch.high) for band in found]


END = float("inf")
PLACES = [
    ("clozapine with a creatinine clearance of 38 mL/min", Scale.KIDNEY, 38, 38),
    ("CLcr: 12.5", Scale.KIDNEY, 12.5, 12.5),
    ("eGFR is only 55 ml/min/1.73m2", Scale.KIDNEY, 55, 55),
    ("gfr below 20", Scale.KIDNEY, 0, 20),
    ("eGFR between 45 and 59", Scale.KIDNEY, 45, 60),
    ("CrCl (Cockcroft-Gault) 26 mL/min", Scale.KIDNEY, 26, 26),
    ("dose in CKD 3", Scale.KIDNEY, 30, 60),
    ("CKD stage 3a", Scale.KIDNEY, 45, 60),
    ("stage V chronic kidney disease", Scale.KIDNEY, 0, 15),
    ("stages 3-4 CKD", Scale.KIDNEY, 15, 60),
    ("she is on haemodialysis", Scale.KIDNEY, 0, 15),
    ("moderate kidney impairment", Scale.KIDNEY, 30, 60),
    ("Child-Pugh C", Scale.LIVER, 10, 16),
    ("Child's class A cirrhosis", Scale.LIVER, 5, 7),
    ("a Child-Pugh score of 8", Scale.LIVER, 8, 8),
    ("severe hepatic impairment", Scale.LIVER, 10, 16),
    ("36M with low mood", Scale.AGE, 36, 37),
    ("a 7yo with tics", Scale.AGE, 7, 8),
    ("PTSD after a crash, 38f", Scale.AGE, 38, 39),
    ("an autistic boy of 9, does it work?", Scale.AGE, 9, 10),
    ("Is an 81 yr old allowed to drive?", Scale.AGE, 81, 82),
    ("seventy-year-old woman", Scale.AGE, 70, 71),
    ("16 y.o. student", Scale.AGE, 16, 17),
    ("for a 71 y old lady", Scale.AGE, 71, 72),
    ("17-year-old", Scale.AGE, 17, 18),
    ("a girl aged 13", Scale.AGE, 13, 14),
    ("what if he's 82?", Scale.AGE, 82, 83),
    ("can it be given at 16?", Scale.AGE, 16, 17),
    ("a man in his 40s", Scale.AGE, 40, 50),
    ("50ish smoker", Scale.AGE, 45, 56),
    ("18 month old baby", Scale.AGE, 1.5, 19 / 12),
    ("in over-75s", Scale.AGE, 75, END),
    ("children under 12", Scale.AGE, 0, 12),
    ("teenagers", Scale.AGE, 10, 20),
    ("weighs 44 kg", Scale.WEIGHT, 44, 44),
    ("BMI 17.5", Scale.MASS_INDEX, 17.5, 17.5),
    ("relapse after 6 months", Scale.DURATION, 182.625, 182.625),
]


@pytest.mark.parametrize(("question", "scale", "low", "high"), PLACES)
def test_a_question_places_its_patient(question: str, scale: Scale, low: float, high: float) -> None:
    """In figures, stages, names and the shorthand of vignettes."""
    assert [(found, pytest.approx(a), pytest.approx(b)) for found, a, b in read(places(question))] == [(scale, low, high)]


@pytest.mark.parametrize(
    "text",
    [
        "olanzapine 10 mg",
        "she put on 4 kg",
        "creatinine 165 µmol/L",
        "0.5 mg/kg",
        "ICD-10 F60.3",
        "MMSE 18",
        "mean age 33.7 years, SD 8",
        "an infusion of 5 mL/min",
        "sertraline 50 or 100",
        "moderate-to-severe depression",
        "published in 2019",
    ],
)
def test_what_places_nobody(text: str) -> None:
    """Doses, changes of weight, other measurements, what a sample was like on average."""
    assert [band for band in bands(text) if band.scale in EXCLUDING] == []


BANDS = [
    ("Severe renal impairment (CrCl 10-29 mL/min) needs half the dose.", [(Scale.KIDNEY, 10, 30)]),
    ("No change in mild or moderate renal impairment.", [(Scale.KIDNEY, 50, 90), (Scale.KIDNEY, 30, 60)]),
    (
        "Exposure rose 5% in mild, 20% in moderate and 80% in severe renal impairment.",
        [(Scale.KIDNEY, 50, 90), (Scale.KIDNEY, 30, 60), (Scale.KIDNEY, 0, 30)],
    ),
    (
        "In mild (CrCl 51-80 mL/min), moderate (CrCl 31-50 mL/min) and severe (CrCl <= 30 mL/min) renal impairment it rose.",
        [(Scale.KIDNEY, 51, 81), (Scale.KIDNEY, 31, 51), (Scale.KIDNEY, 0, 30)],
    ),
    ("Adults aged 18 to 65 years took part.", [(Scale.AGE, 18, 66)]),
    ("Outpatients older than 60 with mania.", [(Scale.AGE, 60, END)]),
    ("Diagnosis is possible from the age of 12 years.", [(Scale.AGE, 12, END)]),
    ("Patients aged 13 or older were eligible.", [(Scale.AGE, 13, END)]),
    ("Children (6-12 years) and adults were enrolled.", [(Scale.AGE, 6, 13), (Scale.AGE, 18, END)]),
    ("Patients weighing less than 40 kg get half.", [(Scale.WEIGHT, 0, 40)]),
    ("Not advised in Child-Pugh class B or C.", [(Scale.LIVER, 7, 16)]),
    ("A 12-week trial; 3 kg were gained.", [(Scale.DURATION, 84, 84)]),
]


@pytest.mark.parametrize(("sentence", "found"), BANDS)
def test_a_sentence_names_bands(sentence: str, found: list[tuple[Scale, float, float]]) -> None:
    """Figures stand in the place of the name beside them."""
    assert read(bands(sentence)) == found


@pytest.mark.parametrize(
    ("question", "sentence", "expected"),
    [
        ("CrCl 29.5", "clearance: CrCl 5-29 mL/min", "inside"),
        ("CrCl 29.5", "CrCl 30-49 mL/min", "outside"),
        ("CrCl 30", "CrCl 5-29 mL/min", "outside"),
        ("CrCl 30", "eGFR < 30", "outside"),
        ("CrCl 30", "eGFR ≤ 30", "inside"),
        ("CrCl 60", "eGFR > 60", "outside"),
        ("CrCl 60", "eGFR ≥ 60", "inside"),
        ("CrCl 4", "severe renal impairment (CrCl 5-29 mL/min)", "outside"),
        ("she is 18", "children", "outside"),
        ("she is 17", "adults", "outside"),
        ("she is 18", "adults", "inside"),
        ("aged 65", "adults aged 18 to 65 years", "inside"),
        ("aged 66", "adults aged 18 to 65 years", "outside"),
        ("aged 60", "patients older than 60", "silent"),
        ("aged 61", "patients older than 60", "inside"),
        ("aged 15", "81 trials in children and 51 in adults", "inside"),
        ("eGFR under 60", "severe renal impairment", "silent"),
        ("eGFR under 25", "severe renal impairment", "inside"),
        ("CrCl 45", "adults with depression", "silent"),
        ("aged 15, CrCl 45", "adults with moderate renal impairment", "outside"),
        ("for 6 months", "a trial of eight weeks, then 8 weeks more", "silent"),
    ],
)
def test_edges_belong_to_the_band_that_includes_them(question: str, sentence: str, expected: str) -> None:
    """A whole number at the end of a range reaches to just below the next; a bound says whether it is included."""
    assert standing(question, sentence) == expected


def test_the_figures_of_a_source_win_over_those_of_a_name() -> None:
    """Severe is below 30 by definition, from 5 to 29 in this text, also in its other sentences."""
    source = "In severe renal impairment (creatinine clearance 5-29 mL/min) halve it. Severe renal impairment doubles exposure."
    sentence = "Severe renal impairment doubles exposure."
    assert standing("CrCl 3", sentence) == "inside"
    assert standing("CrCl 3", sentence, source) == "outside"
    assert standing("CrCl 12", sentence, source) == "inside"


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("CrCl 45", "moderate renal impairment"),
        ("CrCl 55", "mild renal impairment or moderate renal impairment"),
        ("CKD 4", "severe renal impairment"),
        ("Child-Pugh B", "moderate hepatic impairment"),
        ("15-year-old", "adolescents"),
        ("9 y/o", "children"),
        ("40-year-old", ""),
        ("eGFR above 20", ""),
    ],
)
def test_a_place_is_called_what_sources_call_it(question: str, name: str) -> None:
    """By each name that holds all of it."""
    (place,) = places(question)
    assert called(place) == name


@given(st.integers(1, 120), st.integers(1, 120), st.integers(1, 120))
def test_a_clearance_stands_in_the_ranges_that_hold_it(value: int, one: int, other: int) -> None:
    """Whatever the range, against plain arithmetic."""
    low, high = sorted((one, other + 120))
    held = "inside" if low <= value <= high else "outside"
    assert standing(f"dose if CrCl is {value} mL/min", f"With a creatinine clearance of {low}-{high} mL/min give half.") == held


stretches = st.builds(
    lambda ends, low_in, high_in: Stretch(min(ends), max(ends) + 1, low_in, high_in),
    st.tuples(st.integers(0, 9), st.integers(0, 9)),
    st.booleans(),
    st.booleans(),
)


@given(stretches, stretches)
def test_fit_is_that_of_sets(one: Stretch, other: Stretch) -> None:
    """Against the quarter numbers that each stretch holds."""
    place, band = (Band(scale=Scale.AGE, stretch=stretch, start=0, end=0, text="") for stretch in (one, other))

    def held(stretch: Stretch) -> set[float]:
        numbers = {n / 4 for n in range(60)}
        inner = {n for n in numbers if stretch.low < n < stretch.high}
        return inner | ({stretch.low} if stretch.low_in else set()) | ({stretch.high} if stretch.high_in else set())

    common = held(one) & held(other)
    expected = "outside" if not common else "inside" if held(one) <= held(other) else "unknown"
    assert fit(place, band) == expected
    widened = held(one.widened(other))
    assert held(one) | held(other) <= widened


@given(st.text(alphabet="CrCl eGFR0123456789-–.,<>()mgildsev re/aulponpGk\n", max_size=300))
def test_bands_stand_where_they_say(text: str) -> None:
    """The words of each are those of the text; no text is too odd to be read."""
    for band in (*places(text), *bands(text)):
        assert text[band.start : band.end] == band.text
        assert band.stretch.low <= band.stretch.high
