# SPDX-License-Identifier: Apache-2.0
"""Registers as they are heard, and the series they feed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import transaction

from avlest.registry.access import check_same_organisation
from avlest.registry.contracts import RegisterSpec
from avlest.registry.models import Installation, Meter, Register, Series
from avlest.registry.rights import Actor, Right
from avlest.registry.services.audit import Change, bump_version, record, snapshot

_CHUNK = 500
Identity = tuple[int, str, str, str, int, int, int]


@transaction.atomic
def do_ensure_registers(actor: Actor, specs: Sequence[RegisterSpec], *, now: datetime) -> dict[Identity, int]:
    """Make the registers that are missing; return the number of each by `RegisterSpec.identity`.

    Idempotent and safe to run by several workers at once.  Series of the points where the
    meters hang are made with them.
    """
    actor.require(Right.CHANGE_METERS)
    by_identity = {spec.identity: spec for spec in specs}
    meter_ids = sorted({spec.meter_id for spec in specs})
    check_same_organisation(actor, _meters(meter_ids))
    known = get_register_ids(meter_ids)
    missing = [spec for identity, spec in by_identity.items() if identity not in known]
    if missing:
        rows = [_register(actor, spec) for spec in missing]
        Register.objects.bulk_create(rows, ignore_conflicts=True, batch_size=_CHUNK)
        known = get_register_ids(meter_ids)
        _audit_registers(actor, {known[s.identity] for s in missing}, now=now)
        ensure_series(meter_ids)
        bump_version("meters")
    return {identity: known[identity] for identity in by_identity}


def _meters(meter_ids: Sequence[int]) -> Iterable[Meter]:
    for at in range(0, len(meter_ids), _CHUNK):
        yield from Meter.objects.filter(pk__in=meter_ids[at : at + _CHUNK])


def _register(actor: Actor, spec: RegisterSpec) -> Register:
    return Register(organisation_id=actor.organisation_id, **spec._asdict())


def _audit_registers(actor: Actor, ids: set[int], *, now: datetime) -> None:
    ordered = sorted(ids)
    for at in range(0, len(ordered), _CHUNK):
        rows = Register.objects.filter(pk__in=ordered[at : at + _CHUNK]).select_related("meter")
        record(actor, *(Change("create", row, None, snapshot(row)) for row in rows), now=now)


def get_register_ids(meter_ids: Sequence[int]) -> dict[Identity, int]:
    """Return the registers of some meters by identity."""
    found: dict[Identity, int] = {}
    columns = ("meter_id", "quantity", "qualifier", "function", "storage", "tariff", "subunit")
    for at in range(0, len(meter_ids), _CHUNK):
        rows = Register.objects.filter(meter_id__in=meter_ids[at : at + _CHUNK])
        for row_id, *identity in rows.values_list("id", *columns):
            found[tuple(identity)] = row_id
    return found


def ensure_series(meter_ids: Sequence[int]) -> None:
    """Make the series fed by present values (storage 0, instantaneous) of installed meters.

    Not audited: a series follows from installations and registers, which are.
    """
    for at in range(0, len(meter_ids), _CHUNK):
        chunk = meter_ids[at : at + _CHUNK]
        placed: dict[int, list[Installation]] = {}
        for installation in Installation.objects.filter(meter_id__in=chunk):
            placed.setdefault(installation.meter_id, []).append(installation)
        registers = Register.objects.filter(meter_id__in=chunk, storage=0, function="instant")
        rows = [
            _series(register, installation)
            for register in registers
            for installation in placed.get(register.meter_id, [])
        ]
        Series.objects.bulk_create(rows, ignore_conflicts=True, batch_size=_CHUNK)


def _series(register: Register, installation: Installation) -> Series:
    return Series(
        organisation_id=installation.organisation_id,
        point_id=installation.point_id,
        role=installation.role,
        quantity=register.quantity,
        unit=register.unit,
        qualifier=register.qualifier,
        tariff=register.tariff,
        subunit=register.subunit,
        kind=register.kind,
    )
