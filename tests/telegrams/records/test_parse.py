# SPDX-License-Identifier: Apache-2.0
"""The walk along a payload: fields of the header, special functions, and broken input."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avlest.telegrams.outcomes import Outcome
from avlest.telegrams.records.model import Coding, Function, Payload
from avlest.telegrams.records.parse import derive_lvar, parse_records
from avlest.telegrams.records.values import decode_value, scale_number

PLAIN = "2F2F 0C78 78563412 046D 0A0A7E2B 0C13 29240100 4C13 00000100 426C 812A 02FD17 0000"


def parse(text: str) -> Payload:
    return parse_records(bytes.fromhex(text))


def covered_bytes(payload: Payload) -> list[int]:
    spans = [*payload.structure, *([payload.manufacturer_data] if payload.manufacturer_data else [])]
    spans += [(record.data_offset, record.data_offset + record.data_length) for record in payload.records]
    return sorted(at for start, end in spans for at in range(start, end))


def test_a_plain_payload_gives_its_records_with_places() -> None:
    payload = parse(PLAIN)
    assert payload.error is None
    assert [record.meaning.quantity for record in payload.records] == [
        "fabrication_number", "datetime", "volume", "volume", "date", "error_flags",
    ]  # fmt: skip
    volume = payload.records[2]
    assert (volume.key, volume.offset, volume.data_offset, volume.data_length) == (b"\x0c\x13", 14, 16, 4)
    assert volume.data == bytes.fromhex("29240100")
    assert str(decode_value(payload.records[1])) == "2019-11-30 10:10"
    assert scale_number(volume) == pytest.approx(12.429)
    assert [record.storage for record in payload.records] == [0, 0, 0, 1, 1, 0]


def test_parsing_may_start_behind_a_header() -> None:
    payload = parse_records(bytes.fromhex("FFFFFF 0113 05"), start=3)
    assert payload.records[0].offset == 3
    assert payload.structure == ((3, 5),)


@pytest.mark.parametrize(
    ("text", "storage", "tariff", "subunit", "function"),
    [
        ("01 13 00", 0, 0, 0, Function.INSTANT),
        ("51 13 00", 1, 0, 0, Function.MAXIMUM),
        ("21 13 00", 0, 0, 0, Function.MINIMUM),
        ("31 13 00", 0, 0, 0, Function.ERROR),
        ("81 01 13 00", 2, 0, 0, Function.INSTANT),
        ("C1 01 13 00", 3, 0, 0, Function.INSTANT),
        ("81 10 13 00", 0, 1, 0, Function.INSTANT),
        ("81 30 13 00", 0, 3, 0, Function.INSTANT),
        ("81 40 13 00", 0, 0, 1, Function.INSTANT),
        ("81 80 40 13 00", 0, 0, 2, Function.INSTANT),
        ("81 C0 40 13 00", 0, 0, 3, Function.INSTANT),
        ("81 90 10 13 00", 0, 5, 0, Function.INSTANT),
        ("C1 8F 0F 13 00", 511, 0, 0, Function.INSTANT),
        ("C1 FF FF FF FF FF FF FF FF FF 7F 13 00", 2**41 - 1, 2**20 - 1, 2**10 - 1, Function.INSTANT),
    ],
)
def test_difes_extend_storage_tariff_and_subunit(
    text: str, storage: int, tariff: int, subunit: int, function: Function
) -> None:
    (record,) = parse(text).records
    assert (record.storage, record.tariff, record.subunit, record.function) == (storage, tariff, subunit, function)


@pytest.mark.parametrize(("marker", "more"), [("0F", False), ("1F", True)])
def test_manufacturer_data_is_kept_whole_to_the_end(marker: str, more: bool) -> None:
    payload = parse(f"0113 05 {marker} 0C13 29")
    assert payload.manufacturer_data == (4, 7)
    assert payload.more_follows is more
    assert payload.structure == ((0, 2), (3, 4))
    assert payload.error is None


def test_fillers_and_a_readout_request_are_structure() -> None:
    payload = parse("2F 7F 0113 05 2F2F")
    assert payload.structure == ((0, 4), (5, 7))
    assert len(payload.records) == 1


def test_the_key_holds_the_whole_header_and_a_plain_text_vif() -> None:
    text = "C2 8F01 FC 03 485225 74"
    (record,) = parse(f"{text} 1234").records
    assert record.key == bytes.fromhex(text)
    assert record.meaning.text == "%RH"
    assert record.data == b"\x12\x34"


@pytest.mark.parametrize("dif", ["3F", "4F", "5F", "6F", "8F", "FF"])
def test_reserved_special_functions_stop_the_walk_and_keep_what_was_read(dif: str) -> None:
    payload = parse(f"0113 05 {dif} 0113 06")
    assert len(payload.records) == 1
    assert payload.error is not None
    assert (payload.error.outcome, payload.error.offset) == (Outcome.BAD_RECORDS, 3)
    assert dif in payload.error.detail


@pytest.mark.parametrize(
    ("text", "offset", "words"),
    [
        ("0C", 3, "ends after the DIF"),
        ("8C", 3, "ends inside the DIF"),
        ("0C 93", 4, "ends inside the VIF"),
        ("0C 13 010203", 3, "3 of the 4 data bytes"),
        ("0D 13", 5, "before the LVAR"),
        ("0D 13 05 01", 3, "1 of the 5 data bytes"),
        ("0D 13 F7", 5, "F7 is reserved"),
        ("0D 13 FF", 5, "FF is reserved"),
        ("01 7C", 4, "before the length of the plain-text"),
        ("01 7C 05 41", 4, "inside the plain-text"),
        ("01 FC 01 41", 4, "before the VIFE of the plain-text"),
        ("81" + "80" * 10 + "00 13 00", 3, "more than 10 extension bytes follow the DIF"),
        ("01 93" + "BB" * 10 + "3B 00", 4, "more than 10 extension bytes follow the VIF"),
    ],
)
def test_broken_records_say_what_was_wrong_and_where(text: str, offset: int, words: str) -> None:
    payload = parse(f"0113 05 {text}")
    assert len(payload.records) == 1
    assert payload.error is not None
    assert (payload.error.outcome, payload.error.offset) == (Outcome.BAD_RECORDS, offset)
    assert words in payload.error.detail


def test_ten_extensions_are_still_read() -> None:
    (record,) = parse("81" + "80" * 9 + "00" + "93" + "BB" * 9 + "3B 07").records
    assert record.storage == 0
    assert record.meaning.modifiers == ("forward_flow",) * 10


@pytest.mark.parametrize(
    ("lvar", "length", "coding"),
    [
        (0x00, 0, Coding.TEXT),
        (0xBF, 191, Coding.TEXT),
        (0xC0, 0, Coding.BCD_VAR),
        (0xC9, 9, Coding.BCD_VAR),
        (0xD9, 9, Coding.BCD_VAR_NEGATIVE),
        (0xE0, 0, Coding.BINARY_VAR),
        (0xEF, 15, Coding.BINARY_VAR),
        (0xF0, 16, Coding.BINARY_VAR),
        (0xF4, 32, Coding.BINARY_VAR),
        (0xF5, 48, Coding.BINARY_VAR),
        (0xF6, 64, Coding.BINARY_VAR),
    ],
)
def test_an_lvar_says_length_and_coding(lvar: int, length: int, coding: Coding) -> None:
    assert derive_lvar(lvar) == (length, coding)


HEADER_BYTES = st.sampled_from(
    [0x01, 0x0C, 0x0D, 0x13, 0x2F, 0x0F, 0x1F, 0x7C, 0x7F, 0xFB, 0xFC, 0xFD, 0xFF, 0x80, 0xC3]
)
HOSTILE = st.one_of(st.binary(max_size=300), st.lists(HEADER_BYTES | st.integers(0, 255), max_size=300).map(bytes))


@given(data=HOSTILE)
@settings(max_examples=400)
def test_any_bytes_are_split_without_raising_overlap_or_gap(data: bytes) -> None:
    """Structure, record data and manufacturer data partition the payload, up to an error."""
    payload = parse_records(data)
    covered = covered_bytes(payload)
    assert covered == list(range(len(covered)))
    assert (len(covered) == len(data)) == (payload.error is None)
    for record in payload.records:
        assert record.data == data[record.data_offset : record.data_offset + record.data_length]
        assert data[record.offset :].startswith(record.key)
        decode_value(record)
        scale_number(record)


@given(data=HOSTILE, cut=st.integers(0, 300))
def test_a_cut_payload_gives_the_same_records_as_far_as_it_goes(data: bytes, cut: int) -> None:
    """Cutting loses records at the end, and nothing before."""
    whole, part = parse_records(data).records, parse_records(data[:cut]).records
    assert part == whole[: len(part)]


def test_a_long_payload_takes_time_in_proportion_to_its_length() -> None:
    """Twenty times the bytes take some twenty times as long, not four hundred (bound for busy machines)."""

    def measure(count: int) -> float:
        data = bytes.fromhex("01930100") * count
        runs = []
        for _ in range(5):
            begin = time.perf_counter()
            assert len(parse_records(data).records) == count
            runs.append(time.perf_counter() - begin)
        return min(runs)

    measure(100)
    assert measure(6_000) < 120 * measure(300)
