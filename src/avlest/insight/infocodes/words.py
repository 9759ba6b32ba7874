# SPDX-License-Identifier: Apache-2.0
"""What the catalogue's status words mean as alarms: a table.  Pure."""

from __future__ import annotations

import dataclasses
import tomllib
from collections import Counter
from collections.abc import Mapping
from functools import cache
from importlib import resources

import polars as pl

from avlest.insight.contracts import AlarmKind

_KEYS = {"silencing", "past", "plain", "words"}
_BETWEEN_WORDS = r"[^\s,;]+"


class WordError(ValueError):
    """A table of words cannot be used; says which word or kind."""


@dataclasses.dataclass(frozen=True, slots=True)
class Words:
    """`kinds`: word to alarm kind. `quiet`: words that are no alarm. `silencing`: words that hide all others."""

    kinds: Mapping[str, AlarmKind]
    quiet: frozenset[str]
    silencing: frozenset[str]

    def find_kind(self, word: str) -> AlarmKind | None:
        """The kind of a word; None: no alarm; a word that is not in the table is `METER_NOTICE`."""
        return None if word in self.quiet else self.kinds.get(word, AlarmKind.METER_NOTICE)


@cache
def load_words() -> Words:
    """The table that comes with Avlest."""
    return parse_words(resources.files("avlest.insight.infocodes").joinpath("words.toml").read_text("utf-8"))


def parse_words(text: str) -> Words:
    """A table from TOML text; `WordError` for an unknown kind or key, or a word that stands twice."""
    content = tomllib.loads(text)
    if set(content) != _KEYS:
        raise WordError(f"expected {', '.join(sorted(_KEYS))}, found {', '.join(sorted(content))}")
    strange = set(content["words"]) - {str(kind) for kind in AlarmKind}
    if strange:
        raise WordError(f"unknown kinds {', '.join(sorted(strange))}")
    quiet = [*content["past"], *content["plain"]]
    pairs = [(word, AlarmKind(kind)) for kind, words in content["words"].items() for word in words]
    twice = [word for word, count in Counter([*quiet, *(word for word, _ in pairs)]).items() if count > 1]
    if twice:
        raise WordError(f"there twice: {', '.join(sorted(twice))}")
    return Words(dict(pairs), frozenset(quiet), frozenset(content["silencing"]))


def split_words(statuses: pl.DataFrame, table: Words) -> pl.DataFrame:
    """One row per (meter, at, kind) of `contracts.STATUSES`, with the `words` that say so; rows without any are left
    out.  `is_silenced`: the meter sends nothing else while this is so."""
    texts = statuses.select(pl.col("status").unique())
    exploded = texts.with_columns(pl.col("status").str.extract_all(_BETWEEN_WORDS).alias("word")).explode("word")
    words = exploded["word"].drop_nulls().unique().to_list()
    kinds = {word: None if (kind := table.find_kind(word)) is None else str(kind) for word in words}
    known = (
        exploded.drop_nulls("word")
        .with_columns(
            pl.col("word").replace_strict(list(kinds), list(kinds.values()), return_dtype=pl.String).alias("kind"),
            pl.col("word").is_in(list(table.silencing)).any().over("status").alias("is_silenced"),
        )
        .drop_nulls("kind")
        .group_by("status", "kind", "is_silenced")
        .agg(pl.col("word").sort().str.join(" ").alias("words"))
    )
    return statuses.join(known, on="status").select("meter", "at", "kind", "words", "is_silenced")
