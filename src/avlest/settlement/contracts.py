# SPDX-License-Identifier: Apache-2.0
"""What goes into a settlement and what comes out: frozen values for one thing, frame columns for many.

Units everywhere in this room
* quantity: int, thousandths of the unit that the price is per (1 m³ = 1000, so a litre is 1; 1 hour = 1000);
* value (of a price): int, ten-thousandths of a krone per unit (45.27 kr = 452 700), as rules §0.1 allows four decimals;
* amount: int, øre; gross where the price says VAT is included, else net (`vat_included` stands beside it);
* rate (of VAT): int, hundredths of a per cent (25 % = 2500);
* dates are civil days in Europe/Oslo; periods are half-open `[start, stop)`, so a year is `[1 January, 1 January)`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from enum import StrEnum
from typing import Any

import polars as pl


class Unit(StrEnum):
    """What a price is per, which also says how it is charged."""

    VOLUME = "m3"
    """By quantity; other media have their own unit here (`kWh`)."""
    ENERGY = "kWh"
    YEAR = "year"
    """A yearly fee, spread over terms, by days when only part of the year is owned."""
    HOUR = "hour"
    """Work, by time bands and with a minimum."""
    ONCE = "once"
    """A single fee, such as a connection fee."""


class Kind(StrEnum):
    """What a line is (rules §1.5 and the lines beside them)."""

    SETTLEMENT = "settlement"
    """Oppgjør måler: what was really used, at the prices of then."""
    ADVANCE_DEDUCTION = "advance_deduction"
    """Fradrag a konto: what was invoiced in advance, never recomputed."""
    ADVANCE = "advance"
    """Antatt forbruk: this term's part of the new a konto."""
    FIXED = "fixed"
    """Årsgebyr and other yearly fees: a term's part, or by days at a move."""
    FIXED_DEDUCTION = "fixed_deduction"
    """Yearly fees invoiced for the settled period, credited where the fee is settled by days."""
    CORRECTION = "correction"
    """A meter's error claimed or refunded (rules §1.10), or stipulated quantity credited (rules §1.8)."""
    WORK = "work"
    """Hourly work."""
    ONCE = "once"
    """A single fee."""


class SplitMethod(StrEnum):
    """How a quantity without a reading at a change of price is split (rules §1.3)."""

    READING = "reading"
    DAYS = "days"
    EQUAL_PARTS = "equal_parts"


class SettlementError(ValueError):
    """Input that cannot be settled: `code` for programs, `place` says where, the text what is expected."""

    def __init__(self, code: str, place: str, expected: str) -> None:
        super().__init__(f"{place}: {expected}" if place else expected)
        self.code, self.place, self.expected = code, place, expected


@dataclass(frozen=True, slots=True)
class VatRate:
    """A VAT code's rate for deliveries in `[valid_from, valid_to)`; None is open."""

    code: str
    rate: int
    valid_from: date | None = None
    valid_to: date | None = None
    source: str = ""


