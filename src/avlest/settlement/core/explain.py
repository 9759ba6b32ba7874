# SPDX-License-Identifier: Apache-2.0
"""Why a line is what it is: readings → quantity → price version → share or rounding → amount, as data and sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from avlest.settlement.contracts import Explanation, Kind, Price, Provenance, ReadingUsed, Unit
from avlest.settlement.core.money import derive_amount, write_amount, write_scaled
from avlest.settlement.core.sentences import LANGUAGES, write_sentences


def derive_explanation(
    line: Mapping[str, Any],
    *,
    price: Price | None = None,
    provenance: Sequence[Provenance] = (),
    earlier: Sequence[Mapping[str, Any]] = (),
) -> Explanation:
    """Explain one line (a row of `contracts.LINES` as a mapping).

    `price` is the version in the book, `provenance` where the quantity comes from (one per meter), `earlier` the stored
    lines that a deduction or credit sums, with whatever names them (`invoice`, `line`).
    """
    data: dict[str, Any] = {
        "readings": [_write_reading(reading) for source in provenance for reading in source.readings],
        "quantity": _explain_quantity(line, provenance),
        "price": _explain_price(line, price),
        "share": _explain_share(line),
        "earlier": [_write_earlier(row) for row in earlier],
        "calculation": _calculate(line),
        "vat": {
            "code": line["vat"],
            "percent": write_scaled(line["rate"], places=2, least=0),
            "included": line["vat_included"],
            "by": f"delivery {_day(line['start'])} to {_day(line['stop'])}",
        },
        "amount": write_amount(line["amount"]),
    }
    data = {name: value for name, value in data.items() if value not in ([], None, {})}
    return Explanation(data=data, sentences={code: write_sentences(line, data, code) for code in LANGUAGES})


def _day(value: Any) -> str | None:
    return value.isoformat() if isinstance(value, date) else None


def _write_reading(reading: ReadingUsed) -> dict[str, Any]:
    found = {
        "meter": reading.meter, "at": reading.at.isoformat(), "value": write_scaled(reading.value, places=3),
        "quality": reading.quality.lower(), "source": reading.source, "note": reading.note,
    }  # fmt: skip
    return {name: value for name, value in found.items() if value}


def _explain_quantity(line: Mapping[str, Any], provenance: Sequence[Provenance]) -> dict[str, Any] | None:
    if line["quantity"] is None:
        return None
    sources = [
        {"method": source.method, "quantity": write_scaled(source.quantity, places=3), **source.details}
        for source in provenance
    ]
    found = {"value": write_scaled(line["quantity"], places=3), "unit": line["unit"], "from": sources}
    return {name: value for name, value in found.items() if value}


def _explain_price(line: Mapping[str, Any], price: Price | None) -> dict[str, Any]:
    found: dict[str, Any] = {
        "code": line["code"],
        "value": write_scaled(line["value"] or 0, places=4, least=2),
        "unit": line["unit"],
        "vat_included": line["vat_included"],
    }
    if price is not None:
        found |= {
            "version": price.place, "valid_from": _day(price.valid_from), "valid_to": _day(price.valid_to),
            "source": price.source,
        }  # fmt: skip
    return {name: value for name, value in found.items() if value not in ("", None)}


def _explain_share(line: Mapping[str, Any]) -> dict[str, Any] | None:
    """The part of a year, of a term, or of a stretch of days; None where there is nothing to share."""
    parts, whole = line.get("parts"), line.get("whole")
    if not whole or parts == whole:
        return None
    what = "terms" if line["term"] and parts == 1 else "days"
    return {"of": what, "parts": parts, "whole": whole, "rounding": "largest remainder: the shares sum to the whole"}


def _write_earlier(row: Mapping[str, Any]) -> dict[str, Any]:
    found = {
        "invoice": row.get("invoice"), "line": row.get("line"), "from": _day(row["start"]), "to": _day(row["stop"]),
        "quantity": write_scaled(row["quantity"] or 0, places=3), "amount": write_amount(row["amount"]),
        "vat_percent": write_scaled(row["rate"], places=2, least=0),
    }  # fmt: skip
    return {name: value for name, value in found.items() if value not in ("", None)}


def _calculate(line: Mapping[str, Any]) -> str:
    """The sum as it is done by hand."""
    value = write_scaled(line["value"] or 0, places=4, least=2)
    amount = write_amount(line["amount"])
    kind, share = line["kind"], _explain_share(line)
    if kind in (Kind.ADVANCE_DEDUCTION, Kind.FIXED_DEDUCTION):
        return f"-(sum of {line['parts']} invoiced lines) = {amount} kr"
    if line["unit"] == Unit.YEAR and share:
        count = line["quantity"] // 1000
        times = f"{count} × " if count != 1 else ""
        return f"{times}{value} kr × {share['parts']}/{share['whole']} = {amount} kr"
    product = f"{write_scaled(line['quantity'], places=3)} {line['unit']} × {value} kr"
    exact = derive_amount(line["quantity"], line["value"] or 0)
    if exact != line["amount"]:
        return f"{product} = {write_amount(exact)} kr, as a share of the whole {amount} kr"
    return f"{product} = {amount} kr"
