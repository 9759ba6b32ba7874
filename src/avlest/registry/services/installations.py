# SPDX-License-Identifier: Apache-2.0
"""Putting meters up, taking them down, replacing them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from avlest.registry.access import access_row
from avlest.registry.errors import Problem, RegistryError
from avlest.registry.models import (
    Installation,
    InstallationValue,
    Meter,
    MeteringPoint,
    Party,
    Register,
)
from avlest.registry.rights import Actor, Right
from avlest.registry.services.audit import bump_version, save_changed, save_new
from avlest.registry.services.periods import check_installation_free
from avlest.registry.services.series import ensure_series


@dataclasses.dataclass(frozen=True, slots=True)
class RegisterValue:
    """What a register showed: `value` in thousandths of `unit` (a litre is 1000)."""

    quantity: str
    unit: str
    value: int
    qualifier: str = ""
    tariff: int = 0


@dataclasses.dataclass(frozen=True, slots=True)
class Mounting:
    """What is noted when a meter is put up."""

    meter_id: int
    point_id: int
    starts_at: datetime
    role: str = "main"
    seal: str = ""
    installer_id: int | None = None
    note: str = ""
    values: Sequence[RegisterValue] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Replacement:
    """The two installations of a meter exchange."""

    ended_id: int
    started_id: int


@transaction.atomic
def do_install_meter(actor: Actor, mounting: Mounting, *, now: datetime) -> int:
    """Put a meter up at a point from `starts_at`; return the installation's number.

    Raises `RegistryError` (overlap) when the meter or the point is taken in the period.
    """
    # The locks make two writers who both see a free point take turns (PostgreSQL).
    meter = access_row(Meter, actor, mounting.meter_id, right=Right.INSTALL_METERS, for_update=True)
    point = access_row(MeteringPoint, actor, mounting.point_id, right=Right.INSTALL_METERS, for_update=True)
    installer = _installer(actor, mounting.installer_id)
    row = Installation(
        organisation_id=actor.organisation_id, meter=meter, point=point, role=mounting.role,
        starts_at=mounting.starts_at, seal=mounting.seal, installer=installer, note=mounting.note,
    )  # fmt: skip
    check_installation_free(row)
    save_new(actor, row, now=now, action="install")
    save_changed(actor, meter, {"state": Meter.State.INSTALLED}, now=now, action="state")
    _note_values(actor, row, mounting.values, moment="start", now=now)
    ensure_series([meter.pk])
    bump_version("meters")
    return row.pk


@transaction.atomic
def do_remove_meter(
    actor: Actor,
    installation_id: int,
    *,
    ends_at: datetime,
    values: Sequence[RegisterValue] = (),
    now: datetime,
) -> int:
    """Take a meter down at `ends_at` with what its registers showed; return the meter's number.

    Raises `RegistryError` when it was taken down before: history is not overwritten.
    """
    row = access_row(Installation, actor, installation_id, right=Right.INSTALL_METERS, for_update=True)
    if row.ends_at is not None:
        raise RegistryError(Problem.ENDED, f"{row} ended {row.ends_at:%Y-%m-%dT%H:%MZ}")
    save_changed(actor, row, {"ends_at": ends_at}, now=now, action="remove")
    save_changed(actor, row.meter, {"state": Meter.State.REMOVED}, now=now, action="state")
    _note_values(actor, row, values, moment="end", now=now)
    bump_version("meters")
    return row.meter_id


@transaction.atomic
def do_replace_meter(
    actor: Actor,
    mounting: Mounting,
    *,
    old_values: Sequence[RegisterValue],
    now: datetime,
) -> Replacement:
    """Exchange the meter at a point in one transaction: old end values, new start values."""
    current = Installation.objects.of(actor.organisation_id).filter(
        point_id=mounting.point_id, role=mounting.role, ends_at__isnull=True
    )
    old = current.values_list("id", flat=True).first()
    if old is None:
        raise RegistryError(Problem.ENDED, "no meter is installed at the metering point")
    do_remove_meter(actor, old, ends_at=mounting.starts_at, values=old_values, now=now)
    return Replacement(ended_id=old, started_id=do_install_meter(actor, mounting, now=now))


def follow_installation(actor: Actor, row: Installation, *, now: datetime) -> None:
    """After an installation was saved otherwise: the meter's state and the point's series follow."""
    state = Meter.State.INSTALLED if row.ends_at is None else Meter.State.REMOVED
    save_changed(actor, row.meter, {"state": state}, now=now, action="state")
    ensure_series([row.meter_id])
    bump_version("meters")


def _installer(actor: Actor, party_id: int | None) -> Party | None:
    if party_id is None:
        return None
    return access_row(Party, actor, party_id, right=Right.INSTALL_METERS)


def _note_values(
    actor: Actor,
    row: Installation,
    values: Sequence[RegisterValue],
    *,
    moment: str,
    now: datetime,
) -> None:
    for value in values:
        register, _made = Register.objects.get_or_create(
            meter_id=row.meter_id, quantity=value.quantity, qualifier=value.qualifier,
            function="instant", storage=0, tariff=value.tariff, subunit=0,
            defaults={"organisation_id": row.organisation_id, "unit": value.unit},
        )  # fmt: skip
        if register.unit != value.unit:
            detail = f"{register} counts {register.unit}, the value given is in {value.unit}"
            raise RegistryError(Problem.INVALID, detail)
        noted = InstallationValue(
            organisation_id=row.organisation_id, installation=row, register=register,
            moment=moment, value=value.value,
        )  # fmt: skip
        save_new(actor, noted, now=now, action="note_value")
