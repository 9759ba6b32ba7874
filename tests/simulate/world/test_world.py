# SPDX-License-Identifier: Apache-2.0
"""Fjordvik kommune: whole, plausible, and the same for the same seed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from avlest.registry.identifiers import parse_dev_eui, parse_gsrn, parse_organisation_number
from avlest.registry.media import get_media
from avlest.simulate.contracts import FRAMES, EventKind, World, check_world
from avlest.simulate.radio.encoder import HAN_MAKERS
from avlest.simulate.radio.han import derive_meter_id
from avlest.simulate.radio.models import MODELS, Flag
from avlest.simulate.world import make_world

STOP = datetime(2026, 4, 20, 10, tzinfo=UTC)
YEAR = timedelta(days=365)


@pytest.fixture(scope="module")
def world() -> World:
    """A municipality of 120 homes over a year."""
    return make_world(120, 5, start=STOP - YEAR, stop=STOP)


def test_the_same_arguments_make_the_same_world_and_another_seed_another() -> None:
    """Every frame is equal, row by row."""
    worlds = [make_world(60, seed, start=STOP - timedelta(days=30), stop=STOP) for seed in (1, 1, 2)]
    assert all(getattr(worlds[0], name).equals(getattr(worlds[1], name)) for name in FRAMES)
    assert not worlds[0].meters.equals(worlds[2].meters)


def test_the_frames_keep_their_contract(world: World) -> None:
    """Columns and types are those that were agreed; an index is the row number."""
    check_world(world)
    for name in ("properties", "units", "parties", "zones", "points", "meters", "gateways"):
        frame = getattr(world, name)
        assert frame[frame.columns[0]].to_list() == list(range(len(frame)))
    assert world.loads["point"].to_list() == list(range(len(world.points)))


def test_every_kind_of_place_is_there(world: World) -> None:
    """Homes, cabins, farms, shops, a school, a care home, a co-operative, and chambers of the network."""
    kinds = set(world.properties["kind"])
    assert kinds == {"home", "cabin", "farm", "shop", "school", "care_home", "cooperative", "network"}
    assert world.units.filter(pl.col("kind") == "dwelling").height == world.homes


def test_a_cooperative_has_what_a_building_has(world: World) -> None:
    """24 flats in two buildings: allocators in one, heat meters in the other, both waters, chargers and mains."""
    place = world.properties.filter(pl.col("kind") == "cooperative")["property"][0]
    points = world.points.filter(pl.col("property") == place).join(world.loads, on="point")
    counts = dict(points.group_by("load").len().iter_rows())
    assert counts == {
        "flat_cold": 24, "flat_hot": 24, "allocator": 48, "flat_heat": 12, "sum_heat": 2, "charger": 8,
        "common_power": 2, "common_water": 2,
    }  # fmt: skip


def test_identifiers_hold_their_check_digits_and_are_nobodys(world: World) -> None:
    """GSRNs are of GS1's internal range, organisation numbers begin with 1, mail goes nowhere."""
    gsrns = world.points.filter(pl.col("medium") == "electricity")["gsrn"].to_list()
    assert gsrns and all(parse_gsrn(text) == text and text.startswith("299") for text in gsrns)
    numbers = world.parties.filter(pl.col("kind") == "company")["number"].to_list()
    assert len(set(numbers)) == len(numbers) > 3
    assert all(parse_organisation_number(text) == text and text[0] == "1" for text in numbers)
    assert world.parties["email"].str.ends_with(".example").all()
    assert set(world.properties["municipality"]) == {"5099"}


def test_addresses_serials_and_codes_occur_once(world: World) -> None:
    """Nothing that must be unique is given twice."""
    for frame, columns in (
        (world.meters, ["serial"]), (world.points, ["code"]), (world.parties, ["code"]), (world.parties, ["email"]),
        (world.properties, ["code"]), (world.properties, ["municipality", "gnr", "bnr"]), (world.gateways, ["code"]),
        (world.properties.filter(pl.col("kind").is_in(["home", "cabin", "farm"])), ["address"]),
        (world.units, ["property", "number"]),
    ):  # fmt: skip
        assert not frame.select(columns).is_duplicated().any(), columns
    euis = world.meters.filter(pl.col("dev_eui") != "")["dev_eui"]
    assert euis.is_unique().all() and all(parse_dev_eui(text) == text for text in euis)


def test_places_lie_on_the_land_that_was_chosen(world: World) -> None:
    """All coordinates are within the piece of inner Trøndelag that the page on simulation names."""
    for frame in (world.properties, world.gateways):
        assert frame["latitude"].is_between(63.774, 63.820).all()
        assert frame["longitude"].is_between(11.489, 11.660).all()


