# SPDX-License-Identifier: Apache-2.0
"""What must stand in the Delta table of readings after a world has spoken, and what does."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import polars as pl

from avlest.readings.tables import Store
from avlest.registry.models import Register
from avlest.simulate.contracts import Emissions, World
from avlest.simulate.filling.lists import derive_serials
from avlest.simulate.radio.han import VOLTAGE, derive_current
from avlest.simulate.radio.models import MODELS, RadioModel, Road

Identity = tuple[str, str, str, int]
# What each column is to the pipeline: quantity, qualifier, function and storage of its register.
REGISTERS: dict[str, Identity] = {
    "volume": ("volume", "", "instant", 0),
    "volume_target": ("volume", "", "instant", 1),
    "flow": ("volume_flow", "", "instant", 0),
    "flow_max": ("volume_flow", "", "instant", 0),
    "flow_temperature": ("flow_temperature", "", "instant", 0),
    "external_temperature": ("external_temperature", "", "instant", 0),
    "energy": ("energy", "", "instant", 0),
    "energy_export": ("energy", "backward_flow", "instant", 0),
    "power": ("power", "", "instant", 0),
    "power_export": ("power", "backward_flow", "instant", 0),
    "return_temperature": ("return_temperature", "", "instant", 0),
    "radiator_temperature": ("return_temperature", "", "instant", 0),
    "room_temperature": ("external_temperature", "", "instant", 0),
    "hca": ("heat_cost_allocation", "", "instant", 0),
    "hca_last": ("heat_cost_allocation", "", "instant", 1),
}
# MULTICAL 21 sends the lowest temperatures of the month before.
_MONTHLY: dict[str, Identity] = {
    "flow_temperature": ("flow_temperature", "", "minimum", 1),
    "external_temperature": ("external_temperature", "", "minimum", 1),
}
_HAN: dict[str, Identity] = {
    "energy_export": ("energy", "export", "instant", 0),
    "power_export": ("power", "export", "instant", 0),
}
# What catalogue families print twice, under a register of its own as well.
_TWICE: dict[str, dict[str, Identity]] = {
    "kamwater": {"flow_temperature": ("flow_temperature", "min_flow_temperature_last_month", "minimum", 1)},
    "werhlemodwm": {"volume_target": ("volume", "target_1", "instant", 1)},
    "hcae2": {
        "hca": ("heat_cost_allocation", "current_consumption", "instant", 0),
        "hca_last": ("heat_cost_allocation", "consumption_at_set_date_1", "instant", 1),
    },
}
KEY = ("manufacturer", "serial", "quantity", "qualifier", "function", "storage", "at")


def find_identity(model: RadioModel, column: str) -> Identity:
    """The register a column of a model stands in."""
    special = _HAN if model.road is Road.HAN else _MONTHLY if model.name == "multical21" else {}
    return special.get(column, REGISTERS[column])


def build_expected(world: World, emissions: Iterable[Emissions]) -> pl.DataFrame:
    """One row for each value of each telegram that was heard whole: `KEY` and value."""
    names = world.meters.select("meter", "manufacturer").with_columns(derive_serials(world))
    parts = [part for item in emissions for part in _expect(item, names)]
    return pl.concat(parts).unique()


def _expect(item: Emissions, names: pl.DataFrame) -> Iterable[pl.DataFrame]:
    model = MODELS[item.model]
    whole = item.frame.filter(~pl.col("lost") & ~pl.col("corrupt")).join(names, on="meter", maintain_order="left")
    twice = _TWICE.get(model.family, {}) if model.name != "flowiq2200" else {}
    columns = [(find_identity(model, name), whole[name]) for name in model.columns]
    columns += [(identity, whole[name]) for name, identity in twice.items()]
    if model.road is Road.HAN:
        columns += _expect_measured(model, whole)
    hours = whole["at"].dt.truncate("1h")
    for (quantity, qualifier, function, storage), values in columns:
        is_counter = model.road is Road.HAN and "energy" in quantity
        yield whole.select(
            "manufacturer",
            "serial",
            quantity=pl.lit(quantity),
            qualifier=pl.lit(qualifier),
            function=pl.lit(function),
            storage=pl.lit(storage, pl.Int64),
            at=hours if is_counter else pl.col("at"),
            value=values,
        )


def _expect_measured(model: RadioModel, whole: pl.DataFrame) -> list[tuple[Identity, pl.Series]]:
    """What a HAN list says beside its counters: voltage, the current that follows from the power, no reactive use."""
    power = np.maximum(whole["power"].to_numpy(), whole["power_export"].to_numpy())
    step = {"aidon": 100, "kaifa": 1, "kamstrup": 10}[model.family]
    current = (2 * derive_current(power) + step) // (2 * step) * step
    zero = pl.Series(np.zeros(whole.height, np.int64))
    steady = [(f"reactive_{what}", way) for what in ("power", "energy") for way in ("", "export")]
    return [
        (("current", "l1", "instant", 0), pl.Series(current)),
        (("voltage", "l1", "instant", 0), zero + VOLTAGE * 1000),
        *(((quantity, way, "instant", 0), zero) for quantity, way in steady),
    ]


def read_stored(store: Store) -> pl.DataFrame:
    """Every stored reading with the words of its register: `KEY`, value, present (a value of now)."""
    columns = ("pk", "meter__manufacturer", "meter__serial", "quantity", "qualifier", "function", "storage")
    schema = dict(zip(("register", *KEY[:-1]), (pl.Int64, *[pl.String] * 5, pl.Int64), strict=True))
    registers = pl.DataFrame(list(Register.objects.values_list(*columns)), schema=schema, orient="row")
    readings = store.history("readings", ids=None).select("register", "at", "value")
    return readings.join(registers, on="register").select(
        *KEY, "value", present=(pl.col("storage") == 0) & (pl.col("function") == "instant")
    )


def compare(expected: pl.DataFrame, stored: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Stored rows that were never said, and values of now that were said and are not stored."""
    wrong = stored.join(expected, on=[*KEY, "value"], how="anti")
    of_now = expected.filter((pl.col("storage") == 0) & (pl.col("function") == "instant"))
    return wrong, of_now.join(stored, on=[*KEY, "value"], how="anti")
