# SPDX-License-Identifier: Apache-2.0
"""Messages: to whom, in which words, previewed, sent once, with receipts."""

from __future__ import annotations

import csv
import io

import pytest
from django.test import Client

from avlest.insight.models import Campaign, Message
from avlest.registry.models import AuditEntry, MeteringPoint, Party
from avlest.registry.rights import Role
from tests.portal.world import Side

TEXT = {"subject_nb": "Vannet stenges", "body_nb": "Fredag kl. 9 til 11."}


def text_of(answer):
    return answer.content.decode().replace("\u00a0", " ")


@pytest.fixture
def board(world, store):
    client = Client(HTTP_ACCEPT_LANGUAGE="nb")
    client.force_login(world.vik.staff[Role.MANAGER])
    return client


def write(client, **fields):
    answer = client.post("/styre/meldinger/ny/", {"to": "all", **TEXT, **fields})
    assert answer.status_code == 303, text_of(answer)
    return Campaign.objects.latest("pk")


def test_a_draft_shows_whom_it_reaches_and_sends_nothing(board, world):
    """The preview counts by road and names those who cannot be reached."""
    Party.objects.filter(pk=world.get_home(Side.NEIGHBOUR).party).update(email="", phone="")
    made = write(board)
    page = text_of(board.get(f"/styre/meldinger/{made.pk}/"))
    assert "4 personer" in page
    assert "E-post: 2" in page
    assert "Kari Nabosen1" in page.split("Mangler kontaktinfo")[1]
    assert "Kari Gammelsen1" not in page
    assert not Message.objects.exists()
    assert "Melding ikke sendt: Vannet stenges" in text_of(board.get("/styre/"))


def test_sending_is_done_once_and_followed_to_the_receipt(board, world):
    made = write(board, subject_en="Water off", body_en="Friday")
    Party.objects.filter(pk=world.get_home(Side.OWN).party).update(language="en")
    answer = board.post(f"/styre/meldinger/{made.pk}/send/", follow=True)
    assert "meldinger er på vei." in text_of(answer)
    count = Message.objects.filter(campaign=made).count()
    assert count == 4
    assert Message.objects.get(party_id=world.get_home(Side.OWN).party).subject == "Water off"
    again = board.post(f"/styre/meldinger/{made.pk}/send/", follow=True)
    assert "sendt før" in text_of(again)
    assert Message.objects.filter(campaign=made).count() == count
    file = board.get(f"/styre/meldinger/{made.pk}/?format=csv").content.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(file), delimiter=";"))
    assert {list(row.values())[3] for row in rows} == {"Venter", "Mangler kontaktinfo"}
    assert AuditEntry.objects.filter(subject="campaign", action="send").exists()


@pytest.mark.parametrize(
    ("fields", "names"),
    [
        ({"to": "property", "property": "vikmarkveien 2"}, {"Kari Villasen1"}),
        ({"to": "property", "property": "11/1"}, {"Kari Villasen1"}),
        ({"to": "party", "party": "vik-Nabosen1"}, {"Kari Nabosen1"}),
    ],
)
def test_a_message_reaches_those_it_is_for_and_no_others(board, fields, names):
    made = write(board, **fields)
    board.post(f"/styre/meldinger/{made.pk}/send/")
    assert set(Message.objects.filter(campaign=made).values_list("name", flat=True)) == names


def test_a_zone_reaches_those_who_are_measured_in_it(board, world):
    MeteringPoint.objects.filter(pk=world.get_home(Side.OWN).point).update(zone_id=world.vik.zone)
    made = write(board, to="zone", zone=world.vik.zone, is_urgent="on")
    board.post(f"/styre/meldinger/{made.pk}/send/")
    assert set(Message.objects.filter(campaign=made).values_list("name", flat=True)) == {"Kari Nyhusen1"}
    assert made.is_urgent


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"to": ""}, "id_to"),
        ({"to": "king"}, "id_to"),
        ({"to": "zone"}, "Velg en sone."),
        ({"to": "zone", "zone": "999999"}, "id_zone"),
        ({"to": "property", "property": "Ingensteds 1"}, "Ingen eiendom, eller mer enn én"),
        ({"to": "property", "property": "Nesmarkgata 1"}, "Ingen eiendom, eller mer enn én"),
        ({"to": "party", "party": "nes-Nabosen2"}, "Ingen har dette kundenummeret."),
        ({"to": "party"}, "Ingen har dette kundenummeret."),
        ({"subject_nb": ""}, "id_subject_nb"),
        ({"body_nb": "x" * 5001}, "id_body_nb"),
        ({"subject_nn": "Vatnet blir stengt"}, "Skriv både emne og tekst, eller ingen av dem."),
        ({"body_en": "Friday"}, "Skriv både emne og tekst, eller ingen av dem."),
    ],
)
def test_what_is_wrong_is_named_at_the_field_and_what_was_typed_stays(board, fields, error):
    answer = board.post("/styre/meldinger/ny/", {"to": "all", **TEXT, **fields})
    page = text_of(answer)
    assert answer.status_code == 422
    assert error in page
    for name, value in {**TEXT, **fields}.items():
        assert name in ("to", "zone") or not value or value in page
    assert not Campaign.objects.exists()


def test_the_list_shows_to_whom_and_how_many(board):
    made = write(board, to="party", party="vik-Nabosen1")
    board.post(f"/styre/meldinger/{made.pk}/send/")
    page = text_of(board.get("/styre/meldinger/"))
    assert "Kari Nabosen1" in page
    assert "Vannet stenges" in page


def test_the_caretaker_writes_to_nobody(world, store):
    client = Client()
    client.force_login(world.vik.staff[Role.CARETAKER])
    assert client.get("/styre/meldinger/").status_code == 403
    assert client.post("/styre/meldinger/ny/", {"to": "all", **TEXT}).status_code == 403
