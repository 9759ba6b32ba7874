# SPDX-License-Identifier: Apache-2.0
"""When a gateway says it heard a telegram.  Pure: our own clock is an argument."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from avlest.collect.formats.model import FormatError

AHEAD = timedelta(minutes=10)
"""A gateway's clock may be this far ahead of ours; what is further ahead is wrong."""
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
"""A clock that shows an earlier time was never set."""
_HAS_ZONE = re.compile(r"(Z|[+-]\d\d:?\d\d)$")


def parse_gateway_time(text: str, *, arrival: datetime, zone: ZoneInfo, field: str = "time") -> datetime:
    """Return when a message was heard, aware UTC.

    `arrival` is taken where the gateway says nothing or a time since its start (`@0.5s`),
    and where its clock was never set or runs ahead.  A time without zone is local in `zone`;
    of the two times of the hour that repeats in autumn the one nearer to `arrival` is meant.
    Raises `FormatError` for what is no time.
    """
    text = text.strip()
    if not text or text.startswith("@"):
        return arrival
    heard = _parse(text, arrival=arrival, zone=zone, field=field)
    return heard if EARLIEST <= heard <= arrival + AHEAD else arrival


def _parse(text: str, *, arrival: datetime, zone: ZoneInfo, field: str) -> datetime:
    try:
        if re.fullmatch(r"\d{9,11}(\.\d+)?", text):
            return datetime.fromtimestamp(float(text), UTC)
        if re.fullmatch(r"\d{13}", text):
            return datetime.fromtimestamp(int(text) / 1000, UTC)
        found = datetime.fromisoformat(text)
        if _HAS_ZONE.search(text):
            return found.astimezone(UTC)
        return resolve_local(found, arrival=arrival, zone=zone)
    except (ValueError, OverflowError) as error:
        expected = "a time such as 2026-01-31T12:00:00Z"
        raise FormatError(f"is {text[:40]!r}, expected {expected}", field=field) from error


def resolve_local(local: datetime, *, arrival: datetime, zone: ZoneInfo) -> datetime:
    """Return a local time as UTC: the nearer to `arrival` of the two that a repeated hour has."""
    both = [local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)]
    return min(both, key=lambda instant: abs(instant - arrival))
