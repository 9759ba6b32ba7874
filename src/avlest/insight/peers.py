# SPDX-License-Identifier: Apache-2.0
"""Other homes day by day and a home's place among them, cheap enough for a page.

What is kept between requests are sums over a whole group and the unnamed sums of its homes, for an hour; nothing of a
single home that could be told from another's.  A large group is a sample: every n-th home, so that it stays quick.
"""

from __future__ import annotations

import dataclasses
from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Final

import polars as pl

from avlest.insight.comparing import group_homes
from avlest.insight.comparison import GroupRule, Omitted, load_group_rules, pick_group_rule
from avlest.insight.infos import PeersInfo
from avlest.readings.tables import Store

_HOUR: Final = timedelta(hours=1)
_MOST_HOMES: Final = 2_000
_EMPTY: Final = PeersInfo(size=0, average=None, best=None, less_than=None, more_than=None, omitted=str(Omitted.NO_BASE))


@dataclasses.dataclass(frozen=True, slots=True)
class Peers:
    """Others in the local days `[first, until)`.

    `days`: the average of the others on each day (thousandths), only where enough homes are known.  `total` is their
    average over all days; `best` the mean of the lowest fifth; `sums` the sums of the homes, lowest first, of which
    every day is known.
    """

    rule: GroupRule
    days: Mapping[date, int]
    sums: tuple[int, ...]

    def place(self, value: int | None) -> PeersInfo:
        """Return where `value`, the home's own sum over all the days, stands; it is itself one of `sums`."""
        size = len(self.sums)
        if value is None or size < self.rule.average_minimum:
            why = Omitted.NO_BASE if value is None else Omitted.GROUP_TOO_SMALL
            return dataclasses.replace(_EMPTY, size=size, omitted=str(why))
        average = (sum(self.sums) - value) // (size - 1)
        if size < self.rule.peer_minimum:
            return dataclasses.replace(_EMPTY, size=size, average=average, omitted=str(Omitted.GROUP_TOO_SMALL))
        lowest = self.sums[: max(1, -(-int(size * self.rule.best_share * 1000) // 1000))]
        above, below = size - bisect_right(self.sums, value), bisect_left(self.sums, value)
        return PeersInfo(
            size=size, average=average, best=sum(lowest) // len(lowest), less_than=min(10, 10 * above // (size - 1)),
            more_than=min(10, 10 * below // (size - 1)), omitted="",
        )  # fmt: skip


def get_peers(store: Store, series_id: int, *, first: date, until: date, now: datetime) -> Peers | None:
    """Return the homes that count the same at the same kind of place; None where the series is in no group.

    The average of a day leaves the series itself out, whatever is stored of it, so that nothing of a home can be
    subtracted from what is shown to who lives there now.
    """
    bucket = int(now.timestamp()) // int(_HOUR.total_seconds())
    name = _get_group_names(bucket).get(series_id)
    if name is None or first >= until:
        return None
    group = _read_group(store, name, first, until, bucket)
    rule = pick_group_rule(load_group_rules(), until)
    rows = store.read_range("daily", ids=[series_id], start=first, stop=until, columns=("value",))
    own = {day: value for day, value in zip(rows["day"], rows["value"], strict=True) if value is not None}
    sums = group.sums
    if series_id not in group.members:
        is_known = len(own) == (until - first).days
        sums, own = tuple(sorted([*sums, *([sum(own.values())] if is_known else [])])), {}
    return Peers(rule, _average_others(group.days, own, rule.average_minimum), sums)


def _average_others(days: Mapping[date, tuple[int, int]], own: Mapping[date, int], minimum: int) -> dict[date, int]:
    """The average of each day without the home's own value; days of fewer homes than `minimum` are left out."""
    averages = {}
    for day, (total, homes) in days.items():
        others = homes - (day in own)
        if others >= max(1, minimum):
            averages[day] = (total - own.get(day, 0)) // others
    return averages


@dataclasses.dataclass(frozen=True, slots=True)
class _Group:
    members: frozenset[int]
    days: Mapping[date, tuple[int, int]]
    """Sum and number of homes of each day."""
    sums: tuple[int, ...]


@lru_cache(maxsize=2)
def _get_groups(_bucket: int) -> pl.DataFrame:
    """Which series stand in which group: `series`, `group`; asked for once an hour."""
    return group_homes()


@lru_cache(maxsize=2)
def _get_group_names(bucket: int) -> dict[int, str]:
    """The group of each series."""
    return dict(_get_groups(bucket).select("series", "group").iter_rows())


@lru_cache(maxsize=256)
def _read_group(store: Store, group: str, first: date, until: date, bucket: int) -> _Group:
    members = _get_groups(bucket).filter(pl.col("group") == group)["series"].sort()
    step = -(-len(members) // _MOST_HOMES)
    ids = members.gather_every(max(1, step)).to_list()
    rows = store.read_range("daily", ids=ids, start=first, stop=until).select("series", "day", "value").drop_nulls()
    days = rows.group_by("day").agg(pl.col("value").sum().alias("sum"), pl.len().cast(pl.Int64).alias("homes"))
    summed = {day: (total, homes) for day, total, homes in days.select("day", "sum", "homes").iter_rows()}
    wanted = (until - first).days
    sums = rows.group_by("series").agg(pl.col("value").sum(), pl.len().alias("known"))
    return _Group(frozenset(ids), summed, tuple(sums.filter(pl.col("known") == wanted)["value"].sort().to_list()))
