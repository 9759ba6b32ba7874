# SPDX-License-Identifier: Apache-2.0
"""Sums of an invoice: VAT per rate on the sum of the rounded lines (rules §1.7), for one and for many."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from avlest.settlement.contracts import InvoiceTotals, VatTotal
from avlest.settlement.core.keys import derive_key

_FULL = 10_000
"""100 %, in hundredths of a per cent."""


def _round(numerator: pl.Expr, denominator: pl.Expr | int) -> pl.Expr:
    """Half away from zero, exact in int64."""
    rounded = (2 * numerator.abs() + denominator).floordiv(
        2 * pl.lit(denominator) if isinstance(denominator, int) else 2 * denominator
    )
    return rounded * numerator.sign()


def derive_vat_totals(lines: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    """Base, VAT and gross per invoice and rate: columns `by`, rate, base, vat, gross (øre), in the order of `by`.

    Lines without VAT in them are summed and the VAT added; lines with VAT are summed and the base taken out.
    """
    return _derive_rates(lines, by).sort([*by, "rate"])


def _derive_rates(lines: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    sums = _sum(lines, [*by, "rate", "vat_included"], ["amount"])
    rate = pl.col("rate").cast(pl.Int64)
    base = pl.when("vat_included").then(_round(pl.col("amount") * _FULL, rate + _FULL)).otherwise(pl.col("amount"))
    tax = (
        pl.when("vat_included").then(pl.col("amount") - pl.col("base")).otherwise(_round(pl.col("base") * rate, _FULL))
    )
    sums = sums.with_columns(base=base).with_columns(vat=tax)
    # Only where gross and net prices stand on one invoice does a rate have two sums.
    mixed = sums["vat_included"].n_unique() > 1
    rates = _sum(sums, [*by, "rate"], ["base", "vat"]) if mixed else sums.select(*by, "rate", "base", "vat")
    return rates.with_columns(gross=pl.col("base") + pl.col("vat"))


def _sum(rows: pl.DataFrame, by: Sequence[str], columns: Sequence[str]) -> pl.DataFrame:
    """Sums of whole numbers per group."""
    key = derive_key(rows, by)
    if key is None:
        return rows.group_by(by, maintain_order=True).agg(pl.col(columns).sum())
    keyed = rows.select(*by, *columns).with_columns(group=pl.Series(key))
    return keyed.group_by("group").agg(pl.col(by).first(), pl.col(columns).sum()).drop("group")


def derive_totals(lines: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    """Net, VAT and gross per invoice: columns `by`, net, vat, gross (øre), in the order of `by`.

    A negative gross is a credit note.
    """
    sums = _sum(_derive_rates(lines, by), by, ["base", "vat", "gross"])
    return sums.rename({"base": "net"}).sort(by)


def derive_invoice_totals(lines: pl.DataFrame) -> InvoiceTotals:
    """The sums of all the lines as one invoice."""
    rates = derive_vat_totals(lines.with_columns(all=pl.lit(1)), ["all"]).drop("all")
    found = tuple(VatTotal(**row) for row in rates.iter_rows(named=True))
    return InvoiceTotals(
        net=sum(rate.base for rate in found), vat=sum(rate.vat for rate in found),
        gross=sum(rate.gross for rate in found), rates=found,
    )  # fmt: skip


def derive_nets(lines: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    """The lines with `net`: without VAT, and summing to the base of their rate on the invoice.

    Gross lines are taken out of their running sum, so each is within an øre of its own net and none is lost.
    """
    group = [*by, "rate", "vat_included"]
    running = pl.col("amount").cum_sum().over(group)
    rate = pl.col("rate").cast(pl.Int64)
    upto, before = _round(running * _FULL, rate + _FULL), _round((running - pl.col("amount")) * _FULL, rate + _FULL)
    return lines.with_columns(net=pl.when("vat_included").then(upto - before).otherwise(pl.col("amount")))
