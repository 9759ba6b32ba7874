# SPDX-License-Identifier: Apache-2.0
"""What decoding a batch gives, whatever road the messages came: two frames.  Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

import numpy as np
import polars as pl

from avlest.collect.pipeline.numbers import Integers
from avlest.readings.quality import Quality
from avlest.telegrams.layouts.batch import Mask

MESSAGE_SCHEMA: Final[dict[str, pl.DataType]] = {
    "row": pl.Int64(),
    "manufacturer": pl.String(),
    "serial": pl.String(),
    "family": pl.String(),
    "status": pl.String(),
    "outcome": pl.String(),
    "detail": pl.String(),
    "version": pl.Int64(),
    "device_type": pl.Int64(),
}
"""One row a message: who sent it and what became of it.  A serial without manufacturer is a device EUI or a number
that is looked up by itself."""

VALUE_SCHEMA: Final[dict[str, pl.DataType]] = {
    "row": pl.Int64(),
    "spec": pl.Int64(),
    "value": pl.Int64(),
    "at": pl.Int64(),
    "quality": pl.Int64(),
}
"""One row a value: thousandths of the spec's unit; `at` null where the message's own time counts."""


class PipelineOutcome(StrEnum):
    """How a message may end beside the outcomes of decoding."""

    OK = "ok"
    REPEATED = "repeated"
    UNKNOWN_METER = "unknown_meter"
    BAD_TIME = "bad_time"
    BAD_READING = "bad_reading"
    NO_READER = "no_reader"
    PUT_ASIDE = "put_aside"


@dataclass(slots=True)
class Decoded:
    """Gathers messages and values of one batch, columns by columns or one by one."""

    messages: list[pl.DataFrame] = field(default_factory=list)
    values: list[pl.DataFrame] = field(default_factory=list)
    _rows: list[dict[str, Any]] = field(default_factory=list)
    _single: list[tuple[int, int, int, int | None, int]] = field(default_factory=list)

    def add_message(self, row: int, **members: Any) -> None:
        """Add one message; members of `MESSAGE_SCHEMA` that are left out are empty."""
        self._rows.append({"row": row, **members})

    def add_value(
        self, row: int, spec: int, value: int, *, at: int | None = None, quality: int = Quality.MEASURED
    ) -> None:
        """Add one value of one message."""
        self._single.append((row, spec, value, at, quality))

    def add_column(self, rows: Integers, spec: int, values: Integers, valid: Mask | None) -> None:
        """Add one value of each of many messages."""
        if valid is not None:
            rows, values = rows[valid], values[valid]
        self.values.append(
            pl.DataFrame({"row": rows, "spec": np.full(len(rows), spec), "value": values}).with_columns(
                at=pl.lit(None, pl.Int64), quality=pl.lit(int(Quality.MEASURED), pl.Int64)
            )
        )

    def get_messages(self) -> pl.DataFrame:
        """All messages, columns `MESSAGE_SCHEMA`, in any order."""
        singles = pl.DataFrame(self._rows, schema=MESSAGE_SCHEMA)
        return _stack([*self.messages, singles], MESSAGE_SCHEMA)

    def get_values(self) -> pl.DataFrame:
        """All values, columns `VALUE_SCHEMA`."""
        singles = pl.DataFrame(self._single, schema=VALUE_SCHEMA, orient="row")
        return _stack([*self.values, singles], VALUE_SCHEMA)


def _stack(parts: Sequence[pl.DataFrame], schema: dict[str, pl.DataType]) -> pl.DataFrame:
    return pl.concat([part.select(pl.col(name).cast(dtype) for name, dtype in schema.items()) for part in parts])
