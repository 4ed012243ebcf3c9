"""Use cases of the reservations: make, top up, release; what other visits of a person hold.

A reservation is made when a visit without deposit opens with an estimate, or when its first charges
come, and anew with every change of the bill; it ends by the settlement (consumed), a cancellation
or another patient (released), or after its time (expired, by the clock alone).
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from uuid import UUID

import structlog

from services.claims.calculation_refused import CalculationRefused
from services.claims.charges import repository as charges
from services.claims.encounters import repository as encounters
from services.claims.encounters.domain import Encounter
from services.claims.encounters.paying_later import pays_later
from services.claims.facilities.service import facility_of
from services.claims.reservations import repository
from services.claims.reservations.domain import NOTHING, Reservation, capped, most
from services.claims.settings import settings_of
from services.claims.settlement.bill import Line, Standing, Visit
from services.claims.settlement.calculating import calculate, judged_on, visit_of, year_of
from services.claims.settlement.problems import AssumptionUnconfirmed
from services.claims.standings.holding import Held, held_year
from shared.db.session import WriteSession
from shared.runtime.context import ServiceContext
from shared.security import audit

log = structlog.get_logger(__name__)

_UNSETTLED: Final = frozenset({"open", "charging", "discharged"})


def _may_hold(context: ServiceContext, encounter: Encounter) -> bool:
    """A visit that was settled once holds nothing again: what a reversal frees is offered instead."""
    return (
        encounter.status in _UNSETTLED
        and encounter.settlement_count == 0
        and encounter.person_id is not None
        and pays_later(context, encounter)
    )


async def refresh(
    session: WriteSession, context: ServiceContext, encounter: Encounter
) -> Reservation | None:
    """Bring a locked encounter's reservation to what its bill and estimate say now.

    Called after every change of the bill, the estimate, the patient or the state. A bill that
    cannot be calculated yet (an implant's share is missing) leaves the reservation as it is.
    """
    known = await repository.of_encounter(session, encounter.id)
    if not _may_hold(context, encounter):
        await release(session, context, encounter.id, known, "not_due")
        return None
    lines = await charges.lines_of(session, encounter.id)
    estimate_fen = encounter.estimated_fen or 0
    if not estimate_fen and not any(line.amount_fen for line in lines):
        await release(session, context, encounter.id, known, "no_charges")
        return None
    if known is not None and known.state == "held" and known.person_id != encounter.person_id:
        await release(session, context, encounter.id, known, "other_person")
    visit = visit_of(
        encounter, facility_of(context, encounter.facility_code), judged_on(context, encounter)
    )
    person_id = encounter.person_id
    held = await held_year(session, context, person_id, year_of(visit), encounter.id)
    if held is None or person_id is None:
        raise AssertionError("only a visit of a known person holds a reservation")
    # A merge may have been waited for: the home and the categories may be another's.
    encounter = await encounters.required(session, encounter.id)
    try:
        amounts = _wanted(context, encounter, visit, lines, held)
    except (CalculationRefused, AssumptionUnconfirmed) as refused:
        log.info("reservation_left", encounter_id=str(encounter.id), reason=refused.code)
        return known
    now = context.clock.now()
    reservation = Reservation(
        person_id=person_id,
        year=held.year.year,
        amounts=amounts,
        state="held",
        made_at=now,
        expires_at=now + timedelta(days=settings_of(context).reservation_days),
    )
    await repository.hold(
        session,
        encounter_id=encounter.id,
        region=encounter.region,
        area=held.year.area,
        reservation=reservation,
    )
    return reservation


def _wanted(
    context: ServiceContext,
    encounter: Encounter,
    visit: Visit,
    lines: tuple[Line, ...],
    held: Held,
) -> Standing:
    """What the bill so far would take of the capped funds, and the hospital's estimate."""
    taken = held.year.standing.plus(held.reserved)
    amounts = NOTHING
    if any(line.amount_fen for line in lines):
        amounts = capped(calculate(context, encounter, visit, lines, taken).consumed)
    if encounter.estimated_fen and (encounter.status != "discharged" or not lines):
        estimated = calculate(
            context, encounter, visit, (_estimated_line(encounter.estimated_fen),), taken
        )
        amounts = most(amounts, capped(estimated.consumed))
    return amounts


def _estimated_line(amount_fen: int) -> Line:
    """An estimate has no items; it is read as in scope."""
    return Line(line_no=1, name="estimate", kind="drug", catalogue_class="A", amount_fen=amount_fen)


async def release(
    session: WriteSession,
    context: ServiceContext,
    encounter_id: UUID,
    known: Reservation | None,
    reason: str,
) -> None:
    """Give up what a visit holds, if it holds anything."""
    if known is None or known.state != "held":
        return
    now = context.clock.now()
    await repository.close(session, encounter_id, "released", now)
    await audit.record(
        session,
        actor="system:reservations",
        organisation=f"region:{context.region.region_code}",
        action="reservation.released",
        subject=str(encounter_id),
        at=now,
        detail={"reason": reason},
    )
