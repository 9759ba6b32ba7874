# SPDX-License-Identifier: Apache-2.0
"""Read files of telegrams, one a line, in chunks that are decoded together.

A line that cannot be read is a row with an error; the rest of the file is not touched by
it.  What a line may look like is said in `avlest.cli.text`.
"""

from __future__ import annotations

from binascii import unhexlify
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np

from avlest.cli.text import ParsedLine, is_telegram_line, parse_line
from avlest.telegrams.layouts.batch import Rows, TelegramBatch, build_batch
from avlest.telegrams.outcomes import TelegramError

_NO_KEY = -1
LONGEST_LINE = 1 << 20
"""A line without an end is kept this far: it is no telegram, and must not fill the memory."""


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


def read_chunks(stream: BinaryIO, *, size: int = 8 << 20) -> Iterator[LineChunk]:
    """Read a stream of lines in chunks of about `size` bytes, each ending at a line's end."""
    rest = b""
    line = 1
    while block := stream.read(size):
        text = rest + block
        cut = text.rfind(b"\n") + 1
        if not cut:
            rest = text[:LONGEST_LINE]
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
    if b"\r" in text:
        text = text.replace(b"\r", b"")
    try:
        data = np.frombuffer(unhexlify(text.translate(None, b"\n")), np.uint8)
    except ValueError:  # something else than hex in it, or half a byte
        return None
    ends = np.flatnonzero(np.frombuffer(text, np.uint8) == 10)
    if not text.endswith(b"\n"):
        ends = np.append(ends, len(text))
    digits = np.diff(ends, prepend=-1) - 1
    if (digits & 1).any():
        return None
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


def _parse_lines(text: bytes, first_line: int) -> LineChunk:
    numbers: list[int] = []
    telegrams: list[bytes] = []
    received: list[str | None] = []
    keys: dict[bytes, int] = {}
    key_index: list[int] = []
    errors: dict[int, TelegramError] = {}
    for number, raw in enumerate(text.split(b"\n"), start=first_line):
        if not is_telegram_line(raw):
            continue
        try:
            parsed = parse_line(raw.decode("utf-8", "replace"))
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