def test_media_and_models_are_known(world: World) -> None:
    """Each point measures a medium of the registry with a model that the radios can speak."""
    assert set(world.points["medium"]) <= set(get_media())
    assert set(world.meters["model"]) <= set(MODELS)
    for model, maker, version, kind in world.meters.select(
        "model", "manufacturer", "version", "device_type"
    ).iter_rows():
        assert (maker, version, kind) == (MODELS[model].manufacturer, MODELS[model].version, MODELS[model].device_type)


def test_at_least_six_models_speak_over_wireless_mbus_and_all_roads_are_used() -> None:
    """The mix of a municipality of the demonstration's size."""
    meters = make_world(420, 2026, start=STOP - timedelta(days=10), stop=STOP).meters
    assert 560 <= len(meters) <= 680
    assert meters.filter(pl.col("road") == "wmbus")["model"].n_unique() >= 6
    assert set(meters["road"]) == {"wmbus", "lorawan", "han", "mbus", "drive_by", "ams"}
    assert set(meters.filter(pl.col("road") == "han")["model"]) == {"han_aidon", "han_kaifa", "han_kamstrup"}


def test_a_meter_hangs_in_one_place_and_a_point_has_one_meter_at_a_time(world: World) -> None:
    """Replaced meters end where the next begins, with values at both moments."""
    hung = world.installations.sort("point", "starts_at")
    assert hung["meter"].is_unique().all() and len(hung) == len(world.meters)
    again = hung.filter(pl.col("point").is_duplicated())
    pairs = again.group_by("point", maintain_order=True).agg("starts_at", "ends_at", "end_value", "start_value")
    assert len(pairs) >= 3
    for _, starts, ends, values, first in pairs.iter_rows():
        assert ends[0] == starts[1] and ends[1] is None
        assert values[0] >= first[0] and values[1] is None


def test_tenancies_of_a_place_follow_each_other(world: World) -> None:
    """Nobody lives where somebody else does; every dwelling has a household and every property a subscriber."""
    of_unit = world.tenancies.filter(pl.col("role") == "resident").sort("unit", "starts_at")
    late = of_unit.filter(pl.col("starts_at") < pl.col("ends_at").shift(1).over("unit"))
    assert late.is_empty()
    assert of_unit["unit"].n_unique() == world.homes
    assert of_unit.group_by("unit").agg(pl.col("ends_at").is_null().sum() == 1)["ends_at"].all()
    subscribed = set(world.tenancies.filter(pl.col("role") == "subscriber")["property"])
    assert subscribed == set(world.properties["property"])


def test_every_fault_of_the_list_happens_and_its_truth_is_told(world: World) -> None:
    """All kinds that a plan holds occur in a year of a small municipality (rollovers are found in the truth)."""
    assert set(EventKind) - {EventKind.ROLLOVER} == set(world.events["kind"])
    toilets = world.events.filter(pl.col("kind") == "running_toilet")["size"]
    assert toilets.is_between(3_000, 60_000).all()
    dead = world.events.filter(pl.col("kind") == "dead_gateway")
    assert ((dead["ends_at"] - dead["starts_at"]) == timedelta(days=3)).all()
    now = dead.filter((pl.col("starts_at") < STOP) & (pl.col("ends_at") > STOP))
    assert now.height == 1, "one is dead when somebody begins to look"


@pytest.mark.parametrize(
    ("kind", "bit"),
    [(EventKind.LOW_BATTERY, Flag.LOW_BATTERY), (EventKind.TAMPERING, Flag.TAMPER), (EventKind.DRY_PIPE, Flag.DRY)],
)
def test_what_only_a_meter_can_tell_befalls_meters_that_tell_it(world: World, kind: EventKind, bit: int) -> None:
    """A battery, a magnet, air in the pipe: no series of hours shows them."""
    struck = world.events.filter(pl.col("kind") == kind).join(world.meters.select("meter", "model"), on="meter")
    assert struck.height
    assert all(bit in dict(MODELS[name].info) for name in struck["model"])


def test_each_han_port_has_a_reader_that_is_known(world: World) -> None:
    """Messages name the reader by the meter's number: so does the list of gateways."""
    readers = world.reception.join(world.gateways.filter(kind="han").select("gateway", "code"), on="gateway")
    hung = world.meters.filter(road="han").join(readers, on="meter")
    assert hung.height == world.meters.filter(road="han").height == readers.height >= 1
    named = [derive_meter_id(HAN_MAKERS[row["family"]], row["serial"]) for row in hung.iter_rows(named=True)]
    assert named == hung["code"].to_list()


