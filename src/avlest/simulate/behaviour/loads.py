# SPDX-License-Identifier: Apache-2.0
"""Which behaviour makes the use of a point: one function for each word in the column `load`.  Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from avlest.simulate.behaviour.clock import Hours
from avlest.simulate.behaviour.heat import derive_flat_heat, derive_heating_curve
from avlest.simulate.behaviour.people import Households, derive_cabin_use, derive_presence
from avlest.simulate.behaviour.places import RHYTHMS, derive_place_water
from avlest.simulate.behaviour.power import derive_charging, derive_common_power, derive_home_power, derive_sun_power
from avlest.simulate.behaviour.water import Water, derive_dwelling_water, derive_garden_water, derive_thirst
from avlest.simulate.chance import Integers, draw, draw_grid, get_stream, take_bits
from avlest.simulate.weather.hourly import Weather

CAR_OWNERS: Final = 90  # of 256 homes with an electricity meter charge a car at home
_UNIT_OF_ALLOCATOR: Final = 1_150  # mWh of a radiator that one thousandth of an allocator's unit stands for


@dataclass(frozen=True, slots=True)
class LoadRows:
    """The points of one load: whose home, how many people, area (m²), size (see `contracts.LOADS`); all (n,)."""

    load: str
    home: Integers
    people: Integers
    area: Integers
    size: Integers

    def __len__(self) -> int:
        return len(self.home)

    @property
    def households(self) -> Households:
        """Who lives there."""
        return Households(self.home, self.people)


@dataclass(frozen=True, slots=True)
class Scene:
    """What is the same for all points: seed, hours, weather; `occupied` (n, hours) is 0 where a home stands empty,
    or None where all are lived in."""

    seed: int
    hours: Hours
    weather: Weather
    occupied: Integers | None = None


@dataclass(frozen=True, slots=True)
class Use:
    """Per point and hour (n, hours), in ml, Wh or thousandths of units: `main` of the first register, `second` of the
    second one (volume of a heat meter, export of an electricity meter) or None, and `shared`, what the point adds to
    the sum it is part of."""

    main: Integers
    second: Integers | None
    shared: Integers


def _water(used: Integers) -> Use:
    return Use(used, None, used)


def _occupy(scene: Scene, presence: Integers) -> Integers:
    """Days as hours, 0 where nobody lives."""
    by_hour = presence[:, scene.hours.day_index]
    return by_hour if scene.occupied is None else by_hour * scene.occupied


def _fixtures(rows: LoadRows, scene: Scene) -> Water:
    presence = _occupy(scene, derive_presence(scene.seed, rows.home, scene.hours))
    return derive_dwelling_water(scene.seed, rows.households, scene.hours, presence)


def _home_water(rows: LoadRows, scene: Scene) -> Use:
    presence = _occupy(scene, derive_presence(scene.seed, rows.home, scene.hours))
    inside = derive_dwelling_water(scene.seed, rows.households, scene.hours, presence).total
    weather = scene.weather
    thirst = derive_thirst(weather.day_mean, weather.dry, scene.hours.month)
    return _water(inside + derive_garden_water(scene.seed, rows.households, scene.hours, presence, thirst))


def _cabin_water(rows: LoadRows, scene: Scene) -> Use:
    presence = _occupy(scene, derive_cabin_use(scene.seed, rows.home, scene.hours))
    return _water(derive_dwelling_water(scene.seed, rows.households, scene.hours, presence).total)


def _flat_cold(rows: LoadRows, scene: Scene) -> Use:
    water = _fixtures(rows, scene)
    return _water(water.total - water.hot)


def _flat_hot(rows: LoadRows, scene: Scene) -> Use:
    return _water(_fixtures(rows, scene).hot)


def _place_water(rows: LoadRows, scene: Scene) -> Use:
    return _water(derive_place_water(scene.seed, rows.load, rows.home, rows.size, scene.hours))


def _sum_water(rows: LoadRows, scene: Scene) -> Use:
    """What a zone loses on its way: a steady leakage (`size` ml an hour) and what is drawn without a meter."""
    unmetered = derive_place_water(scene.seed, "unmetered_water", rows.home, rows.area, scene.hours)
    return _water(unmetered + rows.size[:, None])


def _flat_heat(rows: LoadRows, scene: Scene) -> Use:
    heating = derive_flat_heat(scene.seed, rows.households, rows.area, scene.hours, scene.weather)
    return Use(heating.energy, heating.volume, heating.energy)


def _allocator(rows: LoadRows, scene: Scene) -> Use:
    """One radiator's share (`size` thousandths) of the heat of its flat; people turn radiators as they like."""
    heating = derive_flat_heat(scene.seed, rows.households, rows.area, scene.hours, scene.weather)
    words = draw_grid(get_stream(scene.seed, "valves"), rows.home * 64 + rows.people, scene.hours.day)
    turned = 70 + take_bits(words, 0, 20) * 61 // (1 << 20)
    heat = heating.energy * rows.size[:, None] // 1000 * turned // 100
    return Use(heat * 1000 // _UNIT_OF_ALLOCATOR, None, heat)


def _sum_heat(rows: LoadRows, scene: Scene) -> Use:
    """What the pipes of a building lose (`size` Wh an hour in the cold, less in the warm); flats are added later."""
    supply, _ = derive_heating_curve(scene.weather)
    lost = rows.size[:, None] * (supply - 20_000)[None, :] // 30_000
    return Use(lost, np.zeros_like(lost), lost)


def _home_power(rows: LoadRows, scene: Scene) -> Use:
    presence = _occupy(scene, derive_presence(scene.seed, rows.home, scene.hours))
    return _net(rows, scene, presence)


def _cabin_power(rows: LoadRows, scene: Scene) -> Use:
    return _net(rows, scene, _occupy(scene, derive_cabin_use(scene.seed, rows.home, scene.hours)))


def _net(rows: LoadRows, scene: Scene, presence: Integers) -> Use:
    """What the grid gives and takes when people, the car and the sun have had theirs."""
    used = derive_home_power(scene.seed, rows.households, rows.area, scene.hours, presence, scene.weather)
    owns = take_bits(draw(get_stream(scene.seed, "car owners"), rows.home), 0, 8) < CAR_OWNERS
    used += derive_charging(scene.seed, rows.home, scene.hours) * owns[:, None]
    rest = used - derive_sun_power(scene.seed, rows.home, rows.size, scene.hours, scene.weather)
    taken, given = np.maximum(rest, 0), np.maximum(-rest, 0)
    return Use(taken, given, taken)


def _charger(rows: LoadRows, scene: Scene) -> Use:
    charged = derive_charging(scene.seed, rows.home, scene.hours)
    return Use(charged, np.zeros_like(charged), charged)


def _common_power(rows: LoadRows, scene: Scene) -> Use:
    used = derive_common_power(scene.seed, rows.home, rows.size, scene.hours)
    return Use(used, np.zeros_like(used), used)


LOADS: Final[dict[str, Callable[[LoadRows, Scene], Use]]] = {
    "home_water": _home_water,
    "cabin_water": _cabin_water,
    "flat_cold": _flat_cold,
    "flat_hot": _flat_hot,
    **dict.fromkeys(RHYTHMS, _place_water),
    "sum_water": _sum_water,
    "flat_heat": _flat_heat,
    "allocator": _allocator,
    "sum_heat": _sum_heat,
    "home_power": _home_power,
    "cabin_power": _cabin_power,
    "charger": _charger,
    "common_power": _common_power,
}


def derive_use(rows: LoadRows, scene: Scene) -> Use:
    """The use of some points of one load; `ValueError` for a load that nobody knows."""
    behaviour = LOADS.get(rows.load)
    if behaviour is None:
        raise ValueError(f"load: expected one of {', '.join(LOADS)}, got {rows.load!r}")
    return behaviour(rows, scene)
