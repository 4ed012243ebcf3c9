"""Claims' settlements: what a visit cost, who paid, and what it used of the yearly cap of drugs."""

from __future__ import annotations

from services.contracts.costs import repository
from services.contracts.dispensings.handlers import note_release, note_use
from shared.db.session import WriteSession
from shared.events.base import Envelope
from shared.events.catalog import SettlementMade, SettlementReversed
from shared.runtime.context import ServiceContext


async def on_settlement_made(
    event: Envelope[SettlementMade], session: WriteSession, context: ServiceContext
) -> None:
    """A registered person's visit is settled."""
    told = event.data
    if told.person_id is not None:
        await repository.keep(
            session, told, person_id=told.person_id, region=context.region.region_code
        )
    await note_use(told, session, context)


async def on_settlement_reversed(
    event: Envelope[SettlementReversed], session: WriteSession, context: ServiceContext
) -> None:
    """A settlement counts no more; one that takes its place is told by itself."""
    told = event.data
    await repository.keep_reversal(session, told.reverses, region=context.region.region_code)
    await note_release(told, session, context, year=event.time.year)
