# SPDX-License-Identifier: Apache-2.0
"""Half-open periods `[starts_at, ends_at)`; an open end is None.  Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TypeVar

T = TypeVar("T")


def is_overlapping(start: datetime, end: datetime | None, other_start: datetime, other_end: datetime | None) -> bool:
    """Say whether two half-open periods share an instant; touching periods do not."""
    return (end is None or other_start < end) and (other_end is None or start < other_end)


def find_overlaps(
    periods: Iterable[tuple[datetime, datetime | None, T]],
) -> list[tuple[T, T]]:
    """Return the pairs (earlier, later) of tags whose periods overlap, in order of start.

    Each later period is paired with the one that reaches furthest before it: enough to
    name every period that collides, in O(n log n).
    """
    pairs: list[tuple[T, T]] = []
    reach: tuple[datetime, datetime | None, T] | None = None
    for start, end, tag in sorted(periods, key=lambda p: p[0]):
        if reach is not None and is_overlapping(reach[0], reach[1], start, end):
            pairs.append((reach[2], tag))
        if reach is None or _ends_later(end, reach[1]):
            reach = (start, end, tag)
    return pairs


def _ends_later(end: datetime | None, than: datetime | None) -> bool:
    return than is not None and (end is None or end > than)
