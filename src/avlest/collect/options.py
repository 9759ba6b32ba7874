# SPDX-License-Identifier: Apache-2.0
"""The table `[collect]` of `avlest.toml`, as the pipeline reads it, and the store from `[readings]`."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TypeVar

from avlest.project.config import Config
from avlest.project.options import ConfigError, option
from avlest.readings.options import StoreOptions, open_configured_store, read_store_options

__all__ = ["CollectOptions", "StoreOptions", "open_configured_store", "read_collect_options", "read_store_options"]

T = TypeVar("T")


@dataclasses.dataclass(frozen=True, slots=True)
class CollectOptions:
    """The table `[collect]`: how what was heard becomes readings."""

    interval_minutes: int = option(15, help="Keep the reading nearest each full interval; 0 keeps every one.")
    repeat_seconds: int = option(300, help="The same message heard again within this time counts once.")
    lanes: int = option(1, help="Streams of batches that may be worked on side by side; at most 64.")
    batch_messages: int = option(200_000, help="Most messages in one batch.")
    append_seconds: float = option(5.0, help="Time between appends to the stored readings.")
    keep_days: int = option(90, help="How long telegrams that could not be read are kept.")
    keep_all: bool = option(default=False, help="Also store every telegram as heard, in the table of telegrams.")
    codecs: str = option("codecs", help="Folder of your own LoRaWAN profiles and codecs, if it exists.")
    catalogue: str = option("catalogue", help="Folder of your own catalogue files, if it exists.")
    found_by: str = option("", help="Short name of the organisation that unknown meters are listed for; the first one.")


_LEAST: Mapping[str, float] = {
    "interval_minutes": 0,
    "repeat_seconds": 0,
    "lanes": 1,
    "batch_messages": 1,
    "append_seconds": 0.05,
    "keep_days": 0,
}


def read_collect_options(config: Config) -> CollectOptions:
    """Return `[collect]`, checked; `ConfigError` names file, line and what is expected."""
    options = config.parse_table("collect", CollectOptions)
    for name, least in _LEAST.items():
        if getattr(options, name) < least:
            raise _wrong(config, "collect", name, f"at least {least:g}")
    if options.lanes > 64:
        raise _wrong(config, "collect", "lanes", "at most 64")
    if options.interval_minutes > 24 * 60:
        raise _wrong(config, "collect", "interval_minutes", "at most a day (1440)")
    return options


def _wrong(config: Config, table: str, name: str, expected: str) -> ConfigError:
    return ConfigError(f'"{name}" is out of range, expected {expected}', where=config.place(table).describe(name))
