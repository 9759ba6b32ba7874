# SPDX-License-Identifier: Apache-2.0
"""Who has which service on which days of a year, and what part of a yearly price that is (rules §1.10, moves)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import Any

import polars as pl

from avlest.settlement.contracts import SERVICES, SUBSCRIBERS
from avlest.settlement.core.calendar import Days, derive_pieces, derive_terms, derive_year
from avlest.settlement.core.columns import derive_frame
from avlest.settlement.core.patterns import Part
from avlest.settlement.core.prices import Customer, PriceBook, Segment

OWNED_KEYS = ("region", "category", "size", "begin", "end", "whole", "cuts")
"""What decides how a yearly price falls on a row of `derive_owned`."""


def derive_owned(subscribers: pl.DataFrame, services: pl.DataFrame, year: int) -> pl.DataFrame:
    """One row per subscriber and service with its days `[begin, end)` in the year.

    Beside the columns of SERVICES: `property`, `whole` (the subscriber has the property all the year) and `cuts`, the
    days on which the property changes hands, as text; only where someone moved.
    """
    subscribers = _clip(derive_frame(subscribers, SUBSCRIBERS, name="subscribers"), year)
    services = derive_frame(services, SERVICES, name="services")
    days = derive_year(year)
    full = (pl.col("begin") == days.start) & (pl.col("end") == days.stop)
    subscribers = subscribers.with_columns(full.alias("whole")).join(
        _derive_cuts(subscribers, full), on="property", how="left"
    )
    begin, end = pl.col("start").fill_null(days.start), pl.col("stop").fill_null(days.stop)
    joined = services.join(subscribers.drop("start", "stop"), on="subscriber", how="inner", maintain_order="left")
    text = [pl.col(name).cast(pl.String).fill_null("") for name in ("region", "category", "size", "cuts")]
    return joined.with_columns(
        pl.max_horizontal("begin", begin).alias("begin"),
        pl.min_horizontal("end", end).alias("end"),
        pl.col("count").fill_null(1),
        *text,
    ).filter(pl.col("begin") < pl.col("end"))


def _clip(subscribers: pl.DataFrame, year: int) -> pl.DataFrame:
    """Subscribers of the year, with their days in it."""
    days = derive_year(year)
    return subscribers.with_columns(
        pl.max_horizontal(pl.col("start").fill_null(days.start), days.start).alias("begin"),
        pl.min_horizontal(pl.col("stop").fill_null(days.stop), days.stop).alias("end"),
    ).filter(pl.col("begin") < pl.col("end"))


def _derive_cuts(subscribers: pl.DataFrame, full: pl.Expr) -> pl.DataFrame:
    """Per property that changed hands: all days on which a period starts or stops."""
    moved = subscribers.filter(~full).select("property", "begin", "end")
    dates = pl.concat([moved.select("property", day=pl.col("begin")), moved.select("property", day=pl.col("end"))])
    dates = dates.unique().sort("property", "day").with_columns(pl.col("day").cast(pl.String))
    return dates.group_by("property", maintain_order=True).agg(cuts=pl.col("day").str.join(","))


def recall_year_parts(key: Mapping[str, Any], *, book: PriceBook, code: str, year: int) -> list[Part]:
    """`derive_year_parts`, worked out once per book."""
    asked = ("year", code, year, *key.values())
    return book.recall(asked, lambda: derive_year_parts(key, book=book, code=code, year=year))


def derive_year_parts(key: Mapping[str, Any], *, book: PriceBook, code: str, year: int) -> list[Part]:
    """How one yearly price, or a year's quantity, falls on a subscriber's days.

    The whole year: by terms, so that a change of price or VAT on 1 July makes two halves (rules §1.4).  Part of the
    year: by days, and all owners' days take part, so that the owners' shares sum to the whole (rules §1.10).
    """
    days, own = derive_year(year), Days(key["begin"], key["end"])
    customer = Customer(key["region"], key["category"], key["size"])
    segments = book.get_segments(code, customer, own)
    if not segments:
        return []
    cuts = [date.fromisoformat(cut) for cut in key["cuts"].split(",") if cut] + [own.start, own.stop]
    pieces = [piece for part in book.get_pieces(code, customer, days) for piece in derive_pieces(part, cuts)]
    by_days = not (key["whole"] and own == days)
    weigh = _weigh_by_days if by_days else _weigh_by_terms
    groups = {value: group for group, value in enumerate(dict.fromkeys(segment.value for segment in segments))}
    parts = []
    for piece in pieces:
        segment = next((segment for segment in segments if segment.days.overlap(piece)), None)
        for value, group in groups.items():
            kept = segment is not None and segment.value == value
            counts = kept or (segment is None and group == 0)
            part = Part(piece, weigh(piece, year), group=group, counts=counts, kept=kept, by_days=by_days)
            parts.append(_price_part(part, segment, days) if kept and segment else part)
    return parts


def _price_part(part: Part, segment: Segment, year: Days) -> Part:
    return replace(
        part, version=segment.version, value=segment.value, rate=segment.rate, vat_included=segment.vat_included,
        numbers=(part.days.length, year.length),
    )  # fmt: skip


def _weigh_by_days(piece: Days, _year: int) -> Fraction:
    return Fraction(piece.length)


def _weigh_by_terms(piece: Days, year: int) -> Fraction:
    """Months and the days of cut months: each term of any plan is then an equal part of the year."""
    months = derive_terms(year, 12)
    return sum((derive_term_weight(piece, month) for month in months), Fraction(0))


def derive_term_weight(piece: Days, term: Days) -> Fraction:
    """The part of a term that lies in the piece."""
    both = piece.overlap(term)
    return Fraction(both.length, term.length) if both else Fraction(0)
