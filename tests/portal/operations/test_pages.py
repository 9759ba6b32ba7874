# SPDX-License-Identifier: Apache-2.0
"""Alarms by cause, coverage, gateways, zones, messages, the service: what is shown and what is not."""

from __future__ import annotations

import json
import re
from datetime import date, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from avlest.collect.models import GatewayState, Reach
from avlest.insight.infos import AlarmInfo, AlarmState
from avlest.insight.models import Alarm, CoverageDay, Message, SilencedMeter, ZoneNight, ZonePeriod
from avlest.portal.operations.alarms import group_by_cause
from avlest.portal.operations.gateways import count_alone
from avlest.portal.operations.words import JOBS
from avlest.readings.calendar import derive_local_day
from avlest.registry.models import Gateway, Meter
from avlest.registry.rights import Role
from avlest.service.backup.record import BackupRecord, note_backup, read_last_backup
from avlest.service.jobs.declared import get_declared_jobs
from tests.portal.operations.support import make_alarm, text_of
from tests.portal.world import Side


def test_the_first_page_says_what_is_the_matter(client, fleet):
    page = text_of(client.get("/drift/"))
    assert "Svært mye vann på kort tid" in page
    assert "En mottaker er stille" in page
    assert "Nesmark" not in page


def test_hundreds_of_silent_meters_of_one_gateway_are_one_alarm(client, fleet):
    """The gateway's alarm stands for them; its page lists them."""
    town = fleet.vik
    alarm = Alarm.objects.get(kind="gateway_silent", organisation_id=town.id)
    rows = [Meter(organisation_id=town.id, manufacturer="KAM", serial=f"{50_000_000 + n}") for n in range(400)]
    Meter.objects.bulk_create(rows)
    meters = Meter.objects.filter(serial__startswith="50000")
    SilencedMeter.objects.bulk_create([SilencedMeter(alarm=alarm, meter=meter) for meter in meters])
    Alarm.objects.filter(pk=alarm.pk).update(count=401)
    page = text_of(client.get("/drift/varsler/"))
    assert page.count("En mottaker er stille") == 2  # the heading, and the button's name for screen readers
    assert "401 målere" in page
    page = text_of(client.get(f"/drift/varsler/{alarm.pk}/"))
    assert "Vikmarkveien 2" in page
    assert "1 av 401 vises" in page


def test_alarms_of_one_kind_and_cause_are_together_and_the_worst_first(now):
    def make(number: int, kind: str, severity: str, rate: int) -> AlarmInfo:
        values = dict.fromkeys(
            ("cleared_at", "amount", "cost", "yearly_amount", "cost_per_year", "point_id", "series_id", "meter_id",
             "gateway_id", "zone_id", "acknowledged_at", "fixed_at", "snoozed_until")
        )  # fmt: skip
        texts = dict.fromkeys(("evidence", "detail", "place", "cause_key", "acknowledged_by", "fixed_by", "note"), "")
        return AlarmInfo(
            id=number, organisation_id=1, scope="series", subject=number, kind=kind, severity=severity,
            state=AlarmState.OPEN, since=now, opened_at=now, last_at=now, cause="cistern", advice=(), unit="l",
            rate=rate, count=2, **values, **texts,
        )  # fmt: skip

    alarms = [make(n, "continuous_flow", "warning", n) for n in range(30)] + [make(99, "burst", "critical", 5)]
    first, second = group_by_cause(alarms, most=20)
    assert (first.kind, first.total, first.meters) == ("burst", 1, 2)
    assert (second.total, second.meters, len(second.alarms), second.unseen) == (30, 60, 20, 30)
    assert second.first.rate == 29


def test_only_alarms_that_are_listed_are_read_whole(client, fleet, now):
    """Hundreds are open at once: they are counted and ordered from a few columns."""
    home = fleet.vik.homes[Side.OWN]
    client.get("/drift/")
    with CaptureQueriesContext(connection) as few:
        client.get("/drift/")
    for at in range(30):
        make_alarm(fleet, home, now, scope="meter", subject=1000 + at, point_id=None, series_id=None)
    with CaptureQueriesContext(connection) as many:
        page = text_of(client.get("/drift/"))
    assert "31 varsler" in page or "30 varsler" in page
    assert len(many) == len(few)
    whole = [each["sql"] for each in many if '"insight_alarm"."detail"' in each["sql"]]
    assert len(whole) == 1
    assert re.search(r'"id" IN \([\d, ]{1,60}\)', whole[0])


