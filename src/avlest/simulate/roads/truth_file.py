# SPDX-License-Identifier: Apache-2.0
"""What really happened in a world, as a file beside its telegrams."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path

from avlest.simulate.contracts import World
from avlest.simulate.truth import get_truth


def write_truth(world: World, path: Path) -> None:
    """Write events and true daily use: `.parquet` holds the days alone, anything else is JSON.  Raises `OSError`."""
    truth = get_truth(world)
    if path.suffix == ".parquet":
        truth.daily.write_parquet(path)
        return
    facts = {
        "world": {
            "name": world.name,
            "homes": world.homes,
            "seed": world.seed,
            "start": world.start,
            "stop": world.stop,
            "points": world.points.height,
            "meters": world.meters.height,
        },
        "events": truth.events.to_dicts(),
        "daily": truth.daily.to_dict(as_series=False),
    }
    with path.open("w", encoding="utf-8", newline="\n") as file:
        json.dump(facts, file, default=_to_text, indent=1)
        file.write("\n")


def _to_text(value: object) -> str:
    if isinstance(value, datetime | date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no place in a file of facts")
