# SPDX-License-Identifier: Apache-2.0
"""A municipality to open pages of: the demonstration's world at any size, with its true use as stored values.

Telegrams of 4,000 meters over 13 months take the better part of an hour to send and take in, and pages read none of
them.  So this writes what derivation would have left: hours and days of every charged series (the truth of the
simulator, all measured), and the last days' readings.  Places, people, meters, alarms (sixty days of them), price
lists and invoices are made by the same services as the demonstration's.
"""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from avlest.simulate.contracts import World

ORGANISATION = "fjordvik"
SEED = 2026
HOMES_A_METER = 2960 / 4131
HOURS_KEPT = timedelta(days=395)
READINGS_KEPT = timedelta(days=3)
ALARM_DAYS = timedelta(days=60)
LOGIN_BATCH = 300
_UTC = pl.Datetime("us", "UTC")
_MEASURED = 50


def make_town(folder: Path, *, meters: int, now: datetime, is_bare: bool = False) -> None:
    """Make the municipality in `folder`, unless it is there; Django is set up for it either way.

    `is_bare`: places, people, meters and logins only.
    """
    is_there = (folder / "made").exists()
    start_django(folder)
    if is_there:
        return
    from avlest.cli.registry_commands import make_database
    from avlest.simulate.filling.registry import do_fill_registry
    from avlest.simulate.world import make_world

    begin = datetime(now.year - 2, 12, 31, 23, tzinfo=UTC)
    homes = round(meters * HOMES_A_METER)
    world = make_world(homes, SEED, start=begin, stop=now, eventful_from=now - timedelta(days=395))
    make_database(ORGANISATION, "Fjordvik kommune")
    do_fill_registry(get_actor(), world, known_at=now, now=now)
    series = make_series(world, now=now)
    print(f"{world.meters.height} meters, {series.height} series", flush=True)
    if not is_bare:
        store_use(world, series, now=now)
    make_states(now=now)
    make_logins(now=now)
    if not is_bare:
        settle_and_find(now=now)
    (folder / "made").touch()


def start_django(folder: Path) -> None:
    """Make the data directory and set Django up for it."""
    from avlest.project.directory import make_data_dir

    if not (folder / "avlest.toml").exists():
        make_data_dir(folder)
    os.environ |= {"AVLEST_DATA": str(folder), "DJANGO_SETTINGS_MODULE": "avlest.project.settings"}
    os.environ["AVLEST_LOGIN__REQUIRE_SECOND_FACTOR"] = "false"
    import django

    django.setup()


def get_actor(username: str = "") -> Any:
    """Who acts in the municipality: the command line, or a person with a login."""
    from avlest.registry.access import access_actor, access_organisation_as_system
    from avlest.registry.services.accounts import get_user_id

    system = access_organisation_as_system(ORGANISATION, name="bench")
    return access_actor(get_user_id(username), system.organisation_id) if username else system


def get_store() -> Any:
    """The store of the data directory that Django is set up for."""
    from avlest.portal.store import get_store as get

    return get()


def make_series(world: World, *, now: datetime) -> pl.DataFrame:
    """Give every meter the register its medium is charged by; return `point` (of the world), `series`, `register`."""
    from avlest.registry.contracts import RegisterSpec
    from avlest.registry.frames import get_feeds_frame, get_series_frame
    from avlest.registry.media import get_media
    from avlest.registry.models import Installation, MeteringPoint
    from avlest.registry.services.series import do_ensure_registers

    media = get_media()
    placed = Installation.objects.filter(role="main").values_list("meter_id", "point__medium")
    specs = [RegisterSpec(meter, media[medium].quantity, media[medium].unit) for meter, medium in placed]
    do_ensure_registers(get_actor(), specs, now=now)
    codes = pl.DataFrame(list(MeteringPoint.objects.values_list("code", "pk")), schema=["code", "pk"], orient="row")
    points = world.points.select("point", "code").join(codes, on="code").select("point", pk=pl.col("pk"))
    series = get_series_frame().filter(pl.col("role") == "main").select("series", pk="point")
    feeds = get_feeds_frame().sort("starts_at").unique("series", keep="last").select("series", "register")
    return points.join(series, on="pk").join(feeds, on="series").select("point", "series", "register")


def store_use(world: World, series: pl.DataFrame, *, now: datetime) -> None:
    """Write days since the world began, the hours of the last 13 months, and registers of the last days."""
    from avlest.simulate.truth import iterate_usage

    store, kept, edge = get_store(), [], now - HOURS_KEPT
    pieces, batch = [], 0
    for piece in iterate_usage(world):
        pieces.append(piece.join(series, on="point").select("series", "hour", "value"))
        if sum(each.height for each in pieces) < 4_000_000:
            continue
        batch += 1
        kept.append(_store_hours(store, pl.concat(pieces), edge, batch, now=now))
        pieces = []
    kept.append(_store_hours(store, pl.concat(pieces), edge, batch + 1, now=now))
    days = pl.concat(kept).group_by("series", "day").agg(_sum_parts())
    store.append("daily", days.with_columns(known_at=pl.lit(now).cast(_UTC)), writer="bench", batch=1)
    _store_registers(store, series, now=now)
    for table in ("hourly", "daily", "readings"):
        for period, bucket in store.list_partitions(table):
            store.compact(table, month=period, bucket=bucket)


