# SPDX-License-Identifier: Apache-2.0
"""One telegram out of one line of text, in any of the forms the field has.

* hex, with or without spaces, `|`, `_` or a leading `0x`;
* rtl_wmbus lines `T1;1;1;2024-01-01 12:00:00.000;97;148;88888888;0x2e44…`;
* rtl_433 JSON lines with a member `data`;
* JSON lines `{"telegram": hex, "key": hex, "received_at": text}`.

Blank lines and lines that begin with `#` are no telegrams.
"""

from __future__ import annotations

import json
import re
from binascii import unhexlify
from dataclasses import dataclass

from avlest.telegrams.outcomes import Outcome, TelegramError

_SEPARATORS = str.maketrans("", "", " \t_|:-")
_RTL_WMBUS = re.compile(r"^[A-Za-z]\d?[a-z]?;[01];[01];([^;]*);[^;]*;[^;]*;[^;]*;(0x)?([0-9A-Fa-f]*)\s*$")


@dataclass(frozen=True, slots=True)
class ParsedLine:
    """One telegram as given: its bytes, and key and time of reception where the line has them."""

    telegram: bytes
    key: bytes | None = None
    received_at: str | None = None


def is_telegram_line(line: bytes) -> bool:
    """Whether a line is meant as a telegram: not blank and no comment."""
    stripped = line.strip()
    return bool(stripped) and not stripped.startswith(b"#")


def parse_line(line: str) -> ParsedLine:
    """One line of input.  Raises `TelegramError` NOT_HEX, BAD_JSON, BAD_KEY or EMPTY."""
    text = line.strip()
    if text.startswith("{"):
        return _parse_json(text)
    radio = _RTL_WMBUS.match(text)
    if radio:
        return ParsedLine(parse_hex(radio[3]), received_at=radio[1] or None)
    return ParsedLine(parse_hex(text))


def parse_hex(text: str) -> bytes:
    """Hexadecimal text to bytes; separators are passed over."""
    digits = text.removeprefix("0x").removeprefix("0X").translate(_SEPARATORS)
    if not digits:
        raise TelegramError(Outcome.EMPTY, "there are no hexadecimal digits")
    try:
        return unhexlify(digits)
    except ValueError:
        raise TelegramError(Outcome.NOT_HEX, _describe_non_hex(digits)) from None


def _describe_non_hex(digits: str) -> str:
    for place, letter in enumerate(digits):
        if letter not in "0123456789abcdefABCDEF":
            return f"{letter!r} at digit {place + 1} is not hexadecimal"
    return f"{len(digits)} hexadecimal digits: an even number was expected"


def parse_key(text: str) -> bytes:
    """A key from hexadecimal text: 16 bytes of AES, or 8 of DES."""
    try:
        key = unhexlify(text.strip().removeprefix("0x"))
    except ValueError:
        raise TelegramError(Outcome.BAD_KEY, "a key is hexadecimal") from None
    if len(key) not in (8, 16):
        raise TelegramError(Outcome.BAD_KEY, f"a key has 16 bytes (8 for DES), not {len(key)}")
    return key


def _parse_json(text: str) -> ParsedLine:
    try:
        item = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise TelegramError(Outcome.BAD_JSON, f"not JSON: {error}") from None
    telegram = item.get("telegram", item.get("data"))
    if not isinstance(telegram, str):
        raise TelegramError(
            Outcome.BAD_JSON, "expected a member 'telegram' (or 'data' of rtl_433) with hexadecimal text"
        )
    key = item.get("key")
    if key is not None and not isinstance(key, str):
        raise TelegramError(Outcome.BAD_KEY, "the member 'key' is not text")
    received = item.get("received_at", item.get("time"))
    return ParsedLine(parse_hex(telegram), parse_key(key) if key else None, None if received is None else str(received))


def describe_error(error: TelegramError, line: int) -> dict[str, int | float | str | None]:
    """The object printed for a telegram that could not be decoded."""
    return {"error": error.outcome.value, "detail": error.detail, "line": line}
