"""Near copies: equal writings pass, one changed fact does not, and what the rest hangs on may not be left out."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ragqa.checking.copying import copied

pytestmark = pytest.mark.quick


def verdict(claim: str, source: str) -> str | None:
    """What a claim comes to as a copy; "far" where it is none."""
    found = copied(claim, source)
    return "far" if found is None else found.verdict


EQUAL = (
    ("Adults took 500 mg of lithium for 1 day in the trial.", "Adults took 0.5 g of lithium for 24 h in the trial."),
    ("Adults took adrenaline 2½ mg in the trial of shock.", "Adults took epinephrine 2.5 mg in the trial of shock."),
    ("The count was 10⁹ cells per litre in all adults.", "The count was 10^9 cells/L in all adults."),
    ("Lithium caused tremor in 30 per cent of the adults.", "Lithium caused tremor in 30% of the adults."),
    ("Haemoglobin rose in anaemic, randomised children.", "Hemoglobin rose in anemic, randomized children."),
    (
        "The OR was 0.60 (95% CI 0.27 to 1.32) for suicide.",
        "The odds ratio was 0·60 (95% confidence interval 0·27–1·32) for suicide.",
    ),
    ("Lithium reduced suicide versus placebo in mania.", "Lithium reduced suicide compared with placebo in mania."),
    ("It was well-tolerated in the phase II trial.", "It was well tolerated in the phase 2 trial."),
    ("Patients didn't improve with memantine.", "Patients did not improve with memantine."),
    ("Platelets were at least 50 × 10⁹/L in adults.", "Platelets were ≥50 x 10^9/L in adults."),
    ("The trial enrolled 12 345 patients with mania.", "The trial enrolled 12,345 patients with mania."),
    ("Olanzapine 10 mg was given to adults (n = 40).", "Zyprexa 10 mg was given to adults (N=40)."),
    ("Mean age was 45 years (SD 12) with lithium.", "Mean age was 45 years (standard deviation 12) with lithium."),
    ("Interferon-β reduced relapses in sclerosis.", "Interferon-beta reduced relapses in sclerosis."),
    ("The dose was 70 mg once weekly in mania.", "The dose was 70 mg once a week in mania."),
    ("Lithium and buPROPion were given to adults.", "Lithium and bupropion were given to adults."),
    ("He took lithium, e.g. in the evening, for years.", "He took lithium, for example in the evening, for years."),
)


@pytest.mark.parametrize(("one", "other"), EQUAL)
def test_writings_that_mean_the_same_are_copies_of_one_another(one: str, other: str) -> None:
    """Either way round."""
    assert verdict(one, other) == verdict(other, one) == "supports"


CHANGED = (
    ("Adults with mania at home took 5 mg twice daily for weeks.", "Adults with mania at home took 5 mg once daily for weeks."),
    ("The dose was 5 mg per dose in infants.", "The dose was 5 mg per day in infants."),
    ("Albumin was 35 g/L in adults with cirrhosis.", "Albumin was 35 g/dL in adults with cirrhosis."),
    ("Infusion ran at 5 µg/min in adults with shock.", "Infusion ran at 5 µg/kg/min in adults with shock."),
    ("Response rose by 5 percentage points in adults.", "Response rose by 5 percent in adults."),
    ("Adults took lorazepam .5 mg at night.", "Adults took lorazepam 5 mg at night."),
    ("The mean change was -2.3 kg in adults.", "The mean change was 2.3 kg in adults."),
    ("Fewer than 10 patients relapsed on lithium.", "More than 10 patients relapsed on lithium."),
    ("Mortality rose after surgery in adults.", "Mortality fell after surgery in adults."),
    ("Lithium was given before meals to adults.", "Lithium was given after meals to adults."),
    ("The left kidney was removed in adults.", "The right kidney was removed in adults."),
    ("Risk was lower with lithium than with placebo.", "Risk was lower with placebo than with lithium."),
    ("Lithium was superior to placebo in mania.", "Lithium was inferior to placebo in mania."),
    ("Adults took clomipramine for twelve weeks.", "Adults took clomifene for twelve weeks."),
    ("The HR was 0.75 (95% CI 0.60 to 0.94) for death.", "The OR was 0.75 (95% CI 0.60 to 0.94) for death."),
    ("The mean was 2.3 (SD 1.1) points in adults.", "The mean was 2.3 (SE 1.1) points in adults."),
    ("It was significant (P for trend = 0.02) in adults.", "It was significant (P for interaction = 0.02) in adults."),
    ("Lithium may prevent relapse in adults.", "Lithium will prevent relapse in adults."),
    ("Most adults improved with lithium here.", "All adults improved with lithium here."),
    ("The primary outcome was relapse in adults.", "The secondary outcome was relapse in adults."),
    ("Lithium does not increase the risk of stroke.", "Lithium does increase the risk of stroke."),
    (
        "Give 1 tablet every 4 hours to adults with severe pain at home.",
        "Give 4 tablets every 1 hour to adults with severe pain at home.",
    ),
)


@pytest.mark.parametrize(("one", "other"), CHANGED)
def test_a_copy_with_one_fact_changed_is_refused(one: str, other: str) -> None:
    """Either way round; the text itself is a copy of itself."""
    assert {verdict(one, other), verdict(other, one)} <= {"contradicts", "not_enough"}
    assert verdict(one, one) == "supports"


def test_figures_of_two_groups_exchanged_contradict() -> None:
    """The figures stand in the sentence, with the other groups."""
    told = "Of the patients 30% responded to clozapine and 4% to chlorpromazine."
    found = copied(told.replace("30%", "4%", 1).replace("and 4%", "and 30%"), told)
    assert found
    assert (found.verdict, found.reason) == ("contradicts", "4% stands elsewhere in the sentence")


LEFT_OUT = (
    "It is unclear whether lithium prevents relapse.",
    "The aim was to show that lithium prevents relapse.",
    "There is no evidence that lithium prevents relapse.",
    "The trial failed to show that lithium prevents relapse.",
    "Lithium possibly prevents relapse.",
    "Lithium prevents relapse only in mania.",
    "Lithium prevents relapse, but only in mania.",
    "Lithium prevents relapse, unless it is stopped.",
    "In women, lithium prevents relapse.",
    "Lithium prevents relapse in women.",
    "Lithium prevents some relapse.",
    "Lithium prevents relapse, a secondary outcome.",
    "Lithium prevents relapse (p = 0.40).",
)


@pytest.mark.parametrize("sentence", LEFT_OUT)
def test_what_the_rest_hangs_on_may_not_be_left_out(sentence: str) -> None:
    """Doubt, aims, denials, conditions, whom it is limited to, the rank of an outcome, a figure that shows no effect."""
    found = copied("Lithium prevents relapse.", sentence)
    assert found
    assert found.verdict in ("not_enough", "contradicts")
    assert "the claim leaves it out" in found.reason


KEPT = (
    "Lithium prevents relapse, but it may cause tremor.",
    "In a trial of 40 people, lithium prevents relapse.",
    "Lithium prevents relapse, because only women were treated.",
    "Lithium prevents relapse (p = 0.01).",
    "Lithium not only prevents relapse but also lowers the risk of suicide.",
    "The level was 5.1 mmol/L.\nLithium prevents relapse.",
)


@pytest.mark.parametrize("source", KEPT)
def test_a_clause_that_stands_by_itself_is_a_copy(source: str) -> None:
    """What is left out stands in other segments and says nothing of it."""
    assert verdict("Lithium prevents relapse.", source) == "supports"


def test_a_claim_may_not_be_drawn_together_from_two_statements() -> None:
    """Its words stand there in order; no sentence says it."""
    claim = "Memantine reduced suicide in adults."
    assert verdict(claim, "Memantine improved mood and ketamine reduced suicide in adults.") == "not_enough"
    assert verdict(claim, "Memantine improved mood. Ketamine reduced suicide in adults.") != "supports"


def test_a_comparison_put_before_what_was_done_is_no_copy() -> None:
    """What compares is of the claim alone: whether it is true stands elsewhere; a word exchanged in front is another fact."""
    done = "Forty adults received lithium 20 mg once daily for eight weeks after the evening meal."
    assert copied("The pulse was lower with lithium 20 mg once daily for eight weeks after the evening meal.", done) is None
    changed = copied("Forty children received lithium 20 mg once daily for eight weeks after the evening meal.", done)
    assert changed
    assert changed.verdict == "contradicts"


def test_an_adverbial_may_move_and_a_side_may_not() -> None:
    """What a preposition opens in front of a sentence may stand behind it or in it."""
    told = "In adults, lithium reduced suicide over 12 months."
    assert verdict("Lithium reduced suicide over 12 months in adults.", told) == "supports"
    assert verdict("Lithium reduced suicide in adults over 12 months.", told) == "supports"
    assert verdict(told, "Lithium reduced suicide in adults over 12 months.") == "supports"
    assert verdict("Suicide reduced lithium over 12 months in adults.", told) != "supports"


def test_an_abbreviation_is_its_meaning_where_a_text_says_so() -> None:
    """The source, or the claim itself; another meaning is another claim."""
    source = "Heart failure (HF) was frequent. Adults with HF took lithium."
    assert verdict("Adults with heart failure took lithium.", source) == "supports"
    assert verdict("Adults with hay failure took lithium.", source) == "not_enough"
    assert verdict("Adults with heart failure (HF) took lithium.", "Adults with heart failure took lithium.") == "supports"


WORDS = st.sampled_from(
    ("lithium", "reduced", "relapse", "in", "adults", "with", "mania", "over", "weeks", "under", "treatment", "at", "home")
)
TEXTS = st.lists(WORDS, min_size=4, max_size=14, unique=True)


@given(TEXTS)
def test_a_text_is_a_copy_of_itself(words: list[str]) -> None:
    """In any case and with any white space."""
    text = " ".join(words)
    assert verdict(text.upper(), f"A trial. {text.capitalize()}. More.") == "supports"


@given(TEXTS, st.data())
def test_a_word_put_in_or_exchanged_is_never_supported(words: list[str], data: st.DataObject) -> None:
    """Wherever it stands and whatever it is."""
    at = data.draw(st.integers(0, len(words) - 1))
    other = data.draw(st.sampled_from(["valproate", "children", "not", "5 mg", "before", "stroke"]))
    for claim in ([*words[:at], other, *words[at:]], [*words[:at], other, *words[at + 1 :]]):
        assert verdict(" ".join(claim), " ".join(words)) != "supports"


@given(TEXTS, st.data())
def test_two_words_exchanged_are_never_supported(words: list[str], data: st.DataObject) -> None:
    """Order counts."""
    one, other = data.draw(st.lists(st.integers(0, len(words) - 1), min_size=2, max_size=2, unique=True))
    turned = list(words)
    turned[one], turned[other] = words[other], words[one]
    assume(turned != words)
    assert verdict(" ".join(turned), " ".join(words)) != "supports"


@pytest.mark.parametrize(
    "claim", ["Lithium helped most adults with mania", "Lithium helped most adults with mania, and of the others"]
)
@pytest.mark.parametrize("notice", ["(ABSTRACT TRUNCATED AT 250 WORDS)", "..."])
def test_a_copy_of_a_sentence_that_is_cut_off_is_not_supported(claim: str, notice: str) -> None:
    """A whole sentence that says it still is."""
    cut = f"Forty adults took part. Lithium helped most adults with mania, and of the others{notice}"
    assert verdict(claim, cut) == "not_enough"
    assert verdict(f"Forty adults took part. {claim}", cut) != "supports"
    assert verdict("Lithium helped most adults with mania", f"Lithium helped most adults with mania.\n{cut}") == "supports"
