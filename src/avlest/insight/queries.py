# SPDX-License-Identifier: Apache-2.0
"""Alarms, zones, coverage and limits, for rooms that act for the installation and for pages that have checked access.

Who acts for a member of staff goes through `insight.access`.  A page of a resident gives `windows`: of each point the
times they may know about; what began before is cut there and says nothing of how much it came to.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Final

from django.db.models import Count, Q

from avlest.insight.infos import (
    AbsenceInfo,
    AlarmBrief,
    AlarmCounts,
    AlarmInfo,
    BalanceInfo,
    CoverageInfo,
    NightInfo,
    OwnLimitInfo,
)
from avlest.insight.mapping import to_alarm, to_balance, to_night
from avlest.insight.models import Absence, Alarm, CoverageDay, OwnLimit, SilencedMeter, ZoneNight, ZonePeriod
from avlest.insight.networks import get_infrastructures
from avlest.insight.places import name_places
from avlest.insight.told import get_told
from avlest.project.prepared import Prepared
from avlest.registry.models import Gateway, Zone

Window = tuple[datetime, datetime | None]
"""`[start, stop)`; None: without end."""

_CHUNK: Final = 900


def _prepare_of_points(**wanted: bool) -> Prepared:
    return Prepared(
        lambda organisation, points: Alarm.objects.of(organisation).filter(is_shown=True, point_id__in=points, **wanted)
    )


_OF_POINTS: Final = {
    None: _prepare_of_points(),
    True: _prepare_of_points(cleared_at__isnull=True),
    False: _prepare_of_points(cleared_at__isnull=False),
}


def get_alarms(
    organisation_id: int,
    *,
    now: datetime,
    point_ids: Collection[int] | None = None,
    windows: Mapping[int, Sequence[Window]] | None = None,
    kinds: Collection[str] | None = None,
    is_open: bool | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int | None = 500,
) -> list[AlarmInfo]:
    """Return alarms, the newest first; those that another alarm stands for are left out.

    `point_ids`: alarms of these points.  `windows`: of these points, within these times (a resident).  `is_open`: only
    open, or only cleared ones.  `since`, `until`: open at some time in `[since, until)`.
    """
    rows = Alarm.objects.of(organisation_id).filter(is_shown=True)
    if kinds is not None:
        rows = rows.filter(kind__in=list(kinds))
    if is_open is not None:
        rows = rows.filter(cleared_at__isnull=is_open)
    if since is not None:
        rows = rows.filter(Q(cleared_at__isnull=True) | Q(cleared_at__gt=since))
    if until is not None:
        rows = rows.filter(opened_at__lt=until)
    asked = point_ids if windows is None else windows.keys()
    if asked is None:
        found = list(rows.order_by("-opened_at", "-pk")[:limit])
    else:
        is_plain = kinds is None and since is None and until is None
        found = [
            row
            for some in _chunks(asked)
            for row in (
                _OF_POINTS[is_open].ask(organisation=organisation_id, points=some)
                if is_plain
                else rows.filter(point_id__in=some)
            )
        ]
        found.sort(key=lambda row: (row.opened_at, row.pk), reverse=True)
    infos = _finish(found if windows is not None else found[:limit], now=now)
    return infos if windows is None else _cut_all(infos, windows)[:limit]


def get_open_briefs(organisation_id: int, *, kinds: Collection[str] | None = None) -> list[AlarmBrief]:
    """Return what is needed to count and order all open alarms of an organisation, without places and messages."""
    rows = Alarm.objects.of(organisation_id).filter(is_shown=True, cleared_at__isnull=True)
    if kinds is not None:
        rows = rows.filter(kind__in=list(kinds))
    columns = [field.name for field in dataclasses.fields(AlarmBrief)]
    return [AlarmBrief(*row) for row in rows.order_by("-opened_at", "-pk").values_list(*columns)]


def get_these_alarms(organisation_id: int, alarm_ids: Collection[int], *, now: datetime) -> dict[int, AlarmInfo]:
    """Return some alarms of an organisation by their number; those it does not have are left out."""
    rows = [row for some in _chunks(alarm_ids) for row in Alarm.objects.of(organisation_id).filter(pk__in=some)]
    return {info.id: info for info in _finish(rows, now=now)}


def get_alarm(
    organisation_id: int, alarm_id: int, *, now: datetime, windows: Mapping[int, Sequence[Window]] | None = None
) -> AlarmInfo | None:
    """Return one alarm, cut at `windows`; None where the organisation has none, or the viewer may not know of it."""
    infos = _finish(list(Alarm.objects.of(organisation_id).filter(pk=alarm_id)), now=now)
    seen = infos if windows is None else _cut_all(infos, windows)
    return seen[0] if seen else None


def get_members(organisation_id: int, alarm_id: int, *, now: datetime) -> list[AlarmInfo]:
    """Return the alarms that say the same as one that is shown, such as the meter's own word for a leak."""
    rows = Alarm.objects.of(organisation_id).filter(lead_id=alarm_id).order_by("-opened_at", "-pk")
    return _finish(list(rows), now=now)


