"""Identity's person events."""

from __future__ import annotations

from services.contracts.contracts.leaving import follow_registry as contracts_follow
from services.contracts.follow_up import tasks
from services.contracts.follow_up.leaving import follow_registry as tasks_follow
from services.contracts.people import repository
from services.contracts.plans.service import follow_person
from shared.db.session import WriteSession
from shared.events.base import Envelope
from shared.events.catalog import PersonChanged, PersonEntered, PersonLeft
from shared.runtime.context import ServiceContext


async def on_person_entered(
    event: Envelope[PersonEntered], session: WriteSession, context: ServiceContext
) -> None:
    """A person came onto the registry: his home decides which team is his."""
    await _store(event, session, context)


async def on_person_changed(
    event: Envelope[PersonChanged], session: WriteSession, context: ServiceContext
) -> None:
    """A person moved, or his categories changed."""
    await _store(event, session, context)


async def on_person_left(
    event: Envelope[PersonLeft], session: WriteSession, context: ServiceContext
) -> None:
    """A person left the registry: his contract ends, and what is pointless now is withdrawn."""
    await _store(event, session, context)


async def _store(
    event: Envelope[PersonEntered] | Envelope[PersonChanged] | Envelope[PersonLeft],
    session: WriteSession,
    context: ServiceContext,
) -> None:
    kept = await repository.lock(session, event.data.person_id)
    await repository.store(
        session, event.data, region=context.region.region_code, sequence=event.sequence
    )
    await tasks.home_told(session, context, kept, at=event.time)
    if event.sequence > 1 or kept != event.data.person_id:
        await contracts_follow(session, context, kept, at=event.time)
        await tasks_follow(session, context, kept, at=event.time)
        await follow_person(session, context, kept, at=event.time)
