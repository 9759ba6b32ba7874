# SPDX-License-Identifier: Apache-2.0
"""What a demonstration's data folder is a demonstration of, and how far it got: `demo.json`."""

from __future__ import annotations

import dataclasses
import json
import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from avlest.readings.calendar import derive_day_start, derive_local_day
from avlest.simulate.errors import PlanError
from avlest.simulate.filling.logins import Login

FILE_NAME: Final = "demo.json"
VERSION: Final = 1
_YEAR: Final = 365
DAYS: Final = 395
"""Thirteen months: a year to compare with, and the month that is running."""


@dataclasses.dataclass(frozen=True, slots=True)
class Plan:
    """A world by its seed, size and period, what of it has been played, and which stages are done.

    Meters hang from `begin` on and are heard from `start` on: what they counted before is known from the values they
    were put up with, so that the year before can be settled.
    """

    homes: int
    seed: int
    begin: datetime
    start: datetime
    stop: datetime
    played_until: datetime
    done: tuple[str, ...] = ()
    logins: tuple[Login, ...] = ()
    tally: dict[str, int] = dataclasses.field(default_factory=dict)
    figures: dict[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def settled_year(self) -> int | None:
        """The year that is over and known as a whole; None where the demonstration is too short for one."""
        year = derive_local_day(self.stop).year - 1
        return year if self.begin <= derive_day_start(date(year, 1, 1)) else None

    def with_done(self, stage: str, **changes: Any) -> Plan:
        """The plan after a stage."""
        done = self.done if stage in self.done else (*self.done, stage)
        return dataclasses.replace(self, done=done, **changes)

    def with_figures(self, **figures: Any) -> Plan:
        """The plan with more figures for the summary."""
        return dataclasses.replace(self, figures={**self.figures, **figures})


def make_plan(*, homes: int, seed: int, days: int, now: datetime) -> Plan:
    """A new demonstration that ends with the present hour; one of a year or more begins with the year before."""
    stop = now.replace(minute=0, second=0, microsecond=0)
    start = stop - timedelta(days=days)
    year = derive_day_start(date(derive_local_day(stop).year - 1, 1, 1))
    begin = min(start, year) if days >= _YEAR else start
    return Plan(homes, seed, begin, start, stop, played_until=start)


def read_plan(folder: Path) -> Plan | None:
    """The plan of a data folder; None where there is none yet.  Raises `PlanError`."""
    path = folder / FILE_NAME
    if not path.is_file():
        if folder.is_dir() and any(folder.iterdir()):
            raise PlanError(f"{folder} holds something that is no demonstration; choose another folder with --data")
        return None
    try:
        facts = json.loads(path.read_text("utf-8"))
        if facts["version"] != VERSION:
            raise PlanError(f"{path} is of another version; begin anew with --fresh")
        moments = {name: datetime.fromisoformat(facts[name]).astimezone(UTC) for name in _MOMENTS}
        return Plan(
            homes=facts["homes"],
            seed=facts["seed"],
            done=tuple(facts["done"]),
            logins=tuple(Login(**login) for login in facts["logins"]),
            tally=facts["tally"],
            figures=facts["figures"],
            **moments,
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise PlanError(f"{path} cannot be read ({error}); begin anew with --fresh") from error


_MOMENTS: Final = ("begin", "start", "stop", "played_until")


def write_plan(folder: Path, plan: Plan) -> None:
    """Write the plan so that a crash leaves the old one or the new one; only the owner may read the passwords."""
    facts = {"version": VERSION, **dataclasses.asdict(plan)}
    facts |= {name: facts[name].isoformat() for name in _MOMENTS}
    target = folder / FILE_NAME
    draft = target.with_suffix(".new")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(facts, file, indent=1, default=str)
    draft.replace(target)
