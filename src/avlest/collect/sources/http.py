# SPDX-License-Identifier: Apache-2.0
"""HTTP push: what LoRaWAN network servers and gateways post to Avlest's web server.

The answer is sent when the messages are on disk, so a sender that gets 200 may forget them,
and one that gets 5xx tries again.  A sender shows the source's token as `Authorization:
Bearer`, as the password of `Authorization: Basic`, or in `X-Avlest-Token`.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Protocol

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.request import UnreadablePostError
from django.views.decorators.csrf import csrf_exempt

from avlest.collect.formats.detect import parse_message
from avlest.collect.formats.model import Message, Parsed
from avlest.collect.heard import Heard
from avlest.collect.settings import HttpSettings, SourceSettings, read_secret
from avlest.collect.sources.intake import find_bridge_part, make_bridges, tidy_heard
from avlest.collect.sources.parts_file import PartsFolder
from avlest.collect.sources.state import SourceState, StateBoard

logger = logging.getLogger(__name__)

MOST_PROBLEMS: Final = 20
_KB: Final = 1000


class SyncInbox(Protocol):
    """Where messages go; see `avlest.collect.inbox.Inbox`."""

    def put(self, batch: Sequence[Heard], /) -> None:
        """Return when all messages are on disk."""
        ...


View = Callable[[HttpRequest, str], HttpResponse]


@dataclass(frozen=True, slots=True)
class _Door:
    """One http source with all it needs."""

    settings: HttpSettings
    state: SourceState
    inbox: SyncInbox
    bridges: frozenset[str]
    parts: PartsFolder | None


def make_push_view(
    sources: Sequence[SourceSettings],
    inbox: SyncInbox,
    *,
    board: StateBoard | None = None,
    parts_folder: Path | None = None,
) -> View:
    """Return a Django view `view(request, source)` for a path such as `push/<str:source>/`.

    `sources` are those of the configuration; the kinds other than http are left out.
    `parts_folder` keeps parts of telegrams of LoRaWAN bridges until they are whole.
    """
    board = board or StateBoard()
    parts = PartsFolder(parts_folder) if parts_folder else None
    doors = {
        one.name: _Door(one, board.open(one.name, one.kind), inbox, make_bridges(one.bridges), parts)
        for one in sources
        if isinstance(one, HttpSettings)
    }

    @csrf_exempt
    def receive_push(request: HttpRequest, source: str) -> HttpResponse:
        door = doors.get(source)
        # The same work for an unknown name, so that its time does not tell which names there are.
        token = _read_token(door.settings) if door else ""
        if not _shows_token(request, token) or door is None:
            return _refuse(401, "unauthorised", "no such source, or not its token", authenticate=True)
        if request.method != "POST":
            return _refuse(405, "method", f"{request.method}: expected POST")
        return _receive(request, door)

    return receive_push


def _read_token(settings: HttpSettings) -> str:
    if settings.token:
        return settings.token
    try:
        return read_secret(settings.token_file)
    except (OSError, UnicodeDecodeError) as error:
        logger.warning("source %s: the token file cannot be read: %s", settings.name, error)
        return ""


def _shows_token(request: HttpRequest, token: str) -> bool:
    shown = _find_token(request.headers)
    same = hmac.compare_digest(shown.encode(), token.encode())
    return same and bool(token)


def _find_token(headers: Mapping[str, str]) -> str:
    scheme, _, value = headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(value, validate=True).decode("utf-8", "replace").partition(":")[2]
        except (binascii.Error, ValueError):
            return ""
    return headers.get("X-Avlest-Token", "")


def _receive(request: HttpRequest, door: _Door) -> HttpResponse:
    most = door.settings.max_kb * _KB
    try:
        body = request.read(most + 1)
    except (UnreadablePostError, OSError):
        return _refuse(400, "unreadable", "the connection broke before the whole message was there")
    if len(body) > most:
        return _refuse(413, "too_large", f"more than {door.settings.max_kb} kB: send smaller batches")
    # ChirpStack tells the event in the address.
    message = Message(
        body,
        datetime.now(UTC),
        door.settings.name,
        topic=request.GET.get("event", ""),
        gateway=door.settings.gateway,
        zone=door.settings.zone,
    )
    parsed = parse_message(message, name=door.settings.format)
    _count(door.state, parsed)
    try:
        door.state.taken += _put(door, parsed, message)
    except (DatabaseError, OSError) as error:
        logger.warning("source %s: not taken in: %s", door.settings.name, error)
        door.state.report_problem(f"not taken in: {error}")
        return _refuse(503, "not_stored", "the message could not be stored, send it again later")
    return _answer(parsed)


def _put(door: _Door, parsed: Parsed, message: Message) -> int:
    """Put what a message held into the inbox, a part of a bridge's telegram with its others; how many were put."""
    part = find_bridge_part(parsed, message.payload, door.bridges)
    if part is not None and door.parts is not None:
        return door.parts.add(part, now=message.received_at, put=door.inbox.put)
    door.inbox.put([tidy_heard(one) for one in parsed.heard])
    return len(parsed.heard)


def _count(state: SourceState, parsed: Parsed) -> None:
    state.messages += 1
    state.last_heard_at = state.clock()
    for problem in parsed.problems:
        state.report_problem(str(problem))
    for note in parsed.notes:
        state.report_note(note)


def _answer(parsed: Parsed) -> HttpResponse:
    """What was taken in and what was not: 400 only where nothing could be read."""
    problems = [
        {"field": problem.field, "line": problem.line, "detail": problem.detail}
        for problem in parsed.problems[:MOST_PROBLEMS]
    ]
    body: dict[str, Any] = {"taken": len(parsed.heard), "problems": problems}
    if len(parsed.problems) > MOST_PROBLEMS:
        body["more_problems"] = len(parsed.problems) - MOST_PROBLEMS
    if parsed.notes:
        body["notes"] = list(parsed.notes[:MOST_PROBLEMS])
    status = 400 if problems and not parsed.heard else 200
    return JsonResponse(body, status=status)


def _refuse(status: int, code: str, detail: str, *, authenticate: bool = False) -> HttpResponse:
    headers = {"WWW-Authenticate": 'Basic realm="Avlest"'} if authenticate else {}
    return JsonResponse({"error": code, "detail": detail}, status=status, headers=headers)
