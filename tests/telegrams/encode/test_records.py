# SPDX-License-Identifier: Apache-2.0
"""Whatever the record encoder writes, the record parser reads back."""

from __future__ import annotations

import math
from datetime import date, time
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avlest.telegrams.encode.keys import build_key, build_vib, derive_data_field, find_vif, find_vifes
from avlest.telegrams.encode.profiles import encode_profile
from avlest.telegrams.encode.records import RecordSpec, encode_compact, encode_format_frame, encode_records
from avlest.telegrams.encode.values import encode_value
from avlest.telegrams.records.compact import has_full_frame_crc, parse_compact, parse_format_frame
from avlest.telegrams.records.dates import MeterTime
from avlest.telegrams.records.formats import FormatStore
from avlest.telegrams.records.model import Coding, Function, Record
from avlest.telegrams.records.parse import parse_records
from avlest.telegrams.records.profiles import IncrementMode, Spacing, decode_profile, find_profile_base
from avlest.telegrams.records.values import decode_number, decode_value
from avlest.telegrams.records.vif import parse_vib

_DAYS = st.dates(date(1981, 1, 1), date(2080, 12, 31))
_LONG_DAYS = st.dates(date(1981, 1, 1), date(2299, 12, 31))


def _moments(days: st.SearchStrategy[date], seconds: st.SearchStrategy[int | None]) -> st.SearchStrategy[MeterTime]:
    return st.builds(MeterTime, days, st.integers(0, 23), st.integers(0, 59), seconds, st.booleans())


def _bits(count: int, *, signed: bool) -> st.SearchStrategy[int]:
    return st.integers(-(1 << count - 1), (1 << count - 1) - 1) if signed else st.integers(0, (1 << count) - 1)


_LATIN = st.characters(min_codepoint=1, max_codepoint=255)
_TEXT = st.text(_LATIN, max_size=40)

_CLOCKS = st.builds(time, st.integers(0, 23), st.integers(0, 59), st.integers(0, 59))
_SPACINGS = st.sampled_from([(1, "d"), (15, "min"), (1, "month"), (3, "month"), (1, "half_month"), (2, "array")])

# coding, length, VIF that leads to the coding, values
_FIXED: list[tuple[Coding, int, bytes, st.SearchStrategy[Any]]] = [
    *((Coding.INT, n, b"\x13", _bits(8 * n, signed=True)) for n in (1, 2, 3, 4, 6, 8)),
    *((Coding.UINT, n, b"\xfd\x17", _bits(8 * n, signed=False)) for n in (1, 2, 3, 4, 6, 8)),
    *(
        (Coding.BCD, n, b"\x13", st.none() | st.integers(1 - 10 ** (2 * n - 1), 10 ** (2 * n) - 1))
        for n in (1, 2, 3, 4, 6)
    ),
    (Coding.REAL, 4, b"\x2b", st.none() | st.floats(width=32, allow_nan=False, allow_infinity=False)),
    (Coding.DATE_G, 2, b"\x6c", st.none() | _DAYS),
    (Coding.DATETIME_F, 4, b"\x6d", st.none() | _moments(_LONG_DAYS, st.none())),
    (Coding.DATETIME_I, 6, b"\x6d", st.none() | _moments(_DAYS, st.integers(0, 59))),
    (
        Coding.TIME_J,
        3,
        b"\xfd\x65",
        st.none() | _CLOCKS,
    ),
    (Coding.NONE, 0, b"\x13", st.none()),
]
_VARIABLE: list[tuple[Coding, st.SearchStrategy[Any]]] = [
    (Coding.TEXT, _TEXT),
    (Coding.BCD_VAR, st.integers(0, 10**18 - 1)),
    (Coding.BCD_VAR_NEGATIVE, st.integers(1 - 10**18, -1)),
    (Coding.BINARY_VAR, st.integers(0, (1 << 120) - 1)),
]
_NUMBERS: dict[str, Any] = {
    "function": st.sampled_from(Function),
    "storage": st.integers(0, (1 << 41) - 1) | st.integers(0, 40),
    "tariff": st.integers(0, (1 << 20) - 1) | st.integers(0, 4),
    "subunit": st.integers(0, 1023) | st.integers(0, 2),
}
_VIFES = (
    st.binary(max_size=3)
    .map(lambda codes: bytes(code & 0x7F for code in codes))
    .filter(
        # VIFEs that turn the value into something else, or whose next code belongs to them
        lambda codes: (
            not {0x7C, 0x7F, 0x11, 0x12, 0x13, 0x1E, 0x1F, 0x39} & set(codes)
            and not any(0x40 <= code <= 0x6F for code in codes)
        )
    )
)


