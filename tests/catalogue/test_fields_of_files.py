# SPDX-License-Identifier: Apache-2.0
"""What a catalogue file can say of a field: bits of a number, names that count down, times to the minute."""

from __future__ import annotations

import numpy as np
import pytest

from avlest.catalogue.bind import bind_fields
from avlest.catalogue.columns import Texts, evaluate_columns
from avlest.catalogue.evaluate import evaluate_binding, take_bits
from avlest.catalogue.load import parse_family
from avlest.catalogue.model import CatalogueError, Family
from avlest.telegrams.records.parse import parse_records

HEAD = 'family = "made"\ntitle = "Made meter"\nsource = "this test"\nmeters = ["AVL:01:07"]\n'


def make_family(fields: str) -> Family:
    """A family with these fields."""
    return parse_family(HEAD + fields, origin="made.toml")


def evaluate(fields: str, payload: str) -> dict[str, object]:
    """What a family with these fields prints of a payload of standard records."""
    records = parse_records(bytes.fromhex(payload)).records
    return dict(evaluate_binding(bind_fields(make_family(fields), records), records, None))


@pytest.mark.parametrize(
    ("mask", "expected"), [(0x0F, 0xD), (0xF0, 0xC), (0xFF00, 0xAB), (0x8000, 1), (0x0200, 1), (0x0400, 0)]
)
def test_bits_of_a_number_come_down_to_its_low_end(mask: int, expected: int) -> None:
    """A mask takes its bits out of the number and shifts them to the right end."""
    assert take_bits(0xABCD, mask) == expected


def test_a_masked_field_prints_the_bits_of_a_record_in_both_roads() -> None:
    """The number is taken from the bytes as sent, whatever their VIF scales, alone and in columns."""
    fields = '[[field]]\nname = "level_counter"\nmask = 0x1f0\nfrom = { vif = "volume" }\n'
    assert evaluate(fields, "0414 B5010000") == {"level_counter": 0x1B}
    records = parse_records(bytes.fromhex("0414 B5010000")).records
    binding = bind_fields(make_family(fields), records)
    payload = np.frombuffer(bytes.fromhex("0414B5010000 0414F00F0000 0414B5010000"), np.uint8).reshape(3, 6)
    (column,) = evaluate_columns(binding, records, payload, None)
    assert isinstance(column, Texts)
    assert [column.texts[code] for code in column.codes] == [0x1B, 0x1F, 0x1B]


@pytest.mark.parametrize("mask", ["-1", '"0x1f"', "true"])
def test_a_mask_that_is_no_number_is_refused_with_its_place(mask: str) -> None:
    """The error names the file and the field."""
    with pytest.raises(CatalogueError, match=r"made\.toml: field 1 level_counter: mask must be a number"):
        make_family(f'[[field]]\nname = "level_counter"\nmask = {mask}\nfrom = {{ vif = "volume" }}\n')


def test_a_name_can_count_down_from_a_number() -> None:
    """`{4-storage}` makes the newest of a row of registers number one."""
    fields = '[[field]]\nname = "back_{4-storage}_m3"\nfrom = { vif = "volume", storage = [2, 3] }\n'
    assert evaluate(fields, "820113 E803 C20113 D007") == {"back_2_m3": 1, "back_1_m3": 2}


def test_a_time_can_be_printed_to_the_minute() -> None:
    """Type I has seconds; a field that says datetime_minutes leaves them out."""
    payload = "066D 1E 1E 15 2D 39 00"
    for form, expected in (("datetime", "2025-09-13 21:30:30"), ("datetime_minutes", "2025-09-13 21:30")):
        fields = f'[[field]]\nname = "device_datetime"\nas = "{form}"\nfrom = {{ vif = "datetime" }}\n'
        assert evaluate(fields, payload) == {"device_datetime": expected}


def test_a_time_flagged_as_invalid_still_prints_what_the_clock_showed() -> None:
    """The flag says that the clock was never set by anybody; a day of all ones is null."""
    fields = '[[field]]\nname = "meter_datetime"\nfrom = { vif = "datetime" }\n'
    assert evaluate(fields, "046D 862D4A31") == {"meter_datetime": "2026-01-10 13:06"}
    assert evaluate(fields, "046D 0000FFFF") == {"meter_datetime": None}
