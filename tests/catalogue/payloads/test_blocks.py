# SPDX-License-Identifier: Apache-2.0
"""Blocks of the makers' own behind standard records: BMeters, GWF, Zenner, BFW."""

from __future__ import annotations

import pytest

from avlest.catalogue.clear import Clear
from avlest.catalogue.payloads import hydrodigit
from avlest.catalogue.payloads.gwf import format_day
from avlest.telegrams.outcomes import Outcome, TelegramError
from avlest.telegrams.records.parse import parse_records
from tests.catalogue.payloads.made import decode, make_address

PLAIN = "7A 01 00 0000"
REGISTER = "0C13 56341200"


def test_a_hydrodigit_prints_the_blocks_its_contents_byte_announces() -> None:
    """Battery, fraud, leak, backflow and months in this order, each only where its bit is set."""
    months = "".join((1000 * number).to_bytes(3, "little").hex() for number in range(1, 12)) + "FFFFFF"
    values = decode("BMT:17:07", f"{PLAIN} {REGISTER} 0F 97 0A C0 251131 240203 39300000 {months}")
    assert values["contents"] == "BACKFLOW BATTERY_VOLTAGE FRAUD_DATE LEAK_DATE MONTHLY_DATA"
    assert (values["voltage_v"], values["backflow_m3"], values["total_m3"]) == (3.05, 12.345, 123.456)
    assert values["fraud_type"] == "MAGNETIC_FRAUD_ATTEMPT SENSOR_FRAUD_ATTEMPT"
    assert (values["fraud_date"], values["leak_date"]) == (None, "2024-02-03")
    assert (values["January_total_m3"], values["November_total_m3"], values["December_total_m3"]) == (10, 110, 0)


def test_a_hydrodigit_block_that_breaks_off_keeps_what_is_whole() -> None:
    """The standard records and whole blocks stay, and the payload says what was missing."""
    payload = bytes.fromhex(f"{REGISTER} 0F 05 0A 3930")
    address = make_address("BMT:13:07")
    parsed = hydrodigit.parse_payload(Clear(address, address, 0x7A, payload, 0, parse_records(payload)))
    assert [record.key.hex() for record in parsed.records] == ["0c13", "01ff05", "01ff01"]
    assert parsed.error is not None
    assert parsed.error.outcome is Outcome.BAD_PAYLOAD
    assert decode("BMT:13:07", f"{PLAIN} {payload.hex()}")["total_m3"] == 123.456


def test_a_fraud_in_november_is_dated() -> None:
    """The month's tens digit counts, the bits above it do not."""
    values = decode("BMT:17:06", f"{PLAIN} {REGISTER} 0F 02 00 259128")
    assert (values["fraud_type"], values["fraud_date"]) == ("NO_TYPE_INFO", "2025-11-28")


def test_a_gwf_water_meter_prints_alarms_power_mode_and_battery() -> None:
    """The battery's five bits count half years."""
    assert decode("GWF:3c:07", f"{PLAIN} 0413 40E20100 4413 FFFFFFFF 426C FFFF 0F 01 0A 51") == {
        "total_m3": 123.456,
        "target_m3": -0.001,
        "target_date": None,
        "status": "BROKEN_PIPE CONTINUOUS_FLOW",
        "power_mode": "SAVING",
        "battery_y": 5,
    }


def test_a_gwf_block_of_unknown_type_is_named_in_the_status() -> None:
    """The type is kept; the battery is null, for it is not known."""
    values = decode("GWF:3c:07", f"{PLAIN} 0413 40E20100 0F 02 0A 51")
    assert (values["status"], values["battery_y"]) == ("UNKNOWN_MFCT_STATUS_2", None)


@pytest.mark.parametrize(
    ("data", "day"),
    [("3F3C", "2025-12-31"), ("0000", "1999-11-30"), ("213C", "2025-12-01"), ("FFFF", None), ("1F3E", None)],
)
def test_a_gwf_date_that_was_never_set_counts_back(data: str, day: str | None) -> None:
    """A zero month or day is the one before the first; FFFF and a fourteenth month are none."""
    assert format_day(bytes.fromhex(data)) == day


FRAME_10 = "10 0021 2A0B 5934 A406 1C0C 4534 6400 3C06 DE08 1100 D20400"
FRAME_11 = (
    "11 0000 2A0B 5934 0000 A00F A406 1C0C 4534 D007 3C06"
    " 0100 0200 0300 0400  7206 0080 D606  010000 020000 030000 D20400"
)


def test_hydroclima_frames_10_and_11_share_their_fields() -> None:
    """Temperatures are hundredths of a degree; unnamed status bits are kept."""
    old = decode("BMP:53:08", f"{PLAIN} 036E 390000 0F {FRAME_10}")
    new = decode("BMP:85:08", f"{PLAIN} 036E 390000 0F {FRAME_11}")
    assert (old["status"], new["status"]) == ("ERROR_FLAGS_2100", "OK")
    assert (old["average_ambient_temperature_c"], new["average_ambient_temperature_c"]) == (17, 17)
    assert old["total_consumption_hca"] == new["total_consumption_hca"] == 1234
    assert [new[f"consumption_at_set_date_{number}_hca"] for number in (1, 2, 3, 4)] == [1, 2, 3, 4]
    assert new["ambient_temperature_at_set_date_2_c"] is None
    assert new["ambient_temperature_at_set_date_3_c"] == 17.5


def test_an_unknown_hydroclima_frame_keeps_the_standard_records() -> None:
    """The allocation is printed, the frame is not guessed."""
    assert decode("BMP:53:08", f"{PLAIN} 036E 390000 0F 12 0000")["consumption_hca"] == 57


def test_zenner_counts_parts_of_a_litre() -> None:
    """A register is sent in 1/256 litres behind the status word."""
    assert decode("ZRI:0b:16", f"{PLAIN} 2F2F 0F 00000000 00E80300 00D00700 00") == {
        "target_m3": 1,
        "total_m3": 2,
        "status": "OK",
    }
    with pytest.raises(TelegramError, match="0F is expected"):
        decode("ZRI:0b:16", f"{PLAIN} 2F2F 0E 00000000 00E80300 00D00700 00")


def test_rfm_tx1_hides_its_register_under_the_access_number() -> None:
    """The same register looks different under another access number; a wrong one is refused."""
    clock = "30 59 23 28 02 26"
    hidden = bytes(
        digits ^ 0x42 ^ mask for digits, mask in zip(bytes.fromhex("56341200"), bytes.fromhex("B90B8E99"), strict=True)
    ).hex()
    body = f"1111 {hidden} 00000000000000 {clock} 00"
    assert decode("BMT:05:07", f"7A 42 00 0000 {body}") == {"total_m3": 123.456, "meter_datetime": "2026-02-28 23:59"}
    with pytest.raises(TelegramError, match="not made of decimal digits"):
        decode("BMT:05:07", f"7A 4F 00 0000 {body}")


def test_bfw_allocators_print_eighteen_months() -> None:
    """Two months share three bytes, the older one first; numbers have their high byte first."""
    history = "".join(f"{0x10 + pair:02X}21{0x30 + pair:02X}" for pair in range(9))
    values = decode("BFW:02:08", f"{PLAIN} 2F2F 0000 0144 0100 0000 {history} 280226")
    assert (values["prev_hca"], values["current_hca"], values["device_date"]) == (324, 256, "2026-02-28")
    assert (values["prev_01_hca"], values["prev_02_hca"]) == (0x138, 0x218)
    assert (values["prev_17_hca"], values["prev_18_hca"]) == (0x130, 0x210)
