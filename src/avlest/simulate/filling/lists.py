# SPDX-License-Identifier: Apache-2.0
"""A world as the lists a municipality would import: CSV with the headings of `docs/reference/lists.md`.  Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import polars as pl

from avlest.registry.media import get_media
from avlest.simulate.contracts import INSTANT, Schema, World
from avlest.simulate.radio.encoder import HAN_MAKERS
from avlest.simulate.radio.han import derive_meter_id
from avlest.simulate.radio.keys import derive_key
from avlest.simulate.radio.models import MODELS, Road

LISTS: Final = ("meters", "places", "parties", "tenancies", "installations", "keys")
"""The lists in the order they are taken in."""
_INSTANT: Final = "%Y-%m-%dT%H:%M:%SZ"


def build_lists(world: World, *, known_at: datetime) -> dict[str, bytes]:
    """All lists by kind; of the keys those that are known at an instant."""
    frames = {
        "meters": build_meters(world),
        "places": build_places(world),
        "parties": world.parties.drop("party"),
        "tenancies": build_tenancies(world),
        "installations": build_installations(world),
        "keys": build_keys(world).filter(pl.col("key_at").is_null() | (pl.col("key_at") <= known_at)).drop("key_at"),
    }
    return {name: write_list(frames[name]) for name in LISTS}


def build_late_keys(world: World, *, since: datetime, until: datetime) -> bytes:
    """The list of the keys that come in `(since, until]`; no bytes for none."""
    late = build_keys(world).filter((pl.col("key_at") > since) & (pl.col("key_at") <= until)).drop("key_at")
    return write_list(late) if late.height else b""


def write_list(frame: pl.DataFrame) -> bytes:
    """A list as UTF-8 CSV with semicolons."""
    return frame.write_csv(separator=";", datetime_format=_INSTANT).encode()


def derive_serials(world: World) -> pl.Series:
    """The serial of each meter as the registry and the pipeline know it: a HAN meter says sixteen digits."""
    texts = []
    for model, serial in world.meters.select("model", "serial").iter_rows():
        found = MODELS[model]
        is_han = found.road is Road.HAN
        texts.append(derive_meter_id(HAN_MAKERS[found.family], serial) if is_han else f"{serial:08d}")
    return pl.Series("serial", texts, pl.String)


def build_meters(world: World) -> pl.DataFrame:
    """One row a meter."""
    names = ("manufacturer", "printed_number", "dev_eui", "version", "device_type", "family", "model", "size_class")
    return world.meters.select(*names, "production_year").with_columns(derive_serials(world))


def build_keys(world: World) -> pl.DataFrame:
    """One row a meter whose telegrams are encrypted; `key_at` is when its key is handed over."""
    meters = world.meters.with_columns(text=derive_serials(world))
    rows = [
        (maker, text, derive_key(world.seed, maker, serial).hex(), key_at)
        for model, maker, serial, text, key_at in meters.select(
            "model", "manufacturer", "serial", "text", "key_at"
        ).iter_rows()
        if MODELS[model].is_encrypted
    ]
    schema: Schema = {"manufacturer": pl.String(), "serial": pl.String(), "key": pl.String(), "key_at": INSTANT}
    return pl.DataFrame(rows, schema=schema, orient="row")


def build_places(world: World) -> pl.DataFrame:
    """One row a property, a unit and a metering point."""
    properties = world.properties.select(
        "property", "municipality", "gnr", "bnr", "name", "address", "postal_code", "city", "latitude", "longitude",
        property_code="code",
    )  # fmt: skip
    codes = properties.select("property", "property_code")
    units = world.units.join(codes, on="property").select("property_code", unit_kind="kind", unit="number", area="area")
    numbers = world.units.select("unit", number="number")
    zones = world.zones.select("zone", zone_code="code")
    parents = world.points.select(parent="point", parent_code="code")
    points = (
        world.points.join(codes, on="property", how="left")
        .join(numbers, on="unit", how="left")
        .join(zones, on="zone", how="left")
        .join(parents, on="parent", how="left")
        .sort("point")
        .select(
            "property_code", "medium", "gsrn", "purpose", "location",
            unit="number", point="code", zone="zone_code", parent="parent_code",
        )
    )  # fmt: skip
    return pl.concat([properties.drop("property"), units, points], how="diagonal")


def build_tenancies(world: World) -> pl.DataFrame:
    """One row a party's time in a unit or property."""
    return (
        world.tenancies.join(world.parties.select("party", code="code"), on="party")
        .join(world.properties.select("property", property_code="code"), on="property")
        .join(world.units.select("unit", number="number"), on="unit", how="left")
        .select("property_code", "role", pl.col("starts_at").alias("from"), pl.col("ends_at").alias("to"),
                party="code", unit="number")
    )  # fmt: skip


def build_installations(world: World) -> pl.DataFrame:
    """One row a meter at a point, with the register values it was put up and taken down with."""
    units = {code: medium.unit for code, medium in get_media().items()}
    meters = world.meters.select("meter", "manufacturer").with_columns(derive_serials(world))
    return (
        world.installations.join(meters, on="meter")
        .join(world.points.select("point", "medium", code="code"), on="point")
        .join(world.parties.select(installer="party", installer_code="code"), on="installer", how="left")
        .sort("starts_at", "meter")
        .select(
            "manufacturer", "serial", "seal", "note",
            pl.col("starts_at").alias("from"), pl.col("ends_at").alias("to"),
            (pl.col("start_value") / 1000).alias("start_value"), (pl.col("end_value") / 1000).alias("end_value"),
            point="code", installer="installer_code", unit=pl.col("medium").replace_strict(units),
        )
    )  # fmt: skip
