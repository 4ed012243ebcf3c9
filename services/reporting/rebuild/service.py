"""Making every projection again from the event stores, in one transaction.

1. Fetch the feeds of every producer into a table of the transaction; handlers go on meanwhile.
2. Hold the handlers, and fetch what came since. An event that is handled but that its feed does not
   show yet (the relay numbers after it has sent) would be lost by clearing: in that case let the
   handlers go on for a moment, and try again.
3. Clear, fold every event through the same projections, mark all in the inbox, announce, commit.

Until the commit everyone sees the old rows; a failure leaves them as they were.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy.exc import SQLAlchemyError

from services.reporting.projections.announce import announce_rebuild
from services.reporting.projections.handlers import PROJECTIONS_BY_TYPE, project
from services.reporting.rebuild import repository
from services.reporting.rebuild.feeds import pages
from services.reporting.rebuild.repository import StoredEvent
from services.reporting.settings import settings_of
from shared.db.session import WriteSession
from shared.events.base import Envelope
from shared.events.catalog import BY_TYPE
from shared.http.problem import Conflict, ServiceUnavailable
from shared.ids import new_id
from shared.runtime.context import ServiceContext
from shared.security import audit

_LET_GO_ON_S = 0.2


class RebuildMustWait(ServiceUnavailable):
    code = "rebuild_must_wait"
    title = "Some handled events are not in their service's feed yet; nothing was changed"
    title_zh = "部分已处理的事件尚未出现在来源服务的事件接口中,数据未作任何更改"


class EventCannotBeApplied(Conflict):
    code = "event_cannot_be_applied"
    title = "An event could not be applied; nothing was changed"
    title_zh = "有事件无法处理,数据未作任何更改"


@dataclass(frozen=True)
class RebuildProgress:
    """Where a rebuild stands."""

    phase: Literal["reading", "applying"]
    done: int
    total: int | None
    """Events in all; None while they are still being read."""


@dataclass(frozen=True)
class RebuildResult:
    """What a rebuild did."""

    rebuild_id: UUID
    events: int
    started_at: datetime
    finished_at: datetime
    positions: dict[str, int]
    """How far each service's event store was read."""


OnProgress = Callable[[RebuildProgress], None]


async def rebuild(
    context: ServiceContext,
    *,
    requested_by: str = "system:cli",
    progress: OnProgress | None = None,
) -> RebuildResult:
    """Make every projection again, in a transaction of its own.

    Raises:
        FeedUnreadable, RebuildMustWait, EventCannotBeApplied: nothing was changed.
    """
    async with context.db.writing() as session:
        return await rebuild_within(
            session,
            context,
            requested_by=requested_by,
            organisation=f"region:{context.region.region_code}",
            progress=progress,
        )


async def rebuild_within(
    session: WriteSession,
    context: ServiceContext,
    *,
    requested_by: str,
    organisation: str,
    progress: OnProgress | None = None,
) -> RebuildResult:
    """Make every projection again in the caller's transaction, which must hold nothing else.

    Raises:
        FeedUnreadable, RebuildMustWait, EventCannotBeApplied: the caller must roll back.
    """
    started_at = context.clock.now()
    report = progress or _silent
    positions = await _fetch_and_hold(session, context, report)
    types = list(PROJECTIONS_BY_TYPE)
    total = await repository.set_aside(session, context.name, types)
    await repository.clear(session)
    done = 0
    async for batch in repository.stored(session):
        for stored in batch:
            await _apply(stored, session, context)
        done += len(batch)
        report(RebuildProgress("applying", done, total))
    await repository.fill_inbox(session, context.name)
    await announce_rebuild(session)
    finished_at = context.clock.now()
    result = RebuildResult(new_id(), total, started_at, finished_at, positions)
    await repository.log_rebuild(
        session,
        {
            "rebuild_id": result.rebuild_id,
            "requested_by": requested_by,
            "started_at": started_at,
            "finished_at": finished_at,
            "events": total,
        },
    )
    await audit.record(
        session,
        actor=requested_by,
        organisation=organisation,
        action="projections.rebuilt",
        subject=str(result.rebuild_id),
        at=finished_at,
        detail={"events": total, "positions": positions},
    )
    return result


def _silent(_: RebuildProgress) -> None:
    """Nobody watches."""


async def _fetch_and_hold(
    session: WriteSession, context: ServiceContext, report: OnProgress
) -> dict[str, int]:
    """Every event of every producer is in the store, and the handlers wait, when this returns."""
    producers = sorted({each.event.producer for each in context.module.subscriptions})
    positions = dict.fromkeys(producers, 0)
    await repository.make_store(session)
    read = await _fetch(session, context, positions, 0, report)
    await repository.index_store(session)
    give_up_at = time.monotonic() + settings_of(context).rebuild_wait_s
    while True:
        held = await session.begin_nested()
        await repository.hold_handlers(session)
        now_at = dict(positions)
        await _fetch(session, context, now_at, read, report)
        missing = await repository.handled_but_not_fetched(session, context.name)
        if missing == 0:
            await held.commit()
            return now_at
        await held.rollback()
        if time.monotonic() > give_up_at:
            raise RebuildMustWait(
                f"{missing} handled events are in no feed: see whether every relay works, "
                "and that no service's event store was emptied"
            )
        await asyncio.sleep(_LET_GO_ON_S)


async def _fetch(
    session: WriteSession,
    context: ServiceContext,
    positions: dict[str, int],
    read: int,
    report: OnProgress,
) -> int:
    """Fetch what is after ``positions``, and move them; gives how many events were read in all."""
    limit = settings_of(context).rebuild_page
    for producer, position in tuple(positions.items()):
        async for events, following in pages(context, producer, position, limit):
            await repository.store(session, producer, events)
            positions[producer] = following
            read += len(events)
            report(RebuildProgress("reading", read, None))
    return read


async def _apply(stored: StoredEvent, session: WriteSession, context: ServiceContext) -> None:
    try:
        data = BY_TYPE[stored.type].model_validate(stored.data)
        event: Envelope[Any] = Envelope(
            id=stored.id,
            type=stored.type,
            source=stored.source,
            time=stored.time,
            subject=stored.subject,
            key=stored.key,
            sequence=stored.sequence,
            data=data,
        )
        await project(event, session, context)
    except (ValidationError, ValueError, SQLAlchemyError) as error:
        raise EventCannotBeApplied(
            f"event {stored.id} ({stored.type}, position {stored.position}): {type(error).__name__}"
        ) from error
