# SPDX-License-Identifier: Apache-2.0
"""Files of telegrams and readings: which kind, and what is in them, piece by piece.  Pure."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Final

from avlest.collect.formats.detect import AUTO, LINE_FORMATS, PARSERS, detect_format, parse_message
from avlest.collect.formats.elhub_csv import parse_elhub_csv
from avlest.collect.formats.model import FormatError, Message, Parsed, Problem, note_nothing
from avlest.collect.formats.times import EARLIEST
from avlest.collect.heard import Heard

PIECE: Final = 2000
"""Lines taken in together."""
_GZIP: Final = b"\x1f\x8b"
_ZIP: Final = b"PK\x03\x04"
_MB: Final = 1_000_000


def unpack_file(content: bytes, *, name: str, most_bytes: int) -> tuple[bytes, str]:
    """Return a file's content and name without `.gz`.

    Raises `FormatError` for a file that is empty, broken, or larger than `most_bytes` unpacked,
    and for ZIP archives (XLSX are let through).
    """
    if content.startswith(_GZIP):
        content = _gunzip(content, most_bytes)
        name = name.removesuffix(".gz")
    if len(content) > most_bytes:
        raise FormatError(f"the file has more than {most_bytes // _MB} MB; raise max_mb if that is right")
    if not content.strip():
        raise FormatError("the file is empty")
    if content.startswith(_ZIP) and b"xl/" not in content:
        raise FormatError("a ZIP archive is not taken in: unpack it and put its files here")
    return content, name


def _gunzip(content: bytes, most_bytes: int) -> bytes:
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as packed:
            unpacked = packed.read(most_bytes + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise FormatError(f"the gzip file is broken: {error}") from error
    if len(unpacked) > most_bytes:
        raise FormatError(f"the file unpacks to more than {most_bytes // _MB} MB; raise max_mb if that is right")
    return unpacked


def read_file_pieces(
    message: Message, *, name: str = AUTO, point: str = "", written_at: datetime | None = None
) -> Iterator[Parsed]:
    """Yield what a file holds, in pieces; the file's name is the message's topic.

    `written_at` is when the file was written: telegrams without a time of their own were heard
    then rather than now.  Each problem names its line.  Raises `FormatError` when nothing of the
    file can be read.
    """
    # The name of a file is no topic: only what is in it tells the format.
    found = detect_format("", message.payload) if name == AUTO else name
    if found == "elhub_csv":
        yield note_nothing(parse_elhub_csv(message, point=point))
    elif found in LINE_FORMATS and b"\n" in message.payload.strip():
        for piece in _read_lines(message, AUTO if name == AUTO else found, found):
            yield _date(piece, message, written_at)
    elif found in ("readings_csv", "elvaco", "json_list"):
        yield note_nothing(PARSERS[found](message))
    else:
        yield _date(parse_message(replace(message, topic=""), name=found), message, written_at)


def _date(parsed: Parsed, message: Message, written_at: datetime | None) -> Parsed:
    """Telegrams that were given our own time of arrival get the time the file was written."""
    if written_at is None or not EARLIEST <= written_at < message.received_at:
        return parsed
    heard = tuple(
        replace(one, received_at=written_at) if one.received_at == message.received_at else one for one in parsed.heard
    )
    return replace(parsed, heard=heard)


def _read_lines(message: Message, name: str, found: str) -> Iterator[Parsed]:
    """Line by line; a line of the format of the first is tried as that before its format is looked for."""
    heard: list[Heard] = []
    problems: list[Problem] = []
    notes: list[str] = []
    bare = replace(message, topic="")
    for number, line in enumerate(message.payload.split(b"\n"), start=1):
        if not line.strip():
            continue
        parsed = _read_line(replace(bare, payload=line.strip()), name, found)
        heard += parsed.heard
        problems += (replace(problem, line=number) for problem in parsed.problems)
        notes += (f"line {number}: {note}" for note in parsed.notes)
        if len(heard) >= PIECE:
            yield Parsed(tuple(heard), tuple(problems), tuple(notes))
            heard, problems, notes = [], [], []
    yield Parsed(tuple(heard), tuple(problems), tuple(notes))


def _read_line(message: Message, name: str, found: str) -> Parsed:
    if name == AUTO and found == "hex":
        try:
            return PARSERS["hex"](message)
        except FormatError:
            pass  # another kind of line among telegrams: found out below, with its own message
    return parse_message(message, name=name)
