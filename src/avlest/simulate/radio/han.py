# SPDX-License-Identifier: Apache-2.0
"""Hourly HAN lists of the three Norwegian makes, in columns.  Pure.

One example a maker is built with the scalar encoder; where each register, the clocks and the meter's number stand is
found by building it again with another value.  What differs is laid into copies and the check sequences are made anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from avlest.simulate.radio.sent import EmissionError, Integers, Sent
from avlest.telegrams.encode.han import build_list, encode_clock, encode_han
from avlest.telegrams.han.model import HanList, Maker
from avlest.telegrams.layouts.batch import Bytes

VOLTAGE: Final = 230
LIST: Final = 3
_NORMAL_TIME: Final = np.timedelta64(3600, "s")
_NUMBER_LENGTH: Final = 16
_NUMBER: Final = "0" * _NUMBER_LENGTH
_PREFIXES: Final = {Maker.AIDON: "73599928", Maker.KAIFA: "69706314", Maker.KAMSTRUP: "57065670"}
_TYPES: Final = {Maker.AIDON: "6525", Maker.KAIFA: "MA304H3E", Maker.KAMSTRUP: "6841121BN243101040"}
_COLUMNS: Final = {
    "active_power_import": "power",
    "active_power_export": "power_export",
    "active_energy_import": "energy",
    "active_energy_export": "energy_export",
}
_DERIVED: Final = ("current_l1",)
_STEADY: Final = {"reactive_power_import": 0, "reactive_power_export": 0, "voltage_l1": VOLTAGE,
                  "reactive_energy_import": 0, "reactive_energy_export": 0}  # fmt: skip


def derive_meter_id(maker: Maker, serial: int) -> str:
    """The number of 16 digits that a meter says of itself in its lists."""
    return f"{_PREFIXES[maker]}{serial:08d}"


@dataclass(frozen=True, slots=True)
class _Field:
    """Where a register stands, and the thousandths of its canonical unit that one count is."""

    at: int
    size: int
    step: Fraction


@dataclass(frozen=True, slots=True)
class _Template:
    """One maker's list as bytes, and the places in it."""

    frame: Bytes
    fields: Mapping[str, _Field]
    hour_at: int
    message_at: int | None
    number_at: int


def encode_han_rows(maker: Maker, sent: Sent) -> Bytes:
    """Frames of list 3, one a row.

    `sent.values`: power, power_export (thousandths of W), energy, energy_export (thousandths of kWh); the counters are
    those of the full hour that `sent.clocks` is in.  The current follows from the power at 230 V.
    """
    template = _make_template(maker)
    data = np.tile(template.frame, (len(sent), 1))
    for name, place in template.fields.items():
        _lay_number(data, place, _get_thousandths(name, sent), name)
    hours = sent.clocks.astype("datetime64[h]").astype("datetime64[s]")
    data[:, template.hour_at : template.hour_at + 12] = _encode_clocks(maker, hours)
    if template.message_at is not None:
        data[:, template.message_at : template.message_at + 12] = _encode_clocks(maker, sent.clocks)
    digits = np.array([list(derive_meter_id(maker, serial).encode()) for serial in sent.serials.tolist()], np.uint8)
    data[:, template.number_at : template.number_at + _NUMBER_LENGTH] = digits.reshape(-1, _NUMBER_LENGTH)
    crc = compute_x25_rows(data[:, 1:-3])
    data[:, -3], data[:, -2] = crc & 0xFF, crc >> 8
    return data


