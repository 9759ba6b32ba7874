# SPDX-License-Identifier: Apache-2.0
"""Elhub's values in and out of the tables, for the metering points of an organisation."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Final

import polars as pl

from avlest.readings.access import access_completeness, access_hourly, access_quarters
from avlest.readings.calendar import derive_day_start
from avlest.readings.elhub.report import derive_report
from avlest.readings.elhub.values import Direction, IntervalValue, derive_quality, derive_status
from avlest.readings.tables import Store, StoreError
from avlest.registry.contracts import InstallationInfo, RegisterSpec
from avlest.registry.models import MeteringPoint, Series
from avlest.registry.queries import get_installations_of_points
from avlest.registry.rights import Actor, Right
from avlest.registry.services.series import do_ensure_registers

WRITER: Final = "elhub"
_QUANTITY: Final = "energy"
_UNIT: Final = "kwh"
_AMOUNTS: Final[Mapping[Direction, str]] = {Direction.OUT: "amount", Direction.IN: "export_amount"}
"""Qualifiers of registers of amounts, as `collect.pipeline.reading_road` names them."""
_COUNTED: Final[Mapping[Direction, tuple[str, ...]]] = {
    Direction.OUT: ("amount", "", "import"),
    Direction.IN: ("export_amount", "export"),
}
"""Qualifiers of the series a direction is taken from, the first there is."""
_ATTEMPTS: Final = 5
_CHUNK: Final = 900
_READINGS: Final = {
    "register": pl.Int64(),
    "at": pl.Datetime("us", "UTC"),
    "value": pl.Int64(),
    "status": pl.Int64(),
    "quality": pl.Int16(),
    "source": pl.String(),
    "known_at": pl.Datetime("us", "UTC"),
}


@dataclasses.dataclass(frozen=True, slots=True)
class Imported:
    """What became of values: rows written, those that stood already, and points that could not be taken, with why."""

    written: int
    standing: int
    refused: tuple[tuple[str, str], ...]


def do_import_values(
    actor: Actor, store: Store, values: Sequence[IntervalValue], *, source: str, now: datetime
) -> Imported:
    """Append values as readings of the meters at their points; the same values again write nothing.

    What Elhub inserted later counts, in whichever order the files come: the time of insertion is when it was known.
    """
    actor.require(Right.CHANGE_METERS)
    placed = _find_installations(actor, {value.gsrn for value in values})
    specs: dict[tuple[int, Direction], RegisterSpec] = {}
    chosen: list[tuple[IntervalValue, int]] = []
    refused: dict[str, str] = {}
    for value in values:
        meter = _find_meter(placed.get(value.gsrn), value)
        if isinstance(meter, str):
            refused.setdefault(value.gsrn, meter)
            continue
        spec = RegisterSpec(meter, _QUANTITY, _UNIT, _AMOUNTS[value.direction], kind="gauge")
        specs[meter, value.direction] = spec
        chosen.append((value, meter))
    registers = do_ensure_registers(actor, list(specs.values()), now=now) if specs else {}
    rows = [
        (
            registers[specs[meter, value.direction].identity],
            value.stop,
            value.watt_hours,
            0,
            int(derive_quality(value.status)),
            source,
            value.inserted_at or now,
        )
        for value, meter in chosen
    ]
    frame = pl.DataFrame(rows, schema=_READINGS, orient="row")
    new = _leave_out_standing(store, frame)
    _append(store, new)
    return Imported(new.height, frame.height - new.height, tuple(sorted(refused.items())))


def _find_installations(actor: Actor, gsrns: Iterable[str]) -> dict[str, list[InstallationInfo]]:
    """The installations at the points with these numbers, by number; a number nobody has is absent."""
    points: dict[int, str] = {}
    wanted = sorted(gsrns)
    for at in range(0, len(wanted), _CHUNK):
        rows = MeteringPoint.objects.of(actor.organisation_id).filter(gsrn__in=wanted[at : at + _CHUNK])
        points.update(rows.values_list("id", "gsrn"))
    found: dict[str, list[InstallationInfo]] = {gsrn: [] for gsrn in points.values()}
    for installation in get_installations_of_points(points):
        found[points[installation.point_id]].append(installation)
    return found


def _find_meter(placed: Sequence[InstallationInfo] | None, value: IntervalValue) -> int | str:
    """The meter at a point when a value was used, or why there is none."""
    if placed is None:
        return "no metering point of this organisation has this number"
    for one in placed:
        if one.starts_at <= value.start and (one.ends_at is None or value.stop <= one.ends_at):
            return one.meter_id
    return f"no meter is installed there at {value.start:%Y-%m-%d %H:%M} UTC"


def _leave_out_standing(store: Store, frame: pl.DataFrame) -> pl.DataFrame:
    """Without values that are stored already, at this or a later time of knowledge."""
    if frame.is_empty():
        return frame
    first, last = frame.select(pl.col("at").min(), pl.col("at").max().alias("last")).row(0)
    stored = store.history(
        "readings", ids=frame["register"].unique(), start=first, stop=last + timedelta(microseconds=1)
    )
    same = stored.group_by("register", "at", "value", "quality").agg(pl.col("known_at").max().alias("stood"))
    both = frame.join(same, on=["register", "at", "value", "quality"], how="left", maintain_order="left")
    stands = pl.col("stood").is_not_null() & (pl.col("stood") >= pl.col("known_at"))
    return both.filter(~stands.fill_null(value=False)).drop("stood")


def _append(store: Store, frame: pl.DataFrame) -> None:
    """Append under a number of our own; where another import took it meanwhile, under the next."""
    if frame.is_empty():
        return
    for _ in range(_ATTEMPTS):
        number = (store.get_last_batch("readings", writer=WRITER) or 0) + 1
        if not store.append("readings", frame, writer=WRITER, batch=number).repeated:
            return
    raise StoreError(location=store.location, action="append to readings", cause="other imports were always first")


def access_series_of_points(actor: Actor, gsrns: Sequence[str] | None, direction: Direction) -> dict[str, int]:
    """The series that counts energy in a direction at each point (None: every point that has a number)."""
    actor.require(Right.VIEW_METERS)
    rows = Series.objects.of(actor.organisation_id).filter(quantity=_QUANTITY, unit=_UNIT, tariff=0, subunit=0)
    rows = rows.exclude(point__gsrn="") if gsrns is None else rows.filter(point__gsrn__in=list(gsrns))
    ranks = {qualifier: rank for rank, qualifier in enumerate(_COUNTED[direction])}
    found: dict[str, tuple[int, int]] = {}
    for number, qualifier, gsrn in rows.filter(qualifier__in=list(ranks)).values_list("id", "qualifier", "point__gsrn"):
        rank = ranks[qualifier]
        if gsrn not in found or rank < found[gsrn][0]:
            found[gsrn] = (rank, number)
    return {gsrn: number for gsrn, (_, number) in sorted(found.items())}


def access_interval_values(
    actor: Actor,
    store: Store,
    gsrns: Sequence[str] | None,
    first: date,
    stop: date,
    *,
    direction: Direction = Direction.OUT,
    minutes: int = 60,
) -> list[IntervalValue]:
    """Our values of local days as Elhub's, by point and time; missing ones with the status Manglende."""
    series = access_series_of_points(actor, gsrns, direction)
    if not series:
        return []
    points = {number: gsrn for gsrn, number in series.items()}
    start, end = derive_day_start(first), derive_day_start(stop)
    if minutes == 60:
        rows = access_hourly(actor, store, list(points), start, end).rename({"hour": "at"})
    else:
        rows = access_quarters(actor, store, list(points), start, end).rename({"quarter": "at"})
    length = timedelta(minutes=minutes)
    return [
        IntervalValue(points[number], at, at + length, direction, value or 0, derive_status(quality, value))
        for number, at, value, quality in rows.select("series", "at", "value", "quality").iter_rows()
    ]


def access_elhub_report(actor: Actor, store: Store, first: date, stop: date, *, now: datetime) -> pl.DataFrame:
    """The D+1 and D+5 report of local days; columns `elhub.report.REPORT`."""
    series = access_series_of_points(actor, None, Direction.OUT)
    completeness = access_completeness(actor, store, list(series.values()), first, stop)
    return derive_report(completeness, now=now)
