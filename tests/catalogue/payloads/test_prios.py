# SPDX-License-Identifier: Apache-2.0
"""Diehl IZAR radios: the PRIOS telegram and the nameplate of Sappel meters."""

from __future__ import annotations

import pytest

from avlest.telegrams.outcomes import Outcome, TelegramError
from avlest.telegrams.wmbus.diehl import scramble_real_data
from tests.catalogue.payloads.made import get_decoder

OWN_KEY = bytes.fromhex("00112233445566778899AABBCCDDEEFF")
MAKERS_KEY = bytes.fromhex("51728910E66D83F8")
# Hydrometer sends version and type in front of the identity 12345678.
HYDROMETER = "2423 85 07 78563412"
# Sappel: 21 242 424 as number (year 21, serial 242424), letters C, M and A spread over the last three bytes.
SAPPEL = "304C E8224421 B4 01"
LONG = "4B 40E20100 804F0100 7E3B"


def make(address: str, head: str, body: str, key: bytes = MAKERS_KEY, *, ci: str = "A1") -> bytes:
    """A PRIOS telegram: address, four bytes in clear, a body to be scrambled."""
    frame = bytes.fromhex(f"00 44 {address} {ci} {head}")
    frame += scramble_real_data(bytes.fromhex(body), header=frame, key=key)
    return bytes([len(frame) - 1]) + frame[1:]


def test_a_long_telegram_prints_registers_and_status() -> None:
    """Litres become cubic metres; battery in half years; alarms of now and before are sorted words."""
    values = get_decoder().decode(make(HYDROMETER, "01 D5 44 00", LONG))
    assert values == {
        "media": "water",
        "meter": "izarv2",
        "id": "12345678",
        "manufacturer": "HYD",
        "total_m3": 123.456,
        "target_m3": 85.888,
        "target_date": "2027-11-30",
        "battery_y": 10.5,
        "transmit_period_s": 8,
        "status": "LEAKAGE PREV_LEAKAGE PREV_SENSOR_FRAUD UNDERFLOW",
    }


def test_a_short_telegram_prints_two_lists_of_alarms() -> None:
    """The short form (CI A0) has no billing value; the nameplate comes out of a Sappel address."""
    values = get_decoder().decode(make(SAPPEL, "00 2F 02 00", "4B 40E20100", ci="A0"))
    assert values["meter"] == "izar"
    assert (values["current_alarms"], values["previous_alarms"]) == ("meter_blocked,mechanical_fraud", "no_alarm")
    assert (values["total_m3"], values["remaining_battery_life_y"], values["transmit_period_s"]) == (123.456, 7.5, 4)
    assert "last_month_total_m3" not in values


def test_a_general_alarm_stands_for_the_others() -> None:
    """With the general bit the present alarms are not listed one by one."""
    values = get_decoder().decode(make(SAPPEL, "80 20 01 00", "4B 40E20100", ci="A0"))
    assert (values["current_alarms"], values["previous_alarms"]) == ("general_alarm", "mechanical_fraud")


def test_the_nameplate_is_read_from_a_sappel_address() -> None:
    """The number's first two digits are the year, the rest the serial number; letters are five bits each."""
    values = get_decoder().decode(make(SAPPEL, "01 15 00 00", LONG, ci="A2"))
    number = 0x014422E8
    assert values["manufacture_y"] == f"20{number:08}"[:4]
    assert values["serial_number"] == f"{number:08}"[2:]
    assert values["prefix"] == "C21MA"


def test_a_meter_with_a_key_of_its_own_is_read_with_it_only() -> None:
    """The maker's keys do not open it; its own does."""
    telegram = make(HYDROMETER, "01 15 00 00", LONG, OWN_KEY)
    with pytest.raises(TelegramError) as caught:
        get_decoder().decode(telegram)
    assert caught.value.outcome is Outcome.KEY_WRONG
    assert get_decoder().decode(telegram, keys=[OWN_KEY])["total_m3"] == 123.456


def test_a_telegram_that_breaks_off_is_refused() -> None:
    """Fewer bytes than the register has are an outcome, not a crash."""
    with pytest.raises(TelegramError, match="at least 9 are expected"):
        get_decoder().decode(make(HYDROMETER, "01 15 00 00", "4B 40"))
