# SPDX-License-Identifier: Apache-2.0
"""Reference page of the settings in `avlest.toml`."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from typing import Any

from avlest.collect.options import CollectOptions, StoreOptions
from avlest.project import config
from scripts.reference.markdown import make_code, make_page, make_table


def describe_default(value: object) -> str:
    """A default as TOML writes it."""
    return json.dumps(value, ensure_ascii=False)


def describe_option(field: dataclasses.Field[Any]) -> tuple[str, str, str]:
    """Name, default and meaning of one option, with the words it may be."""
    choices = ", ".join(make_code(choice) for choice in field.metadata.get("choices", ()) if choice)
    text = field.metadata["help"] + (f" One of {choices}." if choices else "")
    return make_code(field.name), make_code(describe_default(field.default)), text


def describe_options(kind: type, table: str) -> Iterator[tuple[str, str, str, str]]:
    """Rows of one table of settings: name, default, what it is for, variable that replaces it."""
    for field in dataclasses.fields(kind):
        variable = "_".join(["AVLEST", *([table, ""] if table else []), field.name]).upper()
        yield *describe_option(field), make_code(variable)


def build_settings() -> str:
    """Page of all settings."""
    intro = (
        "All settings stand in `avlest.toml` in the data directory, in TOML. An environment variable wins over the "
        "file, the file over the default. An unknown name or a wrong type stops the start and names the line. "
        "Where telegrams come from is in [sources](sources.md)."
    )
    head = ("setting", "default", "meaning", "variable")
    parts = ["## At the top", make_table(head, describe_options(config.General, ""))]
    rooms = {"collect": CollectOptions, "readings": StoreOptions}
    for name, kind in {**config.TABLES, **rooms}.items():
        parts += [f"## [{name}]", make_table(head, describe_options(kind, name))]
    return make_page("Settings", intro, *parts)
