# SPDX-License-Identifier: Apache-2.0
"""Meters that are not heard any more, and what they have in common (rules §5.2 SILENT, §10.16)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from avlest.insight.contracts import ALARMS, make_empty
from avlest.insight.silence import (
    GATEWAYS,
    METERS,
    SilenceError,
    derive_past_silence,
    derive_silence,
    load_silence_rules,
    parse_silence_rules,
    pick_rule,
)
from tests.insight.frames import BEGIN, hours_after

RULE = pick_rule(load_silence_rules(), date(2026, 11, 23))
NOW = hours_after(100)


def make_meters(count: int, *, heard: int = 99, first: int = 0, **fields: Any) -> pl.DataFrame:
    """`count` LoRaWAN meters last heard so many hours after `BEGIN`."""
    usual = {"cadence_seconds": None, "road": "lorawan", "gateway": None, "zone": None, "needs_mains": False}
    rows = [{"meter": first + one, "last_heard": hours_after(heard), **usual, **fields} for one in range(count)]
    return pl.DataFrame(rows, schema=dict(METERS))


def kinds(alarms: pl.DataFrame) -> list[tuple[str, int, int]]:
    """Kind, subject and count of the open ones."""
    return alarms.filter(pl.col("cleared_at").is_null()).select("kind", "subject", "count").rows()


@pytest.mark.parametrize(("hours", "expected"), [(18, []), (19, [("silent", 0, 1)])])
def test_a_meter_is_silent_after_three_cadences(hours: int, expected: list[Any]):
    """LoRaWAN sends every six hours: more than eighteen."""
    meters = make_meters(1, heard=100 - hours)
    assert kinds(derive_silence(meters, at=NOW, rule=RULE).alarms) == expected


def test_a_meter_has_its_own_cadence():
    """Fifteen minutes: silent after three quarters of an hour."""
    meters = make_meters(1, cadence_seconds=900)
    assert kinds(derive_silence(meters, at=NOW, rule=RULE).alarms) == [("silent", 0, 1)]


def test_4000_meters_silent_with_one_gateway_are_one_alarm():
    """Item 6 of the issue; every meter knows which alarm stands for it."""
    meters = make_meters(4000, heard=50, gateway=9)
    result = derive_silence(meters, at=NOW, rule=RULE)
    assert kinds(result.alarms) == [("gateway_silent", 9, 4000)]
    assert result.alarms["since"].to_list() == [hours_after(50)]
    assert result.causes.height == 4000
    assert result.causes.select("scope", "subject").unique().rows() == [("gateway", 9)]


def test_half_of_a_gateway_is_not_the_gateway():
    """More than half, strictly: five of ten are five alarms."""
    meters = pl.concat([make_meters(5, heard=50, gateway=9), make_meters(5, first=5, gateway=9)])
    assert len(kinds(derive_silence(meters, at=NOW, rule=RULE).alarms)) == 5
    more = pl.concat([meters, make_meters(1, first=10, heard=50, gateway=9)])
    assert kinds(derive_silence(more, at=NOW, rule=RULE).alarms) == [("gateway_silent", 9, 6)]


def make_gateways(hours: dict[int, int], **fields: Any) -> pl.DataFrame:
    """wM-Bus gateways by number, through which something came last so many hours after `BEGIN`."""
    usual = {"cadence_seconds": None, "road": "wmbus", **fields}
    rows = [{"gateway": number, "last_heard": hours_after(hour), **usual} for number, hour in hours.items()]
    return pl.DataFrame(rows, schema=dict(GATEWAYS))


def test_a_dead_gateway_whose_meters_others_hear_is_one_alarm():
    """Its ten meters come through a neighbour, but for two: one alarm, which stands for those two as well."""
    meters = pl.concat([make_meters(10, gateway=8), make_meters(2, first=10, heard=60, gateway=9)])
    gateways = make_gateways({8: 99, 9: 60})
    result = derive_silence(meters, at=NOW, rule=RULE, gateways=gateways)
    assert kinds(result.alarms) == [("gateway_silent", 9, 2)]
    assert result.alarms["since"].to_list() == [hours_after(60)]
    assert result.causes.rows() == [(10, "gateway", 9), (11, "gateway", 9)]
    alone = derive_silence(make_meters(12, gateway=8), at=NOW, rule=RULE, gateways=gateways)
    assert kinds(alone.alarms) == [("gateway_silent", 9, 0)]
    back = derive_silence(
        make_meters(12, gateway=8), at=NOW, rule=RULE, gateways=make_gateways({9: 99}), open_alarms=alone.alarms
    )
    assert back.alarms.select("subject", "cleared_at").rows() == [(9, NOW)]


@pytest.mark.parametrize(("hours", "seconds", "silent"), [(18, None, False), (19, None, True), (40, 86_400, False)])
def test_a_gateway_is_silent_after_three_cadences(hours: int, seconds: int | None, *, silent: bool):
    """Six hours are usual on its road; one that hands on once a day has its own."""
    gateways = make_gateways({9: 100 - hours}, cadence_seconds=seconds)
    found = derive_silence(make_meters(3, gateway=8), at=NOW, rule=RULE, gateways=gateways)
    assert kinds(found.alarms) == ([("gateway_silent", 9, 0)] if silent else [])


def test_meters_that_send_once_a_day_do_not_speak_against_a_power_cut():
    """Three of an hour are silent, twenty of a day are not missed yet: a cut, until one of those is heard again."""
    cut = make_meters(3, heard=90, road="han", zone=3, needs_mains=True)
    slow = make_meters(20, first=10, heard=90, road="ami", zone=3, needs_mains=True)
    assert kinds(derive_silence(pl.concat([cut, slow]), at=NOW, rule=RULE).alarms) == [("power_cut", 3, 3)]
    heard = slow.with_columns(pl.lit(hours_after(97)).cast(METERS["last_heard"]).alias("last_heard"))
    found = kinds(derive_silence(pl.concat([cut, heard]), at=NOW, rule=RULE).alarms)
    assert {kind for kind, _, _ in found} == {"silent"}


def test_a_power_cut_silences_a_zone_together():
    """Meters read through electricity meters: one alarm of the zone; one that was silent before has its own."""
    cut = make_meters(30, heard=20, road="ami", zone=3, needs_mains=True, cadence_seconds=3600)
    old = make_meters(1, first=50, heard=2, road="ami", zone=3, needs_mains=True, cadence_seconds=3600)
    battery = make_meters(5, first=60, zone=3)
    result = derive_silence(pl.concat([cut, old, battery]), at=NOW, rule=RULE)
    assert kinds(result.alarms) == [("silent", 50, 1), ("power_cut", 3, 30)]


def test_silent_one_by_one_is_no_power_cut():
    """The same zone, but spread over days."""
    spread = [
        make_meters(1, first=one, heard=2 + 6 * one, road="ami", zone=3, needs_mains=True, cadence_seconds=3600)
        for one in range(12)
    ]
    found = kinds(derive_silence(pl.concat(spread), at=NOW, rule=RULE).alarms)
    assert {kind for kind, _, _ in found} == {"silent"}


def test_alarms_go_on_and_are_over():
    """The gateway is back, three of its meters are not: the group's alarm is over, theirs begin."""
    first = derive_silence(make_meters(40, heard=50, gateway=9), at=NOW, rule=RULE)
    still = derive_silence(
        make_meters(40, heard=50, gateway=9), at=hours_after(110), rule=RULE, open_alarms=first.alarms
    )
    assert still.alarms.select("opened_at", "last_at", "cleared_at").rows() == [(NOW, hours_after(110), None)]
    back = pl.concat([make_meters(3, heard=50, gateway=9), make_meters(37, first=3, heard=115, gateway=9)])
    over = derive_silence(back, at=hours_after(116), rule=RULE, open_alarms=still.alarms)
    assert kinds(over.alarms) == [("silent", 0, 1), ("silent", 1, 1), ("silent", 2, 1)]
    gateway = over.alarms.filter(pl.col("kind") == "gateway_silent")
    assert gateway["cleared_at"].to_list() == [hours_after(116)]
    later = derive_silence(
        make_meters(40, heard=118, gateway=9), at=hours_after(120), rule=RULE, open_alarms=over.alarms
    )
    assert later.alarms["cleared_at"].to_list() == [hours_after(118)] * 3


