# SPDX-License-Identifier: Apache-2.0
"""What a resident sees: their own use, alarms, invoices and meters, and nothing from before they moved in."""

from __future__ import annotations

import csv
import io

import pytest

from avlest.collect.models import Packet
from tests.portal.matrix.samplers.resident import make_alarm, make_invoice
from tests.portal.resident.support import text_of
from tests.portal.world import Side


def test_the_first_page_says_whether_anything_is_wrong(client, world):
    assert "Alt ser normalt ut." in text_of(client.get("/"))
    number = make_alarm(world, Side.OWN)
    from avlest.insight.models import Alarm

    Alarm.objects.filter(pk=number).update(cleared_at=None)
    page = text_of(client.get("/"))
    assert "Vannet renner hele døgnet" in page
    assert "Alt ser normalt ut." not in page


def test_hours_begin_with_the_move_and_what_was_before_is_a_gap(client, home):
    """The day before the move holds nothing, the day after it the household's own 11 litres an hour."""
    before = client.get(f"/forbruk/{home.point}/?span=day&at=2025-05-31&format=csv")
    rows = list(csv.DictReader(io.StringIO(before.content.decode("utf-8-sig")), delimiter=";"))
    assert len(rows) == 24
    assert {row["verdi"] for row in rows} == {""}
    after = client.get(f"/forbruk/{home.point}/?span=day&at=2025-06-01&format=csv")
    rows = list(csv.DictReader(io.StringIO(after.content.decode("utf-8-sig")), delimiter=";"))
    assert {row["verdi"] for row in rows} == {"11,000"}
    assert {row["enhet"] for row in rows} == {"l"}


@pytest.mark.parametrize("span", ["day", "month", "year", "all", "nonsense"])
@pytest.mark.parametrize("at", ["2025-06-01", "2030-01-01", "1900-01-01", "x"])
def test_every_span_has_a_chart_with_its_table(client, home, span, at):
    answer = client.get(f"/forbruk/{home.point}/?span={span}&at={at}&against=previous")
    assert answer.status_code == 200
    page = text_of(answer)
    assert "<svg" in page
    assert "<table" in page


def test_the_chart_of_the_day_says_the_total_in_words(client, home):
    assert "I alt 264 liter." in text_of(client.get(f"/forbruk/{home.point}/?span=day&at=2025-06-01"))


def test_alarms_of_the_household_before_are_not_there(client, world):
    make_alarm(world, Side.BEFORE)
    assert "Vannet renner" not in text_of(client.get("/varsler/"))
    own = make_alarm(world, Side.OWN)
    assert "Vannet renner hele døgnet" in text_of(client.get("/varsler/"))
    page = text_of(client.get(f"/varsler/{own}/"))
    assert "12 liter" in page
    assert "Trolig årsak" in page


def test_an_invoice_shows_its_amount_and_that_it_is_paid(client, world):
    number = make_invoice(world, Side.OWN)
    assert "1 000,00 kr" in text_of(client.get("/fakturaer/"))
    assert client.get(f"/fakturaer/{number}/").status_code == 200
    pdf = client.get(f"/fakturaer/{number}/pdf/")
    assert pdf.headers["Content-Type"] == "application/pdf"
    assert pdf.content.startswith(b"%PDF")


def test_meters_are_shown_with_their_number(client):
    page = text_of(client.get("/maalere/"))
    assert "10000011" in page


def test_a_reading_goes_to_the_inbox(client, home):
    answer = client.post(f"/maalere/{home.point}/avlesning/", {"value": "1 234,567", "day": "2026-01-02"})
    assert answer.status_code == 302
    assert b"1234.567" in bytes(Packet.objects.latest("pk").body)


@pytest.mark.parametrize(
    ("typed", "error"),
    [
        ({"value": "abc", "day": "2026-01-02"}, "Skriv et tall"),
        ({"value": "-1", "day": "2026-01-02"}, "0"),
        ({"value": "12", "day": "31.31.2026"}, "Skriv en dato"),
        ({"value": "12", "day": "2099-01-01"}, "fram i tid"),
        ({"value": "12", "day": "2001-01-01"}, "eldre enn ett år"),
        ({"day": "2026-01-02"}, "eller ta et bilde"),
    ],
)
def test_what_is_wrong_is_named_at_the_field_and_what_was_typed_stays(client, home, typed, error):
    answer = client.post(f"/maalere/{home.point}/avlesning/", typed)
    page = text_of(answer)
    assert answer.status_code == 422
    assert error in page
    assert all(f'value="{value}"' in page for value in typed.values() if value)
    assert not Packet.objects.exists()
