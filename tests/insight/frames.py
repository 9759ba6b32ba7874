# SPDX-License-Identifier: Apache-2.0
"""Small hourly frames for the tests of insight."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl

from avlest.insight.contracts import HOURLY, PARAMETERS

# A Monday, 00:00 in Oslo.
BEGIN = datetime(2026, 1, 4, 23, tzinfo=UTC)
LITRE = 1000


def hours_after(hours: int) -> datetime:
    """So many hours after `BEGIN`."""
    return BEGIN + timedelta(hours=hours)


def make_hourly(litres: Sequence[float | None] | np.ndarray, *, series: int = 1, quality: int = 50) -> pl.DataFrame:
    """One series from `BEGIN` on; None: no row at all."""
    rows = [
        (series, hours_after(hour), None if value is None else round(value * LITRE), quality)
        for hour, value in enumerate(litres)
        if value is not None
    ]
    return pl.DataFrame(rows, schema=dict(HOURLY), orient="row")


def make_parameters(*series: int, **fields: Any) -> pl.DataFrame:
    """Homes with meters of one litre, unless `fields` says otherwise."""
    usual = {
        "customer_class": "home", "meaning": "use", "unit": "l", "resolution": 1000, "occupied": True, "partner": None,
    }  # fmt: skip
    return pl.DataFrame([{"series": one, **usual, **fields} for one in series or (1,)], schema=dict(PARAMETERS))


def make_home(days: int, *, seed: int = 1) -> np.ndarray:
    """Litres per hour of a home that sleeps from 23 to 6 local time and is out from 9 to 15 most days."""
    rng = np.random.default_rng(seed)
    hour = np.arange(days * 24) % 24
    likely = np.where((hour < 6) | (hour == 23), 0.08, np.where((hour > 8) & (hour < 15), 0.3, 0.8))
    return np.where(rng.random(days * 24) < likely, rng.gamma(2.0, 9.0, days * 24).round(), 0)
