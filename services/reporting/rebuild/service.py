"""Making every projection again from the event stores, in one transaction.

1. Fetch the feeds of every producer and fold each page into tables that nobody else sees; handlers
   go on meanwhile. Again, for what came in that time, until little is left.
2. Hold the handlers, and take in the rest. An event that is handled but that its feed does not show
   yet (the relay numbers after it has sent) would be lost: in that case let the handlers go on for a
   moment, and try again.
3. Make the projections' rows those of the new tables, mark every event in the inbox, announce, commit.

Until the commit everyone sees the old rows; a failure leaves them as they were.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import structlog
from pydantic import ValidationError
from sqlalchemy.exc import SQLAlchemyError

from services.reporting.figures import keeping, month_sums
from services.reporting.projections.announce import announce_rebuild
from services.reporting.projections.handlers import PROJECTIONS_BY_TYPE, project
from services.reporting.rebuild import repository
from services.reporting.rebuild.feeds import pages
from services.reporting.settings import settings_of
from shared.db.session import WriteSession
from shared.events.base import Envelope
from shared.events.catalog import BY_TYPE
from shared.http.problem import Conflict, ServiceUnavailable
from shared.ids import new_id
from shared.runtime import windows
from shared.runtime.context import ServiceContext
from shared.security import audit

log = structlog.get_logger(__name__)

_LET_GO_ON_S = 0.2
_WINDOWS_FIRST_S = 0.1
"""So long a page waits at most for who asks at a window of the same process."""
_ROUNDS = 10
"""So often what came meanwhile is taken in before the handlers are held at last."""
_TELL_EVERY = 50_000


class RebuildMustWait(ServiceUnavailable):
    code = "rebuild_must_wait"
    title = "Some handled events are not in their service's feed yet; nothing was changed"
    title_zh = "部分已处理的事件尚未出现在来源服务的事件接口中，数据未作任何更改"


class EventCannotBeApplied(Conflict):
    code = "event_cannot_be_applied"
    title = "An event could not be applied; nothing was changed"
    title_zh = "有事件无法处理，数据未作任何更改"


@dataclass(frozen=True)
class RebuildResult:
    """What a rebuild did."""

    rebuild_id: UUID
    events: int
    started_at: datetime
    finished_at: datetime
    deleted: int
    """Rows that were not what the events say; 0 when nothing had been amiss."""
    written: int
    """Rows that were missing or stand in the place of a deleted one."""
    positions: dict[str, int]
    """How far each service's event store was read."""


@dataclass
class Progress:
    """How far a rebuild is, told while it goes on."""

    phase: Literal["reading", "comparing"] = "reading"
    events: int = 0
    ending: bool = False
    """It is about to say what it did: from now on its row is its own."""


@dataclass
class _Reading:
    """How far the event stores were taken in."""

    positions: dict[str, int]
    progress: Progress
    events: int = 0
    set_aside: list[Envelope[Any]] = field(default_factory=list)
    """Dead letters: they have had no effect live, and get none here while they wait."""

    def copy(self) -> _Reading:
        return _Reading(dict(self.positions), self.progress, self.events, list(self.set_aside))


async def rebuild(context: ServiceContext, *, requested_by: str = "system:cli") -> RebuildResult:
    """Make every projection again, at once and in a transaction of its own.

    Raises:
        FeedUnreadable, RebuildMustWait, EventCannotBeApplied: nothing was changed.
    """
    async with context.db.writing() as session:
        return await rebuild_within(
            session,
            context,
            rebuild_id=new_id(),
            requested_by=requested_by,
            organisation=f"region:{context.region.region_code}",
            progress=Progress(),
        )


async def rebuild_within(
    session: WriteSession,
    context: ServiceContext,
    *,
    rebuild_id: UUID,
    requested_by: str,
    organisation: str,
    progress: Progress,
) -> RebuildResult:
    """Make every projection again in the caller's transaction, which must hold nothing else.

    Raises:
        FeedUnreadable, RebuildMustWait, EventCannotBeApplied: the caller must roll back.
    """
    started_at = context.clock.now()
    producers = sorted({each.event.producer for each in context.module.subscriptions})
    await repository.make_shadows(session)
    reading = await _to_the_end(session, context, _Reading(dict.fromkeys(producers, 0), progress))
    progress.phase = "comparing"
    await month_sums.follow_at_the_end(session)
    deleted, written = await repository.put_right(session)
    await repository.fill_inbox(session, context.name)
    await repository.end_shadows(session)
    await keeping.take_all_anew(session, context)
    await announce_rebuild(session)
    progress.ending = True
    result = RebuildResult(
        rebuild_id=rebuild_id,
        events=reading.events,
        started_at=started_at,
        finished_at=context.clock.now(),
        deleted=deleted,
        written=written,
        positions=reading.positions,
    )
    await repository.finish(
        session,
        {
            "rebuild_id": rebuild_id,
            "region": context.region.region_code,
            "status": "done",
            "requested_by": requested_by,
            "organisation": organisation,
            "requested_at": started_at,
            "started_at": started_at,
            "finished_at": result.finished_at,
            "attempts": 1,
            "phase": None,
            "events": result.events,
            "expected": result.events,
            "deleted": deleted,
            "written": written,
            "positions": result.positions,
        },
    )
    await audit.record(
        session,
        actor=requested_by,
        organisation=organisation,
        action="projections.rebuilt",
        subject=str(result.rebuild_id),
        at=result.finished_at,
        detail={
            "events": result.events,
            "deleted": deleted,
            "written": written,
            "positions": result.positions,
        },
    )
    return result


