# SPDX-License-Identifier: Apache-2.0
"""Uplinks that are M-Bus records, made with our own encoder."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avlest.catalogue.catalogue import build_catalogue
from avlest.catalogue.lorawan.decode import UplinkReader, decode_lorawan
from avlest.catalogue.lorawan.model import Device, LorawanReading
from avlest.catalogue.lorawan.profiles import build_profiles
from avlest.telegrams.encode.profiles import encode_profile
from avlest.telegrams.encode.records import RecordSpec, encode_records
from avlest.telegrams.outcomes import Outcome, TelegramError
from avlest.telegrams.records.dates import MeterTime
from avlest.telegrams.records.model import Coding
from avlest.telegrams.records.profiles import IncrementMode, Spacing

NOW = datetime(2026, 3, 2, 12, 17, tzinfo=UTC)
NOON = MeterTime(date(2026, 3, 2), 13, 0)  # of a clock at UTC+1: 12:00 UTC
WATER = Device("0011223344556677")
HEAT = Device("94193A0102030405")
INVERSE = bytes.fromhex("4D9313")

READER = UplinkReader(build_catalogue(), build_profiles())


def spec(key: str, value: object) -> RecordSpec:
    return RecordSpec(bytes.fromhex(key), value)


def read(payload: bytes, *, port: int = 1, device: Device = WATER, at: datetime = NOW) -> LorawanReading:
    return decode_lorawan(payload, port=port, device=device, received_at=at, reader=READER)


def hourly(values: Sequence[int | None], *, base: int = 5000, mode: IncrementMode = IncrementMode.INCREMENT) -> bytes:
    data = encode_profile(
        values, base=base, mode=mode, spacing=Spacing(1, "h"), coding=Coding.INT, length=2, inverse=True
    )
    return encode_records([spec("446D", NOON), spec("4413", base), RecordSpec(INVERSE, data)])


@pytest.mark.parametrize("header", ["78", "7A08000000"])
def test_hourly_profile_values_become_dated_values_of_the_register(header):
    """The base value and each entry of an inverse profile are the total volume at an hour, exact, in UTC."""
    reading = read(bytes.fromhex(header) + hourly([4990, 4985, 4985]))
    expected = [(5000, 12), (4990, 11), (4985, 10), (4985, 9)]
    assert [(value.value, value.at) for value in reading.values] == [
        (Fraction(litres, 1000), datetime(2026, 3, 2, hour, tzinfo=UTC)) for litres, hour in expected
    ]
    assert {(value.name, value.quantity, value.unit, value.storage) for value in reading.values} == {
        ("total_m3", "volume", "m3", 0)
    }
    assert (reading.profile, reading.status, reading.warnings) == ("oms", (), ())


def test_entries_that_the_meter_marks_invalid_are_left_out():
    """A gap in a profile gives no value, and the entries before it stay."""
    reading = read(b"\x78" + hourly([4990, None, None]))
    assert [value.value for value in reading.values] == [5, Fraction(499, 100)]


@pytest.mark.parametrize(("before", "words"), [([], "no base time"), ([spec("446D", NOON)], "no base value")])
def test_a_profile_alone_without_its_base_is_an_outcome(before, words):
    """A profile whose base is missing cannot be placed; the sentence says what is missing."""
    with pytest.raises(TelegramError, match=words) as caught:
        read(b"\x78" + encode_records(before) + hourly([9, 8], base=10)[-10:])
    assert caught.value.outcome is Outcome.BAD_RECORDS


def test_other_values_survive_a_profile_without_base():
    """What can be read of an uplink is read; what cannot is a warning."""
    reading = read(b"\x78" + encode_records([spec("0413", 4711)]) + hourly([4, 3], base=5)[-10:])
    assert [(value.name, value.value, value.at) for value in reading.values] == [
        ("total_m3", Fraction(4711, 1000), None)
    ]
    assert any("no base time" in warning for warning in reading.warnings)


def test_status_bits_of_a_water_meter_are_words():
    """The info code of the day is named bit by bit, an unknown bit kept."""
    reading = read(b"\x78" + encode_records([spec("446D", NOON), spec("4413", 5), spec("52FF25", 0x0114)]))
    assert reading.status == ("ERROR_FLAGS_100", "LEAK", "TAMPER")


def test_temperatures_marked_invalid_give_no_value():
    """The lowest number of a signed byte means no value, never -128 °C."""
    reading = read(b"\x78" + encode_records([spec("446D", NOON), spec("615B", -128), spec("515B", 21)]))
    assert [(value.name, value.value, value.function) for value in reading.values] == [
        ("maximum_flow_temperature_c", 21, "maximum")
    ]
    assert reading.warnings == ("minimum_flow_temperature_storage_1_c: the meter has no valid value",)


def test_a_long_header_tells_the_meter_behind_the_module():
    """The serial number of the transport header is the meter's, whatever the DevEUI is."""
    header = bytes.fromhex("72 78563412 2D2C 3C 16 05 00 0000")
    assert read(header + encode_records([spec("0413", 1)])).serial == "12345678"


