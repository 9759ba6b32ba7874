# SPDX-License-Identifier: Apache-2.0
"""Uplinks of LoRaWAN devices to values, whole batches at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from avlest.catalogue.lorawan.decode import Uplink
from avlest.catalogue.lorawan.model import Device, LorawanReading
from avlest.collect.packets import from_microseconds, to_microseconds
from avlest.collect.pipeline.decoded import Decoded
from avlest.collect.pipeline.numbers import scale_fraction
from avlest.collect.pipeline.registers import CANONICAL_UNITS, Spec, SpecBook, derive_kind, derive_scaling
from avlest.collect.pipeline.telegram_road import OK_STATUS
from avlest.telegrams.outcomes import Outcome, TelegramError
from avlest.telegrams.units import UNITS


class UplinkDecoder(Protocol):
    """What decodes uplinks; see `avlest.collect.lorawan.decoder.LorawanDecoder`."""

    def decode_uplinks(self, uplinks: Sequence[Uplink]) -> list[LorawanReading | TelegramError]:
        """A reading or an error for each uplink, in order."""


def decode_lorawan_messages(
    messages: Sequence[Mapping[str, Any]], decoder: UplinkDecoder, *, book: SpecBook, decoded: Decoded
) -> None:
    """Decode messages (rows of the inbox) into `decoded`; the sender is known by its device EUI."""
    uplinks = [
        Uplink(
            bytes(message["payload"]), message["port"], Device(message["address"].lower()),
            from_microseconds(message["received_at"]), message["counter"],
        )
        for message in messages
    ]  # fmt: skip
    for message, result in zip(messages, decoder.decode_uplinks(uplinks), strict=True):
        row, eui = message["row"], message["address"].lower()
        if isinstance(result, TelegramError):
            outcome, detail, status = result.outcome.value, result.detail, ""
        else:
            outcome, detail, status = Outcome.OK.value, "", ", ".join(result.status) or OK_STATUS
            _add_values(row, result, book, decoded)
        decoded.add_message(row, manufacturer="", serial=eui, family="", status=status, outcome=outcome, detail=detail)


def _add_values(row: int, reading: LorawanReading, book: SpecBook, decoded: Decoded) -> None:
    taken: set[tuple[Spec, int | None]] = set()
    for value in reading.values:
        scaling = derive_scaling(value.unit)
        if scaling is None:
            continue
        dimension = UNITS[value.unit].dimension
        spec = Spec(
            value.quantity or dimension, CANONICAL_UNITS[dimension], "", value.function, value.storage, value.tariff,
            value.subunit, derive_kind(dimension, value.quantity, value.function),
        )  # fmt: skip
        at = to_microseconds(value.at) if value.at else None
        if (spec, at) in taken:  # told apart by name alone
            spec = spec._replace(qualifier=value.name.removesuffix(f"_{value.unit}")[:60])
        taken.add((spec, at))
        number = scale_fraction(value.value, scaling)
        if number is not None:
            decoded.add_value(row, book.number(spec), number, at=at)
