"""A request's one transaction, on a session or on the driver, whichever its use case asks for.

Endpoints of measured hot paths ask for :data:`Working` where others ask for ``Writes``. The
guarantees are the same: one transaction, committed before the response; the idempotency key's
answer is stored in it. On the driver the key is written *with* the answer, in the last statement;
a request that finds it there takes back its own work and gives the stored answer. Where all that is
to be read is a condition, that last statement may be the only one, and its own transaction: if the
condition does not hold, the use case is asked again, and then has to take another way.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Annotated, Any

import asyncpg
from fastapi import Depends, Request
from starlette.responses import Response

from shared.db.direct import AtOnce, DirectTransaction
from shared.db.session import WriteSession
from shared.http.idempotency import (
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


class Work:
    """The transaction of a running request; opened when it is asked for."""

    def __init__(
        self,
        request: Request,
        context: ServiceContext,
        stack: AsyncExitStack,
        *,
        may_be_overtaken: bool = False,
    ) -> None:
        """Begin nothing yet.

        Args:
            may_be_overtaken: whoever carries the request out asks the use case again if so.
        """
        self.may_be_overtaken = may_be_overtaken
        self._request = request
        self._context = context
        self._stack = stack
        self._asked: AskedKey | None = None
        self._direct: DirectTransaction | None = None
        self._at_once: AtOnce | None = None
        self._on_session = False

    async def session(self) -> WriteSession:
        """A session as ``Writes`` gives it; what was begun on the driver is taken back first."""
        if self._direct is not None:
            direct, self._direct = self._direct, None
            await direct.roll_back()
        self._on_session = True
        session = await self._stack.enter_async_context(self._context.db.writing())
        await claim_key(self._request, session, self._context.vault)
        self._request.state.write_session = session
        return session

    async def direct(self) -> DirectTransaction:
        """A transaction on the driver."""
        self._asked = await asked_key(self._request)
        self._direct = await self._stack.enter_async_context(self._context.db.direct.transaction())
        return self._direct

    async def at_once(self, condition: str, *values: Any) -> AtOnce:
        """Rows that one statement writes with the answer, if the condition holds.

        Only where :attr:`may_be_overtaken`.
        """
        if not self.may_be_overtaken:
            raise RuntimeError("nobody would ask the use case again")
        self._asked = await asked_key(self._request)
        self._at_once = self._context.db.direct.at_once(condition, *values)
        return self._at_once

    async def keep(self, response: Response) -> None:
        """Write what the driver's transaction gathered, and the answer under its key.

        Raises:
            Replay, IdempotencyKeyReused, IdempotencyKeyInUse: as ``claim_key``; the work is undone.
            Overtaken: nothing was written; the use case has to be asked again.
        """
        rows, direct, asked = self._at_once, self._direct, self._asked
        if rows is None and direct is None:
            return
        answered = None
        if asked is not None and is_success(response):
            answered = (
                keys_table,
                {
                    "client_id": asked.client_id,
                    "key": asked.key,
                    "request_hash": asked.request_hash,
                    **kept_answer(response, self._context.vault),
                },
            )
        try:
            if rows is not None:
                mine = await rows.commit(unless_there=answered)
            elif direct is not None:
                mine = await direct.send(unless_there=answered)
        except asyncpg.LockNotAvailableError as error:
            if direct is not None:
                await direct.roll_back()
            if answered is None or _of_a_function(error):
                raise
            raise in_use() from None
        if asked is not None and not mine:
            if direct is not None:
                await direct.roll_back()
            async with self._context.db.reading() as session:
                raise await answer_of_first(session, self._context.vault, asked) or in_use(
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
            return await answer_of_first(session, self._context.vault, asked)


def _of_a_function(error: asyncpg.PostgresError) -> bool:
    """Whether a lock was waited for within a condition's function, not for the key."""
    return "PL/pgSQL function" in (error.context or "")


async def _work(request: Request) -> AsyncIterator[Work]:
    context: ServiceContext = request.app.state.context
    async with AsyncExitStack() as stack:
        work = Work(request, context, stack)
        request.state.work = work
        yield work
    crashpoints.reach("edge.after_commit")


Working = Annotated[Work, Depends(_work, scope="function")]
"""Endpoint parameter: the request's transaction, committed before the response."""
