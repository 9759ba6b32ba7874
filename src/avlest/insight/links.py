# SPDX-License-Identifier: Apache-2.0
"""Links in messages: they open one alarm without log-in, for a short while (ux §2)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from django.core import signing

_SALT: Final = "avlest.insight.alarm"
VALID: Final = timedelta(days=7)
PATH: Final = "/alarm/"


def make_link(address: str, alarm_id: int) -> str:
    """Return the address of an alarm's page; empty where it is not known where the pages are."""
    return f"{address.rstrip('/')}{PATH}{make_token(alarm_id)}" if address else ""


def make_token(alarm_id: int) -> str:
    """Return what a link carries: the alarm and when it was made, signed."""
    return signing.dumps(alarm_id, salt=_SALT, compress=False)


def read_token(token: str) -> int | None:
    """Return the alarm of a link; None where it is not ours or too old."""
    try:
        number = signing.loads(token, salt=_SALT, max_age=VALID)
    except signing.BadSignature:
        return None
    return number if isinstance(number, int) else None


def read_link(token: str) -> tuple[int, datetime] | None:
    """Return the alarm of a link and when the link was made; None where it is not ours or too old."""
    number = read_token(token)
    parts = token.rsplit(":", 2)
    if number is None or len(parts) != 3:
        return None
    return number, datetime.fromtimestamp(signing.b62_decode(parts[1]), UTC)
