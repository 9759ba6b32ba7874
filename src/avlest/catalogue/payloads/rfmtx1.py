# SPDX-License-Identifier: Apache-2.0
"""BMeters RFM-TX1 water radios: a register hidden under a table, and the clock in BCD.

The register's four bytes are combined (exclusive or) with the access number and with the
row of a fixed table that the access number's low nibble chooses.
"""

from __future__ import annotations

from collections.abc import Mapping

from avlest.catalogue.clear import Clear
from avlest.catalogue.model import Value
from avlest.catalogue.payloads.build import format_date, read_bcd, require_length
from avlest.telegrams.outcomes import Outcome, TelegramError

_REGISTER, _CLOCK = 2, 13
_HOURS, _MINUTES = 24, 60

# One row for each low nibble of the access number, one byte for each of the register's.
_TABLE = tuple(
    bytes.fromhex(row)
    for row in (
        "7A101A0A", "70132213", "B90B8E99", "79074A16", "079ACB69", "32A1390E", "9C7E6099", "B4C480A3",
        "0ACE1903", "F005A586", "1698115E", "0CC97DA2", "4A48E41F", "772E8AE8", "BD78578C", "396F2805",
    )
)  # fmt: skip


def derive_values(clear: Clear) -> Mapping[str, Value]:
    """Register and clock.  Raises BAD_PAYLOAD where the register is not made of digits."""
    payload = clear.payload
    require_length(payload, _CLOCK + 6, family="rfmtx1")
    return {
        "total_m3": read_register(payload, clear.access_number or 0) / 1000,
        "meter_datetime": read_clock(payload[_CLOCK : _CLOCK + 6]),
    }


def read_register(payload: bytes, access_number: int) -> int:
    """The register in litres: eight BCD digits, least significant byte first."""
    row = _TABLE[access_number & 0x0F]
    hidden = payload[_REGISTER : _REGISTER + 4]
    digits = bytes(byte ^ access_number ^ mask for byte, mask in zip(hidden, row, strict=True))[::-1].hex()
    if not digits.isdecimal():
        raise TelegramError(Outcome.BAD_PAYLOAD, "rfmtx1: the register is not made of decimal digits")
    return int(digits)


def read_clock(data: bytes) -> str | None:
    """Second, minute, hour, day, month, year in BCD as `YYYY-MM-DD HH:MM`; None where impossible."""
    _, minute, hour, day, month, year = (read_bcd(byte) for byte in data)
    date = format_date(2000 + year, month, day)
    if date is None or hour >= _HOURS or minute >= _MINUTES:
        return None
    return f"{date} {hour:02}:{minute:02}"
