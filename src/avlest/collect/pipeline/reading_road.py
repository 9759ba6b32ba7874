# SPDX-License-Identifier: Apache-2.0
"""Readings that came as such: typed in, walked by, from a file.  Pure."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any, Final

from avlest.collect.formats.canonical import Reading, load_readings
from avlest.collect.formats.model import FormatError
from avlest.collect.packets import to_microseconds
from avlest.collect.pipeline.decoded import Decoded, PipelineOutcome
from avlest.collect.pipeline.numbers import scale_fraction
from avlest.collect.pipeline.registers import CANONICAL_UNITS, Spec, SpecBook, derive_kind, derive_scaling
from avlest.readings.quality import Quality
from avlest.telegrams.units import UNITS

_QUALITIES: Final[Mapping[str, Quality]] = {
    "measured": Quality.MEASURED,
    "manual": Quality.CUSTOMER_READ,
    "estimated": Quality.ESTIMATED,
    "final_estimated": Quality.FINAL_ESTIMATED,
    "temporary": Quality.TEMPORARY,
}


def decode_reading_message(row: int, heard: Mapping[str, Any], *, book: SpecBook, decoded: Decoded) -> None:
    """Decode one message (a row of the inbox) into `decoded`.

    A point's identifier stands where a serial would; resolving looks for both.
    """
    try:
        readings = load_readings(heard["payload"])
        for reading in readings:
            _add(row, reading, book, decoded)
    except FormatError as error:
        outcome, detail, serial = PipelineOutcome.BAD_READING.value, str(error), heard["address"]
    else:
        outcome, detail, serial = (
            PipelineOutcome.OK.value,
            "",
            heard["address"] or readings[0].meter or readings[0].point,
        )
    decoded.add_message(
        row, manufacturer="", serial=serial.lower(), family="", status="OK", outcome=outcome, detail=detail
    )


def _add(row: int, reading: Reading, book: SpecBook, decoded: Decoded) -> None:
    scaling = derive_scaling(reading.unit)
    if scaling is None:
        raise FormatError(
            f"{reading.unit or 'no unit'}: expected one that readings come in, such as m3 or kwh", field="unit"
        )
    dimension = UNITS[reading.unit].dimension
    quantity = reading.quantity or dimension
    # An amount of a period is no state of a register: it has a register of its own, named for what it is.
    words = [reading.direction if reading.direction == "export" else "", "amount" if reading.since else ""]
    kind = "gauge" if reading.since else derive_kind(dimension, quantity, "instant")
    spec = Spec(quantity, CANONICAL_UNITS[dimension], "_".join(filter(None, words)), kind=kind)
    number = scale_fraction(Fraction(reading.value), scaling)
    if number is None:
        raise FormatError(f"{reading.value}: too large", field="value")
    decoded.add_value(
        row, book.number(spec), number, at=to_microseconds(reading.at), quality=_QUALITIES[reading.quality]
    )
