# SPDX-License-Identifier: Apache-2.0
"""Which format a message has, and reading it whatever it is.  Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from avlest.collect.formats import elvaco, lorawan_uplinks, telegram_json, telegram_lines
from avlest.collect.formats.elhub_csv import is_elhub_file, parse_elhub_csv
from avlest.collect.formats.fields import parse_json
from avlest.collect.formats.frames import is_han, looks_like_wmbus
from avlest.collect.formats.model import FormatError, Message, NoDataError, Parsed, Problem, merge_parsed, note_nothing
from avlest.collect.formats.readings_csv import is_reading_list, parse_readings_csv
from avlest.collect.heard import LARGEST_PAYLOAD, MBUS, WMBUS, Heard
from avlest.telegrams.mbus import is_wired
from avlest.telegrams.outcomes import Outcome, TelegramError

AUTO: Final = "auto"
_TEXT: Final = re.compile(rb"[\x09\x0a\x0d\x20-\x7e\x80-\xff]*")
_HEX_LINE: Final = re.compile(rb"\s*(?:telegram=\|?)?(?:0[xX])?[0-9A-Fa-f][0-9A-Fa-f\s_|]*(?:\+\d+)?\s*")
_LARGEST_LIST: Final = 10_000
_ZIP: Final = b"PK\x03\x04"
_MARKED = {b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"}


def _parse_frame(message: Message) -> Parsed:
    """One telegram as bytes, wired or wireless."""
    if not 0 < len(message.payload) <= LARGEST_PAYLOAD:
        raise FormatError(f"{len(message.payload)} bytes, expected 1 to {LARGEST_PAYLOAD}")
    road = MBUS if is_wired(message.payload) else WMBUS
    return Parsed(
        (Heard(message.received_at, message.source, road, message.payload, message.gateway or message.topic),)
    )


def _parse_list(message: Message) -> Parsed:
    """A JSON list: each element is a message of its own."""
    values = parse_json(message.payload)
    if not isinstance(values, list) or len(values) > _LARGEST_LIST:
        raise FormatError(f"expected a list of at most {_LARGEST_LIST} objects")
    return merge_parsed([_parse_element(value, at, message) for at, value in enumerate(values)])


def _parse_element(value: Any, at: int, message: Message) -> Parsed:
    if not isinstance(value, dict):
        return Parsed(problems=(Problem("expected an object", f"[{at}]"),))
    parsed = parse_message(replace(message, payload=json.dumps(value).encode()))
    problems = tuple(replace(problem, field=f"[{at}] {problem.field}".strip()) for problem in parsed.problems)
    return replace(parsed, problems=problems)


Parser = Callable[[Message], Parsed]
PARSERS: Final[dict[str, Parser]] = {
    "avlest": telegram_json.parse_avlest_message,
    "chirpstack": lorawan_uplinks.parse_chirpstack,
    "tts": lorawan_uplinks.parse_tts,
    "telegram_json": telegram_json.parse_telegram_json,
    "hex": telegram_lines.parse_hex_line,
    "frame": _parse_frame,
    "rtl_433": telegram_json.parse_rtl_433,
    "rtl_433_csv": telegram_lines.parse_rtl_433_csv,
    "rtl_wmbus": telegram_lines.parse_rtl_wmbus,
    "han": telegram_lines.parse_han_payload,
    "elvaco": elvaco.parse_elvaco,
    "wmbusmeters": telegram_json.parse_wmbusmeters,
    "readings_csv": parse_readings_csv,
    "elhub_csv": parse_elhub_csv,
    "json_list": _parse_list,
}
LINE_FORMATS: Final = frozenset(
    {"hex", "rtl_433", "rtl_433_csv", "rtl_wmbus", "telegram_json", "avlest", "wmbusmeters", "chirpstack", "tts"}
)
"""Formats that may stand one below the other in one payload or file."""
FORMATS: Final = (AUTO, *PARSERS)
_JSON_LINES: Final = ("avlest", "telegram_json", "rtl_433", "wmbusmeters", "chirpstack", "tts")


def detect_format(topic: str, payload: bytes) -> str:
    """Return the name of a message's format, by its topic first, then by its shape.

    Raises `FormatError` saying what was seen where it is none that is known.
    """
    if not payload.strip():
        raise NoDataError("an empty message")
    by_topic = _detect_topic(topic)
    if by_topic:
        return by_topic
    start = payload.lstrip()[:1]
    if start == b"{":
        return _detect_object(payload)
    if start == b"[":
        return "json_list"
    if is_han(payload) or (payload[:1] == b"\x08" and not looks_like_wmbus(payload)):
        return "han"
    if not _is_text(payload):
        return _detect_bytes(payload)
    return _detect_text(payload)


def _detect_topic(topic: str) -> str:
    if lorawan_uplinks.CHIRPSTACK_TOPIC.search(topic):
        return "chirpstack"
    if lorawan_uplinks.TTS_TOPIC.search(topic):
        return "tts"
    return "elvaco" if elvaco.TOPIC.search(topic) else ""


def _detect_object(payload: bytes) -> str:
    # The first line is enough: files of JSON lines are read line by line.
    values = parse_json(_first_object(payload))
    if not isinstance(values, dict):
        raise FormatError("expected a JSON object")
    signs = (
        ("avlest", "avlest" in values),
        ("tts", "end_device_ids" in values),
        ("chirpstack", "deviceInfo" in values or "downlinkId" in values),
        ("rtl_433", "model" in values and ("time" in values or "mic" in values or "mod" in values)),
        ("wmbusmeters", values.get("_") == "telegram" or {"media", "meter", "id"} <= values.keys()),
        ("telegram_json", bool(telegram_json.find_telegram_name(values))),
    )
    found = next((name for name, is_it in signs if is_it), "")
    if not found:
        keys = ", ".join(list(values)[:8]) or "none"
        raise FormatError(f"JSON of no known gateway; its fields are {keys}")
    return found


def _first_object(payload: bytes) -> bytes:
    """The first line where it is an object by itself, else all of it."""
    line = payload.strip().partition(b"\n")[0].strip()
    return line if line.endswith(b"}") else payload


def _is_text(payload: bytes) -> bool:
    return payload[:2] in _MARKED or payload[:3] in _MARKED or bool(_TEXT.fullmatch(payload[:4000]))


def _detect_bytes(payload: bytes) -> str:
    if payload.startswith(_ZIP):  # XLSX
        return "readings_csv"
    if is_wired(payload) or looks_like_wmbus(payload):
        return "frame"
    raise FormatError(f"{len(payload)} bytes of no known kind, beginning {payload[:8].hex(' ')}")


def _detect_text(payload: bytes) -> str:
    line = next((part for part in payload[:20_000].splitlines() if part.strip()), b"")
    if telegram_lines.RTL_WMBUS_LINE.match(line):
        return "rtl_wmbus"
    if _HEX_LINE.fullmatch(line):
        return "han" if b"\n" not in payload.strip() and _is_han_text(line) else "hex"
    if line.lower().startswith(elvaco.HEADER.encode()) or elvaco.ROW.match(line):
        return "elvaco"
    if b"Wireless-MBus" in payload or line.startswith(b"time,msg,"):
        return "rtl_433_csv"
    return _detect_table(payload[:20_000])


def _is_han_text(line: bytes) -> bool:
    return line.strip()[:2].lower() == b"7e"


def _detect_table(start: bytes) -> str:
    for encoding in ("utf-8-sig", "utf-16", "cp1252"):
        try:
            text = start.decode(encoding, errors="ignore" if encoding != "utf-16" else "strict")
        except UnicodeDecodeError:
            continue
        for line in text.splitlines()[:10]:
            if is_elhub_file(line):
                return "elhub_csv"
            if is_reading_list(line):
                return "readings_csv"
    shown = start[:40].decode("utf-8", errors="replace")
    raise NoDataError(f"text that holds no telegram: {shown!r}")


def parse_message(message: Message, *, name: str = AUTO) -> Parsed:
    """Read a message of the format `name` (or whichever it has); never raises for what it holds.

    A payload of several lines in a format of one telegram a line is read line by line; each
    problem names its line.
    """
    try:
        if name == AUTO:
            name = detect_format(message.topic, message.payload)
        if name in LINE_FORMATS and b"\n" in message.payload.strip():
            return note_nothing(_parse_lines(message, name))
        return note_nothing(PARSERS[name](message))
    except NoDataError as error:
        return Parsed(notes=(error.detail,))
    except FormatError as error:
        return Parsed(problems=(Problem(error.detail, error.field, error.line),))
    except TelegramError as error:
        if error.outcome is Outcome.NO_DATA:
            return Parsed(notes=(error.detail,))
        return Parsed(problems=(Problem(error.detail),))


def _parse_lines(message: Message, name: str) -> Parsed:
    if name in _JSON_LINES and not _is_json_lines(message.payload):
        return PARSERS[name](message)
    parts = []
    for number, line in enumerate(message.payload.splitlines(), start=1):
        if line.strip():
            part = parse_message(replace(message, payload=line), name=AUTO if name == "hex" else name)
            problems = tuple(replace(problem, line=number) for problem in part.problems)
            parts.append(replace(part, problems=problems))
    return merge_parsed(parts)


def _is_json_lines(payload: bytes) -> bool:
    line = payload.strip().partition(b"\n")[0].strip()
    return line.startswith(b"{") and line.endswith(b"}")
