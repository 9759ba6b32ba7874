# SPDX-License-Identifier: Apache-2.0
"""Status values in words: bits, codes and decimal digits through the names of a catalogue file.

Unknown bits are kept as `RULENAME_HEX`, never dropped (house plan, invariant 10).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from avlest.catalogue.model import Lookup, LookupKind

OK = "OK"

# EN 13757-7, status byte of the transport header: application codes in the low two bits.
_APPLICATION = ("", "BUSY", "ERROR", "ALARM")
_STANDARD_BITS = ((0x04, "POWER_LOW"), (0x08, "PERMANENT_ERROR"), (0x10, "TEMPORARY_ERROR"))
_MANUFACTURER_MASK = 0xE0


def translate(lookup: Lookup, value: int) -> str:
    """Words for one value under one rule; the rule's `ok` text where nothing is set."""
    return translate_all((lookup,), value)


def translate_all(lookups: Sequence[Lookup], value: int) -> str:
    """Words for one value under several rules: each once, sorted; `ok` only when nothing is set."""
    words = {word for lookup in lookups for word in _TRANSLATORS[lookup.kind](lookup, value)}
    clear = next((lookup.ok for lookup in lookups if lookup.ok), "")
    return " ".join(sorted(words)) or clear


def _translate_bits(lookup: Lookup, value: int) -> Iterator[str]:
    rest = value & lookup.mask
    unknown = rest
    for bits, name in lookup.names:
        unknown &= ~bits
        if rest & bits and name:
            yield name
    for bits, name in lookup.names_unset:
        unknown &= ~bits
        if not value & bits:
            yield name
    if unknown:
        yield f"{lookup.name}_{unknown:X}"


def _translate_index(lookup: Lookup, value: int) -> Iterator[str]:
    code = value & lookup.mask
    names = dict(lookup.names)
    if code in names:
        yield from filter(None, [names[code]])
    elif code or not lookup.ok:
        yield f"{lookup.name}_{code:X}"


def _translate_decimal(lookup: Lookup, value: int) -> Iterator[str]:
    """Codes added up in decimal digits: the largest listed number that fits is taken off first."""
    digits = f"{value:x}"
    if not digits.isdecimal():
        yield f"{lookup.name}_{digits.upper()}"
        return
    rest = int(digits)
    for number, name in sorted(lookup.names, reverse=True):
        if number and rest >= number:
            yield name
            rest -= number
    if rest:
        yield f"{lookup.name}_{rest}"


_TRANSLATORS: dict[LookupKind, Callable[[Lookup, int], Iterator[str]]] = {
    "bits": _translate_bits,
    "index": _translate_index,
    "decimal": _translate_decimal,
}


def translate_transport_status(status: int, manufacturer_bits: Lookup | None = None) -> str:
    """Words for the status byte of the transport header (EN 13757-7, table 3).

    The upper three bits are the manufacturer's; the family's `transport_bits` name them,
    and replace the standard's names for whatever other bits its mask covers.
    """
    own_mask = _MANUFACTURER_MASK if manufacturer_bits is None else manufacturer_bits.mask
    words = [name for bit, name in _STANDARD_BITS if status & bit & ~own_mask]
    application = status & 0x03 & ~own_mask
    if application:
        words.append(_APPLICATION[application])
    if status & own_mask:
        words.append(translate(manufacturer_bits or _UNKNOWN_BITS, status & own_mask))
    if status & _MANUFACTURER_MASK & ~own_mask:
        words.append(f"{_UNKNOWN_BITS.name}_{status & _MANUFACTURER_MASK & ~own_mask:X}")
    return join_words(words) or OK


_UNKNOWN_BITS = Lookup(name="UNKNOWN", kind="bits", mask=_MANUFACTURER_MASK, names=())


def join_words(parts: Iterable[str]) -> str:
    """One status out of several: unique words in sorted order, OK only when nothing else is there."""
    words = {word for part in parts for word in part.split()}
    if words - {OK}:
        words.discard(OK)
    return " ".join(sorted(words))
