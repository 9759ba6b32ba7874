# SPDX-License-Identifier: Apache-2.0
"""What the rules look at: series of one class, meaning and unit, and what is known of them besides values.  Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from enum import Enum
from typing import Any

import numpy as np

from avlest.insight.contracts import AlarmKind, Meaning
from avlest.insight.rules.grid import Flags, Grid, Integers
from avlest.insight.rules.latch import Signals
from avlest.insight.rules.windows import Window


@dataclasses.dataclass(frozen=True, slots=True)
class Scene:
    """A matrix and, per row: somebody is there as a rule; smallest step of the meter (thousandths).

    `away` (n, m): nobody is there as people said. `partner`: for temperatures the use of the same meter, row by row.
    """

    grid: Grid
    meaning: Meaning
    occupied: Flags
    resolution: Integers
    away: Flags
    partner: Grid | None


class Amount(Enum):
    """What counts towards an alarm's amount, hour by hour."""

    ABOVE_NORMAL = "above_normal"
    """Up to the rate of what runs all the time, above what is normal there."""
    ALL = "all"
    """Everything that went through."""
    NONE = "none"


class Rate(Enum):
    """What an alarm's rate is."""

    QUIET = "quiet"
    """The mean of the quietest hours of the last day."""
    HIGHEST = "highest"
    MEAN = "mean"
    NONE = "none"


Found = tuple[Flags, Flags]
"""For windows: columns of which it is so, and columns that end a stretch when walking back."""


@dataclasses.dataclass(frozen=True, slots=True)
class Rule:
    """How one kind of alarm is found and measured.

    `find(scene, spec)`: signals at the columns asked for. `look(window, spec, limit)`: on windows, where it holds and
    what breaks it, for since-when and until-when; `limit` (windows,) is what counts as nothing there.
    `normal(scene, rows, spec)`: (rows, k) what is normal at each hour asked for, None: nothing is.  `is_event`: it is
    about a local day that is over.  `prepare(scene)`: the scene as this rule wants to see it.
    """

    kind: AlarmKind
    find: Callable[[Scene, Any], Signals]
    look: Callable[[Window, Any, Integers], Found]
    amount: Amount
    rate: Rate
    normal: Callable[[Scene, Integers, Any], Integers] | None = None
    is_event: bool = False
    prepare: Callable[[Scene], Scene] | None = None


def first_needed(grid: Grid, margin: int) -> int:
    """The column from which on a rule that looks back `margin` hours needs values."""
    return max(0, grid.start - margin)


def cut(flags: np.ndarray[Any, Any], grid: Grid, begin: int) -> np.ndarray[Any, Any]:
    """Of a matrix that begins at column `begin`, what was asked for."""
    return flags[:, grid.start - begin :]
