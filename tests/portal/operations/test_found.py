# SPDX-License-Identifier: Apache-2.0
"""Meters that were heard and hang nowhere: the queue, and placing one with start value and seal."""

from __future__ import annotations

from datetime import timedelta

import pytest

from avlest.registry.models import Installation, InstallationValue, Meter, MeteringPoint
from tests.portal.matrix.samplers.operations import make_found
from tests.portal.operations.support import make_heard, text_of
from tests.portal.world import Side


@pytest.fixture
def meter(world, client, now):
    """A meter of ours in the queue."""
    number = make_found(world, Side.OWN)
    make_heard(number, now - timedelta(hours=2), family="iperl")
    return Meter.objects.get(pk=number)


@pytest.fixture
def point(world):
    return MeteringPoint.objects.create(
        organisation_id=world.vik.id, code="vik-new", medium="cold_water", property_id=world.vik.house.property
    )


def fill(now, **changes) -> dict[str, str]:
    day = (now - timedelta(days=2)).date().isoformat()
    return {"point": "vik-new", "day": day, "clock": "12:00", "value": "12,345", "seal": "P-77", "note": ""} | changes


def test_the_queue_shows_what_was_heard_of_each(client, world, meter):
    make_found(world, Side.STRANGER)
    page = text_of(client.get("/drift/funnet/"))
    assert str(meter) in page
    assert "iperl" in page
    assert "(1)" in page


def test_a_meter_is_placed_with_start_value_and_seal(client, meter, point, now):
    """The value is litres in thousandths, the seal is noted, the meter leaves the queue."""
    answer = client.post(f"/drift/funnet/{meter.pk}/", fill(now))
    assert answer.status_code == 302
    assert answer["Location"] == f"/drift/maalere/{point.pk}/"
    placed = Installation.objects.get(meter=meter)
    assert (placed.point_id, placed.seal) == (point.pk, "P-77")
    noted = InstallationValue.objects.get(installation=placed)
    assert (noted.value, noted.register.quantity, noted.register.unit) == (12_345_000, "volume", "l")
    assert "Alle målere som er hørt, har et sted." in text_of(client.get("/drift/funnet/"))
    assert "P-77" in text_of(client.get(f"/drift/maalere/{point.pk}/"))


def test_the_start_value_may_be_left_out(client, meter, point, now):
    assert client.post(f"/drift/funnet/{meter.pk}/", fill(now, value="")).status_code == 302
    assert not InstallationValue.objects.filter(installation__meter=meter).exists()


@pytest.mark.parametrize(
    ("changes", "field", "error"),
    [
        ({"point": "nowhere"}, "id_point", "målepunkt har dette nummeret"),
        ({"point": ""}, "id_point", ""),
        ({"point": "vik-house"}, "id_point", "allerede en måler"),
        ({"point": "nes-house"}, "id_point", "målepunkt har dette nummeret"),
        ({"day": "31.31.2026"}, "id_day", "Skriv en dato"),
        ({"day": "2199-01-01"}, "id_day", "fram i tid"),
        ({"clock": "25:00"}, "id_clock", "Skriv et klokkeslett"),
        ({"value": "mye"}, "id_value", "Skriv et tall"),
        ({"value": "-1"}, "id_value", ""),
        ({"seal": "x" * 41}, "id_seal", ""),
    ],
)
def test_what_is_wrong_is_named_at_the_field_and_what_was_typed_stays(client, meter, point, now, changes, field, error):
    typed = fill(now, **changes)
    answer = client.post(f"/drift/funnet/{meter.pk}/", typed)
    page = text_of(answer)
    assert answer.status_code == 422
    assert f'id="{field}_error"' in page
    assert error in page
    assert all(value in page for value in typed.values())
    assert not Installation.objects.filter(meter=meter).exists()


def test_a_value_nobody_reads_off_such_a_meter_is_refused(client, world, meter, now):
    MeteringPoint.objects.create(organisation_id=world.vik.id, code="vik-new", medium="heat_allocation")
    page = text_of(client.post(f"/drift/funnet/{meter.pk}/", fill(now)))
    assert "Startverdi kan ikke oppgis" in page


def test_a_meter_that_hangs_somewhere_is_not_in_the_queue(client, world):
    assert client.get(f"/drift/funnet/{world.vik.house.meter}/").status_code == 404
    assert client.get(f"/drift/funnet/{make_found(world, Side.STRANGER)}/").status_code == 404
