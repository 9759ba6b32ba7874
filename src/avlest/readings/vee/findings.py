# SPDX-License-Identifier: Apache-2.0
"""Gathers what rules find, as columns.  Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import polars as pl

from avlest.readings.vee.arrays import Integers, Mask
from avlest.readings.vee.contracts import FINDINGS, Action, Severity
from avlest.readings.vee.thresholds import ThresholdBook


@dataclass(slots=True)
class Findings:
    """Findings of one call; series are given as indexes into `ids`, times in milliseconds."""

    ids: Integers
    thresholds: ThresholdBook
    _parts: list[pl.DataFrame] = field(default_factory=list)

    def add(
        self, rule: str, *, series: Integers, start: Integers, stop: Integers, value: Integers | None = None,
        limit: Integers | None = None, detail: str = "", severity: Severity | None = None, action: Action | None = None,
    ) -> None:  # fmt: skip
        """Add findings of one rule; the severity is the rule's where none is given."""
        if not len(series):
            return
        nothing = pl.lit(None, pl.Int64)
        frame = pl.DataFrame({"series": self.ids[series], "start": start * 1000, "stop": stop * 1000}).with_columns(
            pl.col("start", "stop").cast(pl.Datetime("us", "UTC")),
            rule=pl.lit(rule),
            severity=pl.lit(severity.value if severity else self.thresholds.rules[rule].severity),
            value=nothing if value is None else pl.Series(value),
            limit=nothing if limit is None else pl.Series(limit),
            detail=pl.lit(detail),
            action=pl.lit(action.value if action else ""),
        )
        self._parts.append(frame.select(pl.col(name).cast(dtype) for name, dtype in FINDINGS.items()))

    def add_points(
        self, rule: str, *, series: Integers, at: Integers, where: Mask, value: Integers,
        limit: Integers | None = None, detail: str = "", severity: Severity | None = None, action: Action | None = None,
    ) -> None:  # fmt: skip
        """Add one finding for each point where `where` holds; the period is that instant."""
        rows = np.flatnonzero(where)
        self.add(
            rule, series=series[rows], start=at[rows], stop=at[rows] + 1, value=value[rows],
            limit=None if limit is None else limit[rows], detail=detail, severity=severity, action=action,
        )  # fmt: skip

    def to_frame(self) -> pl.DataFrame:
        """All findings, columns `FINDINGS`, sorted, each once."""
        empty = pl.DataFrame(schema=dict(FINDINGS))
        return pl.concat([empty, *self._parts]).unique().sort("series", "rule", "start", "stop", "detail", "value")
