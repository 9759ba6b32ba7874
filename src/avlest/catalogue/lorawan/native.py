# SPDX-License-Identifier: Apache-2.0
"""Uplinks that are M-Bus records: their numbers, each with the time the meter took it.

A register's number with a storage number and a date and time of that storage number is the
register as it stood then, so it becomes a dated value of the register itself; the entries
of compact profiles (EN 13757-3:2018, annex F) likewise.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from fractions import Fraction
from typing import Final

from avlest.catalogue.bind import Binding, derive_factor
from avlest.catalogue.clear import EMPTY_PAYLOAD, Clear
from avlest.catalogue.decoder import Decoder
from avlest.catalogue.evaluate import evaluate_binding
from avlest.catalogue.lookup import OK, translate_transport_status
from avlest.catalogue.lorawan.exact import scale_exactly
from avlest.catalogue.lorawan.mapping import Mapped
from avlest.catalogue.lorawan.model import Layout, LorawanValue, Rule
from avlest.catalogue.model import Family, Field
from avlest.catalogue.systematic import derive_kind, derive_name
from avlest.telegrams.outcomes import Outcome, TelegramError
from avlest.telegrams.records.dates import MeterTime
from avlest.telegrams.records.model import Coding, Function, Record
from avlest.telegrams.records.profiles import (
    Profile,
    decode_profile,
    derive_entry_times,
    find_profile_base,
    is_profile,
)
from avlest.telegrams.records.values import decode_number, decode_value
from avlest.telegrams.wmbus.address import NO_ADDRESS, Address
from avlest.telegrams.wmbus.stack import decode_application

FURTHEST_AHEAD: Final = timedelta(days=1)
"""A value dated further ahead of its reception has a wrong date."""

_RECORDS_ALONE: Final = 0x78
_COUNTED: Final = frozenset({"energy", "volume", "mass", "reactive_energy", "apparent_energy", "heat_cost_allocation"})
_NAMELESS: Final = frozenset({"manufacturer_specific", "unknown", "any_vif", "reserved"})
_CLOCKS: Final = (Coding.DATETIME_F, Coding.DATETIME_I)
_IDENTITIES: Final = ("fabrication_number", "enhanced_identification")
_FLAGS: Final = "error_flags"
_USED: Final = (*_IDENTITIES, _FLAGS, "manufacturer_specific", "record_")


_SECONDS: Final = {"s": 1, "min": 60, "h": 3600, "d": 86_400}
_MOST_NAMES: Final = 4096


@dataclass(frozen=True, slots=True)
class _Clock:
    """The zone that the meter's clock keeps, and when the uplink was heard."""

    zone: tzinfo
    received_at: datetime

    def derive_instant(self, moment: MeterTime | date) -> datetime | None:
        """The moment in UTC; a bare date is the beginning of that day."""
        clock = moment if isinstance(moment, MeterTime) else MeterTime(moment, 0, 0)
        try:
            return clock.to_datetime(self.zone).astimezone(UTC)
        except OverflowError:
            return None

    def accepts(self, at: datetime | None) -> bool:
        """Whether a value's time can be right: not far ahead of its reception."""
        return at is None or at <= self.received_at + FURTHEST_AHEAD


@dataclass(frozen=True, slots=True)
class _Named:
    """Name, unit and exact conversion of a record's number; `is_own` where a catalogue file names it."""

    name: str
    unit: str
    factor: Fraction
    offset: Fraction
    is_own: bool = False


_NAMES: Final[dict[tuple[bytes, int, Coding, int], _Named | None]] = {}


def read_records(
    payload: bytes, rule: Rule, *, decoder: Decoder, family: Family | None, zone: tzinfo, received_at: datetime
) -> Mapped:
    """The records of an uplink under a rule of layout application or records.

    `family` says what the records mean where the payload names no meter model of its own;
    `zone` is what the meter's clock keeps.  Raises `TelegramError`.
    """
    found, clear = _open(payload, rule, decoder)
    family = found or family
    records = clear.records.records
    if not records:
        raise TelegramError(Outcome.NO_DATA, "the uplink holds no record")
    binding = decoder.bind(family, clear)
    problems: list[TelegramError] = []
    warnings: list[str] = []
    if clear.records.error:
        problems.append(clear.records.error)
    values = tuple(_derive_values(records, binding, _Clock(zone, received_at), problems, warnings))
    if problems and not values:
        raise problems[0]
    warnings += [problem.detail for problem in problems]
    flat = evaluate_binding(binding, records, clear.status)
    return Mapped(
        values,
        _derive_status(clear, family, flat.get("status")),
        _find_serial(records, clear.address),
        (*_find_texts(flat), *_keep_nameless(records, binding)),
        tuple(warnings),
    )


