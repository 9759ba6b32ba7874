# SPDX-License-Identifier: Apache-2.0
"""A small world for tests of the portal: two organisations with the same things, two households in one home.

`vik` and `nes` are alike.  In each, flat H0101 had one household until 1 June 2025 and has another since, flat H0102
has a neighbour, a detached house has a person as subscriber, and there is a main meter.  Every name carries a marker
word (`Mariter`, `Gammelsen`, …) by which a page that shows too much is found out.
"""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from enum import StrEnum

import polars as pl

from avlest.readings.quality import Quality
from avlest.readings.tables import Store
from avlest.registry.access import make_system_actor
from avlest.registry.contracts import RegisterSpec
from avlest.registry.models import (
    Gateway,
    Meter,
    MeteringPoint,
    Party,
    Property,
    Series,
    Unit,
    User,
    Zone,
)
from avlest.registry.rights import Actor, Role
from avlest.registry.services.installations import Mounting, do_install_meter
from avlest.registry.services.organisations import do_add_member, do_create_organisation
from avlest.registry.services.rows import do_create_row
from avlest.registry.services.series import do_ensure_registers
from avlest.registry.services.tenancies import MoveIn, do_begin_tenancy, do_end_tenancy

MADE_AT = datetime(2024, 1, 1, tzinfo=UTC)
MOVED_AT = datetime(2025, 5, 31, 22, tzinfo=UTC)
"""1 June 2025 00:00 in Oslo: the household of H0101 changed."""

STAFF = tuple(role for role in Role if role != Role.RESIDENT)
# What each household's hours hold, in thousandths of a litre: a value found on the wrong page tells whose it is.
LITRES = {"before": 7_777_000, "own": 11_000, "neighbour": 5_555_000, "house": 3_333_000}


class Side(StrEnum):
    """Whose thing it is, seen from the household that lives in H0101 now (`own`)."""

    OWN = "own"
    BEFORE = "before"
    NEIGHBOUR = "neighbour"
    STRANGER = "stranger"


@dataclasses.dataclass
class Home:
    """A household: its party, login, place and what is measured there."""

    party: int
    user: User
    tenancy: int
    unit: int
    property: int
    point: int
    series: int
    meter: int
    register: int
    marker: str


@dataclasses.dataclass
class Town:
    """One organisation with everything in it."""

    id: int
    slug: str
    actor: Actor
    marker: str
    property: int
    main_point: int
    main_series: int
    zone: int
    gateway: int
    staff: dict[Role, User]
    homes: dict[Side, Home]
    house: Home

    def get(self, side: Side) -> Home:
        """The household of a side (`STRANGER` is asked of the other town)."""
        return self.homes[side]


@dataclasses.dataclass
class World:
    """Both towns; `root` runs the installation."""

    vik: Town
    nes: Town
    root: User
    address: str = ""
    """Of a server that a browser reaches, where there is one."""

    def get_home(self, side: Side) -> Home:
        """The household a side means: the stranger lives in the other town."""
        return self.nes.homes[Side.OWN] if side == Side.STRANGER else self.vik.homes[side]

    def get_town(self, side: Side) -> Town:
        """The organisation a side means."""
        return self.nes if side == Side.STRANGER else self.vik


def make_world() -> World:
    """Make both towns."""
    root = User.objects.create_superuser(username="root", email="root@example.no", password="Fjellrev-2026")
    return World(_make_town("vik", 1), _make_town("nes", 2), root)


def _make_town(slug: str, number: int) -> Town:
    marker = {"vik": "Vikmark", "nes": "Nesmark"}[slug]
    organisation = do_create_organisation(name=f"{marker} borettslag", slug=slug, by="test", now=MADE_AT)
    actor = make_system_actor(organisation, name="test")
    block = _create(actor, Property(municipality="3110", gnr=10, bnr=number, address=f"{marker}gata 1", city=marker))
    company = _create(actor, Party(code="B1", kind="company", name=f"{marker} borettslag"))
    do_begin_tenancy(actor, MoveIn(company, "subscriber", MADE_AT, property_id=block), now=MADE_AT)
    main = _measure(actor, f"{slug}-main", "00000000", property_id=block)
    flats = {unit: _create(actor, Unit(property_id=block, number=unit)) for unit in ("H0101", "H0102")}
    one = _measure(actor, f"{slug}-H0101", "10000010", unit_id=flats["H0101"])
    two = _measure(actor, f"{slug}-H0102", "10000020", unit_id=flats["H0102"])
    names = {Side.BEFORE: "Gammelsen", Side.OWN: "Nyhusen", Side.NEIGHBOUR: "Nabosen"}
    homes = {
        side: _move_in(actor, slug, f"{name}{number}", flat, block, measured)
        for side, name, flat, measured in (
            (Side.BEFORE, names[Side.BEFORE], flats["H0101"], one),
            (Side.OWN, names[Side.OWN], flats["H0101"], one),
            (Side.NEIGHBOUR, names[Side.NEIGHBOUR], flats["H0102"], two),
        )
    }
    return Town(
        id=organisation,
        slug=slug,
        actor=actor,
        marker=marker,
        property=block,
        main_point=main[0],
        main_series=main[1],
        zone=_create(actor, Zone(code=f"{slug}-zone", name=f"{marker}sonen")),
        gateway=_create(actor, Gateway(code=f"{slug}-gw", kind="wmbus")),
        staff={role: _make_staff(actor, slug, role) for role in STAFF},
        homes=homes,
        house=_make_house(actor, slug, marker, number),
    )


