# SPDX-License-Identifier: Apache-2.0
"""What a model's register columns show at the instants it sends.  Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from avlest.simulate.behaviour.flows import Flow
from avlest.simulate.behaviour.happenings import derive_cold
from avlest.simulate.behaviour.heat import derive_heating_curve
from avlest.simulate.chance import Integers, draw, get_stream, take_bits
from avlest.simulate.radio.models import RadioModel

MAIN_COLUMNS: Final = ("energy", "volume", "hca")
SECOND_COLUMNS: Final = ("energy_export", "volume")


@dataclass(frozen=True, slots=True)
class Moments:
    """Telegrams about to be sent: `meter`, its row in the block, the hour's column, `at` (µs), the two registers with
    all their digits and the first one at the last target day (thousandths)."""

    seed: int
    flow: Flow
    meter: Integers
    row: Integers
    column: Integers
    at: Integers
    main: Integers
    second: Integers
    target: Integers

    def chance(self, name: str) -> Integers:
        """16 random bits for each telegram."""
        return take_bits(draw(get_stream(self.seed, name), self.meter, self.at), 0, 16)

    def steady(self, name: str) -> Integers:
        """16 random bits for each telegram, the same for all of a meter."""
        return take_bits(draw(get_stream(self.seed, name), self.meter), 0, 16)


def _per_hour(moments: Moments) -> Integers:
    """What went through in this hour, never below nothing."""
    rate: Integers = np.maximum(moments.flow.measured[moments.row, moments.column], 0)
    return rate


def _second_per_hour(moments: Moments) -> Integers:
    second = moments.flow.second
    return np.zeros(len(moments.row), np.int64) if second is None else second[moments.row, moments.column]


def _flow(moments: Moments) -> Integers:
    """Millilitres an hour are thousandths of litres an hour; a heat meter's are in its second register."""
    return _per_hour(moments) if moments.flow.second is None else _second_per_hour(moments)


def _most(moments: Moments) -> Integers:
    """A tap that runs gives 400-1,100 l/h, whatever the hour adds up to."""
    rate = _per_hour(moments)
    return np.where(rate > 0, np.minimum(np.maximum(rate, 400_000 + moments.chance("taps") * 11), 30_000_000), 0)


def _power(moments: Moments) -> Integers:
    return _per_hour(moments) * 1000


def _power_export(moments: Moments) -> Integers:
    return _second_per_hour(moments) * 1000


def _flow_temperature(moments: Moments) -> Integers:
    """Of the heating water, or of the water in the ground as it comes in, warmer where it stands in the house."""
    if moments.flow.second is not None:
        supply, _ = derive_heating_curve(moments.flow.weather)
        return supply[moments.column] - moments.steady("pipes") * 3_000 // 65_536
    warmth = 1_500 + moments.steady("pipes") * 6_000 // 65_536
    temperature = moments.flow.weather.water[moments.column] + np.where(_per_hour(moments) > 20_000, 600, warmth)
    return np.where(_is_cold(moments), np.minimum(temperature, 2_600), temperature)


def _return_temperature(moments: Moments) -> Integers:
    _, back = derive_heating_curve(moments.flow.weather)
    return back[moments.column] + moments.steady("return") * 4_000 // 65_536 - moments.chance("return") // 100


def _external_temperature(moments: Moments) -> Integers:
    """Where the meter hangs: a room of 12 to 20 °C that follows the weather a little."""
    room = 12_000 + moments.steady("rooms") * 7_000 // 65_536
    temperature = room + moments.flow.weather.day_mean[moments.column] // 6
    return np.where(_is_cold(moments), 600 + moments.chance("cold") * 1_900 // 65_536, temperature)


def _is_cold(moments: Moments) -> npt.NDArray[np.bool_]:
    cold = derive_cold(moments.flow.happenings, moments.flow.measured.shape)
    found = np.zeros(len(moments.row), np.int64) if cold is None else cold[moments.row, moments.column]
    is_cold: npt.NDArray[np.bool_] = found > 0
    return is_cold


def _room_temperature(moments: Moments) -> Integers:
    return 19_500 + moments.steady("wish") * 4_000 // 65_536 + moments.chance("room") * 900 // 65_536


def _radiator_temperature(moments: Moments) -> Integers:
    """Above the room by what it gives off: about 15 K for 300 units in a thousand an hour."""
    return _room_temperature(moments) + np.minimum(_per_hour(moments) * 50, 32_000)


COLUMNS: Final[dict[str, Callable[[Moments], Integers]]] = {
    "flow": _flow,
    "flow_max": _most,
    "power": _power,
    "power_export": _power_export,
    "flow_temperature": _flow_temperature,
    "return_temperature": _return_temperature,
    "external_temperature": _external_temperature,
    "room_temperature": _room_temperature,
    "radiator_temperature": _radiator_temperature,
    "volume_target": lambda moments: moments.target,
    "hca_last": lambda moments: moments.target,
    "energy_export": lambda moments: moments.second,
}


def derive_columns(model: RadioModel, moments: Moments) -> dict[str, Integers]:
    """The model's columns, cut to its resolution; `ValueError` for a column that nothing here shows."""
    columns: dict[str, Integers] = {}
    for name, step in model.columns.items():
        values = moments.main if not columns else _show(name, moments)
        columns[name] = values // step * step
    return columns


def _show(name: str, moments: Moments) -> Integers:
    if name == "volume":
        return moments.second
    show = COLUMNS.get(name)
    if show is None:
        raise ValueError(f"{name}: no behaviour gives this column; known are {', '.join(COLUMNS)}")
    return show(moments)
