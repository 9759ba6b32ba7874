# SPDX-License-Identifier: Apache-2.0
"""The reminders list: items that are overdue by so many days, once for each level."""

from __future__ import annotations

from datetime import date, timedelta

from django.db import transaction

from avlest.registry.services.bulk import insert_rows
from avlest.settlement.models import OpenItem, Reminder
from avlest.settlement.settings import get_options


@transaction.atomic
def do_list_reminders(organisation_id: int, *, today: date) -> int:
    """Put overdue items on the list; return how many rows were added.  Run again the same day it adds none.

    A level is due so many days after the due date (options `reminders.days`); rests below `reminders.least` are let be.
    """
    table = get_options(organisation_id).values["reminders"]
    made: list[Reminder] = []
    for level, days in enumerate(table["days"], start=1):
        overdue = OpenItem.objects.of(organisation_id).filter(
            rest__gte=int(table["least"]), due_on__lte=today - timedelta(days=int(days))
        )
        made += [
            Reminder(organisation_id=organisation_id, item=item, level=level, listed_on=today, rest=item.rest)
            for item in overdue.exclude(reminder__level=level).order_by("due_on", "pk")
        ]
    insert_rows(Reminder, made)
    return len(made)
