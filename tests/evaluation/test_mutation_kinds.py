"""The kinds of mutation: what each makes of a sentence, and that no changed fact is an equal writing or the other way round."""

from __future__ import annotations

import re
import sys
import unicodedata
from decimal import Decimal
from fractions import Fraction
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import ROOT

sys.path.append(str(ROOT / "eval" / "measure"))

from mutation_kinds import load_kinds, mutants
from mutation_numbers import converted, one_digit_changed
from mutation_records import Kind, Mutant, Passage
from mutation_texts import abbreviations, pattern, value, values, word_value, words_of_numbers

pytestmark = pytest.mark.quick
KINDS = {kind.name: kind for kind in load_kinds(ROOT / "eval" / "mutations")}

CHANGED = {
    "dose_tenfold": ("They took 2.5 mg of it.", "They took 25 mg of it."),
    "decimal_point_moved": ("It rose in 12.5% of them.", "It rose in 1.25% of them."),
    "digits_transposed": ("It was given to 138 adults.", "It was given to 183 adults."),
    "large_number_tenfold": ("We asked 12,450 nurses.", "We asked 124,500 nurses."),
    "unit_prefix": ("They took 20 mg at night.", "They took 20 g at night."),
    "unit_of_another_dimension": ("They took 20 mg at night.", "They took 20 mL at night."),
    "dose_rate": ("They took 20 mg/day.", "They took 20 mg/week."),
    "frequency": ("They took it twice daily.", "They took it once daily."),
    "route": ("They had intravenous morphine.", "They had oral morphine."),
    "bound_in_words": ("All were at least 18 years old.", "All were at most 18 years old."),
    "bound_symbol": ("All scored ≥ 12 points.", "All scored ≤ 12 points."),
    "p_bound_turned": ("It was greater (P < 0.01).", "It was greater (P > 0.01)."),
    "p_crosses_005": ("The arms were unlike (P = 0.03).", "The arms were unlike (P = 0.13)."),
    "sign": ("They were linked (r = 0.44, P = 0.01).", "They were linked (r = -0.44, P = 0.01)."),
    "effect_sign": ("It helped (SMD -0.44, 95% CI -0.81 to -0.07).", "It helped (SMD 0.44, 95% CI -0.81 to -0.07)."),
    "range_end": ("They were given 5-10 mg.", "They were given 5-12 mg."),
    "confidence_interval_end": ("It was 1.4 (95% CI 1.1 to 1.9).", "It was 1.4 (95% CI 1.1 to 1.7)."),
    "confidence_level": ("It was 1.4 (95% CI 1.1 to 1.9).", "It was 1.4 (99% CI 1.1 to 1.9)."),
    "percentage_points": ("Weight was reduced by 17%.", "Weight was reduced by 17 percentage points."),
    "ratio_exchanged": ("The odds ratio was 1.4.", "The hazard ratio was 1.4."),
    "ratio_inverted": ("It fell (odds ratio 0.50).", "It fell (odds ratio 2.00)."),
    "arms_exchanged": ("It was seen in 12% versus 31%.", "It was seen in 31% versus 12%."),
    "before_after": ("Pain was worse after surgery.", "Pain was worse before surgery."),
    "time_unit": ("It lasted 12 weeks.", "It lasted 12 months."),
    "duration": ("It lasted 12 weeks.", "It lasted 13 weeks."),
    "age": ("The mean age was 42 years.", "The mean age was 43 years."),
    "participant_count": ("We enrolled 138 patients.", "We enrolled 139 patients."),
    "percent_value": ("It was seen in 36% of them.", "It was seen in 38% of them."),
    "year": ("They were seen between 2004 and 2009.", "They were seen between 2004 and 2006."),
    "side": ("The left knee was cooled.", "The right knee was cooled."),
    "adults_children": ("It was tried in adults.", "It was tried in children."),
    "men_women": ("It was tried in women.", "It was tried in men."),
    "care_setting": ("It was tried in outpatients.", "It was tried in inpatients."),
    "severity": ("They had severe pain.", "They had mild pain."),
    "negation_removed": ("The arms did not differ.", "The arms did differ."),
    "negation_added": ("The dose was associated with harm.", "The dose was not associated with harm."),
    "comparison_turned": ("Scores were higher on the drug.", "Scores were lower on the drug."),
    "change_turned": ("The drug increased weight.", "The drug decreased weight."),
    "comparator": ("It beat placebo.", "It beat usual care."),
    "lookalike_drug": ("They took fluoxetine.", "They took duloxetine."),
    "hyper_hypo": ("It caused hypotension.", "It caused hypertension."),
    "outcome": ("It lowered anxiety.", "It lowered depression."),
    "primary_secondary": ("The primary outcome was sleep.", "The secondary outcome was sleep."),
    "significance": ("The gain was significant.", "The gain was not significant."),
    "certainty": ("This drug may reduce pain.", "This drug will reduce pain."),
    "grade_of_evidence": ("There is low-quality evidence of harm.", "There is high-quality evidence of harm."),
    "number_word": ("They came for fifteen visits.", "They came for sixteen visits."),
    "all_to_only_some": ("All patients were seen.", "Only some patients were seen."),
    "mean_median": ("The mean age was 42 years.", "The median age was 42 years."),
    "design": ("It was a double-blind trial.", "It was an open-label trial."),
    "trial_hypothesis": ("The pill was non-inferior.", "The pill was inferior."),
    "analysis_set": ("The per-protocol result held.", "The intention-to-treat result held."),
    "eligibility": ("Smokers were excluded.", "Smokers were included."),
}

