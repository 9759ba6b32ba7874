# SPDX-License-Identifier: Apache-2.0
"""Lists of installations: which meter hung where in which period, with register values."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from avlest.registry.importing.columns import ParsedRow, parse_unit_name
from avlest.registry.importing.draft import Draft
from avlest.registry.importing.kinds.base import Kind, column
from avlest.registry.importing.kinds.meters import MANUFACTURER, SERIAL
from avlest.registry.importing.kinds.periods import Claim, check_claims, check_order, merge_known
from avlest.registry.importing.kinds.places import POINT_COLUMN
from avlest.registry.importing.lookups import Meters, Points, read_parties
from avlest.registry.importing.values import choice, decimal, instant, text
from avlest.registry.media import get_media
from avlest.registry.models import Installation, InstallationValue, Meter, MeteringPoint, Party, Register, Series
from avlest.registry.rights import Right
from avlest.telegrams.units import UNITS

_MOST = Decimal(10) ** 12
_VALUES = (("start_value", "start"), ("end_value", "end"))
_ROLES = {"main": ("hoved", "hovedmåler"), "check": ("kontroll", "kontrollmåler")}
_COLUMNS = (
    MANUFACTURER,
    SERIAL,
    dataclasses.replace(POINT_COLUMN, required=True),
    column("installation.from", instant, required=True),
    column("installation.to", instant),
    column("installation.role", choice(_ROLES)),
    column("installation.seal", text(40)),
    column("installation.installer", text(40)),
    column("installation.start_value", decimal(-_MOST, _MOST, places=6), numeric=True),
    column("installation.end_value", decimal(-_MOST, _MOST, places=6), numeric=True),
    column("installation.unit", text(10)),
    column("installation.note", text(1000)),
)


@dataclasses.dataclass(slots=True)
class Builder:
    """Turns rows into installations with their register values and series."""

    draft: Draft
    meters: Meters
    points: Points
    parties: dict[str, Party]
    registers: dict[tuple[int, str], Register]
    series: set[tuple[int, str, str]]

    def make(self, row: ParsedRow) -> Installation | None:
        """Return the row's installation, not yet drafted; None with an issue."""
        meter, point = self.meters.find(self.draft, row), self.points.find(self.draft, row)
        installer = self.find_installer(row)
        if meter is None or point is None or row.line in self.draft.bad_lines:
            return None
        if not check_order(self.draft, row) or self.read_values(row, point) is None:
            return None
        return Installation(
            meter=meter,
            point=point,
            role=row.values.get("role", "main"),
            starts_at=row.values["from"],
            ends_at=row.values.get("to"),
            seal=row.values.get("seal", ""),
            installer=installer,
            note=row.values.get("note", ""),
        )

    def find_installer(self, row: ParsedRow) -> Party | None:
        """Return the party the row names as installer."""
        code = row.values.get("installer")
        if code is not None and code not in self.parties:
            self.draft.issue(row, "installer", "no such customer number; import the parties first")
        return self.parties.get(code) if code is not None else None

    def read_values(self, row: ParsedRow, point: MeteringPoint) -> dict[str, int] | None:
        """Return the values by moment in thousandths of the medium's unit; None with an issue."""
        medium, found = get_media()[point.medium], {}
        for name, moment in _VALUES:
            if name not in row.values:
                continue
            unit = parse_unit_name(row.values.get("unit") or row.units.get(name, ""))
            value = to_thousandths(row.values[name], unit, medium.unit)
            if value is None:
                known = [u for u in UNITS if UNITS[u].dimension == UNITS[medium.unit].dimension]
                self.draft.issue(row, name, f"expected a unit column, or a unit in the heading: {', '.join(known)}")
                return None
            found[moment] = value
        return found

    def draft_values(self, row: ParsedRow, installation: Installation) -> None:
        """Have the row's register values made, and the series they belong to."""
        values = self.read_values(row, installation.point)
        for moment, value in (values or {}).items():
            register = self.get_register(installation.meter, installation.point)
            noted = InstallationValue(installation=installation, register=register, moment=moment, value=value)
            self.draft.create(noted)
        if values:
            self.ensure_series(installation)

    def get_register(self, meter: Meter, point: MeteringPoint) -> Register:
        """Return the register that counts what the point's medium is charged by."""
        medium = get_media()[point.medium]
        register = self.registers.get((meter.pk, medium.quantity))
        if register is None:
            register = Register(meter=meter, quantity=medium.quantity, unit=medium.unit)
            self.registers[meter.pk, medium.quantity] = register
            self.draft.create(register)
        return register

    def ensure_series(self, installation: Installation) -> None:
        """Have the point's series made unless it is there."""
        medium = get_media()[installation.point.medium]
        identity = (installation.point.pk, installation.role, medium.quantity)
        if identity not in self.series:
            self.series.add(identity)
            series = Series(
                point=installation.point, role=installation.role, quantity=medium.quantity, unit=medium.unit
            )
            self.draft.create(series)


