# SPDX-License-Identifier: Apache-2.0
"""The meters' own words as alarms, over time and over many meters at once.  Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

import polars as pl

from avlest.insight.causes import add_causes
from avlest.insight.contracts import ALARMS, PARAMETERS, AlarmKind, Evidence, Scope, make_empty
from avlest.insight.infocodes.words import Words, load_words, split_words

_NO_PARAMETERS = make_empty(PARAMETERS)
_KEY = ["meter", "kind"]


def derive_info_alarms(
    statuses: pl.DataFrame,
    *,
    start: datetime,
    until: datetime,
    open_alarms: pl.DataFrame | None = None,
    words: Words | None = None,
    zone: str = "Europe/Oslo",
) -> pl.DataFrame:
    """Alarms of `[start, until)` from what meters said (`contracts.STATUSES`; rows outside do not count).

    A word opens the alarm of its kind at the telegram that first has it and the first telegram without it clears it;
    while a meter says TAMPER it sends nothing else, so that nothing else is cleared (rules §5.1).  `open_alarms`: what
    a former call gave; days one after another and months at once give the same.  Columns `contracts.ALARMS`.
    """
    table = load_words() if words is None else words
    given = make_empty(ALARMS) if open_alarms is None else open_alarms.select(list(ALARMS))
    is_mine = (pl.col("scope") == str(Scope.METER)) & (pl.col("evidence") == str(Evidence.METER))
    open_now = given.filter(is_mine & pl.col("cleared_at").is_null())
    inside = statuses.filter(pl.col("at").is_between(start, until, closed="left")).with_columns(
        pl.col("status").fill_null("")
    )
    said = _find_states(inside, split_words(inside, table), open_now)
    fresh = _make_alarms(said.filter(pl.col("episode") > 0))
    carried = _continue_alarms(open_now, said.filter(pl.col("episode") == 0))
    return add_causes(pl.concat([carried, fresh]), _NO_PARAMETERS, zone).sort("subject", "kind", "opened_at")


def _find_states(statuses: pl.DataFrame, said: pl.DataFrame, open_now: pl.DataFrame) -> pl.DataFrame:
    """Per telegram and kind that matters to the meter: is it so (`active`), and which alarm of the meter it belongs to
    (`episode`: 0 the one carried over, 1 and on those opened here)."""
    carried = open_now.select(pl.col("subject").alias("meter"), "kind", pl.lit(value=True).alias("was_open"))
    pairs = pl.concat([said.select(_KEY), carried.select(_KEY)]).unique().join(carried, on=_KEY, how="left")
    silenced = said.filter("is_silenced").select("meter", "at", pl.lit(value=True).alias("hides")).unique()
    states = (
        statuses.select("meter", "at")
        .unique()
        .join(pairs, on="meter")
        .join(said.select("meter", "at", "kind", "words"), on=["meter", "at", "kind"], how="left")
        .join(silenced, on=["meter", "at"], how="left")
        .with_columns(pl.col("words").is_not_null().alias("active"), pl.col("was_open").fill_null(value=False))
        .filter(pl.col("active") | pl.col("hides").is_null())
        .sort("meter", "kind", "at")
    )
    before = pl.col("active").shift(1).over(_KEY)
    opens = pl.col("active") & ~pl.coalesce(before, pl.col("was_open"))
    return states.with_columns(opens.cast(pl.Int32).cum_sum().over(_KEY).alias("episode"))


def _make_alarms(states: pl.DataFrame) -> pl.DataFrame:
    active = pl.col("active")
    rows = states.group_by("meter", "kind", "episode").agg(
        pl.col("at").min().alias("opened_at"),
        pl.col("at").filter(active).max().alias("last_at"),
        pl.col("at").filter(~active).min().alias("cleared_at"),
        pl.col("words").drop_nulls().last().alias("detail"),
    )
    return _fill_columns(rows, str(Scope.METER), str(Evidence.METER))


def _fill_columns(rows: pl.DataFrame, scope: str, evidence: str) -> pl.DataFrame:
    filled = rows.with_columns(
        pl.lit(scope).alias("scope"),
        pl.col("meter").alias("subject"),
        pl.col("opened_at").alias("since"),
        pl.lit(1).alias("count"),
        pl.lit(evidence).alias("evidence"),
        *(pl.lit(None).alias(name) for name in ("severity", "rate", "amount", "cause", "advice")),
    )
    return filled.select(pl.col(name).cast(dtype) for name, dtype in ALARMS.items())


def _continue_alarms(open_now: pl.DataFrame, states: pl.DataFrame) -> pl.DataFrame:
    """What was open: until when it is known to be so now, and whether it was cleared."""
    active = pl.col("active")
    news = states.group_by(pl.col("meter").alias("subject"), "kind").agg(
        pl.col("at").filter(active).max().alias("new_last"),
        pl.col("at").filter(~active).min().alias("new_cleared"),
        pl.col("words").drop_nulls().last().alias("new_detail"),
    )
    return (
        open_now.join(news, on=["subject", "kind"], how="left", maintain_order="left")
        .with_columns(
            pl.coalesce("new_last", "last_at").alias("last_at"),
            pl.col("new_cleared").alias("cleared_at"),
            pl.coalesce("new_detail", "detail").alias("detail"),
        )
        .select(list(ALARMS))
    )


def derive_battery_alarms(
    meters: pl.DataFrame, *, day: date, at: datetime, years: Mapping[str, int], zone: str = "Europe/Oslo"
) -> pl.DataFrame:
    """LOW_BATTERY by age (rules §5.2): meters whose battery was `years` old on `day`, per class of the customer.

    `meters`: `meter`, `customer_class`, `first_used` (day).  `years`: from `Thresholds.battery_years`.  Since the day
    it became so; opened `at`, an instant the caller chooses.
    """
    due = meters.with_columns(
        pl.col("customer_class").replace_strict(dict(years), default=None, return_dtype=pl.Int32).alias("years")
    ).drop_nulls(["years", "first_used"])
    rows = (
        due.with_columns(pl.col("first_used").dt.offset_by(pl.col("years").cast(pl.String) + "y").alias("due"))
        .filter(pl.col("due") <= day)
        .select(
            "meter",
            pl.lit(str(AlarmKind.LOW_BATTERY)).alias("kind"),
            pl.lit(at).alias("opened_at"),
            pl.lit(at).alias("last_at"),
            pl.lit(None).alias("cleared_at"),
            pl.col("first_used").cast(pl.String).alias("detail"),
            pl.col("due").cast(pl.Datetime("us")).dt.replace_time_zone(zone).dt.convert_time_zone("UTC").alias("due"),
        )
    )
    filled = _fill_columns(rows, str(Scope.METER), str(Evidence.AGE)).with_columns(rows["due"].alias("since"))
    return add_causes(filled.sort("subject"), _NO_PARAMETERS, zone)
