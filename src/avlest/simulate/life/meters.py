# SPDX-License-Identifier: Apache-2.0
"""Meters that are exchanged, with what they showed, and seals that were found broken.  Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import polars as pl

from avlest.simulate.behaviour.clock import to_hour
from avlest.simulate.behaviour.flows import plan_work
from avlest.simulate.behaviour.measure import count_at
from avlest.simulate.chance import Integers, draw, get_stream, scale, take_bits
from avlest.simulate.contracts import EventKind
from avlest.simulate.planned import HOUR, Plan
from avlest.simulate.tables import Tables, to_instants

Describe = Callable[[int, Integers, int], dict[str, Any]]
"""Seed, meters taken down, number of the first new meter: columns of the new ones."""

_EXCHANGED: Final = 160  # in ten thousand water meters: their time is up
_MOST, _LEAST = 1_000, 3
_SEALS: Final = 40
_STEP: Final = 1_000  # thousandths of a litre: what a register shows


def plan_exchanges(tables: Tables, plan: Plan, broken: pl.DataFrame) -> pl.DataFrame:
    """`broken` (`point`, `at`, `why`) and the meters whose time is up; at most a thousand in all."""
    loads = tables.collect("loads").filter(pl.col("load").is_in(["home_water", "cabin_water"]))
    struck = pl.concat([piece.select("point") for piece in plan.pieces]).drop_nulls().unique()
    quiet = loads.join(struck, on="point", how="anti").sort("point")
    point = quiet["point"].cast(pl.Int64).to_numpy()
    words = draw(get_stream(tables.seed, EventKind.REPLACEMENT), point)
    count = min(max(_LEAST, len(point) * _EXCHANGED // 10_000), len(point))
    chosen = np.argsort(words, kind="stable")[:count]
    day = plan.span.pick(draw(get_stream(tables.seed, "fitters"), point[chosen])) // (24 * HOUR) * 24 * HOUR
    # In a world of a day, the morning may lie before it or after it.
    at = np.clip(day + 9 * HOUR, plan.span.start + HOUR, plan.span.stop - HOUR)
    aged = pl.DataFrame({"point": point[chosen], "at": at, "why": ["age"] * count})
    return pl.concat([broken, aged]).unique("point", keep="first", maintain_order=True).sort("at", "point").head(_MOST)


def exchange(tables: Tables, plan: Plan, exchanges: pl.DataFrame, describe: Describe) -> None:
    """Take the meters of `exchanges` down and put others up; both values go into the installations."""
    point, at = exchanges["point"].to_numpy(), exchanges["at"].to_numpy()
    first = to_hour(tables.start)
    work = plan_work(tables.seed, tables.collect("loads"), plan.collect(), point)
    counted = count_at(work, tables.counts["points"], point, at // HOUR, first)
    hung = tables.collect("installations")
    old = exchanges.with_columns(pl.col("point").cast(pl.UInt32)).join(hung, on="point", maintain_order="left")
    end = (old["start_value"].to_numpy() + counted) // _STEP * _STEP
    fresh = describe(tables.seed, old["meter"].to_numpy().astype(np.int64), tables.counts["meters"])
    meters = tables.add("meters", fresh, count=len(point))
    start = scale(draw(get_stream(tables.seed, "new registers"), meters), 0, 40) * _STEP
    tables.pieces["installations"] = [_take_down(hung, old["meter"], at, end)]
    installation = {
        "meter": meters, "point": point, "starts_at": to_instants(at), "start_value": start,
        "seal": [f"FV{number:06}" for number in meters.tolist()], "installer": 1, "note": "Målerbytte",
    }  # fmt: skip
    tables.add("installations", installation, count=len(point))
    _hear_alike(tables, old["meter"], meters)
    plan.add(
        EventKind.REPLACEMENT, point=point, meter=meters.astype(np.int64), starts_at=at, ends_at=at, size=end, unit="l"
    )


def _take_down(hung: pl.DataFrame, meter: pl.Series, at: Integers, end: Integers) -> pl.DataFrame:
    down = pl.DataFrame({"meter": meter, "down": to_instants(at), "showed": end})
    return hung.join(down, on="meter", how="left", maintain_order="left").select(
        *(name for name in hung.columns if name not in ("ends_at", "end_value")),
        pl.coalesce("down", "ends_at").alias("ends_at"),
        pl.coalesce("showed", "end_value").alias("end_value"),
    ).select(hung.columns)  # fmt: skip


def _hear_alike(tables: Tables, old: pl.Series, fresh: Integers) -> None:
    """The new meter is heard as the old one was."""
    heard = tables.collect("reception")
    pairs = pl.DataFrame({"meter": old, "fresh": pl.Series(fresh).cast(pl.UInt32)})
    copies = heard.join(pairs, on="meter", maintain_order="left").select(
        pl.col("fresh").alias("meter"), *(name for name in heard.columns if name != "meter")
    )
    tables.pieces["reception"] = [pl.concat([heard, copies])]


def break_seals(tables: Tables, plan: Plan) -> None:
    """A plumber or a caretaker finds a seal broken."""
    hung = tables.collect("installations").filter(pl.col("ends_at").is_null()).select("point", "meter")
    water = tables.collect("loads").filter(pl.col("load") == "home_water").select("point").join(hung, on="point")
    point = water["point"].cast(pl.Int64).to_numpy()
    words = draw(get_stream(tables.seed, EventKind.BROKEN_SEAL), point)
    chosen = np.argsort(words, kind="stable")[: max(1, len(point) * _SEALS // 10_000)]
    start = plan.span.pick(words[chosen])
    days = 1 + take_bits(words[chosen], 0, 5)
    plan.add(
        EventKind.BROKEN_SEAL,
        point=point[chosen],
        meter=water["meter"].to_numpy()[chosen],
        starts_at=start,
        ends_at=np.minimum(start + days * 24 * HOUR, plan.span.stop),
    )
