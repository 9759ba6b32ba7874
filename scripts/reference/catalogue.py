# SPDX-License-Identifier: Apache-2.0
"""Reference pages of the meter catalogue: the file format, and the meters it knows."""

from __future__ import annotations

from collections.abc import Mapping

from avlest.catalogue.catalogue import build_catalogue
from avlest.catalogue.file_format import TABLES
from avlest.catalogue.model import Family, Field, Match
from scripts.reference.markdown import make_code, make_page, make_table


def build_catalogue_format() -> str:
    """Page of the keys a catalogue file may hold."""
    intro = (
        "One TOML file describes one meter family. Files of your own go into a folder that `--catalogue DIR` names; "
        "a family there wins over a built-in one that claims the same meter. An unknown key, a wrong type or an "
        "unknown unit is an error that names the file and the place."
    )
    parts = [part for table in TABLES for part in (f"## {table.title}", table.text, describe_keys(table.keys))]
    return make_page("Catalogue files", intro, *parts)


def describe_keys(keys: Mapping[str, str]) -> str:
    """Table of the keys of one TOML table."""
    return make_table(("key", "meaning"), ((make_code(key), text) for key, text in keys.items()))


def describe_match(match: Match) -> str:
    """A meter model as catalogue files write it."""
    parts = ("*" if part is None else f"{part:02x}" for part in (match.version, match.device_type))
    return ":".join([match.manufacturer, *parts])


def describe_field(field: Field) -> str:
    """A field's name, which carries its unit."""
    return make_code(field.name)


def describe_family(family: Family) -> str:
    """The section of one family: what it is, its models, fields and source."""
    fields = dict.fromkeys(describe_field(field) for field in family.fields if not field.hidden)
    models = ", ".join(make_code(describe_match(match)) for match in family.matches)
    lines = [f"## {family.name}", f"{family.title}.", f"Models: {models or 'none of its own'}"]
    lines += [f"Like `{family.like}`, and:"] if family.like else []
    lines += [f"Fields: {', '.join(fields)}"] if fields else []
    lines += [f"Proprietary payload, read by `{family.payload}`."] if family.payload else []
    return "\n\n".join([*lines, f"Source: {family.source}"])


def build_meters() -> str:
    """Page of all meter families."""
    families = list(build_catalogue().families())
    models = sum(len(family.matches) for family in families)
    intro = (
        f"{len(families)} families, {models} models (manufacturer : version : device type, the latter two "
        "hexadecimal). A meter that is not here is decoded by its standard records under systematic names."
    )
    return make_page("Meters", intro, *(describe_family(family) for family in families))