async def _to_the_end(
    session: WriteSession, context: ServiceContext, reading: _Reading
) -> _Reading:
    """Every event of every producer is folded, and the handlers wait, when this returns."""
    for _ in range(_ROUNDS):
        before = reading.events
        await _take_in(session, context, reading)
        if reading.events - before <= settings_of(context).rebuild_page:
            break
    give_up_at = time.monotonic() + settings_of(context).rebuild_wait_s
    while True:
        held = await session.begin_nested()
        await repository.hold_handlers(session)
        whole = reading.copy()
        await _take_in(session, context, whole)
        missing = await repository.handled_but_not_fetched(session, context.name)
        if missing == 0:
            await _resolved_since(session, context, whole)
            await held.commit()
            return whole
        await held.rollback()
        if time.monotonic() > give_up_at:
            raise RebuildMustWait(
                f"{missing} handled events are in no feed: see whether every relay works, "
                "and that no service's event store was emptied"
            )
        await asyncio.sleep(_LET_GO_ON_S)


async def _take_in(session: WriteSession, context: ServiceContext, reading: _Reading) -> None:
    """Fold what the feeds hold after the positions, page by page, and move them."""
    limit = settings_of(context).rebuild_page
    for producer, position in tuple(reading.positions.items()):
        async for items, following in pages(context, producer, position, limit):
            events = [_read(item) for item in items if item["type"] in PROJECTIONS_BY_TYPE]
            await repository.note(session, [UUID(item["id"]) for item in items])
            dead = await repository.dead_among(session, context.name, [e.id for e in events])
            reading.set_aside += [each for each in events if each.id in dead]
            await _fold(session, context, reading, [e for e in events if e.id not in dead])
            reading.positions[producer] = following
            await windows.let_go_first(_WINDOWS_FIRST_S)


async def _resolved_since(
    session: WriteSession, context: ServiceContext, reading: _Reading
) -> None:
    """Fold what was a dead letter when its page was read and is none any more."""
    waiting = [event.id for event in reading.set_aside]
    dead = await repository.dead_among(session, context.name, waiting)
    resolved = [event for event in reading.set_aside if event.id not in dead]
    await _fold(session, context, reading, resolved)


async def _fold(
    session: WriteSession,
    context: ServiceContext,
    reading: _Reading,
    events: Sequence[Envelope[Any]],
) -> None:
    """All together, or the one that is at fault is told."""
    try:
        async with session.begin_nested():
            await project(events, session, context)
    except (ValueError, SQLAlchemyError) as error:
        for event in events:
            await _fold_alone(session, context, event)
        raise EventCannotBeApplied(f"together, {len(events)} events cannot be applied") from error
    told = reading.events // _TELL_EVERY
    reading.events += len(events)
    reading.progress.events = reading.events
    if reading.events // _TELL_EVERY > told:
        log.info("rebuild_goes_on", events=reading.events)


async def _fold_alone(session: WriteSession, context: ServiceContext, event: Envelope[Any]) -> None:
    try:
        async with session.begin_nested():
            await project((event,), session, context)
    except (ValueError, SQLAlchemyError) as error:
        raise _cannot(str(event.id), event.type, error) from error


def _read(item: dict[str, Any]) -> Envelope[Any]:
    try:
        return Envelope(
            id=UUID(item["id"]),
            type=item["type"],
            source=item["source"],
            time=datetime.fromisoformat(item["time"]),
            subject=item["subject"],
            key=item["key"],
            sequence=item["sequence"],
            data=BY_TYPE[item["type"]].model_validate(item["data"]),
        )
    except (ValidationError, ValueError) as error:
        raise _cannot(item["id"], item["type"], error) from error


def _cannot(event_id: str, event_type: str, error: Exception) -> EventCannotBeApplied:
    return EventCannotBeApplied(f"event {event_id} ({event_type}): {type(error).__name__}")
