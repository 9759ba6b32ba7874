# SPDX-License-Identifier: Apache-2.0
"""From stored hours and days to the bars of a chart, cut at what the viewer may see."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

from avlest.insight.costs import Tariff
from avlest.portal.access import access_daily, access_hourly
from avlest.portal.charts import Bar, Sure
from avlest.portal.resident.periods import Shown, Span
from avlest.portal.resident.series import Use
from avlest.portal.viewer import Viewer
from avlest.readings.quality import Quality
from avlest.readings.tables import Store

_HOUR = timedelta(hours=1)
_READ = ("series", "day", "value", "quality")


@dataclasses.dataclass(frozen=True, slots=True)
class Sum:
    """What was used in some time: None where nothing is known; `known` of `expected` days (or hours) were there."""

    value: int | None
    is_estimated: bool
    known: int = 0
    expected: int = 0
    estimated: int = 0
    """So many of the known ones were calculated."""

    @property
    def is_mostly_estimated(self) -> bool:
        """Whether at least half was calculated: then a bar of many days is drawn as such."""
        return 2 * self.estimated >= self.known > 0


def read_bars(
    viewer: Viewer, store: Store, use: Use, shown: Shown, *, now: datetime, tariff: Tariff | None = None
) -> list[Bar]:
    """Return the bars of a span: hours of a day, else whole days added up; those that are yet to come are left out.

    With a tariff the values are øre, each day at the price of that day.
    """
    if shown.span is Span.DAY:
        return _read_hours(viewer, store, use, shown, now=now, tariff=tariff)
    days = read_days(viewer, store, [use], shown.first, shown.until, now=now).get(use.id, {})
    return make_bars(days, shown, now=now, tariff=tariff)


def make_bars(days: Days, shown: Shown, *, now: datetime, tariff: Tariff | None = None) -> list[Bar]:
    """Return the bars of a span of days, months or years from its days."""
    counted = to_parts(days, tariff) if tariff else days
    return [
        _to_bar(Shown(shown.span, first, last), add_up(counted, first, last), tariff)
        for first, last in shown.iterate_bars()
        if _is_shown(Shown(shown.span, first, last), now)
    ]


def to_parts(days: Days, tariff: Tariff) -> dict[date, tuple[int | None, int]]:
    """Return what each day costs in exact parts of an øre (`insight.costs`), with its quality."""
    return {
        day: (None if value is None else tariff.derive_parts(value, day), quality)
        for day, (value, quality) in days.items()
    }


def _is_shown(bar: Shown, now: datetime) -> bool:
    """Whether a bar has begun; a day is shown when it is over, for until then nothing is known of it as a day."""
    return (bar.stop if bar.span is Span.MONTH else bar.start) <= now


def _to_bar(stretch: Shown, found: Sum, tariff: Tariff | None) -> Bar:
    value = tariff.round_parts(found.value) if tariff and found.value is not None else found.value
    return Bar(stretch.start, stretch.stop, value, Sure.ESTIMATED if found.is_mostly_estimated else Sure.MEASURED)


def _read_hours(
    viewer: Viewer, store: Store, use: Use, shown: Shown, *, now: datetime, tariff: Tariff | None
) -> list[Bar]:
    rows = access_hourly(viewer, store, [use.access], shown.start, shown.stop, now=now)
    found = {hour: (value, quality) for hour, value, quality in rows.select("hour", "value", "quality").iter_rows()}
    bars = []
    hour = shown.start
    while hour < min(shown.stop, now):
        value, quality = found.get(hour, (None, Quality.MISSING))
        parts = tariff.derive_parts(value, shown.first) if tariff and value is not None else None
        cost = tariff.round_parts(parts) if tariff and parts is not None else None
        bars.append(Bar(hour, hour + _HOUR, cost if tariff else value, to_sure(quality)))
        hour += _HOUR
    return bars


def to_sure(quality: int) -> Sure:
    """How a value of a quality rank is drawn."""
    if quality >= Quality.MEASURED:
        return Sure.MEASURED
    if quality >= Quality.EDITED:
        return Sure.MANUAL
    return Sure.ESTIMATED if quality > Quality.MISSING else Sure.MISSING


Days = Mapping[date, tuple[int | None, int]]


def read_days(
    viewer: Viewer, store: Store, uses: Sequence[Use], first: date, until: date, *, now: datetime
) -> dict[int, dict[date, tuple[int | None, int]]]:
    """Return value and quality of each whole day the viewer may see, by series and day."""
    stretch = Shown(Span.MONTH, first, until)
    own = [use.access for use in uses]
    rows = access_daily(viewer, store, own, stretch.start, stretch.stop, now=now, columns=_READ)
    found: dict[int, dict[date, tuple[int | None, int]]] = {}
    if rows.height:
        for series, day, value, quality in zip(*(rows[name].to_list() for name in _READ), strict=True):
            found.setdefault(series, {})[day] = (value, quality)
    return found


def add_up(days: Days, first: date, until: date) -> Sum:
    """Return the sum of the known days of `[first, until)`."""
    wanted = [days[first + timedelta(days=n)] for n in range((until - first).days) if first + timedelta(days=n) in days]
    known = [(value, quality) for value, quality in wanted if value is not None]
    if not known:
        return Sum(None, is_estimated=False, expected=(until - first).days)
    estimated = sum(quality < Quality.EDITED for _, quality in known)
    return Sum(sum(value for value, _ in known), estimated > 0, len(known), (until - first).days, estimated)
