# SPDX-License-Identifier: Apache-2.0
"""From a codec's object to values, status words and texts, as a profile says."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from avlest.catalogue.lorawan.exact import scale_exactly
from avlest.catalogue.lorawan.model import LorawanValue, Rule, Scalar, StatusRule, ValueRule
from avlest.telegrams.lorawan.answers import clean_text
from avlest.telegrams.outcomes import Outcome, TelegramError

LARGEST: Final = 10**18
"""No meter counts further; a larger number is a codec's mistake."""

_NUMBER: Final = re.compile(r"^[+-]?\d{1,18}(\.\d{1,18})?$")
_FINEST: Final = 18  # decimals
_LONGEST_TIME: Final = 15  # digits of milliseconds
_MILLISECONDS_FROM: Final = 100_000_000_000  # as seconds this is the year 5138
_FURTHEST_AHEAD: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Mapped:
    """What a profile takes from an uplink: from a codec's object, or from records."""

    values: tuple[LorawanValue, ...]
    status: tuple[str, ...]
    serial: str
    texts: tuple[tuple[str, str], ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Item:
    """One item of a list (or the whole object), and its place in the list."""

    value: Any
    number: int


def map_object(data: Mapping[str, Any], rule: Rule, *, zone: tzinfo, received_at: datetime) -> Mapped:
    """Values, words and texts of a codec's object.

    `zone` is that of times without one.  Raises `TelegramError` (BAD_PAYLOAD) where a
    required number is missing or a number is none.
    """
    warnings: list[str] = []
    values: list[LorawanValue] = []
    for wanted in rule.values:
        found = list(_map_value(data, wanted, zone))
        if wanted.required and not found:
            raise TelegramError(
                Outcome.BAD_PAYLOAD, f"the codec's object has no {'.'.join(wanted.path)} ({wanted.name})"
            )
        for value in found:
            if value.at is not None and value.at > received_at + _FURTHEST_AHEAD:
                warnings.append(f"{value.name} is dated {value.at.isoformat()}, after its reception")
            else:
                values.append(value)
    words = {word for status in rule.statuses for word in _map_status(data, status)}
    texts = {text.name: shown for text in rule.texts if (shown := _show(follow(data, text.path)))}
    serial = texts.pop("serial", "")
    return Mapped(tuple(values), tuple(sorted(words)), serial, tuple(texts.items()), tuple(warnings))


def follow(value: Any, path: tuple[str, ...]) -> Any:
    """What stands at the end of a path in JSON data; None where it leads nowhere."""
    for step in path:
        if isinstance(value, Mapping):
            value = value.get(step)
        elif isinstance(value, list) and step.isdecimal() and len(step) < 7:
            value = value[int(step)] if int(step) < len(value) else None
        else:
            return None
    return value


def _items(data: Any, rule: ValueRule | StatusRule) -> Iterator[_Item]:
    if rule.each is None:
        yield _Item(data, 0)
        return
    found = follow(data, rule.each)
    for number, item in enumerate(found if isinstance(found, list) else ()):
        if all(_equals(follow(item, path), wanted) for path, wanted in rule.where):
            yield _Item(item, number)


def _equals(found: Any, wanted: Scalar) -> bool:
    return found == wanted and isinstance(found, bool) == isinstance(wanted, bool)


def _map_value(data: Mapping[str, Any], rule: ValueRule, zone: tzinfo) -> Iterator[LorawanValue]:
    beside: datetime | None = None
    for item in _items(data, rule):
        found = follow(item.value, rule.path)
        if found is None:
            continue
        value = scale_exactly(read_number(found, rule.name), rule.scale, rule.offset)
        own = None if rule.at is None or rule.each is None else follow(item.value, rule.at)
        if own is None:
            beside = beside or _find_time(data, rule, zone)
            at = beside
        else:
            at = _read_time(own, rule, zone)
        yield LorawanValue(rule.name, rule.quantity, rule.unit, value, _shift(at, rule, item.number))


def _shift(at: datetime | None, rule: ValueRule, number: int) -> datetime | None:
    if at is None or not (rule.step or rule.first):
        return at
    try:
        return at + rule.first + number * rule.step
    except OverflowError:
        raise TelegramError(Outcome.BAD_PAYLOAD, f"the time of {rule.name} lies outside the calendar") from None


def read_number(found: object, name: str) -> int | Fraction:
    """A codec's number, exactly as it wrote it: whole, decimal, or digits in a text."""
    number: int | Fraction | None = None
    if isinstance(found, int) and not isinstance(found, bool):
        number = found
    elif isinstance(found, Decimal):
        number = _make_fraction(found)
    elif isinstance(found, str) and _NUMBER.match(found.strip()):
        number = Fraction(found.strip())
    if number is None or not -LARGEST <= number <= LARGEST:
        raise TelegramError(
            Outcome.BAD_PAYLOAD, f"the codec gives {_shorten(found)} for {name}, which is no usable number"
        )
    return number


def _make_fraction(number: Decimal) -> Fraction | None:
    """The number exactly; 0 where it is smaller than any meter resolves, None where it is no number or huge."""
    if not number.is_finite() or number.adjusted() > _FINEST:
        return None
    return Fraction(number) if number.adjusted() >= -_FINEST else Fraction(0)


def _shorten(found: object) -> str:
    return clean_text(repr(found))[:60]


def _find_time(data: Mapping[str, Any], rule: ValueRule, zone: tzinfo) -> datetime | None:
    """The time beside the number or list."""
    if rule.at is None:
        return None
    found = follow(data, rule.at)
    if found is not None:
        return _read_time(found, rule, zone)
    if rule.step or rule.first:
        raise TelegramError(
            Outcome.BAD_PAYLOAD, f"the codec's object has no {'.'.join(rule.at)}, the time of {rule.name}"
        )
    return None


def _read_time(found: object, rule: ValueRule, zone: tzinfo) -> datetime:
    try:
        return read_time(found, zone)
    except (ValueError, OverflowError):
        raise TelegramError(
            Outcome.BAD_PAYLOAD, f"the codec gives {_shorten(found)} as the time of {rule.name}, which is none"
        ) from None


def read_time(found: object, zone: tzinfo) -> datetime:
    """A codec's time in UTC: ISO 8601 text (in `zone` where it names none), or seconds or milliseconds since 1970.

    Raises ValueError or OverflowError.
    """
    if isinstance(found, str):
        moment = datetime.fromisoformat(found.strip())
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
    if isinstance(found, bool) or not isinstance(found, int | Decimal):
        raise ValueError(f"{found!r} is no time")
    number = Decimal(found)
    if number.adjusted() > _LONGEST_TIME:
        raise ValueError(f"{found!r} is no time")
    milliseconds = int(number if abs(number) >= _MILLISECONDS_FROM else number * 1000)
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)


def _map_status(data: Mapping[str, Any], rule: StatusRule) -> Iterator[str]:
    for item in _items(data, rule):
        found = follow(item.value, rule.path)
        if found is None:
            continue
        if rule.word:
            yield from (rule.word,) if found and found != "0" else ()
        elif rule.bits:
            yield from _name_bits(found, rule)
        else:
            yield from _name_value(found, rule)


def _name_bits(found: Any, rule: StatusRule) -> Iterator[str]:
    if isinstance(found, bool) or not isinstance(found, int) or found < 0:
        raise TelegramError(Outcome.BAD_PAYLOAD, f"the codec gives {_shorten(found)} as status bits, expected a number")
    rest = found
    for mask, word in rule.bits:
        rest &= ~mask
        if found & mask and word:
            yield word
    if rest:
        yield f"BITS_{rest:X}"


def _name_value(found: object, rule: StatusRule) -> Iterator[str]:
    text = _show(found)
    word = dict(rule.names).get(text, re.sub(r"\W+", "_", text).upper())
    if word:
        yield word


def _show(found: object) -> str:
    """A scalar as text; lists and objects are none."""
    if isinstance(found, bool):
        return "true" if found else "false"
    return clean_text(str(found)) if isinstance(found, str | int | Decimal) else ""
