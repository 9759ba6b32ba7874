# SPDX-License-Identifier: Apache-2.0
"""Raw, validated and used values of one series side by side, interval by interval.  Pure but for the reading of rows.

Raw: what the register showed last in the interval, and the difference from the interval before.  Validated: that
difference where both ends came in and no check threw one out.  Used: the value after estimates and people's decisions.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import datetime

import polars as pl

from avlest.portal.charts import Bar, Sure
from avlest.readings.contracts import DecisionInfo, FindingInfo
from avlest.readings.quality import Quality

Span = tuple[datetime, datetime]
_MEASURED = (int(Quality.MEASURED), int(Quality.CUSTOMER_READ))


@dataclasses.dataclass(frozen=True, slots=True)
class Line:
    """One interval.  Values are thousandths of the unit; None where there is none."""

    start: datetime
    stop: datetime
    register: int | None
    read_at: datetime | None
    raw: int | None
    validated: int | None
    used: int | None
    quality: int
    rules: tuple[str, ...]
    findings: tuple[FindingInfo, ...] = ()
    decision: DecisionInfo | None = None

    @property
    def is_changed(self) -> bool:
        """Whether what is used is not what was measured."""
        return self.used != self.validated


def make_lines(
    spans: Sequence[Span],
    hours: pl.DataFrame,
    readings: pl.DataFrame,
    *,
    is_counter: bool,
    findings: Sequence[FindingInfo] = (),
    decisions: Sequence[DecisionInfo] = (),
) -> list[Line]:
    """Return one line an interval.

    `hours`: the columns of the table `hourly`; `readings`: `register, at, value`, from before the first interval on.
    """
    used = _sum_hours(spans, hours, is_counter=is_counter)
    last = _find_last(spans, readings)
    lines = []
    for at, span in enumerate(spans):
        value, measured, quality, rules = used.get(at, (None, None, 0, ()))
        register, read_at, raw = _get_raw(last, at, is_counter=is_counter)
        found = tuple(each for each in findings if _touches(each.starts_at, each.ends_at or each.starts_at, span))
        is_out = any(each.severity == "reject" for each in found)
        validated = measured if measured is not None else (None if is_out or not is_counter else raw)
        made = [each for each in decisions if _touches(each.starts_at, each.ends_at or each.starts_at, span)]
        decision = made[-1] if made else None
        lines.append(Line(*span, register, read_at, raw, validated, value, quality, rules, found, decision))
    return lines


def _touches(start: datetime, stop: datetime, span: Span) -> bool:
    return start < span[1] and (stop > span[0] or start >= span[0])


def _sum_hours(
    spans: Sequence[Span], hours: pl.DataFrame, *, is_counter: bool
) -> dict[int, tuple[int | None, int | None, int, tuple[str, ...]]]:
    """By interval: used value, the same where every hour of it was measured, lowest quality, rules."""
    if hours.is_empty() or not spans:
        return {}
    edges = pl.DataFrame({"hour": [start for start, _ in spans], "span": range(len(spans))}).with_columns(
        pl.col("hour").cast(hours.schema["hour"])
    )
    placed = hours.sort("hour").join_asof(edges.sort("hour"), on="hour")
    value = pl.col("value").sum() if is_counter else pl.col("value").mean().round().cast(pl.Int64)
    rows = placed.drop_nulls("span").group_by("span").agg(
        pl.when(pl.col("value").count() > 0).then(value).alias("used"),
        (pl.col("quality").is_in(_MEASURED) & pl.col("value").is_not_null()).all().alias("all"),
        pl.col("quality").min().cast(pl.Int64),
        pl.col("rule").filter(pl.col("rule").fill_null("") != "").unique(maintain_order=True).alias("rules"),
    )  # fmt: skip
    return {
        span: (used, used if whole else None, int(quality or 0), tuple(rules))
        for span, used, whole, quality, rules in rows.iter_rows()
    }


_Last = tuple[int, datetime, int]


def _find_last(spans: Sequence[Span], readings: pl.DataFrame) -> dict[int, _Last]:
    """By interval (-1: before the first): register, instant and value of the last reading in it."""
    if readings.is_empty() or not spans:
        return {}
    length = spans[0][1] - spans[0][0]
    edges = [(spans[0][0] - length, -1), *((start, at) for at, (start, _) in enumerate(spans))]
    frame = pl.DataFrame(edges, schema={"at": readings.schema["at"], "span": pl.Int64}, orient="row")
    # A reading on the boundary closes the interval before it.
    placed = readings.sort("at").join_asof(frame, on="at", allow_exact_matches=False).drop_nulls("span")
    rows = placed.filter(pl.col("at") <= spans[-1][1]).group_by("span").last()
    return {row["span"]: (row["register"], row["at"], row["value"]) for row in rows.iter_rows(named=True)}


def _get_raw(
    last: dict[int, _Last], at: int, *, is_counter: bool
) -> tuple[int | None, datetime | None, int | None]:  # fmt: skip
    """What the register showed, when, and the difference from the interval before (none across an exchange)."""
    if at not in last:
        return None, None, None
    register, read_at, value = last[at]
    before = last.get(at - 1)
    raw = value - before[2] if is_counter and before and before[0] == register else None
    return value, read_at, raw


def to_bars(lines: Sequence[Line]) -> tuple[Bar, ...]:
    """The used values as bars."""
    return tuple(Bar(line.start, line.stop, line.used, to_sure(line)) for line in lines)


def to_sure(line: Line) -> Sure:
    """How a line is drawn."""
    if line.used is None:
        return Sure.MISSING
    if line.quality >= Quality.CUSTOMER_READ and line.quality != Quality.MANUAL_VERIFIED:
        return Sure.MEASURED
    return Sure.MANUAL if line.quality >= Quality.EDITED else Sure.ESTIMATED
