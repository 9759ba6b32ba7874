# SPDX-License-Identifier: Apache-2.0
"""What tests of the resident app share: text without no-break spaces, days of many homes, a photo with a position."""

from __future__ import annotations

import struct
import zlib
from datetime import date, datetime, timedelta

import polars as pl

from avlest.readings.quality import Quality
from avlest.readings.tables import Store


def text_of(answer):
    """The page with ordinary spaces."""
    return answer.content.decode().replace("\u00a0", " ")


def write_days(store: Store, values: dict[int, int], first: date, count: int, *, known_at: datetime) -> None:
    """Write `count` measured days of each series, all of one value."""
    rows = [
        (series, first + timedelta(days=n), value, int(Quality.MEASURED), known_at)
        for series, value in values.items()
        for n in range(count)
    ]
    schema = {
        "series": pl.Int64, "day": pl.Date, "value": pl.Int64, "quality": pl.Int16, "known_at": pl.Datetime("us", "UTC")
    }  # fmt: skip
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    store.append("daily", frame, writer=f"test days {first} {count} {min(values)}", batch=1)


def make_png() -> bytes:
    """A picture of one pixel with a position in its EXIF chunk."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    exif = chunk(b"eXIf", b"MM\x00\x2a GPSLatitude 59.1")
    return b"\x89PNG\r\n\x1a\n" + head + exif + chunk(b"IDAT", zlib.compress(b"\x00\x00")) + chunk(b"IEND", b"")
