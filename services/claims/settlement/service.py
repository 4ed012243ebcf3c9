"""Use cases of the settlement: quote, preview, settle once, reverse exactly."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

from services.claims.calculation_refused import CalculationRefused
from services.claims.charges import repository as charges
from services.claims.charges.reading import lines_of, refusals_of_lines
from services.claims.encounters import repository as encounters
from services.claims.encounters import service as encounter_service
from services.claims.encounters.domain import after, in_force
from services.claims.encounters.repository import Encounter
from services.claims.facilities.service import facility_of
from services.claims.ledger import service as ledger
from services.claims.packs.service import pack_in_force, pack_of, parameters_on
from services.claims.settlement import repository
from services.claims.settlement.bill import (
    Bill,
    BillRefused,
    Evidence,
    Line,
    Person,
    Standing,
    Visit,
)
from services.claims.settlement.domain import Settlement, settle as split
from services.claims.settlement.repository import Amounts, Stored
from services.claims.settlement.schemas import QuoteRequest
from services.claims.settlement.tiers import SettlementPack
from services.claims.standings import repository as standings
from shared.clock import business_date
from shared.db.session import ReadSession, WriteSession
from shared.events.catalog import PayerShare, SettlementMade, SettlementReversed
from shared.http.problem import Conflict, FieldFault, NotFound
from shared.ids import new_id
from shared.messaging import outbox
from shared.money import Fen
from shared.policy.errors import Refused
from shared.policy.region import Facility
from shared.runtime.context import ServiceContext
from shared.security import audit
from shared.security.principal import Principal


class NotDischarged(Conflict):
    code = "not_discharged"
    title = "The patient is not discharged; the bill is not complete"
    title_zh = "患者尚未出院,账单未完整"


class EmptyBill(Conflict):
    code = "empty_bill"
    title = "There is nothing to settle: the bill is empty"
    title_zh = "账单为空,无可结算费用"


class SettlementNotFound(NotFound):
    code = "settlement_not_found"
    title = "There is no such settlement, or it is not yours to see"
    title_zh = "没有该结算记录,或您无权查看"


class ReversedAlready(Conflict):
    code = "reversed_already"
    title = "The settlement is reversed already"
    title_zh = "该结算已冲销"


class NotReversible(Conflict):
    code = "not_reversible"
    title = "A reversal cannot be reversed; settle the encounter again"
    title_zh = "冲销记录不能再冲销;请重新结算"


class AssumptionUnconfirmed(Conflict):
    code = "assumption_unconfirmed"
    title = "The result rests on assumed parameters that nobody has confirmed"
    title_zh = "结果依据的参数尚未确认"


def quote(context: ServiceContext, body: QuoteRequest) -> Settlement:
    """Calculate a bill with the engine of the real settlement; nothing is read or kept.

    Raises:
        PackIsUnknown, PackIsInvalid, CalculationRefused, AssumptionUnconfirmed: with each fault.
    """
    lines = lines_of(body.lines)
    visit, said = body.visit, body.year_to_date
    bill = Bill(
        visit=Visit(
            type=visit.type,
            facility_level=visit.facility_level,
            in_region=visit.in_region,
            designated=visit.designated,
            referral=visit.referral,
            admitted_on=visit.admitted_on,
            discharged_on=visit.discharged_on,
            diagnoses=tuple(visit.diagnoses),
            disease_programme=visit.disease_programme,
        ),
        lines=lines,
        evidence=Evidence(body.evidence.card_presented) if body.evidence else Evidence(),
    )
    return _split(
        context,
        pack_of(context, body.pack),
        bill,
        Person(frozenset(body.person.categories), body.person.insurance_plan),
        Standing(**{name: int(amount) for name, amount in said}) if said else Standing(),
        parameters=body.parameters,
    )


def _split(
    context: ServiceContext,
    pack: SettlementPack,
    bill: Bill,
    person: Person,
    standing: Standing,
    *,
    parameters: dict[str, Any] | None = None,
) -> Settlement:
    try:
        result = split(bill, pack, person, standing, parameters=parameters)
    except Refused as refused:
        raise CalculationRefused(refused) from refused
    if context.settings.production and result.assumptions:
        raise AssumptionUnconfirmed(
            "confirm the parameters with the documents that state them, in the pack's files",
            errors=[
                FieldFault(
                    f"parameters.{name}",
                    "assumption_unconfirmed",
                    "the value is assumed; confirm it in the pack and remove `assumed`",
                    "该取值为假定;请在政策包中以文件确认并去掉 assumed",
                )
                for name in result.assumptions
            ],
        )
    return result


def _visit(encounter: Encounter, facility: Facility, discharged_on: date) -> Visit:
    """The visit as the rules see it: a stay is judged by its discharge, other visits by their day."""
    return Visit(
        type=encounter.visit_type,
        facility_level=facility.facility_level,
        in_region=facility.in_region,
        designated=facility.designated,
        referral=encounter.referral,
        admitted_on=business_date(encounter.admitted_at),
        discharged_on=discharged_on if encounter.visit_type == "inpatient" else None,
        diagnoses=encounter.diagnoses,
        disease_programme=encounter.disease_programme,
    )


def _categories(encounter: Encounter) -> tuple[str, ...]:
    """The categories in force on the visit's date, which is the day of admission."""
    return in_force(encounter.categories, business_date(encounter.admitted_at))


