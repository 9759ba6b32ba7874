# SPDX-License-Identifier: Apache-2.0
"""What events do to the use of a point, to what its meter counts and to what its meter says.  Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from avlest.simulate.behaviour.clock import Hours
from avlest.simulate.chance import Integers
from avlest.simulate.contracts import EventKind
from avlest.simulate.radio.models import Flag

HOUR: Final = 3_600_000_000
FOREVER: Final = 1 << 30
"""An hour that never comes."""

_ADD: Final = (EventKind.RUNNING_TOILET, EventKind.BURST, EventKind.NETWORK_LEAK, EventKind.FROST)
_OTHERS: Final = (
    EventKind.VACANCY, EventKind.DRY_PIPE, EventKind.STUCK_METER, EventKind.TAMPERING, EventKind.BACKFLOW,
    EventKind.LOW_BATTERY,
)  # fmt: skip
_TAMPERED: Final = 35  # per cent that a meter counts with a magnet on it
LEAK_SEEN_AFTER: Final = 24  # hours without an hour of rest: EN 13757 meters call it a leak (rules 5.1)
FROST_WARNING: Final = 60
"""Hours before a pipe bursts in which it is cold at the meter."""

# kind: bit, hours from the event's start on, hours after its end.  What ends with the meter ends with the event.
_FLAGS: Final[tuple[tuple[EventKind, int, int, int], ...]] = (
    (EventKind.RUNNING_TOILET, Flag.LEAK, LEAK_SEEN_AFTER, 1),
    (EventKind.BURST, Flag.BURST, 1, 0),
    (EventKind.BURST, Flag.LEAK, LEAK_SEEN_AFTER, 1),
    (EventKind.FROST, Flag.BURST, 1, 0),
    (EventKind.BACKFLOW, Flag.REVERSE, 0, 0),
    (EventKind.DRY_PIPE, Flag.DRY, 0, 0),
    (EventKind.TAMPERING, Flag.TAMPER, 0, 0),
    (EventKind.LOW_BATTERY, Flag.LOW_BATTERY, 0, 0),
)


@dataclass(frozen=True, slots=True)
class Happening:
    """One event in a block of points and hours: row, hours from the block's first one (may lie outside), size."""

    kind: EventKind
    row: int
    start: int
    stop: int
    size: int

    def span(self, length: int, *, late: int = 0, after: int = 0) -> slice:
        """The columns of the block that it covers."""
        return slice(min(max(self.start + late, 0), length), min(max(self.stop + after, 0), length))


@dataclass(frozen=True, slots=True)
class Happenings:
    """Events of points in order of `place`, the point's place in the order of work; hours since 1970."""

    place: Integers
    kind: tuple[str, ...]
    start: Integers
    stop: Integers
    size: Integers

    def pick(self, first: int, last: int, hours: Hours) -> list[Happening]:
        """What touches the places from `first` until before `last` in these hours, places counted from `first`."""
        begin, end = np.searchsorted(self.place, (first, last)).tolist()
        near = np.flatnonzero(
            (self.start[begin:end] - FROST_WARNING < hours.first + len(hours))
            & (self.stop[begin:end] + 1 >= hours.first)
        )
        return [self._get(begin + number, first, hours) for number in near.tolist()]

    def _get(self, number: int, first: int, hours: Hours) -> Happening:
        return Happening(
            EventKind(self.kind[number]),
            int(self.place[number]) - first,
            int(self.start[number]) - hours.first,
            int(self.stop[number]) - hours.first,
            int(self.size[number]),
        )


def build_happenings(events: pl.DataFrame, places: Integers) -> Happenings:
    """The events that act on the use of points; `places[point]` is the point's place in the order of work."""
    kinds = [kind.value for kind in (*_ADD, *_OTHERS)]
    rows = events.filter(pl.col("point").is_not_null() & pl.col("kind").is_in(kinds))
    place = places[rows["point"].to_numpy().astype(np.int64)]
    order = np.argsort(place, kind="stable")
    order = order[place[order] >= 0]
    rows = rows[order]
    hour = [pl.col(name).cast(pl.Int64) // HOUR for name in ("starts_at", "ends_at")]
    start, stop = rows.select(hour[0], hour[1].fill_null(FOREVER))
    return Happenings(
        place[order],
        tuple(rows["kind"].to_list()),
        start.to_numpy(),
        stop.to_numpy(),
        rows["size"].fill_null(0).to_numpy(),
    )


def derive_occupied(happenings: list[Happening], shape: tuple[int, int]) -> Integers | None:
    """0 where a home stands empty; None where none does."""
    vacant = [happening for happening in happenings if happening.kind is EventKind.VACANCY]
    if not vacant:
        return None
    occupied = np.ones(shape, np.int64)
    for happening in vacant:
        occupied[happening.row, happening.span(shape[1])] = 0
    return occupied


def add_leaks(happenings: list[Happening], *columns: Integers) -> None:
    """Change true use in place: what leaks is added, an empty pipe gives nothing.  Sizes are ml an hour."""
    for happening in happenings:
        for column in columns:
            span = happening.span(column.shape[1])
            if happening.kind in _ADD:
                column[happening.row, span] += happening.size
            elif happening.kind is EventKind.DRY_PIPE:
                column[happening.row, span] = 0


def derive_measured(happenings: list[Happening], used: Integers) -> Integers:
    """What the meter counts of true use: stuck, tampered with, or run backwards (`size` ml an hour)."""
    measured = used
    for happening in happenings:
        if happening.kind not in (EventKind.STUCK_METER, EventKind.TAMPERING, EventKind.BACKFLOW):
            continue
        measured = used.copy() if measured is used else measured
        row = measured[happening.row, happening.span(used.shape[1])]
        if happening.kind is EventKind.STUCK_METER:
            row[:] = 0
        elif happening.kind is EventKind.TAMPERING:
            row[:] = row * _TAMPERED // 100
        else:
            row[:] = -happening.size
    return measured


def derive_status(happenings: list[Happening], shape: tuple[int, int]) -> Integers | None:
    """The bits of `Flag` per row and hour; None where all are clear."""
    status: Integers | None = None
    for happening in happenings:
        for kind, bit, late, after in _FLAGS:
            if happening.kind is not kind:
                continue
            status = np.zeros(shape, np.int64) if status is None else status
            span = happening.span(shape[1], late=late, after=after)
            status[happening.row, span] |= bit
    return status


def derive_cold(happenings: list[Happening], shape: tuple[int, int]) -> Integers | None:
    """1 where it freezes at the meter; None where it does nowhere."""
    cold: Integers | None = None
    for happening in happenings:
        if happening.kind is EventKind.FROST:
            cold = np.zeros(shape, np.int64) if cold is None else cold
            cold[happening.row, happening.span(shape[1], late=-FROST_WARNING)] = 1
    return cold
