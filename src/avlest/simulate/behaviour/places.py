# SPDX-License-Identifier: Apache-2.0
"""Water where people do not live: farms with animals, shops, schools, care homes, stairwells.  Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from avlest.simulate.behaviour.clock import Hours
from avlest.simulate.chance import Integers, draw_grid, get_stream, take_bits


@dataclass(frozen=True, slots=True)
class Rhythm:
    """Thousandths of an average day in each hour of a working and of a free day (a free day may have more or less
    than 1000 in all), months in which nobody is there, and how much hours vary (per cent)."""

    work: Integers
    free: Integers
    closed: tuple[int, ...] = ()
    varies: int = 40


def _day(text: str, total: int) -> Integers:
    """24 weights, one digit or letter each, as parts of `total`."""
    weights = np.array([int(letter, 36) for letter in text], np.int64)
    return weights * total // int(weights.sum())


RHYTHMS: Final = {
    "stock_water": Rhythm(_day("111112699744445467743211", 1000), _day("111112589744445467743211", 1000), varies=25),
    "shop_water": Rhythm(_day("000000138dfghhhhggfdb610", 1000), _day("000000014799aa9865320000", 320), varies=55),
    "school_water": Rhythm(_day("000000126fhghfhgd6421000", 1000), _day("000000000111111100000000", 40), (7,), 35),
    "care_water": Rhythm(_day("222223bhhgedeecbdeca6432", 1000), _day("222223adhhfdeecbdeca6432", 1000), varies=20),
    "common_water": Rhythm(_day("000000235554444444433100", 1000), _day("000000011223333333221000", 500), varies=90),
    "unmetered_water": Rhythm(
        _day("555555678888888888877655", 1000), _day("555555567888888888877655", 1000), varies=60
    ),
}


def derive_place_water(seed: int, load: str, homes: Integers, a_day: Integers, hours: Hours) -> Integers:
    """Millilitres per place and hour, shape (places, hours); `a_day`: litres of an average working day."""
    rhythm = RHYTHMS[load]
    share = np.where(hours.is_free, rhythm.free[hours.clock], rhythm.work[hours.clock])
    if rhythm.closed:
        share = np.where(np.isin(hours.month, rhythm.closed), share // 25, share)
    words = draw_grid(get_stream(seed, load), homes, hours.hours)
    percent = 100 - rhythm.varies + take_bits(words, 0, 20) * (2 * rhythm.varies + 1) // (1 << 20)
    used: Integers = a_day[:, None] * share[None, :] * percent // 100
    return used // 1000 * 1000 + take_bits(words, 20, 10) * (used > 0)