EQUAL = {
    "unchanged": ("They took 20 mg.", "They took 20 mg."),
    "micro": ("They took 20 µg of it.", "They took 20 mcg of it."),
    "per_day": ("They took 20 mg/day of it.", "They took 20 mg per day of it."),
    "per_for_slash": ("They took 2 mg/kg of it.", "They took 2 mg per kg of it."),
    "negative_exponent": ("It was 2 mg/L then.", "It was 2 mg L⁻¹ then."),
    "leading_zero": ("The ratio was 0.5 then.", "The ratio was .5 then."),
    "raised_decimal_point": ("The ratio was 0.5 then.", "The ratio was 0·5 then."),
    "thousands": ("We asked 12,450 nurses.", "We asked 12\u202f450 nurses."),
    "number_word_to_digits": ("We asked twenty-one nurses.", "We asked 21 nurses."),
    "digits_to_number_word": ("We asked 21 nurses.", "We asked twenty-one nurses."),
    "percent_sign": ("It was 21% then.", "It was 21 per cent then."),
    "minus_sign": ("The change was -2.1 then.", "The change was −2.1 then."),
    "range_dash": ("They took 5-10 mg.", "They took 5–10 mg."),
    "range_to": ("They took 5-10 mg.", "They took 5 to 10 mg."),
    "range_unit_twice": ("They took 5-10 mg.", "They took 5 mg to 10 mg."),
    "plus_minus": ("It was 5 ± 2 then.", "It was 5 +/- 2 then."),
    "bound_symbol_to_words": ("They scored ≥ 5 then.", "They scored at least 5 then."),
    "bound_words": ("They scored at least 5 then.", "They scored ≥ 5 then."),
    "p_value_form": ("It was so (P = 0.03).", "It was so (p = .03)."),
    "confidence_interval_name": ("It was 2 (95% CI 1 to 3).", "It was 2 (95% confidence interval 1 to 3)."),
    "confidence_interval_form": ("It was 2 (95% CI 1.1-3.2).", "It was 2 (95% CI 1.1 to 3.2)."),
    "litre_letter": ("They drank 5 ml then.", "They drank 5 mL then."),
    "unit_name": ("They took 20 mg then.", "They took 20 milligrams then."),
    "international_units": ("They took 20 IU then.", "They took 20 international units then."),
    "frequency_latin": ("They took it twice daily then.", "They took it b.i.d. then."),
    "time_abbreviation": ("They slept 5 hours then.", "They slept 5 h then."),
    "inn_ban_usan": ("They took paracetamol then.", "They took acetaminophen then."),
    "spelling_stem": ("They were anaemic.", "They were anemic."),
    "spelling_ise": ("It was randomised.", "It was randomized."),
    "spelling_word": ("The tumour shrank.", "The tumor shrank."),
    "fraction": ("They took 2.5 mg then.", "They took 2½ mg then."),
    "power_of_ten": ("It was 2 × 10^9 then.", "It was 2 × 10⁹ then."),
    "times_sign": ("It was 2 x 3 then.", "It was 2 × 3 then."),
    "footnote_mark": ("They slept better.", "They slept better.¹"),
    "superscript": ("It was 2 kg/m2 then.", "It was 2 kg/m² then."),
    "no_break_space": ("They took 20 mg then.", "They took 20\u00a0mg then."),
    "unit_closed_up": ("They took 20 mg then.", "They took 20mg then."),
    "trailing_zero": ("They took 20 mg then.", "They took 20.0 mg then."),
    "equal_unit_mass": ("They took 1500 mg then.", "They took 1.5 g then."),
    "equal_unit_time": ("They took it 2 weeks long.", "They took it 14 days long."),
    "celsius": ("It was 37°C then.", "It was 37 degrees Celsius then."),
    "mmhg": ("It was 90 mmHg then.", "It was 90 mm Hg then."),
    "hyphen_character": ("A well-known drug.", "A well‑known drug."),
    "open_compound": ("It was a double-blind trial.", "It was a double blind trial."),
    "apostrophe": ("The drug's harm.", "The drug’s harm."),
    "sample_size_form": ("Some (n = 12) left.", "Some (n=12) left."),
    "versus": ("It was 5 versus 6 then.", "It was 5 vs. 6 then."),
    "greek_letter": ("It raised TNF-α then.", "It raised TNF-alpha then."),
    "for_example": ("Some (e.g. nurses) left.", "Some (eg, nurses) left."),
    "ratio_name": ("The relative risk was 2.1.", "The risk ratio was 2.1."),
    "statistic_name": ("It was 5 (SD 2) then.", "It was 5 (standard deviation 2) then."),
    "age_form": ("They were aged 5-10 years then.", "They were 5-10 years of age then."),
    "roman_numeral": ("It was a phase III trial.", "It was a phase 3 trial."),
    "route_written_out": ("It was an intravenous drug.", "It was an IV drug."),
    "tall_man": ("They took bupropion then.", "They took buPROPion then."),
    "white_space": ("They took pills then.", "They  took pills then."),
}

