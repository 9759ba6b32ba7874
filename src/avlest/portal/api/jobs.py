# SPDX-License-Identifier: Apache-2.0
"""What the API wants done again and again."""

from __future__ import annotations

from datetime import datetime, timedelta

from avlest.portal.api.homeassistant.services import do_tell_brokers
from avlest.portal.api.webhooks.delivering import do_deliver
from avlest.portal.api.webhooks.events import do_find_events, do_forget_events
from avlest.portal.store import get_store
from avlest.project.jobs import Job


def tell_webhooks(now: datetime) -> str:
    """Make the events of what has happened and send what is due."""
    found = do_find_events(now=now)
    arrived, failed = do_deliver(now=now)
    return f"{found} events; {arrived} messages arrived, {failed} did not"


def forget_events(now: datetime) -> str:
    """Remove what was told long ago."""
    return f"{do_forget_events(now=now)} rows of old events removed"


def tell_homes(now: datetime) -> str:
    """Send residents' own values to their own brokers."""
    told, failed = do_tell_brokers(get_store(), now=now)
    return f"{told} brokers told, {failed} could not be"


JOBS = (
    Job("home_brokers", timedelta(minutes=1), tell_homes),
    Job("webhooks", timedelta(seconds=15), tell_webhooks),
    Job("webhooks_retention", timedelta(days=1), forget_events),
)
