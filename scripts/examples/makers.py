# SPDX-License-Identifier: Apache-2.0
"""Telegrams with payloads of the makers' own: which family has which.

Each entry says what is put in; the values it must print stand beside it, worked out by hand.
"""

from __future__ import annotations

from datetime import date

from avlest.telegrams.wmbus.address import Address
from avlest.telegrams.wmbus.diehl import scramble_real_data
from avlest.telegrams.wmbus.frame import build_frame
from scripts.examples.apator_techem import APATOR, TECHEM
from scripts.examples.build import DIEHL_KEY, SEND, Build, Made, bcd, le, seal, send, type_g

# --- BMeters, BFW, Zenner, GWF ---------------------------------------------------------------

_HYDRODIGIT_MONTHS = "".join(le(1_500 * number, 3) for number in range(1, 12)) + "FFFFFF"
_BFW_HISTORY = "".join(f"{0x20 + pair:02X}12{0x40 + pair:02X}" for pair in range(9))


def rfm_tx1(link: Address, _key: bytes) -> bytes:
    """A register under access number 42 and the table's row for its low nibble."""
    digits = bytes.fromhex(bcd(765_432, 4))
    hidden = bytes(byte ^ 0x42 ^ mask for byte, mask in zip(digits, bytes.fromhex("B90B8E99"), strict=True))
    body = f"7A 42 00 0000 1111 {hidden.hex()} 00000000000000 305923150726 00"
    return build_frame(c_field=SEND, address=link, body=bytes.fromhex(body))


BLOCKS = {
    "rfmtx1": (Made(rfm_tx1, {"total_m3": 765.432, "meter_datetime": "2026-07-15 23:59"}),),
    "hydrodigit": (
        Made(
            send(f"7A 01 00 0000 0C13 {bcd(123_987, 4)} 0F 97 0A C0 251131 240203 {le(4_321, 4)} {_HYDRODIGIT_MONTHS}"),
            {
                "contents": "BACKFLOW BATTERY_VOLTAGE FRAUD_DATE LEAK_DATE MONTHLY_DATA",
                "voltage_v": 3.05,
                "backflow_m3": 4.321,
                "total_m3": 123.987,
                "leak_date": "2024-02-03",
                "January_total_m3": 15,
                "November_total_m3": 165,
                "December_total_m3": 0,
            },
            model="BMT:17:07",
        ),
        Made(
            seal(f"0C13 {bcd(55_555, 4)} 0F 02 00 259128"),
            {"total_m3": 55.555, "fraud_date": "2025-11-28", "fraud_type": "NO_TYPE_INFO"},
            sealed=True,
        ),
    ),
    "bfw240radio": (
        Made(
            send(f"7A 01 00 0000 2F2F 0000 0144 0102 0000 {_BFW_HISTORY} 150726"),
            {
                "prev_hca": 0x144,
                "current_hca": 0x102,
                "device_date": "2026-07-15",
                "prev_01_hca": 0x248,
                "prev_02_hca": 0x128,
                "prev_17_hca": 0x240,
                "prev_18_hca": 0x120,
            },
        ),
    ),
    "zenner0b": (
        Made(
            send(f"7A 01 00 0000 2F2F 0F 00000000 {le(256 * 4_500, 4)} {le(256 * 6_750, 4)} 00"),
            {"target_m3": 4.5, "total_m3": 6.75, "status": "OK"},
        ),
    ),
    "gwfwater": (
        Made(
            send(
                f"7A 01 00 0000 0413 {le(98_765, 4)} 4413 {le(87_654, 4)} 426C {type_g(date(2026, 1, 1))} 0F 01 0A 51"
            ),
            {
                "total_m3": 98.765,
                "target_m3": 87.654,
                "target_date": "2026-01-01",
                "status": "BROKEN_PIPE CONTINUOUS_FLOW",
                "power_mode": "SAVING",
                "battery_y": 5,
            },
            model="GWF:3c:07",
        ),
    ),
    "hydroclimav2": (
        Made(
            send(
                f"7A 01 00 0000 036E {le(57, 3)} 0F 11 0000 2A0B 5934 0000"
                f" {le(4_000, 2)} {le(1_850, 2)} {le(2_975, 2)} 4534"
                f" {le(2_000, 2)} {le(1_600, 2)} {le(11, 2)} {le(22, 2)} {le(33, 2)} {le(44, 2)}"
                f" {le(1_700, 2)} 0080 {le(1_750, 2)}"
                f" 010000 020000 030000 {le(4_321, 3)}"
            ),
            {
                "status": "OK",
                "consumption_hca": 57,
                "average_heater_temperature_c": 40,
                "average_ambient_temperature_c": 18.5,
                "max_ambient_temperature_c": 29.75,
                "average_heater_temperature_last_month_c": 20,
                "average_ambient_temperature_last_month_c": 16,
                "consumption_at_set_date_1_hca": 11,
                "consumption_at_set_date_4_hca": 44,
                "ambient_temperature_at_set_date_1_c": 17,
                "ambient_temperature_at_set_date_2_c": None,
                "ambient_temperature_at_set_date_3_c": 17.5,
                "total_consumption_hca": 4_321,
            },
        ),
    ),
}