def _calculate(
    context: ServiceContext,
    encounter: Encounter,
    visit: Visit,
    lines: tuple[Line, ...],
    standing: Standing,
) -> Settlement:
    return _split(
        context,
        pack_in_force(context),
        Bill(visit=visit, lines=lines),
        Person(frozenset(_categories(encounter)), encounter.insurance_plan),
        standing,
    )


def _year(visit: Visit) -> int:
    if visit.day is None:
        raise AssertionError("a visit that is calculated has its day")
    return visit.day.year


async def preview(
    session: ReadSession, context: ServiceContext, caller: Principal, encounter_id: UUID
) -> tuple[Settlement, date]:
    """What a settlement would say now: the same calculation on the same facts, nothing kept.

    Raises:
        EncounterNotFound, EmptyBill, CalculationRefused, AssumptionUnconfirmed.
    """
    encounter = await encounter_service.visible(session, caller, encounter_id)
    if encounter.settlement_id is not None:
        raise encounter_service.EncounterSettledAlready("read the settlement instead")
    facility = facility_of(context, encounter.facility_code)
    discharged_on = (
        business_date(encounter.discharged_at)
        if encounter.discharged_at
        else max(business_date(encounter.admitted_at), business_date(context.clock.now()))
    )
    visit = _visit(encounter, facility, discharged_on)
    lines = await charges.lines_of(session, encounter_id)
    if not any(line.amount_fen for line in lines):
        raise EmptyBill("send the charges first")
    standing = Standing()
    if encounter.person_id is not None:
        standing = await standings.read(
            session,
            area=context.region.pooling_area,
            person_id=encounter.person_id,
            year=_year(visit),
        )
    return _calculate(context, encounter, visit, lines, standing), discharged_on


async def settle(
    session: WriteSession, context: ServiceContext, caller: Principal, encounter_id: UUID
) -> tuple[Stored, bool]:
    """Fix every payer's share of the visit's bill, once, whoever asks twice.

    The encounter's row is held first, the person's year second, accounts last; every use case
    keeps that order.

    Returns:
        The settlement, and whether this call made it.

    Raises:
        EncounterNotFound, NotDischarged, EmptyBill, CalculationRefused, AssumptionUnconfirmed.
    """
    encounter = await encounter_service.locked_for(session, caller, encounter_id)
    if encounter.settlement_id is not None:
        return await _stored(session, encounter.settlement_id), False
    if encounter.discharged_at is None:
        raise NotDischarged("send POST /encounters/{id}/discharge first")
    facility = facility_of(context, encounter.facility_code)
    visit = _visit(encounter, facility, business_date(encounter.discharged_at))
    lines = await charges.lines_of(session, encounter_id)
    if not any(line.amount_fen for line in lines):
        raise EmptyBill("send the charges first")
    area, year = context.region.pooling_area, _year(visit)
    before = Standing()
    if encounter.person_id is not None:
        before = await standings.lock(session, area=area, person_id=encounter.person_id, year=year)
    result = _calculate(context, encounter, visit, lines, before)
    stored = _to_store(context, caller, encounter, facility, result, year)
    await repository.insert_settlement(session, stored, result.lines)
    if encounter.person_id is not None:
        await standings.write(
            session,
            area=area,
            person_id=encounter.person_id,
            year=year,
            standing=before.plus(result.consumed),
        )
    await _post(session, context, stored)
    version = await encounters.change(
        session,
        encounter,
        {
            "status": after(encounter.status, "settle"),
            "settlement_id": stored.id,
            "settlement_count": stored.ordinal,
            "last_settlement_id": stored.id,
        },
    )
    await _tell_made(session, stored, version)
    await _log(session, caller, stored, "settlement.made")
    return stored, True


