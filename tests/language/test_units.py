"""The table of units is held against ucumvert and pint, which know UCUM."""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ucumvert import PintUcumRegistry

from ragqa.language.lexicon import lexicon
from ragqa.language.quantities import quantities

MEASURES = lexicon("language", "units")["measures"].table()
WRITTEN = {code: (code,) for code in MEASURES} | lexicon("language", "units")["forms"].table()
KNOWN = [
    code
    for code, (dimension, *_) in MEASURES.items()
    if "{" not in code and dimension not in ("percentage points", "sound level")
]
"""Codes of UCUM; a level in decibels has no factor."""
PLAIN = [code for code in KNOWN if MEASURES[code][0] not in ("temperature", "ratio")]


@lru_cache(maxsize=1)
def registry() -> Any:
    """UCUM's units, as pint reads them."""
    return PintUcumRegistry()


def of_dimension(dimension: str) -> list[str]:
    """The codes of a dimension, that of factor 1 first."""
    codes = [code for code in KNOWN if MEASURES[code][0] == dimension]
    return sorted(codes, key=lambda code: Decimal(MEASURES[code][1]) != 1)


def factor(code: str, other: str) -> float:
    """How many of another unit one unit is, as the library says."""
    return float((1 * registry().from_ucum(code)).to(registry().from_ucum(other)).magnitude)


@pytest.mark.parametrize("code", [code for code in KNOWN if MEASURES[code][0] != "temperature"])
def test_each_factor_is_the_librarys(code: str) -> None:
    """To the unit of factor 1 of its dimension; that of percent is one."""
    dimension, value, *_ = MEASURES[code]
    base = of_dimension(dimension)[0] if dimension != "ratio" else "1"
    assert factor(code, base) == pytest.approx(float(value), rel=1e-12)


def test_units_of_two_dimensions_are_not_convertible_by_the_library_but_where_ucum_equates_them() -> None:
    """What UCUM takes for one and clinical texts do not: osmoles and equivalents are moles there, cycles are all one."""
    bases = {dimension: of_dimension(dimension)[0] for dimension in {MEASURES[code][0] for code in PLAIN}}
    equated = {
        frozenset((a, b))
        for a, first in bases.items()
        for b, second in bases.items()
        if a < b and registry().from_ucum(first).dimensionality == registry().from_ucum(second).dimensionality
    }
    assert frozenset(("mass", "amount")) not in equated
    assert frozenset(("mass", "volume")) not in equated
    assert frozenset(("amount", "osmoles")) in equated


@pytest.mark.parametrize("celsius", [-40, 0, 36.6, 41.25])
def test_a_temperature_keeps_its_zero(celsius: float) -> None:
    """Celsius, Fahrenheit and kelvin, as the library converts them."""
    (read,) = quantities(f"It was {celsius} °C.")
    kelvin = registry().Quantity(celsius, "degC").to("kelvin").magnitude
    assert read.low is not None
    assert float(read.measured_in.in_base(read.low)) == pytest.approx(kelvin)
    (other,) = quantities(f"It was {registry().Quantity(celsius, 'degC').to('degF').magnitude:.6f} °F.")
    assert other.low is not None
    assert float(other.measured_in.in_base(other.low)) == pytest.approx(kelvin)


@settings(max_examples=60, deadline=None)
@given(data=st.data(), value=st.decimals(min_value=Decimal("0.001"), max_value=9999, places=3))
def test_a_compound_unit_converts_as_the_library_says(data: st.DataObject, value: Decimal) -> None:
    """A mass, volume or amount, per mass, volume, area or time, in two units each."""
    above = data.draw(st.sampled_from(["mass", "volume", "amount", "international units", "equivalents"]))
    below = data.draw(st.sampled_from(["mass", "volume", "area", "time"]))
    (x, y), (u, v) = (data.draw(st.tuples(*[st.sampled_from(of_dimension(each))] * 2)) for each in (above, below))
    first, second = (only_base(f"{value} {WRITTEN[a][0]}/{WRITTEN[b][0]}") for a, b in ((x, u), (y, v)))
    assert float(first / second) == pytest.approx(factor(f"{x}/{u}", f"{y}/{v}"), rel=1e-9)


def only_base(text: str) -> Decimal:
    """The one value of a text, in units of factor 1."""
    (read,) = quantities(text)
    assert read.low is not None
    return read.measured_in.in_base(read.low)
