# SPDX-License-Identifier: Apache-2.0
"""One limit, one absence, and how one person wants to be told: for pages that have checked whose it is."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from avlest.insight.contracts import AlarmKind
from avlest.insight.infos import AbsenceInfo, OwnLimitInfo
from avlest.insight.models import Absence, Alarm, Browser, OwnLimit, Wishes
from avlest.insight.notify.contracts import Channel, Preferences
from avlest.insight.notify.people import to_preferences
from avlest.registry.errors import Problem, RegistryError
from avlest.registry.rights import Actor
from avlest.registry.services.audit import save_changed, save_new


@dataclasses.dataclass(frozen=True, slots=True)
class BrowserInfo:
    """A browser that shows pushed messages to a user."""

    id: int
    added_at: datetime


def get_own_limit(organisation_id: int, limit_id: int) -> OwnLimitInfo | None:
    """Return a limit, also one that has ended; None where the organisation has none of this number."""
    row = OwnLimit.objects.of(organisation_id).filter(pk=limit_id).select_related("series").first()
    if row is None:
        return None
    return OwnLimitInfo(
        id=row.pk, point_id=row.series.point_id, series_id=row.series_id, span=row.span, limit=row.limit,
        starts_at=row.starts_at, ends_at=row.ends_at,
    )  # fmt: skip


def get_absence(organisation_id: int, absence_id: int) -> AbsenceInfo | None:
    """Return an absence, also one that is over; None where the organisation has none of this number."""
    row = Absence.objects.of(organisation_id).filter(pk=absence_id).first()
    if row is None:
        return None
    return AbsenceInfo(id=row.pk, point_id=row.point_id, starts_at=row.starts_at, ends_at=row.ends_at)


def get_wishes(party_ids: Sequence[int]) -> Preferences:
    """Return how a person (by their parties in one organisation) wants to be told; the defaults where nothing is."""
    row = Wishes.objects.filter(party_id__in=list(party_ids)).order_by("party_id").first()
    return to_preferences(row) if row else Preferences()


@transaction.atomic
def do_set_wishes(actor: Actor, party_ids: Sequence[int], wishes: Preferences, *, now: datetime) -> None:
    """Set how a person wants to be told, for each of their parties of the organisation.

    Raises `RegistryError` for a kind of alarm that is not known.  Critical alarms are told whatever is muted.
    """
    unknown = wishes.mutes - set(AlarmKind)
    if unknown:
        raise RegistryError(Problem.INVALID, f"mutes: no kind of alarm {', '.join(sorted(unknown))}")
    values = {
        "without": sorted(Channel(name).value for name in wishes.without), "mutes": sorted(wishes.mutes),
        "quiet_from": wishes.quiet_from, "quiet_to": wishes.quiet_to,
    }  # fmt: skip
    rows = {row.party_id: row for row in Wishes.objects.of(actor.organisation_id).filter(party_id__in=list(party_ids))}
    for party in sorted(party_ids):
        row = rows.get(party)
        if row is None:
            new = Wishes(organisation_id=actor.organisation_id, party_id=party, **values)
            save_new(actor, new, now=now)
        else:
            save_changed(actor, row, values, now=now, action="update")


def get_browsers(user_id: int) -> list[BrowserInfo]:
    """Return the browsers that show a user pushed messages."""
    return [BrowserInfo(row.pk, row.added_at) for row in Browser.objects.filter(user_id=user_id).order_by("pk")]


def do_add_browser(user_id: int, *, endpoint: str, p256dh: str, auth: str, now: datetime) -> None:
    """Keep a browser to push to; one that is known becomes this user's."""
    if not endpoint.startswith("https://") or len(endpoint) > 500:
        raise RegistryError(Problem.INVALID, "endpoint: expected an https address of at most 500 characters")
    if not (0 < len(p256dh) <= 200 and 0 < len(auth) <= 100):
        raise RegistryError(Problem.INVALID, "keys: expected p256dh and auth as the browser gives them")
    values = {"user_id": user_id, "p256dh": p256dh, "auth": auth, "added_at": now}
    Browser.objects.update_or_create(endpoint=endpoint, defaults=values)


def do_forget_browsers(user_id: int) -> int:
    """Push to none of the user's browsers any more; returns how many there were."""
    return Browser.objects.filter(user_id=user_id).delete()[0]


def find_alarm_organisation(alarm_id: int) -> int | None:
    """Return whose alarm it is, for a link that was signed for it; None where it is gone."""
    return Alarm.objects.filter(pk=alarm_id).values_list("organisation_id", flat=True).first()
