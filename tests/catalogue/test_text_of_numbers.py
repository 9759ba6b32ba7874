# SPDX-License-Identifier: Apache-2.0
"""Text fields that meters send as numbers: letters where all bytes are letters, else digits."""

from __future__ import annotations

import pytest

from avlest.catalogue.bind import bind_fields
from avlest.catalogue.evaluate import evaluate_binding
from avlest.catalogue.load import parse_family
from avlest.telegrams.records.parse import parse_records

FAMILY = """
family = "made"
title = "Made meter"
source = "this test"
meters = ["AVL:01:07"]
[[field]]
name = "software_version"
as = "auto"
from = { vif = "software_version" }
"""


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ("04FD0F 31302E41", "A.01"),
        ("02FD0F 9500", "0095"),
        ("02FD0F 3100", "0031"),
        ("0AFD0F 4142", "4241"),
        ("0DFD0F 03 433242", "B2C"),
    ],
)
def test_a_version_reads_as_letters_only_where_every_byte_is_one(record: str, expected: str) -> None:
    """Whole numbers of printable bytes are text, most significant first; BCD and the rest are digits."""
    records = parse_records(bytes.fromhex(record)).records
    binding = bind_fields(parse_family(FAMILY, origin="made.toml"), records)
    assert evaluate_binding(binding, records, None) == {"software_version": expected}
