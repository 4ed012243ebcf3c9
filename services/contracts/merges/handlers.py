"""Events in: two registered persons are one, or two again."""

from __future__ import annotations

from services.contracts.contracts.leaving import follow_registry as contracts_follow
from services.contracts.follow_up import tasks
from services.contracts.follow_up.leaving import follow_registry as tasks_follow
from services.contracts.merges.repository import MERGES
from services.contracts.plans.service import follow_person
from shared.db.session import WriteSession
from shared.events.base import Envelope
from shared.events.catalog import PersonMerged, PersonUnmerged
from shared.runtime.context import ServiceContext


async def on_person_merged(
    event: Envelope[PersonMerged], session: WriteSession, context: ServiceContext
) -> None:
    """One person: his contract answers for both ids' discharges, and his home is where they lead."""
    await _follow(event, session, context)


async def on_person_unmerged(
    event: Envelope[PersonUnmerged], session: WriteSession, context: ServiceContext
) -> None:
    """Two persons after all: each has the tasks that are his own."""
    await _follow(event, session, context)


async def _follow(
    event: Envelope[PersonMerged] | Envelope[PersonUnmerged],
    session: WriteSession,
    context: ServiceContext,
) -> None:
    change = await MERGES.follow(session, event.data, region=context.region.region_code)
    for person_id in sorted(change.persons):
        kept = await MERGES.kept_of(session, person_id)
        await contracts_follow(session, context, kept, at=event.time)
        # First what is back with him, for whose it is has to be judged of all that is open.
        await tasks_follow(session, context, kept, at=event.time)
        await tasks.reconcile(session, context, person_id, at=event.time)
        await tasks_follow(session, context, kept, at=event.time)
    for kept in sorted({await MERGES.kept_of(session, each) for each in change.persons}):
        await follow_person(session, context, kept, at=event.time)
