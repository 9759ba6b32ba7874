# SPDX-License-Identifier: Apache-2.0
"""Telegrams that cannot be read: by make, byte by byte, with a draft; the bench for telegrams from anywhere."""

from __future__ import annotations

import tomllib

import pytest

from avlest.catalogue.decoder import Decoder
from avlest.catalogue.explain import explain_telegram
from avlest.catalogue.load import parse_family
from avlest.portal.operations.telegrams import get_catalogue
from avlest.registry.models import Meter
from tests.collect.senders import Sender
from tests.portal.matrix.samplers.operations import build_telegram, keep, make_unknown
from tests.portal.operations.support import text_of
from tests.portal.world import Side

OPEN = build_telegram("12345678")


def test_each_organisation_sees_what_its_own_meters_sent(client, world):
    """Those nobody registered, and noise, are for the organisation that unknown meters are listed for."""
    own = Meter.objects.get(pk=world.vik.homes[Side.OWN].meter)
    foreign = Meter.objects.get(pk=world.nes.homes[Side.OWN].meter)
    keep(own.manufacturer, own.serial, OPEN)
    keep(foreign.manufacturer, foreign.serial, OPEN, outcome="key_missing")
    keep("XYZ", "77777777", OPEN, outcome="bad_payload")
    keep("", "", b"\x01\x02\x03", outcome="link_crc")
    page = text_of(client.get("/drift/ukjente/"))
    assert "Verdiene bryter av" in page
    assert "Produsentens eget format er brutt" in page
    assert "Dårlig hørt (CRC er feil)" in page
    assert "nøkkelen mangler" not in page


def test_a_kept_telegram_is_explained_byte_by_byte(client, world):
    own = Meter.objects.get(pk=world.vik.homes[Side.OWN].meter)
    kept = keep(own.manufacturer, own.serial, OPEN, detail="DIF 0F")
    page = text_of(client.get(f"/drift/ukjente/{kept.pk}/"))
    assert "DIF 0F" in page
    assert "39 30 00 00" in page
    assert "Last ned utkastet" in page
    group = text_of(client.get(f"/drift/ukjente/gruppe/?make={own.manufacturer}&outcome=bad_records"))
    assert "01:07" in group


def test_the_draft_is_a_catalogue_file(client, world):
    """It has a field for each record, and passes the catalogue's own reading."""
    own = Meter.objects.get(pk=world.vik.homes[Side.OWN].meter)
    kept = keep(own.manufacturer, own.serial, OPEN)
    answer = client.get(f"/drift/ukjente/{kept.pk}/utkast/")
    family = tomllib.loads(answer.content.decode())
    assert len(family["field"]) == 2
    assert family["meters"] == ["XYG:01:07"]
    assert f'filename="{family["family"]}.toml"' in answer["Content-Disposition"]


def test_what_has_no_draft_leads_to_the_bench(client, world):
    kept = keep("", "", b"\x01\x02\x03", outcome="link_crc")
    answer = client.get(f"/drift/ukjente/{kept.pk}/utkast/", follow=True)
    assert answer.redirect_chain == [("/drift/telegram/", 302)]
    assert "Lim inn ett her" in text_of(answer)


def test_meters_without_a_catalogue_file_are_listed_by_make(client, world):
    make_unknown(world, Side.OWN)
    make_unknown(world, Side.STRANGER)
    page = text_of(client.get("/drift/ukjente/"))
    assert "Målere uten katalogfil" in page
    assert "1 måler" in page


def test_a_pasted_telegram_is_explained(client):
    answer = client.post("/drift/telegram/", {"telegram": OPEN.hex(" ").upper(), "key": ""})
    page = text_of(answer)
    assert answer.status_code == 200
    assert "12345678" in page
    assert "Utkast til katalogfil" in page


@pytest.mark.parametrize(
    ("typed", "error"),
    [
        ({"telegram": "", "key": ""}, "id_telegram_error"),
        ({"telegram": "2G44", "key": ""}, "Dette er ikke heksadesimalt"),
        ({"telegram": "2E4", "key": ""}, "Dette er ikke heksadesimalt"),
        ({"telegram": "2E44", "key": ""}, "Slutter for tidlig"),
        ({"telegram": OPEN.hex(), "key": "xyz"}, "En nøkkel er heksadesimal."),
        ({"telegram": OPEN.hex(), "key": "00"}, "En nøkkel har 32 heksadesimale sifre"),
    ],
)
def test_what_is_wrong_is_named_and_what_was_typed_stays(client, typed, error):
    answer = client.post("/drift/telegram/", typed)
    page = text_of(answer)
    assert answer.status_code == 422
    assert error in page
    assert typed["telegram"] in page


def test_an_encrypted_telegram_asks_for_its_key_at_the_field(client):
    """Without a key, with a wrong one and with the right one."""
    sender = Sender(1)
    telegram = sender.send(12345).hex()
    for key, word in (("", "nøkkelen mangler"), ("00" * 16, "Nøkkelen passer ikke")):
        answer = client.post("/drift/telegram/", {"telegram": telegram, "key": key})
        assert answer.status_code == 422
        assert word in text_of(answer)
        assert "id_key_error" in text_of(answer)
    right = client.post("/drift/telegram/", {"telegram": telegram, "key": sender.key.hex()})
    assert right.status_code == 200
    assert sender.serial in text_of(right)


def test_a_key_is_never_shown_again_in_an_address_or_log(client, caplog):
    key = "0102030405060708090a0b0c0d0e0f11"
    client.post("/drift/telegram/", {"telegram": OPEN.hex(), "key": key})
    assert key not in caplog.text


def test_a_draft_passes_the_reading_of_the_catalogue():
    """What is drafted can be put into the folder as it is."""
    found = explain_telegram(Decoder(get_catalogue()), OPEN)
    assert parse_family(found.draft, origin="draft", shared=get_catalogue().shared).fields