def _open(payload: bytes, rule: Rule, decoder: Decoder) -> tuple[Family | None, Clear]:
    body = payload[rule.skip :]
    if rule.layout is Layout.APPLICATION:
        return decoder.read_payload(decode_application(body))
    if not body:
        raise TelegramError(
            Outcome.TOO_SHORT, f"the uplink has {len(payload)} bytes, its records begin after {rule.skip}"
        )
    return decoder.read_clear(Clear(NO_ADDRESS, NO_ADDRESS, _RECORDS_ALONE, body, None, EMPTY_PAYLOAD))


def _derive_values(
    records: Sequence[Record], binding: Binding, clock: _Clock, problems: list[TelegramError], warnings: list[str]
) -> Iterator[LorawanValue]:
    names = _name_records(records, binding)
    moments = _find_moments(records)
    for index, record in enumerate(records):
        try:
            if is_profile(record):
                found = _expand_profile(record, records, clock)
            else:
                found = _read_number(record, names.get(index), moments.get(record.storage), clock, warnings)
            for value in found:
                if clock.accepts(value.at):
                    yield value
                else:
                    warnings.append(f"{value.name} is dated {value.at}, after its reception")
        except TelegramError as error:
            problems.append(error)


def _name_records(records: Sequence[Record], binding: Binding) -> dict[int, _Named]:
    """Names by the index of the record: those of a catalogue file, else the systematic ones."""
    names: dict[int, _Named] = {}
    claimed = _find_claimed(binding)
    for bound in binding.bound:
        field = bound.field
        if bound.record in claimed and field.kind == "number" and not (field.hidden or field.mask or field.compute):
            names.setdefault(bound.record, _Named(bound.name, field.unit, bound.factor, bound.offset, is_own=True))
    for index, record in enumerate(records):
        if index in names or is_profile(record) or record.meaning.quantity in _NAMELESS:
            continue
        named = _name_systematically(record)
        if named is not None:
            names[index] = named
    return names


def _find_claimed(binding: Binding) -> frozenset[int]:
    """The records that a catalogue file (not the stand-in family) reads."""
    return frozenset(bound.record for bound in binding.bound) if binding.family.origin else frozenset()


def _keep_nameless(records: Sequence[Record], binding: Binding) -> Iterator[tuple[str, str]]:
    """Records of the manufacturer's that no catalogue file reads, as they came."""
    claimed = _find_claimed(binding)
    for index, record in enumerate(records):
        if record.meaning.quantity in _NAMELESS and index not in claimed:
            number = decode_number(record)
            yield f"record_{record.key.hex()}", record.data.hex().upper() if number is None else str(number)


def _name_systematically(record: Record) -> _Named | None:
    """The systematic name of a record's number, remembered by its header; None where it is no number."""
    memo = (record.key, record.storage, record.coding, record.data_length)
    if memo not in _NAMES:
        if len(_NAMES) >= _MOST_NAMES:
            _NAMES.clear()
        _NAMES[memo] = _derive_named(record)
    return _NAMES[memo]


def _derive_named(record: Record) -> _Named | None:
    kind, unit = derive_kind(record)
    if is_profile(record):  # of values themselves, without a base: only the modifiers say that it is a profile
        kind, unit = derive_kind(replace(record, coding=Coding.INT))
    if kind != "number":
        return None
    name = derive_name(record, "number", unit)
    return _Named(name, unit, *derive_factor(Field(name, "number", unit), record))


def _find_moments(records: Sequence[Record]) -> Mapping[int, MeterTime]:
    """The date and time of each storage number that has a valid one."""
    moments: dict[int, MeterTime] = {}
    for record in records:
        if record.coding not in _CLOCKS or record.meaning.quantity != "datetime" or record.meaning.modifiers:
            continue
        value = decode_value(record) if record.function is Function.INSTANT else None
        if isinstance(value, MeterTime):
            moments.setdefault(record.storage, value)
    return moments


