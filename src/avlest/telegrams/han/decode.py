# SPDX-License-Identifier: Apache-2.0
"""One HAN message from bytes to a `HanList`, in a single scalar call."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from fractions import Fraction
from math import inf
from typing import Final

from avlest.telegrams.han import axdr, obis
from avlest.telegrams.han.apdu import Notification, extract_apdu, parse_notification
from avlest.telegrams.han.clock import decode_clock
from avlest.telegrams.han.lists import Entry, build_values, derive_entries, derive_wiring
from avlest.telegrams.han.model import HanList, HanValue, Maker, MeterClock
from avlest.telegrams.han.tibber import unwrap_payload
from avlest.telegrams.outcomes import TelegramError

_COUNTED: Final = frozenset({"energy", "reactive_energy", "apparent_energy"})


def decode_han(data: bytes, *, received_at: datetime | None = None) -> HanList:
    """Decode one push list.

    `data`: HDLC frames or wired M-Bus long frames (all segments of the message back to
    back), an LLC PDU or a bare data-notification.  `received_at` (aware) is only used to
    tell the two occurrences of the repeated hour in autumn apart.

    Raises `TelegramError` and nothing else for bytes that cannot be read.
    """
    if received_at is not None and received_at.tzinfo is None:
        raise ValueError("received_at has no time zone")
    notification = parse_notification(extract_apdu(data))
    body, end = axdr.decode_value(notification.apdu, notification.offset)
    warnings = _note_rest(len(notification.apdu) - end)
    maker, version, entries = derive_entries(body)
    clock_entry = _find_clock(entries)
    if clock_entry is not None:
        entries.remove(clock_entry)
    values = build_values(entries, maker)
    return assemble_list(
        maker, version, values, warnings,
        message_clock=_read_message_clock(notification, maker, received_at),
        list_clock=_read_list_clock(clock_entry, maker, received_at),
        list_clock_obis=obis.format_obis(clock_entry.code) if clock_entry else "",
    )  # fmt: skip


def decode_payload(payload: bytes, *, received_at: datetime | None = None) -> tuple[HanList | TelegramError, ...]:
    """Decode an MQTT payload: a frame, hexadecimal text, or an adapter's envelope of several.

    One result per frame, in order; a frame that cannot be read is its error.  Raises
    `TelegramError` when the payload holds no frame at all (debug text, status).
    """
    results: list[HanList | TelegramError] = []
    for frame in unwrap_payload(payload):
        try:
            results.append(decode_han(frame, received_at=received_at))
        except TelegramError as error:
            results.append(error)
    return tuple(results)


def summarise_values(han_list: HanList) -> dict[str, object]:
    """Plain objects by OBIS code, for JSON: numbers with unit, texts, the clock register."""
    plain: dict[str, object] = {}
    for value in han_list.values:
        reading = value.value
        if isinstance(reading, Fraction):
            plain[value.obis] = {"value": _to_float(reading), "unit": value.field.symbol}
        else:
            plain[value.obis] = reading
    clock = han_list.list_clock
    if clock is not None:
        plain[han_list.list_clock_obis] = {
            "local": clock.local, "deviation": clock.deviation, "status": clock.status,
        }  # fmt: skip
    return plain


def _to_float(number: Fraction) -> float:
    try:
        return float(number)
    except OverflowError:  # a double of the meter times a power of ten
        return inf if number > 0 else -inf


def _note_rest(count: int) -> tuple[str, ...]:
    return (f"{count} bytes follow the list",) if count else ()


def _find_clock(entries: Sequence[Entry]) -> Entry | None:
    for entry in entries:
        if type(entry.value) is bytes and len(entry.value) == 12 and obis.is_clock(entry.code):
            return entry
    return None


def _read_message_clock(notification: Notification, maker: Maker, received_at: datetime | None) -> MeterClock | None:
    if not notification.date_time:
        return None
    return decode_clock(notification.date_time, maker, received_at=received_at)


def _read_list_clock(entry: Entry | None, maker: Maker, received_at: datetime | None) -> MeterClock | None:
    if entry is None or not isinstance(entry.value, bytes):
        return None
    return decode_clock(entry.value, maker, received_at=received_at)


def assemble_list(
    maker: Maker,
    version: str,
    values: tuple[HanValue, ...],
    warnings: tuple[str, ...],
    *,
    message_clock: MeterClock | None,
    list_clock: MeterClock | None,
    list_clock_obis: str,
) -> HanList:
    """Make the list of its parts: meter, model, wiring and list number follow from the values."""
    texts = {value.field.name: value.raw for value in values if isinstance(value.raw, str)}
    model = str(texts.get("meter_type", ""))
    return HanList(
        maker=maker,
        version=version,
        list_id=_derive_list_id(values, list_clock),
        meter_id=str(texts.get("meter_id", "")),
        model=model,
        wiring=derive_wiring(maker, model, values),
        clock=_choose_instant(list_clock, message_clock),
        message_clock=message_clock,
        list_clock=list_clock,
        list_clock_obis=list_clock_obis,
        values=values,
        warnings=warnings,
    )


def _derive_list_id(values: tuple[HanValue, ...], list_clock: MeterClock | None) -> int:
    if list_clock is not None or any(value.field.quantity in _COUNTED for value in values):
        return 3
    return 1 if sum(type(value.raw) is not str for value in values) == 1 else 2


def _choose_instant(*clocks: MeterClock | None) -> datetime | None:
    """The first clock that is there, valid by its own account, and stands for an instant."""
    for clock in clocks:
        if clock is not None and clock.instant is not None and clock.is_valid:
            return clock.instant
    return None
