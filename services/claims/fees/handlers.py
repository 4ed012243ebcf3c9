"""Contracts' event that a team is owed for its work."""

from __future__ import annotations

from services.claims.fees import repository
from services.claims.fees.domain import ServiceFee, fee_entry, fee_id
from services.claims.ledger import service as ledger
from shared.db.session import WriteSession
from shared.events.base import Envelope
from shared.events.catalog import FeeDue
from shared.runtime.context import ServiceContext


async def on_fee_due(
    event: Envelope[FeeDue], session: WriteSession, context: ServiceContext
) -> None:
    """Book what the special fund owes the team; the next clearing run collects it.

    A statement is booked once, however often it is told.
    """
    told = event.data
    for share in told.shares:
        fee = ServiceFee(
            id=fee_id(told.statement_id, share.use),
            region=context.region.region_code,
            statement_id=told.statement_id,
            facility_code=told.team,
            use=share.use,
            period=told.period,
            count=share.count,
            amount_fen=int(share.amount),
            booked_on=told.issued_on,
        )
        if await repository.add(session, fee):
            await ledger.post(session, context, fee_entry(fee))
