# SPDX-License-Identifier: Apache-2.0
"""The CSV of Elhub's "Min side", written.  Pure; it is read by `collect.formats.elhub_csv`.

The old form has local times without offset, in which the hour that repeats in autumn stands twice, in order; the form
of 2026 has ISO times with offset.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from avlest.readings.calendar import OSLO
from avlest.readings.elhub.values import SENT, Direction, IntervalValue

_NAMES = {Direction.OUT: "Forbruk", Direction.IN: "Produksjon"}
_FILE_NAMES = {Direction.OUT: "consumption", Direction.IN: "production"}


@dataclass(frozen=True, slots=True)
class CsvForm:
    """How a file is written: `with_offset` gives ISO times with offset, else local times as older files."""

    delimiter: str = ";"
    decimal: str = ","
    with_offset: bool = True
    with_status: bool = True


def format_min_side(values: Sequence[IntervalValue], *, form: CsvForm | None = None) -> str:
    """Write the values of one metering point, direction and resolution; those that are never sent are left out.

    Raises `ValueError` when they are not of one point, direction and resolution: a file has one column for them.
    """
    chosen = form or CsvForm()
    kinds = {(value.gsrn, value.direction, value.minutes) for value in values}
    if len(kinds) > 1:
        raise ValueError("values of several points, directions or resolutions: expected one of each in a file")
    direction, minutes = next(((way, long) for _, way, long in kinds), (Direction.OUT, 60))
    heading = ["Fra", "Til", f"KWH {minutes} {_NAMES[direction]}", *(["Kvalitet"] if chosen.with_status else [])]
    rows = [heading, *_write_rows(values, chosen)]
    return "".join(chosen.delimiter.join(_quote(cell, chosen) for cell in row) + "\r\n" for row in rows)


def _write_rows(values: Iterable[IntervalValue], form: CsvForm) -> Iterable[list[str]]:
    for value in sorted(values, key=lambda one: one.start):
        if value.status in SENT:
            amount = f"{value.watt_hours // 1000}{form.decimal}{value.watt_hours % 1000:03}"
            status = [value.status.value] if form.with_status else []
            yield [_write_time(value.start, form), _write_time(value.stop, form), amount, *status]


def _write_time(moment: datetime, form: CsvForm) -> str:
    local = moment.astimezone(OSLO)
    return local.isoformat() if form.with_offset else f"{local:%d.%m.%Y %H:%M}"


def _quote(cell: str, form: CsvForm) -> str:
    return f'"{cell}"' if form.delimiter in cell else cell


def derive_file_name(gsrn: str, direction: Direction, written_at: datetime) -> str:
    """The name Elhub gives such a file, with the point in it."""
    return f"meteringvalues-mp-{gsrn}-{_FILE_NAMES[direction]}-{written_at.astimezone(OSLO):%Y%m%dT%H%M}.csv"
