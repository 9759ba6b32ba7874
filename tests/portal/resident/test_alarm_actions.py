# SPDX-License-Identifier: Apache-2.0
"""What a resident does about alarms: fixed, quiet, own limits, absence, channels, and the link without login."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import signing
from django.test import Client
from django.utils import timezone

from avlest.insight.links import make_token, read_link
from avlest.insight.models import Absence, Alarm, Browser, OwnLimit, Wishes
from avlest.insight.services.leaving import do_end_left
from avlest.registry.models import AuditEntry, Party
from tests.portal.matrix.samplers.resident import make_absence, make_alarm, make_own_limit
from tests.portal.resident.support import text_of
from tests.portal.world import MOVED_AT, Side


@pytest.fixture
def alarm(world):
    """An alarm of the household that is still open."""
    number = make_alarm(world, Side.OWN)
    Alarm.objects.filter(pk=number).update(cleared_at=None)
    return number


def test_i_have_fixed_it_is_kept_with_a_note(client, alarm):
    answer = client.post(f"/varsler/{alarm}/ordnet/", {"note": "Ny pakning i sisternen"}, follow=True)
    row = Alarm.objects.get(pk=alarm)
    assert row.fixed_at is not None
    assert row.note == "Ny pakning i sisternen"
    assert "Meldt som ordnet" in text_of(answer)
    assert AuditEntry.objects.filter(action="fix").exists()


def test_one_leak_of_two_kinds_reads_as_one(client, alarm):
    """One line, on the first page and in the list, that names the other; "fixed" is said of both."""
    row = Alarm.objects.get(pk=alarm)
    row.pk, row.kind, row.severity = None, "night_flow", "notice"
    row.save(force_insert=True)
    for path in ("/", "/varsler/"):
        page = text_of(client.get(path))
        assert page.count("Den samme lekkasjen viser seg også som") == 1
        assert f"/varsler/{row.pk}/" in page
    client.post(f"/varsler/{alarm}/ordnet/", {"note": ""})
    row.refresh_from_db()
    assert row.fixed_at is not None


def test_an_alarm_is_quiet_for_as_long_as_asked(client, alarm):
    client.post(f"/varsler/{alarm}/utsett/", {"days": "7"})
    until = Alarm.objects.get(pk=alarm).snoozed_until
    assert until is not None
    assert timedelta(days=6, hours=23) < until - timezone.now() <= timedelta(days=7)


@pytest.mark.parametrize("days", ["", "400", "x"])
def test_another_time_is_an_error_at_the_field(client, alarm, days):
    answer = client.post(f"/varsler/{alarm}/utsett/", {"days": days})
    assert answer.status_code == 422
    assert "id_days_error" in text_of(answer)
    assert Alarm.objects.get(pk=alarm).snoozed_until is None


def test_who_has_moved_out_sees_the_old_alarm_and_changes_nothing(left, world):
    number = make_alarm(world, Side.BEFORE)
    Alarm.objects.filter(pk=number).update(cleared_at=None)
    assert "Jeg har ordnet det" not in text_of(left.get(f"/varsler/{number}/"))
    answer = left.post(f"/varsler/{number}/ordnet/", {"note": ""}, follow=True)
    assert "ikke mer å gjøre" in text_of(answer)
    assert Alarm.objects.get(pk=number).fixed_at is None


def test_an_alarm_of_others_is_not_there_to_be_fixed(client, world):
    number = make_alarm(world, Side.NEIGHBOUR)
    assert client.post(f"/varsler/{number}/ordnet/", {"note": ""}).status_code == 404


def test_a_limit_is_set_shown_and_removed(client, home):
    client.post("/varsler/grenser/", {"point": home.point, "span": "day", "limit": "400,5"})
    row = OwnLimit.objects.get(series_id=home.series)
    assert (row.limit, row.span, row.ends_at) == (400_500, "day", None)
    assert "Kaldtvann: 401 liter på et døgn" in text_of(client.get("/varsler/grenser/"))
    client.post(f"/varsler/grenser/{row.pk}/slutt/")
    row.refresh_from_db()
    assert row.ends_at is not None


@pytest.mark.parametrize(
    ("typed", "error"),
    [
        ({"span": "day", "limit": "abc"}, "Skriv et tall"),
        ({"span": "day", "limit": "0"}, "id_limit_error"),
        ({"span": "week", "limit": "400"}, "id_span_error"),
        ({"span": "day", "limit": "400", "point": "999999"}, "id_point_error"),
        ({"leaves": "32.13.2026"}, "Skriv en dato"),
        ({"leaves": "2001-01-01"}, "fra en uke tilbake"),
        ({"leaves": "2026-11-23", "returns": "2001-01-01"}, "Du kommer tilbake etter"),
    ],
)
def test_what_is_wrong_with_a_limit_or_absence_is_named_and_kept(client, home, typed, error):
    answer = client.post("/varsler/grenser/", {"point": home.point, **typed} if "leaves" not in typed else typed)
    page = text_of(answer)
    assert answer.status_code == 422
    assert error in page
    assert all(f'value="{typed[name]}"' in page for name in ("limit", "leaves") if name in typed)
    assert not OwnLimit.objects.exists()
    assert not Absence.objects.exists()


def test_a_limit_of_the_household_before_is_not_shown_and_not_theirs_to_end(client, world):
    """The same series, but set before the move: it would tell how the predecessor lived."""
    number = make_own_limit(world, Side.BEFORE)
    OwnLimit.objects.filter(pk=number).update(ends_at=None)
    assert "400 liter" not in text_of(client.get("/varsler/grenser/"))
    assert client.post(f"/varsler/grenser/{number}/slutt/").status_code == 404


def test_nobody_at_home_is_noted_for_all_that_is_measured_and_ended(client, home):
    today = timezone.localdate()
    client.post("/varsler/grenser/", {"leaves": today.isoformat(), "returns": ""})
    row = Absence.objects.get(point_id=home.point)
    assert row.ends_at is None
    assert "Jeg er tilbake" in text_of(client.get("/varsler/grenser/"))
    Absence.objects.filter(pk=row.pk).update(starts_at=timezone.now() - timedelta(hours=2))
    client.post(f"/varsler/fravaer/{row.pk}/slutt/")
    row.refresh_from_db()
    assert row.ends_at is not None


def test_an_absence_of_the_household_before_is_not_theirs(client, world):
    assert client.post(f"/varsler/fravaer/{make_absence(world, Side.BEFORE)}/slutt/").status_code == 404


CHANNELS = {"email": "ny@example.no", "phone": "+47 900 00 000", "roads": ["email", "sms"], "quiet_from": "23",
            "quiet_to": "6", "mutes": ["high_day"]}  # fmt: skip


def test_channels_quiet_hours_and_contact_are_kept(client, home):
    assert client.post("/meg/kanaler/", CHANNELS).status_code == 302
    row = Wishes.objects.get(party_id=home.party)
    assert (row.without, row.mutes, row.quiet_from, row.quiet_to) == (["push"], ["high_day"], 23, 6)
    party = Party.objects.get(pk=home.party)
    assert (party.email, party.phone) == ("ny@example.no", "+4790000000")
    assert 'value="ny@example.no"' in text_of(client.get("/meg/kanaler/"))


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"roads": []}, "Velg minst én"),
        ({"roads": ["sms"], "phone": ""}, "Du har valgt å bli varslet slik"),
        ({"phone": "ring meg"}, "Skriv et telefonnummer"),
        ({"email": "ikke en adresse"}, "id_email_error"),
        ({"quiet_from": "25"}, "id_quiet_from_error"),
        ({"mutes": ["burst"]}, "id_mutes_error"),
    ],
)
def test_nobody_can_make_themselves_unreachable(client, changed, error):
    """A burst cannot be muted, and one road at least must be open, with its address."""
    answer = client.post("/meg/kanaler/", CHANNELS | changed)
    assert answer.status_code == 422
    assert error in text_of(answer)
    assert not Wishes.objects.exists()


def test_a_browser_is_kept_and_forgotten(client, home):
    keys = {"endpoint": "https://push.example.no/1", "keys": {"p256dh": "abc", "auth": "def"}}
    assert client.post("/meg/kanaler/enhet/", keys, content_type="application/json").status_code == 200
    assert Browser.objects.get().user == home.user
    client.post("/meg/kanaler/enheter/slutt/")
    assert not Browser.objects.exists()


@pytest.mark.parametrize(
    "sent", [{}, [], {"endpoint": "http://x", "keys": {"p256dh": "a", "auth": "b"}}, {"endpoint": "https://x"}]
)
def test_what_is_no_subscription_is_refused(client, sent):
    assert client.post("/meg/kanaler/enhet/", sent, content_type="application/json").status_code == 400
    assert not Browser.objects.exists()


def test_the_link_opens_one_alarm_without_login_and_without_hours(client, alarm):
    """What it is, since when, what to check; no chart, no link to hours, kept by no cache."""
    answer = Client(HTTP_ACCEPT_LANGUAGE="nb").get(f"/alarm/{make_token(alarm)}")
    page = text_of(answer)
    assert answer.status_code == 200
    assert "Vannet renner hele døgnet" in page
    assert "<svg" not in page.split("<main")[1]
    assert "/forbruk/" not in page
    assert "Jeg har ordnet det" not in page
    assert answer["Cache-Control"] == "private, no-store"
    assert answer["Referrer-Policy"] == "no-referrer"


def test_a_changed_old_or_foreign_link_opens_nothing(client, alarm, monkeypatch):
    token = make_token(alarm)
    for bad in (token[:-1], "x", signing.dumps(alarm, salt="else")):
        answer = Client().get(f"/alarm/{bad}")
        assert answer.status_code == 410
        assert "Vikmark" not in text_of(answer)
    now = timezone.now().timestamp()
    monkeypatch.setattr("django.core.signing.time.time", lambda: now + 8 * 24 * 3600)
    assert read_link(token) is None
    assert Client().get(f"/alarm/{token}").status_code == 410


def test_a_link_from_before_the_move_tells_nothing_of_after(client, world, monkeypatch):
    """An alarm that goes on over the move is cut at the time of whoever was told."""
    number = make_alarm(world, Side.BEFORE)
    Alarm.objects.filter(pk=number).update(last_at=MOVED_AT + timedelta(days=3), cleared_at=None, amount=288_000)
    then = (MOVED_AT - timedelta(days=1)).timestamp()
    monkeypatch.setattr("django.core.signing.time.time", lambda: then)
    token = make_token(number)
    page = text_of(Client(HTTP_ACCEPT_LANGUAGE="nb").get(f"/alarm/{token}"))
    monkeypatch.undo()
    assert "Vannet renner hele døgnet" in page
    assert "288 liter" not in page


def test_limits_and_absences_end_when_somebody_else_moves_in(client, world):
    """Those of the household before end with the move; those of the one who lives there stay."""
    limits = {side: make_own_limit(world, side) for side in (Side.BEFORE, Side.NEIGHBOUR)}
    OwnLimit.objects.update(ends_at=None)
    absence = make_absence(world, Side.BEFORE)
    Absence.objects.filter(pk=absence).update(ends_at=None)
    now = timezone.now()
    assert do_end_left(now=now) == 2
    assert OwnLimit.objects.get(pk=limits[Side.BEFORE]).ends_at == MOVED_AT
    assert Absence.objects.get(pk=absence).ends_at == MOVED_AT
    assert OwnLimit.objects.get(pk=limits[Side.NEIGHBOUR]).ends_at is None
    assert do_end_left(now=now) == 0
