# SPDX-License-Identifier: Apache-2.0
"""A meter exchange in three steps: end and start values, seal, photos; nothing is kept before the last."""

from __future__ import annotations

import struct
import zlib
from datetime import UTC, datetime, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from avlest.registry.models import Document, Installation, InstallationValue, Meter
from avlest.registry.rights import Role
from tests.portal.world import MADE_AT, Side, write_readings


def make_png():
    """The smallest picture: one grey pixel."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\x00\x80")) + chunk(b"IEND", b"")


def text_of(answer):
    return answer.content.decode().replace("\u00a0", " ")


@pytest.fixture
def home(world):
    return world.get_home(Side.OWN)


@pytest.fixture
def operator(world, store, home, settings, tmp_path):
    settings.MEDIA_ROOT = str(tmp_path / "media")
    write_readings(store, world.vik, [(home.register, MADE_AT + timedelta(days=300), 700_000_000)])
    client = Client(HTTP_ACCEPT_LANGUAGE="nb")
    client.force_login(world.vik.staff[Role.OPERATOR])
    return client


@pytest.fixture
def spare(world):
    return Meter.objects.create(organisation_id=world.vik.id, manufacturer="KAM", serial="77777777")


@pytest.fixture
def typed(home):
    """All that is typed in the three steps."""
    return {
        "day": "2025-07-01", "clock": "14.05", f"end_{home.series}": "712,345", "serial": "77777777",
        f"start_{home.series}": "0,012", "seal": "P-1", "note": "Rust",
    }  # fmt: skip


def test_the_steps_lead_to_both_installations_with_values_and_photos(operator, home, spare, typed):
    address = f"/styre/punkter/{home.point}/bytte/"
    page = text_of(operator.get(address))
    assert "700 m³" in page
    page = text_of(operator.post(address, {**typed, "step": "1"}))
    assert "Nummer på den nye måleren" in page
    assert 'name="day" value="2025-07-01"' in page
    page = text_of(operator.post(address, {**typed, "step": "2"}))
    assert "712,345 m³" in page
    assert "1. juli 2025 kl. 14.05" in page
    assert not Installation.objects.filter(point_id=home.point, ends_at__isnull=False).exists()
    files = {
        "photo_value": SimpleUploadedFile("a.png", make_png()),
        "photo_seal": SimpleUploadedFile("b.png", make_png()),
    }
    answer = operator.post(address, {**typed, "step": "3", **files}, follow=True)
    assert "Måleren er byttet." in text_of(answer)
    old, new = Installation.objects.filter(point_id=home.point).order_by("starts_at")
    assert old.ends_at == new.starts_at == datetime(2025, 7, 1, 12, 5, tzinfo=UTC)
    assert (new.meter_id, new.seal, new.note) == (spare.pk, "P-1", "Rust")
    values = dict(InstallationValue.objects.values_list("moment", "value"))
    assert values == {"end": 712_345_000, "start": 12_000}
    assert set(Document.objects.values_list("kind", "installation_id")) == {
        ("photo_value", old.pk), ("photo_seal", new.pk),
    }  # fmt: skip


def test_an_end_value_below_the_last_received_is_doubted_before_it_is_written(operator, home, spare, typed):
    page = text_of(
        operator.post(f"/styre/punkter/{home.point}/bytte/", {**typed, f"end_{home.series}": "12", "step": "2"})
    )
    assert "lavere enn den sist mottatte, 700,000 m³" in page


@pytest.mark.parametrize(
    ("step", "change", "error"),
    [
        ("1", {"day": ""}, "id_day"),
        ("1", {"day": "31.31.2025"}, "Skriv en dato"),
        ("1", {"clock": "25.99"}, "Skriv et klokkeslett"),
        ("1", {"day": "2999-01-01"}, "fram i tid"),
        ("1", {"day": "2001-01-01"}, "ikke montert her ennå"),
        ("1", {"end": ""}, "id_end_"),
        ("1", {"end": "mange"}, "Skriv et tall"),
        ("1", {"end": "-1"}, "id_end_"),
        ("2", {"serial": ""}, "id_serial"),
        ("2", {"serial": "55555555"}, "Ingen måler i registeret"),
        ("2", {"serial": "10000021"}, "montert et sted allerede"),
        ("2", {"serial": "10000022"}, "Ingen måler i registeret"),
        ("2", {"start": "x"}, "Skriv et tall"),
        ("3", {"photo_value": b"<svg/>"}, "Denne typen fil"),
        ("3", {"photo_seal": b"\xff\xd8\xff broken"}, "Bildet kan ikke leses"),
    ],
)
def test_what_is_wrong_is_named_at_the_field_and_what_was_typed_stays(
    operator, home, spare, typed, step, change, error
):
    data = {**typed, "step": step}
    for name, value in change.items():
        key = f"{name}_{home.series}" if name in ("start", "end") else name
        data[key] = SimpleUploadedFile("x.jpg", value) if isinstance(value, bytes) else value
    answer = operator.post(f"/styre/punkter/{home.point}/bytte/", data)
    page = text_of(answer)
    assert answer.status_code == 422
    assert error in page
    for name, value in data.items():
        kept = name not in ("step", "note") and isinstance(value, str) and value
        seen = step != "1" or name in ("day", "clock", f"end_{home.series}")
        assert not (kept and seen) or f'value="{value}"' in page, name
    assert Installation.objects.filter(point_id=home.point).count() == 1
    assert not Document.objects.exists()


def test_going_back_loses_nothing(operator, home, spare, typed):
    page = text_of(operator.post(f"/styre/punkter/{home.point}/bytte/", {**typed, "step": "3", "back": "2"}))
    assert 'value="77777777"' in page
    page = text_of(operator.post(f"/styre/punkter/{home.point}/bytte/", {**typed, "step": "2", "back": "1"}))
    assert 'value="712,345"' in page
    assert 'name="serial" value="77777777"' in page


def test_two_meters_of_one_number_are_told_apart_by_their_maker(operator, world, home, spare, typed):
    Meter.objects.create(organisation_id=world.vik.id, manufacturer="AXI", serial="77777777")
    address = f"/styre/punkter/{home.point}/bytte/"
    assert "Flere målere har dette nummeret" in text_of(operator.post(address, {**typed, "step": "2"}))
    assert operator.post(address, {**typed, "serial": "kam 77777777", "step": "2"}).status_code == 200


def test_a_point_without_a_meter_has_nothing_to_exchange(operator, home):
    Installation.objects.filter(point_id=home.point).update(ends_at=MADE_AT + timedelta(days=9))
    answer = operator.get(f"/styre/punkter/{home.point}/bytte/", follow=True)
    assert "ingen å bytte" in text_of(answer)
    assert "/bytte/" not in text_of(answer)


@pytest.mark.parametrize("role", [Role.MANAGER, Role.CARETAKER, Role.BILLING])
def test_others_exchange_nothing(world, store, home, role):
    client = Client()
    client.force_login(world.vik.staff[role])
    assert client.get(f"/styre/punkter/{home.point}/bytte/").status_code == 403
    assert "/bytte/" not in text_of(client.get(f"/styre/punkter/{home.point}/"))
