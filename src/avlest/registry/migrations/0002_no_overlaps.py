# SPDX-License-Identifier: Apache-2.0
"""PostgreSQL refuses overlapping periods by itself, where btree_gist may be installed.

Elsewhere (SQLite, or a server that does not offer the extension) the services guard alone.
"""

from __future__ import annotations

import logging

from django.db import Error, migrations, transaction
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

logger = logging.getLogger(__name__)

# (table, constraint, what may not coincide, which rows)
RULES = (
    ("registry_installation", "registry_installation_meter_free", "meter_id WITH =", ""),
    ("registry_installation", "registry_installation_point_free", "point_id WITH =, role WITH =", ""),
    ("registry_tenancy", "registry_tenancy_unit_free", "unit_id WITH =, role WITH =", "unit_id IS NOT NULL"),
    ("registry_tenancy", "registry_tenancy_property_free", "property_id WITH =, role WITH =", "property_id IS NOT NULL"),
)


def add_exclusions(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    connection = schema_editor.connection
    if connection.vendor != "postgresql":
        return
    try:
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            cursor.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
    except Error as error:
        logger.warning("btree_gist is not available, the services guard against overlaps alone: %s", error)
        return
    for table, name, equal, where in RULES:
        condition = f" WHERE ({where})" if where else ""
        # Deferrable, so that one statement may swap two periods.
        schema_editor.execute(
            f"ALTER TABLE {table} ADD CONSTRAINT {name} EXCLUDE USING gist "
            f"({equal}, tstzrange(starts_at, ends_at, '[)') WITH &&){condition} DEFERRABLE INITIALLY IMMEDIATE"
        )


def drop_exclusions(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        for table, name, _equal, _where in RULES:
            schema_editor.execute(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}")


class Migration(migrations.Migration):
    dependencies = [("registry", "0001_initial")]
    operations = [migrations.RunPython(add_exclusions, drop_exclusions)]
