# SPDX-License-Identifier: Apache-2.0
"""What settlement wants done again and again."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings

from avlest.project.jobs import Job
from avlest.readings.calendar import derive_local_day
from avlest.readings.options import open_configured_store
from avlest.registry.queries import get_organisations
from avlest.settlement.models import PriceList
from avlest.settlement.services.expected import do_update_expected
from avlest.settlement.services.reminders import do_list_reminders
from avlest.settlement.services.retention import Removed, do_remove_expired


def list_reminders(now: datetime) -> str:
    """Put overdue items on the reminders list of every organisation."""
    today = derive_local_day(now)
    count = sum(do_list_reminders(number, today=today) for number in get_organisations().values())
    return f"{count} items put on the reminders list"


def update_expected(now: datetime) -> str:
    """Work out the running settlement of every account of organisations that have prices."""
    store = open_configured_store(settings.AVLEST)
    priced = set(PriceList.objects.filter(state="approved").values_list("organisation_id", flat=True))
    numbers = [number for number in get_organisations().values() if number in priced]
    count = sum(do_update_expected(number, store=store, now=now) for number in numbers)
    return f"running settlement of {count} accounts worked out"


def remove_expired(now: datetime) -> str:
    """Remove invoices, payments, runs and accounts that must be kept no longer."""
    today = derive_local_day(now)
    each = (do_remove_expired(number, today=today, now=now) for number in get_organisations().values())
    total = sum(each, start=Removed())
    return total.describe()


JOBS = (
    Job("settlement_reminders", timedelta(days=1), list_reminders),
    Job("settlement_expected", timedelta(days=1), update_expected),
    Job("settlement_retention", timedelta(days=7), remove_expired),
)
