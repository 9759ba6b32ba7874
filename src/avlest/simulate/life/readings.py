# SPDX-License-Identifier: Apache-2.0
"""Readings that people type in, rightly and wrongly; invoices they do not pay; prices that change.  Pure."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Final

import numpy as np
import polars as pl

from avlest.simulate.behaviour.clock import to_hour
from avlest.simulate.behaviour.flows import plan_work
from avlest.simulate.behaviour.measure import count_at
from avlest.simulate.chance import Integers, Words, choose, draw, get_stream, take_bits
from avlest.simulate.contracts import EventKind
from avlest.simulate.planned import DAY, HOUR, Plan
from avlest.simulate.tables import Tables, build_frame, to_instants

_TYPED: Final = 700  # in ten thousand homes, besides those that only the car reads
_MOST_TYPED: Final = 1_000
_ERRORS: Final = ("", "digits_swapped", "digit_left_out", "decimal_moved", "other_meter")
_ERROR_WEIGHTS: Final = (82, 6, 5, 4, 3)
_LITRE, _CUBIC = 1_000, 1_000_000
_UNPAID: Final = 500  # in ten thousand subscribers a year
_HABITS: Final = (("late", 100, 6), ("partial", 40, 2), ("unpaid", 0, 2))  # habit, share of the amount, weight


def type_readings(tables: Tables, plan: Plan) -> pl.DataFrame:
    """What people type in about new year, as `contracts.TYPED_READINGS`; also as events."""
    point, meter, party = _choose_people(tables)
    words = draw(get_stream(tables.seed, EventKind.TYPED_READING), point)
    year = np.datetime64(plan.span.stop // DAY, "D").astype("datetime64[Y]").astype("datetime64[D]").astype(np.int64)
    new_year = int(year) * DAY
    inside = plan.span.start + 5 * DAY < new_year < plan.span.stop - 12 * DAY
    low, high = (new_year - 4 * DAY, new_year + 9 * DAY) if inside else (None, None)
    at = plan.span.pick(words, first=low, last=high)
    work = plan_work(tables.seed, tables.collect("loads"), plan.collect(), point)
    counted = count_at(work, tables.counts["points"], point, at // HOUR, to_hour(tables.start))
    true = _get_start(tables, meter) + counted
    error = choose(draw(get_stream(tables.seed, EventKind.TYPING_ERROR), point), _ERROR_WEIGHTS)
    typed = _mistype(words, true // _LITRE, error) * _LITRE
    names = np.array(_ERRORS, object)[error]
    instants = to_instants(at + take_bits(words, 20, 12) * 800_000)
    columns = {
        "point": point, "meter": meter, "party": party, "at": instants, "value": typed,
        "true_value": true // _LITRE * _LITRE, "error": names,
    }  # fmt: skip
    kinds = (EventKind.TYPED_READING, EventKind.TYPING_ERROR)
    for kind, chosen in zip(kinds, (error == 0, error > 0), strict=True):
        when = instants.cast(pl.Int64).to_numpy()[chosen]
        plan.add(
            kind, point=point[chosen], meter=meter[chosen], starts_at=when, ends_at=when, size=typed[chosen], unit="l"
        )
    return build_frame("typed_readings", columns, count=len(point))


def _choose_people(tables: Tables) -> tuple[Integers, Integers, Integers]:
    """Points, meters and residents: all that only the car reads, and some others."""
    hung = tables.collect("installations")
    alone = hung.group_by("point").len().filter(pl.col("len") == 1).select("point")
    residents = tables.collect("tenancies").filter(
        (pl.col("role") == "resident") & pl.col("ends_at").is_null() & (pl.col("starts_at") <= tables.start)
    )
    rows = (
        tables.collect("loads").filter(pl.col("load").is_in(["home_water", "cabin_water"])).select("point")
        .join(alone, on="point")
        .join(hung.select("point", "meter"), on="point")
        .join(tables.collect("meters").select("meter", "road"), on="meter")
        .join(tables.collect("points").select("point", "unit"), on="point")
        .join(residents.select("unit", "party"), on="unit")
        .sort("point")
    )  # fmt: skip
    point = rows["point"].cast(pl.Int64).to_numpy()
    words = draw(get_stream(tables.seed, "typists"), point)
    chosen = (rows["road"] == "drive_by").to_numpy() | (take_bits(words, 0, 16) * 10_000 >> 16 < _TYPED)
    picked = np.flatnonzero(chosen)[:_MOST_TYPED]
    columns = [rows[name].cast(pl.Int64).to_numpy()[picked] for name in ("point", "meter", "party")]
    return columns[0], columns[1], columns[2]


def _get_start(tables: Tables, meter: Integers) -> Integers:
    start = np.zeros(tables.counts["meters"], np.int64)
    hung = tables.collect("installations").select("meter", "start_value")
    start[hung["meter"].to_numpy()] = hung["start_value"].to_numpy()
    return start[meter]


def _mistype(words: Words, litres: Integers, error: Integers) -> Integers:
    """What is typed for a register that shows these litres."""
    place = np.power(10, 3 + take_bits(words, 0, 8) % 2)  # of the cubic metres
    high, low = litres // (place * 10) % 10, litres // place % 10
    swapped = litres + (low - high) * place * 9
    left_out = litres // (place * 10) * place + litres % place
    moved = np.where(take_bits(words, 8, 1) == 1, litres * 10, litres // 10)
    other = litres * 3 // 7 + take_bits(words, 8, 10)
    return np.choose(error, (litres, swapped, left_out, moved, other))


def plan_payments(tables: Tables, plan: Plan) -> pl.DataFrame:
    """Who pays late, in part or not at all, as `contracts.PAYMENTS`; also as events."""
    subscribers = tables.collect("tenancies").filter(pl.col("role") == "subscriber")["party"].unique().sort()
    years = range(tables.start.year, tables.stop.year + 1)
    party = np.repeat(subscribers.cast(pl.Int64).to_numpy(), len(years))
    year = np.tile(np.array(years, np.int64), len(subscribers))
    words = draw(get_stream(tables.seed, EventKind.UNPAID_INVOICE), party, year)
    chosen = take_bits(words, 0, 16) * 10_000 >> 16 < _UNPAID
    party, year, words = party[chosen], year[chosen], words[chosen]
    habit = choose(words, [weight for _, _, weight in _HABITS])
    columns = {
        "party": party, "year": year, "term": 1 + take_bits(words, 16, 8) % 4,
        "habit": np.array([name for name, _, _ in _HABITS], object)[habit],
        "days_late": 4 + take_bits(words, 0, 16) % 60, "share": np.array([share for _, share, _ in _HABITS])[habit],
    }  # fmt: skip
    _note_unpaid(tables, plan, party[habit == len(_HABITS) - 1])
    return build_frame("payments", columns, count=len(party))


def _note_unpaid(tables: Tables, plan: Plan, parties: Integers) -> None:
    """The water point of each who does not pay."""
    places = tables.collect("tenancies").filter(
        pl.col("party").is_in(parties) & (pl.col("role") == "subscriber")
    ).select("property")  # fmt: skip
    points = tables.collect("points").filter(pl.col("purpose") == "billing", pl.col("medium") == "cold_water")
    rows = points.filter(pl.col("parent").is_null()).join(places.unique(), on="property", how="semi").sort("point")
    start = np.full(len(rows), plan.span.start)
    plan.add(EventKind.UNPAID_INVOICE, point=rows["point"], starts_at=start)


# Invented prices of the size that Norwegian coastal municipalities have (rules 1.2), VAT not included.
_PRICES: Final = (
    ("W_FIX", "2100.0000", "2184.0000", "2262.0000", "year"),
    ("S_FIX", "2480.0000", "2580.0000", "2691.0000", "year"),
    ("W_VOL", "27.4000", "28.9000", "30.2500", "m3"),
    ("S_VOL", "36.1000", "38.2000", "40.6000", "m3"),
    ("METER_RENT", "240.0000", "240.0000", "260.0000", "year"),
)


def plan_prices(tables: Tables, plan: Plan) -> pl.DataFrame:
    """The price list of the years the world lies in; it changes each new year."""
    rows = []
    first = tables.stop.year - len(_PRICES[0][1:4]) + 1
    for code, *values, unit in _PRICES:
        for number, value in enumerate(values):
            start, stop = date(first + number, 1, 1), date(first + number + 1, 1, 1)
            rows.append((code, start, stop, Decimal(value), unit, False))
    columns = list(zip(*rows, strict=True))
    names = ("code", "valid_from", "valid_to", "value", "unit", "vat_included")
    change = np.datetime64(f"{tables.stop.year}-01-01", "us").astype(np.int64) - HOUR
    plan.add(EventKind.PRICE_CHANGE, starts_at=np.array([change]))
    return build_frame(
        "prices", {name: list(column) for name, column in zip(names, columns, strict=True)}, count=len(rows)
    )
