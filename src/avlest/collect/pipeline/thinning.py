# SPDX-License-Identifier: Apache-2.0
"""Keep the reading nearest each full interval, and every change of status.  Pure.

Full intervals are multiples of the interval since 1970 in UTC; the readings nearer to one than to any other are its
slot.  A slot is decided by the first reading at or after its full interval: none that follows is nearer.  Until then
the nearest so far is *held*, unless the meter sends so seldom that nothing nearer can be expected, or is heard for the
first time: then it is kept at once.  A worker keeps what is held too long (`release_held`).

Values of earlier periods (storage numbers, extremes) are kept when they change.
"""

from __future__ import annotations

from typing import Final

import polars as pl

READING_SCHEMA: Final[dict[str, pl.DataType]] = {
    "register": pl.Int64(),
    "at": pl.Int64(),
    "value": pl.Int64(),
    "status": pl.Int64(),
    "quality": pl.Int64(),
    "source": pl.String(),
}
"""Readings on their way; `at` in microseconds since 1970."""

STATE_SCHEMA: Final[dict[str, pl.DataType]] = {
    "register": pl.Int64(),
    "last_at": pl.Int64(),
    "last_value": pl.Int64(),
    "last_status": pl.Int64(),
    "kept_slot": pl.Int64(),
    "held_at": pl.Int64(),
    "held_value": pl.Int64(),
    "held_status": pl.Int64(),
    "held_quality": pl.Int64(),
    "held_source": pl.String(),
}
"""What is remembered of a register between batches."""

RELEASE_MICROSECONDS: Final = 60_000_000
"""How long after the full interval a held reading waits for one that is nearer."""

_HELD: Final = ("at", "value", "status", "quality", "source")


def thin_readings(readings: pl.DataFrame, states: pl.DataFrame, *, interval: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The readings to keep, and the new states of their registers.

    `readings`: `READING_SCHEMA` and `present` (Boolean: a value of now); `states`: `STATE_SCHEMA`, at most one row a
    register; `interval` in microseconds, 0 keeps everything.
    """
    rows = _join_states(readings, states)
    rows = _judge_slots(rows, interval=interval) if interval else _keep_all(rows)
    kept = rows.filter("keep").select(*READING_SCHEMA)
    return kept, _derive_states(rows)


def _join_states(readings: pl.DataFrame, states: pl.DataFrame) -> pl.DataFrame:
    """New readings and held ones by register and time, with what was remembered."""
    held = states.filter(pl.col("held_at").is_not_null()).select(
        "register", *(pl.col(f"held_{name}").alias(name) for name in _HELD), present=pl.lit(value=True), fresh=False
    )
    fresh = readings.select(*READING_SCHEMA, "present", fresh=pl.lit(value=True))
    memory = states.select("register", "last_at", "last_value", "last_status", "kept_slot")
    rows = pl.concat([fresh, held.select(fresh.columns)])
    rows = rows.unique(["register", "at", "value"], keep="first").join(memory, on="register", how="left")
    again = pl.col("fresh") & (pl.col("at") == pl.col("last_at")) & (pl.col("value") == pl.col("last_value"))
    return rows.filter(~again.fill_null(value=False)).sort("register", "at")


def _before(column: str) -> pl.Expr:
    """The value of the row before of the same register, else what was remembered."""
    return pl.col(column).shift(1).over("register").fill_null(pl.col(f"last_{column}"))


def _keep_all(rows: pl.DataFrame) -> pl.DataFrame:
    changed = (_before("value") != pl.col("value")).fill_null(value=True)
    return rows.with_columns(keep=pl.col("present") | changed, held=False, slot=pl.lit(None, pl.Int64), decided=False)


def _judge_slots(rows: pl.DataFrame, *, interval: int) -> pl.DataFrame:
    """Add `keep`, `held`, `slot` and `decided` (the slot is done with) to each reading."""
    slot = (pl.col("at") + interval // 2) // interval
    rows = rows.with_columns(
        slot=slot,
        distance=(pl.col("at") - slot * interval).abs(),
        is_news=(pl.col("fresh") & (_before("status") != pl.col("status"))).fill_null(value=False),
        is_changed=(_before("value") != pl.col("value")).fill_null(value=True),
        is_sparse=((pl.col("at") - _before("at")) * 4 >= 3 * interval).fill_null(value=True),
    )
    group = ["register", "slot"]
    rows = rows.with_columns(
        is_nearest=pl.struct("distance", "at").rank("ordinal").over(group) == 1,
        is_passed=(pl.col("at").max().over(group) >= pl.col("slot") * interval)
        | (pl.col("slot") < pl.col("slot").max().over("register")),
        is_decided=(pl.col("slot") == pl.col("kept_slot")).fill_null(value=False),
    )
    ready = pl.col("is_passed") | pl.col("is_sparse") | pl.col("kept_slot").is_null()
    chosen = pl.col("is_nearest") & ~pl.col("is_decided")
    present = pl.col("present")
    return rows.with_columns(
        keep=pl.when(present).then((chosen & ready) | pl.col("is_news")).otherwise(pl.col("is_changed")),
        held=present & chosen & ~ready,
        decided=present & (pl.col("is_decided") | (chosen & ready)),
    )


def _derive_states(rows: pl.DataFrame) -> pl.DataFrame:
    """What to remember of every register of the batch."""
    ahead = pl.col("fresh") & (pl.col("at") >= pl.col("last_at").fill_null(pl.col("at")))
    news = rows.filter(ahead)
    last = news.group_by("register").agg(
        pl.col("at").last().alias("new_at"), pl.col("value").last().alias("new_value"),
        pl.col("status").last().alias("new_status"),
    )  # fmt: skip
    decided = rows.filter("decided").group_by("register").agg(pl.col("slot").max().alias("new_slot"))
    held = rows.filter("held").select("register", *(pl.col(name).alias(f"held_{name}") for name in _HELD))
    memory = rows.group_by("register").agg(pl.col("last_at", "last_value", "last_status", "kept_slot").first())
    joined = memory.join(last, on="register", how="left").join(decided, on="register", how="left")
    joined = joined.join(held.unique("register", keep="last"), on="register", how="left")
    return joined.with_columns(
        last_at=pl.coalesce("new_at", "last_at"),
        last_value=pl.coalesce("new_value", "last_value"),
        last_status=pl.coalesce("new_status", "last_status"),
        kept_slot=pl.max_horizontal("new_slot", "kept_slot"),
    ).select(pl.col(name).cast(dtype) for name, dtype in STATE_SCHEMA.items())


def release_held(states: pl.DataFrame, *, interval: int, now: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Keep what was held and whose full interval passed `RELEASE_MICROSECONDS` before `now`; and the new states."""
    slot = (pl.col("held_at") + interval // 2) // interval if interval else pl.col("held_at")
    centre = slot * interval if interval else slot
    due = states.filter(pl.col("held_at").is_not_null() & (centre + RELEASE_MICROSECONDS <= now))
    kept = due.select(
        "register", *(pl.col(f"held_{name}").alias(name) for name in _HELD)
    ).select(*READING_SCHEMA)  # fmt: skip
    empty = [pl.lit(None, dtype=STATE_SCHEMA[f"held_{name}"]).alias(f"held_{name}") for name in _HELD]
    return kept, due.with_columns(kept_slot=slot).with_columns(empty).select(*STATE_SCHEMA)
