# SPDX-License-Identifier: Apache-2.0
"""Which messages are the same: marks, memory and window."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from avlest.collect.packets import SCHEMA
from avlest.collect.pipeline.repeats import MOST_SEGMENTS, Memory, derive_marks, find_repeats

WINDOW = 100


def find_plainly(marks: list[int], times: list[int]) -> list[bool]:
    """What `find_repeats` must give, said in the simplest way."""
    repeated = [False] * len(marks)
    base: dict[int, int] = {}
    for row in sorted(range(len(marks)), key=lambda row: (times[row], row)):
        if marks[row] in base and times[row] <= base[marks[row]] + WINDOW:
            repeated[row] = True
        else:
            base[marks[row]] = times[row]
    return repeated


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 600)), max_size=60))
def test_from_each_first_message_the_window_runs(rows: list[tuple[int, int]]) -> None:
    marks, times = [mark for mark, _ in rows], [time for _, time in rows]
    found = find_repeats(np.array(marks, np.uint64), np.array(times, np.int64), Memory(), window=WINDOW)
    assert found.tolist() == find_plainly(marks, times)


def test_what_earlier_batches_held_is_known_through_merges_and_one_generation() -> None:
    memory = Memory()
    for number in range(3 * MOST_SEGMENTS):
        memory.add(np.array([number], np.uint64), np.array([1000 * number], np.int64))
    ask = np.array([5], np.uint64), np.array([5000 + WINDOW], np.int64)
    assert memory.knows(*ask, window=WINDOW).all()
    assert not memory.knows(ask[0], ask[1] + 1, window=WINDOW).any()
    memory.turn()
    assert memory.knows(*ask, window=WINDOW).all()
    memory.turn()
    assert not memory.knows(*ask, window=WINDOW).any()


@pytest.mark.parametrize("column", ["payload", "address", "counter", "road", "port"])
def test_messages_that_differ_in_what_was_sent_have_other_marks(column: str) -> None:
    row = {"payload": b"x", "address": "a", "counter": 1, "road": "wmbus", "port": 2}
    other = {"payload": b"y", "address": "b", "counter": 2, "road": "mbus", "port": 3}
    marks = _marks(row, {**row, column: other[column]})
    assert marks[0] != marks[1]


def test_gateway_source_and_signal_make_no_other_message() -> None:
    row = {"payload": b"x", "address": "AB", "road": "wmbus"}
    marks = _marks({**row, "gateway": "g1", "source": "a", "rssi": -70.0}, {**row, "address": "ab", "gateway": "g2"})
    assert marks[0] == marks[1]


def _marks(*rows: dict) -> list[int]:
    whole = [{name: row.get(name) for name in SCHEMA} for row in rows]
    marks = derive_marks(pl.DataFrame(whole, schema=SCHEMA).with_columns(pl.col("address").fill_null("")))
    return [int(mark) for mark in marks.tolist()]
