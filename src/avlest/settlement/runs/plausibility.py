# SPDX-License-Identifier: Apache-2.0
"""What a clerk should look at before approving: outliers, zeros, jumps, stipulated shares.  Pure, over columns.

Thresholds are arguments (the organisation's options); every exception carries the figures it rests on.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

import polars as pl

from avlest.settlement.contracts import Kind
from avlest.settlement.runs.calculate import Results
from avlest.settlement.runs.inputs import Inputs

BLOCKING, WARNING, NOTE = "blocking", "warning", "note"
_LEAST_DAYS_FOR_ZERO = 60

SUMMARY: Mapping[str, pl.DataType] = {
    "subscriber": pl.Int64(),
    "service": pl.String(),
    "category": pl.String(),
    "quantity": pl.Int64(),
    "days": pl.Int64(),
    "last_quantity": pl.Int64(),
    "last_days": pl.Int64(),
    "unread": pl.Int64(),  # days estimated or missing, over all meters
    "meter_days": pl.Int64(),
}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """The table `plausibility` of the options."""

    last_year_factor: Decimal
    last_year_least: int
    category_deviations: Decimal
    category_members: int
    stipulated_share: Decimal
    zone_difference: Decimal
    run_stipulated_share: Decimal

    @classmethod
    def from_options(cls, table: Mapping[str, Any]) -> Thresholds:
        """Return what the options say, exact."""
        exact = {name: Decimal(str(value)) for name, value in table.items()}
        return cls(
            last_year_factor=exact["last_year_factor"],
            last_year_least=int(exact["last_year_least"]),
            category_deviations=exact["category_deviations"],
            category_members=int(exact["category_members"]),
            stipulated_share=exact["stipulated_share"],
            zone_difference=exact["zone_difference"],
            run_stipulated_share=exact["run_stipulated_share"],
        )


@dataclasses.dataclass(frozen=True, slots=True)
class Found:
    """One exception of a run; `subscriber` None: of the run as a whole."""

    subscriber: int | None
    code: str
    severity: str
    detail: Mapping[str, Any]


def derive_summary(inputs: Inputs, year: int) -> pl.DataFrame:
    """Return SUMMARY: one row per settled account and service, of the days of the year."""
    of_year = pl.col("start").dt.year() == year
    used = (
        inputs.consumption.filter(of_year)
        .group_by("subscriber", "service", maintain_order=True)
        .agg(pl.col("quantity").sum(), days=(pl.col("stop") - pl.col("start")).dt.total_days().sum())
    )
    category = inputs.services.group_by("subscriber", "service").agg(pl.col("category").first())
    meters = (
        inputs.quantities.filter(of_year, pl.col("purpose") != "control")
        .group_by("subscriber")
        .agg(unread=(pl.col("days_estimated") + pl.col("days_missing")).sum(), meter_days=pl.col("days").sum())
    )
    last = inputs.last_year.rename({"quantity": "last_quantity", "days": "last_days"})
    rows = used.join(category, on=["subscriber", "service"], how="left", maintain_order="left")
    rows = rows.join(last, on=["subscriber", "service"], how="left", maintain_order="left")
    rows = rows.join(meters, on="subscriber", how="left", maintain_order="left")
    return rows.select(pl.col(name).cast(kind) for name, kind in SUMMARY.items())


def find_exceptions(summary: pl.DataFrame, thresholds: Thresholds) -> list[Found]:
    """Return what is odd about single accounts, in the order of accounts."""
    found = [
        *_find_zeros(summary),
        *_find_jumps(summary, thresholds),
        *_find_outliers(summary, thresholds),
        *_find_stipulated(summary, thresholds),
    ]
    return sorted(found, key=lambda one: (one.subscriber or 0, one.code))


def _find_zeros(summary: pl.DataFrame) -> list[Found]:
    rows = summary.filter((pl.col("quantity") == 0) & (pl.col("days") >= _LEAST_DAYS_FOR_ZERO))
    return _make(rows, "zero_use", WARNING, "service", "days")


def _find_jumps(summary: pl.DataFrame, thresholds: Thresholds) -> list[Found]:
    """More than so many times last year's use a day, or less than that fraction of it."""
    now, before = pl.col("quantity") * pl.col("last_days"), pl.col("last_quantity") * pl.col("days")
    scaled = int(thresholds.last_year_factor * 1000)
    differs = (now * 1000 > before * scaled) | (now * scaled < before * 1000)
    large = (pl.col("quantity") - pl.col("last_quantity")).abs() >= thresholds.last_year_least
    rows = summary.filter(pl.col("last_days") > 0, differs, large)
    return _make(rows, "against_last_year", WARNING, "service", "quantity", "days", "last_quantity", "last_days")


