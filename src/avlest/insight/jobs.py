# SPDX-License-Identifier: Apache-2.0
"""What this room does again and again: find alarms and tell of them, balances of zones, coverage, send messages."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings

from avlest.insight.notify.options import read_notify_options
from avlest.insight.notify.work import SEND_JOB
from avlest.insight.services.balances import do_balance
from avlest.insight.services.coverage import do_cover
from avlest.insight.services.finding import do_find_alarms
from avlest.insight.services.telling import do_tell_alarms
from avlest.project.jobs import Job
from avlest.readings.jobs import get_store


def run_alarms(now: datetime) -> str:
    """Find alarms in what has changed, and keep messages of them."""
    found = do_find_alarms(get_store(), now=now)
    told = do_tell_alarms(now=now, address=read_notify_options(settings.AVLEST).address)
    return f"{found.describe()}; {told} new messages"


def run_balance(now: datetime) -> str:
    """Balance the zones over the last days and months."""
    return do_balance(get_store(), now=now).describe()


def run_coverage(now: datetime) -> str:
    """Count what was expected and what came, over the last days."""
    return do_cover(get_store(), now=now).describe()


JOBS: tuple[Job, ...] = (
    Job("alarms", timedelta(minutes=10), run_alarms),
    Job("balance", timedelta(hours=6), run_balance),
    Job("coverage", timedelta(hours=6), run_coverage),
    SEND_JOB,
)
