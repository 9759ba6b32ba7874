# SPDX-License-Identifier: Apache-2.0
"""Row groups that are kept decoded: the same rows as read from the files, within their room, and gone when erased."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avlest.readings.tables import BUCKET_SIZE, Store, blocks, open_store, reading
from tests.readings.tables.samples import hours, make_frame, readings_batch, series_hour

rows = st.lists(
    st.tuples(
        st.sampled_from([1, 2, 3, 900, BUCKET_SIZE + 1]), st.integers(0, 800), st.integers(0, 5), st.integers(0, 3)
    ),
    max_size=30,
)


@settings(max_examples=15, deadline=None)
@given(batches=st.lists(rows, max_size=4), ids=st.lists(st.sampled_from([1, 2, 3, 77, BUCKET_SIZE + 1]), min_size=1))
def test_what_is_kept_is_what_the_files_say(tmp_path_factory, batches, ids):
    """A small selection cut from kept row groups equals the same rows of the whole table, however often it is read."""
    store = open_store(str(tmp_path_factory.mktemp("store")))
    for number, batch in enumerate(batches):
        frame = make_frame("hourly", (series_hour(one, hour, value, known=known) for one, hour, value, known in batch))
        store.append("hourly", frame, writer="a", batch=number)
    period = {"start": hours(3), "stop": hours(750)}
    whole = store.read_range("hourly", ids=None, **period)
    for _ in range(2):
        small = store.read_range("hourly", ids=ids, **period)
        assert small.equals(whole.filter(pl.col("series").is_in(ids)))
        few = store.read_range("hourly", ids=ids, columns=["value"], **period)
        assert few.equals(small.select("series", "hour", "value", "quality", "known_at"))


def test_a_second_read_opens_no_file(store: Store, monkeypatch):
    """Another id of the same row group comes out of what is kept."""
    store.append("readings", readings_batch(0), writer="a", batch=0)
    first = store.read_range("readings", ids=[3])
    monkeypatch.setattr(blocks, "_read_block", None)
    monkeypatch.setattr(reading, "scan_files", None)
    assert store.read_range("readings", ids=[3]).equals(first)
    assert store.read_range("readings", ids=[4])["value"].to_list() == [4000]


def test_what_is_erased_is_forgotten(store: Store):
    """After an erasure no row of the old files is kept or read."""
    store.append("readings", readings_batch(0), writer="a", batch=0)
    store.read_range("readings", ids=[7])
    cache = store._tables["readings"].handle.blocks
    assert cache.used > 0
    store.delete_ids("readings", ids=[7])
    assert store.read_range("readings", ids=[7]).is_empty()
    assert 7 not in {one for block in cache._blocks.values() for one in block.begins}


def test_new_versions_are_seen(store: Store):
    """What is appended after a read counts in the next one."""
    for known in range(3):
        rows = [series_hour(1, 0, 10 + known, known=known)]
        store.append("hourly", make_frame("hourly", rows), writer="a", batch=known)
        assert store.read_range("hourly", ids=[1])["value"].to_list() == [10 + known]


def test_the_room_is_kept_to(store: Store):
    """Past its room the longest unused row group is dropped; what is asked for comes all the same."""
    for batch in range(6):
        store.append("readings", readings_batch(720 * batch), writer="a", batch=batch)
    cache = store._tables["readings"].handle.blocks
    cache.room = 3000
    assert store.read_range("readings", ids=[1]).height == 6
    assert 0 < cache.used <= 3000
    assert store.read_range("readings", ids=[1]).height == 6


def test_an_unknown_column_is_named(store: Store):
    """Asking for a column that a table has not says which it has."""
    with pytest.raises(KeyError, match="daily has no column 'litres'; its columns are series, day, value"):
        store.read_range("daily", ids=[1], columns=["litres"])
