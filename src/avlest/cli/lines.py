# SPDX-License-Identifier: Apache-2.0
"""Read telegrams out of text: one a line, in any of the forms the field has.

* hex, with or without spaces, `|`, `_` or a leading `0x`;
* rtl_wmbus lines `T1;1;1;2024-01-01 12:00:00.000;97;148;88888888;0x2e44…`;
* rtl_433 JSON lines with a member `data`;
* JSON lines `{"telegram": hex, "key": hex, "received_at": text}`.

Blank lines and lines that begin with `#` are no telegrams.  A line that cannot be read
is a row with an error; the rest of the file is not touched by it.
"""

from __future__ import annotations

import json
import re
from binascii import unhexlify
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np

from avlest.telegrams.layouts.batch import Rows, TelegramBatch, build_batch
from avlest.telegrams.outcomes import Outcome, TelegramError

_SEPARATORS = str.maketrans("", "", " \t_|:-")
_RTL_WMBUS = re.compile(r"^[A-Za-z]\d?[a-z]?;[01];[01];([^;]*);[^;]*;[^;]*;[^;]*;(0x)?([0-9A-Fa-f]*)\s*$")
_NO_KEY = -1


@dataclass(frozen=True, slots=True)
class ParsedLine:
    """One telegram as given: its bytes, and key and time of reception where the line has them."""

    telegram: bytes
    key: bytes | None = None
    received_at: str | None = None


@dataclass(frozen=True, slots=True)
class LineChunk:
    """Some lines of an input as a batch; row i stood in line `numbers[i]` (from 1).

    `keys[key_index[i]]` is the key in the line, -1 where it had none; `errors` tells why
    a row (whose telegram is then empty) could not be read.
    """

    batch: TelegramBatch
    numbers: Rows
    keys: tuple[bytes, ...]
    key_index: Rows
    received_at: tuple[str | None, ...] | None
    errors: dict[int, TelegramError]


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
        raise TelegramError(Outcome.BAD_JSON, "expected a member 'telegram' (or 'data' of rtl_433) with hexadecimal text")
    key = item.get("key")
    if key is not None and not isinstance(key, str):
        raise TelegramError(Outcome.BAD_KEY, "the member 'key' is not text")
    received = item.get("received_at", item.get("time"))
    return ParsedLine(
        parse_hex(telegram), parse_key(key) if key else None, None if received is None else str(received)
    )


def read_chunks(stream: BinaryIO, *, size: int = 8 << 20) -> Iterator[LineChunk]:
    """Read a stream of lines in chunks of about `size` bytes, each ending at a line's end."""
    rest = b""
    line = 1
    while block := stream.read(size):
        text = rest + block
        cut = text.rfind(b"\n") + 1
        if not cut:
            rest = text
            continue
        yield parse_chunk(text[:cut], first_line=line)
        line += text.count(b"\n", 0, cut)
        rest = text[cut:]
    if rest:
        yield parse_chunk(rest, first_line=line)


def parse_chunk(text: bytes, *, first_line: int) -> LineChunk:
    """Whole lines of input as a batch; lines of plain hex are read as one block."""
    return _parse_hex_block(text, first_line) or _parse_lines(text, first_line)


def _parse_hex_block(text: bytes, first_line: int) -> LineChunk | None:
    """The batch of a chunk that is nothing but whole bytes of hex and line ends; else None."""
    if text.translate(None, _HEX_DELETE):
        return None
    if b"\r" in text:
        text = text.replace(b"\r", b"")
    ends = np.flatnonzero(np.frombuffer(text, np.uint8) == 10)
    if not text.endswith(b"\n"):
        ends = np.append(ends, len(text))
    digits = np.diff(ends, prepend=-1) - 1
    if (digits & 1).any():
        return None
    data = np.frombuffer(unhexlify(text.translate(None, b"\n")), np.uint8)
    lengths = digits // 2
    starts = np.cumsum(lengths) - lengths
    present = np.flatnonzero(lengths)
    return LineChunk(
        batch=TelegramBatch(data, starts[present], lengths[present]),
        numbers=present + first_line,
        keys=(),
        key_index=np.full(len(present), _NO_KEY),
        received_at=None,
        errors={},
    )


_HEX_DELETE = b"0123456789abcdefABCDEF\r\n"


def _parse_lines(text: bytes, first_line: int) -> LineChunk:
    numbers: list[int] = []
    telegrams: list[bytes] = []
    received: list[str | None] = []
    keys: dict[bytes, int] = {}
    key_index: list[int] = []
    errors: dict[int, TelegramError] = {}
    for number, raw in enumerate(text.split(b"\n"), start=first_line):
        stripped = raw.strip()
        if not stripped or stripped.startswith(b"#"):
            continue
        try:
            parsed = parse_line(stripped.decode("utf-8", "replace"))
        except TelegramError as error:
            errors[len(numbers)] = error
            parsed = ParsedLine(b"")
        numbers.append(number)
        telegrams.append(parsed.telegram)
        received.append(parsed.received_at)
        key_index.append(_NO_KEY if parsed.key is None else keys.setdefault(parsed.key, len(keys)))
    return LineChunk(
        batch=build_batch(telegrams),
        numbers=np.array(numbers, np.int64),
        keys=tuple(keys),
        key_index=np.array(key_index, np.int64),
        received_at=tuple(received) if any(received) else None,
        errors=errors,
    )
