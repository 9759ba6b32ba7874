# SPDX-License-Identifier: Apache-2.0
"""Heat of flats from the weather and from what people like.  Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from avlest.simulate.behaviour.clock import Hours
from avlest.simulate.behaviour.people import Households
from avlest.simulate.chance import ONE, Integers, draw, draw_grid, get_stream, scale, spread, take_bits
from avlest.simulate.weather.hourly import Weather

_LOSS: Final = 900  # mW/K and m² of a flat between flats, built about 1975 and improved since
_BALANCE: Final = 16_500  # outdoor temperature at which people and appliances heat enough
_GAIN_OF_SUN: Final = 7  # Wh per m² in an hour in which 1 kWp gives 1000 Wh
_WATER: Final = 1_163  # mWh that warm a litre by a degree


@dataclass(frozen=True, slots=True)
class Heating:
    """Per flat and hour: `energy` (Wh), `volume` through the meter (ml); of the building, per hour: supply and return
    temperature (thousandths °C)."""

    energy: Integers
    volume: Integers
    supply: Integers
    back: Integers


def derive_flat_heat(seed: int, homes: Households, area: Integers, hours: Hours, weather: Weather) -> Heating:
    """Space heating of flats with a common heating curve."""
    words = draw(get_stream(seed, "heating"), homes.home)
    loss = _LOSS * area * spread(words, 28) // ONE
    wish = scale(words, -1_800, 1_900)
    mean = (weather.day_mean * 3 + weather.temperature) // 4
    lack = np.clip(_BALANCE + wish[:, None] - mean[None, :], 0, None)
    setback = np.where((hours.clock >= 23) | (hours.clock < 5), 780, 1_050)
    noise = 850 + take_bits(draw_grid(get_stream(seed, "radiators"), homes.home, hours.hours), 0, 20) * 300 // (1 << 20)
    energy = loss[:, None] * lack // 1_000_000 * setback // 1000 * noise // 1000
    energy = np.clip(energy - (_GAIN_OF_SUN * area[:, None] * weather.sun[None, :] // 1000), 0, None)
    supply, back = derive_heating_curve(weather)
    volume = energy * 1_000_000 // (_WATER * np.maximum(supply - back, 5_000) // 1000)
    return Heating(energy, volume, supply, back)


def derive_heating_curve(weather: Weather) -> tuple[Integers, Integers]:
    """Supply and return temperature of the building, by the outdoor temperature."""
    cold = np.clip(18_000 - weather.day_mean, 0, 40_000)
    return 32_000 + cold * 85 // 100, 27_000 + cold * 38 // 100
