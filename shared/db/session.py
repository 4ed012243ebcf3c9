"""Database sessions: one request or one message is one transaction, committed at the edge.

Endpoints ask for :data:`Reads` or :data:`Writes`. The commit happens when the dependency exits,
and ``scope="function"`` makes that *before* the response is sent: a failed commit is a 500, not a
200 for something that never happened.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

from shared.db.direct import DirectConnections
from shared.http.idempotency import claim_key
from shared.runtime import crashpoints


class ReadSession(AsyncSession):
    """A session that only reads; its transaction is READ ONLY in the database."""


class WriteSession(ReadSession):
    """A session whose transaction the edge commits. A service never commits it."""


class Database:
    """One service's database: its engine and the two kinds of sessions."""

    def __init__(
        self, url: str, *, service: str, pool_size: int = 10, max_overflow: int = 10
    ) -> None:
        self.url = url
        self.service = service
        self.engine: AsyncEngine = create_async_engine(
            url,
            pool_size=pool_size,
            max_overflow=max_overflow,
            pool_timeout=10,
            pool_pre_ping=False,
            # Values of a failing statement may be names or numbers: never in an error's text.
            hide_parameters=True,
            connect_args={
                "server_settings": {"application_name": f"yizhan-{service}"},
                "timeout": 10,
                "command_timeout": 60,
            },
        )
        self.direct = DirectConnections(self.engine.url, service=service, most=pool_size)
        """For measured hot paths only; see :mod:`shared.db.direct`."""
        self._read_engine = self.engine.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[ReadSession]:
        """A read-only transaction on one snapshot."""
        async with ReadSession(self._read_engine, expire_on_commit=False) as session:
            yield session

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[WriteSession]:
        """A transaction that commits on a clean exit and rolls back on an exception."""
        async with WriteSession(self.engine, expire_on_commit=False) as session, session.begin():
            yield session

    @asynccontextmanager
    async def alone(self, work: str) -> AsyncIterator[bool]:
        """Whether no other process does this work now; one that dies lets go of it."""
        lock = func.hashtext(work)
        async with self.engine.connect() as opened:
            connection = await opened.execution_options(isolation_level="AUTOCOMMIT")
            mine = await connection.scalar(select(func.pg_try_advisory_lock(lock)))
            try:
                yield bool(mine)
            finally:
                if mine:
                    await connection.execute(select(func.pg_advisory_unlock(lock)))

    async def close(self) -> None:
        await self.direct.close()
        await self.engine.dispose()


async def _read_session(request: Request) -> AsyncIterator[ReadSession]:
    db: Database = request.app.state.context.db
    async with db.reading() as session:
        yield session


async def _write_session(request: Request) -> AsyncIterator[WriteSession]:
    db: Database = request.app.state.context.db
    async with db.writing() as session:
        await claim_key(request, session, request.app.state.context.vault)
        request.state.write_session = session
        yield session
    crashpoints.reach("edge.after_commit")


Reads = Annotated[ReadSession, Depends(_read_session, scope="function")]
"""Endpoint parameter: a read-only session."""

Writes = Annotated[WriteSession, Depends(_write_session, scope="function")]
"""Endpoint parameter: a session committed after the endpoint returns, before the response."""
