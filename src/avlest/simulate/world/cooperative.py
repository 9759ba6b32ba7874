# SPDX-License-Identifier: Apache-2.0
"""Housing co-operatives: 24 flats in two buildings, every kind of meter a building has, and a garage.  Pure."""

from __future__ import annotations

from typing import Final

import numpy as np

from avlest.simulate.chance import Integers, choose, scale
from avlest.simulate.names import ZONE_NAMES
from avlest.simulate.world.dwellings import Building, Points
from avlest.simulate.world.land import place_in_streets, to_degrees

FLATS: Final = 24
_BUILDING: Final = 12
_CHARGERS: Final = 8
_RADIATORS: Final = (
    (270, "Stue"),
    (270, "Stue ved balkong"),
    (200, "Kjøkken"),
    (260, "Soverom"),
)  # thousandths of heat
_PEOPLE: Final = (44, 36, 12, 6, 2)


def build_cooperatives(building: Building, count: int, zones: Integers, mains: Integers) -> Integers:
    """Co-operatives in town, one property for both buildings.  Returns their properties."""
    index = np.arange(count)
    zone = index % (len(zones) - 1)
    east, north = place_in_streets(building.seed, zone, 7_000 + index * 3, len(zones) - 1)
    latitude, longitude = to_degrees(east, north)
    columns = {
        "name": [f"{ZONE_NAMES[(n + 3) % 10]} borettslag" + (f" {n + 1}" if n else "") for n in range(count)],
        "address": [f"Borettslagsvegen {1 + 2 * n}" for n in range(count)],
        "latitude": latitude / 1e6,
        "longitude": longitude / 1e6,
        "zone": zones[zone],
    }
    properties = building.add_properties("cooperative", columns, count=count)
    commons = building.tables.add(
        "units", {"property": properties, "number": "F0101", "kind": "common", "area": 180}, count=count
    )
    cold_main = building.add_points(
        Points("cold_water", "flat_main", "common_water", "Teknisk rom, hovedmåler", properties, commons, zones[zone],
               size=140, group=mains[zone])
    )  # fmt: skip
    hot_main = building.add_points(
        Points("hot_water", "flat_main", "common_water", "Berederrom, varmtvann ut", properties, commons,
               parent=cold_main, purpose="technical", size=20, group=cold_main)
    )  # fmt: skip
    flats = _add_flats(building, properties, cold_main, hot_main)
    _add_heat(building, properties, commons, flats)
    _add_garage(building, properties, commons, flats[0])
    return properties


Flats = tuple[Integers, Integers, Integers, Integers]


def _add_flats(building: Building, properties: Integers, cold_main: Integers, hot_main: Integers) -> Flats:
    """Flats with cold and hot water.  Returns units, homes, people and areas, shape (co-operatives, FLATS) flat."""
    count = len(properties) * FLATS
    place = np.arange(count) % FLATS
    of = np.repeat(np.arange(len(properties)), FLATS)
    homes = building.take_homes(count)
    area = np.array((58, 74, 82, 66), np.int64)[place % 4]
    people = choose(building.chance("flat people", homes), _PEOPLE) + 1
    number = [f"{'AB'[p // _BUILDING]}H{p % _BUILDING // 4 + 1:02}{p % 4 + 1:02}" for p in place.tolist()]
    units = building.tables.add(
        "units", {"property": properties[of], "number": number, "kind": "dwelling", "area": area}, count=count
    )
    for medium, main in (("cold", cold_main), ("hot", hot_main)):
        building.add_points(
            Points(f"{medium}_water", "flat_water", f"flat_{medium}", "Bad, fordelerskap", properties[of], units,
                   parent=main[of], home=homes, people=people, area=area, group=main[of])
        )  # fmt: skip
    return units, homes, people, area


def _add_heat(building: Building, properties: Integers, commons: Integers, flats: Flats) -> None:
    """Building A measures radiators with allocators, building B each flat with a heat meter; both have a main."""
    units, homes, _, area = flats
    place = np.arange(len(units)) % FLATS
    of = np.repeat(np.arange(len(properties)), FLATS)
    for letter, inside in (("A", place < _BUILDING), ("B", place >= _BUILDING)):
        main = building.add_points(
            Points("heat", "heat_main", "sum_heat", f"Varmesentral {letter}", properties, commons, size=1_900)
        )[of]  # fmt: skip
        if letter == "A":
            _add_radiators(building, properties[of][inside], units[inside], main[inside], homes[inside], area[inside])
            continue
        building.add_points(
            Points("heat", "flat_heat", "flat_heat", "Fordelerskap", properties[of][inside], units[inside],
                   parent=main[inside], home=homes[inside], area=area[inside], group=main[inside])
        )  # fmt: skip


def _add_radiators(
    building: Building, properties: Integers, units: Integers, main: Integers, homes: Integers, area: Integers
) -> None:
    """Allocators; the column `people` tells the radiators of a flat apart."""
    for number, (share, room) in enumerate(_RADIATORS):
        building.add_points(
            Points("heat_allocation", "allocator", "allocator", f"Radiator, {room.lower()}", properties, units,
                   parent=main, home=homes, people=number, area=area, size=share, group=main)
        )  # fmt: skip


def _add_garage(building: Building, properties: Integers, commons: Integers, units: Integers) -> None:
    """Chargers of some flats behind the garage's main meter, and the meter of stairs and pumps."""
    garage = building.add_points(
        Points("electricity", "group_power", "common_power", "Garasje, hovedmåler", properties, commons, size=230)
    )
    building.add_points(
        Points("electricity", "group_power", "common_power", "Fellesanlegg, trapp og pumper", properties, commons,
               size=scale(building.chance("stairs", properties), 900, 1_500))
    )  # fmt: skip
    flat = np.arange(len(units)) % FLATS
    owners = flat % 3 == 1
    assert owners.sum() == _CHARGERS * len(properties)
    of = np.repeat(np.arange(len(properties)), FLATS)[owners]
    building.add_points(
        Points("electricity", "charger", "charger", "Garasje, ladeplass", properties[of], units[owners],
               parent=garage[of], home=units[owners] + 5_000_000, group=garage[of])
    )  # fmt: skip
