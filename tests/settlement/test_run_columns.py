# SPDX-License-Identifier: Apache-2.0
"""The columnar parts of a run against their plain definitions."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avlest.settlement.contracts import SettlementError
from avlest.settlement.payments.kid import KidMethod, derive_kid
from avlest.settlement.runs.inputs import pack_frames, unpack_frame, unpack_frames
from avlest.settlement.runs.kids import derive_kids
from avlest.settlement.runs.quantities import derive_quantities
from avlest.settlement.runs.respread import derive_respread
from avlest.settlement.runs.spans import derive_span_sums

FIRST = date(2026, 1, 1)


def make_days(values: dict[int, list[int | None]]) -> pl.DataFrame:
    rows = [
        (series, FIRST + timedelta(days=n), value, 50 if (value or 0) % 2 == 0 else 20)
        for series, days in sorted(values.items())
        for n, value in enumerate(days)
    ]
    schema = {"series": pl.Int64, "day": pl.Date, "value": pl.Int64, "quality": pl.Int16}
    return pl.DataFrame(rows, schema=schema, orient="row")


DAYS = st.lists(st.none() | st.integers(0, 5000), max_size=12)


@settings(max_examples=60)
@given(
    values=st.dictionaries(st.integers(1, 9), DAYS, max_size=5),
    spans=st.lists(st.tuples(st.integers(1, 9), st.integers(-3, 14), st.integers(1, 9)), min_size=1, max_size=8),
)
def test_sums_of_stretches_are_sums_of_their_days(values, spans):
    """For any days and any stretches: total, days known, days read and lowest quality as counted one by one."""
    schema = {"series": pl.Int64, "start": pl.Date, "stop": pl.Date}
    rows = [(s, FIRST + timedelta(days=a), FIRST + timedelta(days=a + n)) for s, a, n in spans]
    found = derive_span_sums(make_days(values), pl.DataFrame(rows, schema=schema, orient="row"), read_from=40)
    for (series, first, count), row in zip(spans, found.iter_rows(named=True), strict=True):
        days = [
            value for n, value in enumerate(values.get(series, [])) if first <= n < first + count and value is not None
        ]
        assert row["total"] == sum(days)
        assert row["days_missing"] == count - len(days)
        assert row["days_read"] == sum(value % 2 == 0 for value in days)
        assert row["quality"] == (min(50 if v % 2 == 0 else 20 for v in days) if days else None)


def test_days_out_of_order_are_refused():
    """A sum over rows that are not sorted would be wrong without a word."""
    days = make_days({1: [1, 2], 2: [3]})
    spans = pl.DataFrame({"series": [1], "start": [FIRST], "stop": [FIRST + timedelta(days=2)]})
    for wrong in (days.reverse(), pl.concat([days, days[:1]]).sort("series")):
        with pytest.raises(ValueError, match="sorted by series and day"):
            derive_span_sums(wrong, spans, read_from=40)


@given(st.lists(st.integers(0, 10**7), min_size=1, max_size=10))
def test_stretches_in_litres_sum_to_the_whole(totals):
    """Rounded along the running sum, the stretches of a year differ from the year by nothing."""
    frame = pl.DataFrame(
        {"subscriber": 1, "point": 1, "unit": "l", "total": totals, "days_missing": 0, "purpose": "billing"}
    )
    litres = derive_quantities(frame)["quantity"].to_list()
    assert sum(litres) == (2 * sum(totals) + 1000) // 2000


@given(
    st.lists(st.tuples(st.integers(0, 9_999_999), st.integers(0, 999_999)), min_size=1, max_size=20),
    st.sampled_from(list(KidMethod)),
)
def test_kids_of_many_are_the_kids_of_each(pairs, method):
    """The columnar check digit is that of the plain function; what that refuses is refused."""
    widths = (7, 2, 6)
    customers, numbers = zip(*pairs, strict=True)
    try:
        expected = [derive_kid(customer=c, owner=1, invoice=n, method=method, widths=widths) for c, n in pairs]
    except SettlementError:
        with pytest.raises(SettlementError):
            derive_kids(customers, numbers, method=method, widths=widths)
        return
    assert derive_kids(customers, numbers, method=method, widths=widths) == expected


def test_a_number_too_long_for_its_width_is_refused():
    """Seven digits do not hold ten million customers."""
    with pytest.raises(SettlementError, match="customer number of at most 7 digits"):
        derive_kids([10_000_000], [1], method=KidMethod.MOD10, widths=(7, 2, 6))


def test_equal_frames_pack_to_equal_bytes():
    """A digest of what was kept means something; each frame comes back as it was."""
    frame = pl.DataFrame({"a": np.arange(1000), "b": ["x", "y"] * 500})
    packed = pack_frames({"one": frame, "two": frame.head(3)})
    assert packed == pack_frames({"one": frame.clone(), "two": frame[:3]})
    assert unpack_frame(packed, "two").equals(frame.head(3))
    assert list(unpack_frames(packed)) == ["one", "two"]


PLAN = {"subscriber": 1, "service": "water", "code": "W", "kind": "advance"}


@given(
    st.integers(0, 400_000), st.integers(0, 400_000), st.integers(1, 3)
)  # fmt: skip
def test_terms_left_take_up_the_whole_difference(before, after, past):
    """Whatever the earlier terms took, all four sum to the new year's amount, to the øre."""

    def split(total: int) -> list[int]:
        return [total // 4 + (n < total % 4) for n in range(4)]

    charged_rows = [{**PLAN, "amount": a, "quantity": a} for a in split(before)[:past]]
    plan = pl.DataFrame(
        [
            {**PLAN, "term": n + 1, "count": 4, "amount": a, "quantity": a, "start": date(2026, 1 + 3 * n, 1)}
            for n, a in enumerate(split(after))
        ],
        schema_overrides={"term": pl.Int8},
    )
    for term in range(past + 1, 5):
        past_terms = pl.DataFrame(
            {"count": [4] * (term - 1), "term": list(range(1, term))}, schema={"count": pl.Int64, "term": pl.Int8}
        )
        wanted = plan.filter(pl.col("term") == term)
        row = derive_respread(plan, wanted, pl.DataFrame(charged_rows), past=past_terms)
        charged_rows.append({**PLAN, "amount": row["amount"][0], "quantity": row["quantity"][0]})
    assert sum(row["amount"] for row in charged_rows) == after
