"""Claims' discharge event."""

from __future__ import annotations

from services.contracts.follow_up import tasks
from services.contracts.follow_up.domain import opens_task
from services.contracts.follow_up.leaving import follow_registry
from services.contracts.people import repository as people
from shared.db.session import WriteSession
from shared.events.base import Envelope
from shared.events.catalog import EncounterCancelled, EncounterDischarged
from shared.runtime.context import ServiceContext


async def on_encounter_discharged(
    event: Envelope[EncounterDischarged], session: WriteSession, context: ServiceContext
) -> None:
    """A patient went home; only a registered inpatient concerns a team."""
    told = event.data
    if told.person_id is None or not opens_task(told.visit_type, told.person_id):
        return
    kept = await people.lock(session, told.person_id)
    await tasks.discharge_told(
        session, context, told, told.person_id, kept=kept, sequence=event.sequence, at=event.time
    )
    await follow_registry(session, context, kept, at=event.time)


async def on_encounter_cancelled(
    event: Envelope[EncounterCancelled], session: WriteSession, context: ServiceContext
) -> None:
    """A stay did not take place, whether its discharge is known yet or not."""
    told = event.data
    if told.person_id is None or not opens_task(told.visit_type, told.person_id):
        return
    await people.lock(session, told.person_id)
    await tasks.stay_cancelled(session, context, told, at=event.time)