@st.composite
def specs(draw: st.DrawFn) -> tuple[RecordSpec, Coding, dict[str, Any]]:
    """Any record with what must come back."""
    numbers = {name: draw(strategy) for name, strategy in _NUMBERS.items()}
    if draw(st.booleans()):
        coding, length, vif, values = draw(st.sampled_from(_FIXED))
        field = derive_data_field(coding, length)
        key = build_key(data_field=field, vif=vif, vifes=draw(_VIFES), **numbers)
        return RecordSpec(key, draw(values)), coding, numbers
    coding, values = draw(st.sampled_from(_VARIABLE))
    key = build_key(data_field=0x0D, vif=b"\xfd\x11", vifes=draw(_VIFES), **numbers)
    return RecordSpec(key, draw(values), coding), coding, numbers


def _check(record: Record, spec: RecordSpec, coding: Coding, numbers: dict[str, Any]) -> None:
    assert record.key == spec.key
    assert record.coding is coding
    assert {name: getattr(record, name) for name in numbers} == numbers
    found, value = decode_value(record), spec.value
    assert found == (value.strip("\0") if isinstance(value, str) else value)


@given(st.lists(specs(), max_size=6))
def test_parsing_what_was_encoded_gives_it_back(items: list[tuple[RecordSpec, Coding, dict[str, Any]]]) -> None:
    """Parse after encode is the identity for every coding, number and VIFE."""
    payload = parse_records(encode_records(spec for spec, _, _ in items))
    assert payload.error is None
    assert len(payload.records) == len(items)
    for record, item in zip(payload.records, items, strict=True):
        _check(record, *item)


@given(st.lists(specs(), min_size=1, max_size=6))
def test_compact_frames_carry_the_same_values(items: list[tuple[RecordSpec, Coding, dict[str, Any]]]) -> None:
    """A compact frame read under its learned format gives the records, and its CRC is that of the full frame."""
    sent = [spec for spec, _, _ in items]
    data = encode_compact(sent)
    parsed = parse_compact(data, FormatStore().learn(b"".join(spec.key for spec in sent)))
    assert parsed.error is None
    assert has_full_frame_crc(data, parsed)
    for record, item in zip(parsed.records, items, strict=True):
        _check(record, *item)


@given(st.lists(specs(), min_size=1, max_size=4))
def test_format_frames_teach_the_format(items: list[tuple[RecordSpec, Coding, dict[str, Any]]]) -> None:
    """The DIF/VIF string comes out of a format frame as it went in."""
    fmt = b"".join(spec.key for spec, _, _ in items)
    assert parse_format_frame(encode_format_frame(fmt)) == fmt


@given(_TEXT, st.integers(-99, 99), st.binary(max_size=2).map(lambda codes: bytes(code & 0x3A for code in codes)))
def test_plain_text_vifs_keep_their_text(text: str, value: int, vifes: bytes) -> None:
    """The text of a plain-text VIF survives, with and without VIFEs behind it."""
    if not text:
        text = "x"
    key = build_key(data_field=1, vif=b"\x7c", text=text, vifes=vifes)
    (record,) = parse_records(encode_records([RecordSpec(key, value)])).records
    assert (record.key, record.meaning.quantity, record.meaning.text) == (key, "text", text)


@pytest.mark.parametrize("mode", list(IncrementMode))
@pytest.mark.parametrize("inverse", [False, True])
@given(data=st.data())
def test_profiles_come_back_entry_by_entry(mode: IncrementMode, *, inverse: bool, data: st.DataObject) -> None:
    """Entries of a compact profile, and where the meter had none, come back in every increment mode."""
    coding, length = data.draw(st.sampled_from([(Coding.INT, 2), (Coding.INT, 4), (Coding.BCD, 3)]))
    base = data.draw(st.integers(5000, 6000))
    steps: list[int] = data.draw(st.lists(st.integers(0, 100), max_size=12))
    up = (mode is IncrementMode.DECREMENT) == inverse
    values: list[int | None] = []
    for step in steps:
        before = values[-1] if values else base
        assert before is not None
        values.append(before + step if up else before - step)
    missing = data.draw(st.integers(0, 1))
    if values and missing:
        values[-1] = None
    spacing = Spacing(
        *data.draw(
            st.sampled_from([(1, "d"), (15, "min"), (1, "month"), (3, "month"), (1, "half_month"), (2, "array")])
        )
    )
    content = encode_profile(
        values, base=base, mode=mode, spacing=spacing, coding=coding, length=length, inverse=inverse
    )
    key = build_key(data_field=0x0D, vif=b"\x13", vifes=b"\x13" if inverse else b"\x1f", storage=3)
    start = build_key(data_field=4, vif=b"\x13", storage=3)
    records = parse_records(encode_records([RecordSpec(start, base), RecordSpec(key, content)])).records
    found, _ = find_profile_base(records[1], records)
    assert found is records[0]
    profile = decode_profile(records[1], decode_number(records[0]))
    assert list(profile.values) == values
    assert (profile.mode, profile.spacing, profile.inverse) == (mode, spacing, inverse)


