# SPDX-License-Identifier: Apache-2.0
"""A new database made at once is the database that all migrations make."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.services import run_postgres

_PROGRAM = """
import django
django.setup()
from django.core.management import call_command
from avlest.project.new_database import make_tables
{action}
"""


_POSTGRES = """
SELECT 'column', table_name, column_name, data_type, is_nullable, is_identity, character_maximum_length::text,
       numeric_precision::text, numeric_scale::text, column_default
  FROM information_schema.columns WHERE table_schema = 'public'
UNION ALL
SELECT 'constraint', conrelid::regclass::text, contype::text, pg_get_constraintdef(oid), '', '', '', '', '', ''
  FROM pg_constraint WHERE connamespace = 'public'::regnamespace
UNION ALL
SELECT 'index', indrelid::regclass::text, pg_get_expr(indpred, indrelid), indisunique::text,
       (SELECT string_agg(pg_get_indexdef(indexrelid, n, true) || ' ' || opcname, ',' ORDER BY n)
          FROM generate_series(1, indnatts) n JOIN pg_opclass o ON o.oid = indclass[n - 1]), '', '', '', '', ''
  FROM pg_index WHERE indrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace)
UNION ALL
SELECT 'trigger', t.tgrelid::regclass::text, t.tgname::text, pg_get_triggerdef(t.oid), p.prosrc, '', '', '', '', ''
  FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid WHERE NOT t.tgisinternal
UNION ALL
SELECT 'applied', app, name, '', '', '', '', '', '', '' FROM django_migrations
UNION ALL
SELECT 'content type', app_label, model, '', '', '', '', '', '', '' FROM django_content_type
"""
_WHAT = {"applied", "column", "constraint", "content type", "index", "trigger"}


def _make(folder: Path, action: str) -> dict[str, Any]:
    from avlest.project.directory import make_data_dir

    make_data_dir(folder)
    _run(folder, action)
    return _describe(folder / "avlest.sqlite3")


def _run(folder: Path, action: str, **environment: str) -> None:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("AVLEST_")} | environment
    environ |= {"AVLEST_DATA": str(folder), "DJANGO_SETTINGS_MODULE": "avlest.project.settings"}
    command = [sys.executable, "-c", _PROGRAM.format(action=action)]
    subprocess.run(command, check=True, env=environ, capture_output=True, timeout=300)


def _make_postgres(folder: Path, address: str, name: str, action: str) -> list[tuple[Any, ...]]:
    import psycopg

    with psycopg.connect(address, autocommit=True) as link:
        link.execute(f"CREATE DATABASE {name}")
    place = address.rpartition("/")[0] + f"/{name}"
    _run(folder, action, AVLEST_DATABASE=place)
    with psycopg.connect(place) as link:
        return sorted(tuple(str(value) for value in row) for row in link.execute(_POSTGRES))


def _describe(database: Path) -> dict[str, Any]:
    """Columns, indexes, constraints and triggers of all tables, and the migrations that are noted."""
    link = sqlite3.connect(database)
    found: dict[str, Any] = {}
    for name, text in link.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'"):
        columns = sorted((row[1], row[2], row[3], row[5]) for row in link.execute(f"PRAGMA table_info({name})"))
        indexes = sorted(
            (unique, partial, tuple(part[2] for part in link.execute(f"PRAGMA index_info('{index}')")))
            for _, index, unique, _, partial in link.execute(f"PRAGMA index_list({name})")
        )
        found[name] = (columns, indexes, sorted(re.findall(r'CONSTRAINT "(\w+)"', text)))
    triggers = link.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' ORDER BY name").fetchall()
    applied = link.execute("SELECT app, name FROM django_migrations ORDER BY app, name").fetchall()
    rows = link.execute("SELECT app_label, model FROM django_content_type ORDER BY 1, 2").fetchall()
    link.close()
    return {**found, "triggers": triggers, "applied": applied, "rows": rows}


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_database_made_at_once_is_the_one_that_migrations_make(tmp_path: Path) -> None:
    """Tables, indexes, constraints, triggers and what is noted as applied agree; a second time nothing happens."""
    at_once = _make(tmp_path / "at-once", "make_tables()")
    step_by_step = _make(tmp_path / "steps", 'call_command("migrate", verbosity=0)')
    assert at_once.keys() == step_by_step.keys()
    for name, made in at_once.items():
        assert made == step_by_step[name], name
    assert at_once["triggers"]
    assert _make(tmp_path / "at-once", "make_tables()") == at_once


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.needs("postgres")
def test_so_it_is_on_postgresql(tmp_path: Path) -> None:
    """Columns, keys, checks, exclusions, indexes, triggers and what is noted as applied agree."""
    from avlest.project.directory import make_data_dir

    make_data_dir(tmp_path / "data")
    with run_postgres() as server:
        at_once = _make_postgres(tmp_path / "data", server.url, "at_once", "make_tables()")
        steps = _make_postgres(tmp_path / "data", server.url, "steps", 'call_command("migrate", verbosity=0)')
    assert {row[0] for row in at_once} == _WHAT
    # Django's own first migration of `auth` was written when the numbers of rows had 32 bits.
    numbers = {("column", "auth_group_permissions", "id"), ("index", "auth_group_permissions", "None")}
    assert {row[:3] for row in set(at_once) ^ set(steps)} <= numbers
    assert len(at_once) == len(steps)