# --- Diehl ---------------------------------------------------------------------------------


def prios(ci: int, head: str, body: str) -> Build:
    """A PRIOS telegram: four bytes in clear, the rest scrambled; version and type stand before the identity."""

    def build(link: Address, _key: bytes) -> bytes:
        address = link.link_bytes[:2] + link.link_bytes[6:] + link.identity
        frame = bytes((0, SEND)) + address + bytes((ci,)) + bytes.fromhex(head)
        frame += scramble_real_data(bytes.fromhex(body), header=frame, key=DIEHL_KEY)
        return bytes((len(frame) - 1,)) + frame[1:]

    return build


DIEHL = {
    "izar": (
        Made(
            prios(0xA0, "00 2F 02 00", f"4B {le(223_344, 4)}"),
            {
                "total_m3": 223.344,
                "remaining_battery_life_y": 7.5,
                "transmit_period_s": 4,
                "current_alarms": "meter_blocked,mechanical_fraud",
                "previous_alarms": "no_alarm",
            },
            model="HYD:85:07",
        ),
    ),
    "izarv2": (
        Made(
            prios(0xA1, "01 D5 44 00", f"4B {le(998_877, 4)} {le(887_766, 4)} {type_g(date(2025, 11, 30))}"),
            {
                "total_m3": 998.877,
                "target_m3": 887.766,
                "target_date": "2025-11-30",
                "battery_y": 10.5,
                "transmit_period_s": 8,
                "status": "LEAKAGE PREV_LEAKAGE PREV_SENSOR_FRAUD UNDERFLOW",
            },
            model="HYD:85:07",
        ),
    ),
}

MADE: dict[str, tuple[Made, ...]] = APATOR | TECHEM | BLOCKS | DIEHL

# --- further telegrams of families whose first ones hold standard records --------------------

_QUNDIS_DELTAS = "".join(le(number, 2) for number in range(11, 22)) + le(-1, 2)


def qundis_block(vif: str) -> str:
    """A walk-by block: 765,432 now, 654,321 at the end of 2025, 700,007 at the end of March, twelve differences."""
    days = type_g(date(2025, 12, 31)), type_g(date(2026, 3, 31))
    registers = f"{bcd(765_432, 4)} {days[0]} {bcd(654_321, 4)} {days[1]} {bcd(700_007, 4)}"
    return f"78 0DFF5F 35 0082 10 00 00 0100 07C1 {vif} FFFF {registers} {_QUNDIS_DELTAS} 2F"


MORE: dict[str, tuple[Made, ...]] = {
    "qcaloric": (
        Made(
            send(qundis_block("6E")), {"current_consumption_hca": 765_432, "set_date": "2025-12-31"}, model="QDS:34:08"
        ),
    ),
    "qwaterv2": (
        Made(
            send(qundis_block("13")),
            {
                "total_m3": 765.432,
                "target_year_date": "2025-12-31",
                "target_year_m3": 654.321,
                "target_date": "2026-03-31",
                "target_m3": 700.007,
                "volume_delta_2_m3": 0.011,
                "volume_delta_13_m3": -0.001,
            },
        ),
    ),
    "qheatv2": (Made(send(qundis_block("06")), {"total_kwh": 765_432, "energy_delta_2_kwh": 11}, model="QDS:48:04"),),
    "microclima": (
        Made(
            send(f"7A 01000000 426C {type_g(date(2025, 12, 31))} 4406 {le(160, 4)} C40106 {le(140, 4)}"),
            {
                "consumption_at_set_date_1_kwh": 160,
                "consumption_at_set_date_3_kwh": 140,
                "set_date_1_date": "2025-12-31",
                "set_date_3_date": "2025-10-31",
            },
        ),
    ),
    "uiws": (
        Made(
            send(
                f"7A 01000000 820F6C {type_g(date(2026, 3, 1))} 840F13 {le(21_000, 4)}"
                f" 8D0F9313 0A 34FE {le(16_000, 4)} {le(13_000, 4)}"
            ),
            {
                "target_date": "2026-03-01",
                "target_m3": 21,
                "target_1_date": "2026-02-01",
                "target_1_m3": 16,
                "target_2_date": "2026-01-01",
                "target_2_m3": 13,
            },
        ),
    ),
    "ehzp": (
        Made(
            send(
                f"7A 01000000 0403 {le(11_750, 4)} C40103 {le(10_000, 4)} CD01831F 06 6201 {le(1_000, 2)} {le(500, 2)}"
            ),
            {
                "total_energy_consumption_kwh": 11.75,
                "total_energy_consumption_at_1_kwh": 10,
                "total_energy_consumption_at_2_kwh": 11,
                "total_energy_consumption_at_3_kwh": 11.5,
            },
            model="EMH:02:02",
        ),
    ),
}
