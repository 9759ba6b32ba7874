# SPDX-License-Identifier: Apache-2.0
"""What a run used, as frames that are kept: a rerun years later reads these and nothing else.  Pure."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import zipfile
from collections.abc import Mapping
from datetime import date
from typing import Any

import polars as pl

from avlest.settlement.contracts import CONSUMPTION, EARLIER, LINES, SERVICES, SUBSCRIBERS

ACCOUNTS: Mapping[str, pl.DataType] = {
    "subscriber": pl.Int64(),
    "number": pl.Int64(),
    "property": pl.Int64(),
    "party": pl.Int64(),
    "start": pl.Date(),
    "stop": pl.Date(),  # null: still
    "terms": pl.Int16(),
    "standard": pl.Int64(),  # a year's stipulated quantity by area or persons; null: not known
    "settle": pl.Boolean(),  # its year is settled by this run
    "charge": pl.Boolean(),  # its terms are charged by this run
}
"""The accounts of a part; those with neither `settle` nor `charge` only take their share of a property."""

QUANTITIES: Mapping[str, pl.DataType] = {
    "source": pl.Int64(),  # what CONSUMPTION.source names: one account's days [start, stop)
    "subscriber": pl.Int64(),
    "start": pl.Date(),
    "stop": pl.Date(),
    "point": pl.Int64(),
    "series": pl.Int64(),
    "purpose": pl.String(),  # billing or reduction
    "medium": pl.String(),
    "quantity": pl.Int64(),  # thousandths of the price's unit
    "days": pl.Int32(),
    "days_read": pl.Int32(),  # quality of a reading
    "days_estimated": pl.Int32(),  # on no difference of two readings; the rest of the days lie between readings
    "days_missing": pl.Int32(),
    "quality": pl.Int16(),
    "method": pl.String(),  # of contracts.Provenance
    "before": pl.Int64(),  # register value at the start, thousandths of the series' unit; null: not known
    "after": pl.Int64(),
}
"""Where each quantity comes from: one row per account, stretch of days and metering point."""

ADVANCES: Mapping[str, pl.DataType] = {"subscriber": pl.Int64(), "service": pl.String(), "quantity": pl.Int64()}

LAST_YEAR: Mapping[str, pl.DataType] = {
    "subscriber": pl.Int64(),
    "service": pl.String(),
    "quantity": pl.Int64(),
    "days": pl.Int32(),
}
"""What each account was settled for the year before, for comparison."""

FRAMES: Mapping[str, Mapping[str, pl.DataType]] = {
    "accounts": ACCOUNTS,
    "subscribers": SUBSCRIBERS,
    "services": SERVICES,
    "consumption": CONSUMPTION,
    "quantities": QUANTITIES,
    "earlier": EARLIER,
    "charged": EARLIER,
    "advances": ADVANCES,
    "last_year": LAST_YEAR,
    "orders": LINES,
    "billed": EARLIER,
}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """The frames of one part.  `earlier`: invoiced for the settled year; `charged`: for the year of the terms;
    `orders`: the lines of ordered services, whose `source` is the order's row; `billed`: all that was settled the year
    before of those who were stipulated then.
    """

    accounts: pl.DataFrame
    subscribers: pl.DataFrame
    services: pl.DataFrame
    consumption: pl.DataFrame
    quantities: pl.DataFrame
    earlier: pl.DataFrame
    charged: pl.DataFrame
    advances: pl.DataFrame
    last_year: pl.DataFrame
    orders: pl.DataFrame
    billed: pl.DataFrame


_TERM_FIELDS = ("due_terms", "past_terms")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """What a run is about; `due_terms` are the terms charged now, `past_terms` by earlier runs, by terms a year."""

    kind: str
    year: int
    settles: bool
    charge_year: int
    due_terms: Mapping[int, tuple[int, ...]]
    past_terms: Mapping[int, tuple[int, ...]]
    method: str
    shortest: int

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        terms = {
            name: {str(count): list(terms) for count, terms in getattr(self, name).items()} for name in _TERM_FIELDS
        }
        return {**dataclasses.asdict(self), **terms}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Parameters:
        """Return what `to_json` wrote."""
        terms = {name: {int(count): tuple(terms) for count, terms in values[name].items()} for name in _TERM_FIELDS}
        return cls(**{**values, **terms})


def shape(frame: pl.DataFrame, schema: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """Return `frame` with exactly the columns of `schema`; missing ones null."""
    return frame.select(
        (pl.col(name) if name in frame.columns else pl.lit(None)).cast(kind).alias(name)
        for name, kind in schema.items()
    )


def empty(schema: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """Return no rows."""
    return pl.DataFrame(schema=dict(schema))


def pack_frames(frames: Mapping[str, pl.DataFrame]) -> bytes:
    """Return frames as one file: a ZIP of Parquet, which any tool opens; equal frames give equal bytes."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name, frame in frames.items():
            content = io.BytesIO()
            frame.write_parquet(content, compression="zstd", statistics=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.parquet", date_time=(1980, 1, 1, 0, 0, 0)), content.getvalue())
    return target.getvalue()


def unpack_frames(content: bytes) -> dict[str, pl.DataFrame]:
    """Return what `pack_frames` packed."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name.removesuffix(".parquet"): _read(archive.read(name)) for name in archive.namelist()}


def unpack_frame(content: bytes, name: str) -> pl.DataFrame:
    """Return one of the frames, without reading the others."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return _read(archive.read(f"{name}.parquet"))


def _read(content: bytes) -> pl.DataFrame:
    return pl.read_parquet(io.BytesIO(content))


def pack_inputs(inputs: Inputs) -> bytes:
    """Return the inputs of a part as one file."""
    return pack_frames({name: shape(getattr(inputs, name), schema) for name, schema in FRAMES.items()})


def unpack_inputs(content: bytes) -> Inputs:
    """Return the inputs of a part."""
    frames = unpack_frames(content)
    return Inputs(**{name: shape(frames[name], schema) for name, schema in FRAMES.items()})


def derive_digest(*parts: bytes) -> str:
    """Return the SHA-256 of some contents in order."""
    found = hashlib.sha256()
    for part in parts:
        found.update(len(part).to_bytes(8, "big") + part)
    return found.hexdigest()


def derive_year_days(year: int) -> tuple[date, date]:
    """Return the days of a year, half-open."""
    return date(year, 1, 1), date(year + 1, 1, 1)
