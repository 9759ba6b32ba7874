# SPDX-License-Identifier: Apache-2.0
"""Frames as JSON, CSV, Parquet and Arrow; which of them a caller wants; answers that need not be sent twice.

In all of them instants are UTC, periods half-open and values exact numbers in the series' unit: text with a dot in
JSON and CSV (ISO 8601 times), `decimal128(38, 3)` in Parquet and Arrow.
"""

from __future__ import annotations

import hashlib
import io
import json
from enum import StrEnum
from typing import Any, Final

import polars as pl
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.cache import get_conditional_response

from avlest.portal.api.problems import ProblemError


class Format(StrEnum):
    """How rows are written."""

    JSON = "json"
    CSV = "csv"
    PARQUET = "parquet"
    ARROW = "arrow"


MEDIA_TYPES: Final[dict[Format, str]] = {
    Format.JSON: "application/json",
    Format.CSV: "text/csv; charset=utf-8",
    Format.PARQUET: "application/vnd.apache.parquet",
    Format.ARROW: "application/vnd.apache.arrow.stream",
}
_THOUSAND: Final = 1000
_INSTANT: Final = "%Y-%m-%dT%H:%M:%SZ"


def choose_format(request: HttpRequest, wanted: Format | None) -> Format:
    """Return the format of `?format=`, else the first known that `Accept` names; 406 where it names others only."""
    if wanted is not None:
        return wanted
    accept = request.headers.get("Accept", "*/*")
    names = [part.partition(";")[0].strip().lower() for part in accept.split(",")]
    for name in names:
        for form, media in MEDIA_TYPES.items():
            if name == media.partition(";")[0]:
                return form
        if name in ("*/*", "application/*", "application/problem+json", ""):
            return Format.JSON
    known = ", ".join(media.partition(";")[0] for media in MEDIA_TYPES.values())
    raise ProblemError(406, "accept", f"expected Accept to name one of {known}")


def answer_rows(request: HttpRequest, frame: pl.DataFrame, form: Format, *, following: str | None) -> HttpResponseBase:
    """Return a page of rows; `following` is the address of the next page (also in the header `Link`).

    `frame`: values in thousandths of the unit, instants as datetimes.
    """
    if form == Format.JSON:
        rows = _to_text(frame).write_json()
        body = f'{{"items":{rows},"next":{json.dumps(following)}}}'.encode()
    elif form == Format.CSV:
        body = _to_text(frame).write_csv().encode()
    else:
        buffer = io.BytesIO()
        exact = _to_decimals(frame)
        if form == Format.PARQUET:
            exact.write_parquet(buffer)
        else:
            exact.write_ipc_stream(buffer)
        body = buffer.getvalue()
    response = HttpResponse(body, content_type=MEDIA_TYPES[form])
    response["Vary"] = "Accept, Authorization, Cookie"
    if following:
        response["Link"] = f'<{following}>; rel="next"'
    return keep(request, response)


def _to_decimals(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(pl.col("value").cast(pl.Decimal(38, 3)) / _THOUSAND)


def _to_text(frame: pl.DataFrame) -> pl.DataFrame:
    times = [name for name, kind in frame.schema.items() if isinstance(kind, pl.Datetime)]
    # Thousandths over a thousand is the double whose shortest text is the exact number, up to 2**53 thousandths.
    return frame.with_columns(pl.col("value") / _THOUSAND, pl.col(times).dt.strftime(_INSTANT))


def answer_json(request: HttpRequest, content: Any) -> HttpResponseBase:
    """Return JSON that a caller who has it already does not get again."""
    return keep(request, HttpResponse(content, content_type=MEDIA_TYPES[Format.JSON]))


def keep(request: HttpRequest, response: HttpResponse) -> HttpResponseBase:
    """Give an answer to GET its checksum; answer 304 to a caller who has it."""
    if request.method != "GET" or response.status_code != 200:
        return response
    etag = f'"{hashlib.blake2b(response.content, digest_size=16).hexdigest()}"'
    response["ETag"] = etag
    response["Cache-Control"] = "private, no-cache"
    return get_conditional_response(request, etag=etag, response=response) or response
