"""What claims tells about the fund that pays chronic drugs."""

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


async def note_use(told: SettlementMade, session: WriteSession, context: ServiceContext) -> None:
    """A chronic outpatient's visit used part of the year's cap: the next answer knows it."""
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


async def note_release(
    told: SettlementReversed, session: WriteSession, context: ServiceContext, *, year: int
) -> None:
    """What the visit had used is free again.

    Args:
        told: the reversal.
        session: to keep it with.
        context: of the service.
        year: in which it was made; counts only until the settlement itself is known.
    """
    if not any(each.payer == "special_fund" for each in told.payers):
        return
    await repository.keep_reversal(
        session, told.reverses, region=context.region.region_code, year=year
    )
