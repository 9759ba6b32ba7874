# SPDX-License-Identifier: Apache-2.0
"""The API put together: its parts, how it refuses, how its document is written."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import cache
from typing import Any, Final, cast

from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.openapi.schema import OpenAPISchema

from avlest import __version__
from avlest.portal.access import ReasonNeededError
from avlest.portal.api.authentication import SessionAuth, TokenAuth, refuse_unknown
from avlest.portal.api.formats import keep
from avlest.portal.api.problems import MEDIA_TYPE, FieldProblem, ProblemError, answer_problem
from avlest.portal.api.v1 import alarms, hooks, me, money, places, readings, series
from avlest.registry.rights import AccessDeniedError

logger = logging.getLogger(__name__)

DESCRIPTION: Final = """\
Values are exact numbers in the unit that stands beside them, with a dot; times are ISO 8601 in UTC, periods half-open;
money is kroner as text with two decimals. Everything is limited to what the token's person or program may see: a
resident gets nothing from before they moved in.

Refusals are `application/problem+json`. Answers to GET have an `ETag`; ask with `If-None-Match` and get 304 when
nothing has changed. Lists are given in pages: go on with the address in `next` (also in the header `Link`).
"""


class Api(NinjaAPI):
    """Answers carry a checksum, so that what has not changed is not sent again; refusals are problems."""

    def get_openapi_schema(self, **arguments: Any) -> OpenAPISchema:
        """Return the document; refusals are of the media type of problems."""
        document = super().get_openapi_schema(**arguments)
        operations = [each for methods in document["paths"].values() for each in methods.values()]
        for answer in (answer for each in operations for answer in _list_refusals(each)):
            if "application/json" in answer.get("content", {}):
                answer["content"] = {MEDIA_TYPE: answer["content"]["application/json"]}
        return document

    def create_response(self, request: HttpRequest, data: Any, **arguments: Any) -> HttpResponse:
        """Render an answer."""
        response = super().create_response(request, data, **arguments)
        return keep(request, response)  # type: ignore[return-value]


def _list_refusals(operation: dict[str, Any]) -> list[dict[str, Any]]:
    return [answer for status, answer in operation["responses"].items() if int(status) >= 400]


@cache
def get_api() -> Api:
    """Return the API with all its parts; there is one in a process."""
    api = Api(
        title="Avlest",
        version=f"1 (Avlest {__version__})",
        description=DESCRIPTION,
        docs_url=None,
        urls_namespace="api",
        auth=[TokenAuth(), SessionAuth()],
    )
    for part in (me, places, series, readings, alarms, money, hooks):
        api.add_router("", part.router)
    _add_refusals(api)
    return api


def _add_refusals(api: NinjaAPI) -> None:
    refusals: dict[type[Exception], Callable[[Any], ProblemError]] = {
        ProblemError: lambda error: cast(ProblemError, error),
        AuthenticationError: lambda _: refuse_unknown(),
        ValidationError: _to_problem,
        HttpError: _from_http,
        ReasonNeededError: lambda _: _REASON,
        AccessDeniedError: lambda _: _NOT_FOUND,
        Http404: lambda _: _NOT_FOUND,
    }
    for kind, refuse in refusals.items():
        api.add_exception_handler(kind, _make_handler(refuse))


def _make_handler(refuse: Callable[[Any], ProblemError]) -> Callable[[HttpRequest, Any], HttpResponse]:
    return lambda _, error: answer_problem(refuse(error))


_NOT_FOUND: Final = ProblemError(404, "not_found", "there is no such thing, or it is not yours to see")
_REASON: Final = ProblemError(
    403,
    "reason",
    "say why you look at what a household uses: give a reason in the portal, or use a token with a purpose",
)


def _to_problem(error: ValidationError) -> ProblemError:
    """What a request's fields lack, without what was sent: it may be secret."""
    problems = [_to_field(each) for each in error.errors[:50]]
    return ProblemError(422, "invalid", "something in the request is wrong", problems=problems)


def _to_field(each: dict[str, Any]) -> FieldProblem:
    path = [str(part) for part in each.get("loc", ())]
    # The first part says where (query, path, body), the second how the argument is called in the code.
    shown = path[2:] if len(path) > 2 else path[1:] or path
    return FieldProblem(str(each.get("msg", "")), ".".join(shown), str(each.get("type", "invalid")))


def _from_http(error: HttpError) -> ProblemError:
    return ProblemError(error.status_code, "unreadable", str(error))
