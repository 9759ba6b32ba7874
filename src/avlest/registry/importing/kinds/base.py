# SPDX-License-Identifier: Apache-2.0
"""What a kind of list is: its columns, the right it needs, how rows become a draft."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from avlest.registry.importing.columns import Column, ParsedRow
from avlest.registry.importing.draft import Draft
from avlest.registry.importing.headings import get_headings
from avlest.registry.importing.values import Parse
from avlest.registry.models import Owned
from avlest.registry.rights import Right

Build = Callable[[Draft, Sequence[ParsedRow], datetime], None]


@dataclasses.dataclass(frozen=True, slots=True)
class Kind:
    """One kind of list that can be imported.

    `order` is the order in which kinds of rows are written; `versions` are the counters
    that tell caches elsewhere.
    """

    name: str
    columns: tuple[Column, ...]
    right: Right
    order: tuple[type[Owned], ...]
    versions: tuple[str, ...]
    build: Build


def column(place: str, parse: Parse, *, required: bool = False, secret: bool = False, numeric: bool = False) -> Column:
    """Return the column `table.name` of `data/headings.toml`, read by the cell parser `parse`."""
    table, _, name = place.partition(".")
    aliases = tuple(get_headings()[table][name])
    return Column(name, parse, aliases, required=required, secret=secret, numeric=numeric)


def pick(row: ParsedRow, *names: str) -> dict[str, Any]:
    """Return the named values the row has."""
    return {name: row.values[name] for name in names if name in row.values}