def _create(actor: Actor, row) -> int:
    return do_create_row(actor, row, now=MADE_AT)


def _measure(actor: Actor, code: str, serial: str, **place) -> tuple[int, int, int, int]:
    """A point with a meter that counts litres: (point, series, meter, register)."""
    point = _create(actor, MeteringPoint(code=code, medium="cold_water", **place))
    number = 1 if code.startswith("vik") else 2
    meter = _create(actor, Meter(manufacturer="KAM", serial=f"{serial[:-1]}{number}"))
    do_install_meter(actor, Mounting(meter_id=meter, point_id=point, starts_at=MADE_AT), now=MADE_AT)
    registers = do_ensure_registers(actor, [RegisterSpec(meter, "volume", "l")], now=MADE_AT)
    return point, Series.objects.get(point_id=point).pk, meter, next(iter(registers.values()))


def _move_in(actor: Actor, slug: str, name: str, unit: int, block: int, measured) -> Home:
    is_before = name.startswith("Gammelsen")
    party, user = _make_person(actor, slug, name)
    starts_at = MOVED_AT if name.startswith("Nyhusen") else MADE_AT
    tenancy = do_begin_tenancy(actor, MoveIn(party, "resident", starts_at, unit_id=unit), now=MADE_AT)
    if is_before:
        do_end_tenancy(actor, tenancy, ends_at=MOVED_AT, now=MADE_AT)
    point, series, meter, register = measured
    return Home(party, user, tenancy, unit, block, point, series, meter, register, name)


def _make_person(actor: Actor, slug: str, name: str) -> tuple[int, User]:
    user = User.objects.create_user(
        username=f"{name.lower()}", email=f"{name.lower()}@example.no", password="Fjellrev-2026"
    )
    party = _create(actor, Party(code=f"{slug}-{name}", name=f"Kari {name}", email=user.email))
    Party.objects.filter(pk=party).update(user=user)
    return party, user


def _make_house(actor: Actor, slug: str, marker: str, number: int) -> Home:
    house = _create(actor, Property(municipality="3110", gnr=11, bnr=number, address=f"{marker}veien 2"))
    party, user = _make_person(actor, slug, f"Villasen{number}")
    tenancy = do_begin_tenancy(actor, MoveIn(party, "subscriber", MADE_AT, property_id=house), now=MADE_AT)
    point, series, meter, register = _measure(actor, f"{slug}-house", "20000030", property_id=house)
    return Home(party, user, tenancy, 0, house, point, series, meter, register, f"Villasen{number}")


def _make_staff(actor: Actor, slug: str, role: Role) -> User:
    user = User.objects.create_user(
        username=f"{role.value}-{slug}", email=f"{role.value}@{slug}.example.no", password="Fjellrev-2026"
    )
    do_add_member(actor, user_id=user.pk, role=role, now=MADE_AT)
    return user


def write_hours(store: Store, town: Town, *, start: datetime, stop: datetime) -> None:
    """Write a measured hour of each household's own value (`LITRES`) for each hour of the period."""
    one = town.homes[Side.OWN].series
    frames = [
        _hours(one, start, min(stop, MOVED_AT), LITRES["before"]),
        _hours(one, max(start, MOVED_AT), stop, LITRES["own"]),
        _hours(town.homes[Side.NEIGHBOUR].series, start, stop, LITRES["neighbour"]),
        _hours(town.house.series, start, stop, LITRES["house"]),
    ]
    frame = pl.concat(frames)
    store.append("hourly", frame, writer=f"test {town.slug} {start:%Y%m%d%H}", batch=1)


def _hours(series: int, start: datetime, stop: datetime, value: int) -> pl.DataFrame:
    hours = pl.datetime_range(start, stop, "1h", closed="left", time_unit="us", time_zone="UTC", eager=True)
    count = len(hours)
    return pl.DataFrame(
        {
            "series": pl.Series([series] * count, dtype=pl.Int64),
            "hour": hours,
            "value": pl.Series([value] * count, dtype=pl.Int64),
            "quality": pl.Series([int(Quality.MEASURED)] * count, dtype=pl.Int16),
            "rule": pl.Series([""] * count, dtype=pl.String),
            "known_at": pl.Series([stop + timedelta(hours=1)] * count, dtype=pl.Datetime("us", "UTC")),
        }
    )


def write_readings(store: Store, town: Town, readings: list[tuple[int, datetime, int]]) -> None:
    """Write register readings: (register, at, value)."""
    frame = pl.DataFrame(
        {
            "register": pl.Series([row[0] for row in readings], dtype=pl.Int64),
            "at": pl.Series([row[1] for row in readings], dtype=pl.Datetime("us", "UTC")),
            "value": pl.Series([row[2] for row in readings], dtype=pl.Int64),
            "status": pl.Series([None] * len(readings), dtype=pl.Int64),
            "quality": pl.Series([int(Quality.MEASURED)] * len(readings), dtype=pl.Int16),
            "source": pl.Series(["test"] * len(readings), dtype=pl.String),
            "known_at": pl.Series([row[1] for row in readings], dtype=pl.Datetime("us", "UTC")),
        }
    )
    store.append("readings", frame, writer=f"test readings {town.slug}", batch=1)
