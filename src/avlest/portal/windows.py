# SPDX-License-Identifier: Apache-2.0
"""Half-open windows of time that may be open at the end: joining, cutting, taking away.  Pure; instants are UTC."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final, NamedTuple

_FAR: Final = datetime.max.replace(tzinfo=UTC)


class Window(NamedTuple):
    """`[start, stop)`; `stop` None: still going on."""

    start: datetime
    stop: datetime | None = None

    def contains(self, instant: datetime) -> bool:
        """Whether the instant lies in the window."""
        return self.start <= instant < (self.stop or _FAR)


ALWAYS: Final = Window(datetime.min.replace(tzinfo=UTC))


def intersect(window: Window, start: datetime, stop: datetime) -> tuple[datetime, datetime] | None:
    """Return the part of `[start, stop)` that lies in the window; None when there is none."""
    first, last = max(window.start, start), min(window.stop or _FAR, stop)
    return (first, last) if first < last else None


def merge(windows: Iterable[Window]) -> tuple[Window, ...]:
    """Return the same time as few windows, in order; those that touch are joined."""
    merged: list[Window] = []
    for window in sorted(windows, key=lambda each: (each.start, each.stop or _FAR)):
        if merged and window.start <= (merged[-1].stop or _FAR):
            stop = max(merged[-1].stop or _FAR, window.stop or _FAR)
            merged[-1] = Window(merged[-1].start, None if stop == _FAR else stop)
        else:
            merged.append(window)
    return tuple(merged)


def subtract(windows: Iterable[Window], others: Iterable[Window]) -> tuple[Window, ...]:
    """Return what is left of `windows` outside all `others`."""
    left = list(merge(windows))
    for other in merge(others):
        left = [part for window in left for part in _subtract_one(window, other)]
    return tuple(left)


def _subtract_one(window: Window, other: Window) -> list[Window]:
    stop, other_stop = window.stop or _FAR, other.stop or _FAR
    if other_stop <= window.start or stop <= other.start:
        return [window]
    parts = []
    if window.start < other.start:
        parts.append(Window(window.start, other.start))
    if other_stop < stop:
        parts.append(Window(other_stop, window.stop))
    return parts


def cut(windows: Iterable[Window], start: datetime, stop: datetime) -> list[tuple[datetime, datetime]]:
    """Return the parts of `[start, stop)` that lie in any of the windows, in order."""
    parts = [intersect(window, start, stop) for window in merge(windows)]
    return [part for part in parts if part is not None]
