"""Use cases of the settlement: settle once, reverse exactly. ``previewing`` keeps nothing."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from services.claims.charges import repository as charges
from services.claims.encounters import recognising
from services.claims.encounters import repository as encounters
from services.claims.encounters import service as encounter_service
from services.claims.encounters.domain import Encounter, after
from services.claims.encounters.problems import EncounterCancelledAlready
from services.claims.facilities.service import facility_of
from services.claims.ledger import service as ledger
from services.claims.merges import repository as merges
from services.claims.packs.service import is_kept, keep_in_force, pack_in_force, parameters_on
from services.claims.reservations import repository as reservations
from services.claims.revisions.repository import burden_before
from services.claims.revisions.writing import write_voucher
from services.claims.settlement import repository
from services.claims.settlement.bill import Standing
from services.claims.settlement.calculating import calculate, categories_of, visit_of, year_of
from services.claims.settlement.domain import Settlement
from services.claims.settlement.problems import (
    EmptyBill,
    NotDischarged,
    NotReversible,
    ReversedAlready,
    SettlementNotFound,
)
from services.claims.settlement.repository import Amounts, Stored
from services.claims.settlement.telling import tell_made, tell_reversed
from services.claims.standings import repository as standings
from services.claims.standings.holding import held_year, hold_directly
from shared.clock import business_date
from shared.db.direct import DirectWork, within
from shared.db.session import ReadSession, WriteSession
from shared.http.work import Work
from shared.ids import new_id
from shared.policy.region import Facility
from shared.runtime.context import ServiceContext
from shared.security import audit
from shared.security.principal import Principal


async def settle(
    session: WriteSession, context: ServiceContext, caller: Principal, encounter_id: UUID
) -> tuple[Stored, bool]:
    """Fix every payer's share of the visit's bill, once, whoever asks twice.

    The encounter's row is held first, then the person against a merge, then his year, accounts
    last; every use case keeps that order. A visit of a person who was merged into another is
    settled for the kept one, and against his year. What his other open visits have reserved is not
    there for this one; its own reservation is consumed.

    Returns:
        The settlement, and whether this call made it.

    Raises:
        EncounterNotFound, NotDischarged, EmptyBill, CalculationRefused, AssumptionUnconfirmed.
    """
    encounter = await encounter_service.locked_for(session, caller, encounter_id)
    if encounter.settlement_id is not None:
        return await _stored(session, encounter.settlement_id), False
    return await settle_locked(session, context, caller, encounter), True


async def settle_at_window(
    work: Work, context: ServiceContext, caller: Principal, encounter_id: UUID
) -> tuple[Stored, bool]:
    """As :func:`settle`, on the driver for a visit that is settled for the first time.

    Two statements read what the bill is calculated from, one writes everything: five round trips
    with the transaction's own instead of sixteen.

    Raises:
        As :func:`settle`.
    """
    direct = await work.direct()
    encounter = await encounter_service.locked_directly(direct, caller, encounter_id)
    if encounter.settlement_count or not is_kept(context):
        return await settle(await work.session(), context, caller, encounter_id)
    return await _settle_held(direct, context, caller, encounter), True


async def settle_locked(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    encounter: Encounter,
    *,
    place: UUID | None = None,
) -> Stored:
    """Settle an encounter whose row is held.

    Args:
        place: the settlement whose place in the person's year this one takes (a revision); None
            puts it at the year's end.

    Raises:
        EncounterCancelledAlready, NotDischarged, EmptyBill, CalculationRefused,
        AssumptionUnconfirmed.
    """
    direct = await within(session)
    stored = await _settle_held(direct, context, caller, encounter, place)
    await direct.send()
    await keep_in_force(session, context)
    if stored.supersedes_id is not None:
        await write_voucher(session, stored)
    return stored


async def _settle_held(
    direct: DirectWork,
    context: ServiceContext,
    caller: Principal,
    encounter: Encounter,
    place: UUID | None = None,
) -> Stored:
    """Settle an encounter whose row is held; what is to be written is gathered, not sent."""
    encounter_id, now = encounter.id, context.clock.now()
    if encounter.status == "cancelled":
        raise EncounterCancelledAlready
    if encounter.discharged_at is None:
        raise NotDischarged("send POST /encounters/{id}/discharge first")
    facility = facility_of(context, encounter.facility_code)
    visit = visit_of(encounter, facility, business_date(encounter.discharged_at))
    year = year_of(visit)
    held, before, taken = None, Standing(), Standing()
    if encounter.person_id is None:
        lines = await charges.bill_directly(direct, encounter_id)
    else:
        held = await hold_directly(direct, context, encounter.person_id, year, encounter_id)
        lines, before = held.bill, held.year.standing
        taken = before.plus(held.reserved)
        kept = held.year.person_id
        if kept != encounter.patient_id:
            # Merged, or apart again, since the encounter was read: the home may be another's.
            encounter = await encounters.required_directly(direct, encounter_id)
        if place is not None:
            burden = await burden_before(direct, kept_person_id=kept, year=year, place=place)
            taken = replace(taken, critical_illness_burden=burden)
    if not any(line.amount_fen for line in lines):
        raise EmptyBill("send the charges first")
    result = calculate(context, encounter, visit, lines, taken)
    stored = _to_store(context, caller, encounter, facility, result, year, place)
    repository.insert_settlement(direct, stored, result.lines, lines)
    if held is not None:
        standings.write_directly(direct, held.year, before.plus(result.consumed))
        reservations.consume_directly(direct, encounter_id, now)
    _post(direct, context, stored)
    version = encounters.change_directly(
        direct,
        encounter,
        {
            "status": after(encounter.status, "settle"),
            "settlement_id": stored.id,
            "settled_person_id": stored.person_id,
            "settlement_count": stored.ordinal,
            "last_settlement_id": stored.id,
        },
    )
    tell_made(direct, stored, version)
    _log(direct, caller, stored, "settlement.made")
    return stored


def _to_store(
    context: ServiceContext,
    caller: Principal,
    encounter: Encounter,
    facility: Facility,
    result: Settlement,
    year: int,
    place: UUID | None,
) -> Stored:
    if encounter.discharged_at is None:
        raise AssertionError("only a discharged encounter is settled")
    categories = categories_of(encounter)
    return Stored(
        id=new_id(),
        region=encounter.region,
        encounter_id=encounter.id,
        kind="settlement",
        ordinal=encounter.settlement_count + 1,
        reverses_id=None,
        supersedes_id=encounter.last_settlement_id,
        reversed_by_id=None,
        reason=None,
        facility_code=encounter.facility_code,
        facility_level=facility.facility_level,
        in_region=facility.in_region,
        person_id=encounter.patient_id,
        category=categories[0] if categories else None,
        categories=categories,
        township=encounter.township,
        village=encounter.village,
        visit_type=encounter.visit_type,
        admitted_on=business_date(encounter.admitted_at),
        discharged_on=business_date(encounter.discharged_at),
        pack=result.pack,
        pack_version=result.pack_version,
        parameters=parameters_on(pack_in_force(context), result.day),
        assumptions=result.assumptions,
        explanation=[step.as_dict() for step in result.explanation],
        amounts=Amounts(
            total=result.total,
            waived=result.waived,
            out_of_catalogue=result.out_of_catalogue,
            over_limit=result.over_limit,
            self_first=result.self_first,
            in_scope=result.in_scope,
            deductible=result.deductible,
            payers=result.payers,
            patient_pays=result.patient_pays,
            gap=dict(result.gap),
        ),
        standing_year=year,
        year_place=place,
        standing_delta=result.consumed,
        cuts=result.cuts,
        made_at=context.clock.now(),
        made_by=caller.client_id,
    )


async def reverse(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    settlement_id: UUID,
    reason: str,
) -> Stored:
    """Undo a settlement: every payer, the person's year and the ledger return to where they were.

    The encounter goes back to ``discharged``; a recognition that came late then counts.

    Raises:
        SettlementNotFound, NotReversible, ReversedAlready.
    """
    original = await visible(session, caller, settlement_id)
    if original.kind == "reversal":
        raise NotReversible
    encounter = await encounter_service.locked_for(session, caller, original.encounter_id)
    if encounter.settlement_id != settlement_id:
        raise ReversedAlready("read the settlement to see its reversal")
    held = await held_year(session, context, original.person_id, original.standing_year)
    direct = await within(session)
    if held is not None and original.person_id is not None:
        year = held.year
        standings.write_directly(direct, year, year.standing.minus(original.standing_delta))
        if year.person_id != original.person_id:
            # A merge has taken it along: what would be given back is less by it.
            await merges.take_back(
                session,
                area=year.area,
                person_id=original.person_id,
                year=year.year,
                amounts=original.standing_delta,
            )
    reversal = replace(
        original,
        id=new_id(),
        kind="reversal",
        reverses_id=original.id,
        supersedes_id=None,
        reason=reason,
        explanation=(),
        cuts=(),
        amounts=original.amounts.negated(),
        standing_delta=Standing().minus(original.standing_delta),
        made_at=context.clock.now(),
        made_by=caller.client_id,
    )
    repository.insert_settlement(direct, reversal)
    _post(direct, context, reversal)
    version = encounters.change_directly(
        direct,
        encounter,
        {
            "status": after(encounter.status, "reverse"),
            "settlement_id": None,
            "settled_person_id": None,
            "recognition_pending": False,
            "pending_person_id": None,
        },
    )
    tell_reversed(direct, reversal, version)
    _log(direct, caller, reversal, "settlement.reversed")
    await direct.send()
    reopened = await encounter_service.locked_for(session, caller, encounter.id)
    await recognising.apply_recognitions(session, context, reopened)
    return reversal


async def visible(session: ReadSession, caller: Principal, settlement_id: UUID) -> Stored:
    """A settlement or reversal that the caller may see.

    Raises:
        SettlementNotFound: no such settlement, or another facility's.
    """
    stored = await repository.get(session, settlement_id)
    if stored is None or not caller.may_see_facility(stored.facility_code):
        raise SettlementNotFound
    return stored


async def read(
    session: WriteSession, context: ServiceContext, caller: Principal, settlement_id: UUID
) -> Stored:
    """The same, for somebody who looks at it; the look is written to the audit log."""
    stored = await visible(session, caller, settlement_id)
    await audit.record(
        session,
        actor=caller.client_id,
        organisation=caller.organisation,
        action="settlement.read",
        subject=str(settlement_id),
        at=context.clock.now(),
    )
    return stored


async def _stored(session: ReadSession, settlement_id: UUID) -> Stored:
    stored = await repository.get(session, settlement_id)
    if stored is None:
        raise SettlementNotFound
    return stored


def _post(direct: DirectWork, context: ServiceContext, stored: Stored) -> None:
    # A settlement belongs to the visit's day; undoing it is an event of the day it is undone.
    booked_on = stored.discharged_on
    if stored.reverses_id is not None:
        booked_on = max(booked_on, business_date(stored.made_at))
    ledger.post_settlement(
        direct,
        context,
        settlement_id=stored.id,
        facility_code=stored.facility_code,
        total_fen=stored.amounts.total,
        payers=stored.amounts.payers,
        patient_pays_fen=stored.amounts.patient_pays,
        booked_on=booked_on,
        reverses_settlement_id=stored.reverses_id,
    )


def _log(direct: DirectWork, caller: Principal, stored: Stored, action: str) -> None:
    audit.record_directly(
        direct,
        actor=caller.client_id,
        organisation=caller.organisation,
        action=action,
        subject=str(stored.id),
        at=stored.made_at,
        detail={
            "encounter_id": str(stored.encounter_id),
            "total_fen": stored.amounts.total,
            "patient_pays_fen": stored.amounts.patient_pays,
        },
    )