@pytest.mark.parametrize(
    ("coding", "value", "length", "sentence"),
    [
        (Coding.INT, 32768, 2, "int: 32768 is not between -32768 and 32767"),
        (Coding.UINT, -1, 4, "uint: -1 is not between 0 and"),
        (Coding.BCD, -1000, 2, "bcd: -1000 does not fit 4 digits"),
        (Coding.REAL, 1e300, 4, "real: 1e\\+300 is beyond single precision"),
        (Coding.TEXT, "Ω", 1, "text: 'Ω' has characters outside ISO 8859-1"),
        (Coding.DATE_G, date(2099, 1, 1), 2, "date_g: the year 2099 is not between 1981 and 2080"),
        (Coding.DATETIME_F, MeterTime(date(2024, 1, 1), 0, 0, 5), 4, "datetime_f: .* has seconds"),
        (Coding.INT, None, 4, "int: there is no code for a missing value"),
        (Coding.INT, "7", 4, "int: a whole number is needed, not '7'"),
        (Coding.NONE, 7, 0, "none: the record has no data"),
        (Coding.TEXT, "abc", 2, "text: the value takes 3 bytes, the record has 2"),
    ],
)
def test_what_a_coding_cannot_hold_is_refused(coding: Coding, value: Any, length: int, sentence: str) -> None:
    """A value outside its coding is a ValueError that names coding, value and limits."""
    with pytest.raises(ValueError, match=sentence):
        encode_value(coding, value, length)


@pytest.mark.parametrize(
    ("parts", "sentence"),
    [
        ({"storage": 1 << 41}, "storage: "),
        ({"tariff": 1 << 20}, "tariff: "),
        ({"subunit": 1024}, "subunit: "),
        ({"data_field": 15}, "data_field: 15"),
        ({"vifes": bytes(11)}, "vifes: 11 extension bytes"),
        ({"text": "kWh"}, "text: a plain-text VIF has the code 7C"),
    ],
)
def test_headers_that_cannot_be_sent_are_refused(parts: dict[str, Any], sentence: str) -> None:
    """A number beyond ten extension bytes is a ValueError that names it."""
    everything: dict[str, Any] = {"data_field": 4, "vif": b"\x13"}
    with pytest.raises(ValueError, match=sentence):
        build_key(**(everything | parts))


def test_a_record_names_itself_in_errors() -> None:
    """The key of the record stands in the message, so a specification of fifty records can be mended."""
    with pytest.raises(ValueError, match="record 0413: int: 4294967296"):
        encode_records([RecordSpec(bytes.fromhex("0413"), 1 << 32)])
    with pytest.raises(ValueError, match="record 041300: 1 bytes too many"):
        encode_records([RecordSpec(bytes.fromhex("041300"), 1)])


def test_negative_zero_and_not_a_number_are_kept_apart() -> None:
    """Not-a-number stands for no value; minus zero is a number."""
    assert encode_value(Coding.REAL, None, 4) == bytes.fromhex("0000c07f")
    (record,) = parse_records(b"\x05\x2b" + encode_value(Coding.REAL, -0.0, 4)).records
    number = decode_number(record)
    assert number is not None
    assert math.copysign(1, number) == -1


@pytest.mark.parametrize(
    ("quantity", "unit", "scale", "vif"),
    [
        ("volume", "m3", Fraction(1, 1000), "13"),
        ("energy", "gj", None, "fb08"),
        ("error_flags", "", None, "fd17"),
        ("moisture_level", "", None, "fdfd3e"),
    ],
)
def test_a_vif_is_found_by_what_it_says(quantity: str, unit: str, scale: Fraction | None, vif: str) -> None:
    """Quantity, unit and scale lead back to the VIF of the tables."""
    found = find_vif(quantity, unit=unit, scale=scale)
    assert found.hex() == vif
    assert parse_vib(build_vib(found)).meaning.quantity == quantity


def test_a_vif_nobody_has_is_a_lookup_error() -> None:
    """No guess is made for a quantity outside the tables."""
    with pytest.raises(LookupError, match="no VIF of EN 13757-3 says 'happiness'"):
        find_vif("happiness")
    with pytest.raises(LookupError, match="no VIFE of EN 13757-3 is called 'sideways'"):
        find_vifes(("sideways",))


@pytest.mark.parametrize(
    "modifiers",
    [
        ("backward_flow",),
        ("at_phase_l2", "forward_flow"),
        ("mfct_07", "mfct_1a"),
        ("upper_limit", "mfct_01"),
        ("vife_1a",),
    ],
)
def test_modifiers_lead_back_to_their_vifes(modifiers: tuple[str, ...]) -> None:
    """The names the parser gives to VIFEs can be encoded again."""
    assert parse_vib(build_vib(b"\x13", vifes=find_vifes(modifiers))).meaning.modifiers == modifiers