def get_silenced_meters(organisation_id: int, alarm_id: int) -> list[int]:
    """Return the numbers of the meters that a gateway's or a power cut's alarm stands for, as last seen."""
    rows = SilencedMeter.objects.filter(alarm_id=alarm_id, alarm__organisation_id=organisation_id)
    return list(rows.order_by("meter_id").values_list("meter_id", flat=True))


def count_alarms(organisation_id: int) -> AlarmCounts:
    """Count what is open, by kind and severity."""
    rows = Alarm.objects.of(organisation_id).filter(is_shown=True, cleared_at__isnull=True)
    counted = list(rows.values_list("kind", "severity").annotate(number=Count("pk")).order_by())
    kinds: dict[str, int] = {}
    severities: dict[str, int] = {}
    for kind, severity, number in counted:
        kinds[kind] = kinds.get(kind, 0) + number
        severities[severity] = severities.get(severity, 0) + number
    return AlarmCounts(total=sum(kinds.values()), by_kind=kinds, by_severity=severities)


def get_balances(
    organisation_id: int,
    *,
    span: str = "month",
    zone_ids: Collection[int] | None = None,
    first: date | None = None,
    until: date | None = None,
) -> list[BalanceInfo]:
    """Return balances of zones over local days or months that begin in `[first, until)`, by zone and time."""
    rows = ZonePeriod.objects.of(organisation_id).filter(span=span).select_related("zone")
    if zone_ids is not None:
        rows = rows.filter(zone_id__in=list(zone_ids))
    if first is not None:
        rows = rows.filter(starts_on__gte=first)
    if until is not None:
        rows = rows.filter(starts_on__lt=until)
    found = list(rows.order_by("zone_id", "starts_on"))
    indexes = get_infrastructures(organisation_id, found)
    return [to_balance(row, indexes.get(row.pk)) for row in found]


def get_nights(
    organisation_id: int,
    *,
    zone_ids: Collection[int] | None = None,
    first: date | None = None,
    until: date | None = None,
) -> list[NightInfo]:
    """Return nights of zones on the local days `[first, until)`, by zone and day."""
    rows = ZoneNight.objects.of(organisation_id).select_related("zone")
    if zone_ids is not None:
        rows = rows.filter(zone_id__in=list(zone_ids))
    if first is not None:
        rows = rows.filter(day__gte=first)
    if until is not None:
        rows = rows.filter(day__lt=until)
    return [to_night(row) for row in rows.order_by("zone_id", "day")]


