# SPDX-License-Identifier: Apache-2.0
"""What the meters of a few points have counted at certain instants, without going through everybody.  Pure."""

from __future__ import annotations

from typing import Final

import numpy as np

from avlest.simulate.behaviour.clock import derive_hours
from avlest.simulate.behaviour.flows import Plan, iterate_flows
from avlest.simulate.chance import Integers

_CELLS: Final = 1_000_000


def count_at(plan: Plan, count: int, points: Integers, hours: Integers, first: int) -> Integers:
    """What has been counted at each point from hour `first` on until the start of each hour (thousandths).

    `plan` holds these points only (see `build_plan`), none of which measures the sum of others; `count` is how many
    points the world has.
    """
    found = np.zeros(len(points), np.int64)
    if not len(points):
        return found
    total = np.zeros(count, np.int64)
    step = int(np.clip(_CELLS // len(np.unique(points)), 24, 31 * 24))
    for begin in range(first, int(hours.max()) + 1, step):
        window = derive_hours(begin, begin + step)
        inside = np.flatnonzero((hours >= begin) & (hours < begin + step))
        for flow in iterate_flows(plan, window):
            before = np.concatenate((np.zeros((len(flow.points), 1), np.int64), flow.measured.cumsum(axis=1)), axis=1)
            row = np.full(count, -1, np.int64)
            row[flow.points] = np.arange(len(flow.points))
            mine = inside[row[points[inside]] >= 0]
            found[mine] = total[points[mine]] + before[row[points[mine]], hours[mine] - begin]
            total[flow.points] += before[:, -1]
    return found
