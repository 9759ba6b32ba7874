# SPDX-License-Identifier: Apache-2.0
"""Diehl (Sappel, Hydrometer) IZAR radios: the PRIOS telegram behind CI A0 to A7.

Four bytes are in clear: radio interval, battery and alarms; the rest is scrambled by a
shift register seeded with a key and the frame's header, and starts with 4B in clear.
Sappel radios hide type, year and serial number of the meter in their address.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from avlest.catalogue.clear import Clear
from avlest.catalogue.model import Value
from avlest.catalogue.payloads.build import format_date, require_length
from avlest.telegrams.outcomes import Outcome, TelegramError
from avlest.telegrams.wmbus.diehl import DEFAULT_KEYS, scramble_real_data

_CLEAR = 4
_CHECK = 0x4B
_LINK_LENGTH = 0x00  # the scrambler's seed leaves L and C field out
_SAPPEL = "SAP"
_FIRST_YEAR = 70  # two digits above are of the last century
_FIRST_BILLING_YEAR = 80

# byte of the four in clear, bit, name; what was once and is over is listed apart
CURRENT_ALARMS = (
    (1, 0x80, "leakage"),
    (1, 0x20, "meter_blocked"),
    (2, 0x80, "back_flow"),
    (2, 0x40, "underflow"),
    (2, 0x20, "overflow"),
    (2, 0x10, "submarine"),
    (2, 0x08, "sensor_fraud"),
    (2, 0x02, "mechanical_fraud"),
)
PREVIOUS_ALARMS = ((1, 0x40, "leakage"), (2, 0x04, "sensor_fraud"), (2, 0x01, "mechanical_fraud"))


@dataclass(frozen=True, slots=True)
class PriosReading:
    """A PRIOS telegram in numbers; None for what the short form does not send.

    Volumes in litres; `serial`, `prefix` and `year` are those of a Sappel meter.
    """

    total: int
    target: int | None
    target_date: str | None
    battery_half_years: int
    transmit_period: int
    general_alarm: bool
    current_alarms: tuple[str, ...]
    previous_alarms: tuple[str, ...]
    prefix: str | None
    serial: str | None
    year: str | None


def parse_prios(clear: Clear) -> PriosReading:
    """Read one telegram.  Raises BAD_PAYLOAD when too short, KEY_WRONG when no key fits."""
    head, body = clear.payload[:_CLEAR], descramble(clear)
    prefix, serial, year = read_nameplate(clear) if clear.link_address.mfct == _SAPPEL else (None, None, None)
    return PriosReading(
        total=int.from_bytes(body[1:5], "little"),
        target=int.from_bytes(body[5:9], "little") if len(body) > 8 else None,
        target_date=read_billing_date(body) if len(body) > 10 else None,
        battery_half_years=head[1] & 0x1F,
        transmit_period=1 << (head[0] & 0x0F) + 2,
        general_alarm=bool(head[0] & 0x80),
        current_alarms=tuple(_iterate_alarms(head, CURRENT_ALARMS)),
        previous_alarms=tuple(_iterate_alarms(head, PREVIOUS_ALARMS)),
        prefix=prefix,
        serial=serial,
        year=year,
    )


def _iterate_alarms(head: bytes, table: tuple[tuple[int, int, str], ...]) -> Iterator[str]:
    return (name for byte, bit, name in table if head[byte] & bit)


def descramble(clear: Clear) -> bytes:
    """The scrambled part in clear, its check byte first, under the first key that fits."""
    require_length(clear.payload, _CLEAR + 5, family="izar")
    head = clear.payload[:_CLEAR]
    header = bytes([_LINK_LENGTH, 0]) + clear.link_address.link_bytes + bytes([clear.ci]) + head
    for key in (*clear.keys, *DEFAULT_KEYS):
        body = scramble_real_data(clear.payload[_CLEAR:], header=header, key=key)
        if body[0] == _CHECK:
            return body
    raise TelegramError(Outcome.KEY_WRONG, "izar: neither the maker's keys nor a key of the meter's own fits")


def read_billing_date(body: bytes) -> str | None:
    """The date of the billing value: type G of EN 13757-3 but for its turn of the century."""
    low, high = body[9], body[10]
    year = (high & 0xF0) >> 1 | low >> 5
    return format_date(year + (1900 if year > _FIRST_BILLING_YEAR else 2000), high & 0x0F, low & 0x1F)


def read_nameplate(clear: Clear) -> tuple[str, str, str]:
    """What is printed on a Sappel meter: prefix (maker, year, type, size), serial number, year."""
    address = clear.link_address
    a, version, device = address.identity, address.version, address.device_type
    digits = f"{(a[3] & 0x03) << 24 | a[2] << 16 | a[1] << 8 | a[0]:08}"
    year = int(digits[:2])
    letters = ((device & 0x0F) << 1 | version >> 7, version >> 2 & 0x1F, (version & 0x03) << 3 | a[3] >> 5)
    supplier, kind, size = (chr(ord("@") + letter) for letter in letters)
    century = 1900 if year > _FIRST_YEAR else 2000
    return f"{supplier}{year:02}{kind}{size}", digits[2:], str(century + year)


def derive_nameplate(reading: PriosReading, *, year_field: str) -> dict[str, Value]:
    """The nameplate as printed values; nothing for meters that do not send it."""
    if reading.prefix is None:
        return {}
    return {"prefix": reading.prefix, "serial_number": reading.serial, year_field: reading.year}


def derive_registers(reading: PriosReading, *, target: str, target_date: str) -> Mapping[str, Value]:
    """The registers as printed values, in cubic metres, under the family's field names."""
    values: dict[str, Value] = {"total_m3": reading.total / 1000}
    if reading.target is not None:
        values[target] = reading.target / 1000
    if reading.target_date is not None:
        values[target_date] = reading.target_date
    return values
