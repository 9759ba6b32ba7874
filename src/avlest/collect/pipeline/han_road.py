# SPDX-License-Identifier: Apache-2.0
"""Frames of HAN ports to values.  Pure.

Short lists do not say which meter sends them; `meters` remembers who was heard at a port, and is kept by the caller.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from fractions import Fraction
from typing import Any, Final, NamedTuple

from avlest.collect.packets import from_microseconds, to_microseconds
from avlest.collect.pipeline.decoded import Decoded
from avlest.collect.pipeline.numbers import LARGEST, round_half_up
from avlest.collect.pipeline.registers import CANONICAL_UNITS, Spec, SpecBook, derive_kind, derive_scaling
from avlest.collect.pipeline.telegram_road import OK_STATUS
from avlest.telegrams.han import HanList, HanValue, Maker, decode_payload
from avlest.telegrams.han.model import HanField
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
        place = _find_place(value)
        raw = value.raw
        if place is None or raw is None or isinstance(raw, str):
            continue
        number = round_half_up(raw * place.factor + place.offset)
        if abs(number) <= LARGEST:
            at = counted_at if place.spec.kind == "counter" else None
            decoded.add_value(row, book.number(place.spec), number, at=at)


class _Place(NamedTuple):
    """Where the values of one field go: its register, and from the number sent to thousandths of the unit stored."""

    spec: Spec
    factor: int | Fraction
    offset: int | Fraction


# Fields are made once a meter model and shared, so that one is known by being the same object.
_PLACES: Final[dict[int, tuple[HanField, _Place | None]]] = {}
_MOST_PLACES: Final = 4096


def _find_place(value: HanValue) -> _Place | None:
    """The place of a value; None for what is no reading."""
    found = _PLACES.get(id(value.field))
    if found is not None:
        return found[1]
    if len(_PLACES) >= _MOST_PLACES:
        _PLACES.clear()
    scaling = derive_scaling(value.unit)
    place = None
    if scaling is not None:
        place = _Place(derive_han_spec(value), _plain(value.scale * scaling.factor), _plain(scaling.offset))
    _PLACES[id(value.field)] = (value.field, place)
    return place


def _plain(number: Fraction) -> int | Fraction:
    """A whole number as such: calculating with fractions costs ten times as much."""
    return number.numerator if number.denominator == 1 else number


def derive_han_spec(value: HanValue) -> Spec:
    """The register of one value: import is the plain one, everything else is told by its name."""
    dimension = UNITS[value.unit].dimension
    qualifier = value.name.removeprefix("active_").removeprefix(f"{value.quantity}_").removesuffix("_import")
    qualifier = "" if qualifier in (value.quantity, "power", "energy", "import") else qualifier
    kind = derive_kind(dimension, value.quantity, "instant")
    return Spec(value.quantity, CANONICAL_UNITS[dimension], qualifier, kind=kind)
