# SPDX-License-Identifier: Apache-2.0
"""From notices to messages: who hears, on which road, when.  Pure; the table is `plan.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from functools import cache
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

from avlest.insight.notify.compose import compose_alarm
from avlest.insight.notify.contracts import AlarmNotice, Audience, Channel, Draft, Preferences, Recipient

OSLO = ZoneInfo("Europe/Oslo")
NO_PREFERENCES = Preferences()


@dataclass(frozen=True, slots=True)
class Routing:
    """How one notice travels."""

    roads: tuple[Channel, ...]
    extra: tuple[Channel, ...]
    waits_for_morning: bool


@cache
def load_plan() -> Mapping[str, Any]:
    """The table `plan.toml`."""
    return tomllib.loads(files("avlest.insight.notify").joinpath("plan.toml").read_text(encoding="utf-8"))


def derive_routing(notice: AlarmNotice, audience: Audience) -> Routing | None:
    """The roads of a notice for an audience; None where that audience is not told."""
    plan = load_plan()
    severity, step = plan["severity"][notice.severity], plan["step"][notice.step]
    if audience.value not in step["audiences"] or not severity["roads"]:
        return None
    roads = step.get("roads", severity["roads"])
    return Routing(
        tuple(Channel(road) for road in roads),
        tuple(Channel(road) for road in severity["extra"]),
        severity["waits_for_morning"],
    )


def derive_drafts(
    notices: Iterable[AlarmNotice], *, preferences: Mapping[str, Preferences], pushes: frozenset[str], now: datetime
) -> list[Draft]:
    """The messages of some notices: one per cause, person and road.

    `preferences` and `pushes` (who has a browser to push to) go by `Recipient.key`.  A person without any contact gets
    a draft without address, so that the delivery list shows the gap.
    """
    drafts: dict[str, Draft] = {}
    for notice in notices:
        for recipient in notice.recipients:
            routing = derive_routing(notice, recipient.audience)
            wishes = preferences.get(recipient.key, NO_PREFERENCES)
            if routing is None or _is_muted(notice, wishes, routing):
                continue
            for draft in _draft(notice, recipient, routing, wishes, has_push=recipient.key in pushes, now=now):
                drafts.setdefault(draft.key, draft)
    return list(drafts.values())


def _is_muted(notice: AlarmNotice, wishes: Preferences, routing: Routing) -> bool:
    return notice.kind in wishes.mutes and routing.waits_for_morning


def _draft(
    notice: AlarmNotice, recipient: Recipient, routing: Routing, wishes: Preferences, *, has_push: bool, now: datetime
) -> list[Draft]:
    addresses = _addresses(recipient, wishes, has_push=has_push)
    chosen = choose_roads(routing, addresses)
    at = derive_send_time(now, wishes) if routing.waits_for_morning else now
    found = []
    for channel, address in chosen:
        message = compose_alarm(notice, channel=channel, language=recipient.language)
        key = f"{notice.cause_key}/{notice.step}/{recipient.key}/{channel}"
        found.append(
            Draft(
                key=key,
                recipient=recipient,
                channel=channel,
                address=address,
                subject=message.subject,
                body=message.body,
                not_before=at,
                alarm_id=notice.alarm_id,
                step=notice.step.value,
            )
        )
    return found


def _addresses(recipient: Recipient, wishes: Preferences, *, has_push: bool) -> dict[Channel, str]:
    known = {Channel.EMAIL: recipient.email, Channel.SMS: recipient.phone, Channel.PUSH: recipient.key * has_push}
    return {channel: address for channel, address in known.items() if address and channel not in wishes.without}


def choose_roads(routing: Routing, addresses: Mapping[Channel, str]) -> Sequence[tuple[Channel, str]]:
    """The first road that the person has, and the extras; the first road without an address where there is none."""
    first = next((road for road in routing.roads if road in addresses), None)
    chosen = dict.fromkeys([*([first] if first else []), *(road for road in routing.extra if road in addresses)])
    if not chosen:
        return [(routing.roads[0], "")]
    return [(channel, addresses[channel]) for channel in chosen]


def derive_send_time(now: datetime, wishes: Preferences, zone: tzinfo = OSLO) -> datetime:
    """`now`, or the end of the quiet hours that hold it; quiet hours may cross midnight."""
    start, stop = wishes.quiet_from, wishes.quiet_to
    local = now.astimezone(zone)
    is_quiet = start <= local.hour < stop if start < stop else local.hour >= start or local.hour < stop
    if start == stop or not is_quiet:
        return now
    day = local.date() + timedelta(days=1 if local.hour >= stop else 0)
    return datetime(day.year, day.month, day.day, stop, tzinfo=zone).astimezone(now.tzinfo)