@dataclass(frozen=True, slots=True)
class Band:
    """Hours of the day, half-open and local, on days of a type: `weekday` or `holiday` (weekend and holidays)."""

    days: str
    start: time
    stop: time
    """00:00 means the end of the day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """One dated price; `vat_included` None means that nobody has chosen, and is refused.

    An empty `region`, `category` or `size` matches any; the price with most of them filled in wins.
    """

    code: str
    service: str
    unit: str
    value: int
    vat: str
    vat_included: bool | None
    valid_from: date | None = None
    valid_to: date | None = None
    region: str = ""
    category: str = ""
    size: str = ""
    bands: tuple[Band, ...] = ()
    minimum_minutes: int = 0
    text: Mapping[str, str] = field(default_factory=dict)
    source: str = ""
    place: str = ""
    """Where it was read (`hvaler.toml, price 3`), for errors and the explanation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TermPlan:
    """How a year is invoiced: `count` terms; `due` holds one date per term (may be empty where dates do not matter)."""

    count: int
    due: tuple[date, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class VatTotal:
    """The base and VAT of one rate on one invoice, øre."""

    rate: int
    base: int
    vat: int
    gross: int


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceTotals:
    """Sums of one invoice, øre; a negative `gross` makes it a credit note."""

    net: int
    vat: int
    gross: int
    rates: tuple[VatTotal, ...]

    @property
    def is_credit_note(self) -> bool:
        """Whether money goes back to the customer."""
        return self.gross < 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingUsed:
    """One reading that a quantity rests on; `value` in thousandths of the unit."""

    meter: str
    at: date | datetime
    value: int
    quality: str
    source: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where one consumption row's quantity comes from; JSON-able by `to_json`.

    `method` is one of `difference`, `by_days`, `equal_parts`, `given`, `stipulated_window`, `stipulated_last_year`,
    `stipulated_average`, `stipulated_standard`, `discretion`, `less_reduction`.  `details` holds what the method used.
    """

    method: str
    quantity: int
    readings: Sequence[ReadingUsed] = ()
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why a line is what it is: `data` is JSON-able, `sentences` by language code (nb, nn, en), in reading order."""

    data: Mapping[str, Any]
    sentences: Mapping[str, Sequence[str]]


# --- columns -----------------------------------------------------------------------------

SUBSCRIBERS: Mapping[str, pl.DataType] = {
    "subscriber": pl.Int64(),  # one customer at one property for one period
    "property": pl.Int64(),
    "start": pl.Date(),
    "stop": pl.Date(),  # null: still
}
"""All periods of the properties concerned; a period that is not settled now still takes its share of a split."""

SERVICES: Mapping[str, pl.DataType] = {
    "subscriber": pl.Int64(),
    "service": pl.String(),  # of the price list: water, wastewater, septic, rent …
    "region": pl.String(),
    "category": pl.String(),
    "size": pl.String(),
    "count": pl.Int32(),  # dwellings, meters: multiplies yearly fees
    "start": pl.Date(),  # null: as long as the subscriber; a rented meter starts later
    "stop": pl.Date(),
}
"""What each subscriber has: one row per service."""

CONSUMPTION: Mapping[str, pl.DataType] = {
    "subscriber": pl.Int64(),
    "service": pl.String(),
    "start": pl.Date(),
    "stop": pl.Date(),
    "quantity": pl.Int64(),
    "quality": pl.Int16(),  # `readings.quality.Quality`, the lowest that went in
    "source": pl.Int64(),  # the caller's id of the `Provenance`; null: none
}
"""Quantity per service; a row that spans a price change is split by the run's method, rows per segment are not."""

EARLIER: Mapping[str, pl.DataType] = {
    "subscriber": pl.Int64(),
    "kind": pl.String(),  # Kind
    "service": pl.String(),
    "code": pl.String(),
    "unit": pl.String(),
    "start": pl.Date(),
    "stop": pl.Date(),
    "quantity": pl.Int64(),
    "value": pl.Int64(),
    "amount": pl.Int64(),
    "vat": pl.String(),
    "rate": pl.Int32(),
    "vat_included": pl.Boolean(),
    "quality": pl.Int16(),
    "line": pl.Int64(),  # the caller's id of the stored line
}
"""Lines as they were invoiced to this subscriber for the settled period."""

LINES: Mapping[str, pl.DataType] = {
    "subscriber": pl.Int64(),
    "term": pl.Int8(),  # 0: the settlement itself, else the term number
    "kind": pl.String(),
    "service": pl.String(),
    "code": pl.String(),
    "unit": pl.String(),
    "start": pl.Date(),
    "stop": pl.Date(),
    "quantity": pl.Int64(),
    "value": pl.Int64(),
    "amount": pl.Int64(),
    "vat": pl.String(),
    "rate": pl.Int32(),
    "vat_included": pl.Boolean(),
    "quality": pl.Int16(),
    "version": pl.Int32(),  # row of the price book; null for credited lines
    "source": pl.Int64(),  # the consumption row's provenance
    "parts": pl.Int32(),  # how many stored lines a deduction sums; days of a share
    "whole": pl.Int32(),  # days (or terms) of the whole that the share is of
}
"""Lines in their order on the invoice. String columns come back as `pl.Categorical`: cast where text is needed."""
