# SPDX-License-Identifier: Apache-2.0
"""Units convert exactly, and only within their dimension."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avlest.telegrams.units import UNITS, UnitError, convert, factor, get_unit

NAMES_OF_THE_FIELD = [
    "kwh",
    "kvarh",
    "kvah",
    "kw",
    "kvar",
    "kva",
    "m3",
    "l",
    "m3h",
    "lh",
    "c",
    "k",
    "f",
    "rh",
    "h",
    "min",
    "s",
    "d",
    "month",
    "y",
    "v",
    "a",
    "hz",
    "bar",
    "pa",
    "mj",
    "gj",
    "mjh",
    "kg",
    "hca",
    "deg",
    "counter",
    "factor",
    "pct",
    "ppm",
    "datetime",
    "date",
    "time",
    "txt",
    "m3c",
    "dbm",
]
PAIRS = [(a, b) for a in UNITS for b in UNITS if UNITS[a].dimension == UNITS[b].dimension]


@pytest.mark.parametrize("name", NAMES_OF_THE_FIELD)
def test_every_unit_of_the_field_names_is_known(name: str) -> None:
    assert get_unit(name).name == name


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        ("gj", "kwh", Fraction(10_000, 36)),
        ("mj", "gj", Fraction(1, 1000)),
        ("mjh", "kw", Fraction(10, 36)),
        ("mcal", "kwh", Fraction(1163, 1000)),
        ("l", "m3", Fraction(1, 1000)),
        ("lh", "m3h", Fraction(1, 1000)),
        ("m3min", "m3h", Fraction(60)),
        ("gal", "l", Fraction(3785411784, 10**9)),
        ("d", "h", Fraction(24)),
        ("y", "d", Fraction(3652425, 10_000)),
        ("pa", "bar", Fraction(1, 100_000)),
        ("pct", "ppm", Fraction(10_000)),
        ("f", "k", Fraction(5, 9)),
    ],
)
def test_factors_are_the_defined_ones(source: str, target: str, expected: Fraction) -> None:
    assert factor(source, target) == expected


@pytest.mark.parametrize(
    ("value", "source", "target", "expected"),
    [
        (0, "c", "k", Fraction(27315, 100)),
        (100, "c", "f", 212),
        (-40, "f", "c", -40),
        (0, "k", "c", Fraction(-27315, 100)),
    ],
)
def test_temperatures_convert_with_their_zero_points(value: int, source: str, target: str, expected: Fraction) -> None:
    assert convert(value, source, target) == expected


def test_a_temperature_difference_keeps_its_size_between_kelvin_and_celsius() -> None:
    assert factor("k", "c") == 1


@given(pair=st.sampled_from(PAIRS), value=st.fractions())
def test_converting_there_and_back_gives_the_same_fraction(pair: tuple[str, str], value: Fraction) -> None:
    assert convert(convert(value, *pair), pair[1], pair[0]) == value


def test_a_float_stays_a_float_and_infinities_pass() -> None:
    assert convert(1.5, "gj", "mj") == 1500.0
    assert convert(float("inf"), "gj", "mj") == float("inf")


@pytest.mark.parametrize(("source", "target"), [("m3", "kwh"), ("kw", "kwh"), ("parsec", "m3"), ("m3", "")])
def test_other_dimensions_and_unknown_names_are_told(source: str, target: str) -> None:
    with pytest.raises(UnitError, match=r"unit"):
        factor(source, target)
