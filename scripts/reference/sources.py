# SPDX-License-Identifier: Apache-2.0
"""Reference page of the sources of telegrams and readings, and of the formats they may be in."""

from __future__ import annotations

import dataclasses
import inspect

from avlest.collect.formats.detect import PARSERS
from avlest.collect.settings import KINDS, SourceSettings
from scripts.reference.markdown import make_code, make_page, make_table
from scripts.reference.settings import describe_option

HEAD = ("setting", "default", "meaning")


def describe_first_line(thing: object) -> str:
    """The first sentence of a docstring."""
    return (inspect.getdoc(thing) or "").partition("\n\n")[0]


def describe_kind(name: str, settings: type[SourceSettings]) -> str:
    """The section of one kind of source: what it is, its own settings."""
    common = {field.name for field in dataclasses.fields(SourceSettings)}
    rows = [describe_option(field) for field in dataclasses.fields(settings) if field.name not in common]
    return "\n\n".join([f"## {name}", describe_first_line(settings), make_table(HEAD, rows)])


def build_sources() -> str:
    """Page of the kinds of sources and the formats."""
    intro = (
        "Each `[[sources]]` table in `avlest.toml` is one way in. It has a `kind`, the settings that all have, and "
        "those of its kind. What arrives is kept before it is acknowledged."
    )
    formats = ((make_code(name), describe_first_line(parser)) for name, parser in PARSERS.items())
    return make_page(
        "Sources",
        intro,
        "## All",
        make_table(HEAD, map(describe_option, dataclasses.fields(SourceSettings))),
        *(describe_kind(name, settings) for name, settings in KINDS.items()),
        "## Formats",
        "The format of a message is found out from its topic and its shape, unless `format` names it.",
        make_table(("format", "what it is"), formats),
    )
