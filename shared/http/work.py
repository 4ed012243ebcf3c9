"""A request's one transaction, on a session or on the driver, whichever its use case asks for.

Endpoints of measured hot paths ask for :data:`Working` where others ask for ``Writes``. The
guarantees are the same: one transaction, committed before the response; the idempotency key's
answer is stored in it. On the driver the key is written *with* the answer, in the last statement;
a request that finds it there takes back its own work and gives the stored answer.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Annotated

import asyncpg
from fastapi import Depends, Request
from starlette.responses import Response

from shared.db.direct import DirectTransaction
from shared.db.session import WriteSession
from shared.http.idempotency import (
    WAIT_FOR_TWIN_S,
    AskedKey,
    answer_of_first,
    asked_key,
    claim_key,
    in_use,
    is_success,
    kept_answer,
    keys_table,
)
from shared.runtime import crashpoints

if TYPE_CHECKING:
    from shared.runtime.context import ServiceContext

_WAIT = f"SET LOCAL lock_timeout = '{WAIT_FOR_TWIN_S}s'"


class Work:
    """The transaction of a running request; opened when it is asked for."""

    def __init__(self, request: Request, context: ServiceContext, stack: AsyncExitStack) -> None:
        self._request = request
        self._context = context
        self._stack = stack
        self._asked: AskedKey | None = None
        self._direct: DirectTransaction | None = None
        self._on_session = False

    async def session(self) -> WriteSession:
        """A session as ``Writes`` gives it; what was begun on the driver is taken back first."""
        if self._direct is not None:
            direct, self._direct = self._direct, None
            await direct.roll_back()
        self._on_session = True
        session = await self._stack.enter_async_context(self._context.db.writing())
        await claim_key(self._request, session, self._context)
        self._request.state.write_session = session
        return session

    async def direct(self, *, first: str = "") -> DirectTransaction:
        """A transaction on the driver; ``first`` as in ``DirectConnections.transaction``."""
        self._asked = await asked_key(self._request)
        transaction = self._context.db.direct.transaction(first=f"{_WAIT}; {first}")
        self._direct = await self._stack.enter_async_context(transaction)
        return self._direct

    async def keep(self, response: Response) -> None:
        """Write what the driver's transaction gathered, and the answer under its key.

        Raises:
            Replay, IdempotencyKeyReused, IdempotencyKeyInUse: as ``claim_key``; the work is undone.
        """
        direct, asked = self._direct, self._asked
        if direct is None:
            return
        if asked is None or not is_success(response):
            await direct.send()
            return
        answered = {
            "client_id": asked.client_id,
            "key": asked.key,
            "request_hash": asked.request_hash,
            **kept_answer(response, self._context),
        }
        try:
            mine = await direct.send(unless_there=(keys_table, answered))
        except asyncpg.LockNotAvailableError:
            await direct.roll_back()
            raise in_use() from None
        if not mine:
            await direct.roll_back()
            async with self._context.db.reading() as session:
                raise await answer_of_first(session, self._context, asked) or in_use(
                    retry_after_s=1
                )

    async def stored(self) -> Exception | None:
        """What is to be raised instead of a refusal, when the key was answered before."""
        asked = None if self._on_session else await asked_key(self._request)
        if asked is None:
            return None
        if self._direct is not None:
            await self._direct.roll_back()
        async with self._context.db.reading() as session:
            return await answer_of_first(session, self._context, asked)


async def _work(request: Request) -> AsyncIterator[Work]:
    context: ServiceContext = request.app.state.context
    async with AsyncExitStack() as stack:
        work = Work(request, context, stack)
        request.state.work = work
        yield work
    crashpoints.reach("edge.after_commit")


Working = Annotated[Work, Depends(_work, scope="function")]
"""Endpoint parameter: the request's transaction, committed before the response."""
