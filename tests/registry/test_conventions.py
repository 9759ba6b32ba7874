# SPDX-License-Identifier: Apache-2.0
"""Rules of this room that no linter knows."""

from __future__ import annotations

import ast
import io
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import call_command

import avlest.registry
from avlest.registry.models import AuditEntry, Membership, Organisation, Owned, User, Version

ROOM = Path(avlest.registry.__file__).parent
SOURCES = sorted(p for p in ROOM.rglob("*.py") if "migrations" not in p.parts)
# Tables that are not an organisation's own: the organisations, people who log in, counters.
WITHOUT_ORGANISATION = {Organisation, User, Version, Membership}


def _calls(file: Path) -> list[str]:
    """Return every `x.y.z(` of a file as text."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return [ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)]


@pytest.mark.parametrize("file", SOURCES, ids=lambda p: str(p.relative_to(ROOM)))
def test_single_rows_are_fetched_through_the_access_functions(file):
    """No `objects.get(`: a row is fetched with its organisation and right checked."""
    raw = [call for call in _calls(file) if call.endswith(("objects.get", "_default_manager.get", "objects.all"))]
    assert raw == []


@pytest.mark.parametrize("file", SOURCES, ids=lambda p: str(p.relative_to(ROOM)))
def test_nobody_looks_at_the_clock(file):
    """The time is an argument; only the admin, an edge, asks for it."""
    clock = [call for call in _calls(file) if call.endswith((".now", ".today", ".utcnow"))]
    assert clock == ([] if "admin" not in file.parts else [c for c in clock if c == "timezone.now"])


@pytest.mark.parametrize("model", list(apps.get_app_config("registry").get_models()), ids=lambda m: m.__name__)
def test_every_row_belongs_to_an_organisation(model):
    """Every table has an organisation, and its rows can be asked for by it."""
    if model in WITHOUT_ORGANISATION:
        return
    assert issubclass(model, Owned)
    assert hasattr(model.objects.none(), "of")


def test_every_kind_of_row_is_in_the_admin(admin_site=None):
    """Everything but counters and memberships (shown with their user) has its page."""
    from django.contrib import admin

    admin.autodiscover()
    missing = set(apps.get_app_config("registry").get_models()) - set(admin.site._registry)
    assert missing == {Version, Membership}


@pytest.mark.django_db
def test_the_migrations_are_whole():
    """Models and migrations say the same."""
    out = io.StringIO()
    call_command("makemigrations", "registry", "--check", "--dry-run", stdout=out)
    assert "No changes detected" in out.getvalue()


@pytest.mark.django_db
def test_the_audit_log_holds_no_sealed_column(actor, now):
    """No audit row of any kind has a column that is sealed or a password."""
    from avlest.registry.services.keys import do_set_meter_key
    from tests.registry.builders import make_meter

    do_set_meter_key(actor, make_meter(actor), bytes(16), now=now)
    names = {name for entry in AuditEntry.objects.all() for name in {**(entry.before or {}), **(entry.after or {})}}
    assert not names & {"sealed", "password"}
