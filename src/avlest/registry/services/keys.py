# SPDX-License-Identifier: Apache-2.0
"""Writing, reading in bulk and resealing the meters' keys."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet

from avlest.registry.access import access_row
from avlest.registry.identifiers import MeterAddress
from avlest.registry.keys.ring import get_key_ring
from avlest.registry.keys.seal import KeyRing, SealError, SecretKey
from avlest.registry.models import Meter, MeterKey
from avlest.registry.rights import Actor, Right
from avlest.registry.services.audit import Change, bump_version, get_versions, record

# Below this many serials they are named in the query; above it the whole table is read.
_NAMED = 900
_BATCH = 2000


class MeterKeys(Mapping[MeterAddress, tuple[SecretKey, ...]]):
    """Keys by meter address, newest first; does not print what it holds."""

    __slots__ = ("_keys", "unopened")

    def __init__(self, keys: dict[MeterAddress, tuple[SecretKey, ...]], unopened: int) -> None:
        self._keys = keys
        self.unopened = unopened

    def __getitem__(self, address: MeterAddress) -> tuple[SecretKey, ...]:
        return self._keys[address]

    def __iter__(self) -> Iterator[MeterAddress]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)

    def __repr__(self) -> str:
        """Return the counts only."""
        return f"MeterKeys({len(self)} meters, {self.unopened} could not be opened)"


@dataclasses.dataclass(frozen=True, slots=True)
class BadKey:
    """A key that does not open, and why."""

    meter_id: int
    address: MeterAddress
    reason: str


@dataclasses.dataclass(frozen=True, slots=True)
class KeyCheck:
    """What is stored: how many keys each ring key seals, and which do not open."""

    current: str
    by_ring_key: Mapping[str, int]
    bad: tuple[BadKey, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Rotation:
    """What a resealing did: `failed` keys were left as they were."""

    resealed: int
    already: int
    failed: tuple[BadKey, ...]


def get_keys_version() -> int:
    """Return a number that grows with every change of a key, so that others may cache."""
    return get_versions(("keys",))["keys"]


def get_meter_keys(addresses: Iterable[MeterAddress] | None = None) -> MeterKeys:
    """Return the keys of the meters with these addresses (None: all), across organisations.

    For the pipeline, which acts for no person.  Retired keys are included after the
    current one, for telegrams that were kept until the key came.  Keys that do not open
    are left out and counted in `unopened`; `check_keys` names them.
    """
    wanted = None if addresses is None else set(addresses)
    ring, found, unopened = get_key_ring(), dict[MeterAddress, tuple[SecretKey, ...]](), 0
    for manufacturer, serial, meter_id, sealed in _read(wanted):
        address = MeterAddress(manufacturer, serial)
        if wanted is not None and address not in wanted:
            continue
        try:
            key = ring.open(sealed, meter_id=meter_id)
        except SealError:
            unopened += 1
            continue
        found[address] = (*found.get(address, ()), key)
    return MeterKeys(found, unopened)


def _read(wanted: set[MeterAddress] | None) -> Iterator[tuple[str, str, int, str]]:
    """Yield (manufacturer, serial, meter, sealed), the current key of a meter first."""
    rows = MeterKey.objects.order_by("meter_id", "-id")
    columns = ("meter__manufacturer", "meter__serial", "meter_id", "sealed")
    if wanted is None or len(wanted) > _NAMED:
        yield from rows.values_list(*columns).iterator(chunk_size=10_000)
    else:
        serials = [address.serial for address in wanted]
        yield from rows.filter(meter__serial__in=serials).values_list(*columns)


@transaction.atomic
def do_set_meter_key(actor: Actor, meter_id: int, key: bytes, *, now: datetime) -> bool:
    """Give a meter a key (16 bytes); an older one is retired.  Returns False when it has it."""
    meter = access_row(Meter, actor, meter_id, right=Right.WRITE_KEYS, for_update=True)
    ring = get_key_ring()
    current = MeterKey.objects.filter(meter=meter, retired_at__isnull=True).first()
    if current is not None and _is_same(ring, current, key):
        return False
    if current is not None:
        MeterKey.objects.filter(pk=current.pk).update(retired_at=now)
        record(actor, Change("retire_key", current, {}, {"meter_id": meter_id}), now=now)
    row = MeterKey.objects.create(
        organisation_id=meter.organisation_id, meter=meter, created_at=now,
        sealed=ring.seal(key, meter_id=meter_id),
    )  # fmt: skip
    record(actor, Change("set_key", row, None, {"meter_id": meter_id}), now=now)
    bump_version("keys")
    return True


def _is_same(ring: KeyRing, row: MeterKey, key: bytes) -> bool:
    """Say whether a row already seals `key`; one that does not open is another."""
    try:
        return ring.open(row.sealed, meter_id=row.meter_id) == key
    except SealError:
        return False


def do_reseal_keys(actor_name: str, *, now: datetime, batch: int = _BATCH) -> Rotation:
    """Reseal every key that is not sealed with the ring's current key.

    One transaction a batch: stopped anywhere, the next run goes on; run again, it does
    nothing.  Keys that do not open are reported and left.
    """
    ring = get_key_ring()
    done, failed, after = 0, list[BadKey](), 0
    already = MeterKey.objects.filter(_sealed_with(ring.current)).count()
    while rows := list(_stale(ring, after)[:batch]):
        after = rows[-1].pk
        count, bad = _reseal(ring, rows, actor_name, now=now)
        done += count
        failed += bad
    return Rotation(resealed=done, already=already, failed=tuple(failed))


def _sealed_with(ring_key_id: str) -> Q:
    return Q(sealed__contains=f":{ring_key_id}:")


def _stale(ring: KeyRing, after: int) -> QuerySet[MeterKey]:
    rows = MeterKey.objects.exclude(_sealed_with(ring.current)).filter(pk__gt=after)
    return rows.order_by("pk").select_related("meter")


@transaction.atomic
def _reseal(ring: KeyRing, rows: list[MeterKey], actor_name: str, *, now: datetime) -> tuple[int, list[BadKey]]:
    """Reseal one batch with an audit row an organisation; the keys themselves do not change."""
    good, bad = list[MeterKey](), list[BadKey]()
    for row in rows:
        try:
            key = ring.open(row.sealed, meter_id=row.meter_id)
        except SealError as error:
            bad.append(_bad(row, error))
            continue
        row.sealed = ring.seal(key, meter_id=row.meter_id)
        good.append(row)
    MeterKey.objects.bulk_update(good, ["sealed"], batch_size=500)
    for organisation_id in sorted({row.organisation_id for row in good}):
        own = [row for row in good if row.organisation_id == organisation_id]
        actor = Actor(organisation_id, name=actor_name, rights=frozenset())
        after = {"keys": len(own), "ring_key": ring.current}
        record(actor, Change("reseal_keys", own[0], {}, after), now=now)
    return len(good), bad


def _bad(row: MeterKey, error: SealError) -> BadKey:
    address = MeterAddress(row.meter.manufacturer, row.meter.serial)
    return BadKey(meter_id=row.meter_id, address=address, reason=str(error))


def check_keys() -> KeyCheck:
    """Open every key and report the ones that do not, without showing any."""
    ring = get_key_ring()
    counts: dict[str, int] = {}
    bad: list[BadKey] = []
    for row in MeterKey.objects.order_by("pk").select_related("meter").iterator():
        counts[row.sealed.ring_key_id] = counts.get(row.sealed.ring_key_id, 0) + 1
        try:
            ring.open(row.sealed, meter_id=row.meter_id)
        except SealError as error:
            bad.append(_bad(row, error))
    return KeyCheck(current=ring.current, by_ring_key=counts, bad=tuple(bad))
