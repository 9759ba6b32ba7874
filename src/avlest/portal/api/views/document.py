# SPDX-License-Identifier: Apache-2.0
"""The API described for people."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.csrf import csrf_exempt

from avlest.portal.api.problems import ProblemError, answer_problem
from avlest.portal.request import ViewerRequest


@csrf_exempt
def show_unknown(_request: ViewerRequest, rest: str) -> HttpResponse:
    """An address under the API that is none of its operations: refused as programs expect it."""
    return answer_problem(ProblemError(404, "not_found", f"no operation at {rest[:100]}"))
