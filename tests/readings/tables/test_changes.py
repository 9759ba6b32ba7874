# SPDX-License-Identifier: Apache-2.0
"""The change feed: what was appended since a version, whatever upkeep did meanwhile."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from avlest.readings.tables import Store, open_store

START = datetime(2026, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(str(tmp_path / "tables"))


def append(store: Store, batch: int, rows: list[tuple[int, datetime]]) -> int:
    frame = pl.DataFrame(
        [(register, at, 1, 50, START) for register, at in rows],
        schema={"register": pl.Int64, "at": pl.Datetime("us", "UTC"), "value": pl.Int64, "quality": pl.Int16,
                "known_at": pl.Datetime("us", "UTC")},
        orient="row",
    )  # fmt: skip
    return store.append("readings", frame, writer="test", batch=batch).version


def test_only_what_was_appended_since_is_told(store: Store) -> None:
    """Rows of the second append, with its registers and times; nothing after it."""
    first = append(store, 1, [(1, START), (2, START)])
    append(store, 2, [(2, START + HOUR), (2, START + 3 * HOUR), (7, START + 2 * HOUR)])
    found = store.changes("readings", since=first)
    assert found.is_exact
    assert found.ids.rows() == [(2, START + HOUR, START + 3 * HOUR), (7, START + 2 * HOUR, START + 2 * HOUR)]
    assert store.changes("readings", since=found.version).ids.is_empty()


def test_everything_is_told_without_a_version(store: Store) -> None:
    """The first time all rows are new; an empty table has none."""
    assert store.changes("readings", since=None).ids.is_empty()
    append(store, 1, [(1, START)])
    assert store.changes("readings", since=None).ids.height == 1


def test_distant_days_are_told_apart(store: Store) -> None:
    """A reading of last year and one of today are two stretches; days that follow each other are one."""
    first = append(store, 1, [(9, START)])
    append(store, 2, [(1, START - 300 * DAY), (1, START), (1, START + DAY), (1, START + 2 * DAY)])
    assert store.changes("readings", since=first).ids.rows() == [
        (1, START - 300 * DAY, START - 300 * DAY),
        (1, START, START + 2 * DAY),
    ]


def test_compaction_and_erasure_are_no_changes(store: Store) -> None:
    """Files that upkeep rewrote bring nothing new; what was appended before them is still told."""
    first = append(store, 1, [(1, START)])
    second = append(store, 2, [(2, START)])
    store.compact("readings", month=202603)
    store.delete_ids("readings", ids=[1])
    assert store.changes("readings", since=first).ids["register"].to_list() == [2]
    assert store.changes("readings", since=second).ids.is_empty()


def test_a_log_that_was_shortened_tells_more_never_less(store: Store, tmp_path: Path) -> None:
    """Without the entries of the log, the files written since then are taken; without them too, all files."""
    first = append(store, 1, [(1, START)])
    seen = store.changes("readings", since=first)
    append(store, 2, [(2, START)])
    append(store, 3, [(3, START)])
    store.checkpoint("readings")
    for entry in range(first + 1, first + 2):
        (tmp_path / "tables" / "readings" / "_delta_log" / f"{entry:020}.json").unlink()
    again = open_store(str(tmp_path / "tables"))
    found = again.changes("readings", since=first, since_at=seen.at)
    assert not found.is_exact
    assert {2, 3} <= set(found.ids["register"])


def test_files_that_are_gone_are_found_where_compaction_put_their_rows(store: Store) -> None:
    """Compacted and vacuumed before anybody asked: the rows are told from the new files."""
    first = append(store, 1, [(1, START)])
    seen = store.changes("readings", since=first)
    append(store, 2, [(2, START)])
    store.compact("readings", month=202603)
    store.vacuum("readings", retention_hours=0)
    found = store.changes("readings", since=first, since_at=seen.at)
    assert not found.is_exact
    assert 2 in found.ids["register"]


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.lists(st.tuples(st.integers(1, 4), st.integers(0, 60)), min_size=1, max_size=8), min_size=1, max_size=5)
)
def test_the_feed_tells_every_row_once(
    tmp_path_factory: pytest.TempPathFactory, batches: list[list[tuple[int, int]]]
) -> None:
    """Asked after each append, the stretches cover exactly the days of that append."""
    store = open_store(str(tmp_path_factory.mktemp("feed")))
    version = store.changes("readings", since=None).version
    for number, rows in enumerate(batches, start=1):
        append(store, number, [(register, START + DAY * day) for register, day in rows])
        found = store.changes("readings", since=version)
        version = found.version
        covered = {
            (register, (first + DAY * n).date())
            for register, first, last in found.ids.rows()
            for n in range((last - first).days + 1)
        }
        assert covered == {(register, (START + DAY * day).date()) for register, day in rows}