def _find_outliers(summary: pl.DataFrame, thresholds: Thresholds) -> list[Found]:
    """Far from the others of the category, measured by the median distance to the median on a logarithmic scale."""
    rate = ((pl.col("quantity") + 1) / pl.col("days")).log()
    group = ["service", "category"]
    rows = summary.filter(pl.col("days") > 0, pl.col("quantity") > 0).with_columns(rate=rate)
    rows = rows.with_columns(middle=pl.col("rate").median().over(group), members=pl.len().over(group))
    rows = rows.with_columns(distance=(pl.col("rate") - pl.col("middle")).abs())
    rows = rows.with_columns(usual=pl.col("distance").median().over(group))
    far = pl.col("distance") > float(thresholds.category_deviations) * pl.col("usual")
    rows = rows.filter(far & (pl.col("members") >= thresholds.category_members) & (pl.col("usual") > 0))
    rows = rows.with_columns(median=(pl.col("middle").exp() * pl.col("days")).round(0).cast(pl.Int64))
    return _make(rows, "category_outlier", WARNING, *group, "quantity", "days", "median", "members")


def _find_stipulated(summary: pl.DataFrame, thresholds: Thresholds) -> list[Found]:
    """One exception an account: its services share their meters."""
    share = int(thresholds.stipulated_share * 1000)
    rows = summary.unique("subscriber", keep="first", maintain_order=True)
    rows = rows.filter(pl.col("unread") * 1000 > pl.col("meter_days") * share)
    return _make(rows, "stipulated_share", WARNING, "unread", "meter_days")


def _make(rows: pl.DataFrame, code: str, severity: str, *columns: str) -> list[Found]:
    found = rows.select("subscriber", *columns).iter_rows(named=True)
    return [Found(row["subscriber"], code, severity, {name: row[name] for name in columns}) for row in found]


def derive_part_control(inputs: Inputs, results: Results, year: int) -> dict[str, Any]:
    """Return a part's share of the control sheet: sums that add up over parts; quantities are those of the year."""
    of_year = pl.col("start").dt.year() == year
    billing = inputs.quantities.filter(pl.col("purpose") == "billing", of_year)
    stipulated = billing.filter(pl.col("days_missing") > 0)
    kinds = results.lines.group_by("kind", "service", maintain_order=True).agg(
        lines=pl.len(), quantity=pl.col("quantity").sum(), amount=pl.col("amount").sum()
    )
    return {
        "accounts": inputs.accounts.filter(pl.col("settle") | pl.col("charge")).height,
        "measured": int(billing["quantity"].sum()) - int(stipulated["quantity"].sum()),
        "stipulated": int(stipulated["quantity"].sum()),
        "estimated_days": int(billing["days_estimated"].sum()),
        "missing_days": int(billing["days_missing"].sum()),
        "days": int(billing["days"].sum()),
        "kinds": kinds.rows(named=True),
        "net": int(results.totals["base"].sum()),
        "vat": int(results.totals["vat"].sum()),
        "total": int(results.totals["gross"].sum()),
    }


def merge_controls(parts: list[dict[str, Any]]) -> dict[str, Any]:
    """Add up the control sheets of parts."""
    names = ("accounts", "measured", "stipulated", "estimated_days", "missing_days", "days", "net", "vat", "total")
    kinds: dict[tuple[str, str], dict[str, Any]] = {}
    for row in (row for part in parts for row in part["kinds"]):
        into = kinds.setdefault((row["kind"], row["service"]), {**row, "lines": 0, "quantity": 0, "amount": 0})
        for name in ("lines", "quantity", "amount"):
            into[name] += row[name] or 0
    billed = [row["quantity"] for (kind, _), row in kinds.items() if kind == Kind.SETTLEMENT.value]
    return {name: sum(part[name] for part in parts) for name in names} | {
        "kinds": [kinds[key] for key in sorted(kinds)],
        "billed": sum(billed),
    }


def find_run_exceptions(control: Mapping[str, Any], thresholds: Thresholds) -> list[Found]:
    """Return what is odd about the run as a whole: too much of it not read, zones that do not add up."""
    found = []
    unread = control["estimated_days"] + control["missing_days"]
    if unread > thresholds.run_stipulated_share * control["days"]:
        found.append(Found(None, "run_stipulated_share", WARNING, {"unread": unread, "days": control["days"]}))
    found += [one for zone in control.get("zones", []) if (one := _judge_zone(zone, thresholds)) is not None]
    return found


def _judge_zone(zone: Mapping[str, Any], thresholds: Thresholds) -> Found | None:
    """Compare what came in with what was counted, as far as the zone's main meters know.

    Where they lack more of their days than may differ, there is nothing to compare with, and that is what is told;
    else the days they know stand for those they lack.
    """
    days, missing = zone["days"], zone["days_missing"]
    if missing == days or missing > thresholds.zone_difference * days:
        return Found(None, "zone_unmeasured", NOTE, dict(zone))
    inflow = Fraction(zone["inflow"] * days, days - missing)
    if inflow <= 0 or abs(inflow - zone["measured"]) > Fraction(thresholds.zone_difference) * inflow:
        return Found(None, "zone_difference", WARNING, dict(zone))
    return None
