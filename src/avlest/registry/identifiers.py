# SPDX-License-Identifier: Apache-2.0
"""Numbers that identify things: parsed, checked, written one way.  Pure.

Each `parse_` takes what people and files write and returns the canonical text, or raises
`ValueError` whose message says what is expected.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from stdnum import ean
from stdnum.exceptions import ValidationError
from stdnum.no import orgnr

_GAPS = re.compile(r"[\s\u00a0._-]+")


class Cadastre(NamedTuple):
    """A Norwegian cadastral number: municipality, farm, title, lease and section number."""

    municipality: str
    gnr: int
    bnr: int
    fnr: int = 0
    snr: int = 0

    def __str__(self) -> str:
        """Return `3110-12/34`, with `/fnr/snr` when either is set."""
        tail = f"/{self.fnr}/{self.snr}" if self.fnr or self.snr else ""
        return f"{self.municipality}-{self.gnr}/{self.bnr}{tail}"


class MeterAddress(NamedTuple):
    """What a telegram says of its sender: maker (three letters) and identity, canonical."""

    manufacturer: str
    serial: str


def parse_gsrn(text: str) -> str:
    """Return an 18-digit GS1 service relation number (GSRN) whose check digit holds."""
    digits = _GAPS.sub("", text)
    if not re.fullmatch(r"\d{18}", digits):
        raise ValueError("18 digits")
    expected = ean.calc_check_digit(digits[:-1])
    if digits[-1] != expected:
        raise ValueError(f"18 digits whose last is the check digit {expected}")
    return digits


def parse_organisation_number(text: str) -> str:
    """Return a nine-digit Norwegian organisation number whose modulus-11 check holds."""
    try:
        return str(orgnr.validate(re.sub(r"(?i)^no|mva$", "", _GAPS.sub("", text))))
    except ValidationError as error:
        raise ValueError("nine digits with a valid check digit") from error


def parse_manufacturer(text: str) -> str:
    """Return the three-letter maker code of EN 13757 (FLAG), upper case."""
    code = text.strip().upper()
    if not re.fullmatch(r"[A-Z]{3}", code):
        raise ValueError("three letters, such as KAM")
    return code


def parse_serial(text: str) -> str:
    """Return a meter's identity as telegrams carry it, lower case.

    Eight hexadecimal digits are an M-Bus radio address (a shorter number is padded with
    zeros, as spreadsheets strip them); up to 32 letters and digits otherwise (HAN).
    """
    serial = _GAPS.sub("", text).lower()
    if re.fullmatch(r"\d{1,8}", serial):
        return serial.zfill(8)
    if re.fullmatch(r"[0-9a-z]{8,32}", serial):
        return serial
    raise ValueError("8 hexadecimal digits (radio address) or a meter number of 8-32 characters")


def parse_dev_eui(text: str) -> str:
    """Return a LoRaWAN device EUI: 16 hexadecimal digits, lower case."""
    eui = re.sub(r"[\s:-]", "", text).lower()
    if not re.fullmatch(r"[0-9a-f]{16}", eui):
        raise ValueError("16 hexadecimal digits")
    return eui


def parse_meter_key(text: str) -> bytes:
    """Return the 16 bytes of an AES-128 key (8 of a DES key); separators and a leading 0x are allowed.

    The message never repeats the input.
    """
    digits = re.sub(r"[\s:\u00a0-]", "", text)
    digits = digits[2:] if digits[:2].lower() == "0x" else digits
    if not re.fullmatch(r"[0-9A-Fa-f]{32}|[0-9A-Fa-f]{16}", digits):
        raise ValueError("32 hexadecimal digits")
    return bytes.fromhex(digits)


def parse_municipality(text: str) -> str:
    """Return a four-digit municipality number (a leading zero lost in a spreadsheet is put back)."""
    digits = text.strip()
    if not re.fullmatch(r"\d{3,4}", digits):
        raise ValueError("a municipality number of four digits")
    return digits.zfill(4)


def parse_cadastre(text: str, *, municipality: str = "") -> Cadastre:
    """Return a cadastral number written `3110-12/34/0/5` or `12/34` (with `municipality`)."""
    match = re.fullmatch(r"\s*(?:(\d{3,4})\s*[-\s]\s*)??(\d+)/(\d+)(?:/(\d+))?(?:/(\d+))?\s*", text)
    own = (match and match[1]) or municipality
    if not match or not own or not int(match[2]):
        raise ValueError("municipality-gnr/bnr[/fnr[/snr]], such as 3110-12/34")
    gnr, bnr, fnr, snr = (int(part or 0) for part in match.groups()[1:])
    return Cadastre(parse_municipality(own), gnr, bnr, fnr, snr)
