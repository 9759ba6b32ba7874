# SPDX-License-Identifier: Apache-2.0
"""Keep the reading nearest each full interval, and every change of status.  Pure.

Full intervals are multiples of the interval since 1970 in UTC; the readings nearer to one than to any other are its
slot.  A slot is decided by the first reading at or after its full interval: none that follows is nearer.  Until then
the nearest so far is *held*, unless the meter sends so seldom that nothing nearer can be expected, or is heard for the
first time: then it is kept at once.  A worker keeps what is held too long (`release_held`).

Values of earlier periods (storage numbers, extremes) are kept when they change.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
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
_NEVER: Final = np.iinfo(np.int64).min
Integers = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class _Rows:
    """New readings and held ones by register and time, and what was remembered of the register of each row."""

    frame: pl.DataFrame
    register: Integers
    at: Integers
    value: Integers
    status: Integers
    present: Mask
    fresh: Mask
    is_known: Mask
    last_at: Integers
    last_value: Integers
    last_status: Integers
    kept_slot: Integers

    @property
    def starts(self) -> Integers:
        """The first row of each register."""
        return _find_starts(self.register)

    def before(self, column: Integers, remembered: Integers) -> Integers:
        """The value of the row before of the same register, else what was remembered."""
        shifted = np.empty_like(column)
        shifted[1:] = column[:-1]
        shifted[self.starts] = remembered[self.starts]
        return shifted

    @property
    def has_before(self) -> Mask:
        """Whether there is a row before, or something remembered."""
        found = np.ones(len(self.register), np.bool_)
        found[self.starts] = self.is_known[self.starts]
        return found


@dataclass(frozen=True, slots=True)
class _Verdict:
    """What becomes of each row; `decided`: its slot is done with."""

    keep: Mask
    held: Mask
    decided: Mask
    slot: Integers


def thin_readings(readings: pl.DataFrame, states: pl.DataFrame, *, interval: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The readings to keep, and the new states of their registers.

    `readings`: `READING_SCHEMA` and `present` (Boolean: a value of now); `states`: `STATE_SCHEMA`, at most one row a
    register; `interval` in microseconds, 0 keeps everything.
    """
    if not readings.height:
        return readings.select(*READING_SCHEMA), states.clear()
    rows = _join_states(readings, states)
    if not rows.frame.height:
        return readings.clear().select(*READING_SCHEMA), states.clear()
    verdict = _judge_slots(rows, interval) if interval else _keep_all(rows)
    kept = rows.frame.filter(pl.Series(verdict.keep)).select(*READING_SCHEMA)
    return kept, _derive_states(rows, verdict)


def _join_states(readings: pl.DataFrame, states: pl.DataFrame) -> _Rows:
    """Sort new and held readings, without those that are known already."""
    held = states.filter(pl.col("held_at").is_not_null()).select(
        "register", *(pl.col(f"held_{name}").alias(name) for name in _HELD), present=pl.lit(value=True), fresh=False
    )
    fresh = readings.select(*READING_SCHEMA, "present", fresh=pl.lit(value=True))
    frame = pl.concat([fresh, held.select(fresh.columns)]) if held.height else fresh
    register, at, value = (frame[name].to_numpy() for name in ("register", "at", "value"))
    # Stable, so that of equal rows the new one stands before the held one.
    order = np.lexsort((at, register))
    same = np.zeros(len(order), np.bool_)
    same[1:] = np.logical_and.reduce([c[order][1:] == c[order][:-1] for c in (register, at, value)])
    memory = states.sort("register")
    place = np.searchsorted(memory["register"].to_numpy(), register[order])
    remembered = _Remembered(memory, place, register[order])
    again = (at[order] == remembered.get("last_at")) & (value[order] == remembered.get("last_value"))
    chosen = ~same & ~(again & frame["fresh"].to_numpy()[order])
    frame = frame[order[chosen]]
    names = ("register", "at", "value", "status", "present", "fresh")
    memory_names = ("last_at", "last_value", "last_status", "kept_slot")
    return _Rows(
        frame=frame,
        is_known=remembered.is_known[chosen],
        **{name: frame[name].to_numpy() for name in names},
        **{name: remembered.get(name)[chosen] for name in memory_names},
    )


