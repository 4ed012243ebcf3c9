"""What a settlement would say now: calculated, nothing kept."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from services.claims.charges import repository as charges
from services.claims.encounters import service as encounter_service
from services.claims.encounters.problems import EncounterCancelledAlready, EncounterSettledAlready
from services.claims.facilities.service import facility_of
from services.claims.reservations import repository as reservations
from services.claims.settlement.bill import Standing
from services.claims.settlement.calculating import calculate, judged_on, visit_of, year_of
from services.claims.settlement.domain import Settlement
from services.claims.settlement.problems import EmptyBill
from services.claims.standings import repository as standings
from shared.db.session import ReadSession
from shared.runtime.context import ServiceContext
from shared.security.principal import Principal


async def preview(
    session: ReadSession, context: ServiceContext, caller: Principal, encounter_id: UUID
) -> tuple[Settlement, date]:
    """What a settlement would say now: the same calculation on the same facts, nothing kept.

    Raises:
        EncounterNotFound, EmptyBill, CalculationRefused, AssumptionUnconfirmed.
    """
    encounter = await encounter_service.visible(session, caller, encounter_id)
    if encounter.settlement_id is not None:
        raise EncounterSettledAlready("read the settlement instead")
    if encounter.status == "cancelled":
        raise EncounterCancelledAlready
    facility = facility_of(context, encounter.facility_code)
    discharged_on = judged_on(context, encounter)
    visit = visit_of(encounter, facility, discharged_on)
    lines = await charges.lines_of(session, encounter_id)
    if not any(line.amount_fen for line in lines):
        raise EmptyBill("send the charges first")
    standing = Standing()
    if encounter.patient_id is not None:
        area, year = context.region.pooling_area, year_of(visit)
        standing = await standings.read(
            session, area=area, person_id=encounter.patient_id, year=year
        )
        others = await reservations.held_by_others(
            session,
            area=area,
            kept_person_id=encounter.patient_id,
            year=year,
            now=context.clock.now(),
            encounter_id=encounter_id,
        )
        standing = standing.plus(others)
    return calculate(context, encounter, visit, lines, standing), discharged_on
