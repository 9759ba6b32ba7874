# SPDX-License-Identifier: Apache-2.0
"""Meters whose litres are said hour by hour, and the alarms that are kept of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import accumulate

from avlest.collect.models import MeterState, StatusText
from avlest.insight.infos import AlarmInfo
from avlest.insight.models import Alarm
from avlest.insight.queries import get_alarms
from avlest.insight.services.finding import Found, do_find_alarms
from avlest.registry.models import Installation, Meter
from tests.readings.plant import HOUR, START, Plant
from tests.registry.builders import make_property, make_unit

DRY, LEAK = 0.0, 12.0
QUIET = [20.0, *[DRY] * 5] * 4
"""A day of a home with water every sixth hour."""


class Town:
    """Meters whose readings come as time goes on."""

    def __init__(self, plant: Plant) -> None:
        self.plant = plant
        self.waiting: dict[int, list[tuple[int, int, str]]] = {}

    def use(
        self,
        register: int,
        litres: Sequence[float],
        *,
        words: Mapping[int, str] | None = None,
        without: range = range(0),
    ) -> None:
        """What a meter will show each hour after `START`, the status `words` it says, and hours that are lost."""
        said = words or {}
        values = enumerate(accumulate(litres, initial=0.0))
        self.waiting[register] = [
            (hour, round(1000 * value), said.get(hour, "")) for hour, value in values if hour not in without
        ]

    def look(self, hours: int) -> Found:
        """Hear what came, derive, and look for alarms as of so many hours after `START`."""
        self.hear(hours)
        now = START + HOUR * hours + timedelta(minutes=10)
        self.plant.derive(now)
        return do_find_alarms(self.plant.store, now=now)

    def hear(self, hours: int) -> None:
        """What comes until so many hours after `START`."""
        for register, rows in self.waiting.items():
            self._hear(register, [row for row in rows if row[0] <= hours])
            self.waiting[register] = [row for row in rows if row[0] > hours]

    def _hear(self, register: int, rows: Sequence[tuple[int, int, str]]) -> None:
        if not rows:
            return
        numbers = {text: StatusText.objects.get_or_create(text=text)[0].pk for _, _, text in rows if text}
        self.plant.batch += 1
        frame = self.plant.frame(
            [(register, at(hour), value, numbers.get(text, 0), 50, "test", at(hour)) for hour, value, text in rows]
        )
        self.plant.store.append("readings", frame, writer="collect-0", batch=self.plant.batch)


def at(hours: int) -> datetime:
    """So many hours after `START`."""
    return START + HOUR * hours


def get_all(plant: Plant, *, is_open: bool | None = None) -> list[AlarmInfo]:
    """The alarms that are shown, oldest first."""
    return get_alarms(plant.actor.organisation_id, now=plant.now, is_open=is_open, limit=None)[::-1]


def describe() -> list[tuple[object, ...]]:
    """All rows as what they say, whatever their numbers."""
    names = (
        "scope", "subject", "kind", "severity", "since", "opened_at", "last_at", "cleared_at", "rate", "amount", "cost",
        "cause", "evidence", "is_shown",
    )  # fmt: skip
    return sorted(Alarm.objects.values_list(*names), key=str)


def make_home(plant: Plant) -> tuple[int, int]:
    """A meter in a flat; the numbers of its register and point."""
    register, series = plant.make_meter()
    installation = Installation.objects.get(point__series=series)
    place = make_property(plant.actor, bnr=register)
    unit = make_unit(plant.actor, place, number="H0102")
    point = installation.point
    point.unit_id = unit
    point.save()
    return register, point.pk


def hear_of(meter: int, *, first: datetime, last: datetime, count: int = 100, gateway: str = "") -> None:
    """What the pipeline keeps of a meter's messages."""
    row = Meter.objects.get(pk=meter)
    MeterState.objects.update_or_create(
        manufacturer=row.manufacturer, serial=row.serial,
        defaults={
            "first_heard_at": first, "last_heard_at": last, "heard": count, "outcome": "stored", "gateway": gateway,
            "source": "radio",
        },
    )  # fmt: skip
