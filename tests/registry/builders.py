# SPDX-License-Identifier: Apache-2.0
"""Short ways to make rows through the services."""

from __future__ import annotations

from datetime import UTC, datetime

from avlest.registry.models import Meter, MeteringPoint, Party, Property, Unit
from avlest.registry.rights import Actor
from avlest.registry.services.installations import Mounting, do_install_meter
from avlest.registry.services.rows import do_create_row

MADE_AT = datetime(2026, 1, 1, tzinfo=UTC)


def at(text: str) -> datetime:
    """Return an ISO date or date-time as an instant in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def make_meter(actor: Actor, serial: str = "12345678", manufacturer: str = "KAM") -> int:
    return do_create_row(actor, Meter(manufacturer=manufacturer, serial=serial), now=MADE_AT)


def make_property(actor: Actor, *, gnr: int = 12, bnr: int = 34) -> int:
    row = Property(municipality="3110", gnr=gnr, bnr=bnr, address="Storgata 1")
    return do_create_row(actor, row, now=MADE_AT)


def make_unit(actor: Actor, property_id: int, number: str = "H0101") -> int:
    return do_create_row(actor, Unit(property_id=property_id, number=number), now=MADE_AT)


def make_point(actor: Actor, code: str = "P1", *, property_id: int | None = None, parent_id: int | None = None) -> int:
    row = MeteringPoint(code=code, medium="cold_water", property_id=property_id, parent_id=parent_id)
    return do_create_row(actor, row, now=MADE_AT)


def make_party(actor: Actor, code: str = "100", name: str = "Kari Nordmann") -> int:
    return do_create_row(actor, Party(code=code, name=name), now=MADE_AT)


def install(actor: Actor, meter_id: int, point_id: int, since: str = "2026-01-01") -> int:
    mounting = Mounting(meter_id=meter_id, point_id=point_id, starts_at=at(since))
    return do_install_meter(actor, mounting, now=MADE_AT)
