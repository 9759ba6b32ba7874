# SPDX-License-Identifier: Apache-2.0
"""The tables are consistent: every code has one meaning, every scale its exponent."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import pytest

from avlest.telegrams.records import vif_tables as tables
from avlest.telegrams.records.vif import parse_vib
from avlest.telegrams.records.vif_tables import Effect, VifeRow, VifRow
from avlest.telegrams.units import UNITS

PREFIXES = {"PRIMARY": b"", "FB": b"\xfb", "FD": b"\xfd", "FD_FD": b"\xfd\xfd"}
VIF_ROWS = [(table, row) for table in PREFIXES for row in getattr(tables, table)]
VIFE_ROWS = [(table, row) for table in ("COMBINABLE", "COMBINABLE_FC") for row in getattr(tables, table)]
ALL_TABLES = [*PREFIXES, "COMBINABLE", "COMBINABLE_FC"]


def name_row(value: object) -> str | None:
    return f"{value.first:02X}-{value.last:02X}" if isinstance(value, VifRow | VifeRow) else None


@pytest.mark.parametrize("table", ALL_TABLES)
def test_rows_are_in_order_and_do_not_overlap(table: str) -> None:
    rows = getattr(tables, table)
    assert all(0 <= row.first <= row.last <= 0x7F for row in rows)
    assert all(before.last < after.first for before, after in pairwise(rows))


@pytest.mark.parametrize(("table", "row"), VIF_ROWS, ids=name_row)
def test_each_code_of_a_row_decodes_to_that_row(table: str, row: VifRow) -> None:
    for code in range(row.first, row.last + 1):
        meaning = parse_vib(PREFIXES[table] + bytes([code])).meaning
        step = code - row.first
        if row.units:
            assert (meaning.quantity, meaning.unit, meaning.scale) == (row.quantity, row.units[step], 1)
        else:
            scale = row.factor * Fraction(10) ** (row.exponent + step)
            assert (meaning.quantity, meaning.unit, meaning.scale) == (row.quantity, row.unit, scale)
        assert meaning.modifiers == ()


@pytest.mark.parametrize(("table", "row"), VIF_ROWS, ids=name_row)
def test_each_row_names_known_units_and_its_source(table: str, row: VifRow) -> None:
    assert table in PREFIXES
    assert all(unit in UNITS for unit in (row.unit, *row.units) if unit)
    assert len(row.units) in (0, row.last - row.first + 1)
    assert row.source.startswith("EN 13757-3:")


@pytest.mark.parametrize(("table", "row"), VIFE_ROWS, ids=name_row)
def test_each_combinable_code_gives_its_name_or_its_correction(table: str, row: VifeRow) -> None:
    prefix = b"\x93" if table == "COMBINABLE" else b"\x93\xfc"
    for code in range(row.first, row.last + 1):
        meaning = parse_vib(prefix + bytes([code])).meaning
        correction = row.effect in (Effect.MULTIPLY, Effect.ADD)
        assert meaning.modifiers == (() if correction else (row.name,))
        assert meaning.quantity == "volume"


@pytest.mark.parametrize("table", PREFIXES)
def test_codes_without_a_row_are_unknown(table: str) -> None:
    covered = {code for row in getattr(tables, table) for code in range(row.first, row.last + 1)}
    special = {"PRIMARY": {0x7B, 0x7C, 0x7D, 0x7F}, "FD": {0x7D}}.get(table, set())
    for code in set(range(0x80)) - covered - special:
        assert parse_vib(PREFIXES[table] + bytes([code])).meaning.quantity == "unknown"


@pytest.mark.parametrize("row", tables.PRIMARY, ids=name_row)
def test_the_extension_bit_of_a_vif_does_not_change_what_it_says(row: VifRow) -> None:
    """Average is a VIFE that changes nothing but the name."""
    for code in range(row.first, row.last + 1):
        plain, extended = parse_vib(bytes([code])).meaning, parse_vib(bytes([code | 0x80, 0x12])).meaning
        assert (plain.quantity, plain.unit, plain.scale) == (extended.quantity, extended.unit, extended.scale)
        assert extended.modifiers == ("average",)
