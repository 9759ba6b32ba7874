# SPDX-License-Identifier: Apache-2.0
"""Settlement, meters, moving, faults, one's own data."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from avlest.collect.models import Packet
from avlest.insight.models import Message
from avlest.portal.models import AccessLog
from avlest.portal.resident.inbox import (
    access_faults,
    access_moves,
    access_requests,
    do_accept_move,
    do_answer_fault,
    do_answer_request,
)
from avlest.portal.resident.models import Fault, MoveNotice, PrivacyRequest
from avlest.registry.models import Document, Party, Tenancy
from avlest.registry.rights import AccessDeniedError
from avlest.settlement.models import Expected
from tests.portal.matrix.samplers.resident import make_fault, make_invoice, make_move, make_privacy_request
from tests.portal.resident.support import make_png, text_of, write_days
from tests.portal.world import MOVED_AT, Side, write_hours, write_readings


def upload(content: bytes, name: str = "bilde.png") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, content_type="image/png")


def test_the_settlement_shows_what_is_running_and_what_is_closed(client, world, home):
    number = make_invoice(world, Side.OWN)
    from avlest.settlement.models import Account

    account = Account.objects.get(party_id=home.party)
    today = timezone.localdate()
    Expected.objects.create(
        organisation_id=world.vik.id, account=account, year=today.year, through=today, used=83_400, projected=120_000,
        advance=100_000, balance=-64_000, made_at=timezone.now(),
    )  # fmt: skip
    page = text_of(client.get("/avregning/"))
    assert "640 kr" in page
    assert "til gode" in page
    assert "83,4 m³" in page
    assert f"Så langt i {today.year}" in page
    assert f"/fakturaer/{number}/" in page
    assert "1 000,00 kr" in page


def test_who_is_not_settled_with_is_told_so(client):
    assert "avregnes ikke direkte med deg" in text_of(client.get("/avregning/"))


def test_no_register_value_is_shown_on_the_page_of_meters(client, store, world, home):
    """A register tells what was used before: a resident could subtract (rules §8.3)."""
    write_readings(store, world.vik, [(home.register, timezone.now() - timedelta(hours=1), 123_456_000)])
    page = text_of(client.get("/maalere/"))
    assert "Sist mottatt" in page
    assert "123,5" not in page
    assert "123 456" not in page


def test_who_moved_out_may_send_the_reading_of_the_last_day_and_none_after(left, home):
    page = text_of(left.get("/maalere/"))
    assert "Der du bodde før" in page
    day = (MOVED_AT - timedelta(hours=12)).date()
    lately = timezone.localdate() - timedelta(days=30)
    for asked, error in ((lately, "Du bodde ikke der den dagen"), (day, "eldre enn ett år")):
        answer = left.post(f"/maalere/{home.point}/avlesning/", {"value": "12", "day": asked.isoformat()})
        assert answer.status_code == 422
        assert error in text_of(answer)
    assert not Packet.objects.exists()


@pytest.mark.parametrize(("value", "error"), [("499", "lavere enn"), ("900", "langt mer enn vanlig")])
def test_an_odd_reading_is_asked_about_once_and_then_taken(client, store, world, home, value, error):
    now = timezone.now()
    write_readings(store, world.vik, [(home.register, now - timedelta(hours=3), 500_000_000)])
    write_days(store, {home.series: 300_000}, timezone.localdate() - timedelta(days=20), 19, known_at=now)
    sent = {"value": value, "day": timezone.localdate().isoformat()}
    answer = client.post(f"/maalere/{home.point}/avlesning/", sent)
    assert answer.status_code == 422
    assert error in text_of(answer)
    assert not Packet.objects.exists()
    assert 'name="confirm" value="on"' in text_of(answer)
    client.post(f"/maalere/{home.point}/avlesning/", sent | {"confirm": "on"})
    assert Packet.objects.count() == 1


def test_a_reading_may_be_a_photo_alone_whose_position_is_gone(client, home):
    sent = {"day": timezone.localdate().isoformat(), "photo": upload(make_png())}
    assert client.post(f"/maalere/{home.point}/avlesning/", sent).status_code == 302
    kept = Document.objects.get()
    assert kept.kind == "photo_value"
    with kept.file.open("rb") as file:
        assert b"GPS" not in file.read()
    assert Fault.objects.get().photo == kept
    assert not Packet.objects.exists()


@pytest.mark.parametrize(
    ("content", "error"),
    [(b"", "tom"), (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "tas ikke"), (b"\xff\xd8\xff\xe1", "kan ikke leses"),
     (b"%PDF-1.7", "tas ikke")],
)  # fmt: skip
def test_what_is_no_photo_is_refused_at_the_field(client, home, content, error):
    place = Tenancy.objects.get(party_id=home.party).pk
    sent = {"place": place, "kind": "leak", "text": "Det drypper", "photo": upload(content)}
    answer = client.post("/meld-feil/", sent)
    assert answer.status_code == 422
    assert error in text_of(answer)
    assert "Det drypper" in text_of(answer)
    assert not Fault.objects.exists()


def test_a_fault_is_sent_answered_and_seen(client, world, home):
    place = Tenancy.objects.get(party_id=home.party).pk
    sent = {"place": place, "kind": "leak", "text": "Det drypper fra måleren", "photo": upload(make_png())}
    assert client.post("/meld-feil/", sent).status_code == 302
    row = Fault.objects.get()
    photo = client.get(f"/meld-feil/{row.pk}/bilde/")
    assert photo["Content-Type"] == "image/png"
    assert b"IDAT" in photo.content
    assert b"GPS" not in photo.content
    staff = world.vik.actor
    assert access_faults(staff, is_open=True)[0].text == "Det drypper fra måleren"
    do_answer_fault(staff, row.pk, state="done", answer="Pakningen er byttet", now=timezone.now())
    page = text_of(client.get("/meld-feil/"))
    assert "Pakningen er byttet" in page
    assert "ferdig" in page
    assert access_faults(staff, is_open=True) == []


def test_faults_and_photos_of_others_are_not_there(client, world):
    for side in (Side.BEFORE, Side.NEIGHBOUR, Side.STRANGER):
        number = make_fault(world, side)
        assert client.get(f"/meld-feil/{number}/bilde/").status_code == 404
        assert client.post(f"/meld-feil/{number}/trekk/").status_code == 404


@pytest.mark.parametrize(
    ("changed", "error"),
    [({"text": "x"}, "id_text_error"), ({"kind": "war"}, "id_kind_error"), ({"place": "999999"}, "id_place_error")],
)
def test_a_fault_needs_words_kind_and_ones_own_place(client, home, changed, error):
    place = Tenancy.objects.get(party_id=home.party).pk
    answer = client.post("/meld-feil/", {"place": place, "kind": "leak", "text": "Det drypper"} | changed)
    assert answer.status_code == 422
    assert error in text_of(answer)


@pytest.fixture
def notice(client, home):
    """Notice of moving out in ten days, with somebody who takes over."""
    day = timezone.localdate() + timedelta(days=10)
    sent = {
        "place": home.tenancy, "day": day.isoformat(), "successor": "Per Nykommar",
        "successor_email": "per@example.no", "address": "Ny vei 1",
    }  # fmt: skip
    assert client.post("/flytte/", sent).status_code == 302
    return MoveNotice.objects.get()


def test_a_notice_has_a_receipt_for_both(client, home, notice):
    page = text_of(client.get(f"/flytte/{notice.pk}/"))
    assert "Per Nykommar" in page
    assert "Kommer når dagen er kommet." in page
    sent = {row.address: row for row in Message.objects.all()}
    assert set(sent) == {home.user.email, "per@example.no"}
    assert all("Vikmarkgata 1" in row.subject for row in sent.values())


def test_one_place_has_one_open_notice_and_it_can_be_taken_back(client, home, notice):
    again = {"place": home.tenancy, "day": (timezone.localdate() + timedelta(days=3)).isoformat()}
    answer = client.post("/flytte/", again)
    assert answer.status_code == 422
    assert "Trekk den meldingen først" in text_of(answer)
    client.post(f"/flytte/{notice.pk}/trekk/")
    assert MoveNotice.objects.get().state == "dropped"
    assert client.post("/flytte/", again).status_code == 302


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"day": "x"}, "Skriv en dato"),
        ({"day": "2001-01-01"}, "fra en måned tilbake"),
        ({"successor_email": "x"}, "id_successor_email_error"),
        ({"successor_phone": "x"}, "Skriv et telefonnummer"),
        ({"place": "999999"}, "id_place_error"),
    ],
)
def test_what_is_wrong_with_a_notice_is_named_and_kept(client, home, changed, error):
    day = (timezone.localdate() + timedelta(days=3)).isoformat()
    answer = client.post("/flytte/", {"place": home.tenancy, "day": day, "address": "Ny vei 1"} | changed)
    assert answer.status_code == 422
    assert error in text_of(answer)
    assert "Ny vei 1" in text_of(answer)


def test_accepting_a_notice_hands_the_place_over_on_the_day(client, world, home, notice):
    """The tenancy ends and the new one begins at the same instant; a second time is refused."""
    staff = world.vik.actor
    assert access_moves(staff, is_open=True)[0].successor == "Per Nykommar"
    begun = do_accept_move(staff, notice.pk, now=timezone.now())
    old, new = Tenancy.objects.get(pk=home.tenancy), Tenancy.objects.get(pk=begun)
    assert old.ends_at == new.starts_at
    assert new.party == Party.objects.get(name="Per Nykommar")
    with pytest.raises(ValueError, match="done"):
        do_accept_move(staff, notice.pk, now=timezone.now())


def test_moves_and_requests_of_others_are_not_there(client, world):
    for side in (Side.BEFORE, Side.NEIGHBOUR, Side.STRANGER):
        assert client.get(f"/flytte/{make_move(world, side)}/").status_code == 404
        assert client.post(f"/meg/krav/{make_privacy_request(world, side)}/trekk/").status_code == 404


def test_staff_without_the_right_answers_nothing(world):
    resident = world.nes.actor
    number = make_fault(world, Side.OWN)
    with pytest.raises(AccessDeniedError):
        do_answer_fault(resident, number, state="done", answer="", now=timezone.now())


def test_a_request_about_data_is_kept_answered_and_withdrawn(client, world, home):
    assert client.post("/meg/krav/", {"kind": "correction", "text": ""}).status_code == 422
    assert client.post("/meg/krav/", {"kind": "nothing"}).status_code == 422
    client.post("/meg/krav/", {"kind": "deletion", "text": "Slett alt"})
    row = PrivacyRequest.objects.get(party_id=home.party)
    assert access_requests(world.vik.actor)[0].text == "Slett alt"
    do_answer_request(world.vik.actor, row.pk, state="working", answer="Vi ser på det", now=timezone.now())
    assert "Vi ser på det" in text_of(client.get("/meg/krav/"))
    client.post(f"/meg/krav/{row.pk}/trekk/")
    row.refresh_from_db()
    assert row.state == "dropped"


def test_who_has_looked_is_shown_for_ones_own_time_only(client, left, world, home):
    for at, name in ((MOVED_AT - timedelta(days=3), "Gamle Drift"), (MOVED_AT + timedelta(days=3), "Nye Drift")):
        AccessLog.objects.create(
            organisation_id=world.vik.id, at=at, day=at.date(), user_id=99, name=name, roles="operator",
            point_id=home.point, what="hours", reason="Sak 42",
        )  # fmt: skip
    page = text_of(client.get("/meg/innsyn/"))
    assert "Nye Drift" in page
    assert "driftsoperatør" in page
    assert "Sak 42" in page
    assert "Gamle Drift" not in page
    assert "Nye Drift" not in text_of(left.get("/meg/innsyn/"))


def test_everything_as_a_file_holds_ones_own_time_and_no_more(client, store, world, home):
    """Hours before the move, other households' words and register values that could be subtracted are not in it."""
    write_readings(
        store, world.vik, [(home.register, MOVED_AT + timedelta(hours=n), 900_000_000 + 11_000 * n) for n in (1, 2)]
    )
    make_invoice(world, Side.OWN)
    make_fault(world, Side.OWN)
    answer = client.post("/meg/eksport/")
    assert answer["Content-Type"] == "application/zip"
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    texts = {name: archive.read(name).decode() for name in archive.namelist()}
    assert {"person.json", "places.json", "alarms.json", "consents.json", "looks.json", "invoices.json", "hourly.csv",
            "daily.csv", "readings.csv"} <= set(texts)  # fmt: skip
    assert json.loads(texts["person.json"])["contact"]["name"] == "Kari Nyhusen1"
    lines = texts["hourly.csv"].splitlines()
    assert len(lines) == 1 + 48
    assert all(line.split(",")[1] >= "2025-05-31T22:00:00Z" for line in lines[1:])
    assert {line.split(",")[2] for line in lines[1:]} == {"11000"}
    assert "900011000" not in texts["readings.csv"]
    whole = "".join(texts.values())
    assert not any(word in whole for word in ("Gammelsen", "Nabosen", "Nesmark", "7777"))


def test_the_file_is_made_a_few_times_an_hour(client):
    answers = [client.post("/meg/eksport/").status_code for _ in range(11)]
    assert answers[-1] == 429
    assert set(answers[:10]) == {200}


def test_hours_after_moving_out_are_not_in_the_file(left, store, world):
    write_hours(store, world.vik, start=MOVED_AT + timedelta(days=4), stop=MOVED_AT + timedelta(days=5))
    archive = zipfile.ZipFile(io.BytesIO(left.post("/meg/eksport/").content))
    lines = archive.read("hourly.csv").decode().splitlines()[1:]
    assert len(lines) == 48
    assert all(line.split(",")[1] < "2025-05-31T22:00:00Z" for line in lines)


def test_me_names_the_person_and_the_places(client):
    page = text_of(client.get("/meg/"))
    assert "Kari Nyhusen1" in page
    assert "Vikmarkgata 1, H0101" in page
