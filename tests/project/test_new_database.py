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

_PROGRAM = """
import django
django.setup()
from django.core.management import call_command
from avlest.project.new_database import make_tables
{action}
"""


def _make(folder: Path, action: str) -> dict[str, Any]:
    from avlest.project.directory import make_data_dir

    make_data_dir(folder)
    environ = {name: value for name, value in os.environ.items() if not name.startswith("AVLEST_")}
    environ |= {"AVLEST_DATA": str(folder), "DJANGO_SETTINGS_MODULE": "avlest.project.settings"}
    command = [sys.executable, "-c", _PROGRAM.format(action=action)]
    subprocess.run(command, check=True, env=environ, capture_output=True, timeout=300)
    return _describe(folder / "avlest.sqlite3")


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
