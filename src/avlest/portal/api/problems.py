# SPDX-License-Identifier: Apache-2.0
"""Errors of the API as `application/problem+json` (RFC 9457): what was wrong, where, what is expected."""

from __future__ import annotations

import dataclasses
import json
import logging
from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.http import HttpRequest, HttpResponse, UnreadablePostError

MEDIA_TYPE: Final = "application/problem+json"
logger = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True, slots=True)
class FieldProblem:
    """One thing that is wrong; `row` counts from 0 in what was sent."""

    detail: str
    field: str = ""
    code: str = "invalid"
    row: int | None = None


class ProblemError(Exception):
    """An answer that refuses: `code` is for programs, `detail` for people."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        problems: Sequence[FieldProblem] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.status = status
        self.code = code
        self.detail = detail
        self.problems = tuple(problems)
        self.headers = dict(headers or {})
        super().__init__(detail)


_TITLES: Final = {
    400: "The request cannot be read",
    401: "A token is needed",
    403: "Not allowed",
    404: "No such thing",
    405: "Not this method",
    409: "In the way of something",
    413: "Too large",
    415: "Not this kind of content",
    422: "Something in the request is wrong",
    429: "Too many requests",
    503: "Not now",
}


def answer_problem(error: ProblemError) -> HttpResponse:
    """Return the answer of a refusal."""
    body: dict[str, Any] = {
        "type": f"urn:avlest:problem:{error.code}",
        "title": _TITLES.get(error.status, "Refused"),
        "status": error.status,
        "detail": error.detail,
        "code": error.code,
    }
    if error.problems:
        body["errors"] = [write_problem(each) for each in error.problems]
    headers = {"Cache-Control": "no-store", **error.headers}
    return HttpResponse(
        json.dumps(body, ensure_ascii=False), status=error.status, content_type=MEDIA_TYPE, headers=headers
    )


def write_problem(problem: FieldProblem) -> dict[str, Any]:
    """One thing that is wrong as JSON; `row` only where there are rows."""
    row = {} if problem.row is None else {"row": problem.row}
    return {**row, "field": problem.field, "code": problem.code, "detail": problem.detail}


def read_body(request: HttpRequest, *, most: int) -> bytes:
    """Return what was sent; `ProblemError` where the connection broke or it is more than `most` bytes."""
    try:
        body = request.read(most + 1)
    except (UnreadablePostError, OSError) as error:
        raise ProblemError(400, "unreadable", "the connection broke before everything was here") from error
    if len(body) > most:
        raise ProblemError(413, "too_large", f"expected at most {most} bytes: send it in parts")
    return body
