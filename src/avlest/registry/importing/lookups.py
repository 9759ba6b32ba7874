# SPDX-License-Identifier: Apache-2.0
"""An organisation's rows by the numbers that files name them with, read once per import."""

from __future__ import annotations

import dataclasses
from collections.abc import Hashable

from avlest.registry.identifiers import Cadastre, parse_gsrn
from avlest.registry.importing.columns import ParsedRow
from avlest.registry.importing.draft import Draft
from avlest.registry.models import Meter, MeteringPoint, Party, Property, Unit


@dataclasses.dataclass(slots=True)
class Meters:
    """Meters by maker and serial, and by serial alone."""

    by_address: dict[tuple[str, str], Meter]
    by_serial: dict[str, list[Meter]]

    @classmethod
    def read(cls, organisation_id: int) -> Meters:
        """Read all meters of an organisation."""
        found = cls({}, {})
        for row in Meter.objects.of(organisation_id).iterator(chunk_size=10_000):
            found.add(row)
        return found

    def add(self, row: Meter) -> None:
        """Make a meter known that is about to be made."""
        self.by_address[row.manufacturer, row.serial] = row
        self.by_serial.setdefault(row.serial, []).append(row)

    def find(self, draft: Draft, row: ParsedRow) -> Meter | None:
        """Return the meter a row names by `serial` and, where needed, `manufacturer`."""
        serial, maker = row.values["serial"], row.values.get("manufacturer")
        if maker is not None:
            found = [meter] if (meter := self.by_address.get((maker, serial))) else []
        else:
            found = self.by_serial.get(serial, [])
        if len(found) == 1:
            return found[0]
        if found:
            makers = ", ".join(meter.manufacturer for meter in found)
            draft.issue(row, "serial", f"several meters have it; add a manufacturer column ({makers})")
        else:
            draft.issue(row, "serial", "no such meter in the register; import the meters first")
        return None


@dataclasses.dataclass(slots=True)
class Points:
    """Metering points by own number and by GSRN."""

    by_code: dict[str, MeteringPoint]
    by_gsrn: dict[str, MeteringPoint]

    @classmethod
    def read(cls, organisation_id: int) -> Points:
        """Read all points of an organisation with their parents."""
        rows = {row.pk: row for row in MeteringPoint.objects.of(organisation_id).iterator(chunk_size=10_000)}
        for row in rows.values():
            # One object a point, so that following parents asks nothing of the database.
            if row.parent_id is not None:
                row.parent = rows[row.parent_id]
        every = list(rows.values())
        return cls({row.code: row for row in every}, {row.gsrn: row for row in every if row.gsrn})

    def get(self, name: str) -> MeteringPoint | None:
        """Return the point with this number or GSRN."""
        found = self.by_code.get(name)
        if found is not None:
            return found
        try:
            return self.by_gsrn.get(parse_gsrn(name))
        except ValueError:
            return None

    def find(self, draft: Draft, row: ParsedRow, column: str = "point") -> MeteringPoint | None:
        """Return the point a row names."""
        found = self.get(row.values[column])
        if found is None:
            draft.issue(row, column, "no such metering point in the register; import the places first")
        return found


def read_parties(organisation_id: int) -> dict[str, Party]:
    """Return all parties of an organisation by customer number."""
    rows = Party.objects.of(organisation_id).iterator(chunk_size=10_000)
    return {row.code: row for row in rows}


@dataclasses.dataclass(slots=True)
class Properties:
    """Properties by cadastral number and by own number, and their units."""

    by_key: dict[Hashable, Property]
    units: dict[tuple[int, str], Unit]

    @classmethod
    def read(cls, organisation_id: int) -> Properties:
        """Read all properties and units of an organisation."""
        found = cls({}, {})
        for row in Property.objects.of(organisation_id).iterator(chunk_size=10_000):
            found.add(row)
        by_id = {row.pk: row for row in found.by_key.values()}
        for unit in Unit.objects.of(organisation_id).iterator(chunk_size=10_000):
            unit.property = by_id[unit.property_id]
            found.units[id(unit.property), unit.number] = unit
        return found

    def add(self, row: Property) -> None:
        """Make a property known under its numbers."""
        keys: list[Hashable] = [key for key in (row.cadastre, row.code) if key]
        for key in keys or [("unnamed", id(row))]:
            self.by_key[key] = row

    def find(self, cadastre: Cadastre | None, code: str | None) -> Property | None:
        """Return the property with this cadastral number, else with this own number."""
        found = self.by_key.get(cadastre) if cadastre is not None else None
        return found or (self.by_key.get(code) if code else None)
