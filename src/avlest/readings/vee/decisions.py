# SPDX-License-Identifier: Apache-2.0
"""What people decided about amounts: spread over the hours of the period and laid over what was derived.  Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from avlest.readings.quality import Quality
from avlest.readings.vee.arrays import MS_HOUR, Integers, Mask, expand_ranges, to_integers, to_ms
from avlest.readings.vee.book import Book, find_places
from avlest.readings.vee.contracts import DECISIONS, Action, VeeError, VeeInputs
from avlest.readings.vee.grid import CODE, Grid
from avlest.readings.vee.spans import TOTAL_KNOWN, Spans

_RANKS: Final = {
    Action.EDIT.value: Quality.EDITED,
    Action.VERIFY.value: Quality.MANUAL_VERIFIED,
    Action.DISCRETION.value: Quality.DISCRETION,
}
_LOCK: Final = 100
"""Above every rank: discretion holds until released."""


@dataclass(frozen=True, slots=True)
class Decisions:
    """Periods with an amount, in the order in which they are laid over each other."""

    spans: Spans
    rank: Integers
    quality: Integers
    rule: Integers


def make_decisions(inputs: VeeInputs, book: Book) -> Decisions:
    """Decisions with a value; of several for one period the latest counts.

    Raises `VeeError` for a value that is missing or a period that is not on full hours.
    """
    rows = inputs.decisions.select(list(DECISIONS)).filter(pl.col("action").is_in([*_RANKS, Action.RELEASE.value]))
    rows = _keep_latest(rows).filter(pl.col("action") != Action.RELEASE.value)
    place, known = find_places(book.ids, to_integers(rows["series"]))
    low, high = to_ms(rows["start"]), to_ms(rows["stop"])
    _check(rows.filter(pl.Series(known)))
    rank = np.array([_LOCK if a == Action.DISCRETION.value else int(_RANKS[a]) for a in rows["action"]], np.int64)
    order = np.lexsort((to_ms(rows["known_at"]), rank))
    order = order[known[order]]
    names = [rows["action"][int(row)] for row in order]
    spans = Spans(
        series=place[order], start=low[order], stop=high[order], kind=np.full(len(order), TOTAL_KNOWN),
        amount=to_integers(rows["value"])[order], quality=np.zeros(len(order), np.int64),
    )  # fmt: skip
    return Decisions(
        spans=spans,
        rank=rank[order],
        quality=np.array([int(_RANKS[name]) for name in names], np.int64),
        rule=np.array([CODE[name] for name in names], np.int64),
    )


def mark_replaced(decisions: Decisions, grid: Grid) -> Mask | None:
    """Hours of the grid that a decision above measured values replaces; None where there are none."""
    spans = decisions.spans
    rows = np.flatnonzero(decisions.rank > int(Quality.MEASURED))
    if not len(rows):
        return None
    marked = np.zeros(grid.value.shape, np.bool_)
    low = np.clip((spans.start[rows] - grid.first) // MS_HOUR, 0, grid.columns)
    high = np.clip((spans.stop[rows] - grid.first) // MS_HOUR, low, grid.columns)
    owner, column = expand_ranges(low, high - low)
    marked[spans.series[rows[owner]], column] = True
    return marked


def pick_touching(decisions: Decisions, *, start: int, stop: int) -> Decisions:
    """The decisions that touch `[start, stop)`."""
    mask = (decisions.spans.start < stop) & (decisions.spans.stop > start)
    return Decisions(decisions.spans.pick(mask), decisions.rank[mask], decisions.quality[mask], decisions.rule[mask])


def _keep_latest(rows: pl.DataFrame) -> pl.DataFrame:
    """One row for each period; a release ends the discretion before it and leaves later decisions alone."""
    ordered = rows.sort("series", "start", "stop", "known_at", "action", "value")
    return ordered.unique(["series", "start", "stop"], keep="last", maintain_order=True)


def _check(rows: pl.DataFrame) -> None:
    whole = (pl.col("start").dt.epoch("ms") % MS_HOUR == 0) & (pl.col("stop").dt.epoch("ms") % MS_HOUR == 0)
    wrong = rows.filter(~whole | (pl.col("stop") <= pl.col("start")))
    if wrong.height:
        row = wrong.row(0, named=True)
        raise VeeError(
            "decisions.start", f"series {row['series']}: {row['start']} to {row['stop']} is no run of full hours"
        )
    if rows["value"].null_count():
        row = rows.filter(pl.col("value").is_null()).row(0, named=True)
        raise VeeError("decisions.value", f"series {row['series']}, {row['start']}: {row['action']} needs a value")


def lay_over(grid: Grid, decisions: Decisions, *, owner: Integers, hour: Integers, amount: Integers) -> None:
    """Put decided hours where they outrank what is there; later ones in the list go above earlier ones."""
    column = hour - grid.first // MS_HOUR
    rows = np.flatnonzero((column >= 0) & (column < grid.columns))
    series = decisions.spans.series[owner]
    # the last of several assignments to one place stands, and decisions are in order of rank
    there = grid.quality[series[rows], column[rows]]
    wins = (there >= 0) & (decisions.rank[owner[rows]] > there)
    rows = rows[wins]
    place = (series[rows], column[rows])
    grid.value[place] = amount[rows]
    grid.quality[place] = decisions.quality[owner[rows]]
    grid.rule[place] = decisions.rule[owner[rows]]