def test_a_group_that_comes_back_slowly_stays_one_alarm():
    """Between a quarter and a half silent: what is open stays, what is not does not begin."""
    meters = pl.concat([make_meters(4, heard=50, gateway=9), make_meters(6, first=4, gateway=9)])
    whole = derive_silence(make_meters(10, heard=50, gateway=9), at=NOW - timedelta(hours=5), rule=RULE)
    assert kinds(derive_silence(meters, at=NOW, rule=RULE, open_alarms=whole.alarms).alarms) == [
        ("gateway_silent", 9, 4)
    ]
    assert len(kinds(derive_silence(meters, at=NOW, rule=RULE).alarms)) == 4


def hear(meters: range, hours: list[int]) -> pl.DataFrame:
    """These meters, heard at these hours."""
    rows = [(meter, hours_after(hour)) for meter in meters for hour in hours]
    return pl.DataFrame(rows, schema={"meter": pl.Int64, "at": METERS["last_heard"]}, orient="row")


def test_a_gateway_that_was_dead_in_the_past_is_one_alarm_that_is_over():
    """Forty meters of one gateway unheard for three days: opened after three cadences, over when they are back."""
    meters = pl.concat([make_meters(40, gateway=9), make_meters(10, first=40, gateway=8)])
    before, after = list(range(0, 60, 6)), list(range(132, 200, 6))
    heard = pl.concat([hear(range(40), before + after), hear(range(40, 50), list(range(0, 200, 6)))])
    found = derive_past_silence(meters, heard, start=BEGIN, until=hours_after(200), rule=RULE)
    assert found.select("kind", "subject", "count", "since", "cleared_at").rows() == [
        ("gateway_silent", 9, 40, hours_after(54), hours_after(132))
    ]
    assert found["opened_at"].to_list() == [hours_after(54 + 19)]


