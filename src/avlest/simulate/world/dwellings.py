# SPDX-License-Identifier: Apache-2.0
"""Zones, homes, farms, cabins and public places with their metering points.  Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from avlest.simulate.chance import Integers, choose, draw, get_stream, scale, take_bits
from avlest.simulate.names import CITY, MUNICIPALITY, POSTAL_CODE, ZONE_NAMES, derive_gsrn, name_streets
from avlest.simulate.tables import Tables
from avlest.simulate.world.land import HOMES_A_STREET, place_cabins, place_in_streets, to_degrees

HOMES_A_ZONE: Final = 110
_LARGEST_ZONE: Final = 900
CABIN_SHARE, FARM_SHARE, HAN_SHARE = 12, 3, 6  # per cent of homes outside the co-operatives
_PEOPLE: Final = (26, 36, 15, 16, 7)  # households of 1, 2 … people in houses (after Statistics Norway's table 06070)
_ROOFS: Final = 38  # per cent of homes with an electricity meter here that have solar cells


@dataclass(frozen=True, slots=True)
class Points:
    """What is needed to make points: property, unit, zone, load and how it behaves; scalars or columns."""

    medium: str
    device: str
    load: str
    location: str
    property: Integers
    unit: Integers | None = None
    zone: Integers | None = None
    parent: Integers | None = None
    purpose: str = "billing"
    home: Integers | None = None
    people: Any = 0
    area: Any = 0
    size: Any = 0
    group: Integers | None = None


@dataclass(slots=True)
class Building:
    """A world being built: its tables, and the kind of meter that each point gets."""

    tables: Tables
    homes: int
    devices: list[npt.NDArray[np.str_]]
    next_home: int = 0
    streets: int = 0
    next_title: int = 0

    @property
    def seed(self) -> int:
        """The world's seed."""
        return self.tables.seed

    def chance(self, name: str, *keys: Integers | int) -> Any:
        """Random words of a stream."""
        return draw(get_stream(self.seed, name), *keys)

    def take_homes(self, count: int) -> Integers:
        """Fresh numbers of homes."""
        self.next_home += count
        return np.arange(self.next_home - count, self.next_home)

    def add_points(self, points: Points) -> Integers:
        """Add metering points with their loads and return their indices."""
        count = len(points.property)
        first = self.tables.counts.get("points", 0)
        number = np.arange(first, first + count)
        has_gsrn = points.medium == "electricity"
        columns = {
            "code": "MP" + pl.Series(number).cast(pl.String).str.zfill(7),
            "medium": points.medium,
            "gsrn": [derive_gsrn(place) for place in number.tolist()] if has_gsrn else "",
            "purpose": points.purpose,
            "location": points.location,
            "property": points.property,
            "unit": points.unit,
            "zone": points.zone,
            "parent": points.parent,
        }
        added = self.tables.add("points", columns, count=count)
        load = {
            "point": added, "load": points.load, "home": number if points.home is None else points.home,
            "people": points.people, "area": points.area, "size": points.size, "group": points.group,
        }  # fmt: skip
        self.tables.add("loads", load, count=count)
        self.devices.append(np.full(count, points.device))
        return added

    def add_properties(self, kind: str, columns: dict[str, Any], *, count: int) -> Integers:
        """Add properties with cadastral numbers of a municipality that is not in use."""
        first = self.next_title
        number = np.arange(first, first + count)
        self.next_title += count
        return self.tables.add(
            "properties",
            {
                "code": "E" + pl.Series(number).cast(pl.String).str.zfill(6),
                "kind": kind,
                "municipality": MUNICIPALITY,
                "gnr": 1 + number // 400,
                "bnr": 1 + number % 400,
                "postal_code": POSTAL_CODE,
                "city": CITY,
                **columns,
            },
            count=count,
        )


