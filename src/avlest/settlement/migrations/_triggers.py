# SPDX-License-Identifier: Apache-2.0
"""What the database itself refuses: changing or removing what was sent.

A row is removed only after its time of keeping, by a service that opens the table `settlement_removal` inside its own
transaction; nothing else writes there.
"""

from __future__ import annotations

from typing import Any

TABLES = (
    "settlement_invoice",
    "settlement_invoiceline",
    "settlement_paymentfile",
    "settlement_archiveddocument",
)
_SENTENCE = "what was sent is never changed: correct it by a credit note"

_SQLITE = """
CREATE TRIGGER {table}_fixed BEFORE UPDATE ON {table} BEGIN SELECT RAISE(ABORT, '{sentence}'); END;
CREATE TRIGGER {table}_kept BEFORE DELETE ON {table} WHEN NOT EXISTS (SELECT 1 FROM settlement_removal)
BEGIN SELECT RAISE(ABORT, '{sentence}'); END;
"""
_POSTGRES_FUNCTION = """
CREATE FUNCTION settlement_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND EXISTS (SELECT 1 FROM settlement_removal) THEN RETURN OLD; END IF;
    RAISE EXCEPTION '{sentence}';
END $$;
"""
_POSTGRES = """
CREATE TRIGGER {table}_fixed BEFORE UPDATE OR DELETE ON {table}
FOR EACH ROW EXECUTE FUNCTION settlement_refuse();
"""


def make_immutable(_apps: Any, editor: Any) -> None:
    """Add the triggers."""
    postgres = editor.connection.vendor == "postgresql"
    statements = [_POSTGRES_FUNCTION.format(sentence=_SENTENCE)] if postgres else []
    statements += [(_POSTGRES if postgres else _SQLITE).format(table=t, sentence=_SENTENCE) for t in TABLES]
    with editor.connection.cursor() as cursor:
        for statement in statements:
            for one in [statement] if postgres else statement.strip().split("\nCREATE"):
                cursor.execute(one if one.lstrip().startswith("CREATE") else f"CREATE{one}")


def drop_immutable(_apps: Any, editor: Any) -> None:
    """Take the triggers away."""
    postgres = editor.connection.vendor == "postgresql"
    with editor.connection.cursor() as cursor:
        for table in TABLES:
            names = ("fixed",) if postgres else ("fixed", "kept")
            for name in names:
                cursor.execute(f"DROP TRIGGER {table}_{name}" + (f" ON {table}" if postgres else ""))
        if postgres:
            cursor.execute("DROP FUNCTION settlement_refuse()")