def to_thousandths(value: Decimal, unit: str, canonical: str) -> int | None:
    """Return `value` in thousandths of the canonical unit, half away from zero; None for a wrong unit."""
    given, wanted = UNITS.get(unit), UNITS[canonical]
    if given is None or given.dimension != wanted.dimension:
        return None
    exact = Fraction(value) * given.factor / wanted.factor * 1000
    return int(abs(exact) + Fraction(1, 2)) * (1 if exact >= 0 else -1)


def build(draft: Draft, rows: Sequence[ParsedRow], _now: datetime) -> None:
    """Make installations; a known one may get its end and end value, nothing else."""
    builder = _builder(draft)
    known = _read_known(draft, builder)
    by_identity = {(i.meter_id, i.point_id, i.starts_at): i for i in known}
    fresh: list[tuple[ParsedRow, Installation]] = []
    for row in rows:
        made = builder.make(row)
        if made is None:
            continue
        before = by_identity.get((made.meter_id, made.point_id, made.starts_at))
        if before is None:
            fresh.append((row, made))
        else:
            _update(draft, row, before, builder)
    claims = [Claim(i.starts_at, i.ends_at, None, i) for i in known]
    claims += [Claim(i.starts_at, i.ends_at, row, i) for row, i in fresh]
    check_claims(draft, claims, lambda c: c.known.meter_id, "the meter")
    check_claims(draft, claims, lambda c: (c.known.point_id, c.known.role), "the metering point")
    good = [(row, made) for row, made in fresh if row.line not in draft.bad_lines]
    for row, made in good:
        draft.create(made)
        builder.draft_values(row, made)
    _set_states(draft, [*known, *(made for _row, made in good)])


def _read_known(draft: Draft, builder: Builder) -> list[Installation]:
    """Read the registered installations, with the very objects the lookups hand out."""
    meters = {row.pk: row for row in builder.meters.by_address.values()}
    points = {row.pk: row for row in builder.points.by_code.values()}
    known = list(Installation.objects.of(draft.actor.organisation_id).iterator(chunk_size=10_000))
    for row in known:
        row.meter, row.point = meters[row.meter_id], points[row.point_id]
    return known


def _builder(draft: Draft) -> Builder:
    organisation_id = draft.actor.organisation_id
    registers = Register.objects.of(organisation_id).filter(
        storage=0, function="instant", qualifier="", tariff=0, subunit=0
    )
    series = Series.objects.of(organisation_id).filter(qualifier="", tariff=0, subunit=0)
    return Builder(
        draft,
        Meters.read(organisation_id),
        Points.read(organisation_id),
        read_parties(organisation_id),
        {(r.meter_id, r.quantity): r for r in registers},
        set(series.values_list("point_id", "role", "quantity")),
    )


def _update(draft: Draft, row: ParsedRow, before: Installation, builder: Builder) -> None:
    values = merge_known(draft, row, before)
    if values is None:
        return
    changed = draft.change(before, values)
    draft.unchanged += not changed
    if changed and "end_value" in row.values:
        only_end = {name: value for name, value in row.values.items() if name != "start_value"}
        builder.draft_values(dataclasses.replace(row, values=only_end), before)


def _set_states(draft: Draft, rows: Sequence[Installation]) -> None:
    """A meter that hangs somewhere is installed, one that only hung is taken down."""
    hangs: dict[int, bool] = {}
    meters = {row.meter_id: row.meter for row in rows}
    for row in rows:
        hangs[row.meter_id] = hangs.get(row.meter_id, False) or row.ends_at is None
    for meter_id, is_up in hangs.items():
        meter = meters[meter_id]
        if is_up:
            draft.change(meter, {"state": Meter.State.INSTALLED})
        elif meter.state != Meter.State.SCRAPPED:
            draft.change(meter, {"state": Meter.State.REMOVED})


INSTALLATIONS = Kind(
    name="installations",
    columns=_COLUMNS,
    right=Right.INSTALL_METERS,
    order=(Meter, Register, Installation, InstallationValue, Series),
    versions=("meters",),
    build=build,
)
