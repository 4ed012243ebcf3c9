"""Deciding what the special fund pays of a dispensing, and taking it back."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from services.claims.drugs import repository
from services.claims.drugs.domain import BENEFIT, USE, DrugPayment, fund_pays
from services.claims.fees import repository as fees
from services.claims.fees.domain import ServiceFee, fee_entry, fee_id
from services.claims.ledger import service as ledger
from services.claims.merges import repository as merges
from services.claims.settlement.bill import Standing
from services.claims.standings import repository as standings
from services.claims.standings.holding import Held, held_year
from shared.clock import business_date
from shared.db.session import WriteSession
from shared.events.catalog import DispensingRecorded, DispensingWithdrawn, DrugPaymentDecided
from shared.ids import new_id
from shared.messaging import outbox
from shared.money import Fen
from shared.runtime.context import ServiceContext


async def decide(
    session: WriteSession, context: ServiceContext, told: DispensingRecorded, *, at: datetime
) -> None:
    """Take the fund's part from the person's year, book it, and tell it; once per dispensing."""
    held = await _hold(session, context, told)
    amount = fund_pays(
        int(told.fund_pays),
        cap_fen=int(told.annual_cap),
        paid_fen=held.year.standing.chronic_drug_fund_paid,
        reserved_fen=held.reserved.chronic_drug_fund_paid,
    )
    payment = _payment(context, told, held, amount)
    if not await repository.add(session, payment):
        return
    if amount:
        await standings.write(session, held.year, held.year.standing.plus(_used(amount)))
        await _book(session, context, payment, at=at, withdrawal=False)
    await outbox.record(
        session,
        DrugPaymentDecided(
            dispensing_id=told.dispensing_id,
            person_id=told.person_id,
            fund_pays=Fen(amount),
            patient_pays=Fen(payment.patient_fen),
            as_told=amount == int(told.fund_pays),
        ),
        subject=told.dispensing_id,
        sequence=1,
        occurred_at=at,
    )


async def take_back(
    session: WriteSession, context: ServiceContext, told: DispensingWithdrawn, *, at: datetime
) -> None:
    """Give the year and the fund back what a dispensing that was withdrawn had taken.

    Told before the dispensing itself, it leaves a mark, and nothing is ever paid for it.
    """
    held = await _hold(session, context, told)
    mark = replace(_payment(context, told, held, 0), withdrawn=True)
    if await repository.add(session, mark):
        return
    stored = await repository.of_dispensing(session, told.dispensing_id)
    if stored is None or stored.withdrawn:
        return
    await repository.withdraw(session, told.dispensing_id)
    if not stored.fund_fen:
        return
    less = _used(stored.fund_fen)
    await standings.write(session, held.year, held.year.standing.minus(less))
    if held.year.person_id != stored.person_id:
        # A merge has taken it along: what would be given back is less by it.
        await merges.take_back(
            session,
            area=stored.area,
            person_id=stored.person_id,
            year=stored.year,
            amounts=less,
        )
    await _book(session, context, stored, at=at, withdrawal=True)


async def _hold(
    session: WriteSession,
    context: ServiceContext,
    told: DispensingRecorded | DispensingWithdrawn,
) -> Held:
    held = await held_year(session, context, told.person_id, told.dispensed_on.year)
    if held is None:
        raise AssertionError("a dispensing is somebody's")
    return held


def _payment(
    context: ServiceContext,
    told: DispensingRecorded | DispensingWithdrawn,
    held: Held,
    amount: int,
) -> DrugPayment:
    return DrugPayment(
        dispensing_id=told.dispensing_id,
        region=context.region.region_code,
        area=held.year.area,
        person_id=held.year.person_id,
        year=held.year.year,
        facility_code=told.facility_code,
        dispensed_on=told.dispensed_on,
        total_fen=int(told.total),
        insured_fen=int(told.insurance_paid),
        told_fen=int(told.fund_pays),
        fund_fen=amount,
        withdrawn=False,
        place=new_id(),
        cap_fen=int(told.annual_cap) if isinstance(told, DispensingRecorded) else 0,
    )


def _used(amount: int) -> Standing:
    return Standing(**{BENEFIT: amount})


async def _book(
    session: WriteSession,
    context: ServiceContext,
    payment: DrugPayment,
    *,
    at: datetime,
    withdrawal: bool,
) -> None:
    """The next clearing run collects it; a withdrawal takes it off the facility's next one."""
    statement_id = f"{payment.dispensing_id}:withdrawn" if withdrawal else payment.dispensing_id
    fee = ServiceFee(
        id=fee_id(statement_id, USE),
        region=payment.region,
        statement_id=statement_id,
        facility_code=payment.facility_code,
        use=USE,
        period=payment.dispensed_on.strftime("%Y-%m"),
        count=1,
        amount_fen=-payment.fund_fen if withdrawal else payment.fund_fen,
        booked_on=business_date(at),
    )
    if await fees.add(session, fee):
        await ledger.post(session, context, fee_entry(fee))
