"""The mechanics' tables as migration steps: the first thing that each service's 0001 does.

A later change of a mechanics table is a migration of its own in every service; this function
then gains the table's earlier shape, because a migration must go on meaning what it meant.
"""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy.schema import CreateIndex, CreateTable

from shared.db.base import service_metadata
from shared.db.mechanics import AUDIT_GUARD

_NEXT_STATEMENT = re.compile(r";\s*\n(?=CREATE )")
"""A semicolon before the next CREATE ends a statement; the ones inside the function do not."""


def audit_guard_statements() -> list[str]:
    """:data:`shared.db.mechanics.AUDIT_GUARD`, one statement each (asyncpg prepares them)."""
    return [part.strip().rstrip(";") for part in _NEXT_STATEMENT.split(AUDIT_GUARD.strip())]


def create_mechanics(op: Any) -> None:
    """Create outbox, inbox, dead letters, idempotency keys and the guarded audit log.

    Called as ``create_mechanics(op)`` with ``from alembic import op``.
    """
    for table in service_metadata().sorted_tables:
        op.execute(CreateTable(table))
        for index in sorted(table.indexes, key=lambda each: str(each.name)):
            op.execute(CreateIndex(index))
    for statement in audit_guard_statements():
        op.execute(statement)


def drop_mechanics(op: Any) -> None:
    """Undo :func:`create_mechanics`; what the tables held is gone."""
    op.execute("DROP TRIGGER audit_log_guard_truncate ON audit_log")
    op.execute("DROP TRIGGER audit_log_guard ON audit_log")
    op.execute("DROP FUNCTION audit_log_guard()")
    for table in reversed(service_metadata().sorted_tables):
        op.drop_table(table.name)