def heat_records() -> list[RecordSpec]:
    return [
        spec("0C06", 124638), spec("0C14", 539705), spec("0B2D", 152), spec("0B3B", 657),
        spec("0A5A", 305), spec("0A5E", 105), spec("0C78", 68824789), spec("02FD17", 0x0406),
    ]  # fmt: skip


def test_elvaco_modules_send_a_format_byte_and_records():
    """Energy, volume, power, flow, temperatures, serial and error flags of a heat meter."""
    reading = read(b"\x00" + encode_records(heat_records()), port=2, device=HEAT)
    found = {value.name: value.value for value in reading.values}
    assert found == {
        "total_kwh": 124638,
        "total_m3": Fraction("5397.05"),
        "power_kw": Fraction("15.2"),
        "volume_flow_m3h": Fraction("0.657"),
        "flow_temperature_c": Fraction("30.5"),
        "return_temperature_c": Fraction("10.5"),
    }
    assert (reading.serial, reading.status, reading.profile) == ("68824789", ("ERROR_FLAGS_406",), "elvaco_cmi")


def test_the_meters_own_time_dates_the_values_beside_it():
    """A scheduled message was read at the full hour, whenever it was sent."""
    reading = read(b"\x03" + encode_records([spec("046D", NOON), *heat_records()]), port=2, device=HEAT)
    assert {value.at for value in reading.values} == {datetime(2026, 3, 2, 12, tzinfo=UTC)}


def test_values_of_a_clock_that_is_ahead_are_left_out_and_told():
    """No reading is dated in the future because a meter's clock is wrong."""
    reading = read(b"\x03" + encode_records([spec("046D", NOON), spec("0C06", 5)]), port=2, device=HEAT,
                   at=NOW - timedelta(days=2))  # fmt: skip
    assert reading.values == ()
    assert "after its reception" in reading.warnings[0]


def test_numbers_of_an_error_state_are_no_values():
    """DIF 3x says that the meter has no valid value, whatever the digits."""
    reading = read(b"\x00" + encode_records([spec("0C06", 5), spec("3B2E", 0)]), port=2, device=HEAT)
    assert [value.name for value in reading.values] == ["total_kwh"]
    assert reading.warnings == ("error_power_kw: the meter has no valid value",)


def test_the_lists_of_a_maker_are_kept_as_they_came():
    """A record that nobody describes is told as text, not lost and not a reading."""
    reading = read(b"\x00" + encode_records([spec("0C06", 5), spec("02FF2C", 7)]), port=2, device=HEAT)
    assert ("record_02ff2c", "7") in reading.texts
    assert [value.name for value in reading.values] == ["total_kwh"]


def test_records_that_break_off_give_what_came_before():
    """A cut uplink gives the whole records, and says so."""
    reading = read(b"\x00" + encode_records(heat_records())[:-3], port=2, device=HEAT)
    assert len(reading.values) == 6
    assert reading.warnings


@pytest.mark.parametrize(
    ("payload", "port", "outcome"),
    [
        (b"", 1, Outcome.EMPTY),
        (bytes(513), 1, Outcome.TOO_LONG),
        (b"\x78", 1, Outcome.NO_DATA),
        (b"\x78\x2f\x2f", 1, Outcome.NO_DATA),
        (b"\x78\x0c", 1, Outcome.BAD_RECORDS),
        (b"\xfa\x04\x6d", 2, Outcome.NO_DATA),
        (b"\x02{}", 2, Outcome.CODEC_MISSING),
        (b"\x00", 2, Outcome.TOO_SHORT),
        (b"\x99\x01", 2, Outcome.CODEC_MISSING),
        (b"\x01\x02", 77, Outcome.CODEC_MISSING),
    ],
)
def test_what_cannot_be_read_is_an_outcome(payload, port, outcome):
    """Each way to fail has its code."""
    with pytest.raises(TelegramError) as caught:
        read(payload, port=port, device=HEAT)
    assert caught.value.outcome is outcome


@settings(max_examples=300, deadline=None)
@given(st.sampled_from([b"", b"\x78", b"\x7a\x01\x00\x00\x00", b"\x00", b"\x15"]), st.binary(max_size=60))
def test_no_bytes_make_it_raise_anything_else(start, rest):
    """Any payload gives a reading or a TelegramError."""
    for port, device in ((1, WATER), (2, HEAT), (2, Device("0" * 16, "sontex"))):
        try:
            reading = read(start + rest, port=port, device=device)
        except TelegramError:
            continue
        assert all(value.at is None or value.at.tzinfo is UTC for value in reading.values)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 65_534), min_size=1, max_size=24), st.integers(0, 1_000_000))
def test_profiles_come_back_as_they_were_encoded(steps, rest):
    """For any consumption of the last hours the dated registers are those that were sent."""
    base = sum(steps) + rest
    registers = [base - sum(steps[: number + 1]) for number in range(len(steps))]
    reading = read(b"\x78" + hourly(registers, base=base))
    assert [value.value * 1000 for value in reading.values] == [base, *registers]
    assert [value.at for value in reading.values] == [
        datetime(2026, 3, 2, 12, tzinfo=UTC) - timedelta(hours=number) for number in range(len(steps) + 1)
    ]