def _read_number(
    record: Record, named: _Named | None, moment: MeterTime | None, clock: _Clock, warnings: list[str]
) -> Iterator[LorawanValue]:
    if named is None:
        return
    number = decode_number(record)
    if number is None or record.function is Function.ERROR or _is_marked_invalid(record, number):
        warnings.append(f"{named.name}: the meter has no valid value")
        return
    at = None if moment is None else clock.derive_instant(moment)
    if at is not None and record.storage and (_is_register(record) or not named.is_own):
        record = replace(record, storage=0)
        named = replace(named, name=derive_name(record, "number", named.unit))
    yield _make_value(record, named, number, at)


def _is_marked_invalid(record: Record, number: int | float) -> bool:
    """Whether a signed number is the lowest of its size: no value (EN 13757-3:2018, annex A, type B)."""
    return record.coding is Coding.INT and record.data_length > 0 and number == -(1 << 8 * record.data_length - 1)


def _is_register(record: Record) -> bool:
    return record.meaning.quantity in _COUNTED and record.function is Function.INSTANT


def _make_value(record: Record, named: _Named, number: int | float, at: datetime | None) -> LorawanValue:
    quantity = record.meaning.quantity
    if quantity in _NAMELESS:  # a catalogue file knows what the maker's record is
        quantity = named.name.removesuffix(f"_{named.unit}")
    return LorawanValue(
        named.name,
        quantity,
        named.unit,
        scale_exactly(number, named.factor, named.offset),
        at,
        record.storage,
        record.tariff,
        record.subunit,
        record.function.value,
    )


def _expand_profile(profile: Record, records: Sequence[Record], clock: _Clock) -> Iterator[LorawanValue]:
    """The entries of a compact profile as dated values of the register its base value is of."""
    base, moment = find_profile_base(profile, records)
    shown = None if moment is None else decode_value(moment)
    if not isinstance(shown, MeterTime | date):
        raise TelegramError(Outcome.BAD_RECORDS, "a profile has no base time in the uplink", offset=profile.offset)
    entries = decode_profile(profile, None if base is None else decode_number(base))
    if base is None and all(value is None for value in entries.values):
        raise TelegramError(Outcome.BAD_RECORDS, "a profile has no base value in the uplink", offset=profile.offset)
    record = base or profile
    register = replace(record, storage=0) if _is_register(record) else record
    named = _name_systematically(register)
    if named is None:
        raise TelegramError(Outcome.BAD_RECORDS, "a profile is of no number", offset=profile.offset)
    for value, at in zip(entries.values, _derive_instants(entries, shown, clock), strict=True):
        if value is not None and at is not None:
            yield _make_value(register, named, value, at)


def _derive_instants(profile: Profile, base: MeterTime | date, clock: _Clock) -> list[datetime | None]:
    """When each entry was taken, in UTC.

    In a zone without summer time equal steps of the meter's clock are equal steps of time.
    """
    first = clock.derive_instant(base)
    seconds = _SECONDS.get(profile.spacing.unit) if isinstance(base, MeterTime) else None
    if seconds is None or first is None or not isinstance(clock.zone, timezone):
        times = derive_entry_times(profile, base)
        return [None if time is None else clock.derive_instant(time) for time in times]
    step = timedelta(seconds=(-1 if profile.inverse else 1) * seconds * profile.spacing.count)
    try:
        return [first + number * step for number in range(1, len(profile.values) + 1)]
    except OverflowError:
        return [None] * len(profile.values)


def _derive_status(clear: Clear, family: Family | None, told: object) -> tuple[str, ...]:
    """The words of the family's status; without one, of the transport byte and the error flags."""
    if family is not None and any(field.status for field in family.fields):
        return () if told in (OK, None) else tuple(str(told).split())
    words: set[str] = set()
    if clear.status is not None:
        words |= set(translate_transport_status(clear.status, None).split())
    for record in clear.records.records:
        if record.meaning.quantity == _FLAGS:
            flags = int.from_bytes(record.data, "little")
            words |= {f"ERROR_FLAGS_{flags:X}"} if flags else set()
    return tuple(sorted(words - {OK}))


def _find_serial(records: Sequence[Record], address: Address) -> str:
    """The serial number of the meter as its eight digits, or ""."""
    for record in records:
        if record.meaning.quantity in _IDENTITIES and record.data_length in (4, 8):
            return record.data[3::-1].hex().upper()
    return "" if address == NO_ADDRESS else address.id


def _find_texts(flat: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """What is told as text and not used otherwise: versions, dates, other identities."""
    for name, text in flat.items():
        is_used = name == "status" or name.startswith(_USED)
        if isinstance(text, str) and text and not is_used:
            yield name, text
