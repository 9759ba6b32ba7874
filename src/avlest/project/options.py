# SPDX-License-Identifier: Apache-2.0
"""Reading a table of options into a frozen dataclass, with errors that name the place.

Every room that takes options from `avlest.toml` describes them as a dataclass whose
fields are made with `option(...)`; `parse_options` checks names, types and choices and
says what was wrong, where, and what is expected.  Pure: text in, values out.
"""

from __future__ import annotations

import dataclasses
import difflib
import re
from collections.abc import Mapping
from typing import Any, TypeVar

T = TypeVar("T")


class ConfigError(ValueError):
    """A setting that cannot be used: `where` (file, line, table) and what is expected."""

    def __init__(self, detail: str, *, where: str) -> None:
        super().__init__(f"{where}: {detail}")
        self.detail = detail
        self.where = where


@dataclasses.dataclass(frozen=True, slots=True)
class Place:
    """Where a table of options was written: the file's name and text, and the table's name."""

    source: str
    text: str = ""
    table: str = ""

    def describe(self, key: str | None = None) -> str:
        """Return `avlest.toml line 7 [web]`, as exact as the text allows."""
        line = find_line(self.text, self.table, key) if key else None
        at = f"{self.source} line {line}" if line else self.source
        return f"{at} [{self.table}]" if self.table else at


def option(
    default: Any,
    *,
    help: str,  # noqa: A002  the word the reader of a settings table expects
    choices: tuple[str, ...] = (),
    secret: bool = False,
) -> Any:
    """Declare one option: its default, the sentence for the manual, and what it may be."""
    meta = {"help": help, "choices": choices, "secret": secret}
    if isinstance(default, tuple | str | int | float | bool | None):
        return dataclasses.field(default=default, metadata=meta)
    return dataclasses.field(default_factory=lambda: default, metadata=meta)


def find_line(text: str, table: str, key: str) -> int | None:
    """Return the line (from 1) where `key` is set in `[table]`, or None when not found."""
    current = ""
    for number, line in enumerate(text.splitlines(), start=1):
        header = re.match(r"\s*\[+\s*([^\]]+?)\s*\]+\s*(#.*)?$", line)
        if header:
            current = header[1]
            if not table and current.split(".")[0] == key:
                return number
        elif current == table and re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=", line):
            return number
    return None


def suggest(name: str, known: list[str]) -> str:
    """Return `; did you mean "x"?`, or the list of known names when nothing is near."""
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    if near:
        return f'; did you mean "{near[0]}"?'
    return f"; known here: {', '.join(sorted(known))}" if known else ""


def parse_options(kind: type[T], values: Mapping[str, Any], *, place: Place) -> T:
    """Return a `kind` filled from `values`.

    Raises `ConfigError` for an unknown name (with the nearest known one), a wrong type
    or a value outside the choices.
    """
    fields = {f.name: f for f in dataclasses.fields(kind)}  # type: ignore[arg-type]
    for name in values:
        if name not in fields:
            detail = f'unknown setting "{name}"{suggest(name, list(fields))}'
            raise ConfigError(detail, where=place.describe(name))
    return kind(**{n: _checked(fields[n], v, place=place) for n, v in values.items()})


def parse_text_value(text: str, default: object) -> object:
    """Return an environment variable's text as the type of `default` (bool, number, list, text)."""
    if isinstance(default, bool):
        words = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
        return words.get(text.strip().lower(), text)
    if isinstance(default, int) and re.fullmatch(r"\s*-?\d+\s*", text):
        return int(text)
    if isinstance(default, float) and re.fullmatch(r"\s*-?\d+(\.\d*)?\s*", text):
        return float(text)
    if isinstance(default, tuple):
        return [part.strip() for part in text.split(",") if part.strip()]
    return text


def _checked(field: dataclasses.Field[Any], value: object, *, place: Place) -> object:
    """Return `value` as the field takes it, or raise `ConfigError` naming what is expected."""
    default = None if field.default is dataclasses.MISSING else field.default
    expected = _expectation(default)
    choices = field.metadata.get("choices", ())
    ok = expected is None or _is_of(value, default)
    if ok and (not choices or value in choices):
        return tuple(value) if isinstance(value, list) else value
    wanted = f"one of {', '.join(choices)}" if choices else expected
    shown = "a secret value" if field.metadata.get("secret") else repr(value)
    detail = f'"{field.name}" is {shown}, expected {wanted}'
    raise ConfigError(detail, where=place.describe(field.name))


def _expectation(default: object) -> str | None:
    names: list[tuple[type, str]] = [
        (bool, "true or false"),
        (int, "a whole number"),
        (float, "a number"),
        (str, "text in quotes"),
        (tuple, "a list of texts"),
    ]
    return next((name for kind, name in names if isinstance(default, kind)), None)


def _is_of(value: object, default: object) -> bool:
    """Say whether `value` has the type of `default` (a bool is not a number here)."""
    if isinstance(default, bool) or isinstance(value, bool):
        return isinstance(default, bool) and isinstance(value, bool)
    if isinstance(default, tuple):
        return isinstance(value, list | tuple) and all(isinstance(v, str) for v in value)
    if isinstance(default, float):
        return isinstance(value, int | float)
    return isinstance(value, type(default))
