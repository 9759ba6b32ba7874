# SPDX-License-Identifier: Apache-2.0
"""Emissions for tests: a few meters of a model, values drawn from a seed."""

from __future__ import annotations

import numpy as np

from avlest.simulate.radio.keys import derive_key
from avlest.simulate.radio.models import RadioModel
from avlest.simulate.radio.sent import Sent

METERS = 5
TELEGRAMS = 24
FIRST = 41_000_000


def make_sent(model: RadioModel, *, seed: int, start: str = "2026-03-05T10:00:10") -> Sent:
    """Hourly telegrams of five meters of a model."""
    chance, count = np.random.default_rng(seed), METERS * TELEGRAMS
    index = np.tile(np.arange(METERS), TELEGRAMS)
    counters = np.repeat(np.arange(TELEGRAMS), METERS)
    serials = FIRST + np.arange(METERS) * 1237
    return Sent(
        serials=serials[index],
        counters=counters,
        clocks=np.datetime64(start, "s") + counters * np.timedelta64(3600, "s"),
        status=np.zeros(count, np.int64),
        values={name: chance.integers(0, 120, count) * step for name, step in model.columns.items()},
        keys=[derive_key(seed, model.manufacturer, serial) for serial in serials.tolist()],
        key_index=index,
    )
