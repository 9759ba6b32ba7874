# SPDX-License-Identifier: Apache-2.0
"""A world into the registry: the lists through the import, what no list has through the services."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

import polars as pl
from django.db import transaction

from avlest.registry.importing.engine import Upload, do_import
from avlest.registry.importing.report import ImportReport, OnError
from avlest.registry.models import Gateway, MeteringPoint, Zone, ZoneMeter
from avlest.registry.rights import Actor
from avlest.registry.services.rows import do_change_row, do_create_row
from avlest.simulate.contracts import World
from avlest.simulate.errors import FillingError
from avlest.simulate.filling.lists import LISTS, build_late_keys, build_lists

Progress = Callable[[str, int, int], None]
"""Told the list or kind of row that is done, and how many of how many steps."""
_SHOWN = 5


@dataclass(slots=True)
class Filled:
    """What was made, by kind."""

    made: dict[str, int] = field(default_factory=dict)

    def add(self, kind: str, count: int) -> None:
        """Count rows made."""
        self.made[kind] = self.made.get(kind, 0) + count


def _quiet(_name: str, _done: int, _of: int) -> None:
    """Nobody wants to know."""


def do_fill_registry(
    actor: Actor, world: World, *, known_at: datetime, now: datetime, tell: Progress = _quiet
) -> Filled:
    """Make everything of a world but the keys that come after `known_at`; run again it changes nothing.

    Raises `FillingError` where a row is refused: nothing of its list is taken in then.
    """
    filled, steps = Filled(), len(LISTS) + 1
    for number, (kind, content) in enumerate(build_lists(world, known_at=known_at).items(), start=1):
        _import(actor, kind, content, filled, now=now)
        tell(kind, number, steps)
    with transaction.atomic():
        _name_zones(actor, world, now=now)
        filled.add("zone_meters", _make_zone_meters(actor, world, now=now))
        filled.add("gateways", _make_gateways(actor, world, now=now))
    tell("gateways", steps, steps)
    return filled


def do_hand_over_keys(actor: Actor, world: World, *, since: datetime, until: datetime, now: datetime) -> int:
    """Import the keys that came late, in `(since, until]`; return how many."""
    content = build_late_keys(world, since=since, until=until)
    filled = Filled()
    if content:
        _import(actor, "keys", content, filled, now=now)
    return filled.made.get("meterkey", 0)


def _import(actor: Actor, kind: str, content: bytes, filled: Filled, *, now: datetime) -> ImportReport:
    report = do_import(actor, kind, Upload(f"{kind}.csv", content), on_error=OnError.REFUSE_ALL, now=now)
    if not report.applied:
        shown = "; ".join(str(issue) for issue in report.issues[:_SHOWN])
        raise FillingError(f"{kind}: {report.bad_rows} rows are refused: {shown}")
    for name, count in report.created.items():
        filled.add(name, count)
    return report


def _name_zones(actor: Actor, world: World, *, now: datetime) -> None:
    """The list of places makes zones by code; their names and what they are part of come here."""
    codes = dict(world.zones.select("zone", "code").iter_rows())
    known = dict(Zone.objects.of(actor.organisation_id).values_list("code", "pk"))
    for code in codes.values():
        if code not in known:  # no point lies in it
            known[code] = do_create_row(actor, Zone(code=code), now=now)
    for code, name, parent in world.zones.select("code", "name", "parent").iter_rows():
        values = {"name": name, "parent_id": None if parent is None else known[codes[parent]]}
        do_change_row(actor, Zone, known[code], values, now=now)


def _make_zone_meters(actor: Actor, world: World, *, now: datetime) -> int:
    zones = dict(Zone.objects.of(actor.organisation_id).values_list("code", "pk"))
    points = dict(MeteringPoint.objects.of(actor.organisation_id).values_list("code", "pk"))
    known = set(ZoneMeter.objects.of(actor.organisation_id).values_list("zone_id", "point_id"))
    rows = world.zone_meters.join(world.zones.select("zone", zone_code="code"), on="zone")
    rows = rows.join(world.points.select("point", point_code="code"), on="point")
    made = 0
    for zone, point, direction in rows.select("zone_code", "point_code", "direction").iter_rows():
        if (zones[zone], points[point]) not in known:
            row = ZoneMeter(zone_id=zones[zone], point_id=points[point], direction=direction)
            do_create_row(actor, row, now=now)
            made += 1
    return made


def _make_gateways(actor: Actor, world: World, *, now: datetime) -> int:
    zones = dict(Zone.objects.of(actor.organisation_id).values_list("code", "pk"))
    known = set(Gateway.objects.of(actor.organisation_id).values_list("code", flat=True))
    rows = world.gateways.join(world.zones.select("zone", zone_code="code"), on="zone", how="left").sort("gateway")
    new = rows.filter(~pl.col("code").is_in(list(known)))
    for item in new.iter_rows(named=True):
        row = Gateway(
            code=item["code"],
            name=item["name"],
            kind=item["kind"],
            road=item["road"],
            zone_id=zones.get(item["zone_code"] or ""),
            latitude=_to_degrees(item["latitude"]),
            longitude=_to_degrees(item["longitude"]),
        )
        do_create_row(actor, row, now=now)
    return new.height


def _to_degrees(value: float | None) -> Decimal | None:
    return None if value is None else Decimal(f"{value:.6f}")
