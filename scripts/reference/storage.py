# SPDX-License-Identifier: Apache-2.0
"""Reference page of the Delta tables."""

from __future__ import annotations

from avlest.readings.tables.schemas import BUCKET_SIZE, TABLES, Rule, TableSpec
from scripts.reference.markdown import make_code, make_page, make_table

RULES = {
    Rule.EVERY: "Every row counts.",
    Rule.QUALITY: "Of several rows with one id and time, the one with the highest quality counts, then the latest "
    "`known_at`.",
    Rule.NEWEST: "Of several rows with one id and time, the one with the latest `known_at` counts.",
}


def describe_table(spec: TableSpec) -> str:
    """The section of one table: what tells rows apart, how it is divided, its columns."""
    divided = ", ".join(make_code(name) for name in spec.partitions)
    lines = [
        f"## {spec.name}",
        f"Identified by `{spec.id_column}` and `{spec.time_column}`. {RULES[spec.rule]} Divided by {divided}.",
        make_table(
            ("column", "type", "may be missing"),
            (
                (make_code(name), make_code(kind), "" if name in spec.required else "yes")
                for name, kind in spec.columns.items()
            ),
        ),
    ]
    return "\n\n".join(lines)


def build_tables() -> str:
    """Page of the tables that grow with time."""
    intro = (
        "Four Delta tables hold what grows with time. Instants are UTC, values are whole thousandths of the "
        f"canonical unit: a litre is 1000. `bucket` is the id divided by {BUCKET_SIZE:,}, without remainder."
    )
    return make_page("Tables of readings and series", intro, *map(describe_table, TABLES.values()))
