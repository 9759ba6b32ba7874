# SPDX-License-Identifier: Apache-2.0
"""Whatever bytes a maker's own payload holds, a reader ends in values or in one kind of error."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avlest.catalogue.clear import EMPTY_PAYLOAD, Clear
from avlest.catalogue.model import Family
from avlest.catalogue.payload_reader import get_function, get_reader
from avlest.telegrams.outcomes import TelegramError
from avlest.telegrams.records.parse import parse_records
from tests.catalogue.payloads.made import get_decoder, make_address

FAMILIES = [family for family in get_decoder().catalogue.families() if family.payload and not family.like]
COMPUTED = sorted({field.compute for family in FAMILIES for field in family.fields if field.compute})


def read(family: Family, ci: int, payload: bytes) -> Clear:
    """A telegram in clear of the family's first model."""
    match = family.matches[0]
    address = make_address(f"{match.manufacturer}:{match.version or 0:02x}:{match.device_type or 0:02x}")
    records = parse_records(payload) if ci < 0xA0 else EMPTY_PAYLOAD
    return Clear(address, address, ci, payload, 0, records, 0x5A, (bytes(16),))


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
@given(
    ci=st.sampled_from([0x78, 0x7A, 0xA0, 0xA2, 0xB6]),
    payload=st.binary(max_size=80)
    | st.binary(max_size=70).map(lambda data: b"\x0f" + data)
    | st.binary(min_size=53, max_size=53).map(lambda data: b"\x0d\xff\x5f\x35" + data),
)
@settings(max_examples=60, deadline=None)  # the first example imports AES
def test_a_reader_raises_telegram_errors_only(family: Family, ci: int, payload: bytes) -> None:
    """And the records it makes are spans of the payload with just these bytes."""
    reader, clear = get_reader(family.payload), read(family, ci, payload)
    try:
        parsed = reader.parse_payload(clear) if reader.parse_payload else clear.records
        if reader.derive_values:
            reader.derive_values(clear)
    except TelegramError as error:
        assert error.detail
        return
    for record in parsed.records:
        assert payload[record.data_offset : record.data_offset + record.data_length] == record.data
    assert all(0 <= start <= end <= len(payload) for start, end in parsed.structure)


@pytest.mark.parametrize("name", COMPUTED)
@given(data=st.binary(min_size=6, max_size=6))
def test_a_computed_value_is_a_number_a_text_or_null(name: str, data: bytes) -> None:
    """The functions that catalogue fields name take any bytes of their record's length."""
    lengths = {"compute_older": 3, "compute_newer": 3, "compute_month": 3, "format_current_date": 6}
    module, _, function = name.partition(".")
    length = 3 if function == "format_day" and module in ("hydrodigit", "bfw240radio") else lengths.get(function, 6)
    assert isinstance(get_function(name)(data[:length]), int | float | str | None)