def test_events_lie_within_the_worlds_time(world: World) -> None:
    """Nothing out of the ordinary begins before `eventful_from`, nor after the end."""
    late = make_world(60, 5, start=STOP - YEAR, stop=STOP, eventful_from=STOP - timedelta(days=100))
    for one, first in ((world, world.start), (late, STOP - timedelta(days=100))):
        events = one.events.filter(pl.col("kind") != "price_change")
        assert events["starts_at"].min() >= first  # type: ignore[operator]
        assert events["starts_at"].max() < one.stop  # type: ignore[operator]
        assert (events["ends_at"].fill_null(one.stop) >= events["starts_at"]).all()


def test_typed_readings_are_the_register_but_for_their_errors(world: World) -> None:
    """Most are typed rightly; the others differ in one of the ways people err."""
    typed = world.typed_readings
    right = typed.filter(pl.col("error") == "")
    assert (right["value"] == right["true_value"]).all()
    assert len(right) > len(typed) / 2
    assert (typed["value"] >= 0).all()


def test_gateways_of_three_kinds_hear_meters_by_distance_and_terrain(world: World) -> None:
    """wM-Bus masts, LoRaWAN masts and receivers in electricity meters; levels fall and so do chances."""
    assert {"wmbus", "lorawan", "ams", "han", "car", "concentrator"} == set(world.gateways["kind"])
    heard = world.reception.join(world.gateways.select("gateway", "kind"), on="gateway")
    radio = heard.filter(pl.col("kind") == "wmbus").sort("meter", "rank")
    assert radio["rssi"].n_unique() > 15
    falls = radio.select(pl.col("rssi").diff().over("meter").fill_null(0))["rssi"]
    assert (falls <= 0).all()
    strong, weak = (
        radio.filter(condition)["chance"].mean() for condition in (pl.col("rssi") > -90, pl.col("rssi") < -106)
    )
    assert strong > 60_000 > weak  # type: ignore[operator]
    assert set(heard["meter"]) == set(world.meters["meter"])


def test_zones_have_main_meters_and_all_their_water_hangs_below_them(world: World) -> None:
    """Every connection is part of the sum of a zone's main meter."""
    mains = set(world.zone_meters["point"])
    assert len(mains) == len(world.zones)
    group = dict(world.loads.select("point", "group").iter_rows())
    for point, load in world.loads.select("point", "load").iter_rows():
        if load in (
            "home_water",
            "cabin_water",
            "shop_water",
            "school_water",
            "care_water",
            "flat_cold",
            "stock_water",
        ):
            above = point
            while group[above] is not None:
                above = group[above]
            assert above in mains


@pytest.mark.parametrize(
    ("homes", "start", "stop", "said"),
    [
        (10, STOP - YEAR, STOP, "at least 40"),
        (60, STOP, STOP, "at least 1 day"),
        (60, STOP - YEAR + timedelta(minutes=5), STOP, "whole hour"),
    ],
)
def test_what_cannot_be_made_is_refused(homes: int, start: datetime, stop: datetime, said: str) -> None:
    """The message says what is expected."""
    with pytest.raises(ValueError, match=said):
        make_world(homes, 1, start=start, stop=stop)


@pytest.mark.parametrize("days", [1, 2, 3, 4, 5, 6])
@pytest.mark.parametrize("hour", [0, 9, 13, 23])
def test_a_short_world_is_whole_too(days: int, hour: int) -> None:
    """However few the days, nobody moves in before the other moved out, and no meter hangs where another does."""
    stop = STOP.replace(hour=hour)
    world = make_world(300, 7, start=stop - timedelta(days=days), stop=stop)
    check_order(world.tenancies, "property", "unit", "role")
    check_order(world.installations, "point")
    assert world.tenancies.filter(pl.col("ends_at") > stop).is_empty()
    assert world.installations["starts_at"].is_between(world.start, stop, closed="left").all()


def check_order(frame: pl.DataFrame, *keys: str) -> None:
    """Periods of the same thing follow each other, and each ends after it began."""
    rows = frame.sort(*keys, "starts_at").with_columns(following=pl.col("starts_at").shift(-1).over(*keys))
    assert rows.filter(pl.col("ends_at") <= pl.col("starts_at")).is_empty()
    assert rows.filter(pl.col("following") < pl.col("ends_at")).is_empty()
    assert rows.filter(pl.col("following").is_not_null() & pl.col("ends_at").is_null()).is_empty()
