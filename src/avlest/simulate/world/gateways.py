# SPDX-License-Identifier: Apache-2.0
"""Gateways of every kind, where they hang, and which meters they hear how well.  Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from avlest.simulate.chance import Integers, draw, get_stream, scale
from avlest.simulate.contracts import RANKS
from avlest.simulate.radio.encoder import HAN_MAKERS
from avlest.simulate.radio.han import derive_meter_id
from avlest.simulate.tables import Tables, build_frame
from avlest.simulate.world.land import derive_chance, derive_level

_METRES_NORTH, _METRES_EAST = 111_320, 49_180  # a degree at 63.8° north


@dataclass(frozen=True, slots=True)
class Radio:
    """A kind of fixed gateway: how many meters one serves, dB a decade, sensitivity (dBm), zones it reaches."""

    road: str
    meters: int
    slope: int
    sensitivity: int
    zones: int


RADIOS: Final = (Radio("wmbus", 45, 31, -107, 2), Radio("lorawan", 900, 30, -129, 3))
_SURE: Final = {"ams": (64_900, -74), "han": (65_536, -40), "mbus": (65_536, -40), "drive_by": (63_600, -86)}


@dataclass(frozen=True, slots=True)
class Sites:
    """Meters on the air: index, road, zone (-1: none), metres east and north, per meter."""

    meter: Integers
    road: np.ndarray
    zone: Integers
    east: Integers
    north: Integers


def locate_meters(tables: Tables) -> Sites:
    """Where the meters hang, from their point's property."""
    places = tables.collect("properties").select("property", "latitude", "longitude", home_zone="zone")
    hung = (
        tables.collect("installations").select("meter", "point").unique("meter", keep="first", maintain_order=True)
        .join(tables.collect("points").select("point", "property"), on="point")
        .join(places, on="property")
        .join(tables.collect("meters").select("meter", "road"), on="meter")
        .sort("meter")
    )  # fmt: skip
    east = ((hung["longitude"] - 11.49) * 1e6).round().cast(pl.Int64).to_numpy() * _METRES_EAST // 1_000_000
    north = ((hung["latitude"] - 63.775) * 1e6).round().cast(pl.Int64).to_numpy() * _METRES_NORTH // 1_000_000
    return Sites(
        hung["meter"].cast(pl.Int64).to_numpy(),
        hung["road"].to_numpy(),
        hung["home_zone"].cast(pl.Int64).to_numpy(),
        east,
        north,
    )


def build_gateways(tables: Tables, zones: int) -> None:
    """Add gateways and the reception of every meter."""
    sites = locate_meters(tables)
    reception = [_build_radio(tables, sites, radio, zones) for radio in RADIOS]
    for road, kind, name in (
        ("ams", "ams", "Mottak i strømmålere"),
        ("mbus", "concentrator", "M-Bus-konsentrator"),
    ):
        reception.append(_build_zone_gateways(tables, sites, road, (kind, name), zones))
    reception.append(_build_readers(tables, sites))
    reception.append(_build_car(tables, sites))
    found = pl.concat(reception).sort("meter", "rank")
    tables.pieces["reception"] = [found]
    tables.counts["reception"] = len(found)


