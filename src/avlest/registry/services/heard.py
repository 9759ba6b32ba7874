# SPDX-License-Identifier: Apache-2.0
"""Taking in what was heard and nobody registered: the list "found, not placed"."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import transaction

from avlest.registry.contracts import HeardMeter
from avlest.registry.identifiers import MeterAddress
from avlest.registry.models import Gateway, Meter
from avlest.registry.rights import Actor, Right
from avlest.registry.services.audit import Change, bump_version, record, snapshot

_CHUNK = 500


@transaction.atomic
def do_enrol_meters(actor: Actor, heard: Sequence[HeardMeter], *, now: datetime) -> dict[MeterAddress, int]:
    """Make a meter in state `found` for every address that is new; return all their numbers.

    Idempotent and safe to run by several workers at once; a known meter is left as it is.
    """
    actor.require(Right.CHANGE_METERS)
    by_address = {one.address: one for one in heard}
    known = _known(actor, by_address)
    missing = [one for address, one in by_address.items() if address not in known]
    if missing:
        rows = [_found(actor, one) for one in missing]
        Meter.objects.bulk_create(rows, ignore_conflicts=True, batch_size=_CHUNK)
        known = _known(actor, by_address)
        _audit(actor, [known[one.address] for one in missing], now=now)
        bump_version("meters")
    return known


def _found(actor: Actor, one: HeardMeter) -> Meter:
    return Meter(
        organisation_id=actor.organisation_id,
        manufacturer=one.address.manufacturer,
        serial=one.address.serial,
        version=one.version,
        device_type=one.device_type,
        family=one.family,
        dev_eui=one.dev_eui,
        state=Meter.State.FOUND,
    )


def _known(actor: Actor, addresses: Iterable[MeterAddress]) -> dict[MeterAddress, int]:
    wanted = set(addresses)
    serials = sorted({address.serial for address in wanted})
    found: dict[MeterAddress, int] = {}
    for at in range(0, len(serials), _CHUNK):
        rows = Meter.objects.of(actor.organisation_id).filter(serial__in=serials[at : at + _CHUNK])
        for maker, serial, row_id in rows.values_list("manufacturer", "serial", "id"):
            if MeterAddress(maker, serial) in wanted:
                found[MeterAddress(maker, serial)] = row_id
    return found


def _audit(actor: Actor, ids: Sequence[int], *, now: datetime) -> None:
    for at in range(0, len(ids), _CHUNK):
        rows = Meter.objects.filter(pk__in=ids[at : at + _CHUNK])
        record(actor, *(Change("found", row, None, snapshot(row)) for row in rows), now=now)


@transaction.atomic
def do_ensure_gateways(actor: Actor, codes: Iterable[str], *, kind: str, now: datetime) -> dict[str, int]:
    """Make the gateways that are new; return the numbers of all of them by code."""
    actor.require(Right.CHANGE_METERS)
    wanted = sorted(set(codes))
    own = Gateway.objects.of(actor.organisation_id).filter(code__in=wanted)
    known = dict(own.values_list("code", "id"))
    missing = [code for code in wanted if code not in known]
    if missing:
        rows = [Gateway(organisation_id=actor.organisation_id, code=code, kind=kind) for code in missing]
        Gateway.objects.bulk_create(rows, ignore_conflicts=True)
        known = dict(own.all().values_list("code", "id"))
        made = Gateway.objects.of(actor.organisation_id).filter(code__in=missing)
        record(actor, *(Change("found", row, None, snapshot(row)) for row in made), now=now)
        bump_version("gateways")
    return known
