# SPDX-License-Identifier: Apache-2.0
"""Whether derived hours are what the simulated registers said: each counter worked out again, by another way.

Between two readings of an hour's distance use is taken to be even; so a register stands, at a full hour, on the line
between the readings around it, and an hour is the difference of two of those.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from avlest.readings.tables import Store

HOUR = 3_600_000_000
CLOSE = 3 * HOUR // 2
"""Readings farther apart than this have hours between them that are estimated, by a profile if there is one."""
ROUNDED = 1
"""Thousandths by which an hour or a sum may differ: each of its two ends is rounded, here and there."""
_KEY = ("manufacturer", "serial", "quantity", "qualifier")
_COUNTED = ("volume", "energy", "heat_cost_allocation")


@dataclass(slots=True)
class Compared:
    """What was held against each other; `off` is by how many thousandths the worst hour or sum differs.

    `sparse` meters send less often than each hour: all their hours are estimated.
    """

    series: int = 0
    hours: int = 0
    wrong_hours: int = 0
    off_hours: int = 0
    sums: int = 0
    wrong_sums: int = 0
    off_sums: int = 0
    sparse: int = 0
    left_out: int = 0


def compare_hours(store: Store, expected: pl.DataFrame) -> Compared:
    """Hold every derived hour of every counter against what was said (`stored.build_expected`).

    Series of exchanged meters are left out and counted, and those whose register turned back or began anew: what
    they are is what validation makes of them.
    """
    said = expected.filter(
        pl.col("quantity").is_in(_COUNTED) & (pl.col("storage") == 0) & (pl.col("function") == "instant")
    )
    said = said.join(_find_series(), on=list(_KEY)).sort("series", "at")
    hours = store.read_range("hourly", ids=said["series"].unique(), columns=("value",)).sort("series", "hour")
    derived = hours.partition_by("series", as_dict=True)
    result = Compared()
    for (series,), rows in said.partition_by("series", as_dict=True, maintain_order=True).items():
        own = derived.get((series,))
        at, value = rows["at"].dt.timestamp("us").to_numpy(), rows["value"].to_numpy()
        if own is None or len(at) < 2 or rows["serial"].n_unique() > 1 or (np.diff(value) < 0).any():
            result.left_out += 1
            continue
        _compare_series(result, at, value, own)
    return result


def _find_series() -> pl.DataFrame:
    """Which register feeds which main series: `_KEY` and series."""
    from avlest.registry.frames import get_feeds_frame
    from avlest.registry.models import Register

    columns = ("pk", "meter__manufacturer", "meter__serial", "quantity", "qualifier")
    schema = dict(zip(("register", *_KEY), (pl.Int64, *[pl.String] * 4), strict=True))
    named = pl.DataFrame(list(Register.objects.values_list(*columns)), schema=schema, orient="row")
    return get_feeds_frame().select("series", "register").unique().join(named, on="register").drop("register")


def _compare_series(result: Compared, at: np.ndarray, value: np.ndarray, own: pl.DataFrame) -> None:
    hour, found = own["hour"].dt.timestamp("us").to_numpy(), own["value"].fill_null(0).to_numpy()
    starts_well, ends_well = _is_close(at, hour), _is_close(at, hour + HOUR)
    starts, ends = _stand(at, value, hour), _stand(at, value, hour + HOUR)
    known = starts_well & ends_well
    if not known.any():
        result.sparse += 1
        return
    off = np.abs(found - (ends - starts))[known]
    result.series += 1
    result.hours += len(off)
    result.wrong_hours += int((off > ROUNDED).sum())
    result.off_hours = max(result.off_hours, int(off.max(initial=0)))
    first, last = int(np.argmax(starts_well)), len(hour) - 1 - int(np.argmax(ends_well[::-1]))
    if hour[last] - hour[first] != (last - first) * HOUR:  # young gaps are not estimated yet
        return
    rest = abs(int(found[first : last + 1].sum()) - int(ends[last] - starts[first]))
    result.sums += 1
    result.wrong_sums += rest > ROUNDED
    result.off_sums = max(result.off_sums, rest)


def _is_close(at: np.ndarray, instants: np.ndarray) -> np.ndarray:
    """Whether the readings around each instant are close to each other."""
    inside = (instants >= at[0]) & (instants <= at[-1])
    last = np.clip(np.searchsorted(at, instants, side="right") - 1, 0, len(at) - 2)
    close: np.ndarray = inside & (at[last + 1] - at[last] <= CLOSE)
    return close


def _stand(at: np.ndarray, value: np.ndarray, instants: np.ndarray) -> np.ndarray:
    """Where the register stands at these instants, rounded half up to thousandths."""
    last = np.clip(np.searchsorted(at, instants, side="right") - 1, 0, len(at) - 2)
    span, rise = at[last + 1] - at[last], value[last + 1] - value[last]
    stands: np.ndarray = value[last] + (2 * rise * ((instants - at[last]) // 1_000) + span // 1_000) // (
        2 * (span // 1_000)
    )
    return stands
