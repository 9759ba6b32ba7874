# SPDX-License-Identifier: Apache-2.0
"""Prices as a run keeps them: all of them as JSON, so that a rerun needs no price list."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import date, time
from typing import Any

from avlest.settlement.contracts import Band, Price, VatRate
from avlest.settlement.core.prices import PriceBook


def book_to_json(book: PriceBook) -> dict[str, Any]:
    """Return the prices and rates of a book, in its order."""
    return {
        "prices": [_plain(dataclasses.asdict(price) | {"text": dict(price.text)}) for price in book.prices],
        "vat": [_plain(dataclasses.asdict(rate)) for rate in book.vat],
    }


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return value.isoformat() if isinstance(value, date | time) else value


def book_from_json(values: Mapping[str, Any]) -> PriceBook:
    """Return the book that `book_to_json` wrote."""
    return PriceBook([_price(row) for row in values["prices"]], [VatRate(**_dated(row)) for row in values["vat"]])


def _price(row: Mapping[str, Any]) -> Price:
    bands = tuple(
        Band(band["days"], time.fromisoformat(band["start"]), time.fromisoformat(band["stop"])) for band in row["bands"]
    )
    return Price(**{**_dated(row), "bands": bands})


def _dated(row: Mapping[str, Any]) -> dict[str, Any]:
    days = {name: date.fromisoformat(row[name]) if row[name] else None for name in ("valid_from", "valid_to")}
    return {**row, **days}
