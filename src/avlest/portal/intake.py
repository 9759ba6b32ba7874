# SPDX-License-Identifier: Apache-2.0
"""Readings that people and programs send in: whose meter each is for, whether they may, and into the inbox.

A reading names a meter (its number) or a metering point (its code).  Both are looked up in the sender's organisation
and, for a resident, among what is theirs at the time of the reading; what goes into the inbox names the meter of the
register itself, so that no reading reaches a meter of the same number elsewhere.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, TypeVar

from django.db.models import Q

from avlest.collect.formats.canonical import MOST_PER_MESSAGE, Reading, to_heard, write_meter_address
from avlest.collect.heard import Heard
from avlest.collect.sources.http import SyncInbox
from avlest.portal.points import access_points
from avlest.portal.viewer import Viewer
from avlest.portal.windows import Window
from avlest.registry.contracts import InstallationInfo
from avlest.registry.identifiers import parse_serial
from avlest.registry.models import Installation, Meter, MeteringPoint
from avlest.registry.queries import get_installations_of_points
from avlest.registry.rights import Right

AHEAD: Final = timedelta(minutes=10)
_EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
_CHUNK: Final = 900
T = TypeVar("T")


@dataclasses.dataclass(frozen=True, slots=True)
class Refusal:
    """A reading that is not taken: which of those sent (from 0), what is wrong with which field."""

    row: int
    field: str
    code: str
    detail: str


@dataclasses.dataclass(frozen=True, slots=True)
class Intake:
    """What became of the readings that were sent."""

    taken: int
    refusals: tuple[Refusal, ...]


def do_take_readings_of(
    viewer: Viewer, inbox: SyncInbox, readings: Mapping[int, Reading], *, now: datetime, source: str
) -> Intake:
    """Take in the readings that the viewer may send, by their row, in one transaction; the others are refused by row.

    A resident's readings count as read by the customer, whatever they say of themselves.
    """
    finder = _Finder(viewer, readings.values())
    taken: dict[int, list[Reading]] = {}
    refusals = []
    for row, reading in readings.items():
        found = _check_time(row, reading, now) or finder.find(row, reading, now)
        if isinstance(found, Refusal):
            refusals.append(found)
        else:
            taken.setdefault(found, []).append(reading if finder.is_staff else _as_customer(reading))
    inbox.put([heard for meter, own in taken.items() for heard in _pack(meter, own, viewer, now, source)])
    return Intake(sum(map(len, taken.values())), tuple(refusals))


def _as_customer(reading: Reading) -> Reading:
    return dataclasses.replace(reading, quality="manual")


def _pack(meter: int, readings: Sequence[Reading], viewer: Viewer, now: datetime, source: str) -> Iterable[Heard]:
    named = [dataclasses.replace(each, meter=write_meter_address(meter), point="") for each in readings]
    named.sort(key=lambda each: each.at)
    for at in range(0, len(named), MOST_PER_MESSAGE):
        yield to_heard(named[at : at + MOST_PER_MESSAGE], received_at=now, source=source, gateway=viewer.name[:64])


def _check_time(row: int, reading: Reading, now: datetime) -> Refusal | None:
    if reading.at > now + AHEAD:
        return Refusal(row, "at", "ahead", "expected a time that is not ahead")
    if reading.at < _EARLIEST:
        return Refusal(row, "at", "early", f"expected a time from {_EARLIEST.year} on")
    return None


class _Finder:
    """Meters of readings, looked up for all of them at once."""

    def __init__(self, viewer: Viewer, readings: Iterable[Reading]) -> None:
        self.is_staff = Right.DECIDE_VALUES in viewer.rights
        every = list(readings)
        self._windows: Mapping[int, Sequence[Window]] = {}
        if not self.is_staff:
            self._windows = {each.point.id: each.totals for each in access_points(viewer)}
        self._points = _find_points(viewer, {each.point for each in every if each.point and not each.meter})
        self._meters = _find_meters(viewer, {each.meter for each in every if each.meter})
        self._at_point: dict[int, list[InstallationInfo]] = {}
        self._of_meter: dict[int, list[InstallationInfo]] = {}
        for each in _find_placed(viewer, self._points, self._meters):
            self._at_point.setdefault(each.point_id, []).append(each)
            self._of_meter.setdefault(each.meter_id, []).append(each)

    def find(self, row: int, reading: Reading, now: datetime) -> int | Refusal:
        """Return the number of the meter, or why there is none."""
        if reading.meter:
            return self._find_by_meter(row, reading, now)
        point = self._points.get(reading.point)
        if point is None or not self._may(point, reading, now):
            return Refusal(row, "point", "unknown", f"no metering point {reading.point} here")
        hung = [each for each in self._at_point.get(point, ()) if each.role == "main" and _was_at(each, reading)]
        # At the moment of an exchange both hang there: the reading is taken for the new one.
        return hung[-1].meter_id if hung else Refusal(row, "at", "no_meter", "no meter hung there at this time")

    def _find_by_meter(self, row: int, reading: Reading, now: datetime) -> int | Refusal:
        found = [meter for meter in self._meters.get(reading.meter, ()) if self._may_of(meter, reading, now)]
        if len(found) == 1:
            return found[0]
        if found:
            detail = f"several meters have the number {reading.meter}: give the point"
            return Refusal(row, "meter", "ambiguous", detail)
        return Refusal(row, "meter", "unknown", f"no meter {reading.meter} here")

    def _may_of(self, meter: int, reading: Reading, now: datetime) -> bool:
        """Whether a resident lives where the meter hung at the time of the reading."""
        hung = [each for each in self._of_meter.get(meter, ()) if _was_at(each, reading)]
        return self.is_staff or any(self._may(each.point_id, reading, now) for each in hung)

    def _may(self, point: int, reading: Reading, now: datetime) -> bool:
        """Whether a resident lives there, now and at the time of the reading."""
        if self.is_staff:
            return True
        windows = self._windows.get(point, ())
        return any(window.contains(now) and window.contains(reading.at) for window in windows)


def _was_at(placed: InstallationInfo, reading: Reading) -> bool:
    return placed.starts_at <= reading.at and (placed.ends_at is None or reading.at <= placed.ends_at)


def _find_points(viewer: Viewer, codes: set[str]) -> dict[str, int]:
    """Points by code or GSRN."""
    found: dict[str, int] = {}
    for some in _chunks(codes):
        rows = MeteringPoint.objects.of(viewer.scope).filter(Q(code__in=some) | Q(gsrn__in=some))
        for number, code, gsrn in rows.values_list("pk", "code", "gsrn"):
            found |= {name: number for name in (code, gsrn) if name}
    return found


def _find_meters(viewer: Viewer, names: set[str]) -> dict[str, list[int]]:
    """Meters by what they are called: the radio address or the number printed on them."""
    serials = {name: _to_serial(name) for name in names}
    by_serial: dict[str, list[str]] = {}
    for name, serial in serials.items():
        by_serial.setdefault(serial, []).append(name)
    found: dict[str, set[int]] = {name: set() for name in names}
    for some in _chunks(names):
        wanted = {serials[name] for name in some}
        rows = Meter.objects.of(viewer.scope).exclude(state=Meter.State.FOUND)
        rows = rows.filter(Q(serial__in=wanted) | Q(printed_number__in=some))
        for number, serial, printed in rows.values_list("pk", "serial", "printed_number"):
            for name in {printed, *by_serial.get(serial, ())} & found.keys():
                found[name].add(number)
    return {name: sorted(numbers) for name, numbers in found.items()}


def _to_serial(name: str) -> str:
    try:
        return parse_serial(name)
    except ValueError:
        return name.lower()


def _find_placed(
    viewer: Viewer, points: Mapping[str, int], meters: Mapping[str, Sequence[int]]
) -> list[InstallationInfo]:
    """Where the meters hung that readings are about."""
    numbers = {number for own in meters.values() for number in own}
    at = set(points.values())
    for some in _chunks(numbers):
        rows = Installation.objects.of(viewer.scope).filter(meter_id__in=some)
        at |= set(rows.values_list("point_id", flat=True))
    return get_installations_of_points(sorted(at))


def _chunks(values: Iterable[T]) -> Iterable[list[T]]:
    every = list(values)
    for at in range(0, len(every), _CHUNK):
        yield every[at : at + _CHUNK]
