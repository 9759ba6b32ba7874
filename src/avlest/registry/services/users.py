# SPDX-License-Identifier: Apache-2.0
"""People who log in."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from avlest.registry.access import make_system_actor
from avlest.registry.errors import Problem, RegistryError
from avlest.registry.models import Organisation, User
from avlest.registry.services.audit import Change, check_row, record, snapshot


@transaction.atomic
def do_make_administrator(username: str, password: str, *, by: str, now: datetime) -> bool:
    """Make a user who may do everything, or give one a new password and these rights; say whether one was made.

    Written in the audit log of every organisation, for each is concerned.  Raises `RegistryError` for a name or
    password that does not do.
    """
    known = User.objects.filter(username=username).first()
    row = known or User(username=username)
    before = snapshot(row) if known else None
    row.is_staff = row.is_superuser = row.is_active = True
    _check_password(password, row)
    row.set_password(password)
    check_row(row)
    row.save()
    change = Change("administrator" if known else "create", row, before, snapshot(row))
    for organisation in Organisation.objects.values_list("pk", flat=True):
        record(make_system_actor(organisation, name=by), change, now=now)
    return known is None


def _check_password(password: str, user: User) -> None:
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise RegistryError(Problem.INVALID, f"password: {' '.join(error.messages)}") from error