def count_zones(houses: int) -> int:
    """Fewer, larger zones in a larger municipality."""
    size = min(HOMES_A_ZONE + houses // 40, _LARGEST_ZONE)
    return max(3, -(-houses // size))


def build_zones(building: Building, houses: int, leaks: int) -> tuple[Integers, Integers]:
    """Zones with their main meters; the last one is the cabins'.  Returns zones and the points of their mains."""
    count = count_zones(houses) + 1
    names = [f"{ZONE_NAMES[n % 10]} {n // 10 + 1}" if n >= 10 else ZONE_NAMES[n] for n in range(count - 1)]
    names.append("Hyttegrenda")
    columns = {"code": [f"MS{n + 1:02}" for n in range(count)], "name": names}
    zones = building.tables.add("zones", columns, count=count)
    columns_of_town = int(np.sqrt(count - 1)) + 1
    east, north = place_in_streets(building.seed, zones, np.full(count, 4_000), count - 1)
    east[-1:], north[-1:] = place_cabins(building.seed, np.array([999_999]))
    latitude, longitude = to_degrees(east, north)
    chambers = building.add_properties(
        "network",
        {
            "name": [f"Vannkum {name}" for name in names],
            "address": [f"Vannkum {name}" for name in names],
            "latitude": latitude / 1e6,
            "longitude": longitude / 1e6,
            "zone": zones,
        },
        count=count,
    )
    words = building.chance("zones", zones)
    a_zone = max(houses // max(count - 1, 1), 1)
    mains = building.add_points(
        Points(
            "cold_water",
            "zone",
            "sum_water",
            "Vannkum, sonemåler",
            chambers,
            purpose="technical",
            area=scale(words, 4, 9) * a_zone,  # litres a day without a meter
            size=scale(building.chance("leakage", zones), leaks // 2, leaks * 2) * a_zone,  # ml an hour
        )
    )
    building.tables.add("zone_meters", {"zone": zones, "point": mains, "direction": "in"}, count=count)
    building.streets = columns_of_town
    return zones, mains


def build_homes(building: Building, count: int, zones: Integers, mains: Integers) -> Integers:
    """Detached houses along streets, some with an electricity meter.  Returns their properties."""
    town = len(zones) - 1
    index = np.arange(count)
    zone, number = index * town // max(count, 1), np.zeros(count, np.int64)
    number = index - np.searchsorted(zone, zone)
    east, north = place_in_streets(building.seed, zone, number, town)
    latitude, longitude = to_degrees(east, north)
    streets_a_zone = int(number.max(initial=0)) // HOMES_A_STREET + 1
    names = np.array(name_streets(town * streets_a_zone), object)
    street = names[zone * streets_a_zone + number // HOMES_A_STREET]
    address = pl.Series(street.astype(str)) + " " + pl.Series(number % HOMES_A_STREET + 1).cast(pl.String)
    columns = {"address": address, "latitude": latitude / 1e6, "longitude": longitude / 1e6, "zone": zones[zone]}
    properties = building.add_properties("home", columns, count=count)
    _add_dwellings(building, properties, zones[zone], mains[zone], "home")
    return properties


def _add_dwellings(
    building: Building, properties: Integers, zone: Integers, main: Integers, kind: str
) -> tuple[Integers, Integers]:
    """A unit, a water meter and sometimes an electricity meter for each.  Returns homes and water points."""
    count = len(properties)
    homes = building.take_homes(count)
    people = choose(building.chance("people", homes), _PEOPLE) + 1
    area = scale(building.chance("areas", homes), 45, 70) + people * scale(building.chance("rooms", homes), 14, 34)
    if kind == "cabin":
        area //= 2
        people += 1
    units = building.tables.add(
        "units", {"property": properties, "number": "H0101", "kind": "dwelling", "area": area}, count=count
    )
    load = "cabin_water" if kind == "cabin" else "home_water"
    water = building.add_points(
        Points(
            "cold_water", kind, load, "Teknisk rom" if kind != "cabin" else "Bod", properties, units, zone,
            home=homes, people=people, area=area, group=main,
        )
    )  # fmt: skip
    chosen = np.flatnonzero(take_bits(building.chance("metered power", homes), 0, 16) * 100 >> 16 < HAN_SHARE)
    roofs = building.chance("roofs", homes[chosen])
    peak = np.where(take_bits(roofs, 0, 16) * 100 >> 16 < _ROOFS, scale(roofs, 40, 110) * 100, 0)
    power = "cabin_power" if kind == "cabin" else "home_power"
    device = "power" if kind == "home" else "han"  # masts hear the town only
    building.add_points(
        Points(
            "electricity", device, power, "Sikringsskap", properties[chosen], units[chosen], zone[chosen],
            home=homes[chosen], people=people[chosen], area=area[chosen], size=peak,
        )
    )  # fmt: skip
    return homes, water


def build_farms(building: Building, count: int, zones: Integers, mains: Integers) -> Integers:
    """Farms: dwelling and animals behind one connection, the animals' water with a reduction meter of its own."""
    index = np.arange(count)
    words = building.chance("farms", index)
    zone = index % (len(zones) - 1)
    east, north = scale(words, 200, 5_200), 150 + (take_bits(words, 0, 24) * 4_100 >> 24)
    latitude, longitude = to_degrees(east, north)
    names = np.array(name_streets(400 + count), object)[400 - min(count, 200) : 400 - min(count, 200) + count]
    columns = {
        "name": [f"{name.split()[-1].capitalize()} gård" for name in names.tolist()],
        "address": [f"Bygdavegen {10 + 7 * number}" for number in range(count)],
        "latitude": latitude / 1e6,
        "longitude": longitude / 1e6,
        "zone": zones[zone],
    }
    properties = building.add_properties("farm", columns, count=count)
    _, water = _add_dwellings(building, properties, zones[zone], mains[zone], "farm")
    barns = building.tables.add(
        "units", {"property": properties, "number": "L0101", "kind": "business", "area": 600}, count=count
    )
    building.add_points(
        Points(
            "cold_water", "barn", "stock_water", "Driftsbygning", properties, barns, zones[zone], water,
            purpose="reduction", size=scale(building.chance("animals", index), 900, 5_200), group=water,
        )
    )  # fmt: skip
    return properties


def build_cabins(building: Building, count: int, zones: Integers, mains: Integers) -> Integers:
    """Cabins in the hills."""
    index = np.arange(count)
    latitude, longitude = to_degrees(*place_cabins(building.seed, index))
    columns = {
        "address": [f"Hytteåsen {number + 1}" for number in range(count)],
        "latitude": latitude / 1e6,
        "longitude": longitude / 1e6,
        "zone": zones[-1:].repeat(count),
    }
    properties = building.add_properties("cabin", columns, count=count)
    _add_dwellings(building, properties, zones[-1:].repeat(count), mains[-1:].repeat(count), "cabin")
    return properties


# kind, load, names, litres of an average working day, one for so many homes
_PLACES: Final = (
    ("shop", "shop_water", ("Fjordvik Matsenter", "Havnekroa", "Klippen frisør", "Byggvare"), (250, 3_200), 70),
    ("school", "school_water", ("Fjordvik skole", "Nordlia skole", "Moan barnehage"), (3_500, 9_500), 900),
    ("care_home", "care_water", ("Fjordvik bu- og omsorgssenter", "Solbrekka omsorgsbolig"), (6_500, 14_000), 1_500),
)  # fmt: skip


def build_places(building: Building, houses: int, zones: Integers, mains: Integers) -> dict[str, Integers]:
    """Shops, schools and care homes of the town.  Returns properties by kind."""
    built = {}
    for kind, load, names, (low, high), homes in _PLACES:
        count = 1 + houses // homes
        index = np.arange(count)
        words = building.chance(kind, index)
        zone = index % (len(zones) - 1)
        east, north = place_in_streets(building.seed, zone, 5_000 + index * 5, len(zones) - 1)
        latitude, longitude = to_degrees(east, north)
        titles = [
            f"{names[n % len(names)]} {n // len(names) + 1}" if n >= len(names) else names[n] for n in range(count)
        ]
        columns = {
            "name": titles,
            "address": [
                f"Torggata {1 + 2 * number}" if kind == "shop" else title for number, title in enumerate(titles)
            ],
            "latitude": latitude / 1e6,
            "longitude": longitude / 1e6,
            "zone": zones[zone],
        }
        properties = building.add_properties(kind, columns, count=count)
        units = building.tables.add(
            "units", {"property": properties, "number": "H0101", "kind": "business", "area": scale(words, 120, 2_400)},
            count=count,
        )  # fmt: skip
        building.add_points(
            Points(
                "cold_water", "place", load, "Teknisk rom", properties, units, zones[zone],
                size=scale(words, low, high), group=mains[zone],
            )
        )  # fmt: skip
        built[kind] = properties
    return built
