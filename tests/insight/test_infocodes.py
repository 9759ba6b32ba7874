# SPDX-License-Identifier: Apache-2.0
"""What meters say of themselves: registers bit by bit, words, and alarms of them (rules §5.1)."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from avlest.catalogue.catalogue import build_catalogue
from avlest.insight.contracts import STATUSES
from avlest.insight.infocodes import (
    Duration,
    WordError,
    decode_info_16,
    decode_info_16_columns,
    decode_info_32,
    derive_battery_alarms,
    derive_info_alarms,
    load_words,
    parse_words,
)
from avlest.insight.infocodes.words import Words
from avlest.insight.rules import load_thresholds
from tests.insight.frames import BEGIN, hours_after


def make_statuses(*rows: tuple[int, int, str]) -> pl.DataFrame:
    """Rows of meter, hours after `BEGIN`, words."""
    return pl.DataFrame(
        [(meter, hours_after(hour), text) for meter, hour, text in rows], schema=dict(STATUSES), orient="row"
    )


def run(statuses: pl.DataFrame, *, until: int = 1000, **fields: Any) -> pl.DataFrame:
    """Alarms until so many hours after `BEGIN`."""
    return derive_info_alarms(statuses, **{"start": BEGIN, "until": hours_after(until), **fields})


def test_0x0071_is_dry_now_and_for_22_to_31_days():
    """The worked frame of rules §5.1."""
    code = decode_info_16(0x0071)
    assert code.active == {"DRY"}
    assert code.durations["DRY"] == Duration(22 * 24, 31 * 24)
    assert {code.durations[name] for name in ("REVERSE", "LEAK", "BURST")} == {Duration(0, 0)}


@given(st.integers(0, 0xFFFF))
def test_every_bit_of_16_is_accounted_for(value: int):
    """The value can be put together again from flags and classes, one by one and as columns."""
    code, row = decode_info_16(value), decode_info_16_columns(pl.Series([value])).row(0, named=True)
    classes = [Duration(0, 0), Duration(1, 8), Duration(9, 24), Duration(48, 72), Duration(96, 168), Duration(192, 336)]
    classes += [Duration(360, 504), Duration(528, 744)]
    again = 0
    for place, name in enumerate(("DRY", "REVERSE", "LEAK", "BURST")):
        again |= (name in code.active) << place | classes.index(code.durations[name]) << (4 + 3 * place)
        assert row[name.lower()] == (name in code.active)
        assert (row[f"{name.lower()}_hours_from"], row[f"{name.lower()}_hours_to"]) == (
            code.durations[name].hours_from,
            code.durations[name].hours_to,
        )
    assert again == value


@pytest.mark.parametrize(
    ("value", "active", "unknown"),
    [
        (0x0, set(), 0),
        (0x4, {"LEAK"}, 0),
        (0x10, {"TAMPER"}, 0),
        (0x2E0, {"LOW_BATTERY", "LOW_AMBIENT_TEMPERATURE", "FLOW_ABOVE_Q4", "NO_CONSUMPTION"}, 0),
        (0x800, set(), 0x800),
        (0x80000501, {"DRY"}, 0x80000500),
    ],
)
def test_bits_of_32_and_those_nobody_explains(value: int, active: set[str], unknown: int):
    """Register 04FF23; 0x800 occurs and is kept."""
    assert (decode_info_32(value).active, decode_info_32(value).unknown) == (active, unknown)


@pytest.mark.parametrize(
    ("decode", "value"), [(decode_info_16, 0x10000), (decode_info_32, 1 << 32), (decode_info_32, -1)]
)
def test_a_value_of_too_many_bits_is_refused(decode: Any, value: int):
    """It is not from such a register."""
    with pytest.raises(ValueError, match="does not fit"):
        decode(value)


def catalogue_words() -> set[str]:
    """Every word that a status of the catalogue can hold."""
    fields = itertools.chain.from_iterable(family.fields for family in build_catalogue().families())
    lookups = itertools.chain.from_iterable(field.lookups for field in fields if field.status or field.into_status)
    names = (name for lookup in lookups for _, name in (*lookup.names, *lookup.names_unset))
    return {word for name in names for word in name.split()}


def test_every_status_word_of_the_catalogue_has_a_meaning():
    """Whoever adds a family decides what its words mean to people: an alarm, a memory, or nothing."""
    table = load_words()
    missing = {word for word in catalogue_words() if word not in table.kinds and word not in table.quiet}
    assert not missing
    assert len(catalogue_words()) > 200


def test_a_word_opens_and_its_absence_clears():
    """LEAK from hour 2 on until the telegram at hour 9."""
    found = run(make_statuses((7, 0, "OK"), (7, 2, "LEAK"), (7, 5, "DRY LEAK"), (7, 9, "DRY"), (8, 1, "OK")))
    leak, dry = found.to_dicts()
    assert (leak["kind"], leak["opened_at"], leak["last_at"], leak["cleared_at"]) == (
        "continuous_flow", hours_after(2), hours_after(5), hours_after(9),
    )  # fmt: skip
    assert (dry["kind"], dry["opened_at"], dry["cleared_at"]) == ("dry", hours_after(5), None)
    assert (leak["scope"], leak["subject"], leak["evidence"], leak["detail"]) == ("meter", 7, "meter", "LEAK")


def test_tamper_silences_the_other_words():
    """While TAMPER is active nothing else is sent: a leak is not over because it is not mentioned."""
    found = run(make_statuses((1, 0, "LEAK"), (1, 5, "TAMPER"), (1, 9, "TAMPER"), (1, 12, "OK")))
    leak, tamper = found.to_dicts()
    assert (leak["kind"], leak["cleared_at"]) == ("continuous_flow", hours_after(12))
    assert (tamper["kind"], tamper["severity"], tamper["cleared_at"]) == ("tamper", "severe", hours_after(12))


def test_unknown_words_are_kept_as_notices_and_memories_are_no_alarms():
    """Bits that no file names, words of a codec, commas between: all stay readable."""
    found = run(make_statuses((1, 0, "ERROR_FLAGS_800, WOBBLY"), (2, 0, "LEAK_PREV_MONTH")))
    assert found.select("subject", "kind", "detail").rows() == [(1, "meter_notice", "ERROR_FLAGS_800 WOBBLY")]


WORDS = ["OK", "", "LEAK", "LEAK BURST", "TAMPER", "TAMPER LEAK", "DRY", "ERROR_FLAGS_800", "LOW_BATTERY REVERSE"]


@given(
    rows=st.lists(
        st.tuples(st.integers(1, 3), st.integers(0, 99), st.sampled_from(WORDS)), max_size=30, unique_by=lambda r: r[:2]
    ),
    edges=st.lists(st.integers(1, 99), max_size=4, unique=True).map(sorted),
)
def test_days_one_after_another_equal_months_at_once(rows: list[tuple[int, int, str]], edges: list[int]):
    """Any cut gives the same alarms."""
    statuses, carried, kept = make_statuses(*rows), None, []
    for start, until in itertools.pairwise([0, *edges, 100]):
        found = run(statuses, start=hours_after(start), until=until, open_alarms=carried)
        kept.append(found.filter(pl.col("cleared_at").is_not_null()))
        carried = found.filter(pl.col("cleared_at").is_null())
    parts = pl.concat([*kept, *([carried] if carried is not None else [])]).sort("subject", "kind", "opened_at")
    assert_frame_equal(parts, run(statuses, until=100))


def test_a_battery_is_due_after_its_years():
    """Ten years on the day; a class without a threshold is left alone."""
    meters = pl.DataFrame(
        {
            "meter": [1, 2, 3],
            "customer_class": ["home", "home", "other"],
            "first_used": [date(2016, 11, 23), date(2016, 11, 24), date(2000, 1, 1)],
        }
    )
    years = load_thresholds().battery_years(customer_class="home", day=date(2026, 11, 23))
    assert years == 10
    now = datetime(2026, 11, 23, 12, tzinfo=UTC)
    found = derive_battery_alarms(meters, day=date(2026, 11, 23), at=now, years={"home": 10})
    assert found.select("subject", "kind", "since", "evidence").rows() == [
        (1, "low_battery", datetime(2026, 11, 22, 23, tzinfo=UTC), "age")
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("past=[]", "expected past"),
        ('past=[]\nplain=[]\nsilencing=[]\n[words]\nrain=["RAIN"]', "unknown kinds rain"),
        ('past=["A"]\nplain=["A"]\nsilencing=[]\n[words]', "there twice: A"),
    ],
)
def test_a_broken_table_of_words_says_what_is_wrong(text: str, message: str):
    """Named word or kind."""
    with pytest.raises(WordError, match=message):
        parse_words(text)
    assert isinstance(load_words(), Words)
