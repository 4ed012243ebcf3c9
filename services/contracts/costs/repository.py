"""All SQL about what visits cost."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import exists, select
from sqlalchemy.dialects.postgresql import insert

from services.contracts.models import ReversedSettlement, VisitCost
from shared.db.session import ReadSession, WriteSession
from shared.events.catalog import SettlementMade


async def keep(session: WriteSession, told: SettlementMade, *, person_id: str, region: str) -> None:
    """Keep a person's settled visit, once."""
    payers: dict[str, int] = {}
    for each in told.payers:
        payers[each.payer] = payers.get(each.payer, 0) + int(each.amount)
    await session.execute(
        insert(VisitCost)
        .values(
            settlement_id=told.settlement_id,
            region=region,
            person_id=person_id,
            discharged_on=told.discharged_on,
            total_fen=int(told.total),
            in_scope_fen=int(told.in_scope),
            patient_fen=int(told.patient_pays),
            payers={payer: amount for payer, amount in payers.items() if amount},
        )
        .on_conflict_do_nothing()
    )


async def keep_reversal(session: WriteSession, settlement_id: str, *, region: str) -> None:
    """Keep that a settlement counts no more, whether it is known yet or not."""
    await session.execute(
        insert(ReversedSettlement)
        .values(settlement_id=settlement_id, region=region)
        .on_conflict_do_nothing()
    )


async def of_person(session: ReadSession, members: Sequence[str]) -> Sequence[VisitCost]:
    """The settled visits that count, under any of a person's ids, the newest first."""
    found = await session.scalars(
        select(VisitCost)
        .where(
            VisitCost.person_id.in_(members),
            ~exists().where(ReversedSettlement.settlement_id == VisitCost.settlement_id),
        )
        .order_by(VisitCost.discharged_on.desc(), VisitCost.settlement_id)
    )
    return found.all()
