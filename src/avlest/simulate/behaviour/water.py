# SPDX-License-Identifier: Apache-2.0
"""Water of dwellings as events of fixtures: how many, how much, how warm.  Pure.

Frequencies and volumes are of the size that end-use studies of European homes give (toilet 25-30, shower 40-45,
taps 25-30, washing 12-15 litres a person and day); `docs/explanation/simulation.md` compares the outcome with measured
homes and with Norwegian figures.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from avlest.simulate.behaviour.clock import Hours
from avlest.simulate.behaviour.people import Households, derive_variants, vary_profile
from avlest.simulate.chance import Integers, Words, draw, draw_events, draw_grid, get_stream, spread, take_bits


@dataclass(frozen=True, slots=True)
class Fixture:
    """A kind of tap: events a day (thousandths) of each home and of each person, millilitres of one, how much of that
    is hot (per cent) and varies (per cent, either way), how homes differ (per cent, in the logarithm), and when in the
    day it happens (thousandths of a day: working day of those who go out, of those at home, free day)."""

    name: str
    by_home: int
    by_person: int
    volume: int
    hot: int
    varies: int
    differs: int
    profile: Integers


_DAYS: Final = (970, 1000, 1120)
"""A working day of those who go out, of those at home, and a free day, in thousandths of an average day."""


def build_profile(*days: tuple[int, ...]) -> Integers:
    """Three rows of 24 weights as thousandths of an average day: at home people use more."""
    table = np.array(days, np.int64)
    shares: Integers = table * np.array(_DAYS, np.int64)[:, None] // table.sum(axis=1, keepdims=True)
    return shares


_TOILET: Final = build_profile(
    (19, 15, 13, 12, 16, 30, 78, 75, 40, 28, 26, 28, 28, 28, 34, 55, 62, 62, 60, 60, 62, 68, 75, 40),
    (20, 16, 14, 13, 15, 20, 45, 65, 65, 58, 52, 50, 48, 46, 46, 48, 50, 50, 50, 50, 52, 58, 62, 32),
    (26, 20, 16, 13, 13, 14, 18, 40, 66, 72, 66, 60, 55, 50, 50, 52, 52, 52, 50, 50, 52, 56, 62, 40),
)
_TAP: Final = build_profile(
    (9, 6, 5, 5, 7, 22, 62, 60, 30, 22, 22, 28, 26, 24, 32, 62, 90, 92, 76, 66, 60, 56, 46, 16),
    (9, 6, 5, 5, 7, 13, 30, 56, 62, 58, 56, 66, 64, 54, 52, 60, 78, 80, 66, 56, 50, 44, 36, 14),
    (13, 9, 6, 5, 6, 8, 10, 28, 58, 74, 74, 74, 70, 62, 60, 66, 80, 82, 68, 56, 48, 42, 36, 18),
)
_SHOWER: Final = build_profile(
    (2, 1, 0, 0, 4, 50, 150, 125, 40, 18, 14, 12, 12, 12, 18, 34, 44, 50, 56, 62, 70, 66, 50, 16),
    (2, 1, 0, 0, 3, 20, 70, 100, 105, 92, 70, 50, 36, 30, 30, 36, 44, 50, 56, 64, 66, 56, 34, 10),
    (4, 2, 1, 0, 1, 4, 14, 42, 84, 112, 112, 92, 70, 52, 46, 48, 54, 60, 58, 54, 50, 42, 30, 12),
)
_MACHINE: Final = build_profile(
    (8, 4, 2, 2, 2, 8, 26, 40, 34, 28, 26, 26, 26, 26, 32, 58, 72, 80, 84, 84, 80, 66, 48, 24),
    (6, 3, 2, 2, 2, 6, 16, 40, 74, 88, 86, 78, 68, 60, 56, 56, 56, 60, 62, 58, 50, 38, 26, 12),
    (8, 4, 2, 1, 1, 3, 8, 24, 58, 88, 98, 96, 84, 74, 68, 66, 64, 62, 58, 52, 44, 34, 24, 12),
)
_GARDEN: Final = build_profile(
    *(((0,) * 6 + (6, 10, 14, 16, 16, 14, 12, 12, 18, 30, 60, 110, 180, 190, 140, 70, 20, 0)),) * 3
)

FIXTURES: Final = (
    Fixture("toilet", 0, 5_500, 5_400, 0, 35, 25, _TOILET),
    Fixture("tap", 2_000, 10_500, 3_400, 40, 75, 35, _TAP),
    Fixture("shower", 0, 760, 66_000, 62, 55, 45, _SHOWER),
    Fixture("washing_machine", 90, 185, 51_000, 0, 20, 25, _MACHINE),
    Fixture("dishwasher", 120, 150, 12_500, 0, 15, 25, _MACHINE),
    Fixture("bath_and_cleaning", 60, 45, 85_000, 55, 60, 70, _SHOWER),
)
GARDEN: Final = Fixture("garden", 420, 0, 260_000, 0, 80, 90, _GARDEN)
_BITS: Final = 20  # of a word that one draw of events takes


@dataclass(frozen=True, slots=True)
class Water:
    """Use per home and hour in millilitres: `total` and, of it, `hot`; shape (homes, hours)."""

    total: Integers
    hot: Integers


def derive_dwelling_water(seed: int, homes: Households, hours: Hours, presence: Integers) -> Water:
    """What the fixtures of dwellings let out; `presence` (homes, hours) is 100 where people are there."""
    variants = derive_variants(seed, homes.home)
    shape = (len(homes), len(hours))
    total, hot = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    for number, fixture in enumerate(FIXTURES):
        if number % 3 == 0:
            events = draw_grid(get_stream(seed, f"fixtures {number // 3}"), homes.home, hours.hours)
            sizes = draw_grid(get_stream(seed, f"volumes {number // 3}"), homes.home, hours.hours)
        used = _use(seed, fixture, homes, hours, presence, variants, (events, sizes, number % 3 * _BITS))
        total += used
        if fixture.hot:
            hot += used * fixture.hot // 100
    return Water(total, hot)


def derive_garden_water(seed: int, homes: Households, hours: Hours, presence: Integers, thirst: Integers) -> Integers:
    """Watering of gardens; `thirst` (hours) says, in hundredths, how much the weather asks for it."""
    if not thirst.any():
        return np.zeros((len(homes), len(hours)), np.int64)
    words = draw_grid(get_stream(seed, "garden"), homes.home, hours.hours)
    keen = draw(get_stream(seed, "gardeners"), homes.home)
    asked = presence * thirst * (take_bits(keen, 0, 8) < 150)[:, None] // 100
    return _use(seed, GARDEN, homes, hours, asked, derive_variants(seed, homes.home), (words, words, 40))


def _use(
    seed: int,
    fixture: Fixture,
    homes: Households,
    hours: Hours,
    presence: Integers,
    variants: Integers,
    chance: tuple[Words, Words, int],
) -> Integers:
    """Millilitres of one fixture; `chance`: a word for events, one for volumes, and the first bit of either."""
    events, sizes, bit = chance
    keenness = spread(draw(get_stream(seed, fixture.name), homes.home), fixture.differs)
    a_day = (fixture.by_home + fixture.by_person * homes.people) * keenness // 1000
    shares = vary_profile(fixture.profile, hours)[variants]
    shares *= a_day[:, None]
    shares *= presence  # in hundredths
    shares //= 100_000
    count = draw_events(events, bit, shares)
    percent = 100 - fixture.varies + (take_bits(sizes, bit, _BITS) * (2 * fixture.varies + 1) >> _BITS)
    count *= fixture.volume
    count *= percent
    count //= 100
    return count


def derive_thirst(day_mean: Integers, dry: Integers, month: Integers) -> Integers:
    """How much a garden asks for water, in hundredths: warm, dry weather from May to August."""
    season = np.isin(month, (5, 6, 7, 8))
    return np.where(season & (dry > 0), np.clip((day_mean - 9_000) // 80, 0, 120), 0)
