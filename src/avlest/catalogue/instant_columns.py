# SPDX-License-Identifier: Apache-2.0
"""Dates of types F, G and I as columns of characters, without a call for each row.

Prints what `instants.format_instant` prints of the same bytes.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from avlest.catalogue.instants import CENTURY, DAY_AT, MINUTE_AT
from avlest.telegrams.layouts.batch import Bytes, Mask
from avlest.telegrams.records.model import Coding

DATE_WIDTH = 10
_PLACES = {"year": 0, "month": 5, "day": 8, "hour": 11, "minute": 14, "second": 17}


def format_instant_column(data: Bytes, coding: Coding, kind: str) -> tuple[Bytes, Mask | None]:
    """ASCII codes (n, width) of the printed dates, and which rows are valid (None: all)."""
    at, minute_at = DAY_AT[coding], MINUTE_AT.get(coding)
    low, high = data[:, at].astype(np.int64), data[:, at + 1].astype(np.int64)
    valid = (low != 0xFF) | (high != 0xFF)
    text = np.full((len(data), _width(coding, kind)), ord("-"), np.uint8)
    _put(text, "year", CENTURY + (low >> 5 | (high & 0xF0) >> 1), 4)
    _put(text, "month", high & 0x0F, 2)
    _put(text, "day", low & 0x1F, 2)
    if kind == "datetime":
        _put_clock(text, data, coding, minute_at)
    return text, None if valid.all() else valid


def _width(coding: Coding, kind: str) -> int:
    if kind == "date":
        return DATE_WIDTH
    return DATE_WIDTH + (9 if coding is Coding.DATETIME_I else 6)


def _put_clock(text: Bytes, data: Bytes, coding: Coding, minute_at: int | None) -> None:
    text[:, DATE_WIDTH], text[:, 13] = ord(" "), ord(":")
    zero = np.zeros(len(data), np.int64)
    hour = zero if minute_at is None else (data[:, minute_at + 1] & 0x1F).astype(np.int64)
    minute = zero if minute_at is None else (data[:, minute_at] & 0x3F).astype(np.int64)
    _put(text, "hour", hour, 2)
    _put(text, "minute", minute, 2)
    if coding is Coding.DATETIME_I:
        text[:, 16] = ord(":")
        _put(text, "second", (data[:, 0] & 0x3F).astype(np.int64), 2)


def _put(text: Bytes, place: str, number: npt.NDArray[np.int64], digits: int) -> None:
    start = _PLACES[place]
    for at in range(start + digits - 1, start - 1, -1):
        number, digit = np.divmod(number, 10)
        text[:, at] = digit + ord("0")
