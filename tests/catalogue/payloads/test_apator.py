# SPDX-License-Identifier: Apache-2.0
"""Apator's water radios and heat cost allocators."""

from __future__ import annotations

import datetime

import pytest

from avlest.telegrams.outcomes import Outcome, TelegramError
from avlest.telegrams.wmbus.security import derive_mode5_iv, encrypt_mode5
from tests.catalogue.payloads.made import decode, make_address

HEADER = "7A 01 00 4085 2F2F"  # encrypted by its header, stored in clear
KEY = bytes(range(16))


def test_the_register_of_a_162_is_found_behind_other_fields() -> None:
    """History, detectors and days in front of the register are stepped over by their lengths."""
    fields = "00 11223344  43 0102  75 01 " + "AABBCCDD" * 6 + " A6 010203  10 39300000  A0 01020304"
    assert decode("APA:05:07", f"{HEADER} 0F 00000000000000 {fields} FFFF 1234") == {"total_m3": 12.345}


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ("00 11223344 99 10 39300000", "tag 99 is not known"),
        ("10 3930", "2 are there"),
        ("43 0102 FF", "no register"),
    ],
)
def test_a_162_payload_that_cannot_be_read_says_why(fields: str, sentence: str) -> None:
    """Unknown tags, missing bytes and a missing register are told apart."""
    with pytest.raises(TelegramError, match=sentence) as caught:
        decode("APA:05:07", f"{HEADER} 0F 00000000000000 {fields} 1234")
    assert caught.value.outcome is Outcome.BAD_PAYLOAD


def test_counters_of_thirds_become_cubic_metres() -> None:
    """The 08 counts thirds of a litre; the 172 thirds of a cubic metre, printed to a tenth."""
    assert decode("APT:0f:0f", "A0 B80B0000 00") == {"total_m3": 1}
    assert decode("APT:04:11", "A0 65000000 00") == {"total_m3": 33.7}
    assert decode("APT:04:11", "A0 64000000 00") == {"total_m3": 33.3}


READING = "C1 0000 E803 {seal} 2C01 5233 8014 4016"
VALUES = {
    "current_hca": 300,
    "previous_hca": 1000,
    "current_date": "2025-10-18",
    "season_start_date": "2016-06-01",
    "temp_room_avg_c": 22.25,
    "temp_room_prev_avg_c": 20.5,
}


@pytest.mark.parametrize("frame", ["A0", "A0 A0", "B6 02 1122 A0"])
def test_an_allocator_is_read_in_each_of_its_three_frames(frame: str) -> None:
    """At once behind the CI field, behind a mark, or behind a counted preamble."""
    assert decode("APA:04:08", frame + READING.format(seal="622C")) == VALUES | {
        "status": "SEAL_BROKEN",
        "esb_date": "2022-03-02",
    }


def test_an_allocator_whose_seal_is_whole_has_no_date_for_it() -> None:
    """A zero date of the seal means that it was never broken."""
    assert decode("APA:04:08", "A0" + READING.format(seal="0000")) == VALUES | {"status": "OK", "esb_date": None}


def test_an_e_itn_40_prints_months_and_seasons() -> None:
    """Sixteen months and four seasons, newest first; temperatures in sixteenths of a degree."""
    months = "".join((10 + back).to_bytes(2, "little").hex() for back in range(16))
    values = decode("APA:0d:08", f"A0 0000 C100 F001 F8FF {months} 0001 0002 0003 0004 5233 0300 1000")
    assert (values["current_hca"], values["previous_hca"], values["previous_3y_hca"]) == (0x100, 0x200, 0x400)
    assert (values["current_month_hca"], values["previous_month_hca"], values["previous_month_15_hca"]) == (10, 11, 25)
    assert (values["temp_radiator_c"], values["temp_room_c"]) == (31, -0.5)
    assert (values["current_date"], values["season_start_date"]) == ("2025-10-18", "2000-06-01")
    assert values["status"] == "LOW_BATTERY SEAL_BROKEN"


def test_an_allocator_reading_of_another_length_is_refused() -> None:
    """A preamble that counts too far is not read past."""
    with pytest.raises(TelegramError, match="no reading of 15 bytes"):
        decode("APA:04:08", "B6 09 1122 A0" + READING.format(seal="0000"))


def seal_na1(block: str, key: bytes = KEY) -> bytes:
    """The body of an NA-1 telegram with this block enciphered; frame status: summer time and leak history."""
    iv = derive_mode5_iv(make_address("APA:14:07"), 0x42)
    return bytes.fromhex("A0 42 03") + encrypt_mode5(key, iv, bytes.fromhex(block))


CLOCK = ((datetime.date(2025, 7, 8) - datetime.date(2000, 1, 1)).days * 86_400).to_bytes(4, "little")
# Filler, 0x4E22 tens of litres (exponent 1), clock, age 300 h with 1 + 4 · 8 counts of history, leak, nothing before.
NA1 = f"2F 12E20400 {CLOCK.hex()} 2C 05 080000 08 00"


def test_an_na1_is_deciphered_with_its_key() -> None:
    """Register with decimal exponent, clock since 2000, history as age and difference."""
    assert decode("APA:14:07", seal_na1(NA1), b"\xee" * 16, KEY) == {
        "total_m3": 200.02,
        "meter_datetime": "2025-07-08 00:00",
        "historic_m3": 199.69,
        "historic_datetime": "2025-06-25 12:00",
        "historic_age_h": 300,
        "frame_status": "HISTORICAL_INDICATION SUMMER_TIME",
        "current_status": "LEAK",
        "historic_status": "OK",
    }


def test_an_na1_without_its_key_says_so() -> None:
    """No key and a wrong key are different outcomes."""
    body = seal_na1(NA1)
    with pytest.raises(TelegramError) as missing:
        decode("APA:14:07", body)
    assert missing.value.outcome is Outcome.KEY_MISSING
    with pytest.raises(TelegramError) as wrong:
        decode("APA:14:07", body, b"\xee" * 16)
    assert wrong.value.outcome is Outcome.KEY_WRONG