def test_an_alarm_is_acknowledged_with_a_note(client, fleet, now):
    """The note and who wrote it are shown, and the audit log has it."""
    alarm = make_alarm(fleet, fleet.vik.homes[Side.OWN], now)
    answer = client.post(f"/drift/varsler/{alarm.pk}/", {"note": "Rørlegger er bestilt"})
    assert answer.status_code == 302
    alarm.refresh_from_db()
    assert alarm.acknowledged_at is not None
    page = text_of(client.get(f"/drift/varsler/{alarm.pk}/"))
    assert "Rørlegger er bestilt" in page
    assert "operator-vik" in page


def test_a_note_that_is_too_long_stays_with_its_error(client, fleet, now):
    alarm = make_alarm(fleet, fleet.vik.homes[Side.OWN], now)
    answer = client.post(f"/drift/varsler/{alarm.pk}/", {"note": "x" * 501})
    assert answer.status_code == 422
    assert "x" * 501 in text_of(answer)
    assert 'aria-invalid="true"' in text_of(answer)


def test_all_of_one_cause_are_acknowledged_at_once(client, fleet, now):
    one = make_alarm(fleet, fleet.vik.homes[Side.OWN], now)
    other = make_alarm(fleet, fleet.vik.homes[Side.NEIGHBOUR], now)
    drip = make_alarm(fleet, fleet.vik.house, now, cause="drip")
    foreign = make_alarm(fleet, fleet.nes.homes[Side.OWN], now)
    Alarm.objects.filter(pk=foreign.pk).update(organisation_id=fleet.nes.id)
    client.post("/drift/varsler/kvitter/", {"kind": "continuous_flow", "cause": "cistern"})
    seen = set(Alarm.objects.filter(acknowledged_at__isnull=False).values_list("pk", flat=True))
    assert seen == {one.pk, other.pk}
    assert drip.pk not in seen


def test_ended_alarms_have_a_page_of_their_own(client, fleet, now):
    make_alarm(fleet, fleet.vik.homes[Side.OWN], now, cleared_at=now)
    assert "Vannet renner hele døgnet" not in text_of(client.get("/drift/varsler/"))
    assert "Vannet renner hele døgnet" in text_of(client.get("/drift/varsler/?state=over"))


def test_coverage_has_a_row_for_each_road_and_its_history(client, world, now):
    today = derive_local_day(now)
    for back, received in ((1, 12), (2, 24)):
        for dimension, key in (("road", "wmbus"), ("all", ""), ("gateway", str(world.vik.gateway))):
            CoverageDay.objects.create(
                organisation_id=world.vik.id, dimension=dimension, key=key, day=today - timedelta(days=back), meters=1,
                heard=1, expected=24, received=received,
            )  # fmt: skip
    page = text_of(client.get("/drift/dekning/"))
    assert "Radio (wM-Bus)" in page
    assert "50,0 %" in page
    assert "75,0 %" in page
    assert "<svg" in page
    rows = client.get("/drift/dekning/?by=gateway&format=csv").content.decode("utf-8-sig").splitlines()
    assert rows[1].split(";") == ["vik-gw", "1", "1", "50,0", "75,0", "12"]
    assert client.get("/drift/dekning/?by=x&days=x&key=x").status_code == 200


def test_gateways_show_whom_they_alone_hear(client, world, now):
    """Two hear H0101, one of them alone the house; one has been silent for two days."""
    Gateway.objects.create(organisation_id=world.vik.id, code="vik-2", name="Tårnet", kind="wmbus")
    GatewayState.objects.create(source="a", code="vik-gw", first_heard_at=now, last_heard_at=now, heard=300, rssi=-60.0)
    late = now - timedelta(days=2)
    GatewayState.objects.create(source="b", code="vik-2", first_heard_at=late, last_heard_at=late, heard=100)
    for home, codes in ((world.vik.homes[Side.OWN], ("vik-gw", "vik-2")), (world.vik.house, ("vik-gw",))):
        meter = Meter.objects.get(pk=home.meter)
        for code in codes:
            Reach.objects.create(manufacturer=meter.manufacturer, serial=meter.serial, gateway=code, last_on=now.date())
    rows = client.get("/drift/portnere/?format=csv&sort=name").content.decode("utf-8-sig").splitlines()
    tower, mast = (row.split(";") for row in rows[1:])
    assert (tower[0], tower[5], tower[7]) == ("Tårnet", "25,0", "0")
    assert (mast[0], mast[5], mast[7]) == ("vik-gw", "75,0", "1")
    assert "1 mottaker er ikke hørt på et døgn" in text_of(client.get("/drift/portnere/"))


def test_meters_heard_by_one_are_counted_for_it(world):
    import polars as pl

    reach = pl.DataFrame({"manufacturer": ["KAM"] * 4, "serial": ["1", "1", "2", "3"], "gateway": ["a", "b", "a", "b"]})
    assert count_alone(reach) == {"a": 1, "b": 1}


