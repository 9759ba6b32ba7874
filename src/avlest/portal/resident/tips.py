# SPDX-License-Identifier: Apache-2.0
"""Saving tips inside what they concern: at an alarm of a kind, at the use of a medium; the table is `tips.toml`."""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Final

_MOST: Final = 2


@dataclasses.dataclass(frozen=True, slots=True)
class Tip:
    """A piece of advice in each language, and what it belongs to."""

    kinds: frozenset[str]
    media: frozenset[str]
    texts: Mapping[str, str]


@cache
def load_tips() -> tuple[Tip, ...]:
    """Return the table; `KeyError` for a row that lacks a language."""
    text = resources.files("avlest.portal.resident").joinpath("tips.toml").read_text(encoding="utf-8")
    return tuple(
        Tip(
            frozenset(row.get("kinds", ())),
            frozenset(row.get("media", ())),
            {language: row[language] for language in ("nb", "nn", "en")},
        )
        for row in tomllib.loads(text)["tip"]
    )


def get_tips(*, kind: str = "", medium: str = "", language: str) -> list[str]:
    """Return at most two tips for an alarm of a kind or the use of a medium."""
    found = [tip.texts[language] for tip in load_tips() if kind in tip.kinds or medium in tip.media]
    return found[:_MOST]
