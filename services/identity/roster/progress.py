"""How far an import has come, readable while its own transaction is still running."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal
from uuid import UUID

import structlog
from sqlalchemy.exc import SQLAlchemyError

from services.identity.roster.repository import RosterRepository
from shared.runtime.context import ServiceContext

log = structlog.get_logger(__name__)

Stage = Literal[
    "reading", "judging", "comparing", "applying", "removing", "reopening", "done", "failed"
]
_EVERY_S = 0.5
_KEPT_FOR = timedelta(days=1)


@dataclass
class Progress:
    """Counted by whoever does the work, in whatever thread."""

    import_id: UUID
    organisation: str
    source: str
    stage: Stage = "reading"
    done: int = 0
    total: int = 0

    def enter(self, stage: Stage, total: int) -> None:
        """Begin a stage of ``total`` rows or persons."""
        self.stage, self.done, self.total = stage, 0, total


@asynccontextmanager
async def reported(context: ServiceContext, progress: Progress) -> AsyncIterator[Progress]:
    """Write the progress down twice a second while the block runs, and how it ended.

    It is written beside the import's transaction, which nobody else can see before it ends. A
    failure to write it is logged and harms nothing.
    """
    await _write(context, progress, first=True)
    writer = asyncio.create_task(_write_on(context, progress))
    try:
        yield progress
    except BaseException:
        progress.stage = "failed"
        raise
    else:
        progress.enter("done", progress.total)
        progress.done = progress.total
    finally:
        writer.cancel()
        await asyncio.gather(writer, return_exceptions=True)
        await _write(context, progress)


async def _write_on(context: ServiceContext, progress: Progress) -> None:
    while True:
        await asyncio.sleep(_EVERY_S)
        await _write(context, progress)


async def _write(context: ServiceContext, progress: Progress, *, first: bool = False) -> None:
    now = context.clock.now()
    try:
        async with context.db.writing() as session:
            repository = RosterRepository(session, context.region.region_code)
            if first:
                await repository.forget_progress(before=now - _KEPT_FOR)
            await repository.write_progress(
                progress.import_id,
                {
                    "organisation": progress.organisation,
                    "source": progress.source,
                    "stage": progress.stage,
                    "done": progress.done,
                    "total": progress.total,
                },
                at=now,
                afresh=first,
            )
    except (SQLAlchemyError, OSError) as error:
        log.warning("roster_progress_not_written", error=type(error).__name__)
