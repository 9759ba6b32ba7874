# SPDX-License-Identifier: Apache-2.0
"""Main and sub points in a file: every parent must exist, and none be part of itself."""

from __future__ import annotations

from collections.abc import Sequence

from avlest.registry.importing.columns import ParsedRow
from avlest.registry.importing.draft import Draft
from avlest.registry.importing.lookups import Points


def drop_orphans_and_loops(draft: Draft, rows: Sequence[ParsedRow], points: Points) -> list[ParsedRow]:
    """Return the rows whose parent is registered or in a good row; others become issues.

    A row that falls out may be another's parent: repeated until nothing changes.
    """
    good = list(rows)
    while True:
        codes = {row.values["point"]: row for row in good if "point" in row.values}
        orphans = [row for row in good if _is_orphan(row, codes, points)]
        for row in orphans:
            draft.issue(row, "parent", "no such metering point, neither registered nor in a good row of the file")
        loops = [row for row in good if row not in orphans and _is_in_loop(row, codes, points)]
        for row in loops:
            draft.issue(row, "parent", "the metering point would be part of itself")
        if not orphans and not loops:
            return good
        good = [row for row in good if row.line not in draft.bad_lines]


def _is_orphan(row: ParsedRow, codes: dict[str, ParsedRow], points: Points) -> bool:
    parent = row.values.get("parent")
    return parent is not None and parent not in codes and points.get(parent) is None


def _is_in_loop(row: ParsedRow, codes: dict[str, ParsedRow], points: Points) -> bool:
    """Follow the parents as they would be after the import."""
    code = row.values.get("point")
    if code is None or "parent" not in row.values:
        return False
    seen = {code}
    at: str | None = row.values["parent"]
    while at is not None:
        known = points.get(at)
        at = known.code if known is not None and at not in codes else at
        if at in seen:
            return bool(at == code)
        seen.add(at)
        if at in codes and "parent" in codes[at].values:
            at = codes[at].values["parent"]
        else:
            at = known.parent.code if known is not None and known.parent is not None else None
    return False
