# SPDX-License-Identifier: Apache-2.0
"""Electricity of homes, cabins, common rooms and cars, and what roofs give back.  Pure."""

from __future__ import annotations

from typing import Final

import numpy as np

from avlest.simulate.behaviour.clock import Hours
from avlest.simulate.behaviour.people import Households, derive_variants, vary_profile
from avlest.simulate.behaviour.water import build_profile
from avlest.simulate.chance import ONE, Integers, draw, draw_grid, get_stream, scale, spread, take_bits
from avlest.simulate.weather.hourly import Weather

_ACTIVITY: Final = build_profile(
    (20, 16, 15, 15, 16, 24, 46, 50, 36, 28, 26, 27, 28, 28, 32, 52, 68, 70, 66, 66, 68, 66, 58, 38),
    (20, 16, 15, 15, 16, 20, 32, 44, 50, 48, 46, 50, 50, 46, 44, 50, 58, 62, 58, 58, 60, 58, 50, 34),
    (24, 19, 17, 16, 16, 17, 22, 32, 46, 54, 56, 58, 56, 52, 50, 52, 60, 64, 60, 58, 60, 58, 52, 40),
)
_STANDBY: Final = (70, 190)  # W
_BY_HOME, _BY_PERSON = 2_600, 1_900  # Wh a day of lamps, kitchen and machines; of each person with hot water
_HEATING: Final = 1_050  # mW/K and m² drawn from the grid: panels and heat pumps together
_BALANCE: Final = 15_500
_CHARGERS: Final = (3_600, 7_200, 7_200, 11_000)  # W


def derive_home_power(
    seed: int, homes: Households, area: Integers, hours: Hours, presence: Integers, weather: Weather
) -> Integers:
    """Wh per home and hour, before any sun and car; `presence` (homes, hours) in hundredths."""
    words = draw(get_stream(seed, "electricity"), homes.home)
    keen = spread(words, 25)
    a_day = (_BY_HOME + _BY_PERSON * homes.people) * keen // ONE
    shares = vary_profile(_ACTIVITY, hours)[derive_variants(seed, homes.home)]
    noise = 40 + take_bits(draw_grid(get_stream(seed, "appliances"), homes.home, hours.hours), 0, 20) * 121 // (1 << 20)
    active = a_day[:, None] * shares // 1000 * noise // 100 * presence // 100
    lack = np.clip(_BALANCE - (weather.day_mean * 2 + weather.temperature) // 3, 0, None)
    loss = _HEATING * area * spread(draw(get_stream(seed, "insulation"), homes.home), 32) // ONE
    heating = loss[:, None] * lack[None, :] // 1_000_000 * (60 + presence * 40 // 100) // 100
    heating = heating * (80 + noise // 5) // 100
    standby = scale(words, *_STANDBY)[:, None]
    total: Integers = standby + active + heating
    return total


def derive_sun_power(seed: int, homes: Integers, peak: Integers, hours: Hours, weather: Weather) -> Integers:
    """Wh per roof and hour; `peak`: W of each roof."""
    jitter = 92 + take_bits(draw_grid(get_stream(seed, "roofs"), homes, hours.hours), 0, 20) * 15 // (1 << 20)
    given: Integers = peak[:, None] * weather.sun[None, :] // 1000 * jitter // 100
    return given


def derive_charging(seed: int, homes: Integers, hours: Hours) -> Integers:
    """Wh per charger and hour: a car that comes home in the afternoon or evening on some days."""
    words = draw(get_stream(seed, "charging"), homes)
    power = np.array(_CHARGERS, np.int64)[take_bits(words, 0, 2)][:, None]
    often = scale(words, 22, 68)[:, None]
    days = hours.days
    longer = np.arange(int(days[0]) - 1, int(days[-1]) + 1)
    of_day = draw(get_stream(seed, "cars"), homes[:, None], longer[None, :])
    comes = take_bits(of_day, 0, 12) * 100 >> 12 < often
    energy = comes * scale(of_day, 4_000, 31_000)
    begins = longer[None, :] * 24 - 1 + 15 + take_bits(of_day, 12, 12) * 9 // (1 << 12)  # hours since 1970, UTC
    charged = np.zeros((len(homes), len(hours)), np.int64)
    for back in (0, 1):
        place = hours.day_index + 1 - back
        left = energy[:, place] - power * (hours.hours - begins[:, place])
        charged += np.where(left <= energy[:, place], np.clip(left, 0, power), 0)
    return charged


def derive_common_power(seed: int, homes: Integers, watts: Integers, hours: Hours) -> Integers:
    """Wh per common meter and hour: lamps, fans, pumps and a laundry by day."""
    noise = take_bits(draw_grid(get_stream(seed, "common power"), homes, hours.hours), 0, 20)
    by_day = np.where((hours.clock >= 7) & (hours.clock < 21), 140, 85)
    total: Integers = watts[:, None] * by_day[None, :] // 100 * (80 + noise * 41 // (1 << 20)) // 100
    return total
