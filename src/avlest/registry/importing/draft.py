# SPDX-License-Identifier: Apache-2.0
"""What an import is going to write, gathered before anything is written."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import models

from avlest.registry.importing.columns import ParsedRow
from avlest.registry.importing.report import RowIssue
from avlest.registry.models import Owned, Series
from avlest.registry.rights import Actor
from avlest.registry.services.audit import Change, Values, record, snapshot
from avlest.registry.services.bulk import insert_rows, update_rows

_BATCH = 2000


@dataclasses.dataclass(slots=True)
class Draft:
    """Rows to make and to change by kind of thing, and the issues that keep rows out.

    `labels` are the file's own headings by column name, for messages.
    """

    actor: Actor
    labels: Mapping[str, str]
    creates: dict[type[Owned], list[Owned]] = dataclasses.field(default_factory=dict)
    changes: dict[type[Owned], dict[int, tuple[Owned, Values]]] = dataclasses.field(default_factory=dict)
    fields: dict[type[Owned], set[str]] = dataclasses.field(default_factory=dict)
    finishers: dict[type[Owned], list[Callable[[], None]]] = dataclasses.field(default_factory=dict)
    issues: list[RowIssue] = dataclasses.field(default_factory=list)
    bad_lines: set[int] = dataclasses.field(default_factory=set)
    unchanged: int = 0

    def issue(self, row: ParsedRow, column: str, expected: str, *, other_line: int | None = None) -> None:
        """Note what is wrong with a row; the row is left out."""
        label = self.labels.get(column, column)
        self.issues.append(RowIssue(row.line, label, row.raw.get(column, "")[:80], expected, other_line))
        self.bad_lines.add(row.line)

    def create(self, row: Owned, *, finish: Callable[[], None] | None = None) -> None:
        """Have a row made; `finish` runs just before, when rows it refers to have numbers."""
        row.organisation_id = self.actor.organisation_id
        self.creates.setdefault(type(row), []).append(row)
        if finish is not None:
            self.finishers.setdefault(type(row), []).append(finish)

    def change(self, row: Owned, values: Mapping[str, Any]) -> bool:
        """Have columns of an existing row set; say whether anything differs."""
        differing = {name: value for name, value in values.items() if getattr(row, name) != value}
        if row.pk is None:
            for name, value in differing.items():
                setattr(row, name, value)
            return bool(differing)
        if not differing:
            return False
        own = self.changes.setdefault(type(row), {})
        own.setdefault(row.pk, (row, snapshot(row)))
        for name, value in differing.items():
            setattr(row, name, value)
        self.fields.setdefault(type(row), set()).update(differing)
        return True

    def count_created(self) -> dict[str, int]:
        """Return how many rows are made, by kind of thing."""
        return {_name(model): len(rows) for model, rows in self.creates.items() if rows}

    def count_changed(self) -> dict[str, int]:
        """Return how many rows are changed, by kind of thing."""
        return {_name(model): len(rows) for model, rows in self.changes.items() if rows}


def _name(model: type[Owned]) -> str:
    return model._meta.model_name or ""


def find_repeats(
    draft: Draft, rows: Iterable[ParsedRow], identify: Callable[[ParsedRow], Any], column: str
) -> list[ParsedRow]:
    """Return the rows whose identity is the first of its kind; a repeat becomes an issue."""
    first: dict[Any, int] = {}
    good = []
    for row in rows:
        identity = identify(row)
        if identity in first:
            draft.issue(row, column, "is in the file twice", other_line=first[identity])
        else:
            first[identity] = row.line
            good.append(row)
    return good


def apply_draft(draft: Draft, order: Iterable[type[Owned]], *, now: datetime, batch: UUID) -> None:
    """Write the draft, kind by kind in `order`, with an audit row each; inside a transaction."""
    for model in order:
        for finish in draft.finishers.get(model, ()):
            finish()
        _write_changes(draft, model, now=now, batch=batch)
        _write_creates(draft, model, now=now, batch=batch)


def _write_changes(draft: Draft, model: type[Owned], *, now: datetime, batch: UUID) -> None:
    changed = list(draft.changes.get(model, {}).values())
    for at in range(0, len(changed), _BATCH):
        part = changed[at : at + _BATCH]
        update_rows(model, [row for row, _before in part], sorted(draft.fields[model]))
        changes = (Change("import", row, before, snapshot(row)) for row, before in part)
        record(draft.actor, *changes, now=now, batch=batch)


def _write_creates(draft: Draft, model: type[Owned], *, now: datetime, batch: UUID) -> None:
    for wave in _waves(draft.creates.get(model, [])):
        for at in range(0, len(wave), _BATCH):
            rows = wave[at : at + _BATCH]
            insert_rows(model, rows)
            if model is Series:
                # A series follows from its installation and register, which are audited.
                continue
            changes = (Change("import", row, None, snapshot(row)) for row in rows)
            record(draft.actor, *changes, now=now, batch=batch)


def _waves(rows: list[Owned]) -> list[list[Owned]]:
    """Return new rows so that a row comes after the new row it is part of."""
    if not rows or not any(field.name == "parent" for field in rows[0]._meta.concrete_fields):
        return [rows]
    depths = Counter[int]()
    waves: dict[int, list[Owned]] = {}
    for row in rows:
        depths[id(row)] = depth = _depth(row)
        waves.setdefault(depth, []).append(row)
    return [waves[depth] for depth in sorted(waves)]


def _depth(row: models.Model) -> int:
    depth, parent = 0, getattr(row, "parent", None)
    while parent is not None and parent.pk is None:
        depth, parent = depth + 1, parent.parent
    return depth
