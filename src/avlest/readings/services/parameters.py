# SPDX-License-Identifier: Apache-2.0
"""Limits, classes, expectations, outages, degree days and formulas: set by people, dated, and derived with again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

from django.db import transaction

from avlest.readings.calendar import derive_local_day
from avlest.readings.derive.plan import do_request
from avlest.readings.models import (
    DegreeDay,
    Expectation,
    Formula,
    FormulaTerm,
    Outage,
    SeriesClass,
    Threshold,
    WeatherPlace,
)
from avlest.readings.vee.contracts import MARGIN
from avlest.readings.vee.thresholds import load_thresholds
from avlest.registry.access import access_row, check_same_organisation
from avlest.registry.errors import Problem, RegistryError
from avlest.registry.models import Series
from avlest.registry.queries import get_series_feeds
from avlest.registry.rights import Actor, Right
from avlest.registry.services.audit import bump_version, save_changed, save_new
from avlest.registry.services.rows import do_create_row

D = TypeVar("D", Expectation, SeriesClass, Threshold, Formula)
_DAY = timedelta(days=1)
_MOST_DEPTH = 16


@transaction.atomic
def do_set_threshold(
    actor: Actor,
    *,
    name: str,
    value: Decimal | int,
    starts_on: date,
    series_id: int | None = None,
    meter_class: str = "",
    reason: str = "",
    now: datetime,
) -> int:
    """Set a limit of a class or a series from a day on, in place of the one before; return the row's number."""
    actor.require(Right.DECIDE_VALUES)
    book = load_thresholds()
    if name not in book.names:
        raise RegistryError(Problem.INVALID, f"no limit {name}; the limits are {', '.join(book.names)}")
    _check_class(meter_class)
    row = Threshold(
        organisation_id=actor.organisation_id,
        series=_own_series(actor, series_id),
        meter_class=meter_class,
        name=name,
        value=Decimal(value),
        starts_on=starts_on,
        reason=reason,
    )
    keys = {"series_id": series_id, "meter_class": meter_class, "name": name}
    return _set_dated(actor, row, keys, series_id=series_id, meter_class=meter_class, now=now)


def _check_class(meter_class: str) -> None:
    known = load_thresholds().parents
    if meter_class and meter_class not in known:
        raise RegistryError(Problem.INVALID, f"no meter class {meter_class}; the classes are {', '.join(known)}")


def _own_series(actor: Actor, series_id: int | None) -> Series | None:
    return None if series_id is None else access_row(Series, actor, series_id, right=Right.DECIDE_VALUES)


@transaction.atomic
def do_set_class(actor: Actor, series_id: int, meter_class: str, *, starts_on: date, now: datetime) -> int:
    """Say which class of limits a series belongs to from a day on."""
    _check_class(meter_class or "none")
    row = SeriesClass(
        organisation_id=actor.organisation_id,
        series=_own_series(actor, series_id),
        meter_class=meter_class,
        starts_on=starts_on,
    )
    return _set_dated(actor, row, {"series_id": series_id}, series_id=series_id, now=now)


@transaction.atomic
def do_set_expectation(
    actor: Actor, series_id: int, per_year: int, *, starts_on: date, source: str = "", now: datetime
) -> int:
    """Say how much a series is expected to use in a year (thousandths of its unit) from a day on."""
    row = Expectation(
        organisation_id=actor.organisation_id,
        series=_own_series(actor, series_id),
        per_year=per_year,
        source=source,
        starts_on=starts_on,
    )
    return _set_dated(actor, row, {"series_id": series_id}, series_id=series_id, now=now)


def _set_dated(
    actor: Actor, row: D, keys: Mapping[str, Any], *, series_id: int | None, meter_class: str = "", now: datetime
) -> int:
    """Save a dated row; the one that stood then ends where it begins, and the next one ends it."""
    model: Any = type(row)
    others = model.objects.of(actor.organisation_id).filter(**keys).order_by("starts_on")
    before = others.filter(starts_on__lt=row.starts_on).last()
    after = others.filter(starts_on__gt=row.starts_on).first()
    if before is not None and (before.ends_on is None or before.ends_on > row.starts_on):
        save_changed(actor, before, {"ends_on": row.starts_on}, now=now, action="end")
    if after is not None and (row.ends_on is None or row.ends_on > after.starts_on):
        row.ends_on = after.starts_on
    save_new(actor, row, now=now)
    do_request(actor.organisation_id, series_id=series_id, meter_class=meter_class, first_day=row.starts_on - MARGIN)
    return int(row.pk)