def _store_hours(store: Any, hours: pl.DataFrame, edge: datetime, batch: int, *, now: datetime) -> pl.DataFrame:
    """Write the hours since `edge`; return the days of all of them (a day at the end of a piece comes in parts)."""
    known = {"quality": pl.lit(_MEASURED, pl.Int16), "rule": pl.lit(""), "known_at": pl.lit(now).cast(_UTC)}
    recent = hours.filter(pl.col("hour") >= edge)
    if recent.height:
        store.append("hourly", recent.with_columns(**known), writer="bench", batch=batch)
    local = pl.col("hour").dt.convert_time_zone("Europe/Oslo")
    value = pl.col("value")
    return (
        hours.with_columns(day=local.dt.date(), clock=local.dt.hour())
        .group_by("series", "day")
        .agg(
            value.sum(),
            quality=pl.lit(_MEASURED, pl.Int16),
            min_hour=value.min(),
            max_hour=value.max(),
            zero_hours=(value == 0).sum().cast(pl.Int16),
            night_value=value.filter(pl.col("clock").is_between(2, 4)).sum(),
            hours_measured=pl.len().cast(pl.Int16),
        )
    )


def _sum_parts() -> list[pl.Expr]:
    """How the parts of a day make the day."""
    return [
        pl.col("value").sum(),
        pl.col("quality").first(),
        pl.col("min_hour").min(),
        pl.col("max_hour").max(),
        pl.col("zero_hours").sum(),
        pl.col("night_value").sum(),
        pl.col("hours_measured").sum(),
    ]


def _store_registers(store: Any, series: pl.DataFrame, *, now: datetime) -> None:
    """Write what each register showed at the full hours of the last days."""
    start = now - READINGS_KEPT
    hours = store.read_range("hourly", ids=None, start=start, stop=now).join(series, on="series").sort("series", "hour")
    frame = hours.select(
        "register",
        at=pl.col("hour") + pl.duration(hours=1),
        value=pl.col("value").cum_sum().over("series") + 100_000_000,
        quality=pl.lit(_MEASURED, pl.Int16),
        source=pl.lit("bench"),
        known_at=pl.col("hour") + pl.duration(hours=1),
    )
    store.append("readings", frame, writer="bench", batch=1)


def make_states(*, now: datetime) -> None:
    """What collection would have noted of each meter."""
    from avlest.collect.models import MeterState
    from avlest.registry.models import Meter

    MeterState.objects.bulk_create(
        MeterState(
            manufacturer=manufacturer, serial=serial, first_heard_at=now - HOURS_KEPT, last_heard_at=now,
            last_read_at=now, heard=1, kept=1, outcome="decoded",
        )
        for manufacturer, serial in Meter.objects.values_list("manufacturer", "serial")
    )  # fmt: skip


def make_logins(*, now: datetime) -> None:
    """Give staff and residents who live here now a login each."""
    from django.test import override_settings

    from avlest.registry.models import Tenancy
    from avlest.registry.rights import Role
    from avlest.registry.services.accounts import Account, do_make_account

    here = Tenancy.objects.filter(ends_at__isnull=True, party__kind="person").order_by("pk")
    parties = list(dict.fromkeys(here.values_list("party_id", flat=True)))
    accounts = [Account(f"beboer{at}", Role.RESIDENT, f"Beboer {at}", party_id=one) for at, one in enumerate(parties)]
    step = max(1, len(accounts) // LOGIN_BATCH)
    staff = (("drift", Role.OPERATOR), ("avregning", Role.BILLING), ("admin", Role.ADMINISTRATOR))
    accounts = accounts[::step] + [Account(name, role, name.title()) for name, role in staff]
    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
        for account in accounts:
            do_make_account(get_actor(), account, "Fjellrev-2026", now=now)
    print(f"{len(accounts)} logins", flush=True)


def settle_and_find(*, now: datetime) -> None:
    """Settle last year, and find the alarms of the last sixty days."""
    from avlest.insight.services.finding import do_find_alarms
    from avlest.settlement.services.year import do_begin_and_settle

    store = get_store()
    made = do_begin_and_settle(get_actor("avregning"), get_actor("admin"), year=now.year - 1, store=store, now=now)
    print(f"{made.invoices} invoices", flush=True)
    print(do_find_alarms(store, now=now).describe(), flush=True)


def make_sessions(usernames_like: str, count: int) -> list[str]:
    """Session keys of `count` people who have signed in."""
    from django.conf import settings
    from django.test import Client

    from avlest.registry.models import User

    keys = []
    for user in User.objects.filter(username__startswith=usernames_like).order_by("pk")[:count]:
        client = Client()
        client.force_login(user)
        keys.append(client.cookies[settings.SESSION_COOKIE_NAME].value)
    return keys


def derive_today(now: datetime) -> date:
    """The local day of the measurement."""
    from avlest.readings.calendar import derive_local_day

    return derive_local_day(now)
