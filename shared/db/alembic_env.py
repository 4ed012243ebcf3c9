"""The Alembic environment that every service's ``migrations/env.py`` runs.

All migrations of one run are one transaction: the database is at the old head or at the new one.
An advisory lock lets two hosts that start together take turns; the second finds nothing to do.
"""

from __future__ import annotations

import asyncio

from alembic import context
from sqlalchemy import Connection, MetaData, pool, text
from sqlalchemy.ext.asyncio import create_async_engine

MIGRATION_LOCK = 0x59495A48414E01
"""Advisory lock key ("YIZHAN", 1) held while migrating; per database."""

WAIT_FOR_OTHER_MIGRATION_S = 300
WAIT_FOR_TABLE_LOCK_S = 10
"""A migration that cannot get its table gives up rather than queue every reader behind it."""


def run(metadata: MetaData) -> None:
    """Run the migrations that Alembic was asked for, against ``metadata``."""
    if context.is_offline_mode():
        context.configure(
            url=context.config.get_main_option("sqlalchemy.url"),
            target_metadata=metadata,
            literal_binds=True,
            dialect_opts={"paramstyle": "named"},
        )
        with context.begin_transaction():
            context.run_migrations()
        return
    asyncio.run(_run_online(metadata))


async def _run_online(metadata: MetaData) -> None:
    url = context.config.get_main_option("sqlalchemy.url")
    if not url:
        message = "the Alembic configuration has no sqlalchemy.url; use shared.db.migrate"
        raise ValueError(message)
    engine = create_async_engine(url, poolclass=pool.NullPool, hide_parameters=True)
    try:
        async with engine.begin() as connection:
            await connection.execute(
                text("SELECT set_config('lock_timeout', :wait, true)"),
                {"wait": f"{WAIT_FOR_OTHER_MIGRATION_S}s"},
            )
            await connection.execute(
                text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK}
            )
            await connection.execute(
                text("SELECT set_config('lock_timeout', :wait, true)"),
                {"wait": f"{WAIT_FOR_TABLE_LOCK_S}s"},
            )
            await connection.run_sync(_migrate, metadata)
    finally:
        await engine.dispose()


def _migrate(connection: Connection, metadata: MetaData) -> None:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        compare_type=True,
        compare_server_default=True,
        transactional_ddl=True,
    )
    with context.begin_transaction():
        context.run_migrations()
