# SPDX-License-Identifier: Apache-2.0
"""Meters by state: one query path for the list, the map and the counts."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime

import polars as pl
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from avlest.collect.heard_of import HEARD_OF
from avlest.insight.standing import STANDING
from avlest.portal.operations.maps import spread, write_bounds, write_columns
from avlest.portal.operations.stages import Stage, derive_stages
from avlest.registry.models import Property
from avlest.registry.places import PLACED_METERS, POINT_PLACES
from avlest.registry.services.audit import save_changed
from tests.portal.operations.support import text_of
from tests.portal.world import Side

AT = datetime(2026, 1, 1, tzinfo=UTC)
STATES = {"vik-H0101": "Verdi mottatt", "vik-H0102": "Utlevert", "vik-house": "Stille", "vik-main": "Varsel",
          "vik-empty": "Ikke utlevert"}  # fmt: skip


def read_csv(answer) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";"))


def test_every_state_is_in_the_list_and_counted(client, fleet):
    """One point in each of the five states; the file of the list has them all."""
    rows = read_csv(client.get("/drift/maalere/?format=csv"))
    assert sorted(row["Status"] for row in rows) == sorted(STATES.values())
    page = text_of(client.get("/drift/maalere/"))
    assert "(5)" in page
    for stage in Stage:
        assert len(read_csv(client.get(f"/drift/maalere/?stage={stage.value}&format=csv"))) == 1


@pytest.mark.parametrize(
    ("query", "places"),
    [
        ("q=H0101", {"Vikmarkgata 1 H0101"}),
        ("q=vikmarkgata h0102", {"Vikmarkgata 1 H0102"}),
        ("q=10000011", {"Vikmarkgata 1 H0101"}),
        ("q=VIK-HOUSE", {"Vikmarkveien 2"}),
        ("gateway=vik-gw&stage=silent", {"Vikmarkveien 2"}),
        ("medium=heat", set()),
        ("zone=999999", set()),
        ("q=Nesmark", set()),
    ],
)
def test_list_and_map_have_the_same_filters(client, fleet, query, places):
    """What the list shows is what the map shows."""
    rows = read_csv(client.get(f"/drift/maalere/?{query}&format=csv"))
    assert {row["Sted"] for row in rows} == places
    points = json.loads(client.get(f"/drift/kart/punkter.json?{query}").content)
    assert len(points["id"]) == len(points["s"]) == len(places)


def test_nonsense_in_the_address_is_left_out(client, fleet):
    assert client.get("/drift/maalere/?stage=x&zone=x&medium=x&page=x&sort=x").status_code == 200
    assert len(read_csv(client.get("/drift/maalere/?stage=x&zone=²&format=csv"))) == 5


def test_the_list_sorts_by_its_columns(client, fleet):
    """The last heard first, those never heard at the end in both directions."""
    for sort, first in (("last_heard_at", "vik-house"), ("-last_heard_at", "vik-H0101")):
        rows = read_csv(client.get(f"/drift/maalere/?sort={sort}&format=csv"))
        serials = {"vik-house": "20000031", "vik-H0101": "10000011"}
        assert rows[0]["Måler"] == serials[first]
        assert rows[-1]["Sist hørt"] == ""


def test_the_points_of_the_map_are_compact_and_ours(client, fleet):
    """Number, place, state and zone, nothing else; zones and gateways beside them; nothing of other organisations."""
    answer = client.get("/drift/kart/punkter.json")
    body = json.loads(answer.content)
    assert answer["Content-Type"] == "application/json"
    assert set(body) == {"id", "x", "y", "s", "z", "zones", "gateways"}
    assert set(body["s"]) == set("01234")
    assert {len(body[name]) for name in ("id", "x", "y", "s", "z")} == {5}
    assert [each["properties"]["name"] for each in body["gateways"]["features"]] == ["Vikmasten"]
    assert "Nesmark" not in answer.content.decode()
    assert client.get("/drift/kart/punkter.json", HTTP_ACCEPT_ENCODING="gzip")["Content-Encoding"] == "gzip"


def test_what_is_kept_of_places_follows_the_registry(client, fleet):
    """A second look asks less of the database; a change of a place is seen at once."""
    with CaptureQueriesContext(connection) as first:
        client.get("/drift/maalere/")
    with CaptureQueriesContext(connection) as second:
        client.get("/drift/maalere/")
    assert len(second) < len(first)
    house = Property.objects.get(pk=fleet.vik.house.property)
    save_changed(fleet.vik.actor, house, {"address": "Vikmarkstien 9"}, now=AT, action="change")
    assert "Vikmarkstien 9" in text_of(client.get("/drift/maalere/"))


def test_the_page_of_the_map_has_the_same_list(client, fleet):
    page = text_of(client.get("/drift/kart/?stage=alarm"))
    assert "Vikmarkgata 1" in page
    assert "punkter.json?stage=alarm" in page
    assert "Vikmarkveien 2" not in page


def test_one_meter_says_what_is_known_of_its_radio(client, fleet):
    """State, gateway, signal and alarms; not a litre of what is used."""
    home = fleet.vik.homes[Side.OWN]
    page = text_of(client.get(f"/drift/maalere/{home.point}/"))
    assert "Verdi mottatt" in page
    assert "Vikmasten" in page
    assert "−71 dBm" in page
    assert "liter" not in page
    part = client.get(f"/drift/maalere/{home.point}/", HTTP_HX_REQUEST="true").content.decode()
    assert "<html" not in part
    assert client.get(f"/drift/maalere/{fleet.nes.homes[Side.OWN].point}/").status_code == 404


def test_the_list_needs_as_many_queries_for_few_as_for_many(client, fleet):
    """Queries do not grow with the rows."""
    client.get("/drift/maalere/")
    with CaptureQueriesContext(connection) as few:
        client.get("/drift/maalere/?q=H0101")
    with CaptureQueriesContext(connection) as many:
        client.get("/drift/maalere/")
    assert len(many) == len(few) < 25


def test_an_alarm_wins_over_silence_and_silence_over_a_reading():
    """In columns: the worst of what stands open decides; a meter that is not placed takes no part."""
    places = pl.DataFrame(
        [(n, f"p{n}", "cold_water", "", None, "", None, None, None, n, "KAM", str(n), "") for n in range(4)],
        schema={**POINT_PLACES, **{k: v for k, v in PLACED_METERS.items() if k != "point"}}, orient="row",
    )  # fmt: skip
    heard = pl.DataFrame(
        [("KAM", str(n), AT, AT, AT, 1, "ok", "", "", "", "g", None) for n in range(4)],
        schema=dict(HEARD_OF),
        orient="row",
    )
    standing = pl.DataFrame(
        [
            (1, 1, None, "silent", "severe", AT), (2, 1, None, "night_flow", "notice", AT),
            (3, None, 2, "gateway_silent", "severe", AT), (4, None, 99, "tamper", "severe", AT),
            (5, 3, None, "night_flow", "warning", AT), (6, 3, None, "burst", "critical", AT),
        ],
        schema=dict(STANDING), orient="row",
    )  # fmt: skip
    found = derive_stages(places, heard, standing)
    assert found["stage"].to_list() == ["received", "alarm", "silent", "alarm"]
    assert found["kind"].to_list() == [None, "night_flow", "gateway_silent", "burst"]
    assert found["point"].to_list() == [0, 1, 2, 3]


def test_meters_of_one_building_are_laid_around_it():
    """None covers another, the first stays in place, and none is further away than the building is large."""
    placed = pl.DataFrame({"latitude": [60.0] * 40 + [61.0], "longitude": [5.0] * 40 + [5.0]})
    found = spread(placed)
    assert found.row(0) == (60.0, 5.0)
    assert found.row(40) == (61.0, 5.0)
    assert found.unique().height == 41
    assert all(abs(latitude - 60) < 0.0005 for latitude in found[:40]["latitude"])


def test_the_columns_of_the_map_hold_each_meter_at_one_place():
    """To a tenth of a metre; a meter without zone is in zone 0."""
    frame = pl.DataFrame(
        {"point": [7, 9], "longitude": [5.1234567, -1.5], "latitude": [60.0, 61.25], "stage": ["silent", "alarm"]}
    ).with_columns(zone=pl.Series([None, 3], dtype=pl.Int64))
    assert write_columns(frame) == {
        "id": [7, 9], "x": [5_123_457, -1_500_000], "y": [60_000_000, 61_250_000], "s": "34", "z": [0, 3]
    }  # fmt: skip
    assert write_bounds(frame) == "-1.500000,60.000000,5.123457,61.250000"
    assert write_bounds(frame.clear()) == ""


def test_an_open_point_without_position_is_told_of(client, fleet):
    """The map says how many it cannot show."""
    Property.objects.filter(pk=fleet.vik.house.property).update(latitude=None, longitude=None)
    assert "1 av målerne har ingen posisjon" in text_of(client.get("/drift/kart/"))
