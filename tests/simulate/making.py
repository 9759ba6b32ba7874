# SPDX-License-Identifier: Apache-2.0
"""Emissions for tests: a few meters of a model, values drawn from a seed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from avlest.simulate.contracts import FRAMES, INSTANT, RADIO_FAULTS, Emissions, World
from avlest.simulate.radio.keys import derive_key
from avlest.simulate.radio.models import MODELS, RadioModel, Road
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


GATEWAYS = ("0011", "0022", "0033")
START = datetime(2026, 3, 5, tzinfo=UTC)


def make_small_world(names: Sequence[str], *, seed: int = 1, each: int = 3) -> World:
    """A world of gateways and meters alone: so many of each model, heard by up to three gateways."""
    rows: list[dict[str, object]] = []
    for place, name in enumerate(names):
        for number in range(each):
            model, road = MODELS[name], MODELS[name].road.value
            eui = ("94193a" if model.payload == "elvaco" else "0018b2") + f"{place:04x}{number:06x}"
            rows.append(
                {
                    "meter": len(rows), "model": name, "manufacturer": model.manufacturer, "serial": FIRST + len(rows),
                    "version": model.version, "device_type": model.device_type, "family": model.family,
                    "printed_number": "", "dev_eui": eui if model.road is Road.LORAWAN else "", "size_class": "",
                    "production_year": 2024, "digits": 8, "road": road, "interval": 3600, "offset": number,
                    "key_at": None,
                }
            )  # fmt: skip
    heard = [(row["meter"], gateway, gateway, -70 - 9 * gateway, 60_000) for row in rows for gateway in range(3)]
    gateways = [(n, code, code, "wmbus", "wmbus", None, 60.0, 5.0) for n, code in enumerate(GATEWAYS)]
    frames = {name: pl.DataFrame(schema=schema) for name, schema in FRAMES.items()}
    frames["meters"] = pl.DataFrame(rows, schema=FRAMES["meters"])
    frames["reception"] = pl.DataFrame(heard, schema=FRAMES["reception"], orient="row")
    frames["gateways"] = pl.DataFrame(gateways, schema=FRAMES["gateways"], orient="row")
    return World("Test", "", 1, seed, START, START + timedelta(days=1), **frames)


def make_emissions(world: World, name: str, *, hours: int = 6) -> Emissions:
    """Hourly telegrams of all meters of a model: nothing befalls them."""
    model = MODELS[name]
    meters = world.meters.filter(pl.col("model") == name)["meter"].to_list()
    rows = [(meter, hour) for hour in range(hours) for meter in meters]
    chance = np.random.default_rng(len(name))
    values = {column: chance.integers(0, 100, len(rows)) * step for column, step in model.columns.items()}
    frame = pl.DataFrame(
        {
            "meter": [meter for meter, _ in rows],
            "number": [hour for _, hour in rows],
            "at": [START + timedelta(hours=hour, seconds=11 * meter) for meter, hour in rows],
            **values,
            "status": [0] * len(rows),
            "clock_offset": [0] * len(rows),
            "lost": [False] * len(rows),
            "heard_by": [1] * len(rows),
            "corrupt": [False] * len(rows),
            "gateway": [0] * len(rows),
            "rssi": [-70] * len(rows),
        },
        schema_overrides={**RADIO_FAULTS, "at": INSTANT, "meter": pl.UInt32},
    )
    return Emissions(name, frame)
