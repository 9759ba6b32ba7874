# SPDX-License-Identifier: Apache-2.0
"""Readings that programs send: taken where they are right, refused by row where they are not, never another's."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from avlest.collect.formats.canonical import load_readings
from avlest.collect.models import Packet
from avlest.collect.packets import decode_packets
from avlest.portal.api.scopes import Scope
from avlest.registry.models import Meter
from avlest.registry.rights import Role
from tests.portal.api.calling import call_as_program, call_as_resident, call_as_staff
from tests.portal.world import MOVED_AT, Side

JUNE = "2025-06-15T12:00:00Z"


def list_taken():
    """(address, readings) of what lies in the inbox."""
    bodies = [bytes(packet.body) for packet in Packet.objects.order_by("pk")]
    rows = decode_packets(bodies).select("address", "payload").rows()
    return [(address, each) for address, payload in rows for each in load_readings(payload)]


def row(home, **changes):
    return {"at": JUNE, "value": "12.345", "unit": "m3", "point": "vik-H0101", **changes}


def test_what_is_right_is_taken_and_the_rest_is_refused_by_row(world, store):
    home = world.get_home(Side.OWN)
    meter = Meter.objects.get(pk=home.meter)
    rows = [
        row(home),
        row(home, value="much"),
        row(home, point="", meter=meter.serial, at="2025-06-16T12:00:00+02:00"),
        row(home, unit="hogshead"),
        row(home, at="2099-01-01T00:00:00Z"),
        row(home, point="nes-H0101"),
        "no reading",
        row(home, at="2023-06-15T12:00:00Z"),
    ]
    answer = call_as_program(world, Role.OPERATOR).send("POST", "readings", rows)
    assert answer.status_code == 202, answer.content
    body = answer.json()
    assert (body["taken"], body["refused"]) == (2, 6)
    found = [(each["row"], each["field"], each["code"]) for each in body["errors"]]
    assert found == [
        (1, "value", "invalid"), (3, "unit", "invalid"), (4, "at", "ahead"), (5, "point", "unknown"),
        (6, "", "invalid"), (7, "at", "no_meter"),
    ]  # fmt: skip
    taken = list_taken()
    assert {address for address, _ in taken} == {f"meter:{home.meter}"}
    assert [str(each.value) for _, each in taken] == ["12.345", "12.345"]


def test_the_same_rows_come_in_as_csv_parquet_and_arrow(world, store):
    frame = pl.DataFrame(
        {
            "point": ["vik-H0101", "vik-H0101"],
            "at": [datetime(2025, 6, 15, 12, tzinfo=UTC), datetime(2025, 6, 16, 12, tzinfo=UTC)],
            "value": [12.5, 13.25],
            "unit": ["m3", "m3"],
        }
    )
    parquet, arrow = io.BytesIO(), io.BytesIO()
    frame.write_parquet(parquet)
    frame.write_ipc_stream(arrow)
    csv = "point,at,value,unit\n\nvik-H0101,2025-06-15T12:00:00Z,12.5,m3\nvik-H0101,2025-06-16T12:00:00Z,13.25,m3\n"
    caller = call_as_program(world, Role.OPERATOR)
    for body, kind in (
        (parquet.getvalue(), "application/vnd.apache.parquet"),
        (arrow.getvalue(), "application/vnd.apache.arrow.stream"),
        (csv.encode(), "text/csv; charset=utf-8"),
    ):
        Packet.objects.all().delete()
        answer = caller.send("POST", "readings", body, kind)
        assert answer.status_code == 202, answer.content
        taken = sorted((each.at.day, float(each.value), each.unit) for _, each in list_taken())
        assert taken == [(15, 12.5, "m3"), (16, 13.25, "m3")]


def test_a_bad_row_of_a_csv_is_named_by_its_row(world, store):
    csv = "point,at,value,unit\nvik-H0101,2025-06-15T12:00:00Z,x,m3\nvik-none,2025-06-16T12:00:00Z,13.25,m3\n"
    answer = call_as_program(world, Role.OPERATOR).send("POST", "readings", csv.encode(), "text/csv")
    assert answer.status_code == 422
    assert [(each["row"], each["field"]) for each in answer.json()["errors"]] == [(0, "value"), (1, "point")]


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{", "application/json", 422),
        (b"[]", "application/json", 422),
        (b'{"readings": 3}', "application/json", 422),
        (b"[" * 100_000, "application/json", 422),
        (b"\xff\xfe", "text/csv", 422),
        (b"PAR1 is not enough", "application/vnd.apache.parquet", 422),
        (b"ARROW1", "application/vnd.apache.arrow.stream", 422),
        (b"x", "application/xml", 415),
        (b"[" + b" " * 5_000_000 + b"]", "application/json", 413),
        (b"[" + b",".join([b"{}"] * 20_001) + b"]", "application/json", 413),
    ],
)
def test_what_cannot_be_read_is_refused_as_a_problem(world, store, body, kind, status):
    answer = call_as_program(world, Role.OPERATOR).send("POST", "readings", body, kind)
    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"
    assert Packet.objects.count() == 0


def test_a_resident_sends_readings_of_their_own_home_in_their_own_time_only(world, store):
    caller = call_as_resident(world)
    before = (MOVED_AT - timedelta(hours=1)).isoformat()
    rows = [row(None, quality="measured"), row(None, at=before), row(None, point="vik-H0102")]
    body = caller.send("POST", "readings", rows).json()
    assert body["taken"] == 1
    assert [(each["row"], each["code"]) for each in body["errors"]] == [(1, "unknown"), (2, "unknown")]
    assert [each.quality for _, each in list_taken()] == ["manual"]


def test_only_a_token_with_the_scope_of_a_role_that_decides_values_sends_readings(world, store):
    reader = call_as_program(world, Role.OPERATOR, scopes=(Scope.POINTS,))
    assert reader.send("POST", "readings", [row(None)]).json()["code"] == "scope"
    caretaker = call_as_staff(world, Role.CARETAKER, scopes=(Scope.POINTS,))
    assert caretaker.send("POST", "readings", [row(None)]).status_code == 403
