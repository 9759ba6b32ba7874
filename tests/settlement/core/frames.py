# SPDX-License-Identifier: Apache-2.0
"""Small municipalities for the tests of the core."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import polars as pl
from hypothesis import strategies as st

from avlest.settlement.contracts import CONSUMPTION, EARLIER, SERVICES, SUBSCRIBERS, Price, VatRate
from avlest.settlement.core.prices import PriceBook
from avlest.settlement.core.terms import ADVANCES, derive_terms

YEAR = 2025
START, STOP = date(2025, 1, 1), date(2026, 1, 1)
VAT = [VatRate("water", 2500, None, date(2025, 7, 1)), VatRate("water", 1500, date(2025, 7, 1))]


def build_book(*, included: bool = True, water: Sequence[tuple[int, date | None, date | None]] = ()) -> PriceBook:
    """Water and wastewater by quantity and year; `water` are (value, from, to) of the water price."""
    versions = water or [(452700, None, None)]
    base = {"vat": "water", "vat_included": included}
    prices = [
        Price(code="W", service="water", unit="m3", value=value, valid_from=start, valid_to=stop, **base)
        for value, start, stop in versions
    ]
    prices += [
        Price(code="S", service="wastewater", unit="m3", value=610700, **base),
        Price(code="WF", service="water", unit="year", value=31_700_000, **base),
        Price(code="SF", service="wastewater", unit="year", value=34_200_000, **base),
    ]
    return PriceBook(prices, VAT)


@st.composite
def municipalities(draw: st.DrawFn) -> dict[str, pl.DataFrame]:
    """Properties with one to three owners in the year, each with quantities, and an a konto invoiced to each."""
    subscribers: list[dict[str, Any]] = []
    for number in range(draw(st.integers(1, 6))):
        moves = sorted(draw(st.sets(st.integers(1, 364), max_size=2)))
        ends = [START, *(START + timedelta(days=day) for day in moves), None]
        for place, stop in enumerate(ends[1:]):
            start = ends[place] if place else date(2020, 5, 1)
            subscribers.append({"property": number, "start": start, "stop": stop})
    rows = [{"subscriber": number, **row} for number, row in enumerate(subscribers, 10)]
    services = [
        {"subscriber": row["subscriber"], "service": name, "count": draw(st.integers(1, 3))}
        for row in rows
        for name in ("water", "wastewater")
    ]
    used = [
        {
            "subscriber": row["subscriber"], "service": name, "start": max(row["start"], START),
            "stop": row["stop"] or STOP, "quantity": draw(st.integers(0, 900_000)), "quality": 50, "source": None,
        }
        for row in rows for name in ("water", "wastewater")
    ]  # fmt: skip
    advances = [
        {"subscriber": row["subscriber"], "service": row["service"], "quantity": draw(st.integers(0, 500_000))}
        for row in services
    ]
    return {
        "subscribers": pl.DataFrame(rows, schema=dict(SUBSCRIBERS)),
        "services": pl.DataFrame(services, schema=dict(SERVICES)),
        "consumption": pl.DataFrame(used, schema=dict(CONSUMPTION)),
        "advances": pl.DataFrame(advances, schema=dict(ADVANCES)),
    }


def invoice(town: dict[str, pl.DataFrame], book: PriceBook, *, terms: int = 4) -> pl.DataFrame:
    """The year's term lines as they were invoiced (EARLIER)."""
    plans = town["subscribers"].select("subscriber", count=pl.lit(terms))
    outcome = derive_terms(
        subscribers=town["subscribers"], services=town["services"], advances=town["advances"], plans=plans, book=book,
        year=YEAR,
    )  # fmt: skip
    lines = outcome.lines.with_columns(pl.col(pl.Categorical).cast(pl.String))
    return lines.select(name for name in EARLIER if name in lines.columns)
