# SPDX-License-Identifier: Apache-2.0
"""The other words for columns, from `data/headings.toml`."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files


@cache
def get_headings() -> dict[str, dict[str, list[str]]]:
    """Return the aliases by kind of list and column."""
    text = files("avlest.registry").joinpath("data/headings.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
