# SPDX-License-Identifier: Apache-2.0
"""Residents' own brokers: set, ended, and told again and again while the resident lives there."""

from __future__ import annotations

import dataclasses
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import override

from avlest.portal.access import SeriesAccess, access_own_series
from avlest.portal.api.consenting import cut_to_consent
from avlest.portal.api.guard import TargetError, find_target
from avlest.portal.api.homeassistant.discovery import Message, Sensor, derive_messages
from avlest.portal.api.homeassistant.publishing import Broker, PublishError, publish
from avlest.portal.api.latest import read_latest
from avlest.portal.api.models import HomeBroker
from avlest.portal.api.refusals import FieldRefusedError
from avlest.portal.api.sealing import SealedError, seal, unseal
from avlest.portal.viewer import Viewer, get_viewer
from avlest.readings.tables import Store
from avlest.registry.rights import AccessDeniedError
from avlest.registry.services.audit import Change, record, save_new

_PURPOSE: Final = "home broker"
EVERY: Final = timedelta(minutes=5)
_LONGEST: Final = timedelta(days=1)
_MOST: Final = 200
_LAST_TRIES: Final = 10


class BrokerError(FieldRefusedError):
    """A broker that cannot be set: which field, why."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class BrokerInfo:
    """A resident's broker as shown; never its password."""

    host: str
    port: int
    has_tls: bool
    username: str
    has_password: bool
    told_at: datetime | None
    error: str


def get_broker(viewer: Viewer) -> BrokerInfo | None:
    """Return one's own broker."""
    row = HomeBroker.objects.of(viewer.scope).filter(user_id=viewer.user_id or 0).first()
    if row is None:
        return None
    return BrokerInfo(
        host=row.host, port=row.port, has_tls=row.has_tls, username=row.username, has_password=bool(row.password),
        told_at=row.told_at, error=row.error,
    )  # fmt: skip


def do_set_broker(viewer: Viewer, broker: Broker, *, keeps_password: bool, language: str, now: datetime) -> None:
    """Set one's own broker; it is told from now on.  `BrokerError` names the field that is wrong."""
    if viewer.user_id is None or viewer.seen_as is not None or not viewer.is_resident:
        raise AccessDeniedError("only who lives here has a broker here")
    try:
        find_target(broker.host, broker.port, low_ports=frozenset())
    except TargetError as error:
        raise BrokerError("port" if error.code == "port" else "host", error.code, str(error)) from error
    _save(viewer, broker, keeps_password=keeps_password, language=language, now=now)


@transaction.atomic
def _save(viewer: Viewer, broker: Broker, *, keeps_password: bool, language: str, now: datetime) -> None:
    old = HomeBroker.objects.of(viewer.scope).filter(user_id=viewer.user_id or 0).first()
    same_place = old is not None and (old.host, old.port) == (broker.host, broker.port)
    # A password goes to no other host than the one it was given for.
    kept = old.password if old is not None and keeps_password and same_place else ""
    if old is not None:
        record(viewer.actor, Change("remove", old, {"host": old.host}, None), now=now)
        old.delete()
    row = HomeBroker(
        organisation_id=viewer.scope, user_id=viewer.user_id or 0, host=broker.host, port=broker.port,
        has_tls=broker.has_tls, username=broker.username,
        password=seal(broker.password, purpose=_PURPOSE) if broker.password else kept,
        language=language, made_at=now, due_at=now, topics=old.topics if old is not None and same_place else [],
    )  # fmt: skip
    save_new(viewer.actor, row, now=now)


@transaction.atomic
def do_end_broker(viewer: Viewer, *, now: datetime) -> None:
    """End it: what stands on the broker is taken away at the next turn, then it is forgotten."""
    rows = HomeBroker.objects.of(viewer.scope).filter(user_id=viewer.user_id or 0)
    for row in rows:
        record(viewer.actor, Change("end", row, {"host": row.host}, None), now=now)
    rows.update(is_ended=True, due_at=now)


def get_sensors(viewer: Viewer, store: Store, *, now: datetime) -> list[Sensor]:
    """Return what the resident may see now, in the active language; nothing of homes they have left."""
    own = [each for each in access_own_series(viewer) if any(window.contains(now) for window in each.access.hours)]
    # The broker is a program too; months are summed from hours here, so that what is not allowed is left out whole.
    allowed = [each for each in cut_to_consent(viewer, own, now=now) if each.access.hours]
    values = read_latest(viewer, store, allowed, now=now) if allowed else []
    return [_to_sensor(series, value) for series, value in zip(allowed, values, strict=True)]


def _to_sensor(series: SeriesAccess, values: dict[str, Any]) -> Sensor:
    medium, point = _get_media().get(series.access.point.medium, series.series.quantity), series.access.point.code
    words = {"reading": _("used since you moved in"), "today": _("today"), "this_month": _("this month")}
    return Sensor(
        series=series.series.id, name=f"{medium} {point}", place=point, unit=series.series.unit, words=words,
        values=values,
    )  # fmt: skip


def _get_media() -> dict[str, str]:
    return {
        "cold_water": _("Cold water"), "hot_water": _("Hot water"), "heat": _("Heat"), "electricity": _("Electricity"),
        "water": _("Water"),
    }  # fmt: skip


def do_tell_brokers(store: Store, *, now: datetime) -> tuple[int, int]:
    """Tell all brokers that are due; return how many were told and how many could not be."""
    told = failed = 0
    due = HomeBroker.objects.filter(due_at__lte=now).select_related("user").order_by("due_at")
    for row in due[:_MOST]:
        # Taken for this process: whoever else looks finds it not due.
        if HomeBroker.objects.filter(pk=row.pk, due_at=row.due_at).update(due_at=now + EVERY):
            is_told = _tell(row, store, now=now)
            told, failed = told + is_told, failed + (not is_told)
    return told, failed


def _tell(row: HomeBroker, store: Store, *, now: datetime) -> bool:
    viewer = get_viewer(row.user, organisation_id=row.organisation_id)
    lives_here = row.user.is_active and viewer.organisation_id == row.organisation_id and not row.is_ended
    with override(row.language):
        sensors = get_sensors(viewer, store, now=now) if lives_here else []
    messages = derive_messages(sensors)
    topics = [message.topic for message in messages]
    gone = [Message(topic, b"") for topic in row.topics if topic not in topics]
    try:
        publish(_to_broker(row), [*gone, *messages])
    except (PublishError, TargetError, SealedError) as error:
        return _note_failure(row, str(error), has_ended=not sensors, now=now)
    if not sensors:
        row.delete()
        return True
    HomeBroker.objects.filter(pk=row.pk).update(told_at=now, due_at=now + EVERY, failures=0, error="", topics=topics)
    return True


def _to_broker(row: HomeBroker) -> Broker:
    password = unseal(row.password, purpose=_PURPOSE) if row.password else ""
    return Broker(row.host, row.port, row.has_tls, row.username, password)


def _note_failure(row: HomeBroker, error: str, *, has_ended: bool, now: datetime) -> bool:
    failures = row.failures + 1
    if has_ended and failures > _LAST_TRIES:
        row.delete()
        return False
    pause = min(EVERY * 2 ** min(failures, 10), _LONGEST)
    HomeBroker.objects.filter(pk=row.pk).update(failures=failures, error=error[:300], due_at=now + pause)
    return False
