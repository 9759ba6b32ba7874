# SPDX-License-Identifier: Apache-2.0
"""Pages of lists: a cursor that says after what to go on, and the address of the next page."""

from __future__ import annotations

import base64
import binascii
import dataclasses
import json
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Final, Generic, TypeVar

from django.http import HttpRequest
from ninja import Query, Schema
from pydantic import Field

from avlest.portal.api.problems import FieldProblem, ProblemError

T = TypeVar("T")
MOST: Final = 1000
BIGGEST: Final = 2**63 - 1

Number = Annotated[int, Field(ge=1, le=BIGGEST)]
Cursor = Annotated[str, Query(max_length=200, description="From `next` of the page before; empty: the first page.")]


class ListQuery(Schema):
    """How much of a list is wanted."""

    limit: int = Field(100, ge=1, le=MOST, description="Most items of a page.")
    cursor: str = Field("", max_length=200, description="From `next` of the page before; empty: the first page.")


@dataclasses.dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Items and the cursor of what comes after them (None: nothing)."""

    items: Sequence[T]
    after: Any = None


def read_cursor(text: str, *kinds: type) -> list[Any] | None:
    """Return what a cursor holds; None for the first page; `ProblemError` for one that is not ours."""
    if not text:
        return None
    try:
        found = json.loads(base64.urlsafe_b64decode(text.encode() + b"=" * (-len(text) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        found = None
    fits = isinstance(found, list) and len(found) == len(kinds)
    if not fits or any(type(one) is not kind for one, kind in zip(found, kinds, strict=True)):
        raise _wrong_cursor()
    if any(isinstance(one, int) and not 0 <= one <= BIGGEST for one in found):
        raise _wrong_cursor()
    return list(found)


def _wrong_cursor() -> ProblemError:
    detail = "expected the cursor of the page before"
    return ProblemError(422, "invalid", "the request is wrong", problems=[FieldProblem(detail, "cursor", "cursor")])


def write_cursor(*values: Any) -> str:
    """Return a cursor that holds some values."""
    return base64.urlsafe_b64encode(json.dumps(values, separators=(",", ":")).encode()).decode().rstrip("=")


def get_following(request: HttpRequest, cursor: str | None, **fixed: str) -> str | None:
    """Return the whole address of the next page, with `fixed` set in its query; None where there is none."""
    if cursor is None:
        return None
    query = request.GET.copy()
    query["cursor"] = cursor
    for name, value in fixed.items():
        query[name] = value
    return request.build_absolute_uri(f"{request.path}?{query.urlencode()}")


def take_after(items: Sequence[T], query: ListQuery, number: Callable[[T], int]) -> Page[T]:
    """Return a page of items that are ordered by their number."""
    after = read_cursor(query.cursor, int)
    rest = [item for item in items if after is None or number(item) > after[0]]
    some = rest[: query.limit]
    return Page(some, write_cursor(number(some[-1])) if len(rest) > len(some) else None)


def take_offset(get: Callable[[int, int], Sequence[T]], query: ListQuery) -> Page[T]:
    """Return a page of a list that is asked for by (offset, limit); one more than the page tells whether it goes on."""
    start = read_cursor(query.cursor, int)
    offset = start[0] if start else 0
    found = get(offset, query.limit + 1)
    return Page(found[: query.limit], write_cursor(offset + query.limit) if len(found) > query.limit else None)
