# SPDX-License-Identifier: Apache-2.0
"""What billing wants done again and again."""

from __future__ import annotations

from datetime import datetime, timedelta

from avlest.portal.billing.holding import forget_old
from avlest.portal.billing.reporting.deliver import do_deliver
from avlest.portal.billing.work import do_all
from avlest.project.jobs import Job


def forget(now: datetime) -> str:
    """Forget lists that were looked at and never taken in."""
    return f"{forget_old(now)} held files forgotten"


JOBS = (
    Job("billing_work", timedelta(seconds=2), do_all),
    Job("billing_reports", timedelta(minutes=1), do_deliver),
    Job("billing_held_files", timedelta(minutes=15), forget),
)
