# SPDX-License-Identifier: Apache-2.0
"""What a chart shows: values with their quality, in words of the reader.  Pure."""

from __future__ import annotations

import dataclasses
from datetime import datetime
from enum import StrEnum
from typing import Literal


class Sure(StrEnum):
    """How sure a bar is; drawn so that it shows without colour."""

    MEASURED = "measured"
    MANUAL = "manual"
    ESTIMATED = "estimated"
    MISSING = "missing"


Mode = Literal["css", "inline"]
"""`css`: classes only, styled by portal.css (dark mode, no inline style); `inline`: attributes, for PDF and e-mail."""

Interval = Literal["hour", "day", "month", "year"]


@dataclasses.dataclass(frozen=True, slots=True)
class Bar:
    """One interval `[start, stop)` (UTC): `value` and `compared` in thousandths of the chart's unit (øre for money).

    `value` None is a gap, never a zero.  `price` (øre per unit) is drawn as a step line on its own axis.
    """

    start: datetime
    stop: datetime
    value: int | None
    sure: Sure = Sure.MEASURED
    compared: int | None = None
    price: int | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Mark:
    """A vertical mark at an instant, with its word: "ny måler"."""

    at: datetime
    text: str


@dataclasses.dataclass(frozen=True, slots=True)
class BarChart:
    """Use per interval.  `unit` is a canonical unit (`l`, `kwh`) or `kr`, whose values are øre.

    `name` says what the bars are ("november 2026"), `compared_name` what the narrow ones are ("november 2025").
    `interval` decides the axis: hours of a day, days, months or years.  At most some 60 bars are readable on a phone.
    """

    title: str
    unit: str
    interval: Interval
    bars: tuple[Bar, ...]
    name: str = ""
    compared_name: str = ""
    marks: tuple[Mark, ...] = ()
    language: str = "nb"
    summary: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Point:
    """A momentary value at an instant; None breaks the line."""

    at: datetime
    value: int | None


@dataclasses.dataclass(frozen=True, slots=True)
class LineChart:
    """Momentary values (power, flow, temperature) over `[start, stop)`; `is_step`: each holds till the next (price)."""

    title: str
    unit: str
    start: datetime
    stop: datetime
    points: tuple[Point, ...]
    marks: tuple[Mark, ...] = ()
    is_step: bool = False
    language: str = "nb"
    summary: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Twin:
    """A chart as a table: the same values in words, for those who cannot or will not see the drawing."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
