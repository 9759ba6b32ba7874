# SPDX-License-Identifier: Apache-2.0
"""Readings as people ask for them: named by meter and quantity, in the canonical unit."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

import polars as pl

from avlest.collect.models import StatusText
from avlest.readings.quality import Quality
from avlest.readings.tables import Store
from avlest.registry.models import Register

FORMATS: Final = ("csv", "xlsx", "parquet")
_COLUMNS: Final = (
    "manufacturer", "serial", "quantity", "qualifier", "function", "storage", "tariff", "subunit", "unit", "at",
    "value", "status", "quality", "source", "known_at",
)  # fmt: skip
_THOUSAND: Final = 1000


class ExportError(ValueError):
    """What was asked for cannot be exported: what, and what is expected."""


def get_readings(
    store: Store,
    *,
    organisation_id: int,
    serials: Sequence[str] = (),
    start: datetime | None = None,
    stop: datetime | None = None,
    latest: bool = False,
) -> pl.DataFrame:
    """Readings of one organisation's meters (none named: all) in [start, stop), one row a value.

    `value` is exact: a decimal number with three places in `unit`; `status` in words.
    """
    registers = _read_registers(organisation_id, serials)
    if not registers.height:
        return pl.DataFrame(schema=dict.fromkeys(_COLUMNS, pl.String()))
    ids = registers["register"].to_list()
    rows = (
        store.read_latest("readings", ids=ids)
        if latest
        else store.read_range("readings", ids=ids, start=start, stop=stop)
    )
    words = {0: "OK"} | dict(StatusText.objects.values_list("pk", "text"))
    ranks = {int(quality): quality.name.lower() for quality in Quality}
    named = rows.join(registers, on="register").with_columns(
        value=(pl.col("value").cast(pl.Decimal(38, 3)) / _THOUSAND).cast(pl.Decimal(38, 3)),
        status=pl.col("status").replace_strict(words, default="", return_dtype=pl.String),
        quality=pl.col("quality").cast(pl.Int64).replace_strict(ranks, default="", return_dtype=pl.String),
    )
    return named.sort("serial", "register", "at").select(_COLUMNS)


def _read_registers(organisation_id: int, serials: Sequence[str]) -> pl.DataFrame:
    rows = Register.objects.of(organisation_id)
    if serials:
        rows = rows.filter(meter__serial__in=[serial.lower() for serial in serials])
    columns = ("id", "meter__manufacturer", "meter__serial", "quantity", "qualifier", "function", "storage", "tariff",
               "subunit", "unit")  # fmt: skip
    names = ("register", "manufacturer", "serial", *columns[3:])
    schema = {
        name: pl.Int64() if name in ("register", "storage", "tariff", "subunit") else pl.String() for name in names
    }
    return pl.DataFrame(list(rows.values_list(*columns)), schema=schema, orient="row")


def write_export(frame: pl.DataFrame, path: Path) -> None:
    """Write CSV, XLSX or Parquet by the ending of the name.  Raises `ExportError` and `OSError`."""
    form = path.suffix.lower().removeprefix(".")
    if form not in FORMATS:
        raise ExportError(f"{path}: expected a name that ends in {', '.join(f'.{one}' for one in FORMATS)}")
    if form == "parquet":
        frame.write_parquet(path)
    elif form == "csv":
        frame.write_csv(path, datetime_format="%Y-%m-%dT%H:%M:%SZ")
    else:
        _write_xlsx(frame, path)


_MOST_XLSX_ROWS: Final = 1_048_575


def _write_xlsx(frame: pl.DataFrame, path: Path) -> None:
    from openpyxl import Workbook

    if frame.height > _MOST_XLSX_ROWS:
        raise ExportError(f"{path}: {frame.height} rows; a worksheet holds {_MOST_XLSX_ROWS}: export CSV or Parquet")
    book = Workbook(write_only=True)
    sheet = book.create_sheet("readings")
    sheet.append(frame.columns)
    # A worksheet's times have no zone: they are in UTC, as the heading says.
    plain = frame.with_columns(pl.col(pl.Datetime).dt.replace_time_zone(None))
    for row in plain.iter_rows():
        sheet.append(row)
    book.save(path)
