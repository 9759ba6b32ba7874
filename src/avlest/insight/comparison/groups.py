# SPDX-License-Identifier: Apache-2.0
"""Homes among their like: average, the best fifth, position and concentration, never of a small group.  Pure."""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Iterable, Mapping
from datetime import date
from importlib import resources
from typing import Any

import polars as pl

from avlest.insight.comparison.compare import Omitted


class GroupRuleError(ValueError):
    """A table of group rules cannot be used; says which row and field."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class GroupRule:
    """In force from `starts`; fields as the file explains them."""

    starts: date
    source: str
    average_minimum: int
    peer_minimum: int
    best_share: float
    known_share: float


def load_group_rules() -> tuple[GroupRule, ...]:
    """The rules that come with Avlest."""
    return parse_group_rules(resources.files("avlest.insight.comparison").joinpath("groups.toml").read_text("utf-8"))


def parse_group_rules(text: str) -> tuple[GroupRule, ...]:
    """Rows of a TOML text."""
    return tuple(_parse_row(row, f"rule {number}") for number, row in enumerate(tomllib.loads(text)["rule"], 1))


def _parse_row(row: Mapping[str, Any], place: str) -> GroupRule:
    fields = {item.name for item in dataclasses.fields(GroupRule)} - {"starts"} | {"from"}
    if set(row) != fields:
        raise GroupRuleError(f"{place}: expected {', '.join(sorted(fields))}; found {', '.join(sorted(row))}")
    return GroupRule(starts=row["from"], **{key: value for key, value in row.items() if key != "from"})


def pick_group_rule(rules: Iterable[GroupRule], day: date) -> GroupRule:
    """The one in force on `day`; `GroupRuleError` before the first."""
    fitting = [rule for rule in rules if rule.starts <= day]
    if not fitting:
        raise GroupRuleError(f"no rule is in force on {day}")
    return max(fitting, key=lambda rule: rule.starts)


def derive_peers(homes: pl.DataFrame, rule: GroupRule) -> pl.DataFrame:
    """Each home among those of its `group`.

    `homes`: `home`, `group`, `value` (thousandths; null: not known, in no group).  Added columns: `size` of the group;
    `average` of the *others*, from `average_minimum` homes on; from `peer_minimum` on `best` (mean of the lowest
    `best_share` of the homes), `less_than` and `more_than` (it uses less than so many of ten of the others, and more
    than so many); `omitted`: why something is missing.  Averages are rounded down to a thousandth.
    """
    known = pl.col("value").is_not_null()
    size = known.sum().over("group")
    others = size - 1
    rank = pl.col("value").rank("ordinal").over("group")
    lowest = rank <= (size * rule.best_share).ceil()
    below = (pl.col("value").rank("min").over("group") - 1).cast(pl.Int64)
    above = (size - pl.col("value").rank("max").over("group")).cast(pl.Int64)
    average = (pl.col("value").sum().over("group") - pl.col("value")) // others
    best = (pl.when(lowest).then("value").sum() // lowest.sum()).over("group")
    enough, many = known & (size >= rule.average_minimum), known & (size >= rule.peer_minimum)
    return homes.with_columns(
        size.cast(pl.Int64).alias("size"),
        pl.when(enough).then(average).alias("average"),
        pl.when(many).then(best).alias("best"),
        pl.when(many).then(10 * above // others).alias("less_than"),
        pl.when(many).then(10 * below // others).alias("more_than"),
        pl.when(~known)
        .then(pl.lit(str(Omitted.NO_BASE)))
        .when(~many)
        .then(pl.lit(str(Omitted.GROUP_TOO_SMALL)))
        .alias("omitted"),
    )


def derive_concentration(values: pl.Series, rule: GroupRule, *, steps: int = 10) -> pl.DataFrame:
    """Which share of the homes uses which share: `homes` and `use` (0 to 1), the largest users first.

    The first row after 0 of ten steps says what the tenth that uses most takes.  Between homes the curve is straight.
    Empty where the group is smaller than `peer_minimum` or nothing was used.
    """
    known = values.drop_nulls().sort(descending=True)
    total = known.sum()
    empty = pl.DataFrame(schema={"homes": pl.Float64, "use": pl.Float64})
    if len(known) < rule.peer_minimum or not total:
        return empty
    reached = [0, *known.cum_sum().to_list()]
    rows = []
    for step in range(steps + 1):
        whole, part = divmod(step * len(known), steps)
        following = known[whole] if part else 0
        rows.append((step / steps, (reached[whole] + following * part / steps) / total))
    return pl.DataFrame(rows, schema=dict(empty.schema), orient="row")
