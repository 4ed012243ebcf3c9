"""Putting the five groups together from what contracts was told and has recorded itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta

from services.contracts.access import may_act
from services.contracts.contracts import repository as contracts
from services.contracts.costs import repository as costs
from services.contracts.follow_up.domain import in_force
from services.contracts.health_record import domain, repository
from services.contracts.health_record.domain import Group, State, Visit, Year
from services.contracts.health_record.schemas import (
    CategoryHeld,
    ContractHeld,
    Costs,
    CostYear,
    DiseaseHeld,
    Diseases,
    GapList,
    HealthRecord,
    PayerSum,
    ServiceCount,
    Services,
    Treatment,
    TreatmentClass,
    Verification,
    VillageGaps,
)
from services.contracts.health_record.verifying import answer
from services.contracts.merges.repository import MERGES
from services.contracts.models import DiseaseCase, Person
from services.contracts.people.service import read_person
from services.contracts.programme.domain import Programme
from services.contracts.programme.service import programme_of
from services.contracts.teams.service import own_township, teams_of
from shared.clock import business_date
from shared.db.session import ReadSession, WriteSession
from shared.events.catalog.words import CATEGORY_WORDS, PAYER_WORDS, POVERTY_CAUSE_WORDS
from shared.money import Fen
from shared.runtime.context import ServiceContext
from shared.security import audit
from shared.security.principal import Principal

_KINDS = {
    "follow_up": "follow_ups",
    "check_up": "check_ups",
    "dispensing": "dispensings",
    "referral": "referrals",
    "hospital_stay": "stays",
}
"""Service → its columns."""
_COUNTED = ("persons", "verification", "diseases", "treatment", "services", "costs")


async def read_record(
    session: WriteSession, context: ServiceContext, caller: Principal, person_id: str
) -> HealthRecord:
    """A person's five groups; the look is logged.

    Raises:
        PersonUnknown: identity has not told of him, or he is another organisation's.
    """
    kept, person, _ = await read_person(session, context, caller, person_id)
    await audit.record(
        session,
        actor=caller.client_id,
        organisation=caller.organisation,
        action="health_poverty_record.read",
        subject=kept,
        at=context.clock.now(),
    )
    return await record_of(session, context, caller, kept, person)


async def record_of(
    session: ReadSession | WriteSession,
    context: ServiceContext,
    caller: Principal,
    kept: str,
    person: Person,
) -> HealthRecord:
    """The five groups of a person whose reading is logged already."""
    members = await MERGES.members(session, kept)
    today = business_date(context.clock.now())
    verification = await _verification(session, kept, members, person)
    diseases, treatment = await _diseases(session, context, caller, members)
    services = await _services(session, kept, members, today)
    spent = await _costs(session, members)
    states: dict[Group, State] = {
        "verification": verification.state,
        "diseases": diseases.state,
        "treatment": treatment.state,
        "services": services.state,
        "costs": spent.state,
    }
    return HealthRecord(
        person_id=kept,
        township=person.township,
        village=person.village,
        registered=person.registered,
        as_of=today,
        missing=[group for group, state in states.items() if state == "not_recorded"],
        verification=verification,
        diseases=diseases,
        treatment=treatment,
        services=services,
        costs=spent,
    )


async def gap_list(session: ReadSession, context: ServiceContext, caller: Principal) -> GapList:
    """How many persons lack which group, per village that the caller may see.

    A county sees all, a township and the hospital whose team answers for one see its villages.
    """
    day = business_date(context.clock.now())
    township = own_township(context, caller)
    villages = []
    if township is not None or caller.may_see_township(None):
        rows = await repository.gaps(
            session, region=context.region.region_code, township=township, day=day
        )
        villages = [VillageGaps.model_validate(dict(row)) for row in rows]
    sums = {name: sum(getattr(each, name) for each in villages) for name in _COUNTED}
    return GapList(as_of=day, villages=villages, **sums)


async def _verification(
    session: ReadSession | WriteSession, kept: str, members: Sequence[str], person: Person
) -> Verification:
    visits = await repository.verifications(session, members)
    found = next((one.cause for one in visits if one.cause is not None), None)
    cause = found or await repository.poverty_cause(session, members, kept)
    zh, en = POVERTY_CAUSE_WORDS.get(cause, (cause, cause)) if cause else (None, None)
    return Verification(
        state=domain.verified(cause, {each["code"] for each in person.categories}, len(visits)),
        visits=[answer(one) for one in visits],
        cause=cause,
        cause_zh=zh,
        cause_en=en,
        categories=[
            CategoryHeld(
                category=each["code"],
                name_zh=CATEGORY_WORDS.get(each["code"], (each["code"],) * 2)[0],
                name_en=CATEGORY_WORDS.get(each["code"], (each["code"],) * 2)[1],
                valid_from=each["valid_from"],
                valid_to=each["valid_to"],
            )
            for each in person.categories
        ],
    )


async def _diseases(
    session: ReadSession | WriteSession,
    context: ServiceContext,
    caller: Principal,
    members: Sequence[str],
) -> tuple[Diseases, Treatment]:
    programme = programme_of(context)
    found = await repository.cases(session, members)
    teams = teams_of(context)
    mine = [
        case
        for case in found
        if may_act(caller, team=teams.for_township(case.township), township=case.township)
    ]
    hidden = len(found) - len(mine)
    items = []
    for case in mine:
        known = programme.diseases.get(case.disease)
        items.append(
            DiseaseHeld(
                case_id=str(case.case_id),
                disease=case.disease,
                name_zh=known.zh if known else case.disease,
                name_en=known.en if known else case.disease,
                grade=case.grade,
                status=case.state,
                found_on=case.found_on,
                managed_on=case.managed_on,
                closed_on=case.closed_on,
            )
        )
    return (
        Diseases(state=domain.diseased(len(mine), hidden), items=items),
        Treatment(
            state=domain.treated({case.state for case in mine}, hidden),
            classes=_classes(programme, mine),
        ),
    )


def _classes(programme: Programme, cases: Sequence[DiseaseCase]) -> list[TreatmentClass]:
    """His diseases by the lists on which they stand; one may stand on several."""
    sorted_by: dict[str | None, Counter[str]] = {}
    for case in cases:
        for listed in programme.batches_of(case.disease) or (None,):
            sorted_by.setdefault(listed, Counter())[case.state] += 1
    order = [code for code in (*programme.batches, None) if code in sorted_by]
    classes = []
    for code in order:
        batch = programme.batches[code] if code is not None else None
        counts = sorted_by[code]
        classes.append(
            TreatmentClass(
                batch=code,
                name_zh=batch.zh if batch else "不在名录内",
                name_en=batch.en if batch else "On none of the lists",
                citation=batch.citation if batch else None,
                assumed=batch.assumed if batch else False,
                found=counts["found"],
                managed=counts["managed"],
                closed=counts["closed"],
            )
        )
    return classes


async def _services(
    session: ReadSession | WriteSession, kept: str, members: Sequence[str], today: date
) -> Services:
    counted = await repository.services(session, members)
    held = in_force(await contracts.terms_of(session, kept), today)
    items = [
        ServiceCount(service=kind, count=counted[name], last_on=counted[f"{name}_last"])
        for kind, name in _KINDS.items()
    ]
    had = held is not None or any(each.count for each in items)
    return Services(
        state="recorded" if had else "not_recorded",
        contract=ContractHeld(
            team=held.team,
            valid_from=held.valid_from,
            valid_to=held.ends_before - timedelta(days=1),
        )
        if held
        else None,
        items=items,
    )


async def _costs(session: ReadSession | WriteSession, members: Sequence[str]) -> Costs:
    visits = [
        Visit(
            each.discharged_on.year,
            each.total_fen,
            each.in_scope_fen,
            each.patient_fen,
            each.payers,
        )
        for each in await costs.of_person(session, members)
    ]
    years = domain.by_year(visits, await repository.drugs(session, members))
    return Costs(
        state="recorded" if years else "not_recorded", years=[_year(each) for each in years]
    )


def _year(year: Year) -> CostYear:
    named = (*PAYER_WORDS, *sorted(year.payers.keys() - PAYER_WORDS.keys()))
    return CostYear(
        year=year.year,
        visits=year.visits,
        total=Fen(year.total),
        in_scope=Fen(year.in_scope),
        payers=[
            PayerSum(
                payer=code,
                name_zh=PAYER_WORDS.get(code, (code, code))[0],
                name_en=PAYER_WORDS.get(code, (code, code))[1],
                amount=Fen(year.payers[code]),
            )
            for code in named
            if code in year.payers
        ],
        paid=Fen(year.paid),
        patient_pays=Fen(year.patient),
        dispensings=year.dispensings,
        drugs_total=Fen(year.drugs_total),
        drugs_insured=Fen(year.drugs_insured),
        drugs_fund=Fen(year.drugs_fund),
        drugs_paid=Fen(year.drugs_insured + year.drugs_fund),
        drugs_patient=Fen(year.drugs_patient),
    )
