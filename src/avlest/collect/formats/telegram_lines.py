# SPDX-License-Identifier: Apache-2.0
"""Telegrams as lines of text: hexadecimal, rtl_wmbus, rtl_433's CSV.  Pure."""

from __future__ import annotations

import csv
import re
from typing import Final
from zoneinfo import ZoneInfo

from avlest.collect.formats.fields import parse_hex
from avlest.collect.formats.frames import derive_road
from avlest.collect.formats.model import FormatError, Message, NoDataError, Parsed
from avlest.collect.formats.times import parse_gateway_time
from avlest.collect.heard import LARGEST_PAYLOAD, WMBUS, Heard
from avlest.telegrams.han import unwrap_payload

RTL_WMBUS_LINE: Final = re.compile(rb"\s*[A-Z][0-9]?[a-z]?;[01];[01];")
# wmbusmeters' log of telegrams, which also is what its simulations are made of.
_LOGGED: Final = re.compile(r"^telegram=\|?([0-9A-Fa-f_|\s]+?)\|?(?:\+\d+)?$")
_UTC: Final = ZoneInfo("UTC")
_RTL_WMBUS_FIELDS: Final = 8
_SHORTEST_DIGITS: Final = 22


def parse_hex_line(message: Message) -> Parsed:
    """A telegram or HAN frame in hexadecimal, alone on its line or with `telegram=|…|` around it."""
    text = _text(message)
    logged = _LOGGED.match(text)
    payload = parse_hex(logged[1].replace("|", "") if logged else text)
    if not payload:
        raise NoDataError("an empty line")
    if len(payload) > LARGEST_PAYLOAD:
        raise FormatError(f"{len(payload)} bytes, expected at most {LARGEST_PAYLOAD}")
    return Parsed((Heard(message.received_at, message.source, derive_road(payload), payload, message.origin),))


def parse_han_payload(message: Message) -> Parsed:
    """HAN frames as adapters send them: bytes, hexadecimal, or several in an envelope.

    The first list of a meter does not name it: topic or connection is kept as the gateway.
    Raises `TelegramError` (NO_DATA for text and status on the same topic).
    """
    frames = unwrap_payload(message.payload)
    return Parsed(
        tuple(Heard(message.received_at, message.source, "han", frame, message.origin) for frame in frames if frame)
    )


def parse_rtl_wmbus(message: Message) -> Parsed:
    """`mode;crc_ok;3outof6_ok;time;packet_rssi;current_rssi;id;0xtelegram` of rtl_wmbus and ESPHome.

    rtl_wmbus writes UTC without saying so.  A telegram that failed its check on the radio
    link is refused: without the CRC bytes nobody can tell later what is wrong in it.
    ESPHome's strength is in dBm and kept; rtl_wmbus's is a number of its own, without unit.
    """
    fields = _text(message).split(";")
    if len(fields) < _RTL_WMBUS_FIELDS:
        raise FormatError(f"{len(fields)} fields, expected {_RTL_WMBUS_FIELDS} with ; between them")
    if fields[1] != "1":
        raise FormatError("the receiver says the CRC is wrong: heard badly, not taken in", field="crc_ok")
    if fields[2] != "1" and fields[0].startswith("T"):
        raise FormatError("the receiver says the 3-out-of-6 code is wrong: heard badly, not taken in", field="3outof6")
    payload = parse_hex(fields[7], field="telegram")
    if not payload:
        raise FormatError("is empty, expected 0x and hexadecimal digits", field="telegram")
    heard = Heard(
        parse_gateway_time(fields[3], arrival=message.received_at, zone=_UTC),
        message.source,
        WMBUS,
        payload,
        gateway=message.origin,
        rssi=_strength(fields[4]),
    )
    return Parsed((heard,))


def parse_rtl_433_csv(message: Message) -> Parsed:
    """One line of `rtl_433 -F csv`: its columns depend on the decoders that are on, so the
    telegram is found by its shape."""
    text = _text(message)
    try:
        cells = next(csv.reader([text]), [])
    except csv.Error as error:
        raise FormatError(f"not a line of CSV: {error}") from error
    if cells and cells[0] == "time":
        raise NoDataError("the line of column headings")
    if "Wireless-MBus" not in cells:
        raise NoDataError("not a line of the model Wireless-MBus")
    telegrams = [cell for cell in cells if len(cell) >= _SHORTEST_DIGITS and re.fullmatch(r"[0-9A-Fa-f]+", cell)]
    if not telegrams:
        raise FormatError("no telegram in the line, expected one in hexadecimal", field="data")
    payload = parse_hex(max(telegrams, key=len), field="data")
    at = parse_gateway_time(cells[0], arrival=message.received_at, zone=message.zone)
    return Parsed((Heard(at, message.source, WMBUS, payload, gateway=message.origin),))


def _text(message: Message) -> str:
    try:
        return message.payload.decode("ascii").strip()
    except UnicodeDecodeError as error:
        raise FormatError(f"byte {error.start} is not plain text, expected a line of ASCII") from error


def _strength(text: str) -> float | None:
    try:
        strength = float(text) if text.strip() else None
    except ValueError as error:
        raise FormatError(f"is {text[:20]!r}, expected a number", field="packet_rssi") from error
    return strength if strength is not None and strength < 0 else None