def derive_current(power: Integers) -> Integers:
    """Thousandths of A at 230 V and a single phase, from thousandths of W."""
    return (power + VOLTAGE // 2) // VOLTAGE


def _get_thousandths(name: str, sent: Sent) -> Integers:
    if name == "current_l1":
        return derive_current(np.maximum(sent.values["power"], sent.values["power_export"]))
    column = sent.values.get(_COLUMNS[name])
    if column is None:
        raise EmissionError(f"HAN list: no column {_COLUMNS[name]!r}")
    return column


def _lay_number(data: Bytes, place: _Field, values: Integers, name: str) -> None:
    numerator, denominator = place.step.numerator, place.step.denominator
    scaled = values * denominator
    # What a meter measures it rounds; what it counts is whole counts already.
    counts = (2 * scaled + numerator) // (2 * numerator)
    if "energy" in name and (counts * numerator != scaled).any():
        raise EmissionError(f"HAN list {name}: a value is no multiple of {place.step} thousandths")
    if ((counts < 0) | (counts >= 1 << 8 * place.size - 1)).any():
        raise EmissionError(f"HAN list {name}: {int(counts.max())} does not fit {place.size} bytes")
    for number in range(place.size):
        data[:, place.at + number] = counts >> 8 * (place.size - 1 - number) & 0xFF


def _encode_clocks(maker: Maker, clocks: npt.NDArray[np.datetime64]) -> Bytes:
    """DLMS date-times; the clocks are in normal time, Kaifa shows civil time."""
    wall = clocks
    if maker is Maker.KAIFA:
        utc = pl.Series((clocks - _NORMAL_TIME).astype("datetime64[us]")).dt.replace_time_zone("UTC")
        civil = utc.dt.convert_time_zone("Europe/Oslo").dt.replace_time_zone(None)
        wall = civil.to_numpy().astype("datetime64[s]")
    days, months = wall.astype("datetime64[D]"), wall.astype("datetime64[M]")
    number = months.astype(np.int64)
    year, seconds = number // 12 + 1970, (wall - days).astype(np.int64)
    parts = (
        year >> 8, year & 0xFF, number % 12 + 1, (days - months).astype(np.int64) + 1,
        (days.astype(np.int64) + 3) % 7 + 1, seconds // 3600, seconds // 60 % 60, seconds % 60,
        np.full_like(year, 0xFF),
    )  # fmt: skip
    tail = np.tile(np.array([0, 0, 0] if maker is Maker.AIDON else [0x80, 0, 0]), (len(wall), 1))
    return np.column_stack((*parts, tail)).astype(np.uint8)


@lru_cache
def _make_template(maker: Maker) -> _Template:
    zero = _build(maker, {})
    frame = encode_han(zero)
    names = (*_COLUMNS, *_DERIVED)
    scales = {value.name: Fraction(value.scale) for value in zero.values}
    fields = {name: _find_field(maker, name, scales[name], frame) for name in names}
    assert zero.list_clock is not None
    moment = encode_clock(zero.list_clock)
    first, last = frame.find(moment), frame.rfind(moment)
    return _Template(
        np.frombuffer(frame, np.uint8),
        fields,
        hour_at=last,
        message_at=first if first != last else None,
        number_at=frame.find(_NUMBER.encode()),
    )


def _build(maker: Maker, readings: Mapping[str, Fraction]) -> HanList:
    every = {name: Fraction(0) for name in (*_COLUMNS, *_DERIVED)} | {n: Fraction(v) for n, v in _STEADY.items()}
    clock = datetime(2026, 3, 7, 8, 9, 51, tzinfo=UTC)
    return build_list(maker, LIST, readings={**every, **readings}, clock=clock, meter_id=_NUMBER, model=_TYPES[maker])


def _find_field(maker: Maker, name: str, scale: Fraction, zero: bytes) -> _Field:
    """Where the bytes of a register stand: those that change when all of them become 1."""
    # Counters are in Wh and kept in thousandths of a kWh; everything else in thousandths of the unit itself.
    step = scale if "energy" in name else scale * 1000
    for size in (4, 2):
        try:
            other = encode_han(_build(maker, {name: scale * int.from_bytes(b"\x01" * size)}))
        except ValueError:
            continue
        changed = [at for at in range(len(zero) - 3) if zero[at] != other[at]]
        return _Field(changed[0], size, step)
    raise AssertionError(f"{maker}: {name} stands nowhere")


@lru_cache
def _x25_table() -> npt.NDArray[np.uint16]:
    table = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        table = np.where(table & 1, table >> 1 ^ 0x8408, table >> 1)
    return table.astype(np.uint16)


def compute_x25_rows(matrix: Bytes) -> npt.NDArray[np.uint16]:
    """CRC-16/X-25 of each row (IEC 62056-46), the twin of `han.hdlc.compute_crc`; shape (n,)."""
    table = _x25_table()
    crc = np.full(len(matrix), 0xFFFF, np.uint16)
    for column in np.ascontiguousarray(matrix.T):
        crc = crc >> 8 ^ table[(crc ^ column) & 0xFF]
    return crc ^ np.uint16(0xFFFF)
