# SPDX-License-Identifier: Apache-2.0
"""All known meter families, found by manufacturer, version and device type.

Files are parsed when first needed: a hundred TOML files take longer to parse than a
telegram takes to decode.  Until then only their `meters` line is looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from importlib import resources

from avlest.catalogue.load import parse_family, parse_shared_fields
from avlest.catalogue.model import CatalogueError, Condition, Family, Field

_METERS_LINE = re.compile(r"^meters\s*=\s*\[(.*?)\]", re.MULTILINE | re.DOTALL)
_NAME_LINE = re.compile(r'^family\s*=\s*"([^"]+)"', re.MULTILINE)
_METER = re.compile(r'"([A-Z]{3}):([0-9A-Fa-f]{2}|\*):([0-9A-Fa-f]{2}|\*)"')

ModelKey = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class CatalogueFile:
    """The text of one catalogue file and where it came from."""

    origin: str
    text: str


@dataclass(slots=True)
class Catalogue:
    """A set of catalogue files; the first file that names a meter wins.

    `shared` are the fields that files may name in `use = […]`.
    """

    files: tuple[CatalogueFile, ...]
    shared: dict[str, Field]
    _by_model: dict[ModelKey, list[int]] = field(default_factory=dict)
    _by_name: dict[str, int] = field(default_factory=dict)
    _parsed: dict[int, Family] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for index, file in enumerate(self.files):
            name = _NAME_LINE.search(file.text)
            if not name:
                raise CatalogueError(file.origin, "file", 'there is no line family = "…"')
            self._by_name.setdefault(name[1], index)
            for model in _scan_models(file.text):
                self._by_model.setdefault(model, []).append(index)

    def find(self, manufacturer: str, version: int, device_type: int) -> tuple[Family, ...]:
        """The families that claim a meter model, those with a `when` condition first."""
        exact, any_version = f"{version:02x}", "*"
        keys = ((exact, f"{device_type:02x}"), (exact, "*"), (any_version, f"{device_type:02x}"), ("*", "*"))
        found: list[int] = []
        for version_key, type_key in keys:
            found += self._by_model.get((manufacturer, version_key, type_key), [])
        families = [self._family(index) for index in dict.fromkeys(found)]
        return tuple(sorted(families, key=lambda family: family.when == Condition()))

    def get(self, name: str) -> Family | None:
        """The family of that name, or None."""
        index = self._by_name.get(name)
        return None if index is None else self._family(index)

    def text(self, name: str) -> str | None:
        """The text of the family's file, or None."""
        index = self._by_name.get(name)
        return None if index is None else self.files[index].text

    def names(self) -> tuple[str, ...]:
        """All family names, sorted."""
        return tuple(sorted(self._by_name))

    def families(self) -> Iterator[Family]:
        """Every family, parsed, in name order."""
        for name in self.names():
            yield self._family(self._by_name[name])

    def all_families(self) -> Iterator[Family]:
        """The family of every file: two files may print one name, for models of different makes."""
        for index in range(len(self.files)):
            yield self._family(index)

    def _family(self, index: int) -> Family:
        if index not in self._parsed:
            file = self.files[index]
            self._parsed[index] = self._inherit(parse_family(file.text, origin=file.origin, shared=self.shared), index)
        return self._parsed[index]

    def _inherit(self, family: Family, index: int) -> Family:
        """The family with what it takes over from the one it is `like`."""
        if not family.like:
            return family
        base = self._by_name.get(family.like)
        if base is None or base == index:
            raise CatalogueError(family.origin, "like", f"no other family is called {family.like!r}")
        model = self._family(base)
        return replace(
            family,
            fields=(*model.fields, *family.fields),
            payload=family.payload or model.payload,
            transport_bits=family.transport_bits or model.transport_bits,
        )


def _scan_models(text: str) -> Iterator[ModelKey]:
    line = _METERS_LINE.search(text)
    if line:
        for letters, version, device in _METER.findall(line[1]):
            yield letters, version.lower(), device.lower()


def get_builtin_files() -> tuple[CatalogueFile, ...]:
    """The catalogue files that ship with Avlest (package data)."""
    folder = resources.files("avlest.catalogue") / "families"
    entries = sorted((entry for entry in folder.iterdir() if entry.name.endswith(".toml")), key=lambda item: item.name)
    return tuple(CatalogueFile(entry.name, entry.read_text("utf-8")) for entry in entries)


def get_shared_fields() -> dict[str, Field]:
    """The fields that many families share (package data)."""
    text = (resources.files("avlest.catalogue") / "shared.toml").read_text("utf-8")
    return parse_shared_fields(text, origin="shared.toml")


def build_catalogue(own: Iterable[CatalogueFile] = ()) -> Catalogue:
    """The built-in catalogue with a user's own files before it, so that theirs win."""
    return Catalogue(files=(*own, *get_builtin_files()), shared=get_shared_fields())
