"""Claims' events about the fund that pays chronic drugs."""

from __future__ import annotations

from uuid import UUID

from services.contracts.dispensings import repository
from services.contracts.dispensings.domain import used_by
from services.contracts.people import repository as people
from shared.db.session import WriteSession
from shared.events.base import Envelope
from shared.events.catalog import DrugPaymentDecided, SettlementMade, SettlementReversed
from shared.runtime.context import ServiceContext


async def on_drug_payment_decided(
    event: Envelope[DrugPaymentDecided], session: WriteSession, context: ServiceContext
) -> None:
    """What the fund pays of a dispensing is settled; it may be less than the window was told."""
    del context
    told = event.data
    await people.lock(session, told.person_id)
    await repository.settle(session, UUID(told.dispensing_id), fund_fen=int(told.fund_pays))


async def on_settlement_made(
    event: Envelope[SettlementMade], session: WriteSession, context: ServiceContext
) -> None:
    """A chronic outpatient's visit used part of the year's cap: the next answer knows it."""
    told = event.data
    used = used_by(told.visit_type, [(each.payer, int(each.amount)) for each in told.payers])
    if told.person_id is None or not used:
        return
    await repository.keep_settlement(
        session,
        {
            "settlement_id": told.settlement_id,
            "region": context.region.region_code,
            "person_id": told.person_id,
            "year": told.discharged_on.year,
            "fund_fen": used,
        },
    )


async def on_settlement_reversed(
    event: Envelope[SettlementReversed], session: WriteSession, context: ServiceContext
) -> None:
    """What the visit had used is free again."""
    told = event.data
    if not any(each.payer == "special_fund" for each in told.payers):
        return
    await repository.keep_reversal(
        session, told.reverses, region=context.region.region_code, year=event.time.year
    )