def _to_store(
    context: ServiceContext,
    caller: Principal,
    encounter: Encounter,
    facility: Facility,
    result: Settlement,
    year: int,
) -> Stored:
    if encounter.discharged_at is None:
        raise AssertionError("only a discharged encounter is settled")
    categories = _categories(encounter)
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
        person_id=encounter.person_id,
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
        standing_delta=result.consumed,
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
    if original.person_id is not None:
        area, year = context.region.pooling_area, original.standing_year
        now = await standings.lock(session, area=area, person_id=original.person_id, year=year)
        await standings.write(
            session,
            area=area,
            person_id=original.person_id,
            year=year,
            standing=now.minus(original.standing_delta),
        )
    reversal = replace(
        original,
        id=new_id(),
        kind="reversal",
        reverses_id=original.id,
        supersedes_id=None,
        reason=reason,
        explanation=(),
        amounts=original.amounts.negated(),
        standing_delta=Standing().minus(original.standing_delta),
        made_at=context.clock.now(),
        made_by=caller.client_id,
    )
    await repository.insert_settlement(session, reversal, ())
    await _post(session, context, reversal)
    version = await encounters.change(
        session,
        encounter,
        {"status": after(encounter.status, "reverse"), "settlement_id": None},
    )
    await _tell_reversed(session, reversal, version)
    await _log(session, caller, reversal, "settlement.reversed")
    reopened = await encounter_service.locked_for(session, caller, encounter.id)
    await encounter_service.apply_recognitions(session, context, reopened)
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


async def _stored(session: ReadSession, settlement_id: UUID) -> Stored:
    stored = await repository.get(session, settlement_id)
    if stored is None:
        raise SettlementNotFound
    return stored


async def _post(session: WriteSession, context: ServiceContext, stored: Stored) -> None:
    await ledger.post_settlement(
        session,
        context,
        settlement_id=stored.id,
        facility_code=stored.facility_code,
        total_fen=stored.amounts.total,
        payers=stored.amounts.payers,
        patient_pays_fen=stored.amounts.patient_pays,
        reverses_settlement_id=stored.reverses_id,
    )


def _shares(amounts: Amounts) -> tuple[PayerShare, ...]:
    return tuple(PayerShare(payer=payer, amount=Fen(amount)) for payer, amount in amounts.payers)


async def _tell_made(session: WriteSession, stored: Stored, version: int) -> None:
    amounts = stored.amounts
    await outbox.record(
        session,
        SettlementMade(
            settlement_id=str(stored.id),
            encounter_id=str(stored.encounter_id),
            person_id=stored.person_id,
            facility_code=stored.facility_code,
            facility_level=stored.facility_level,
            in_region=stored.in_region,
            township=stored.township,
            village=stored.village,
            category=stored.category,
            visit_type=stored.visit_type,
            admitted_on=stored.admitted_on,
            discharged_on=stored.discharged_on,
            pack=stored.pack,
            pack_version=stored.pack_version,
            total=Fen(amounts.total),
            waived=Fen(amounts.waived),
            out_of_catalogue=Fen(amounts.out_of_catalogue),
            over_limit=Fen(amounts.over_limit),
            self_first=Fen(amounts.self_first),
            in_scope=Fen(amounts.in_scope),
            payers=_shares(amounts),
            patient_pays=Fen(amounts.patient_pays),
            supersedes=str(stored.supersedes_id) if stored.supersedes_id else None,
        ),
        subject=str(stored.encounter_id),
        sequence=version,
        occurred_at=stored.made_at,
    )


async def _tell_reversed(session: WriteSession, reversal: Stored, version: int) -> None:
    amounts = reversal.amounts
    await outbox.record(
        session,
        SettlementReversed(
            settlement_id=str(reversal.id),
            reverses=str(reversal.reverses_id),
            encounter_id=str(reversal.encounter_id),
            reason=reversal.reason or "",
            total=Fen(amounts.total),
            waived=Fen(amounts.waived),
            out_of_catalogue=Fen(amounts.out_of_catalogue),
            over_limit=Fen(amounts.over_limit),
            self_first=Fen(amounts.self_first),
            in_scope=Fen(amounts.in_scope),
            payers=_shares(amounts),
            patient_pays=Fen(amounts.patient_pays),
        ),
        subject=str(reversal.encounter_id),
        sequence=version,
        occurred_at=reversal.made_at,
    )


async def _log(session: WriteSession, caller: Principal, stored: Stored, action: str) -> None:
    await audit.record(
        session,
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
