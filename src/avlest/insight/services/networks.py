# SPDX-License-Identifier: Apache-2.0
"""The pipes of zones, which leakage is measured against."""

from __future__ import annotations

import csv
import dataclasses
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Final

from django.db import transaction

from avlest.insight.models import ZoneNetwork
from avlest.registry.errors import Problem, RegistryError
from avlest.registry.models import Zone
from avlest.registry.rights import Actor, Right
from avlest.registry.services.audit import save_changed, save_new

_METRE: Final = Decimal("0.001")
_CENTIMETRE: Final = Decimal("0.01")
COLUMNS: Final = ("zone", "from", "mains_km", "connections", "private_km", "pressure_m")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class NewNetwork:
    """The pipes of the zone with code `zone` from a local day on; lengths in km, mean pressure in metres."""

    zone: str
    starts_on: date
    mains_km: Decimal
    connections: int
    private_km: Decimal
    pressure_m: Decimal


@transaction.atomic
def do_set_network(actor: Actor, new: NewNetwork, *, now: datetime) -> bool:
    """Set the pipes of a zone; says whether anything changed.  `RegistryError` for a zone there is not."""
    actor.require(Right.CHANGE_PLACES)
    zone = Zone.objects.of(actor.organisation_id).filter(code=new.zone).first()
    if zone is None:
        raise RegistryError(Problem.INVALID, f"zone: {new.zone!r}, expected the code of a zone")
    if min(new.mains_km, new.private_km) < 0 or new.connections < 0 or new.pressure_m <= 0:
        raise RegistryError(Problem.INVALID, f"zone {new.zone}: expected lengths of 0 or more and a pressure above 0")
    values = {
        "mains_km": new.mains_km.quantize(_METRE), "connections": new.connections,
        "private_km": new.private_km.quantize(_METRE), "pressure_m": new.pressure_m.quantize(_CENTIMETRE),
    }  # fmt: skip
    row = ZoneNetwork.objects.of(actor.organisation_id).filter(zone=zone, starts_on=new.starts_on).first()
    if row is not None:
        return save_changed(actor, row, values, now=now, action="update")
    fresh = ZoneNetwork(organisation_id=actor.organisation_id, zone=zone, starts_on=new.starts_on, **values)
    save_new(actor, fresh, now=now)
    return True


def parse_networks(text: str) -> tuple[list[NewNetwork], list[str]]:
    """Rows of a table with `COLUMNS` (semicolons; comma or point in numbers), and what is wrong, by line and column."""
    lines = csv.reader(text.splitlines(), delimiter=";")
    heading = [name.strip().lower() for name in next(lines, [])]
    if missing := [name for name in COLUMNS if name not in heading]:
        return [], [f"line 1: no column {', '.join(missing)}; expected {';'.join(COLUMNS)}"]
    good: list[NewNetwork] = []
    bad: list[str] = []
    for number, cells in enumerate(lines, 2):
        if any(cell.strip() for cell in cells):
            row = dict(zip(heading, (cell.strip() for cell in cells), strict=False))
            problems = [f"line {number}, {problem}" for problem in _check(row)]
            bad += problems
            good += [] if problems else [_make(row)]
    return good, bad


def _check(row: dict[str, str]) -> Iterator[str]:
    for name, parse, expected in _PARSERS:
        try:
            parse(row.get(name, ""))
        except (ValueError, InvalidOperation):
            yield f"{name}: is {row.get(name, '')!r}, expected {expected}"


def _parse_number(text: str) -> Decimal:
    return Decimal(text.replace(",", "."))


def _parse_code(text: str) -> str:
    if not text:
        raise ValueError(text)
    return text


_PARSERS: Final = (
    ("zone", _parse_code, "the code of a zone"),
    ("from", date.fromisoformat, "a day such as 2026-03-01"),
    ("mains_km", _parse_number, "kilometres"),
    ("connections", int, "a whole number"),
    ("private_km", _parse_number, "kilometres"),
    ("pressure_m", _parse_number, "metres"),
)


def _make(row: dict[str, str]) -> NewNetwork:
    return NewNetwork(
        zone=row["zone"], starts_on=date.fromisoformat(row["from"]), mains_km=_parse_number(row["mains_km"]),
        connections=int(row["connections"]), private_km=_parse_number(row["private_km"]),
        pressure_m=_parse_number(row["pressure_m"]),
    )  # fmt: skip


def do_set_networks(actor: Actor, rows: Sequence[NewNetwork], *, now: datetime) -> tuple[int, list[str]]:
    """Set the pipes of many zones; returns how many changed, and what was refused."""
    changed, refused = 0, []
    for row in rows:
        try:
            changed += do_set_network(actor, row, now=now)
        except RegistryError as error:
            refused.append(str(error))
    return changed, refused