def test_a_silence_that_lasts_is_left_to_the_present():
    """One meter was silent and is back, another still is, a third was never heard."""
    meters = make_meters(3)
    heard = pl.concat([hear(range(1), [0, 6, 48, 54, 60, 66, 72]), hear(range(1, 2), [0, 6, 12])])
    found = derive_past_silence(meters, heard, start=BEGIN, until=hours_after(80), rule=RULE)
    assert found.select("kind", "subject", "since").rows() == [("silent", 0, hours_after(6))]


@pytest.mark.parametrize("seed", range(2))
def test_the_past_is_what_looking_every_hour_would_have_found(seed: int):
    """Random silences of twelve meters behind two gateways, one of which is dead for two days."""
    rng = np.random.default_rng(seed)
    meters = pl.concat([make_meters(8, gateway=9), make_meters(4, first=8, gateway=8)])
    kept = rng.random((12, 25)) < 0.75
    kept[:8, 8:16] = False
    kept[:, :2] = kept[:, -4:] = True
    rows = [(meter, hours_after(6 * turn)) for meter, turn in np.argwhere(kept).tolist()]
    heard = pl.DataFrame(rows, schema={"meter": pl.Int64, "at": METERS["last_heard"]}, orient="row")
    open_alarms, over = make_empty(ALARMS), []
    for hour in range(1, 151):
        last = heard.filter(pl.col("at") <= hours_after(hour)).group_by("meter").agg(pl.col("at").max())
        there = meters.drop("last_heard").join(last.rename({"at": "last_heard"}), on="meter")
        result = derive_silence(there, at=hours_after(hour), rule=RULE, open_alarms=open_alarms).alarms
        over.append(result.filter(pl.col("cleared_at").is_not_null()))
        open_alarms = result.filter(pl.col("cleared_at").is_null())
    expected = pl.concat(over).sort("opened_at", "scope", "subject")
    found = derive_past_silence(meters, heard, start=BEGIN, until=hours_after(150), rule=RULE)
    names = ["scope", "subject", "kind", "since", "opened_at", "cleared_at"]
    assert expected.height > 0
    assert found.select(names).rows() == expected.select(names).rows()


def test_rules_are_dated_and_checked():
    """No rule before the first; a row says what is missing."""
    with pytest.raises(SilenceError, match="no rule is in force"):
        pick_rule(load_silence_rules(), date(1999, 1, 1))
    with pytest.raises(SilenceError, match="rule 1: expected cadence_hours"):
        parse_silence_rules("[[rule]]\nfrom = 2000-01-01")
    assert BEGIN < NOW