def _add(
    tables: Tables,
    kind: str,
    road: str,
    names: list[str],
    zone: Integers,
    east: Integers,
    north: Integers,
    codes: list[str] | None = None,
) -> Integers:
    first = tables.counts.get("gateways", 0)
    made = [
        f"0200fdff{first + place:08x}" if kind == "lorawan" else f"fv-{kind}-{first + place + 1:04}"
        for place in range(len(names))
    ]
    columns = {
        "code": made if codes is None else codes,
        "name": names,
        "kind": kind,
        "road": "wmbus" if road in ("ams", "drive_by") else road,
        "zone": zone,
        "latitude": (63_775_000 + north * 1_000_000 // _METRES_NORTH) / 1e6,
        "longitude": (11_490_000 + east * 1_000_000 // _METRES_EAST) / 1e6,
    }
    return tables.add("gateways", columns, count=len(names))


def _build_radio(tables: Tables, sites: Sites, radio: Radio, zones: int) -> pl.DataFrame:
    """Masts near the meters of each zone, and who hears whom."""
    on_road = np.flatnonzero(sites.road == radio.road)
    spots = []
    for zone in range(zones):
        mine = on_road[sites.zone[on_road] == zone]
        count = -(-len(mine) // radio.meters)
        spots.append(mine[(2 * np.arange(count) + 1) * len(mine) // (2 * max(count, 1))])
    chosen = np.concatenate(spots)
    labels = {"wmbus": "wM-Bus-mottaker", "lorawan": "LoRaWAN-mast"}
    names = [f"{labels[radio.road]} {number + 1}" for number in range(len(chosen))]
    gateways = _add(
        tables, radio.road, radio.road, names, sites.zone[chosen], sites.east[chosen] + 9, sites.north[chosen] + 7
    )
    frames = [
        _hear(
            tables.seed,
            sites,
            on_road[sites.zone[on_road] == zone],
            _find_near(sites, chosen, gateways, radio, zone),
            radio,
        )
        for zone in np.unique(sites.zone[on_road]).tolist()
    ]
    return pl.concat([build_frame("reception", {}, count=0), *frames])


def _find_near(
    sites: Sites, chosen: Integers, gateways: Integers, radio: Radio, zone: int
) -> tuple[Integers, Integers]:
    """The gateways (spots and indices) that may hear meters of a zone."""
    near = np.abs(sites.zone[chosen] - zone) < radio.zones
    return chosen[near], gateways[near]


def _hear(seed: int, sites: Sites, mine: Integers, near: tuple[Integers, Integers], radio: Radio) -> pl.DataFrame:
    spots, gateways = near
    if not len(spots) or not len(mine):
        return build_frame("reception", {}, count=0)
    indoor = scale(draw(get_stream(seed, "walls"), sites.meter[mine]), 2, 19)
    level = derive_level(
        seed,
        (sites.east[mine], sites.north[mine]),
        (sites.east[spots], sites.north[spots]),
        slope=radio.slope,
        indoor=indoor,
    )
    order = np.argsort(-level, axis=1, kind="stable")[:, :RANKS]
    best = np.take_along_axis(level, order, axis=1)
    chance = derive_chance(best, radio.sensitivity)
    rank = np.broadcast_to(np.arange(order.shape[1]), order.shape)
    kept = (chance > 1_000) | (rank == 0)
    meter = np.broadcast_to(sites.meter[mine][:, None], order.shape)[kept]
    columns = {
        "meter": meter,
        "gateway": gateways[order][kept],
        "rank": rank[kept],
        "rssi": best[kept],
        "chance": chance[kept],
    }
    return build_frame("reception", columns, count=len(meter))


def _build_zone_gateways(tables: Tables, sites: Sites, road: str, kind: tuple[str, str], zones: int) -> pl.DataFrame:
    """One of a kind for each zone that has meters on this road, in their midst."""
    mine = np.flatnonzero(sites.road == road)
    used = np.unique(sites.zone[mine])
    first = np.full(zones, -1, np.int64)
    spots = np.array([mine[sites.zone[mine] == zone][0] for zone in used.tolist()], np.int64)
    names = [f"{kind[1]} {number + 1}" for number in range(len(used))]
    first[used] = _add(tables, kind[0], road, names, used, sites.east[spots], sites.north[spots])
    return _reach_surely(sites.meter[mine], first[sites.zone[mine]], road)


def _build_readers(tables: Tables, sites: Sites) -> pl.DataFrame:
    """One reader at each HAN port; it calls itself what the meter calls itself."""
    mine = np.flatnonzero(sites.road == "han")
    if not len(mine):
        return build_frame("reception", {}, count=0)
    meters = tables.collect("meters")[sites.meter[mine].tolist()].select("family", "serial")
    codes = [derive_meter_id(HAN_MAKERS[family], serial) for family, serial in meters.iter_rows()]
    names = [f"HAN-avleser {number + 1}" for number in range(len(mine))]
    readers = _add(tables, "han", "han", names, sites.zone[mine], sites.east[mine], sites.north[mine], codes)
    return _reach_surely(sites.meter[mine], readers, "han")


def _build_car(tables: Tables, sites: Sites) -> pl.DataFrame:
    mine = np.flatnonzero(sites.road == "drive_by")
    if not len(mine):
        return build_frame("reception", {}, count=0)
    at = np.zeros(1, np.int64)
    car = _add(tables, "car", "drive_by", ["Målerbil"], at, sites.east[mine[:1]], sites.north[mine[:1]])
    return _reach_surely(sites.meter[mine], np.full(len(mine), car[0]), "drive_by")


def _reach_surely(meter: Integers, gateway: Integers, road: str) -> pl.DataFrame:
    chance, level = _SURE[road]
    columns = {"meter": meter, "gateway": gateway, "rank": 0, "rssi": level, "chance": chance}
    return build_frame("reception", columns, count=len(meter))
