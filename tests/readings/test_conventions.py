# SPDX-License-Identifier: Apache-2.0
"""Rules of this room that no linter knows."""

from __future__ import annotations

import ast
import io
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import call_command

import avlest.readings
from avlest.readings.models import DeriveRequest, DeriveState, DeriveTask
from avlest.registry.models import Owned

ROOM = Path(avlest.readings.__file__).parent
SOURCES = sorted(p for p in ROOM.rglob("*.py") if "migrations" not in p.parts)
OF_THE_INSTALLATION = {DeriveState, DeriveTask, DeriveRequest}
# The change feed says when it looked, to find files when the log is too short.
CLOCKS = {"tables/changes.py"}


@pytest.mark.parametrize("file", SOURCES, ids=lambda p: str(p.relative_to(ROOM)))
def test_nobody_looks_at_the_clock(file: Path) -> None:
    """The time is an argument."""
    if str(file.relative_to(ROOM)) in CLOCKS:
        return
    calls = [ast.unparse(node.func) for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Call)]
    assert [call for call in calls if call.endswith((".now", ".today", ".utcnow"))] == []


@pytest.mark.parametrize("model", list(apps.get_app_config("readings").get_models()), ids=lambda m: m.__name__)
def test_rows_belong_to_an_organisation(model: type) -> None:
    """But for what is left to derive, which is the installation's."""
    assert model in OF_THE_INSTALLATION or issubclass(model, Owned)


@pytest.mark.django_db
@pytest.mark.parametrize("app", ["readings", "service"])
def test_the_migrations_are_whole(app: str) -> None:
    """Models and migrations say the same."""
    out = io.StringIO()
    call_command("makemigrations", app, "--check", "--dry-run", stdout=out)
    assert "No changes detected" in out.getvalue()