def test_a_zone_shows_its_month_and_nights(client, world, now):
    zone, today = world.vik.zone, derive_local_day(now)
    last_month = (today.replace(day=1) - timedelta(days=1)).replace(day=1)
    ZonePeriod.objects.create(
        organisation_id=world.vik.id, zone_id=zone, span="month", starts_on=last_month, days=30, supplied=1_000_000_000,
        metered=800_000_000, metered_margin=1_000_000, unmetered=0, non_revenue=200_000_000, margin=9_000_000,
        coverage=1.0,
    )  # fmt: skip
    ZonePeriod.objects.create(
        organisation_id=world.vik.id, zone_id=zone, span="day", starts_on=today - timedelta(days=1), days=1,
        supplied=33_000_000, metered=30_000_000, metered_margin=0, unmetered=0, non_revenue=3_000_000, margin=1,
        coverage=1.0,
    )  # fmt: skip
    ZoneNight.objects.create(
        organisation_id=world.vik.id, zone_id=zone, day=today, hours=2, inflow=500_000, metered=200_000, assumed=50_000,
        coverage=0.97, leak=250_000, margin=20_000, daily_leak=6_000_000, daily_margin=480_000,
    )  # fmt: skip
    page = text_of(client.get("/drift/soner/"))
    assert "Vikmarksonen" in page
    assert "20,0 %" in page
    page = text_of(client.get(f"/drift/soner/{zone}/"))
    assert "250 liter/time" in page
    assert "200 m³" in page
    assert page.count("<figure") == 2
    assert client.get(f"/drift/soner/{world.nes.zone}/").status_code == 404


def test_messages_that_failed_say_why(client, world, now):
    values = {"organisation_id": world.vik.id, "channel": "sms", "body": "x", "subject": "Lekkasje", "due_at": now}
    Message.objects.create(key="1", name="Kari", state="failed", error="no such number", made_at=now, **values)
    Message.objects.create(key="2", name="Ola", state="sent", made_at=now, **values)
    Message.objects.create(key="3", name="Gamle", state="failed", made_at=now - timedelta(days=60), **values)
    page = text_of(client.get("/drift/tjeneste/meldinger/"))
    assert "no such number" in page
    assert "Sendt 1" in page
    assert "Gamle" not in page


@pytest.mark.parametrize("path", ["/drift/tjeneste/", "/drift/tjeneste/lagring/", "/drift/tjeneste/jobber/"])
def test_the_pages_of_the_service_are_there(client, path):
    assert client.get(path).status_code == 200


def test_where_organisations_share_an_installation_its_parts_are_for_who_runs_it(client, world):
    """Tables and sources belong to all; an operator of one organisation sees totals only."""
    assert "hourly" not in text_of(client.get("/drift/tjeneste/lagring/"))
    root = Client(HTTP_ACCEPT_LANGUAGE="nb")
    root.force_login(world.root)
    assert "hourly" in text_of(root.get("/drift/tjeneste/lagring/"))


def test_the_age_of_the_backup_is_shown(client, settings, tmp_path, now):
    settings.DATA_DIR = tmp_path
    assert "ingen ennå" in text_of(client.get("/drift/tjeneste/lagring/"))
    note_backup(tmp_path, BackupRecord(now - timedelta(hours=3), "/mnt/backup", 5_000_000))
    page = text_of(client.get("/drift/tjeneste/lagring/"))
    assert "5,0 MB" in page
    assert 'data-state="late"' not in page
    (tmp_path / "last-backup.json").write_text(json.dumps({"made_at": "x"}))
    assert read_last_backup(tmp_path) is None


@pytest.mark.parametrize("role", [Role.BILLING, Role.MANAGER, Role.CARETAKER, Role.INSTALLER])
def test_others_have_no_business_here(world, store, role):
    client = Client()
    client.force_login(world.vik.staff[role])
    assert client.get("/drift/").status_code == 403


def test_dates_are_those_of_oslo(client, world):
    """A day of coverage is a local day."""
    CoverageDay.objects.create(
        organisation_id=world.vik.id, dimension="road", key="han", day=date(2001, 1, 1), meters=1, heard=1, expected=1,
        received=1,
    )  # fmt: skip
    assert "HAN-port" not in text_of(client.get("/drift/dekning/"))


def test_every_job_of_the_service_has_a_name_for_readers():
    """A code on the page of jobs says nothing to who runs the service."""
    named = {job.name for job in get_declared_jobs()}
    assert named
    assert named <= set(JOBS)
