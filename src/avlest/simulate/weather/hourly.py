# SPDX-License-Identifier: Apache-2.0
"""The weather of Fjordvik, hour by hour: a coast of Trøndelag that never was.  Pure.

Any hour can be asked for by itself: seasons are a sine, weather is smooth noise of several lengths.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from avlest.simulate.chance import ONE, Integers, get_stream, sine, value_noise

HOURS_A_YEAR: Final = 8766
_COLDEST: Final = 20 * 24  # hours after new year: about 20 January
_MEAN: Final = 5_400  # thousandths of a degree; inner Trøndelag has about 5 °C over the year
_SEASON: Final = 8_600
_LATITUDE_SINE, _LATITUDE_COSINE = 8_973, 4_415  # of 63.8°, ten-thousandths
_TILT_SINE: Final = 3_978  # of the ecliptic
_PEAK: Final = 760  # W per kWp with the sun in the zenith and no cloud; tilted panels
_NOON: Final = 11  # UTC hour in which the sun is highest at 11.5° east


@dataclass(frozen=True, slots=True)
class Weather:
    """Columns over hours: air temperature (thousandths °C), its mean over 24 hours, cloud (0-1000), what a roof of
    1 kWp gives (Wh), whether the ground is dry, and the temperature of the water in the ground (thousandths °C)."""

    temperature: Integers
    day_mean: Integers
    cloud: Integers
    sun: Integers
    dry: Integers
    water: Integers


def derive_weather(seed: int, hours: Integers) -> Weather:
    """The weather of consecutive hours (hours since 1970, UTC)."""
    stream = get_stream(seed, "weather")
    longer = np.arange(int(hours[0]) - 24, int(hours[-1]) + 1)
    cloud = _derive_cloud(stream, longer)
    temperature = _derive_temperature(stream, longer, cloud)
    total = np.cumsum(temperature)
    own = cloud[24:]
    sun = _derive_sun(hours)
    return Weather(
        temperature=temperature[24:],
        day_mean=(total[24:] - total[:-24]) // 24,
        cloud=own,
        sun=sun * (1_050 - 800 * own // 1000) // 1000,
        dry=(value_noise(stream + 5, hours, 120) > 0).astype(np.int64),
        water=6_500 + 3_300 * -_season(hours - 50 * 24) // 10_000,
    )


def _season(hours: Integers) -> Integers:
    """1 (in ten-thousandths) in the depth of winter, -1 in high summer."""
    return sine(hours - _COLDEST + HOURS_A_YEAR // 4, HOURS_A_YEAR)


def _derive_cloud(stream: int, hours: Integers) -> Integers:
    noise = value_noise(stream + 1, hours, 40) + value_noise(stream + 2, hours, 9) // 2
    cloud: Integers = np.clip(560 + 420 * noise // ONE, 0, 1000)
    return cloud


def _derive_temperature(stream: int, hours: Integers, cloud: Integers) -> Integers:
    season = _season(hours)
    slow, quick, short = (value_noise(stream + 10 + number, hours, step) for number, step in enumerate((340, 90, 30)))
    weather = (3_300 * slow + 3_400 * quick + 1_500 * short) // ONE
    weather = weather * (11_500 + 3_500 * season // 10_000) // 10_000  # winters vary more
    swing = 900 + 2_900 * (10_000 - season) // 20_000  # between day and night
    swing = swing * (1_300 - cloud) // 800
    of_day = swing * sine(hours - _NOON + 4, 24) // 10_000  # warmest about 15 o'clock
    temperature: Integers = _MEAN - _SEASON * season // 10_000 + weather + of_day
    return temperature


def _derive_sun(hours: Integers) -> Integers:
    """Wh of a cloudless hour per kWp, from the height of the sun."""
    declination = -_TILT_SINE * _season(hours + 30 * 24) // 10_000
    cosine = np.sqrt(100_000_000 - declination * declination).astype(np.int64)
    angle = sine((hours - _NOON) * 2 + 13, 48)  # the middle of the hour, a quarter of a turn on: the cosine
    height = _LATITUDE_SINE * declination // 10_000 + _LATITUDE_COSINE * cosine // 10_000 * angle // 10_000
    given: Integers = _PEAK * np.clip(height + 700, 0, None) * (height > 0) // 10_000
    return given
