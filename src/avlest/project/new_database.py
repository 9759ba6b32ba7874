# SPDX-License-Identifier: Apache-2.0
"""The tables of a new database in one go, instead of living through every migration there has been.

Going through them costs fifteen seconds of processor time, most of it to picture the models as they were after each
step.  Here the tables are made from the models as they are, what our migrations do beside tables (triggers, exclusions)
is done, and all are noted as applied.  `tests/project/test_new_database.py` compares the outcome with that of
`migrate`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations import RunPython
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

if TYPE_CHECKING:
    from django.db.migrations.state import StateApps

_OURS = "avlest."


def make_tables() -> None:
    """Make or bring up to date the tables of the configured database."""
    if not connection.introspection.table_names():
        _make_at_once()
    call_command("migrate", verbosity=0)


def _make_at_once() -> None:
    kept: Any = settings.MIGRATION_MODULES
    settings.MIGRATION_MODULES = {config.label: None for config in apps.get_app_configs()}
    try:
        call_command("migrate", run_syncdb=True, verbosity=0)
    finally:
        settings.MIGRATION_MODULES = kept
    finish_tables()


def finish_tables() -> None:
    """Do to tables made from the models what our migrations do beside tables, and note all migrations as applied."""
    loader = MigrationLoader(connection)
    with connection.schema_editor() as editor:
        for operation in _find_code(loader):
            operation.code(cast("StateApps", apps), editor)
    recorder = MigrationRecorder(connection)
    recorder.ensure_schema()
    recorder.migration_qs.bulk_create(
        recorder.Migration(app=app, name=name) for app, name in sorted(loader.disk_migrations)
    )


def _find_code(loader: MigrationLoader) -> Iterator[RunPython]:
    """What our own migrations run, in order; those of libraries mend rows, and there are none."""
    done: set[tuple[str, str]] = set()
    for leaf in sorted(loader.graph.leaf_nodes()):
        for node in loader.graph.forwards_plan(leaf):
            if node in done:
                continue
            done.add(node)
            migration = loader.graph.nodes[node]
            if type(migration).__module__.startswith(_OURS):
                yield from (operation for operation in migration.operations if isinstance(operation, RunPython))
