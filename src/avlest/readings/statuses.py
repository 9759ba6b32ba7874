# SPDX-License-Identifier: Apache-2.0
"""What the numbers in `readings.status` mean to validation.

The words belong to the room that decodes telegrams, which stands above this one: its Django app names the function.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from importlib import resources
from typing import Final

import polars as pl
from django.apps import apps
from django.utils.module_loading import import_string

from avlest.readings.vee.contracts import STATUSES

StatusReader = Callable[[Iterable[int]], Mapping[int, str]]
"""From numbers to the words of the catalogue, such as `TAMPER DRY`."""

_OK: Final = 0


@cache
def load_words() -> dict[str, frozenset[str]]:
    """The words that mean tampering, and those of a dry pipe: `data/statuses.toml`."""
    text = (resources.files("avlest.readings") / "data" / "statuses.toml").read_text("utf-8")
    return {name: frozenset(words) for name, words in tomllib.loads(text).items()}


def _read_nothing(_numbers: Iterable[int]) -> Mapping[int, str]:
    """Without the room of telegrams no number has a meaning."""
    return {}


@cache
def _load_reader() -> StatusReader:
    """The function that an installed app names as its `status_reader`."""
    named = [config.status_reader for config in apps.get_app_configs() if hasattr(config, "status_reader")]
    return import_string(named[0]) if named else _read_nothing


def read_statuses(numbers: pl.Series) -> pl.DataFrame:
    """The rows `vee.contracts.STATUSES` of those statuses that mean tampering or a dry pipe."""
    wanted = [number for number in numbers.drop_nulls().unique().to_list() if number != _OK]
    return derive_statuses(_load_reader()(wanted)) if wanted else derive_statuses({})


def derive_statuses(words: Mapping[int, str]) -> pl.DataFrame:
    """The same from the words."""
    known = load_words()
    rows = []
    for number, text in sorted(words.items()):
        said = set(text.upper().split())
        tamper, dry = bool(said & known["tamper"]), bool(said & known["dry"])
        if tamper or dry:
            rows.append((number, tamper, dry))
    return pl.DataFrame(rows, schema=dict(STATUSES), orient="row")
