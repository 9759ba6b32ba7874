# SPDX-License-Identifier: Apache-2.0
"""Readings that a person types in go to the real inbox, all or none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from avlest.collect.formats.canonical import Reading, load_readings
from avlest.collect.formats.model import FormatError
from avlest.collect.inbox import Inbox
from avlest.collect.models import Packet
from avlest.collect.packets import decode_packets
from avlest.collect.sources.manual import do_take_readings

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def read(meter: str, value: str, *, hours: int = 0) -> Reading:
    return Reading(NOW + timedelta(hours=hours), Decimal(value), meter=meter, unit="m3")


@pytest.mark.django_db
def test_readings_are_taken_in_by_meter() -> None:
    """One message a meter, in order of time, with who read."""
    readings = [read("22222222", "7"), read("11111111", "2.5"), read("11111111", "1.25", hours=-24)]
    assert do_take_readings(Inbox(), readings, now=NOW, by="caretaker") == 2
    frame = decode_packets([bytes(body) for body in Packet.objects.values_list("body", flat=True)])
    rows = sorted(frame.to_dicts(), key=lambda row: str(row["address"]))
    assert [(row["road"], row["address"], row["gateway"]) for row in rows] == [
        ("reading", "11111111", "caretaker"),
        ("reading", "22222222", "caretaker"),
    ]
    values = [[str(one.value) for one in load_readings(row["payload"])] for row in rows]
    assert values == [["1.25", "2.5"], ["7"]]


@pytest.mark.django_db
@pytest.mark.parametrize("bad", [read("1", "5", hours=1), Reading(NOW, Decimal(5), unit="m3")])
def test_one_bad_reading_keeps_all_out(bad: Reading) -> None:
    """A person sees the error and sends the form again: half of it must not be there already."""
    with pytest.raises(FormatError):
        do_take_readings(Inbox(), [read("11111111", "2.5"), bad], now=NOW)
    assert not Packet.objects.exists()
