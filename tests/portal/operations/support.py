# SPDX-License-Identifier: Apache-2.0
"""Short ways to say what was heard and what is the matter."""

from __future__ import annotations

from datetime import timedelta

from avlest.collect.models import MeterState
from avlest.insight.models import Alarm
from avlest.registry.models import Meter
from tests.portal.world import World


def make_heard(meter: int, at, *, gateway: str = "vik-gw", is_read: bool = True, **values) -> None:
    """Say that a meter was heard."""
    row = Meter.objects.get(pk=meter)
    MeterState.objects.create(
        manufacturer=row.manufacturer, serial=row.serial, first_heard_at=at - timedelta(days=30), last_heard_at=at,
        last_read_at=at if is_read else None, heard=100, outcome="ok", gateway=gateway, rssi=-71.0, **values,
    )  # fmt: skip


def make_alarm(world: World, home, now, *, kind: str = "continuous_flow", **values) -> Alarm:
    """An open alarm at the point of a household, made as finding makes it."""
    fields = {
        "scope": "series", "subject": home.series, "kind": kind, "severity": "warning",
        "since": now - timedelta(days=2), "opened_at": now - timedelta(days=1), "last_at": now,
        "rate": 12_000, "amount": 288_000, "unit": "l",
        "cause": "cistern", "advice": [], "evidence": "series", "series_id": home.series, "point_id": home.point,
        "is_shown": True, "cause_key": f"{kind}:{home.series}", "found_at": now,
    }  # fmt: skip
    return Alarm.objects.create(organisation_id=world.vik.id, **(fields | values))


def text_of(answer) -> str:
    return str(answer.content.decode()).replace("\u00a0", " ")
