# SPDX-License-Identifier: Apache-2.0
"""From what series say to what each service is charged by, with where it came from.  Pure, over columns."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import polars as pl

from avlest.readings.quality import Quality
from avlest.settlement.contracts import CONSUMPTION
from avlest.settlement.core.quantities import POINT_QUANTITIES, ROLES, derive_service_quantities
from avlest.settlement.runs.inputs import QUANTITIES, shape

SCALES: Mapping[str, int] = {"l": 1000, "kwh": 1}
"""Thousandths of a series' unit in a thousandth of the price's unit: 1 m³ is 1000 L, kWh are kWh."""


@dataclasses.dataclass(frozen=True, slots=True)
class Services:
    """Which media each service is charged by, and which leave out what a reduction meter counts."""

    media_of: Mapping[str, tuple[str, ...]]
    reduced: frozenset[str]

    @property
    def media(self) -> frozenset[str]:
        """All media that something is charged by."""
        return frozenset(medium for media in self.media_of.values() for medium in media)

    @classmethod
    def from_options(cls, table: Mapping[str, Mapping[str, Any]]) -> Services:
        """Return the table `services` of the options."""
        reduced = frozenset(name for name, row in table.items() if row.get("less_reduction"))
        return cls({name: tuple(row["media"]) for name, row in table.items()}, reduced)


def derive_spans(accounts: pl.DataFrame, points: pl.DataFrame, *, year: int, cuts: Sequence[date]) -> pl.DataFrame:
    """Return one row per account, stretch of its days in the year, and point; `source` numbers the stretches.

    A stretch ends where the account does and at each of `cuts`.
    """
    edges = [date(year, 1, 1), *sorted(cuts), date(year + 1, 1, 1)]
    pieces = pl.DataFrame({"low": edges[:-1], "high": edges[1:]}, schema={"low": pl.Date(), "high": pl.Date()})
    stretches = (
        accounts.select("subscriber", "property", "start", "stop", "standard")
        .join(pieces, how="cross", maintain_order="left_right")
        .select(
            "subscriber", "property", "standard",
            start=pl.max_horizontal("start", "low"), stop=pl.min_horizontal("stop", "high"),
        )
        .filter(pl.col("start") < pl.col("stop"))
        .with_row_index("source")
    )  # fmt: skip
    # Without a meter the quantity is stipulated: the row stays, with a number of its own for the missing point.
    rows = stretches.with_columns(pl.col("source").cast(pl.Int64)).join(
        points, on="property", how="left", maintain_order="left_right"
    )
    return rows.with_columns(point=pl.col("point").fill_null(-pl.col("subscriber")))


def derive_quantities(sums: pl.DataFrame) -> pl.DataFrame:
    """Return the QUANTITIES of spans with their sums: whole thousandths, the stretches of an account exact together.

    The running sum is rounded, not each stretch, so that a change of price never moves a litre.
    """
    scale = pl.col("unit").replace_strict(SCALES, default=1, return_dtype=pl.Int64)
    running = pl.col("total").cum_sum().over("subscriber", "point")
    upto = (2 * running + scale).floordiv(2 * scale)
    before = (2 * (running - pl.col("total")) + scale).floordiv(2 * scale)
    measured = pl.when(pl.col("days_missing") == 0).then(pl.lit("difference")).otherwise(pl.lit("missing"))
    return sums.with_columns(quantity=upto - before, method=measured, purpose=pl.col("purpose").fill_null("billing"))


def derive_fill(quantities: pl.DataFrame, evidence: pl.DataFrame) -> pl.DataFrame:
    """Put something in place of missing days, by the first way that applies (rules §1.8), and say which.

    `evidence` has per `source` and `point`: `window_rate`, `last_year_rate`, `average_rate`, each thousandths a day
    as a ratio (`..._total`, `..._days`), null where the way does not apply.  Then comes the account's `standard`.
    What nothing applies to stays `missing`.
    """
    rows = quantities.join(evidence, on=["source", "point"], how="left", maintain_order="left")
    gap = pl.col("days_missing").cast(pl.Int64)
    ways = [(name, _scaled(f"{name}_total", f"{name}_days", gap)) for name in ("window", "last_year", "average")]
    standard = (2 * pl.col("standard") * gap + 365).floordiv(2 * 365)
    ways.append(("standard", standard))
    filled = pl.coalesce(*(fill for _, fill in ways))
    method = pl.coalesce(*(pl.when(fill.is_not_null()).then(pl.lit(f"stipulated_{name}")) for name, fill in ways))
    lacks = (pl.col("days_missing") > 0) & filled.is_not_null()
    return rows.with_columns(
        quantity=pl.when(lacks).then(pl.col("quantity") + filled).otherwise(pl.col("quantity")),
        method=pl.when(lacks).then(method).otherwise(pl.col("method")),
        quality=pl.when(lacks).then(pl.lit(int(Quality.TEMPORARY), dtype=pl.Int16)).otherwise(pl.col("quality")),
    )


def _scaled(total: str, days: str, gap: pl.Expr) -> pl.Expr:
    known = pl.when(pl.col(days) > 0).then(pl.col(days))
    return (2 * pl.col(total) * gap + known).floordiv(2 * known)


def derive_decided(quantities: pl.DataFrame, decisions: pl.DataFrame) -> pl.DataFrame:
    """Let a decision by discretion stand instead of what else is known of its days, by days of the stretch.

    Only the first billing point of an account carries it; the others count nothing in those days.
    """
    if not decisions.height:
        return quantities
    joined = quantities.with_row_index("row").join(
        decisions.rename({"start": "from", "stop": "to", "quantity": "decided"}), on="subscriber", how="inner"
    )
    both = pl.min_horizontal("stop", "to") - pl.max_horizontal("start", "from")
    joined = joined.filter((both.dt.total_days() > 0) & (pl.col("purpose") == "billing"))
    share = pl.col("decided") * both.dt.total_days()
    whole = (pl.col("to") - pl.col("from")).dt.total_days()
    first = pl.col("point") == pl.col("point").min().over("subscriber")
    found = joined.group_by("row").agg(
        decided=pl.when(first).then((2 * share + whole).floordiv(2 * whole)).otherwise(0).sum(),
        decision=pl.col("decision").first(),
        covered=both.dt.total_days().sum(),
    )
    rows = quantities.with_row_index("row").join(found, on="row", how="left", maintain_order="left")
    is_decided = pl.col("decided").is_not_null()
    left = (pl.col("quantity") * (pl.col("days") - pl.col("covered"))).floordiv(pl.col("days"))
    return rows.with_columns(
        quantity=pl.when(is_decided).then(pl.col("decided") + left).otherwise(pl.col("quantity")),
        method=pl.when(is_decided).then(pl.lit("discretion")).otherwise(pl.col("method")),
        quality=pl.when(is_decided).then(pl.lit(int(Quality.DISCRETION), dtype=pl.Int16)).otherwise(pl.col("quality")),
    ).drop("row", "decided", "decision", "covered")


def derive_consumption(
    quantities: pl.DataFrame, services: pl.DataFrame, *, rules: Services
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return CONSUMPTION, and the accounts that are blocked: `subscriber, service, code`.

    A service that leaves out reduction meters is charged by main less reduction; blocked is where the reduction is
    more than the main (rules §1.9), and where a quantity is not known and nothing stands in for it.
    """
    missing = quantities.filter(pl.col("method") == "missing").select("subscriber").unique(maintain_order=True)
    good = quantities.join(missing, on="subscriber", how="anti", maintain_order="left")
    outcome = derive_service_quantities(good.select(*POINT_QUANTITIES), _derive_roles(good, rules))
    has = services.select("subscriber", "service").unique()
    rows = shape(outcome.lines, CONSUMPTION).join(has, on=["subscriber", "service"], how="semi", maintain_order="left")
    above = outcome.problems.with_columns(pl.col("service").cast(pl.String)).join(
        has, on=["subscriber", "service"], how="semi"
    )
    none = missing.select("subscriber", service=pl.lit(""), code=pl.lit("no_quantity"))
    blocked = pl.concat([none, above.select("subscriber", "service", "code")])
    rows = rows.join(blocked, on="subscriber", how="anti", maintain_order="left")
    return rows.sort("subscriber", "service", "start", maintain_order=True), blocked


def _derive_roles(quantities: pl.DataFrame, rules: Services) -> pl.DataFrame:
    """Which points each service is charged by, and with which sign; a place without meter is for every service."""
    points = quantities.select("point", "purpose", "medium").unique(maintain_order=True)
    parts = []
    for service, media in rules.media_of.items():
        sign = pl.when(pl.col("purpose") == "reduction").then(-1 if service in rules.reduced else 0).otherwise(1)
        own = points.filter(pl.col("medium").is_in(media) | pl.col("medium").is_null())
        parts.append(own.select("point", service=pl.lit(service), sign=sign).filter(pl.col("sign") != 0))
    return pl.concat(parts) if parts else pl.DataFrame(schema=dict(ROLES))


def shape_quantities(quantities: pl.DataFrame) -> pl.DataFrame:
    """Return QUANTITIES as they are kept."""
    return shape(quantities, QUANTITIES)
