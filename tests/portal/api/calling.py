# SPDX-License-Identifier: Apache-2.0
"""Programs that call the API, each with a token."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from django.test import Client

from avlest.portal.api.scopes import Scope, get_allowed_scopes
from avlest.portal.api.tokens import TokenWish, do_make_token
from avlest.portal.viewer import get_viewer
from avlest.registry.models import User
from avlest.registry.rights import Role
from tests.portal.world import Side, World

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
PURPOSE = "Case 2026/17"


class Caller:
    """A client of Django that shows a token and reads JSON."""

    def __init__(self, secret: str = "") -> None:
        self.headers = {"Authorization": f"Bearer {secret}"} if secret else {}
        self.client = Client(raise_request_exception=True)

    def get(self, path: str, **query: Any) -> Any:
        return self.client.get(f"/api/v1/{path}", query, headers=self.headers)

    def read(self, path: str, **query: Any) -> Any:
        answer = self.get(path, **query)
        assert answer.status_code == 200, (answer.status_code, answer.content)
        return answer.json()

    def send(self, method: str, path: str, body: Any = b"", kind: str = "application/json") -> Any:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.client.generic(method, f"/api/v1/{path}", data, kind, headers=self.headers)


def make_secret(
    user: User, organisation: int, *, scopes: tuple[Scope, ...] | None = None, role: Role | None = None,
    now: datetime | None = None,
) -> str:  # fmt: skip
    """A token of a person (or of a program of their organisation, in `role`); it may all that it can."""
    now = now or datetime.now(UTC)
    viewer = get_viewer(user, organisation_id=organisation)
    roles = frozenset({role}) if role else viewer.roles
    wish = TokenWish(
        name="test", scopes=scopes or get_allowed_scopes(roles), expires_at=now + timedelta(days=30), purpose=PURPOSE,
        role=role,
    )  # fmt: skip
    return do_make_token(viewer, wish, now=now)[1]


def call_as(world: World, user: User, **options: Any) -> Caller:
    """A caller with a token in Vik."""
    return Caller(make_secret(user, world.vik.id, **options))


def call_as_staff(world: World, role: Role, **options: Any) -> Caller:
    """A member of Vik's staff."""
    return call_as(world, world.vik.staff[role], **options)


def call_as_resident(world: World, side: Side = Side.OWN, **options: Any) -> Caller:
    """Somebody who lives in Vik."""
    return call_as(world, world.get_home(side).user, **options)


def call_as_program(world: World, role: Role, **options: Any) -> Caller:
    """A program of Vik's, in a role."""
    return call_as(world, world.vik.staff[Role.ADMINISTRATOR], role=role, **options)
