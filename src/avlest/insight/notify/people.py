# SPDX-License-Identifier: Apache-2.0
"""Who may be told about a place now: who lives there, else who owns it; the caretaker; the operators."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from django.db.models import Q

from avlest.insight.models import Browser, Wishes
from avlest.insight.notify.contracts import Audience, Channel, Preferences, Recipient
from avlest.registry.models import Membership, MeteringPoint, Party, Tenancy
from avlest.registry.rights import Role

# Who stands nearest to the tap; the first of these that a place has is told.
_NEAREST: Final = (Tenancy.Role.RESIDENT, Tenancy.Role.OWNER, Tenancy.Role.SUBSCRIBER)
_STAFF: Final = {Role.CARETAKER: Audience.CARETAKER, Role.OPERATOR: Audience.OPERATOR}
_CHUNK: Final = 500


def get_recipients(
    organisation_id: int, point_ids: Iterable[int], *, now: datetime
) -> dict[int, tuple[Recipient, ...]]:
    """Return who is told about each point: residents of its unit, else of its property, and the staff."""
    staff = get_staff(organisation_id)
    rows = MeteringPoint.objects.of(organisation_id).filter(pk__in=list(point_ids))
    places = list(rows.values_list("pk", "unit_id", "unit__property_id", "property_id"))
    units = _get_tenants(organisation_id, "unit_id", {unit for _, unit, _, _ in places if unit}, now=now)
    wanted = {home or property_ for _, _, home, property_ in places if home or property_}
    properties = _get_tenants(organisation_id, "property_id", wanted, now=now)
    return {
        point: (*(units.get(unit or 0) or properties.get(home or property_ or 0, ())), *staff)
        for point, unit, home, property_ in places
    }


def _get_tenants(
    organisation_id: int, column: str, places: Iterable[int], *, now: datetime
) -> dict[int, tuple[Recipient, ...]]:
    found: dict[int, dict[str, list[Recipient]]] = {}
    numbers = sorted(places)
    present = Q(starts_at__lte=now) & (Q(ends_at__isnull=True) | Q(ends_at__gt=now))
    for at in range(0, len(numbers), _CHUNK):
        rows = Tenancy.objects.of(organisation_id).filter(present, **{f"{column}__in": numbers[at : at + _CHUNK]})
        for row in rows.select_related("party").order_by("pk"):
            found.setdefault(getattr(row, column), {}).setdefault(row.role, []).append(to_recipient(row.party))
    return {place: tuple(_choose_nearest(roles)) for place, roles in found.items()}


def _choose_nearest(roles: Mapping[str, list[Recipient]]) -> list[Recipient]:
    return next((roles[role] for role in _NEAREST if role in roles), [])


def to_recipient(party: Party) -> Recipient:
    """Return a party as somebody to be told."""
    return Recipient(
        audience=Audience.RESIDENT, name=party.name, language=party.language, party_id=party.pk, email=party.email,
        phone=party.phone,
    )  # fmt: skip


def get_staff(organisation_id: int) -> tuple[Recipient, ...]:
    """Return the caretakers and operators of an organisation."""
    rows = Membership.objects.filter(organisation_id=organisation_id, role__in=list(_STAFF), user__is_active=True)
    return tuple(
        Recipient(
            audience=_STAFF[Role(row.role)], name=row.user.get_full_name() or row.user.get_username(),
            user_id=row.user_id, email=row.user.email,
        )
        for row in rows.select_related("user").order_by("user_id")
    )  # fmt: skip


def get_preferences(recipients: Iterable[Recipient]) -> dict[str, Preferences]:
    """Return what people wish, by `Recipient.key`."""
    parties = sorted({one.party_id for one in recipients if one.party_id is not None})
    found = {}
    for at in range(0, len(parties), _CHUNK):
        for row in Wishes.objects.filter(party_id__in=parties[at : at + _CHUNK]):
            found[f"party:{row.party_id}"] = to_preferences(row)
    return found


def to_preferences(row: Wishes) -> Preferences:
    """Return a row as what the plan takes."""
    return Preferences(
        without=frozenset(Channel(name) for name in row.without), mutes=frozenset(row.mutes),
        quiet_from=row.quiet_from, quiet_to=row.quiet_to,
    )  # fmt: skip


def get_pushable(recipients: Iterable[Recipient]) -> frozenset[str]:
    """Return the keys of those who have a browser to push to."""
    recipients = list(recipients)
    users = set(Browser.objects.values_list("user_id", flat=True).distinct())
    parties = {one.party_id for one in recipients if one.party_id is not None} if users else set()
    rows = Party.objects.filter(pk__in=parties, user_id__in=users).values_list("pk", flat=True)
    keys = {f"party:{party}" for party in rows}
    return frozenset(keys | {one.key for one in recipients if one.user_id in users})


def get_subscriptions(key: str) -> list[dict[str, object]]:
    """Return the browsers of a person by `Recipient.key`, as web push wants them."""
    kind, _, number = key.partition(":")
    rows = (
        Browser.objects.filter(user_id=int(number))
        if kind == "user"
        else Browser.objects.filter(user__party=int(number))
    )
    return [{"endpoint": row.endpoint, "keys": {"p256dh": row.p256dh, "auth": row.auth}} for row in rows]
