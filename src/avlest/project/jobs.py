# SPDX-License-Identifier: Apache-2.0
"""What a room wants done again and again: declared here, run by the service."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import datetime, timedelta


@dataclasses.dataclass(frozen=True, slots=True)
class Job:
    """Work that is due every so often.

    `run` gets the present instant (UTC) and returns one sentence on what it did.  It is idempotent and resumable: it
    may be ended at any moment and is run again, by this process or another.
    """

    name: str
    every: timedelta
    run: Callable[[datetime], str]
