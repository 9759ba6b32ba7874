# SPDX-License-Identifier: Apache-2.0
"""The audit row of a write: what a row was and became, without secrets."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any
from uuid import UUID

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import IntegrityError, connection, models
from django.db.models import F

from avlest.registry.errors import Problem, RegistryError
from avlest.registry.keys.field import SealedKeyField
from avlest.registry.models import AuditEntry, Owned, Version
from avlest.registry.rights import Actor
from avlest.registry.services.bulk import insert_values, to_json

Values = dict[str, Any]
_SUBJECT_LABEL = 200


@dataclasses.dataclass(frozen=True, slots=True)
class Change:
    """One row's change: `before` None when made, `after` None when removed."""

    action: str
    row: models.Model
    before: Values | None
    after: Values | None


@cache
def _columns(model: type[models.Model]) -> tuple[str, ...]:
    """Return the columns that may be shown: not the number, nothing sealed, no password."""
    return tuple(
        field.attname
        for field in model._meta.concrete_fields
        if not isinstance(field, SealedKeyField) and field.attname not in ("id", "password")
    )


def snapshot(row: models.Model) -> Values:
    """Return the row's columns as JSON values; sealed columns and passwords are left out."""
    return {name: _plain(getattr(row, name)) for name in _columns(type(row))}


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else repr(value)


def differences(before: Values, after: Values) -> tuple[Values, Values]:
    """Return both sides reduced to the columns that differ."""
    changed = [name for name in after if before.get(name) != after[name]]
    return {n: before.get(n) for n in changed}, {n: after[n] for n in changed}


def record(actor: Actor, *changes: Change, now: datetime, batch: UUID | None = None) -> None:
    """Write the audit rows of `changes`; call it inside the transaction of the write."""
    if not changes:
        return
    head = [actor.name[:150], actor.user_id]
    adapt = connection.ops.adapt_datetimefield_value
    at = adapt(now)
    group = AuditEntry._meta.get_field("batch").get_db_prep_save(batch, connection=connection)
    insert_values(
        AuditEntry,
        _AUDIT_COLUMNS,
        ([_organisation_of(c.row, actor), at, *head, *_entry(c), group] for c in changes),
    )


_AUDIT_COLUMNS = (
    "organisation_id", "at", "actor", "user_id",
    "action", "subject", "subject_id", "label", "before", "after", "batch",
)  # fmt: skip


def _entry(change: Change) -> list[Any]:
    """Return the columns from `action` to `after`; of a changed row only what differs."""
    before, after = change.before, change.after
    if before is not None and after is not None:
        before, after = differences(before, after)
    label = str(change.row)[:_SUBJECT_LABEL]
    subject = change.row._meta.model_name
    return [change.action, subject, change.row.pk, label, to_json(before), to_json(after)]


def _organisation_of(row: models.Model, actor: Actor) -> int:
    return row.organisation_id if isinstance(row, Owned) else actor.organisation_id


def check_row(row: models.Model) -> None:
    """Run the row's own checks; raise `RegistryError` with every field and what it expects."""
    try:
        row.full_clean()
    except ValidationError as error:
        parts = [f"{name}: {' '.join(texts)}" for name, texts in error.message_dict.items()]
        detail = "; ".join(parts).replace(f"{NON_FIELD_ERRORS}: ", "")
        raise RegistryError(Problem.INVALID, detail) from error


@contextmanager
def refuse_collisions(what: str) -> Iterator[None]:
    """Turn what only the database can notice (another writer was faster) into `RegistryError`."""
    try:
        yield
    except IntegrityError as error:
        rule = getattr(getattr(error.__cause__, "diag", None), "constraint_name", "") or str(error)
        detail = f"{what}: another change was made at the same time ({rule}); look again and repeat"
        raise RegistryError(Problem.COLLISION, detail) from error


def save_new(actor: Actor, row: models.Model, *, now: datetime, action: str = "create") -> None:
    """Check, insert and audit one new row."""
    check_row(row)
    with refuse_collisions(str(row)):
        row.save(force_insert=True)
    record(actor, Change(action, row, None, snapshot(row)), now=now)


def save_changed(actor: Actor, row: models.Model, values: Mapping[str, Any], *, now: datetime, action: str) -> bool:
    """Set `values` on a row, check, save and audit it; say whether anything differed."""
    before = snapshot(row)
    for name, value in values.items():
        setattr(row, name, value)
    after = snapshot(row)
    if before == after:
        return False
    check_row(row)
    with refuse_collisions(str(row)):
        row.save()
    record(actor, Change(action, row, before, after), now=now)
    return True


def bump_version(*names: str) -> None:
    """Count up the version of one kind of thing, so that caches elsewhere notice."""
    for name in names:
        if not Version.objects.filter(name=name).update(value=F("value") + 1):
            # Two writers may both make the row; only the update counts, so both are counted.
            Version.objects.bulk_create([Version(name=name)], ignore_conflicts=True)
            Version.objects.filter(name=name).update(value=F("value") + 1)


def get_versions(names: Iterable[str] = ("keys", "meters")) -> dict[str, int]:
    """Return the counters; 0 for what never changed."""
    found = dict(Version.objects.filter(name__in=list(names)).values_list("name", "value"))
    return {name: found.get(name, 0) for name in names}
