"""What p values and intervals say of an effect, in whatever notation they stand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragqa.language.direction import direction, reports_no_difference, reports_significance
from ragqa.language.effects import includes_no_effect, p_values_say
from ragqa.language.wording import plain

pytestmark = pytest.mark.quick


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Pain fell (p<.01).", True),
        ("Pain fell (P = 0·003).", True),
        ("Pain fell (p-value: 0.049).", True),
        ("Pain was alike (P = .31).", False),
        ("Pain was alike (p>0.05).", False),
        ("Pain fell (p = 0.05).", None),
        ("Pain fell (p < 0.1).", None),
        ("Pain fell (p = 0.01) more than fatigue (p = 0.4).", None),
        ("Pain fell in 5% of them.", None),
        ("Vitamin P 0.4 mg was given.", None),
    ],
)
def test_p_values_say_whether_a_difference_is_significant(text: str, said: bool | None) -> None:
    """All of them, none of them, or nothing."""
    assert p_values_say(text) is said
    assert reports_no_difference(text) is (said is False)
    assert reports_significance(text) is (said is True)


def test_a_p_value_that_shows_no_difference_gives_no_direction() -> None:
    """Also in the notation of a journal with raised points."""
    assert direction("Scores were lower by 2 points (P=0·62).") == "none"
    assert direction("Scores were lower by 2 points (P=0·02).") == "less"


@pytest.mark.parametrize(
    ("text", "crosses"),
    [
        ("relapse (RR 0.97, 95% CI 0.85-1.10)", True),
        ("relapse (RR 0.97; 95% confidence interval, 0·85 to 1·10)", True),
        ("attacks (OR 0.98, 95% CI [0.80, 1.21])", True),
        ("deaths (hazard ratio 0.70, 95% CI 0.51–1.00)", True),
        ("relapse (RR 0.80, 95% CI 0.71 to 0.90)", False),
        ("weight (mean difference −0.4 kg, 95% CI −1.2 to 0.3)", True),
        ("weight (mean difference −0.4 kg, 95% CI −1.2 to −0.3)", False),
        ("weight (mean difference 1.2 kg, 95% CI 0.0 to 2.4)", True),
        ("weight (mean difference 1.2 kg, 95% CI 0.3 to 2.4), with the odds ratio for gain 2.0", False),
        ("a share of 2% (95% CI 0 to 5%)", False),
        ("the ratio (OR 1.4, 95% CI 1.1 to 1.9) and the score (SMD -0.1, 95% CI -0.4 to 0.2)", True),
        ("a dose of 0.5-2 mg", False),
    ],
)
def test_an_interval_that_includes_no_effect_is_seen(text: str, crosses: bool) -> None:
    """1 for a ratio, 0 for a difference, by the measure named last before the interval."""
    assert includes_no_effect(f"Drug A changed {text}.") is crosses


@given(
    low=st.floats(0.05, 0.95).map(lambda x: f"{x:.2f}"),
    high=st.floats(1.05, 9).map(lambda x: f"{x:.2f}"),
    joint=st.sampled_from([" to ", "-", "–", ", ", "; "]),
    name=st.sampled_from(["95% CI ", "95% CI: ", "95%CI=", "CI "]),
    measure=st.sampled_from(["OR", "RR", "HR", "risk ratio", "odds ratio", "hazard ratio"]),
)
def test_plain_language_keeps_every_interval_over_one(low: str, high: str, joint: str, name: str, measure: str) -> None:
    """A figure that shows no effect is never left out, however it is written."""
    bracket = f"({measure} 0.97, {name}{low}{joint}{high})"
    assert bracket in plain(f"Drug A lowered relapse more than placebo {bracket} at week 8.")


@pytest.mark.parametrize(
    "bracket",
    ["(p=0·40)", "(P > .2)", "(p = 0.05)", "(d 0.1, 95% CI -0.2; 0.4)", "(SMD 0.1, 95% CI −0.2–0.4)", "(OR 0.9; 0.7-1.2)"],
)
def test_plain_language_keeps_a_figure_without_effect_in_any_notation(bracket: str) -> None:
    """Raised points, semicolons, minus signs, an interval without its name."""
    assert bracket in plain(f"Drug A lowered relapse more than placebo {bracket} at week 8.")
