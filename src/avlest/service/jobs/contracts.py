# SPDX-License-Identifier: Apache-2.0
"""What pages and commands are told about a job."""

from __future__ import annotations

import dataclasses
from datetime import datetime, timedelta


@dataclasses.dataclass(frozen=True, slots=True)
class JobInfo:
    """One job: how often, when next, whether somebody is at it, and how it went last.

    `failures` counts those in a row, `takeovers` how often a runner died at it; `error` is empty after a success.
    """

    name: str
    every: timedelta
    due_at: datetime | None
    holder: str
    is_running: bool
    started_at: datetime | None
    finished_at: datetime | None
    succeeded_at: datetime | None
    result: str
    error: str
    runs: int
    failures: int
    takeovers: int

    @property
    def is_well(self) -> bool:
        """Whether it did not fail the last time."""
        return not self.error
