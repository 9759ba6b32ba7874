# SPDX-License-Identifier: Apache-2.0
"""Calculated fields and large numbers come out of columns as out of single telegrams."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from avlest.catalogue.bind import Bound
from avlest.catalogue.columns import Numbers, evaluate_formula_column, scale_column
from avlest.catalogue.evaluate import evaluate_formula, scale_number
from avlest.catalogue.model import Field
from avlest.telegrams.layouts.columns import NumberColumn

_LONG = st.integers(-(2**63), 2**63 - 1)
_FORMULAS = (
    "sqrt(a_kwh * a_kwh + b_kwh * b_kwh)",
    "a_kwh - b_kwh",
    "a_kwh / b_kwh",
    "sqrt(a_kwh - b_kwh)",
    "-a_kwh * 3 + 0.5",
)


def _column(name: str, values: list[int]) -> Numbers:
    return Numbers(name, Field(name, "number", "kwh"), np.array(values, np.int64), None)


@pytest.mark.parametrize("formula", _FORMULAS)
@given(rows=st.lists(st.tuples(_LONG | st.integers(-99, 99), _LONG | st.integers(-99, 99)), min_size=1, max_size=20))
def test_formulas_of_columns_are_those_of_single_telegrams(formula: str, rows: list[tuple[int, int]]) -> None:
    """To the last bit, whatever the size; a division by zero or the root of a negative number is null."""
    field = Field("c_kwh", "number", "kwh", formula=formula)
    columns = {"a_kwh": _column("a_kwh", [a for a, _ in rows]), "b_kwh": _column("b_kwh", [b for _, b in rows])}
    found = evaluate_formula_column(field, columns, len(rows))
    for row, (a, b) in enumerate(rows):
        expected = evaluate_formula(formula, {"a_kwh": a, "b_kwh": b})
        valid = found.valid is None or bool(found.valid[row])
        assert (float(found.values[row]) if valid else None) == expected


@given(st.lists(_LONG, min_size=1, max_size=20), st.sampled_from([1, 10, 1000]))
def test_whole_numbers_stay_whole_as_long_as_64_bits_hold_them(numbers: list[int], factor: int) -> None:
    """A column is of whole numbers exactly when every number times its factor fits."""
    bound = Bound("a_kwh", Field("a_kwh", "number", "kwh"), 0, Fraction(factor))
    column = scale_column(bound, NumberColumn(np.array(numbers, np.int64)))
    expected = [scale_number(number, Fraction(factor)) for number in numbers]
    if column.values.dtype == np.int64:
        assert column.values.tolist() == expected
    else:
        assert max(abs(number) for number in expected) >= 2**63 - factor
