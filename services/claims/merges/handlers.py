"""Events in: two registered persons are one, or two again."""

from __future__ import annotations

from datetime import datetime

from services.claims.merges import repository, service
from shared.db.session import WriteSession
from shared.events.base import Envelope
from shared.events.catalog import PersonMerged, PersonUnmerged
from shared.runtime.context import ServiceContext


async def on_person_merged(
    event: Envelope[PersonMerged], session: WriteSession, context: ServiceContext
) -> None:
    """One person: the year's caps and deductibles hold over both ids' visits together."""
    said = event.data
    await _follow(said, session, context, merged_at=said.recorded_at)


async def on_person_unmerged(
    event: Envelope[PersonUnmerged], session: WriteSession, context: ServiceContext
) -> None:
    """Two persons after all: each has the year that is his own."""
    said = event.data
    await _follow(said, session, context, undone_at=said.recorded_at)


async def _follow(
    said: PersonMerged | PersonUnmerged,
    session: WriteSession,
    context: ServiceContext,
    *,
    merged_at: datetime | None = None,
    undone_at: datetime | None = None,
) -> None:
    await repository.hold_merges(session)
    told = await repository.keep(
        session,
        merge_id=said.merge_id,
        region=context.region.region_code,
        kept=said.kept_person_id,
        absorbed=said.absorbed_person_id,
        merged_at=merged_at,
        undone_at=undone_at,
    )
    await service.follow(session, told)
