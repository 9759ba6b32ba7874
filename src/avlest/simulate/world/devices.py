# SPDX-License-Identifier: Apache-2.0
"""Which meter hangs at which point: model, serial, rhythm, road, and what it showed when put up.  Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from avlest.simulate.chance import Integers, choose, draw, get_stream, scale, take_bits
from avlest.simulate.radio.models import MODELS

_HOUR, _SIX_HOURS, _DAY = 3_600, 21_600, 86_400
_HAN_MAKERS: Final = ("aidon", "kaifa", "kamstrup")
_LORAWAN: Final = ("cmi4110", "flowiq_lorawan")
_ELVACO_PREFIX, _LOCAL_PREFIX = "94193a", "0200fd"


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the meters a kind of point may get: out of the weights of all; register when put up in whole units."""

    weight: int
    model: str
    road: str = "wmbus"
    interval: int = _HOUR
    size_class: str = "Q3 2.5"
    low: int = 20_000
    high: int = 1_400_000


_WATER: Final = (
    Choice(28, "multical21"), Choice(16, "flowiq2200"), Choice(14, "hydrus"), Choice(11, "iperl"),
)  # fmt: skip
DEVICES: Final[dict[str, tuple[Choice, ...]]] = {
    "home": (
        *_WATER, Choice(3, "modularis"), Choice(7, "flowiq_lorawan", "lorawan", _SIX_HOURS),
        Choice(7, "multical21", "ams"), Choice(3, "hydrus", "ams"), Choice(5, "iperl", "drive_by", 0),
        Choice(4, "multical21", "drive_by", 0),
    ),
    "farm": (Choice(3, "flowiq_lorawan", "lorawan", _SIX_HOURS), Choice(4, "multical21", "ams", size_class="Q3 4"),
             Choice(3, "hydrus", "ams", size_class="Q3 4")),
    "barn": (Choice(1, "multical21", "ams", size_class="Q3 4"), Choice(1, "hydrus", "ams", size_class="Q3 4")),
    "cabin": (
        Choice(10, "flowiq_lorawan", "lorawan", _SIX_HOURS, low=3_000, high=220_000),
        Choice(45, "multical21", "drive_by", 0, low=3_000, high=220_000),
        Choice(45, "multical21", "ams", low=3_000, high=220_000),
    ),
    "place": (Choice(3, "hydrus", size_class="Q3 10", high=9_000_000), Choice(2, "multical21", size_class="Q3 6.3")),
    "zone": (Choice(1, "hydrus", size_class="Q3 40", low=20_000_000, high=60_000_000),),
    "flat_water": (Choice(30, "multical21", size_class="Q3 1.6", high=300_000),
                   Choice(12, "modularis", size_class="Q3 1.6", interval=4 * _HOUR, high=300_000),
                   Choice(30, "hydrus", size_class="Q3 1.6", high=300_000)),
    "flat_main": (Choice(1, "hydrus", size_class="Q3 16", low=3_000_000, high=9_000_000),),
    "flat_heat": (Choice(6, "multical403", size_class="qp 0.6", low=8_000, high=60_000),
                  Choice(4, "sharky774", size_class="qp 0.6", low=8_000, high=60_000),
                  Choice(2, "cmi4110", "lorawan", _SIX_HOURS, "qp 0.6", 8_000, 60_000)),
    "heat_main": (Choice(1, "multical403", size_class="qp 6", low=400_000, high=900_000),),
    "allocator": (Choice(3, "fhkv", interval=_DAY, size_class="", low=300, high=4_000),
                  Choice(1, "hcae2", interval=_DAY, size_class="", low=300, high=4_000)),
    "charger": (Choice(1, "omnipower", size_class="32 A", low=500, high=20_000),),
    "group_power": (Choice(1, "abb_b23", "mbus", size_class="63 A", low=20_000, high=200_000),),
    "power": (
        Choice(8, "omnipower", size_class="63 A", low=9_000, high=140_000),
        *(Choice(1, f"han_{maker}", "han", _HOUR, "63 A", 9_000, 140_000) for maker in _HAN_MAKERS),
    ),
    "han": tuple(
        Choice(1, f"han_{maker}", "han", _HOUR, "63 A", 9_000, 140_000) for maker in _HAN_MAKERS
    ),
}  # fmt: skip
HAN_LATE: Final = 10
"""Seconds after the hour at which list 3 comes."""


def derive_serial(seed: int, number: Integers) -> Integers:
    """Eight-digit serials, all different, in no order."""
    shift = int(take_bits(draw(get_stream(seed, "serials"), np.zeros(1, np.int64)), 0, 26)[0])
    return 10_000_000 + (number * 40_503_001 + shift) % 89_999_999


def choose_devices(seed: int, devices: npt.NDArray[np.str_], first: int = 0) -> dict[str, Any]:
    """Columns of `contracts.METERS` for the points with these kinds of meter, and `start_value`."""
    count = len(devices)
    number = np.arange(first, first + count)
    words = draw(get_stream(seed, "devices"), number)
    names = ("model", "road", "interval", "size_class", "low", "high")
    columns: dict[str, Any] = {name: np.empty(count, object) for name in names}
    for kind in np.unique(devices).tolist():
        rows = np.flatnonzero(devices == kind)
        choices = DEVICES[kind]
        chosen = choose(words[rows], [choice.weight for choice in choices])
        for name in names:
            columns[name][rows] = np.array([getattr(choice, name) for choice in choices], object)[chosen]
    start = scale(draw(get_stream(seed, "registers"), number), 0, 1_000_000)
    low, high = columns.pop("low").astype(np.int64), columns.pop("high").astype(np.int64)
    return {**describe_meters(seed, number, columns), "start_value": (low + (high - low) * start // 1_000_000) * 1000}


def describe_meters(seed: int, number: Integers, columns: dict[str, Any]) -> dict[str, Any]:
    """Add what follows from model and number: maker, serial, identities, year, offset."""
    models = columns["model"]
    kinds = {name: MODELS[name] for name in np.unique(models.astype(str)).tolist()}
    serial = derive_serial(seed, number)
    interval = columns["interval"].astype(np.int64)
    offset = take_bits(draw(get_stream(seed, "offsets"), number), 0, 24) % np.maximum(
        interval, 86_400 * (interval == 0)
    )
    is_han = columns["road"] == "han"
    text = pl.Series(serial).cast(pl.String)
    return {
        **columns,
        "manufacturer": np.array([kinds[name].manufacturer for name in models], object),
        "version": np.array([kinds[name].version for name in models], np.int64),
        "device_type": np.array([kinds[name].device_type for name in models], np.int64),
        "family": np.array([kinds[name].family for name in models], object),
        "serial": serial,
        "printed_number": text,
        "dev_eui": _derive_dev_eui(models, serial),
        "production_year": scale(draw(get_stream(seed, "years"), number), 2013, 2024),
        "digits": np.where(np.isin(models, ("omnipower", "abb_b23")) | is_han, 10, 8),
        "offset": np.where(is_han, HAN_LATE, offset),
    }


def _derive_dev_eui(models: npt.NDArray[np.object_], serial: Integers) -> list[str]:
    """Elvaco's have its prefix, which their profile is found by; others are locally administered ones."""
    return [
        f"{_ELVACO_PREFIX if model == 'cmi4110' else _LOCAL_PREFIX}{number:010x}" if model in _LORAWAN else ""
        for model, number in zip(models.tolist(), serial.tolist(), strict=True)
    ]
