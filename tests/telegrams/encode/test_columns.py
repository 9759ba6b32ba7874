# SPDX-License-Identifier: Apache-2.0
"""The columnar encoder writes byte for byte what the scalar encoder writes."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avlest.telegrams.encode.columns import Senders, build_identities, build_layout, encode_columns, join_rows
from avlest.telegrams.encode.records import RecordSpec, encode_compact, encode_records
from avlest.telegrams.encode.slots import encode_column
from avlest.telegrams.encode.values import encode_value
from avlest.telegrams.layouts.aes import AesBank
from avlest.telegrams.records.dates import MeterTime
from avlest.telegrams.records.model import Coding
from avlest.telegrams.wmbus.address import Address
from avlest.telegrams.wmbus.build import Envelope, Mode, Sealing, build_telegram
from avlest.telegrams.wmbus.stack import decode_stack

_LINK = Address(0x2C2D, bytes.fromhex("78563412"), 0x1B, 0x07)
_INNER = Address(0x15A8, bytes.fromhex("21436587"), 0x02, 0x04)
_SPECS = [
    RecordSpec(bytes.fromhex("0413"), 1),
    RecordSpec(bytes.fromhex("0c06"), 2),
    RecordSpec(bytes.fromhex("052b"), 1.5),
    RecordSpec(bytes.fromhex("426c"), date(2024, 5, 17)),
    RecordSpec(bytes.fromhex("046d"), MeterTime(date(2024, 5, 17), 12, 30)),
    RecordSpec(bytes.fromhex("066d"), MeterTime(date(2024, 5, 17), 12, 30, 7)),
    RecordSpec(bytes.fromhex("0dfd11"), "ABC"),
    RecordSpec(bytes.fromhex("02fd17"), 5),
]
_CLOCK = st.datetimes(datetime(1981, 1, 1), datetime(2080, 12, 31, 23, 59, 59)).map(  # noqa: DTZ001 - the meter's clock
    lambda moment: moment.replace(microsecond=0)
)
_ROW = st.tuples(
    st.integers(-(2**31), 2**31 - 1),
    st.integers(1 - 10**7, 10**8 - 1),
    st.floats(width=32, allow_nan=False, allow_infinity=False),
    _CLOCK,
    _CLOCK,
    _CLOCK,
    st.binary(min_size=3, max_size=3),
    st.integers(0, 65535),
)
_SENDER = st.tuples(st.integers(0, 99_999_999), st.integers(0, 255), st.integers(0, 2**32 - 1), st.integers(0, 255))
_KEYS = st.lists(st.binary(min_size=16, max_size=16), min_size=1, max_size=3)


def _columns(rows: list[Any]) -> dict[int, Any]:
    columns = [np.array([row[i] for row in rows]) for i in range(3)]
    columns += [np.array([row[i] for row in rows], "datetime64[s]") for i in range(3, 6)]
    columns.append(np.array([list(row[6]) for row in rows], np.uint8))
    columns.append(np.array([row[7] for row in rows]))
    return dict(enumerate(columns))


def _scalar_specs(row: Any) -> list[RecordSpec]:
    day, minutes, seconds = row[3:6]
    values = (
        *row[:3],
        day.date(),
        MeterTime(minutes.date(), minutes.hour, minutes.minute),
        MeterTime(seconds.date(), seconds.hour, seconds.minute, seconds.second),
        row[6][::-1].decode("latin-1"),
        row[7],
    )
    return [replace(spec, value=value) for spec, value in zip(_SPECS, values, strict=True)]


@pytest.mark.parametrize("ci", [0x78, 0x79, 0x7A, 0x7B, 0x72])
@pytest.mark.parametrize("mode", ["none", "mode5", "mode7", "ell-ctr"])
@settings(max_examples=25)
@given(
    items=st.lists(st.tuples(_ROW, _SENDER), min_size=1, max_size=5),
    keys=st.lists(st.binary(min_size=16, max_size=16), min_size=1, max_size=3),
)
def test_columns_are_the_scalar_encoders_bytes(mode: Mode, ci: int, items: list[Any], keys: list[bytes]) -> None:
    """Values, addresses, numbers and keys in columns give the telegrams built one by one."""
    if mode in ("mode5", "mode7") and ci in (0x78, 0x79):
        return
    header = _INNER if ci == 0x72 else None
    layout = build_layout(_SPECS, Envelope(_LINK, ci=ci, header=header), mode=mode)
    rows, numbers = [row for row, _ in items], np.array([sender for _, sender in items])
    index = np.arange(len(items)) % len(keys)
    senders = Senders(build_identities(numbers[:, 0]), numbers[:, 1], numbers[:, 2], numbers[:, 3], keys, index)
    matrix = encode_columns(layout, senders, _columns(rows))
    for row, (serial, access, counter, status), telegram, key in zip(
        rows, numbers.tolist(), matrix, index, strict=True
    ):
        meter = replace(header or _LINK, identity=encode_value(Coding.BCD, serial, 4))
        envelope = Envelope(
            _LINK if header else meter, ci=ci, header=meter if header else None, access_number=access, status=status
        )
        payload = (encode_compact if ci in (0x79, 0x7B) else encode_records)(_scalar_specs(row))
        sealing = Sealing(mode, keys[key], counter=counter, session_number=counter)
        assert telegram.tobytes() == build_telegram(payload, envelope, sealing=sealing)


def test_long_payloads_are_sealed_as_far_as_fifteen_blocks_reach() -> None:
    """The rest of a payload beyond 240 bytes stays in clear, in columns as one by one."""
    specs = [RecordSpec(bytes.fromhex("0dfd3b"), bytes(14), Coding.BINARY_VAR) for _ in range(13)]
    layout = build_layout(specs, Envelope(_LINK), mode="mode5")
    assert layout.route.transport is not None
    count = np.array([1, 2])
    senders = Senders(build_identities(count), count, count, count, [bytes(16)], count * 0)
    for row, telegram in enumerate(encode_columns(layout, senders, {})):
        meter = replace(_LINK, identity=bytes((row + 1, 0, 0, 0)))
        envelope = Envelope(meter, access_number=row + 1, status=row + 1)
        expected = build_telegram(encode_records(specs), envelope, sealing=Sealing("mode5", bytes(16)))
        assert telegram.tobytes() == expected


def test_one_bank_serves_many_batches() -> None:
    """Contexts stay usable from batch to batch, and the telegrams open."""
    bank, keys = AesBank(), [bytes([n]) * 16 for n in range(4)]
    layout = build_layout(_SPECS[:2], Envelope(_LINK), mode="mode5")
    for start in (0, 100, 200):
        serial = np.arange(start, start + 8)
        senders = Senders(build_identities(serial), serial % 256, serial, serial * 0, keys, serial % 4)
        matrix = encode_columns(layout, senders, {0: serial}, bank=bank)
        for number, telegram in zip(serial.tolist(), matrix, strict=True):
            stack = decode_stack(telegram.tobytes(), keys=[keys[number % 4]])
            assert (stack.address.id, stack.state) == (f"{number:08}", "decrypted")


def test_rows_of_several_layouts_make_one_batch() -> None:
    """Telegrams of different lengths stand one behind the other."""
    batch = join_rows([np.zeros((2, 3), np.uint8), np.ones((1, 5), np.uint8)])
    assert [batch.telegram(row) for row in range(3)] == [bytes(3), bytes(3), b"\1" * 5]
    assert len(join_rows([])) == 0


@pytest.mark.parametrize(
    ("coding", "values", "length", "sentence"),
    [
        (Coding.INT, np.array([1, 40000]), 2, "int: 40000 is not between -32768 and 32767"),
        (Coding.UINT, np.array([-1]), 2, "uint: -1 is not between 0"),
        (Coding.BCD, np.array([5, 10**4]), 2, "bcd: 10000 is not between -999 and 9999"),
        (Coding.REAL, np.array([1e300]), 4, "real: .*1e\\+300.* is beyond single precision"),
        (Coding.INT, np.array([1.5]), 2, "int: whole numbers are needed, not float64"),
        (Coding.DATE_G, np.array(["1980-12-31"], "datetime64[D]"), 2, "date_g year: 1980 is not between 1981 and 2080"),
        (Coding.TEXT, np.array(["a"]), 1, "text: columns of this coding are given as bytes"),
        (Coding.TEXT, np.zeros((1, 2), np.uint8), 1, "text: 2 bytes a row, the record has 1"),
    ],
)
def test_columns_that_do_not_fit_are_refused(coding: Coding, values: Any, length: int, sentence: str) -> None:
    """The first value outside its coding is named, with the limits."""
    with pytest.raises(ValueError, match=sentence):
        encode_column(coding, values, length)


def test_errors_name_record_and_want() -> None:
    """A batch of a thousand columns says which record is wrong, and that keys are missing."""
    layout = build_layout(_SPECS, Envelope(_LINK), mode="mode5")
    one = np.array([1])
    senders = Senders(build_identities(one), one, one, one)
    with pytest.raises(ValueError, match="record 0413: int: 4294967296"):
        encode_columns(layout, senders, {0: np.array([1 << 32])})
    with pytest.raises(ValueError, match="telegrams of mode mode5 need a key each"):
        encode_columns(layout, senders, {})
    with pytest.raises(ValueError, match="mode 'des' are built one by one"):
        build_layout(_SPECS, Envelope(_LINK), mode="des")
