# SPDX-License-Identifier: Apache-2.0
"""The media that are measured, as data: `data/media.toml`.

A medium is a name for a set of quantities; nothing in the code asks which medium a point
has.  What differs between media (which identifier a point needs, which quantity counts)
is a column of the table.
"""

from __future__ import annotations

import dataclasses
import tomllib
from functools import cache
from importlib.resources import files


@dataclasses.dataclass(frozen=True, slots=True)
class Medium:
    """One medium: `quantity` and `unit` are what is charged for; `identifier` what a point must
    carry ("gsrn" or nothing); `names` the word per language."""

    code: str
    quantity: str
    unit: str
    identifier: str
    names: dict[str, str]


@cache
def get_media() -> dict[str, Medium]:
    """Return all media by code."""
    text = files("avlest.registry").joinpath("data/media.toml").read_text(encoding="utf-8")
    rows = tomllib.loads(text)["medium"]
    return {row["code"]: Medium(**{"identifier": "", **row}) for row in rows}


def parse_medium(text: str) -> str:
    """Return the code of the medium named by code or in any language; `ValueError` otherwise."""
    wanted = text.strip().casefold()
    for medium in get_media().values():
        if wanted in (medium.code, *(name.casefold() for name in medium.names.values())):
            return medium.code
    raise ValueError(f"one of {', '.join(get_media())}")
