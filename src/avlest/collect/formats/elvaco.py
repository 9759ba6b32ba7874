# SPDX-License-Identifier: Apache-2.0
"""Reports of Elvaco's CMe gateways with the raw M-Bus telegrams (templates 4001, 3001, 2001).  Pure.

A row is `serial-number;device-identification;created;value-data-count;mbus-raw-value`; the
raw value runs from the C-field to the last record, without checksum and stop byte.
"""

from __future__ import annotations

import re
from typing import Final

from avlest.collect.formats.fields import parse_hex
from avlest.collect.formats.model import FormatError, Message, NoDataError, Parsed, Problem, merge_parsed
from avlest.collect.formats.times import parse_gateway_time
from avlest.collect.heard import MBUS, WMBUS, Heard
from avlest.telegrams.mbus import build_long_frame
from avlest.telegrams.outcomes import TelegramError

TOPIC: Final = re.compile(r"(?:^|/)ecmXv[\d.]+/[^/]+/(\d+)/([^/]+)/([^/]+)$")
HEADER: Final = "serial-number;"
ROW: Final = re.compile(rb"\d+;[0-9A-Fa-f]+;\d{4}-\d\d-\d\d \d\d:\d\d:\d\d;\d+;[0-9A-Fa-f ]+\s*$")
_COLUMNS: Final = ("serial-number", "device-identification", "created", "value-data-count", "mbus-raw-value")
_RAW: Final = ("mbus-raw-value", "mbus-raw")
_ADVICE: Final = "choose a report template with raw M-Bus data in the gateway: 4001 (MQTT), 3001 (HTTP) or 2001 (FTP)"
# What a wired meter answers with (EN 13757-2): RSP_UD, with the access and data-flow bits.
_RESPONSES: Final = (0x08, 0x18, 0x28, 0x38)
_SHORTEST: Final = 3


def parse_elvaco(message: Message) -> Parsed:
    """A report, with or without its heading line; a row that cannot be read is a problem with its line."""
    rows = [
        (number, row.split(";"))
        for number, row in enumerate(message.payload.decode("latin-1").splitlines(), start=1)
        if row.strip()
    ]
    if not rows:
        raise NoDataError("an empty report")
    columns: tuple[str, ...] = _COLUMNS
    if rows[0][1][0].strip().lower() == "serial-number":
        columns = tuple(cell.strip().lower() for cell in rows.pop(0)[1])
    raw = next((columns.index(name) for name in _RAW if name in columns), None)
    if raw is None:
        raise FormatError(f"no column mbus-raw-value, only decoded values; {_ADVICE}", line=1)
    return merge_parsed([_try_row(number, cells, columns, raw, message) for number, cells in rows])


def _try_row(number: int, cells: list[str], columns: tuple[str, ...], raw: int, message: Message) -> Parsed:
    try:
        return Parsed((_parse_row(cells, columns, raw, message),))
    except FormatError as error:
        return Parsed(problems=(Problem(error.detail, error.field, number),))
    except TelegramError as error:
        return Parsed(problems=(Problem(error.detail, "mbus-raw-value", number),))


def _parse_row(cells: list[str], columns: tuple[str, ...], raw: int, message: Message) -> Heard:
    if len(cells) <= raw:
        raise FormatError(f"{len(cells)} fields, expected {len(columns)} with ; between them")
    named = dict(zip(columns, (cell.strip() for cell in cells), strict=False))
    content = parse_hex(cells[raw], field="mbus-raw-value")
    if len(content) < _SHORTEST:
        raise FormatError("too short, expected a telegram from its C-field on", field="mbus-raw-value")
    topic = TOPIC.search(message.topic)
    wired = content[0] in _RESPONSES
    return Heard(
        parse_gateway_time(named.get("created", ""), arrival=message.received_at, zone=message.zone, field="created"),
        message.source,
        MBUS if wired else WMBUS,
        _frame_wired(content) if wired else _frame_wireless(content),
        gateway=named.get("serial-number", "") or (topic[2] if topic else message.gateway),
    )


def _frame_wired(content: bytes) -> bytes:
    return build_long_frame(c_field=content[0], primary_address=content[1], body=content[2:])


def _frame_wireless(content: bytes) -> bytes:
    if len(content) > 255:
        raise FormatError(f"{len(content)} bytes, expected at most 255", field="mbus-raw-value")
    return bytes((len(content),)) + content