def get_coverage(
    organisation_id: int, *, first: date, until: date, dimension: str | None = None, key: str | None = None
) -> list[CoverageInfo]:
    """Return coverage of the local days `[first, until)`, by dimension, key and day."""
    rows = CoverageDay.objects.of(organisation_id).filter(day__gte=first, day__lt=until)
    if dimension is not None:
        rows = rows.filter(dimension=dimension)
    if key is not None:
        rows = rows.filter(key=key)
    gateways = {str(row.pk): str(row) for row in Gateway.objects.of(organisation_id)}
    zones = {str(row.pk): str(row) for row in Zone.objects.of(organisation_id)}
    names = {"gateway": gateways, "zone": zones}
    return [
        CoverageInfo(
            dimension=row.dimension,
            key=row.key,
            label=names.get(row.dimension, {}).get(row.key, row.key),
            day=row.day,
            meters=row.meters,
            heard=row.heard,
            expected=row.expected,
            received=row.received,
        )
        for row in rows.order_by("dimension", "key", "day")
    ]


def get_own_limits(organisation_id: int, series_ids: Collection[int], *, now: datetime) -> list[OwnLimitInfo]:
    """Return the residents' own limits of some series that hold at `now`."""
    present = Q(starts_at__lte=now) & (Q(ends_at__isnull=True) | Q(ends_at__gt=now))
    rows = OwnLimit.objects.of(organisation_id).filter(present).select_related("series")
    return [
        OwnLimitInfo(
            id=row.pk,
            point_id=row.series.point_id,
            series_id=row.series_id,
            span=row.span,
            limit=row.limit,
            starts_at=row.starts_at,
            ends_at=row.ends_at,
        )
        for some in _chunks(series_ids)
        for row in rows.filter(series_id__in=some).order_by("series_id", "span")
    ]


def get_absences(organisation_id: int, point_ids: Collection[int], *, now: datetime) -> list[AbsenceInfo]:
    """Return the absences of some points that hold at `now` or are yet to come."""
    rows = Absence.objects.of(organisation_id).filter(Q(ends_at__isnull=True) | Q(ends_at__gt=now))
    return [
        AbsenceInfo(id=row.pk, point_id=row.point_id, starts_at=row.starts_at, ends_at=row.ends_at)
        for some in _chunks(point_ids)
        for row in rows.filter(point_id__in=some).order_by("point_id", "starts_at")
    ]


def _finish(rows: Sequence[Alarm], *, now: datetime) -> list[AlarmInfo]:
    """Rows with their places and who was told: the same few queries whatever their number."""
    places, told = name_places(rows), get_told(rows)
    return [to_alarm(row, place=places[row.pk], told=told.get(row.cause_key, ()), now=now) for row in rows]


def _cut_all(infos: Iterable[AlarmInfo], windows: Mapping[int, Sequence[Window]]) -> list[AlarmInfo]:
    cut = (cut_alarm(info, windows.get(info.point_id or 0, ())) for info in infos)
    return [info for info in cut if info is not None]


def cut_alarm(info: AlarmInfo, windows: Sequence[Window]) -> AlarmInfo | None:
    """The alarm as somebody may know it who may know the times `windows`; None where none of it lies in them.

    What began before is said to begin with the window, what ended after it is not said to have ended; in both cases
    nothing is said of how much it came to, because that could be subtracted.
    """
    inside = [(start, stop) for start, stop in windows if info.last_at > start and (stop is None or info.since < stop)]
    if not inside:
        return None
    start, stop = inside[-1]
    is_whole = start <= info.since and (stop is None or info.last_at <= stop)
    if is_whole:
        return info
    last = info.last_at if stop is None else min(info.last_at, stop)
    cleared = info.cleared_at if info.cleared_at and (stop is None or info.cleared_at <= stop) else None
    return dataclasses.replace(
        info,
        since=max(info.since, start),
        opened_at=max(info.opened_at, start),
        last_at=last,
        cleared_at=cleared,
        rate=info.rate if stop is None else None,
        amount=None,
        cost=None,
        yearly_amount=None,
        cost_per_year=None,
        told=tuple(one for one in info.told if start <= one.made_at and (stop is None or one.made_at < stop)),
    )


def _chunks(ids: Iterable[int]) -> list[list[int]]:
    every = sorted(set(ids))
    return [every[at : at + _CHUNK] for at in range(0, len(every), _CHUNK)]
