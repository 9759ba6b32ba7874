# SPDX-License-Identifier: Apache-2.0
"""What the pipeline remembers of the registry: whose address, which registers, which keys.

Read once and again when the registry's version counters say that something changed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import polars as pl

from avlest.collect.formats.canonical import write_meter_address
from avlest.collect.pipeline.registers import Spec, SpecBook
from avlest.registry.access import make_system_actor
from avlest.registry.contracts import HeardMeter, MeterInfo, RegisterSpec
from avlest.registry.errors import RegistryError
from avlest.registry.identifiers import MeterAddress, parse_manufacturer, parse_serial
from avlest.registry.models import Meter
from avlest.registry.queries import get_meters, get_organisations, get_registers
from avlest.registry.services.audit import get_versions
from avlest.registry.services.heard import do_enrol_meters
from avlest.registry.services.keys import get_meter_keys
from avlest.registry.services.series import do_ensure_registers
from avlest.telegrams.keyring import KeyRing, build_keyring

ACTOR: Final = "collect"
_RADIO_IDENTITY: Final = re.compile(r"[0-9a-f]{8}")
_VERSIONS: Final = ("keys", "meters")
METER_SCHEMA: Final[dict[str, pl.DataType]] = {
    "manufacturer": pl.String(),
    "serial": pl.String(),
    "meter": pl.Int64(),
    "organisation": pl.Int64(),
    "is_ours": pl.Boolean(),
}
"""One row a way to look a meter up: by maker and serial, by serial alone, by device EUI, by number (maker empty)."""

_REGISTER_SCHEMA: Final[dict[str, pl.DataType]] = {"meter": pl.Int64(), "spec": pl.Int64(), "register": pl.Int64()}


@dataclass(slots=True)
class Directory:
    """The registry as frames; a worker's own copy."""

    book: SpecBook
    found_by: str = ""
    versions: dict[str, int] = field(default_factory=dict)
    meters: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=METER_SCHEMA))
    registers: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=_REGISTER_SCHEMA))
    ring: KeyRing = field(default_factory=KeyRing)
    _with_registers: set[int] = field(default_factory=set)

    def refresh(self) -> bool:
        """Read again what changed; returns whether anything did."""
        versions = get_versions(_VERSIONS)
        changed = [name for name in _VERSIONS if versions[name] != self.versions.get(name, -1)]
        if "keys" in changed:
            self.ring = _read_ring()
        if changed:  # a key makes a found meter one of ours
            self.meters = _read_meters()
            self.registers = self.registers.clear()
            self._with_registers.clear()
        self.versions = versions
        return bool(changed)

    @property
    def keys_version(self) -> int:
        """The version of the keys in `ring`."""
        return self.versions.get("keys", 0)

    def enrol(self, senders: pl.DataFrame, *, now: datetime) -> None:
        """Put addresses nobody knows on the list "found, not placed".

        `senders`: manufacturer, serial, version, device_type, family.  Addresses that no meter can have are left out.
        """
        organisation = self._found_organisation()
        heard = [one for one in map(_to_heard, senders.iter_rows(named=True)) if one is not None]
        if organisation is None or not heard:
            return
        actor = make_system_actor(organisation, name=ACTOR)
        numbers = do_enrol_meters(actor, heard, now=now)
        rows = [(*address, number, organisation, False) for address, number in numbers.items()]
        self.meters = pl.concat([self.meters, pl.DataFrame(rows, schema=METER_SCHEMA, orient="row")])
        self._skip_own_changes(1)

    def _found_organisation(self) -> int | None:
        organisations = get_organisations()
        if self.found_by:
            return organisations.get(self.found_by)
        return min(organisations.values(), default=None)

    def resolve_registers(self, wanted: pl.DataFrame, *, now: datetime) -> pl.DataFrame:
        """Numbers of the registers of (meter, organisation, spec); those that are new are made.

        Returns meter, spec, register.
        """
        self._load_registers(wanted["meter"].unique().to_list())
        missing = wanted.join(self.registers, on=["meter", "spec"], how="anti")
        if missing.height:
            self._make_registers(missing, now=now)
        return self.registers

    def _load_registers(self, meters: Sequence[int]) -> None:
        new = [meter for meter in meters if meter not in self._with_registers]
        if not new:
            return
        rows = [(info.spec.meter_id, self.book.number(_to_spec(info.spec)), info.id) for info in get_registers(new)]
        self._add_registers(rows)
        self._with_registers.update(new)

    def _make_registers(self, missing: pl.DataFrame, *, now: datetime) -> None:
        calls = 0
        for (organisation,), rows in missing.group_by("organisation"):
            specs = [RegisterSpec(meter, *self.book.specs[spec]) for meter, spec in rows.select("meter", "spec").rows()]
            made = do_ensure_registers(make_system_actor(int(str(organisation)), name=ACTOR), specs, now=now)
            pairs = zip(rows.select("meter", "spec").rows(), specs, strict=True)
            self._add_registers([(meter, spec, made[one.identity]) for (meter, spec), one in pairs])
            calls += 1
        self._skip_own_changes(calls)

    def _add_registers(self, rows: list[tuple[int, int, int]]) -> None:
        more = pl.DataFrame(rows, schema=_REGISTER_SCHEMA, orient="row")
        self.registers = pl.concat([self.registers, more]).unique(["meter", "spec"], keep="last")

    def _skip_own_changes(self, calls: int) -> None:
        """Do not read everything again for what we changed ourselves; where others changed something too, do."""
        found = get_versions(_VERSIONS)
        if found["meters"] - self.versions.get("meters", 0) <= calls:
            self.versions["meters"] = found["meters"]


def _to_spec(spec: RegisterSpec) -> Spec:
    return Spec(*spec[1:])


def _to_heard(row: dict[str, Any]) -> HeardMeter | None:
    try:
        address = MeterAddress(parse_manufacturer(row["manufacturer"]), parse_serial(row["serial"]))
    except ValueError:
        return None  # damaged bytes: no meter has such an address
    return HeardMeter(address, version=row["version"], device_type=row["device_type"], family=row["family"] or "")


def _read_ring() -> KeyRing:
    keys = get_meter_keys()
    pairs = [
        (bytes.fromhex(address.serial)[::-1], bytes(key))
        for address, own in keys.items()
        if _RADIO_IDENTITY.fullmatch(address.serial)
        for key in own
    ]
    return build_keyring(pairs)


def _read_meters() -> pl.DataFrame:
    rows = [row for infos in get_meters().values() for info in infos for row in _lookups(info)]
    return pl.DataFrame(rows, schema=METER_SCHEMA, orient="row").unique(["manufacturer", "serial", "meter"])


def _lookups(info: MeterInfo) -> Iterator[tuple[str, str, int, int, bool]]:
    is_ours = info.state != Meter.State.FOUND or info.has_key
    tail = (info.id, info.organisation_id, is_ours)
    yield (info.address.manufacturer, info.address.serial, *tail)
    yield ("", info.address.serial, *tail)
    yield ("", write_meter_address(info.id), *tail)
    if info.dev_eui:
        yield ("", info.dev_eui, *tail)


__all__ = ["Directory", "RegistryError"]
