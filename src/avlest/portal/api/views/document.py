# SPDX-License-Identifier: Apache-2.0
"""The API described for people."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from avlest.portal.api.application import get_api
from avlest.portal.api.operations import find_operation
from avlest.portal.api.problems import ProblemError, answer_problem
from avlest.portal.request import ViewerRequest


@require_safe
def show_document(request: ViewerRequest) -> HttpResponse:
    """All operations with what they need; the whole of it is the OpenAPI document."""
    return render(request, "portal/api/document.html", {"parts": _list_parts()})


@cache
def _list_parts() -> list[tuple[str, list[dict[str, Any]]]]:
    """Operations by part, from the OpenAPI document."""
    api = get_api()
    names = {
        operation.operation_id: view.url_name
        for _, router in api._routers
        for view in router.path_operations.values()
        for operation in view.operations
    }
    parts: dict[str, list[dict[str, Any]]] = {}
    for path, methods in api.get_openapi_schema()["paths"].items():
        for method, each in methods.items():
            rule = find_operation(names.get(each["operationId"]) or "", method.upper())
            scope = rule.scope.value if rule and rule.scope else ""
            row = {"path": path, "method": method.upper(), "summary": each["summary"], "scope": scope}
            parts.setdefault(each["tags"][0], []).append(row)
    return list(parts.items())


@csrf_exempt
def show_unknown(_request: ViewerRequest, rest: str) -> HttpResponse:
    """An address under the API that is none of its operations: refused as programs expect it."""
    return answer_problem(ProblemError(404, "not_found", f"no operation at {rest[:100]}"))
