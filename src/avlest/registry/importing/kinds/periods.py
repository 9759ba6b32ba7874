# SPDX-License-Identifier: Apache-2.0
"""Periods in a file against each other and against the register: overlaps, with both sides named."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Hashable, Iterable
from datetime import datetime
from typing import Any, TypeVar

from avlest.registry.importing.columns import ParsedRow
from avlest.registry.importing.draft import Draft
from avlest.registry.intervals import find_overlaps
from avlest.registry.models import Installation, Tenancy
from avlest.registry.services.periods import describe

H = TypeVar("H", Installation, Tenancy)


@dataclasses.dataclass(frozen=True, slots=True)
class Claim:
    """That something is taken in a period, said by a row of the file or by a registered row."""

    starts_at: datetime
    ends_at: datetime | None
    row: ParsedRow | None
    known: Any = None


def check_claims(
    draft: Draft,
    claims: Iterable[Claim],
    key: Callable[[Claim], Hashable],
    what: str,
) -> None:
    """Make an issue of each row whose claim overlaps another claim on the same thing."""
    groups: dict[Hashable, list[Claim]] = {}
    for claim in claims:
        groups.setdefault(key(claim), []).append(claim)
    for group in groups.values():
        if len(group) > 1:
            for earlier, later in find_overlaps((c.starts_at, c.ends_at, c) for c in group):
                _refuse(draft, earlier, later, what)


def _refuse(draft: Draft, earlier: Claim, later: Claim, what: str) -> None:
    """Blame the row of the file; of two rows, the one further down."""
    pair = [claim for claim in (earlier, later) if claim.row is not None]
    pair.sort(key=lambda claim: claim.row.line if claim.row else 0)
    if not pair:
        return
    blamed = pair[-1]
    other = earlier if blamed is later else later
    assert blamed.row is not None
    if other.row is not None:
        draft.issue(blamed.row, "from", f"{what} is taken in that period", other_line=other.row.line)
    else:
        draft.issue(blamed.row, "from", f"{what} is taken: {other.known}, {describe(other.known)}")


def check_order(draft: Draft, row: ParsedRow) -> bool:
    """Say whether the row's period ends after it begins; an issue when not."""
    end = row.values.get("to")
    if end is not None and end <= row.values["from"]:
        draft.issue(row, "to", "expected a time after the one it begins at")
        return False
    return True


def merge_known(draft: Draft, row: ParsedRow, known: H) -> dict[str, Any] | None:
    """Return what a row changes of the registered row it repeats; None when it contradicts it.

    Only an open end may be filled in: a closed one is history.
    """
    end = row.values.get("to")
    if end is None or end == known.ends_at:
        return {}
    if known.ends_at is not None:
        draft.issue(row, "to", f"it ended {known.ends_at:%Y-%m-%dT%H:%MZ}; history is not overwritten")
        return None
    return {"ends_at": end}