class _Remembered:
    """Columns of the states, laid beside rows."""

    def __init__(self, memory: pl.DataFrame, place: Integers, register: Integers) -> None:
        self._memory = memory
        inside = place < memory.height
        self._place = np.where(inside, place, 0)
        known = memory["register"].to_numpy()
        self.is_known = inside & (known[self._place] == register) if memory.height else inside

    def get(self, name: str) -> Integers:
        """A column; `_NEVER` where nothing is remembered."""
        if not self._memory.height:
            return np.full(len(self._place), _NEVER)
        column = self._memory[name].fill_null(_NEVER).to_numpy()
        found: Integers = np.where(self.is_known, column[self._place], _NEVER)
        return found


def _find_starts(*columns: Integers) -> Integers:
    """Where a new run of equal rows begins."""
    changes = np.zeros(len(columns[0]), np.bool_)
    changes[:1] = True
    for column in columns:
        changes[1:] |= column[1:] != column[:-1]
    return np.flatnonzero(changes)


def _find_changes(rows: _Rows) -> Mask:
    changed: Mask = ~rows.has_before | (rows.before(rows.value, rows.last_value) != rows.value)
    return changed


def _keep_all(rows: _Rows) -> _Verdict:
    none = np.zeros(len(rows.at), np.bool_)
    return _Verdict(rows.present | _find_changes(rows), none, none, rows.kept_slot)


def _judge_slots(rows: _Rows, interval: int) -> _Verdict:
    slot = (rows.at + interval // 2) // interval
    distance = np.abs(rows.at - slot * interval)
    starts = _find_starts(rows.register, slot)
    sizes = np.diff(np.r_[starts, len(slot)])
    group = np.repeat(np.arange(len(starts)), sizes)
    # Rows stand by time, so the slots of a register stand one after another.
    nearest = distance == np.minimum.reduceat(distance, starts)[group]
    candidates = np.flatnonzero(nearest)
    best = np.zeros(len(slot), np.bool_)
    best[candidates[_find_starts(group[candidates])]] = True  # of two equally near the earlier
    ends = starts + sizes - 1
    is_last = np.r_[rows.register[starts][1:] != rows.register[starts][:-1], True]
    is_first = np.r_[True, is_last[:-1]][group]
    passed = (~is_last | (rows.at[ends] >= slot[ends] * interval))[group]
    has_before = rows.has_before
    sparse = ~has_before | ((rows.at - rows.before(rows.at, rows.last_at)) * 4 >= 3 * interval)
    ready = passed | sparse | (is_first & (rows.kept_slot == _NEVER))
    done = slot == rows.kept_slot
    chosen = best & ~done
    known_status = has_before & ((rows.before(rows.status, rows.last_status)) != _NEVER)
    news = rows.fresh & known_status & (rows.before(rows.status, rows.last_status) != rows.status)
    return _Verdict(
        keep=np.where(rows.present, (chosen & ready) | news, _find_changes(rows)),
        held=rows.present & chosen & ~ready,
        decided=rows.present & (done | (chosen & ready)),
        slot=slot,
    )


def _derive_states(rows: _Rows, verdict: _Verdict) -> pl.DataFrame:
    """What to remember of every register of the batch."""
    starts = rows.starts
    kept_slot = np.maximum.reduceat(np.where(verdict.decided, verdict.slot, _NEVER), starts)
    # The last row counts, unless it was heard before what is known already; held rows were counted when they came.
    ends = np.r_[starts[1:], len(rows.register)] - 1
    newer = np.where(rows.fresh & (rows.at >= rows.last_at), np.arange(len(rows.at)), -1)
    newest = np.maximum.reduceat(newer, starts)
    is_newer = newest >= 0
    at = np.where(is_newer, newest, 0)
    columns = {
        "register": rows.register[ends],
        "last_at": np.where(is_newer, rows.at[at], rows.last_at[ends]),
        "last_value": np.where(is_newer, rows.value[at], rows.last_value[ends]),
        "last_status": np.where(is_newer, rows.status[at], rows.last_status[ends]),
        "kept_slot": np.maximum(kept_slot, rows.kept_slot[ends]),
    }
    memory = pl.DataFrame(columns).with_columns(
        pl.col(name).replace(_NEVER, None) for name in columns if name != "register"
    )
    held = rows.frame.filter(pl.Series(verdict.held)).select(
        "register", *(pl.col(name).alias(f"held_{name}") for name in _HELD)
    )
    joined = memory.join(held.unique("register", keep="last"), on="register", how="left", maintain_order="left")
    return joined.select(pl.col(name).cast(dtype) for name, dtype in STATE_SCHEMA.items())


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