@transaction.atomic
def do_note_outage(
    actor: Actor,
    *,
    starts_at: datetime,
    ends_at: datetime | None,
    point_id: int | None = None,
    zone_id: int | None = None,
    medium: str = "electricity",
    reason: str = "",
    now: datetime,
) -> int:
    """Note an outage at a point or in a zone; nothing of that medium was used meanwhile."""
    actor.require(Right.DECIDE_VALUES)
    row = Outage(
        organisation_id=actor.organisation_id,
        point_id=point_id,
        zone_id=zone_id,
        medium=medium,
        starts_at=starts_at,
        ends_at=ends_at,
        reason=reason,
    )
    check_same_organisation(actor, [row.point, row.zone])
    save_new(actor, row, now=now)
    stop = None if ends_at is None else derive_local_day(ends_at + MARGIN) + _DAY
    do_request(actor.organisation_id, first_day=derive_local_day(starts_at - MARGIN), stop_day=stop)
    return int(row.pk)


@transaction.atomic
def do_set_weather_place(actor: Actor, code: str, *, zone_id: int | None = None, name: str = "", now: datetime) -> int:
    """Make a place degree days are known for; without zone it is that of all zones that have none of their own."""
    actor.require(Right.DECIDE_VALUES)
    row = WeatherPlace(organisation_id=actor.organisation_id, code=code, name=name, zone_id=zone_id)
    check_same_organisation(actor, [row.zone])
    save_new(actor, row, now=now)
    do_request(actor.organisation_id)
    return int(row.pk)


@transaction.atomic
def do_set_degree_days(
    actor: Actor, place_id: int, values: Mapping[date, int], *, source: str = "", now: datetime
) -> int:
    """Set the degree days (thousandths) of local days at a place; return how many days differed."""
    place = access_row(WeatherPlace, actor, place_id, right=Right.DECIDE_VALUES)
    known = {row.day: row for row in DegreeDay.objects.filter(place=place, day__in=list(values))}
    new = [
        DegreeDay(organisation_id=actor.organisation_id, place=place, day=day, value=value, source=source)
        for day, value in sorted(values.items())
        if day not in known
    ]
    DegreeDay.objects.bulk_create(new, batch_size=500)
    changed = [
        row
        for day, row in known.items()
        if save_changed(actor, row, {"value": values[day], "source": source}, now=now, action="change")
    ]
    days = [row.day for row in [*new, *changed]]
    if days:
        do_request(actor.organisation_id, first_day=min(days) - MARGIN, stop_day=max(days) + MARGIN)
    return len(days)


@transaction.atomic
def do_make_virtual_series(
    actor: Actor, point_id: int, *, quantity: str, unit: str, qualifier: str = "", now: datetime
) -> int:
    """Make a series at a point that no register feeds; `do_set_formula` says what it is made of."""
    row = Series(point_id=point_id, role="virtual", quantity=quantity, unit=unit, qualifier=qualifier)
    number = do_create_row(actor, row, now=now)
    bump_version("meters")
    return number


@transaction.atomic
def do_set_formula(
    actor: Actor,
    series_id: int,
    terms: Sequence[tuple[int, int]],
    *,
    starts_on: date,
    ends_on: date | None = None,
    at_least_zero: bool = False,
    now: datetime,
) -> int:
    """Say what a virtual series is made of from a day on: Σ factor × part; `terms` are (part, factor).

    Raises `RegistryError` for a series that a register feeds, parts in another unit, and formulas that go in a circle.
    """
    series = access_row(Series, actor, series_id, right=Right.DECIDE_VALUES)
    _check_formula(actor, series, terms)
    row = Formula(
        organisation_id=actor.organisation_id,
        series=series,
        at_least_zero=at_least_zero,
        starts_on=starts_on,
        ends_on=ends_on,
    )
    number = _set_dated(actor, row, {"series_id": series_id}, series_id=series_id, now=now)
    for part, factor in terms:
        term = FormulaTerm(organisation_id=actor.organisation_id, formula=row, part_id=part, factor=factor)
        save_new(actor, term, now=now)
    return number


def _check_formula(actor: Actor, series: Series, terms: Sequence[tuple[int, int]]) -> None:
    if not terms:
        raise RegistryError(Problem.INVALID, "a formula has at least one part")
    if get_series_feeds([series.pk]):
        raise RegistryError(Problem.INVALID, f"{series}: a register feeds it, so it has no formula")
    for part_id, _ in terms:
        part = access_row(Series, actor, part_id, right=Right.DECIDE_VALUES)
        if part.unit != series.unit:
            raise RegistryError(Problem.INVALID, f"{part} is in {part.unit}, expected {series.unit} as {series}")
    _check_no_circle(series.pk, {part for part, _ in terms})


def _check_no_circle(series_id: int, parts: set[int]) -> None:
    for _ in range(_MOST_DEPTH):
        if series_id in parts:
            raise RegistryError(Problem.LOOP, "the series would be part of itself")
        if not parts:
            return
        inner = FormulaTerm.objects.filter(formula__series_id__in=parts).values_list("part_id", flat=True)
        parts = set(inner)
    raise RegistryError(Problem.LOOP, f"formulas stand on each other more than {_MOST_DEPTH} deep")