KEEPS_NUMBERS = [
    "per_day",
    "leading_zero",
    "raised_decimal_point",
    "thousands",
    "number_word_to_digits",
    "digits_to_number_word",
    "percent_sign",
    "range_dash",
    "range_to",
    "range_unit_twice",
    "plus_minus",
    "bound_words",
    "p_value_form",
    "confidence_interval_form",
    "litre_letter",
    "unit_name",
    "no_break_space",
    "trailing_zero",
    "celsius",
    "mmhg",
    "sample_size_form",
    "versus",
    "ratio_name",
    "age_form",
    "white_space",
]


def made(name: str, sentence: str, source: str = "") -> list[Mutant]:
    """Every mutant that some seeds give of a sentence; the source is the sentence with the text that is given."""
    passage = Passage("own", "own", f"{sentence} {source}")
    return [mutant for seed in range(12) for mutant in mutants(KINDS[name], passage, sentence, Random(seed))]


def plain(text: str) -> str:
    """A text as one reads it: compatibility forms, case and white space apart."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().replace("−", "-").replace("–", "-").split())


@pytest.mark.parametrize("name", [name for name in KINDS if name != "abbreviation"])
def test_a_kind_makes_what_it_should(name: str) -> None:
    """A kind makes what it should."""
    sentence, claim = (CHANGED | EQUAL)[name]
    assert claim in {mutant.claim for mutant in made(name, sentence)}


def test_an_abbreviation_is_exchanged_for_the_long_form_of_its_source() -> None:
    """An abbreviation is exchanged for the long form of its source."""
    source = "Major depressive disorder (MDD) is common."
    assert {mutant.claim for mutant in made("abbreviation", "It helps in MDD.", source)} == {
        "It helps in Major depressive disorder."
    }


@pytest.mark.parametrize("name", CHANGED)
def test_a_changed_fact_differs_beyond_its_writing(name: str) -> None:
    """A changed fact differs beyond its writing."""
    sentence, _ = CHANGED[name]
    assert KINDS[name].changed
    assert all(plain(mutant.claim) != plain(sentence) for mutant in made(name, sentence))


@pytest.mark.parametrize("name", sorted(KEEPS_NUMBERS))
def test_an_equal_writing_keeps_every_number(name: str) -> None:
    """An equal writing keeps every number."""
    sentence, _ = EQUAL[name]
    assert not KINDS[name].changed
    assert all(values(mutant.claim) == values(sentence) for mutant in made(name, sentence))


def test_there_are_enough_kinds_and_each_has_a_case() -> None:
    """There are enough kinds and each has a case."""
    assert set(CHANGED) == {name for name, kind in KINDS.items() if kind.changed}
    assert set(EQUAL) | {"abbreviation"} == {name for name, kind in KINDS.items() if not kind.changed}
    assert len(CHANGED) >= 26
    assert len(EQUAL) >= 24


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_every_pattern_compiles(kind: Kind) -> None:
    """Every pattern compiles."""
    for text in (*kind.find, *(rule.find for rule in kind.rules), kind.needs, kind.unless):
        assert isinstance(pattern(text), re.Pattern)


@pytest.mark.parametrize(
    ("name", "sentence", "source"),
    [
        ("lookalike_drug", "They took fluoxetine.", "Others took duloxetine, paroxetine or fluvoxamine."),
        ("adults_children", "It was tried in adults.", "It was also tried in children."),
        ("comparison_turned", "Scores were higher on it.", "On others, scores were lower on it."),
        ("confidence_level", "It was 1.4 (95% CI 1.1 to 1.9).", "Others gave a 90%, a 99% and an 80% interval."),
    ],
)
def test_a_change_that_the_source_also_states_is_passed_over(name: str, sentence: str, source: str) -> None:
    """A change that the source also states is passed over."""
    assert not made(name, sentence, source)


def test_a_number_that_the_source_holds_is_no_change() -> None:
    """A number that the source holds is no change."""
    claims = {found.claim for found in made("participant_count", "We enrolled 138 patients.", "139 came.")}
    assert claims
    assert "We enrolled 139 patients." not in claims


def test_a_number_said_twice_is_not_changed() -> None:
    """A number said twice is not changed."""
    assert not made("dose_tenfold", "They took 20 mg, then 20 mg again.")


def test_a_number_in_words_counts_as_held() -> None:
    """A number in words counts as held."""
    assert not {found for found in made("duration", "It took 12 weeks.", "And thirteen days.") if found.new == "13"}


def test_the_low_end_of_a_list_is_not_converted() -> None:
    """The low end of a list is not converted."""
    assert not made("equal_unit_mass", "They took 500 to 1500 mg then.")
    assert not made("equal_unit_mass", "They lost 1500 g (95% CI 200 to 900) then.")


def test_the_article_follows_the_new_word() -> None:
    """The article follows the new word."""
    assert "It was an oral drug." in {found.claim for found in made("route", "It was a topical drug.")}


def test_a_spelling_is_no_part_of_another_word() -> None:
    """A spelling is no part of another word."""
    assert not made("spelling_ise", "The characteristics looked optimistic.")
    assert not made("spelling_word", "The literature of the laboratory.")


def test_abbreviations_are_those_with_the_initials() -> None:
    """Abbreviations are those with the initials."""
    assert abbreviations("The visual analogue scale (VAS) and the pain (NRS).") == {"VAS": "visual analogue scale"}


@given(st.integers(1, 99))
def test_number_words_come_back(number: int) -> None:
    """Number words come back."""
    assert word_value(words_of_numbers()[number]) == number


@given(st.decimals(min_value=Decimal("0.1"), max_value=999, places=1))
def test_one_digit_changed_is_another_number(number: Decimal) -> None:
    """One digit changed is another number."""
    assert all(value(text) != number for text in one_digit_changed(str(number)))


@given(st.integers(1, 5000), st.sampled_from([Fraction(1000), Fraction(7), Fraction(12), Fraction(1, 1000)]))
def test_a_conversion_comes_back(number: int, factor: Fraction) -> None:
    """A conversion comes back."""
    new = converted(Decimal(number), factor, whole=False)
    assert new is None or Fraction(new) / factor == number
