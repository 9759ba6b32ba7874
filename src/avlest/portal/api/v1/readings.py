# SPDX-License-Identifier: Apache-2.0
"""Readings in: into the inbox like those of any other road, so that none that was taken is lost."""

from __future__ import annotations

from typing import Any, Final

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest
from ninja import Status

from avlest.collect.inbox import Inbox
from avlest.collect.options import read_collect_options
from avlest.portal.api import schemas
from avlest.portal.api.problems import FieldProblem, ProblemError, read_body
from avlest.portal.api.reading_in import MEDIA_TYPES, MOST_BYTES, parse_sent
from avlest.portal.api.v1.common import answers, get_now, get_viewer, make_router
from avlest.portal.intake import Intake, do_take_readings_of

router = make_router("Readings in")
SOURCE: Final = "api"
_MOST_ERRORS: Final = 1000
_BODY: Final = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "array", "maxItems": 20_000,
                    "items": schemas.ReadingIn.model_json_schema(ref_template="#/components/schemas/{model}"),
                }
            },
            **{
                media: {"schema": {"type": "string", "format": "binary"}}
                for media in MEDIA_TYPES
                if media != "application/json"
            },
        },
    }
}  # fmt: skip


@router.post(
    "/readings", url_name="readings", operation_id="send_readings",
    response=answers(schemas.Taken, status=202, refusals=(400, 413, 415, 422, 503)), summary="Send readings",
    openapi_extra=_BODY,
)  # fmt: skip
def send_readings(request: HttpRequest) -> Any:
    """Up to 20,000 readings (5 MB) as JSON, CSV, Parquet or an Arrow stream, each of a meter or a metering point.

    Those that are right are taken in and on disk when the answer comes; the others stand in `errors` with their row
    (from 0), field and what is expected. Where none was right the answer is 422. To send the same reading twice does
    no harm.
    """
    now, viewer = get_now(request), get_viewer(request)
    sent = parse_sent(read_body(request, most=MOST_BYTES), request.headers.get("Content-Type", ""), now=now)
    inbox = Inbox(read_collect_options(settings.AVLEST).lanes)
    try:
        result = do_take_readings_of(viewer, inbox, sent.readings, now=now, source=SOURCE)
    except DatabaseError as error:
        raise ProblemError(503, "not_stored", "nothing could be stored: send it again later") from error
    problems = _join(sent.problems, result)
    if not result.taken:
        detail = "none of the readings can be taken" if problems else "there is no reading in it"
        raise ProblemError(422, "nothing_taken", detail, problems=problems[:_MOST_ERRORS])
    errors = [schemas.FieldError(row=p.row, field=p.field, code=p.code, detail=p.detail) for p in problems]
    return Status(202, schemas.Taken(taken=result.taken, refused=len(problems), errors=errors[:_MOST_ERRORS]))


def _join(problems: tuple[FieldProblem, ...], result: Intake) -> list[FieldProblem]:
    refused = [FieldProblem(each.detail, each.field, each.code, each.row) for each in result.refusals]
    return sorted([*problems, *refused], key=lambda problem: -1 if problem.row is None else problem.row)
