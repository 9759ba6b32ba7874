# SPDX-License-Identifier: Apache-2.0
"""From one telegram to one flat object: the scalar reference of the whole road.

stack (link, security) -> payload -> records -> family -> fields.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from avlest.catalogue.bind import Binding, bind_fields
from avlest.catalogue.catalogue import Catalogue
from avlest.catalogue.clear import EMPTY_PAYLOAD, Clear
from avlest.catalogue.evaluate import evaluate_binding
from avlest.catalogue.model import Condition, Family, Match, Value
from avlest.catalogue.payload_reader import get_reader
from avlest.catalogue.systematic import derive_fields
from avlest.telegrams.outcomes import Outcome, TelegramError
from avlest.telegrams.records.compact import parse_compact, parse_format_frame
from avlest.telegrams.records.formats import FormatStore, derive_format
from avlest.telegrams.records.model import Payload
from avlest.telegrams.records.parse import parse_records
from avlest.telegrams.wmbus import ci as cis
from avlest.telegrams.wmbus.stack import Stack, decode_stack

_UNKNOWN_FAMILY = "unknown"


@dataclass(slots=True)
class Decoder:
    """Decodes telegrams one by one; remembers bindings and learned compact formats."""

    catalogue: Catalogue
    formats: FormatStore = field(default_factory=FormatStore)
    _bindings: dict[tuple[str, tuple[object, ...]], Binding] = field(default_factory=dict)

    def decode(self, telegram: bytes, *, keys: Sequence[bytes] = ()) -> dict[str, Value]:
        """The flat object of one telegram.  Raises `TelegramError` and nothing else."""
        return self.describe(decode_stack(telegram, keys=keys), keys=keys)

    def describe(self, stack: Stack, *, keys: Sequence[bytes] = ()) -> dict[str, Value]:
        """The flat object of a telegram whose layers have been read."""
        family, clear = self.read_payload(stack, keys=keys)
        binding = self.bind(family, clear)
        result = describe_sender(clear, binding.family)
        result |= evaluate_binding(binding, clear.records.records, clear.status)
        return result | dict(self._derived(binding.family, clear))

    def read_payload(self, stack: Stack, *, keys: Sequence[bytes] = ()) -> tuple[Family | None, Clear]:
        """Split the payload into records and choose the family.

        Raises `TelegramError(BAD_RECORDS)` where nothing of a payload could be read.
        """
        return self.read_clear(
            Clear(
                stack.address,
                stack.wire_address,
                stack.payload_ci,
                stack.payload,
                stack.status,
                EMPTY_PAYLOAD,
                stack.access_number,
                tuple(keys),
            )
        )

    def read_clear(self, clear: Clear) -> tuple[Family | None, Clear]:
        """The same for a payload whose stack was read elsewhere; `clear.records` is filled in."""
        candidates = self.find_families(clear)
        for candidate in candidates:
            self._learn(candidate.formats)
        clear = replace(clear, records=self._parse_standard(clear))
        family = choose_family(candidates, clear)
        reader = get_reader(family.payload) if family and family.payload else None
        if reader and reader.parse_payload:
            clear = replace(clear, records=reader.parse_payload(clear))
        elif clear.records.error and not clear.records.records and reader is None:
            raise clear.records.error
        return family, clear

    def find_families(self, clear: Clear) -> tuple[Family, ...]:
        """Who claims the meter; where nobody does, who claims the radio module that sends for it."""
        for address in (clear.address, clear.link_address):
            families = self.catalogue.find(address.mfct, address.version, address.device_type)
            if families:
                return families
        return ()

    def _parse_standard(self, clear: Clear) -> Payload:
        if clear.ci in cis.COMPACT_FRAMES:
            return parse_compact(clear.payload, self.formats)
        if clear.ci in cis.FORMAT_FRAMES:
            self._learn((parse_format_frame(clear.payload),))
            raise TelegramError(Outcome.NO_DATA, "a format frame: it tells how compact frames are read")
        if clear.ci not in cis.FULL_FRAMES:
            return EMPTY_PAYLOAD
        payload = parse_records(clear.payload)
        if clear.ci == 0x78 and not payload.error and payload.records:
            self._learn((derive_format(payload),))
        return payload

    def _learn(self, formats: Sequence[bytes]) -> None:
        for item in formats:
            self.formats = self.formats.learn(item)

    def bind(self, family: Family | None, clear: Clear) -> Binding:
        """The binding of a family to the skeleton of these records, remembered."""
        records = clear.records.records
        shape = tuple((record.key, record.coding, record.data_length) for record in records)
        name = family.name if family else _UNKNOWN_FAMILY
        binding = self._bindings.get((name, shape))
        if binding is None:
            chosen = family or derive_family(clear)
            binding = bind_fields(chosen, records)
            if len(self._bindings) > 10_000:
                self._bindings.clear()
            self._bindings[name, shape] = binding
        return binding

    def _derived(self, family: Family, clear: Clear) -> Mapping[str, Value]:
        if not family.payload:
            return {}
        derive = get_reader(family.payload).derive_values
        return derive(clear) if derive else {}


def describe_sender(clear: Clear, family: Family) -> dict[str, Value]:
    """The members every object starts with: media, meter, id and manufacturer."""
    return {
        "media": family.media or clear.address.medium,
        "meter": family.name,
        "id": clear.address.id,
        "manufacturer": clear.address.mfct,
    }


def choose_family(candidates: Sequence[Family], clear: Clear) -> Family | None:
    """The first candidate whose `when` condition the telegram meets."""
    return next((family for family in candidates if meets(family.when, clear)), None)


def meets(condition: Condition, clear: Clear) -> bool:
    """Whether a telegram has the CI and the records that a condition asks for."""
    if condition.ci and clear.ci not in condition.ci:
        return False
    keys = {record.key for record in clear.records.records}
    return all(key in keys for key in condition.has) and not any(key in keys for key in condition.lacks)


def derive_family(clear: Clear) -> Family:
    """A stand-in family with systematic names, for a meter that no catalogue file knows."""
    if not clear.records.records:
        raise TelegramError(
            Outcome.BAD_RECORDS,
            f"no catalogue file knows {clear.address.mfct} version {clear.address.version:02x} "
            f"type {clear.address.device_type:02x}, and its payload (CI {clear.ci:02X}) holds no standard records",
        )
    return Family(
        name=_UNKNOWN_FAMILY,
        title="Meter without a catalogue file",
        source="EN 13757-3",
        matches=(Match(clear.address.mfct, clear.address.version, clear.address.device_type),),
        fields=derive_fields(clear.records.records),
    )
