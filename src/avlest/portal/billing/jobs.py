# SPDX-License-Identifier: Apache-2.0
"""What billing wants done again and again."""

from __future__ import annotations

from datetime import timedelta

from avlest.portal.billing.work import do_all
from avlest.project.jobs import Job

JOBS = (Job("billing_work", timedelta(seconds=2), do_all),)
