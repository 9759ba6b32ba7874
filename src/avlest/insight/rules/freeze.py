# SPDX-License-Identifier: Apache-2.0
"""FREEZE_RISK: the room or the standing water is near freezing (rules §5.2).  Pure."""

from __future__ import annotations

import numpy as np

from avlest.insight.contracts import AlarmKind
from avlest.insight.rules.grid import Flags, Integers
from avlest.insight.rules.latch import Signals
from avlest.insight.rules.scene import Amount, Found, Rate, Rule, Scene, cut, first_needed
from avlest.insight.rules.specs import FreezeRisk
from avlest.insight.rules.trailing import count_last
from avlest.insight.rules.windows import Window

_KNOWN_SHARE = 0.8


def find_freeze(scene: Scene, spec: FreezeRisk) -> Signals:
    """A measured hour at or below the limit; of water only where it has stood still for `still_hours`."""
    grid = scene.grid
    now, known = grid.values[:, grid.start :], grid.trusted[:, grid.start :]
    cold = known & (now <= spec.limit)
    if spec.still_hours:
        cold &= _is_still(scene, spec.still_hours)
    return Signals(cold, known & (now >= spec.clear))


def _is_still(scene: Scene, hours: int) -> Flags:
    """No flow through the same meter; where its use is not known, not still."""
    if scene.partner is None:
        return np.zeros((len(scene.grid.series), scene.grid.width - scene.grid.start), bool)
    begin = first_needed(scene.grid, hours)
    trusted = scene.partner.trusted[:, begin:]
    flowing = trusted & (scene.partner.values[:, begin:] != 0)
    quiet = (count_last(flowing, hours) == 0) & (count_last(trusted, hours) >= _KNOWN_SHARE * hours)
    return np.asarray(cut(quiet, scene.grid, begin))


def look_freeze(window: Window, spec: FreezeRisk, limit: Integers) -> Found:
    """Measured hours at or below the limit; warmer ones break them."""
    cold = window.trusted & (window.values <= spec.limit)
    return cold, window.trusted & ~cold


FREEZE = Rule(AlarmKind.FREEZE_RISK, find_freeze, look_freeze, Amount.NONE, Rate.NONE)
