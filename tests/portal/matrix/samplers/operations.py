# SPDX-License-Identifier: Apache-2.0
"""Telegrams that could not be read and meters without a place, of each side's organisation."""

from __future__ import annotations

from datetime import timedelta

from avlest.collect.heard import WMBUS, Heard
from avlest.collect.models import Kept, MeterState
from avlest.collect.packets import encode_packet
from avlest.registry.models import Meter
from tests.portal.world import MOVED_AT, Side, World


def build_telegram(serial: str, *, manufacturer: int = 0x6327, version: int = 0x01) -> bytes:
    """An open telegram of a make that no catalogue file knows, with a volume of 12.345 m³ and a flow."""
    address = manufacturer.to_bytes(2, "little") + bytes.fromhex(serial)[::-1] + bytes([version, 0x07])
    body = b"\x44" + address + bytes.fromhex("7A2A000000") + bytes.fromhex("04133930000002 3B1400".replace(" ", ""))
    return bytes([len(body)]) + body


def make_kept(world: World, side: Side) -> int:
    """A kept telegram of the household's meter."""
    meter = Meter.objects.get(pk=world.get_home(side).meter)
    found = Kept.objects.filter(manufacturer=meter.manufacturer, serial=meter.serial).first()
    return int((found or keep(meter.manufacturer, meter.serial, build_telegram(meter.serial))).pk)


def keep(manufacturer: str, serial: str, telegram: bytes, *, outcome: str = "bad_records", detail: str = "") -> Kept:
    """Keep a telegram as the pipeline does."""
    heard = Heard(MOVED_AT + timedelta(days=1), "roof", WMBUS, telegram, gateway="g1")
    return Kept.objects.create(
        manufacturer=manufacturer, serial=serial, outcome=outcome, detail=detail, received_at=heard.received_at,
        kept_at=heard.received_at, source="roof", body=encode_packet([heard], seal=lambda _key: ""),
    )  # fmt: skip


def make_found(world: World, side: Side) -> int:
    """A meter that was heard and hangs nowhere."""
    town = world.get_town(side)
    row, _made = Meter.objects.get_or_create(
        organisation_id=town.id, manufacturer="XYZ", serial=f"9000000{town.id % 10}", defaults={"state": "found"}
    )
    return int(row.pk)


def make_unknown(world: World, side: Side) -> int:
    """A meter that is read without a catalogue file."""
    meter = make_found(world, side)
    row = Meter.objects.get(pk=meter)
    MeterState.objects.get_or_create(
        manufacturer=row.manufacturer, serial=row.serial,
        defaults={"first_heard_at": MOVED_AT, "last_heard_at": MOVED_AT, "outcome": "ok", "family": "unknown"},
    )  # fmt: skip
    return meter


SAMPLERS = {"kept": make_kept, "found_meter": make_found, "unknown_meter": make_unknown}
