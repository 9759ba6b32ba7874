# SPDX-License-Identifier: Apache-2.0
"""What simulated meters say: the same in whatever pieces it is asked for, and true to what flowed."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from avlest.simulate.behaviour import Emitter, iterate_emissions
from avlest.simulate.contracts import RADIO_FAULTS, World
from avlest.simulate.radio.models import MODELS, Flag
from avlest.simulate.truth import get_truth, iterate_usage
from avlest.simulate.world import make_world

STOP = datetime(2026, 3, 20, 10, tzinfo=UTC)
DAYS = 60
WATER = ("multical21", "flowiq2200", "hydrus", "iperl", "modularis", "flowiq_lorawan")
# The emissions of 50 homes over four days from seed 11: a change here is a change of every simulated world.
DIGEST = "423c62ea77218a717b336c21b1b44600e7a2360cbe2e4a44ea12217580500b08"


@pytest.fixture(scope="module")
def world() -> World:
    """60 homes over two winter months."""
    return make_world(60, 7, start=STOP - timedelta(days=DAYS), stop=STOP)


def _list(world: World, kind: str, whom: str) -> list[tuple[int, datetime, datetime]]:
    """The events of a kind: whom they strike, from when until when."""
    return list(world.events.filter(pl.col("kind") == kind).select(whom, "starts_at", "ends_at").iter_rows())


def _collect(world: World, **how: timedelta | datetime) -> dict[str, pl.DataFrame]:
    frames: dict[str, list[pl.DataFrame]] = {}
    for emissions in iterate_emissions(world, **how):
        frames.setdefault(emissions.model, []).append(emissions.frame)
    return {model: pl.concat(pieces).sort("at", "meter") for model, pieces in frames.items()}


@pytest.fixture(scope="module")
def said(world: World) -> dict[str, pl.DataFrame]:
    """Everything that all meters say."""
    return _collect(world)


def test_the_same_seed_gives_the_same_bytes_on_every_machine() -> None:
    """Held against a digest that was stored: no platform, Python or library may change it."""
    small = make_world(50, 11, start=STOP - timedelta(days=4), stop=STOP)
    digest = hashlib.sha256()
    for model, frame in sorted(_collect(small).items()):
        digest.update(model.encode())
        digest.update(frame.write_csv().encode())
    assert digest.hexdigest() == DIGEST


@pytest.mark.parametrize("hours", [31, 501])
def test_the_rows_do_not_depend_on_how_time_is_cut(world: World, said: dict[str, pl.DataFrame], hours: int) -> None:
    """Chunks of any length give the same telegrams."""
    again = _collect(world, chunk=timedelta(hours=hours))
    assert again.keys() == said.keys()
    assert all(again[model].equals(said[model]) for model in said)


def test_a_window_is_the_part_of_the_whole(world: World, said: dict[str, pl.DataFrame]) -> None:
    """`start` and `stop` cut rows out and change none."""
    start, stop = STOP - timedelta(days=20), STOP - timedelta(days=18)
    window = _collect(world, start=start, stop=stop)
    for model, frame in window.items():
        assert frame.equals(said[model].filter(pl.col("at").is_between(start, stop, closed="left")))


def test_an_emitter_goes_on_beyond_the_end_of_the_world(world: World, said: dict[str, pl.DataFrame]) -> None:
    """Live hours follow on what was counted before, and time does not go back."""
    emitter = Emitter(world)
    emitter.skip(STOP)
    live = {emissions.model: emissions.frame for emissions in emitter.emit(STOP + timedelta(hours=2))}
    assert emitter.at == STOP + timedelta(hours=2)
    assert live["multical21"]["at"].min() >= STOP  # type: ignore[operator]
    before = dict(said["flowiq2200"].group_by("meter").agg(pl.col("volume").last()).iter_rows())
    for meter, volume in live["flowiq2200"].select("meter", "volume").iter_rows():
        assert 0 <= volume - before[meter] <= 5_000_000
    with pytest.raises(ValueError, match="cannot go back"):
        list(emitter.emit(STOP))


def test_columns_are_those_of_the_model_at_its_resolution(said: dict[str, pl.DataFrame]) -> None:
    """Every value is a multiple of what one count of the model is."""
    for model, frame in said.items():
        columns = MODELS[model].columns
        assert frame.columns == ["meter", "number", "at", *columns, "status", *RADIO_FAULTS]
        for name, step in columns.items():
            assert frame[name].null_count() == 0
            assert (frame[name] % step == 0).all(), (model, name)


def test_a_telegram_number_is_given_once_and_times_follow_the_interval(
    world: World, said: dict[str, pl.DataFrame]
) -> None:
    """The how-manieth telegram grows with time; meters with a rhythm keep it."""
    interval = dict(world.meters.select("meter", "interval").iter_rows())
    for frame in said.values():
        assert not frame.select("meter", "number").is_duplicated().any()
        assert frame["at"].is_sorted()
        steps = frame.sort("meter", "at").select(
            "meter", step=pl.col("at").diff().over("meter").dt.total_seconds(), by=pl.col("number").diff().over("meter")
        ).drop_nulls()  # fmt: skip
        for meter, step, by in steps.iter_rows():
            assert interval[meter] == 0 or step == by * interval[meter]


def test_registers_are_what_really_flowed(world: World, said: dict[str, pl.DataFrame]) -> None:
    """For meters without faults the register at a full hour is its start plus the true use, to a litre."""
    struck = world.events.filter(pl.col("point").is_not_null())["point"].unique()
    hung = world.installations.filter(~pl.col("point").is_in(struck.implode()))
    usage = pl.concat(iterate_usage(world)).sort("point", "hour").with_columns(
        before=pl.col("value").cum_sum().over("point") - pl.col("value")
    )  # fmt: skip
    checked = 0
    for model in (*WATER, "han_kamstrup", "multical403", "sharky774", "fhkv"):
        name, step = next(iter(MODELS[model].columns.items()))
        if model not in said:
            continue
        rows = (
            said[model].with_columns(hour=pl.col("at").dt.truncate("1h")).join(hung, on="meter")
            .join(usage, on=["point", "hour"])
            .with_columns(part=pl.col("value") * (pl.col("at") - pl.col("hour")).dt.total_seconds() // 3600)
            .with_columns(expected=pl.col("start_value") + pl.col("before") + pl.col("part"))
        )  # fmt: skip
        wrapped = rows["expected"] % (10**8 * step)
        assert ((wrapped - rows[name]).is_between(0, step - 1)).all(), model
        checked += len(rows)
    assert checked > 50_000


def test_a_main_meter_counts_its_parts_its_losses_and_nothing_else(world: World) -> None:
    """Main = sum of the meters below it + leakage + what has no meter, hour by hour."""
    usage = pl.concat(iterate_usage(world, stop=world.start + timedelta(days=9)))
    loads = world.loads.select("point", "group", "load", "size", "area")
    rows = usage.join(loads, on="point")
    parts = rows.filter(pl.col("group").is_not_null() & (pl.col("load") != "allocator"))
    sums = parts.group_by("hour", point=pl.col("group")).agg(parts=pl.col("value").sum())
    mains = rows.filter(pl.col("load") == "sum_water").join(sums, on=["point", "hour"])
    rest = mains["value"] - mains["parts"]
    assert (rest >= mains["size"]).all()
    most_unmetered = mains["area"] * 1000 // 24 * 3 + mains["size"] + 2_000_000
    assert (rest <= most_unmetered).all()


def test_a_replaced_meter_ends_and_the_new_one_begins_where_the_list_says(
    world: World, said: dict[str, pl.DataFrame]
) -> None:
    """End and start values are the registers at that moment, and no use is lost between."""
    meters = dict(world.meters.select("meter", "model").iter_rows())
    again = world.installations.filter(pl.col("point").is_duplicated()).sort("point", "starts_at")
    ends, starts = again.filter(pl.col("ends_at").is_not_null()), again.filter(pl.col("ends_at").is_null())
    assert len(ends) == len(starts) >= 3
    for meter, at, value in ends.select("meter", "ends_at", "end_value").iter_rows():
        rows = said[meters[meter]].filter(pl.col("meter") == meter)
        assert rows["at"].max() is None or rows["at"].max() < at
        assert rows.is_empty() or 0 <= value - int(rows["volume"][-1]) < 40_000_000
    for meter, at, value in starts.select("meter", "starts_at", "start_value").iter_rows():
        rows = said[meters[meter]].filter(pl.col("meter") == meter)
        assert rows["at"].min() is None or rows["at"].min() >= at
        assert rows.is_empty() or 0 <= int(rows["volume"][0]) - value < 40_000_000


def test_faults_show_in_status_and_registers(world: World, said: dict[str, pl.DataFrame]) -> None:
    """A leak sets its bit after a day without rest, a stuck meter stands still, a tampered one says so."""
    water = pl.concat([said[model].select("meter", "at", "volume", "status") for model in WATER if model in said])
    bits = {"running_toilet": Flag.LEAK, "tampering": Flag.TAMPER, "low_battery": Flag.LOW_BATTERY}
    seen = 0
    of_meters = world.events.filter(pl.col("meter").is_not_null())
    for kind, meter, start, stop in of_meters.select("kind", "meter", "starts_at", "ends_at").iter_rows():
        rows = water.filter(pl.col("meter") == meter)
        late = start + timedelta(hours=25)
        inside = rows.filter(pl.col("at").is_between(late, stop or STOP, closed="left"))
        if kind in bits and len(inside):
            assert (inside["status"] & bits[kind] > 0).all()
            before = rows.filter(pl.col("at") < start)
            assert (before["status"] & bits[kind] == 0).all()
            seen += 1
        if kind == "stuck_meter" and len(inside):
            assert inside["volume"].n_unique() == 1
            seen += 1
    assert seen >= 4


def test_backflow_turns_a_register_back(world: World, said: dict[str, pl.DataFrame]) -> None:
    """Only where the truth says so."""
    for meter, start, stop in world.events.filter(kind="backflow").select("meter", "starts_at", "ends_at").iter_rows():
        rows = pl.concat([said[model].select("meter", "at", "volume") for model in WATER if model in said])
        mine = rows.filter(pl.col("meter") == meter).sort("at").with_columns(step=pl.col("volume").diff())
        back = mine.filter(pl.col("step") < 0)
        hour = timedelta(hours=7)
        assert back["at"].is_between(start, stop + hour).all()


def test_powerless_meters_fall_silent_and_dead_gateways_hear_nothing(
    world: World, said: dict[str, pl.DataFrame]
) -> None:
    """A power cut takes HAN meters away and makes the receivers in electricity meters deaf."""
    every = pl.concat([frame.select("meter", "at", "lost", "gateway", "heard_by") for frame in said.values()])
    every = every.join(world.meters.select("meter", "road"), on="meter")
    places = world.installations.select("meter", "point").join(world.points.select("point", "zone"), on="point")
    for zone, start, stop in _list(world, "power_cut", "zone"):
        inside = every.filter(pl.col("at").is_between(start, stop, closed="left"))
        here = inside.join(places.filter(pl.col("zone") == zone), on="meter")
        assert here.filter(pl.col("road") == "ams")["lost"].all()
        assert here.filter(pl.col("road") == "han").is_empty()
    for gateway, start, stop in _list(world, "dead_gateway", "gateway"):
        inside = every.filter(pl.col("at").is_between(start, stop, closed="left"))
        assert len(inside) and not (inside["gateway"] == gateway).any()
    assert (every["gateway"].is_null() == every["lost"]).all()
    assert 0.001 < every["lost"].mean() < 0.2  # type: ignore[operator]
    assert (every["lost"] == (every["heard_by"] == 0)).all()
    assert every["heard_by"].max() == 0b111


def test_a_drifting_clock_runs_away_steadily(world: World, said: dict[str, pl.DataFrame]) -> None:
    """Its offset never shrinks and is 0 before the event."""
    for meter, start in world.events.filter(kind="clock_drift").select("meter", "starts_at").iter_rows():
        rows = pl.concat([f.select("meter", "at", "clock_offset") for f in said.values()]).filter(
            pl.col("meter") == meter
        )
        rows = rows.sort("at")
        assert (rows.filter(pl.col("at") < start)["clock_offset"] == 0).all()
        assert rows["clock_offset"].is_sorted()


def test_the_car_hears_its_meters_once_a_month(world: World, said: dict[str, pl.DataFrame]) -> None:
    """Between two rounds they say nothing."""
    by_car = world.meters.filter(pl.col("road") == "drive_by")["meter"]
    rows = pl.concat([f.select("meter", "at") for f in said.values()]).filter(pl.col("meter").is_in(by_car.implode()))
    assert len(rows)
    assert not rows.with_columns(month=pl.col("at").dt.truncate("1mo")).select("meter", "month").is_duplicated().any()


def test_the_truth_has_days_and_the_rollover_of_a_main_meter() -> None:
    """Days add up to the hours; the first zone's register begins anew in the year in which somebody listens."""
    start = datetime(2025, 3, 1, 23, tzinfo=UTC)
    heard = start + timedelta(days=200)
    year = make_world(60, 3, start=start, stop=heard + timedelta(days=365), eventful_from=heard)
    truth = get_truth(year)
    rolled = truth.events.filter(pl.col("kind") == "rollover")
    assert rolled["point"].to_list() == [year.zone_meters["point"][0]]
    assert rolled["starts_at"][0] > heard
    hydrus = pl.concat([e.frame for e in iterate_emissions(year, start=heard) if e.model == "hydrus"])
    mine = hydrus.filter(pl.col("meter") == rolled["meter"][0]).sort("at")
    falls = mine.filter(pl.col("volume").diff() < 0)
    assert len(falls) == 1 and abs((falls["at"][0] - rolled["starts_at"][0]).total_seconds()) <= 2 * 3600
    sums = pl.concat(iterate_usage(year)).group_by("point").agg(pl.col("value").sum()).sort("point")["value"]
    assert truth.daily.group_by("point").agg(pl.col("value").sum()).sort("point")["value"].equals(sums)
    assert np.all(truth.daily["value"].to_numpy() >= 0)


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"start": STOP - timedelta(days=DAYS + 1)}, "cannot go back"),
        ({"chunk": timedelta(minutes=90)}, "whole hours"),
        ({"stop": STOP + timedelta(minutes=1)}, "whole hour"),
    ],
)
def test_times_that_cannot_be_given_are_refused(world: World, how: dict[str, datetime], message: str) -> None:
    """The message says what is expected."""
    with pytest.raises(ValueError, match=message):
        list(iterate_emissions(world, **how))
