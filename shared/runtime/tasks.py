"""Work beside other work: begun with a block, ended with it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import structlog

from shared.observability.logging import describe_exception

log = structlog.get_logger(__name__)


@asynccontextmanager
async def alongside(*works: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run them while the block runs; when it ends they are cancelled and waited for.

    Whoever is cancelled while he waits for them stays cancelled: a cancelled task that is awaited
    under ``suppress(CancelledError)`` takes his cancellation for its own end. What one of them
    raised is told on the log; it is no fault of the block's.
    """
    tasks = [asyncio.create_task(work) for work in works]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        for task in tasks:
            if not task.cancelled() and (fault := task.exception()) is not None:
                log.warning("work_alongside_failed", error=describe_exception(fault))
