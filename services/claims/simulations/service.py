"""Use cases of simulations: ask, look, cancel."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NoReturn
from uuid import UUID

from services.claims.calculation_refused import CalculationRefused, faults_of
from services.claims.charges.reading import lines_of
from services.claims.packs.service import pack_of
from services.claims.settlement.bill import Bill, Evidence, Person, Standing, Visit, refusals_of
from services.claims.simulations import repository
from services.claims.simulations.domain import Period, PeriodMalformed, Wanted, period_of
from services.claims.simulations.problems import (
    SimulationEnded,
    SimulationNotFound,
    SimulationRefused,
    TooManySimulations,
)
from services.claims.simulations.repository import Job
from services.claims.simulations.schemas import (
    Days,
    PopulationRequest,
    SimulationRequest,
    StatedPerson,
    StatedVisit,
)
from shared.db.session import ReadSession, WriteSession
from shared.http.problem import FieldFault
from shared.ids import new_id
from shared.policy.errors import OverrideRefused
from shared.runtime.context import ServiceContext
from shared.security import audit
from shared.security.principal import FacilityNotYours, Principal

MAX_WAITING = 20
MAX_STATED_LINES = 50_000


async def ask(
    session: WriteSession, context: ServiceContext, caller: Principal, body: SimulationRequest
) -> Job:
    """Queue a simulation; the service's worker makes it.

    Raises:
        SimulationRefused: no visits are named, or in two ways; or the period is none.
        PackIsUnknown, PackIsInvalid, AssumptionUnconfirmed: a pack cannot be used.
        CalculationRefused: a replaced value or a stated visit is wrong.
        TooManySimulations, FacilityNotYours.
    """
    _check_county(caller)
    wanted_of(body)
    _check_packs(context, body)
    _check_persons(body)
    region = context.region.region_code
    if await repository.waiting(session, region) >= MAX_WAITING:
        raise TooManySimulations("wait for one to end, or cancel one")
    job_id, now = new_id(), context.clock.now()
    request = body.model_dump(mode="json", by_alias=True)
    for person in (request["population"] or {}).get("persons") or () if _has_persons(body) else ():
        for visit in person["visits"]:
            for line in visit["lines"]:
                # What an item is called plays no part; it is not kept.
                line["name"] = "-"
    await repository.insert_job(
        session, job_id=job_id, region=region, request=request, by=caller.client_id, at=now
    )
    await _log(session, context, caller, job_id, "simulation.asked", pack=body.pack)
    return await _required(session, context, job_id)


async def visible(
    session: ReadSession, context: ServiceContext, caller: Principal, job_id: UUID
) -> Job:
    """A simulation; only the county's.

    Raises:
        SimulationNotFound
    """
    if not caller.of_county:
        raise SimulationNotFound
    return await _required(session, context, job_id)


async def listed(
    session: ReadSession,
    context: ServiceContext,
    caller: Principal,
    *,
    before: UUID | None,
    limit: int,
) -> list[Job]:
    """The newest first; one more than ``limit`` when there is a next page."""
    if not caller.of_county:
        return []
    return await repository.find(
        session, region=context.region.region_code, before=before, limit=limit + 1
    )


async def cancel(
    session: WriteSession, context: ServiceContext, caller: Principal, job_id: UUID
) -> Job:
    """Give a simulation up; nothing of it is kept.

    Raises:
        SimulationNotFound, SimulationEnded.
    """
    _check_county(caller)
    job = await _required(session, context, job_id)
    if job.status == "cancelled":
        return job
    if not await repository.cancel(session, job_id, context.clock.now()):
        raise SimulationEnded("read what it found instead")
    await _log(session, context, caller, job_id, "simulation.cancelled")
    return await _required(session, context, job_id)


def wanted_of(body: SimulationRequest) -> Wanted:
    """What was asked, read.

    Raises:
        SimulationRefused: no visits are named, or in two ways; or the period is none.
    """
    stated = _has_persons(body)
    if body.period is None and not stated:
        _refuse(
            "period",
            "missing",
            "say whose visits: a period such as 2016-H1, or population.persons",
            "请填写期间(如 2016-H1)，或在 population.persons 中给出人员",
        )
    if body.period is not None and stated:
        _refuse(
            "population.persons",
            "two_sources",
            "persons are stated here and a period is named; leave one out",
            "同时给出了人员和期间；请只保留一项",
        )
    return Wanted(
        pack=body.pack,
        parameters=body.parameters,
        baseline_pack=body.baseline_pack,
        period=None if body.period is None else _period(body.period),
        target=body.target,
        burden_fen=int(body.burden_threshold),
    )


def period_said(said: str | Mapping[str, str]) -> Period:
    """A period as it is kept in a request."""
    return period_of(said if isinstance(said, str) else f"{said['from']}/{said['to']}")


def _period(said: str | Days) -> Period:
    try:
        return period_of(said if isinstance(said, str) else f"{said.first}/{said.last}")
    except PeriodMalformed:
        _refuse(
            "period",
            "malformed",
            "write 2016, 2016-H1, 2016-Q3, 2016-03 or 2016-01-01/2016-06-30, at most three years",
            "请填写 2016、2016-H1、2016-Q3、2016-03 或 2016-01-01/2016-06-30,最长三年",
        )


def _refuse(field: str, code: str, message: str, message_zh: str) -> NoReturn:
    raise SimulationRefused(errors=[FieldFault(field, code, message, message_zh)])


def _has_persons(body: SimulationRequest) -> bool:
    return isinstance(body.population, PopulationRequest) and body.population.persons is not None


def _check_packs(context: ServiceContext, body: SimulationRequest) -> None:
    pack = pack_of(context, body.pack)
    if body.baseline_pack is not None:
        pack_of(context, body.baseline_pack)
    try:
        pack.parameters.at(pack.valid_from, body.parameters)
    except OverrideRefused as refused:
        raise CalculationRefused(refused) from refused


def _check_persons(body: SimulationRequest) -> None:
    lines = 0
    refusals = []
    for path, person, visit in stated_visits(body):
        lines += len(visit.lines)
        bill, who = bill_of(person, visit)
        refusals += [(path, refusal) for refusal in refusals_of(bill, who, Standing())]
    if lines > MAX_STATED_LINES:
        _refuse(
            "population.persons",
            "too_many",
            f"more than {MAX_STATED_LINES} lines; ask about a period instead",
            f"明细超过 {MAX_STATED_LINES} 行；请改为按期间测算",
        )
    if refusals:
        raise SimulationRefused(
            errors=[
                FieldFault(f"{path}.{fault.field}", fault.code, fault.message, fault.message_zh)
                for path, refusal in refusals[:100]
                for fault in faults_of([refusal])
            ]
        )


def stated_visits(body: SimulationRequest) -> Iterator[tuple[str, StatedPerson, StatedVisit]]:
    """Every visit that is stated, with its place in the request."""
    if not isinstance(body.population, PopulationRequest):
        return
    for number, person in enumerate(body.population.persons or ()):
        for place, visit in enumerate(person.visits):
            yield f"population.persons[{number}].visits[{place}]", person, visit


def bill_of(person: StatedPerson, stated: StatedVisit) -> tuple[Bill, Person]:
    """A stated visit as the engine takes it."""
    visit = stated.visit
    programmes: Any = visit.disease_programme or ()
    if isinstance(programmes, str):
        programmes = [programmes]
    evidence = stated.evidence
    return (
        Bill(
            Visit(
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
            lines_of(stated.lines),
            Evidence()
            if evidence is None
            else Evidence(
                evidence.card_presented,
                {payer: int(amount) for payer, amount in evidence.stated_payments.items()},
            ),
        ),
        Person(frozenset(person.person.categories), person.person.insurance_plan),
    )


async def log_export(
    session: WriteSession, context: ServiceContext, caller: Principal, job_id: UUID
) -> None:
    """Note that what a simulation found was taken out."""
    await _log(session, context, caller, job_id, "simulation.exported")


async def _required(session: ReadSession, context: ServiceContext, job_id: UUID) -> Job:
    job = await repository.get(session, context.region.region_code, job_id)
    if job is None:
        raise SimulationNotFound
    return job


def _check_county(caller: Principal) -> None:
    if not caller.of_county:
        raise FacilityNotYours("simulations look at everybody's visits; the county asks for them")


async def _log(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    job_id: UUID,
    action: str,
    **detail: str,
) -> None:
    await audit.record(
        session,
        actor=caller.client_id,
        organisation=caller.organisation,
        action=action,
        subject=str(job_id),
        at=context.clock.now(),
        detail=detail,
    )
