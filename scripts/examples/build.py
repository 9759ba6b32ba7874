# SPDX-License-Identifier: Apache-2.0
"""Build telegrams with payloads of the makers' own, field by field from their formats."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from avlest.catalogue.model import Value
from avlest.telegrams.wmbus.address import Address
from avlest.telegrams.wmbus.build import Envelope, Sealing, build_telegram
from avlest.telegrams.wmbus.frame import build_frame

Build = Callable[[Address, bytes], bytes]
SEND = 0x44
DIEHL_KEY = bytes.fromhex("51728910E66D83F8")  # the makers' own, long public


@dataclass(frozen=True, slots=True)
class Made:
    """One telegram: how it is built from address and key, and what it prints.

    `model` chooses another model than the family's first; `sealed` telegrams have a key.
    """

    build: Build
    expected: dict[str, Value]
    model: str = ""
    sealed: bool = False


def send(body: str) -> Build:
    """A frame whose body (hexadecimal, from the CI field on) does not depend on the address."""
    return lambda link, _key: build_frame(c_field=SEND, address=link, body=bytes.fromhex(body))


def seal(payload: str, *, access_number: int = 0x2A) -> Build:
    """A short header and security mode 5 around a payload (hexadecimal)."""

    def build(link: Address, key: bytes) -> bytes:
        return build_telegram(
            bytes.fromhex(payload), Envelope(link, access_number=access_number), sealing=Sealing("mode5", key)
        )

    return build


def le(number: int, size: int) -> str:
    """A number, least significant byte first."""
    return number.to_bytes(size, "little", signed=number < 0).hex()


def bcd(number: int, size: int) -> str:
    """Decimal digits, least significant byte first."""
    return bytes.fromhex(f"{number:0{2 * size}}")[::-1].hex()


def type_g(day: date) -> str:
    """A date of EN 13757-3, type G."""
    year = day.year % 100
    return bytes((day.day | (year & 7) << 5, day.month | (year & 0x78) << 1)).hex()


def packed_day(day: date) -> str:
    """Day in bits 0 to 4, month in bits 5 to 8, years since 2000 above: Techem's and Apator's date."""
    return le(day.year - 2000 << 9 | day.month << 5 | day.day, 2)


def techem_today(day: date) -> str:
    """Techem's present date has no year: it is the first such day after the billing date."""
    return le(day.month << 9 | day.day << 4, 2)
