# SPDX-License-Identifier: Apache-2.0
"""Frames of HAN ports to values.  Pure.

Short lists do not say which meter sends them; `meters` remembers who was heard at a port, and is kept by the caller.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from fractions import Fraction
from typing import Any, Final

from avlest.collect.packets import from_microseconds, to_microseconds
from avlest.collect.pipeline.decoded import Decoded
from avlest.collect.pipeline.numbers import scale_fraction
from avlest.collect.pipeline.registers import CANONICAL_UNITS, Spec, SpecBook, derive_kind, derive_scaling
from avlest.collect.pipeline.telegram_road import OK_STATUS
from avlest.telegrams.han import HanList, HanValue, Maker, decode_payload
from avlest.telegrams.outcomes import Outcome, TelegramError
from avlest.telegrams.units import UNITS

Port = tuple[str, str]
"""Source and gateway."""

FLAGS: Final[Mapping[Maker, str]] = {Maker.AIDON: "AID", Maker.KAIFA: "KFM", Maker.KAMSTRUP: "KAM"}
"""The makers' codes in the register of the DLMS User Association."""

# A clock farther than this from the time of reception is set wrong.
_MOST_OFF: Final = 2 * 3_600_000_000
_HOUR_LIST: Final = 3


def decode_han_message(
    row: int, heard: Mapping[str, Any], *, meters: MutableMapping[Port, str], book: SpecBook, decoded: Decoded
) -> None:
    """Decode one message (a row of the inbox) into `decoded`; raises nothing for bytes that cannot be read."""
    port = (heard["source"], heard["gateway"])
    at = int(heard["received_at"])
    try:
        lists = decode_payload(heard["payload"], received_at=from_microseconds(at))
        errors = [item for item in lists if isinstance(item, TelegramError)]
        good = [item for item in lists if isinstance(item, HanList)]
        if not good:
            raise errors[0] if errors else TelegramError(Outcome.NO_DATA, "no push list")
    except TelegramError as error:
        maker, _, serial = meters.get(port, "").rpartition(":")
        decoded.add_message(
            row,
            manufacturer=maker,
            serial=serial,
            family="",
            status="",
            outcome=error.outcome.value,
            detail=error.detail,
        )
        return
    for item in good:
        if item.meter_id:
            meters[port] = f"{FLAGS.get(item.maker, '')}:{item.meter_id.lower()}"
    sender = f":{heard['address'].lower()}" if heard["address"] else meters.get(port, "")
    maker, _, serial = sender.rpartition(":")
    for item in good:
        _add_values(row, item, at, book, decoded)
    decoded.add_message(
        row,
        manufacturer=maker,
        serial=serial,
        family=good[-1].model,
        status=OK_STATUS,
        outcome=Outcome.OK.value,
        detail="",
    )


def _add_values(row: int, item: HanList, received_at: int, book: SpecBook, decoded: Decoded) -> None:
    clock = to_microseconds(item.clock) if item.clock else None
    # Registers that count are those of the full hour the list's clock names; the others are of now.
    counted_at = (
        clock if clock is not None and item.list_id == _HOUR_LIST and abs(clock - received_at) <= _MOST_OFF else None
    )
    for value in item.values:
        scaling = derive_scaling(value.unit)
        if scaling is None or not isinstance(value.value, int | Fraction):
            continue
        spec = derive_han_spec(value)
        number = scale_fraction(Fraction(value.value), scaling)
        if number is not None:
            decoded.add_value(row, book.number(spec), number, at=counted_at if spec.kind == "counter" else None)


def derive_han_spec(value: HanValue) -> Spec:
    """The register of one value: import is the plain one, everything else is told by its name."""
    dimension = UNITS[value.unit].dimension
    qualifier = value.name.removeprefix("active_").removeprefix(f"{value.quantity}_").removesuffix("_import")
    qualifier = "" if qualifier in (value.quantity, "power", "energy", "import") else qualifier
    kind = derive_kind(dimension, value.quantity, "instant")
    return Spec(value.quantity, CANONICAL_UNITS[dimension], qualifier, kind=kind)
