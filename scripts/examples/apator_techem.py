# SPDX-License-Identifier: Apache-2.0
"""Telegrams of Apator and Techem meters, and what they must print, worked out by hand."""

from __future__ import annotations

from datetime import date, datetime

from avlest.telegrams.wmbus import security
from avlest.telegrams.wmbus.address import Address
from avlest.telegrams.wmbus.frame import build_frame
from scripts.examples.build import SEND, Made, le, packed_day, seal, send, techem_today

# --- Apator ----------------------------------------------------------------------------


def apator_na1(link: Address, key: bytes) -> bytes:
    """345,678 litres (low digit apart), a clock, and 30 litres less 100 hours before."""
    clock = int((datetime(2026, 3, 4, 12, 0) - datetime(2000, 1, 1)).total_seconds())  # noqa: DTZ001 - the meter's clock
    total = (345_678 // 16) << 8 | 345_678 % 16
    delta = 30
    block = f"2F {le(total, 4)} {le(clock, 4)} {le(100, 1)} {le(delta & 3, 1)} {le(delta >> 2, 3)} 08 00"
    iv = security.derive_mode5_iv(link, 0x42)
    body = bytes.fromhex("A0 42 03") + security.encrypt_mode5(key, iv, bytes.fromhex(block))
    return build_frame(c_field=SEND, address=link, body=body)


_TEMPERATURES = f"{le(19 * 256 + 128, 2)} {le(22 * 256 + 64, 2)}"  # 19.5 and 22.25 degrees
_E_ITN_40_MONTHS = [7 + 3 * back for back in range(16)]
_E_ITN_40 = (
    f"A0 0000 {packed_day(date(2000, 5, 1))} {le(16 * 27, 2)} {le(16 * 21, 2)}"
    f" {''.join(le(number, 2) for number in _E_ITN_40_MONTHS)}"
    f" {le(123, 2)} {le(456, 2)} {le(400, 2)} {le(380, 2)} {packed_day(date(2025, 12, 6))} 0000 0000"
)

APATOR = {
    "apator08": (Made(send(f"A0 {le(3 * 271_828, 4)} 00"), {"total_m3": 271.828}),),
    "apator162": (
        Made(
            seal(f"0F 00000000000000 43 0102 75 01 {'AABBCCDD' * 6} 10 {le(314_159, 4)} FFFF 1234"),
            {"total_m3": 314.159},
            sealed=True,
        ),
        Made(seal(f"80 00000000000000 00 11223344 10 {le(27_182, 4)} FFFFFF 1234"), {"total_m3": 27.182}, sealed=True),
    ),
    "apator172": (Made(send(f"A0 {le(3 * 1414, 4)} 00"), {"total_m3": 1414}),),
    "apatoreitn": (
        Made(
            send(f"A0 C1 0000 {le(812, 2)} 0000 {le(345, 2)} {packed_day(date(2025, 11, 17))} {_TEMPERATURES}"),
            {
                "current_hca": 345,
                "previous_hca": 812,
                "current_date": "2025-11-17",
                "season_start_date": "2016-06-01",
                "temp_room_avg_c": 22.25,
                "temp_room_prev_avg_c": 19.5,
                "status": "OK",
                "esb_date": None,
            },
        ),
    ),
    "apatoreitn40": (
        Made(
            send(_E_ITN_40),
            {
                "current_hca": 123,
                "previous_hca": 456,
                "previous_3y_hca": 380,
                "current_month_hca": 7,
                "previous_month_hca": 10,
                "previous_month_15_hca": 52,
                "temp_radiator_c": 27,
                "temp_room_c": 21,
                "current_date": "2025-12-06",
                "season_start_date": "2000-05-01",
                "status": "OK",
            },
        ),
    ),
    "apatorna1": (
        Made(
            apator_na1,
            {
                "total_m3": 345.678,
                "meter_datetime": "2026-03-04 12:00",
                "historic_m3": 345.648,
                "historic_datetime": "2026-02-28 08:00",
                "historic_age_h": 100,
                "current_status": "LEAK",
                "frame_status": "HISTORICAL_INDICATION SUMMER_TIME",
                "historic_status": "OK",
            },
            sealed=True,
        ),
    ),
}

# --- Techem ------------------------------------------------------------------------------

_BILLING, _TODAY = packed_day(date(2025, 12, 31)), techem_today(date(2026, 4, 11))
_HALVES = "".join(f"00 {30 + number:02X} {50 + number:02X} " for number in range(12))

TECHEM = {
    "compact5": (
        Made(
            send(f"A2 10 0000 {le(31_416, 3)} 00 {le(2_718, 3)}"),
            {"current_kwh": 2718, "previous_kwh": 31_416, "total_kwh": 34_134},
        ),
    ),
    "vario451": (
        Made(
            send(f"A2 12 0000 {le(3_600, 2)} 0000 {le(7_200, 2)}"),
            {"current_kwh": 2000, "previous_kwh": 1000, "total_kwh": 3000},
        ),
    ),
    "mkradio3": (
        Made(
            send(f"A2 06 {_BILLING} {le(1_234, 2)} {_TODAY} {le(567, 2)} 0000"),
            {"target_m3": 123.4, "total_m3": 180.1, "current_date": "2026-04-11", "prev_date": "2025-12-31"},
        ),
    ),
    "mkradio3a": (
        Made(
            send(f"A2 0C00 {packed_day(date(2025, 2, 28))} {le(15_005, 3)} 00 {_HALVES[3:]} 00"),
            {
                "total_m3": 1500.5,
                "target_date": "2025-02-28",
                "target_m3": 8.0,
                "last_feb_m3": 8.0,
                "last_jan_m3": 8.2,
                "last_mar_m3": 10.2,
            },
        ),
    ),
    "mkradio4": (Made(send(f"A2 060000 {le(321, 2)} 0000 {le(123, 2)} 00"), {"target_m3": 32.1, "total_m3": 44.4}),),
    "fhkvdataiii": (
        Made(
            send(
                f"A0 11 {_BILLING} {le(654, 2)} {techem_today(date(2026, 2, 8))} {le(321, 2)}"
                f" {le(2_150, 2)} {le(3_875, 2)} 00"
            ),
            {
                "current_hca": 321,
                "current_date": "2026-02-08",
                "previous_hca": 654,
                "previous_date": "2025-12-31",
                "temp_room_c": 21.5,
                "temp_radiator_c": 38.75,
            },
        ),
    ),
    "tsd2": (
        Made(send(f"A0 00 {_BILLING} 00"), {"status": "OK", "prev_date": "2025-12-31"}),
        Made(send(f"A0 01 {_BILLING}"), {"status": "SMOKE", "prev_date": "2025-12-31"}),
    ),
}
