# SPDX-License-Identifier: Apache-2.0
"""Chance, calendar, weather and habits."""

from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from avlest.simulate import chance
from avlest.simulate.behaviour.clock import derive_easter, derive_hours, get_holidays, to_hour
from avlest.simulate.behaviour.heat import derive_flat_heat
from avlest.simulate.behaviour.people import Households, derive_presence
from avlest.simulate.behaviour.power import derive_charging, derive_sun_power
from avlest.simulate.behaviour.water import FIXTURES, derive_dwelling_water
from avlest.simulate.weather.hourly import derive_weather

FIRST = to_hour(datetime(2025, 1, 1, tzinfo=UTC))
YEAR = derive_hours(FIRST, FIRST + 8760)
HOMES = np.arange(400)


@pytest.mark.parametrize("expected", [0.02, 0.4, 1.7, 4.2])
def test_events_have_the_mean_and_the_spread_of_poisson(expected: float) -> None:
    """Over 400,000 draws; between rows of the table the spread is a little larger."""
    words = chance.draw(7, np.arange(400_000))
    drawn = chance.draw_events(words, 0, np.full(400_000, int(expected * chance.ONE)))
    assert drawn.mean() == pytest.approx(expected, rel=0.03)
    assert drawn.var() == pytest.approx(expected, rel=0.09)


@given(st.integers(0, 2**63), st.integers(-(2**40), 2**40), st.integers(1, 50))
def test_a_draw_depends_on_nothing_but_what_it_is_for(stream: int, first: int, count: int) -> None:
    """Drawn together or one by one, the words are the same."""
    keys = np.arange(first, first + count)
    together = chance.draw(stream, keys)
    assert together.tolist() == [int(chance.draw(stream, np.array([key]))[0]) for key in keys.tolist()]
    grid = chance.draw_grid(stream, keys, keys[:3])
    assert grid[:, 1:2].tolist() == chance.draw_grid(stream, keys, keys[1:2]).tolist() or count < 2


def test_the_sine_is_a_sine() -> None:
    """Within two thousandths all around the circle."""
    phase = np.arange(-4_000, 9_000)
    assert np.abs(chance.sine(phase, 8_766) / 10_000 - np.sin(2 * np.pi * phase / 8_766)).max() < 0.002


@pytest.mark.parametrize(
    "easter", [date(2024, 3, 31), date(2025, 4, 20), date(2026, 4, 5), date(2038, 4, 25), date(2285, 3, 22)]
)
def test_easter_falls_where_the_church_says(easter: date) -> None:
    """And Whit Monday fifty days later is a holiday."""
    assert derive_easter(easter.year) == easter
    assert (easter - date(1970, 1, 1)).days + 50 in get_holidays(easter.year)


def test_hours_are_those_of_the_civil_day() -> None:
    """Days of 23 and 25 hours; free days are weekends and holidays."""
    counts = np.bincount(YEAR.day_index)
    assert {23, 24, 25} >= set(counts[1:-1].tolist())
    assert sorted(counts[1:-1].tolist())[0] == 23 and sorted(counts[1:-1].tolist())[-1] == 25
    constitution_day = (date(2025, 5, 17) - date(1970, 1, 1)).days
    assert YEAR.is_free[YEAR.day == constitution_day].all()


def test_the_weather_has_seasons_nights_and_a_sun_that_sets() -> None:
    """Ranges that inner Trøndelag knows."""
    weather = derive_weather(5, YEAR.hours)
    january, july = (weather.temperature[YEAR.month == month].mean() / 1000 for month in (1, 7))
    assert -12 < january < 3 < 10 < july < 20
    assert 650 < weather.sun.sum() / 1000 < 1_050  # kWh per kWp and year
    assert (weather.sun[(YEAR.month == 12) & (YEAR.clock < 8)] == 0).all()
    part = derive_weather(5, YEAR.hours[1_000:1_100])
    assert part.temperature.tolist() == weather.temperature[1_000:1_100].tolist()


def test_people_use_what_people_use() -> None:
    """100-170 litres a person and day, quiet nights, more on free days, less where nobody is."""
    homes = Households(HOMES, np.full(len(HOMES), 2))
    hours = derive_hours(FIRST, FIRST + 24 * 28)
    presence = derive_presence(1, HOMES, hours)[:, hours.day_index]
    water = derive_dwelling_water(1, homes, hours, presence)
    assert 100 < water.total.sum() / 1000 / 28 / 800 < 170
    assert (water.hot <= water.total).all()
    by_clock = np.array([water.total[:, hours.clock == clock].mean() for clock in range(24)])
    assert by_clock[2:4].mean() < 0.2 * by_clock.mean() < by_clock[7]
    assert derive_dwelling_water(1, homes, hours, presence * 0).total.sum() == 0


def test_fixtures_make_their_days() -> None:
    """Each profile adds up to about a day."""
    for fixture in FIXTURES:
        assert np.abs(fixture.profile.sum(axis=1) - (970, 1000, 1120)).max() <= 24


def test_heat_follows_the_weather_and_cars_charge_what_they_need() -> None:
    """No heat in high summer noons, most in winter; a charge never exceeds the charger; roofs rest at night."""
    weather = derive_weather(5, YEAR.hours)
    homes = Households(HOMES[:20], np.full(20, 2))
    heat = derive_flat_heat(5, homes, np.full(20, 70), YEAR, weather)
    winter, summer = heat.energy[:, YEAR.month == 1].mean(), heat.energy[:, YEAR.month == 7].mean()
    assert winter > 4 * summer
    assert 40 < heat.energy.sum() / 1000 / 20 / 70 < 140  # kWh a m² and year
    cars = derive_charging(5, HOMES[:20], YEAR)
    assert cars.max() <= 11_000 and 800 < cars.sum() / 1000 / 20 < 6_000
    assert (derive_sun_power(5, HOMES[:3], np.full(3, 7_000), YEAR, weather)[:, weather.sun == 0] == 0).all()
