"""From the facts of a visit, or of a quote, to the engine and back."""

from __future__ import annotations

from datetime import date
from typing import Any

from services.claims.calculation_refused import CalculationRefused
from services.claims.charges.reading import lines_of
from services.claims.encounters.domain import Encounter, in_force
from services.claims.encounters.schemas import PROGRAMMES_APART
from services.claims.packs.service import pack_in_force, pack_of
from services.claims.settlement.bill import Bill, Evidence, Line, Person, Standing, Visit
from services.claims.settlement.domain import Settlement
from services.claims.settlement.domain import settle as split
from services.claims.settlement.schemas import QuoteRequest
from services.claims.settlement.tiers import SettlementPack
from shared.clock import business_date
from shared.policy.errors import Refused
from shared.policy.region import Facility
from shared.runtime.context import ServiceContext


def quote(context: ServiceContext, body: QuoteRequest) -> Settlement:
    """Calculate a bill with the engine of the real settlement; nothing is read or kept.

    Raises:
        PackIsUnknown, PackIsInvalid, CalculationRefused, AssumptionUnconfirmed: with each fault.
    """
    lines = lines_of(body.lines)
    visit, said = body.visit, body.year_to_date
    programmes = visit.disease_programme or ()
    if isinstance(programmes, str):
        programmes = [programmes]
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
            disease_programme=programmes[0] if programmes else None,
            further_programmes=tuple(programmes[1:]),
        ),
        lines=lines,
        evidence=Evidence(
            body.evidence.card_presented,
            {payer: int(amount) for payer, amount in body.evidence.stated_payments.items()},
        )
        if body.evidence
        else Evidence(),
    )
    return _split(
        pack_of(context, body.pack),
        bill,
        Person(frozenset(body.person.categories), body.person.insurance_plan),
        Standing(**{name: int(amount) for name, amount in said}) if said else Standing(),
        parameters=body.parameters,
    )


def _split(
    pack: SettlementPack,
    bill: Bill,
    person: Person,
    standing: Standing,
    *,
    parameters: dict[str, Any] | None = None,
) -> Settlement:
    try:
        return split(bill, pack, person, standing, parameters=parameters)
    except Refused as refused:
        raise CalculationRefused(refused) from refused


def visit_of(encounter: Encounter, facility: Facility, discharged_on: date) -> Visit:
    """The visit as the rules see it: a stay is judged by its discharge, other visits by their day."""
    programmes = (encounter.disease_programme or "").split(PROGRAMMES_APART)
    return Visit(
        type=encounter.visit_type,
        facility_level=facility.facility_level,
        in_region=facility.in_region,
        designated=facility.designated,
        referral=encounter.referral,
        admitted_on=business_date(encounter.admitted_at),
        discharged_on=discharged_on if encounter.visit_type == "inpatient" else None,
        diagnoses=encounter.diagnoses,
        disease_programme=programmes[0] or None,
        further_programmes=tuple(programmes[1:]),
    )


def judged_on(context: ServiceContext, encounter: Encounter) -> date:
    """The day of discharge; for a patient who is still in, as if he went home today."""
    if encounter.discharged_at is not None:
        return business_date(encounter.discharged_at)
    return max(business_date(encounter.admitted_at), business_date(context.clock.now()))


def categories_of(encounter: Encounter) -> tuple[str, ...]:
    """The categories in force on the visit's date, which is the day of admission."""
    return in_force(encounter.categories, business_date(encounter.admitted_at))


def calculate(
    context: ServiceContext,
    encounter: Encounter,
    visit: Visit,
    lines: tuple[Line, ...],
    standing: Standing,
) -> Settlement:
    return _split(
        pack_in_force(context),
        Bill(
            visit=visit,
            lines=lines,
            evidence=Evidence(encounter.card_presented, encounter.stated_payments),
        ),
        Person(frozenset(categories_of(encounter)), encounter.insurance_plan),
        standing,
    )


def year_of(visit: Visit) -> int:
    if visit.day is None:
        raise AssertionError("a visit that is calculated has its day")
    return visit.day.year
