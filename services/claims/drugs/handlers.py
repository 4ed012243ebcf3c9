"""Contracts' events of drugs handed out."""

from __future__ import annotations

from services.claims.drugs import service
from shared.db.session import WriteSession
from shared.events.base import Envelope
from shared.events.catalog import DispensingRecorded, DispensingWithdrawn
from shared.runtime.context import ServiceContext


async def on_dispensing_recorded(
    event: Envelope[DispensingRecorded], session: WriteSession, context: ServiceContext
) -> None:
    """The fund pays, from the same yearly limit as a chronic outpatient's settled visits."""
    await service.decide(session, context, event.data, at=event.time)


async def on_dispensing_withdrawn(
    event: Envelope[DispensingWithdrawn], session: WriteSession, context: ServiceContext
) -> None:
    """What was entered by mistake, or not taken: the year and the fund have it back."""
    await service.take_back(session, context, event.data, at=event.time)
