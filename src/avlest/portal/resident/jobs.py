# SPDX-License-Identifier: Apache-2.0
"""What the area wants done again and again."""

from __future__ import annotations

from datetime import datetime, timedelta

from avlest.insight.services.leaving import do_end_left
from avlest.project.jobs import Job


def end_left(now: datetime) -> str:
    """End what people said of places that others have taken over."""
    return f"{do_end_left(now=now)} limits and absences ended"


JOBS: tuple[Job, ...] = (Job("resident_end_left", timedelta(hours=1), end_left),)
