# SPDX-License-Identifier: Apache-2.0
"""Compact frames: known and learned formats, signatures, and data that does not fit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avlest.telegrams.outcomes import Outcome, TelegramError
from avlest.telegrams.records.compact import (
    has_full_frame_crc,
    parse_compact,
    parse_format_frame,
    parse_structure,
    parse_with_structure,
)
from avlest.telegrams.records.formats import (
    KNOWN_FORMATS,
    MAX_LEARNED,
    FormatStore,
    derive_format,
    derive_format_signature,
    expand_format,
)
from avlest.telegrams.records.parse import parse_records
from avlest.telegrams.wmbus.crc import compute_crc

FULL = bytes.fromhex("0C13 29240100 426C 812A 0D78 04 34333231 02FF20 0500")
FORMAT = bytes.fromhex("0C13 426C 0D78 02FF20")
DATA = bytes.fromhex("29240100 812A 04 34333231 0500")


def build_compact(full: bytes, fmt: bytes, data: bytes) -> bytes:
    signature, crc = derive_format_signature(fmt), compute_crc(full)
    return signature.to_bytes(2, "little") + crc.to_bytes(2, "little") + data


@pytest.mark.parametrize(
    ("fmt", "signature"),
    [
        ("02FF2004134413615B6167", 0xA8ED),
        ("02FF20041392013BA1015B8101E7FF0F", 0xC412),
        ("02FF2004134413A1015B8101E7FF0F", 0x61EB),
        ("02FF2004134413615B5167", 0xD2F7),
        ("02FF2004134413", 0xDD34),
        ("02FF200413523B", 0x7C0E),
        ("04FF234413523B06FF1B426C61675167023B04138101E7FF0F", 0x0905),
    ],
)
def test_signatures_are_the_published_ones_and_known_from_the_start(fmt: str, signature: int) -> None:
    assert derive_format_signature(bytes.fromhex(fmt)) == signature
    assert FormatStore().known(signature) == bytes.fromhex(fmt)


@pytest.mark.parametrize("pattern", [pattern for pattern, _ in KNOWN_FORMATS])
def test_a_known_pattern_is_whole_in_every_resolution(pattern: str) -> None:
    for fmt in expand_format(pattern):
        assert len(parse_structure(fmt)) == len(pattern.split())


def test_known_formats_have_signatures_of_their_own() -> None:
    formats = [fmt for pattern, _ in KNOWN_FORMATS for fmt in expand_format(pattern)]
    assert len({derive_format_signature(fmt) for fmt in formats}) == len(formats)


@pytest.mark.parametrize("signature", [0x52C2, 0xF1E7, 0x6DE2, 0xD7D6, 0x8400, 0xE7A2, 0x1434, 0xB34D, 0x441F])
def test_formats_of_heat_meters_in_use_are_known(signature: int) -> None:
    """Signatures that Kamstrup heat meters were heard with, in several resolutions."""
    assert FormatStore().known(signature) is not None


def test_the_format_of_a_full_frame_leaves_out_fillers_data_and_lvars() -> None:
    assert derive_format(parse_records(b"\x2f\x2f" + FULL + b"\x2f")) == FORMAT


def test_a_compact_frame_gives_the_records_of_its_full_frame() -> None:
    full = parse_records(FULL)
    store = FormatStore().learn(derive_format(full))
    payload = build_compact(FULL, FORMAT, DATA)
    compact = parse_compact(payload, store)
    assert compact.error is None
    assert [(r.key, r.data, r.coding, r.meaning) for r in compact.records] == [
        (r.key, r.data, r.coding, r.meaning) for r in full.records
    ]
    assert {record.offset for record in compact.records} == {-1}
    assert [record.data_offset for record in compact.records] == [4, 8, 11, 15]
    assert compact.structure == ((0, 2), (10, 11))
    assert has_full_frame_crc(payload, compact)


def test_fillers_behind_the_data_are_structure() -> None:
    store = FormatStore().learn(FORMAT)
    compact = parse_compact(build_compact(FULL, FORMAT, DATA) + b"\x2f\x2f", store)
    assert compact.error is None
    assert compact.structure[-1] == (17, 19)


def test_another_crc_of_the_full_frame_is_noticed() -> None:
    payload = bytearray(build_compact(FULL, FORMAT, DATA))
    payload[5] ^= 1
    parsed = parse_compact(bytes(payload), FormatStore().learn(FORMAT))
    assert not has_full_frame_crc(bytes(payload), parsed)


def test_a_format_never_seen_is_told_with_its_signature() -> None:
    compact = parse_compact(build_compact(FULL, FORMAT, DATA), FormatStore())
    assert compact.error is not None
    assert compact.error.outcome is Outcome.UNKNOWN_FORMAT
    assert f"{derive_format_signature(FORMAT):04X}" in compact.error.detail
    assert compact.records == ()


@pytest.mark.parametrize("data", [b"", DATA[:-1], DATA + b"\x00", DATA[:6] + b"\xff" + DATA[7:]])
def test_data_that_does_not_fit_the_format_gives_no_records(data: bytes) -> None:
    compact = parse_compact(build_compact(FULL, FORMAT, data), FormatStore().learn(FORMAT))
    assert compact.error is not None
    assert compact.error.outcome is Outcome.BAD_RECORDS
    assert compact.records == ()


def test_a_payload_without_signature_is_too_short() -> None:
    compact = parse_compact(b"\x01\x02\x03", FormatStore())
    assert compact.error is not None
    assert compact.error.outcome is Outcome.TOO_SHORT


def test_learning_leaves_the_old_store_alone_and_knows_nothing_twice() -> None:
    empty = FormatStore()
    store = empty.learn(FORMAT)
    signature = derive_format_signature(FORMAT)
    assert (empty.known(signature), store.known(signature)) == (None, FORMAT)
    assert store.learn(FORMAT) is store
    assert empty.learn(b"") is empty
    assert empty.learn(bytes.fromhex(KNOWN_FORMATS[0][0])) is empty


def test_a_store_stays_bounded_and_forgets_the_oldest_first() -> None:
    store = FormatStore()
    formats = [bytes([0x01, 0x93, 0xBB, 0x80 | i >> 7, i & 0x7F]) for i in range(MAX_LEARNED + 200)]
    formats = list({derive_format_signature(fmt): fmt for fmt in formats}.values())[: MAX_LEARNED + 1]
    for fmt in formats:
        store = store.learn(fmt)
    assert len(store.learned) == MAX_LEARNED
    assert store.known(derive_format_signature(formats[0])) is None
    assert store.known(derive_format_signature(formats[-1])) == formats[-1]


@pytest.mark.parametrize("fmt", ["0F", "0C", "0C13 2F", "8C", "0C93"])
def test_a_broken_format_is_an_error_with_its_place(fmt: str) -> None:
    with pytest.raises(TelegramError) as caught:
        parse_structure(bytes.fromhex(fmt))
    assert caught.value.outcome is Outcome.BAD_RECORDS
    assert caught.value.offset is not None


def test_a_format_frame_gives_its_format() -> None:
    frame = derive_format_signature(FORMAT).to_bytes(2, "little") + FORMAT
    assert parse_format_frame(bytes([len(frame)]) + frame) == FORMAT


@pytest.mark.parametrize(
    ("frame", "outcome"),
    [
        (b"", Outcome.TOO_SHORT),
        (b"\x05\x00\x00", Outcome.BAD_LENGTH),
        (b"\x00\x00\x00", Outcome.BAD_LENGTH),
        (b"\x04\x00\x00\x0c\x13", Outcome.BAD_CHECKSUM),
    ],
)
def test_a_broken_format_frame_says_why(frame: bytes, outcome: Outcome) -> None:
    with pytest.raises(TelegramError) as caught:
        parse_format_frame(frame)
    assert caught.value.outcome is outcome


@given(fmt=st.binary(max_size=40), data=st.binary(max_size=60))
def test_any_format_over_any_data_never_raises(fmt: bytes, data: bytes) -> None:
    parsed = parse_with_structure(fmt, data)
    ends = [record.data_offset + record.data_length for record in parsed.records]
    assert ends == sorted(ends)
    assert all(end <= len(data) for end in ends)
    parse_compact(data, FormatStore().learn(fmt))


@given(data=st.binary(max_size=80))
def test_what_a_full_frame_says_its_compact_frame_says(data: bytes) -> None:
    """Strip the headers of any payload that parses, and lay them under the data again."""
    full = parse_records(data)
    if full.error or full.manufacturer_data or not full.records:
        return
    lvars = [record.data_offset - 1 if record.key[0] & 0x0F == 0x0D else record.data_offset for record in full.records]
    pairs = zip(full.records, lvars, strict=True)
    stripped = b"".join(data[at : record.data_offset + record.data_length] for record, at in pairs)
    compact = parse_with_structure(derive_format(full), stripped)
    assert compact.error is None
    assert [(r.key, r.data, r.coding) for r in compact.records] == [(r.key, r.data, r.coding) for r in full.records]
