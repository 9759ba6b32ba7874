# SPDX-License-Identifier: Apache-2.0
"""Every byte of a payload is put into words, once and in order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avlest.telegrams.records.compact import parse_compact
from avlest.telegrams.records.describe import Piece, describe_payload, describe_record
from avlest.telegrams.records.formats import FormatStore, derive_format_signature
from avlest.telegrams.records.parse import parse_records


def explain(text: str) -> dict[str, str]:
    data = bytes.fromhex(text)
    return {data[start:end].hex().upper(): words for start, end, words in describe_payload(data, parse_records(data))}


def assert_seamless(pieces: tuple[Piece, ...], length: int) -> None:
    at = 0
    for start, end, words in pieces:
        assert start == at < end
        assert words
        at = end
    assert at == length


def test_a_record_is_told_byte_by_byte() -> None:
    assert explain("8C10 933C 29240100") == {
        "8C": "DIF: 8 BCD digits, present value",
        "10": "DIFE: tariff 1",
        "93": "VIF: volume [0.001 m³]",
        "3C": "VIFE: backward flow",
        "29240100": "12.429 m³",
    }


@pytest.mark.parametrize(
    ("text", "data", "words"),
    [
        ("426C 812A", "812A", "2020-10-01"),
        ("046D 0A0A7E2B", "0A0A7E2B", "2019-11-30 10:10"),
        ("426C FFFF", "FFFF", "no valid value"),
        ("0C13 EEEEEEEE", "EEEEEEEE", "no valid value"),
        ("0D78 02 3231", "3231", "'12'"),
        ("0D78 02 3231", "02", "LVAR: 2 bytes, text"),
        ("0D9313 03 620105", "620105", "profile, every 1 h, 1 bytes of entries"),
        ("02DA7B 6400", "7B", "VIFE: plus 0.1"),
        ("029376 6400", "76", "VIFE: times 1"),
        ("0293F6FF55 6400", "FF", "VIFE: manufacturer specific from here on"),
        ("0293FC01 6400", "01", "VIFE: at phase l1"),
        ("02FDFD02 6400", "FDFD02", "VIF: remaining battery [1 months]"),
        ("02FDC8FC01 6400", "FDC8", "VIF: voltage [0.1 V]"),
        ("02FC0348522574 6400", "FC03485225", 'VIF: "%RH" (plain text)'),
        ("0113 05 0F AABB", "AABB", "manufacturer data"),
        ("0113 05 0F AABB", "0F", "manufacturer data follows to the end"),
        ("2F2F 0113 05", "2F2F", "filler"),
        ("0113 05 6F 11", "6F11", "not read: DIF 6F is a reserved special function"),
    ],
)
def test_the_words_say_what_the_bytes_mean(text: str, data: str, words: str) -> None:
    assert explain(text)[data] == words


def test_a_compact_frame_is_told_without_headers() -> None:
    fmt = bytes.fromhex("0C13 0D78")
    payload = derive_format_signature(fmt).to_bytes(2, "little") + bytes.fromhex("0000 29240100 02 3231")
    pieces = describe_payload(payload, parse_compact(payload, FormatStore().learn(fmt)))
    assert_seamless(pieces, len(payload))
    assert pieces[2:] == (
        (4, 8, "volume [0.001 m³]: 12.429 m³"),
        (8, 9, "LVAR: 2 bytes, text"),
        (9, 11, "fabrication number: '12'"),
    )


@given(data=st.binary(max_size=200))
def test_any_payload_is_told_without_gap_or_overlap(data: bytes) -> None:
    parsed = parse_records(data)
    assert_seamless(describe_payload(data, parsed), len(data))
    for record in parsed.records:
        pieces = describe_record(record)
        assert pieces[0][0] == record.offset
        assert pieces[-1][1] == record.data_offset + record.data_length
