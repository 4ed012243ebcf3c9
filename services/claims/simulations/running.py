"""Making simulations, one after the other, off the event loop: progress, cancelling, new starts.

One process at a time runs them, under an advisory lock. A simulation whose process died still says
``running`` when the lock is free again, and is begun anew; what it found is written in one
statement at its end, so nothing is there twice.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog

from services.claims.encounters.domain import in_force
from services.claims.encounters.members import periods
from services.claims.encounters.schemas import PROGRAMMES_APART
from services.claims.packs.service import pack_in_force, pack_of
from services.claims.settlement.tiers import SettlementPack
from services.claims.simulations import repository
from services.claims.simulations.columns import Facts, facts_of
from services.claims.simulations.domain import Narrowed, Period, Wanted
from services.claims.simulations.moving import moved_into
from services.claims.simulations.population import Population, PopulationBuilder, Settled
from services.claims.simulations.replay import Replayed, replay
from services.claims.simulations.reported import reported_of
from services.claims.simulations.repository import DispensingRow, Job, VisitRow
from services.claims.simulations.schemas import PopulationRequest, SimulationRequest
from services.claims.simulations.service import bill_of, stated_visits, wanted_of
from services.claims.simulations.summary import Measures, compare
from shared.db.session import ReadSession
from shared.http.problem import Problem
from shared.runtime.context import ServiceContext
from shared.runtime.tasks import alongside

log = structlog.get_logger(__name__)

POLL_S = 1.0
PROGRESS_EVERY_S = 0.3
MAX_ATTEMPTS = 3
MAX_VISITS = 5_000_000


class Cancelled(Exception):
    """Somebody gave the simulation up."""


class CannotCompare(Exception):
    """The simulation fails, for a reason that its asker can act on."""

    def __init__(self, code: str, message: str, message_zh: str) -> None:
        super().__init__(message)
        self.fault = {"code": code, "message": message, "message_zh": message_zh}


@dataclass
class Ticker:
    """How far the work is, told from its thread; and whether it is to stop."""

    phase: str = "reading"
    done: int = 0
    total: int = 0
    stop: threading.Event = field(default_factory=threading.Event)

    def tell(self, done: int, total: int) -> None:
        """For a replay.

        Raises:
            Cancelled
        """
        self.done, self.total = done, total
        if self.stop.is_set():
            raise Cancelled


async def run_simulations(context: ServiceContext) -> None:
    """The worker's job: make what waits, for as long as it runs."""
    while True:
        async with context.db.reading() as session:
            waiting = await repository.waiting(session, context.region.region_code)
        if not waiting or not await run_next(context):
            await asyncio.sleep(POLL_S)


async def run_next(context: ServiceContext) -> bool:
    """Make the oldest simulation that waits; False when none does, or another process is at it."""
    async with context.db.alone("claims.simulations") as mine:
        if not mine:
            return False
        async with context.db.writing() as session:
            job = await repository.begin(session, context.region.region_code, context.clock.now())
        if job is None:
            return False
        await _run(context, job)
        return True


async def _run(context: ServiceContext, job: Job) -> None:
    if job.attempts > MAX_ATTEMPTS:
        await _fail(
            context,
            job,
            {
                "code": "given_up",
                "message": "the service ended while it ran, several times; ask for less at once",
                "message_zh": "测算期间服务多次中断；请缩小范围后重试",
            },
        )
        return
    ticker = Ticker()
    try:
        async with alongside(_watch(context, job, ticker)):
            result = await _made(context, job, ticker)
    except Cancelled:
        log.info("simulation_cancelled", simulation=str(job.id))
        return
    except CannotCompare as cannot:
        await _fail(context, job, cannot.fault)
        return
    except Problem as problem:
        await _fail(
            context,
            job,
            {"code": problem.code, "message": problem.title, "message_zh": problem.title_zh},
        )
        return
    finally:
        ticker.stop.set()
    async with context.db.writing() as session:
        await repository.progress(session, job.id, ticker.phase, ticker.total, ticker.total)
        await repository.finish(session, job.id, context.clock.now(), result)


async def _fail(context: ServiceContext, job: Job, fault: Mapping[str, Any]) -> None:
    async with context.db.writing() as session:
        await repository.fail(session, job.id, context.clock.now(), fault)


async def _watch(context: ServiceContext, job: Job, ticker: Ticker) -> None:
    """Note the progress from time to time; stop the work when it was cancelled meanwhile."""
    while not ticker.stop.is_set():
        await asyncio.sleep(PROGRESS_EVERY_S)
        async with context.db.writing() as session:
            if not await repository.progress(
                session, job.id, ticker.phase, ticker.done, ticker.total
            ):
                ticker.stop.set()


async def _made(context: ServiceContext, job: Job, ticker: Ticker) -> dict[str, Any]:
    body = SimulationRequest.model_validate(job.request)
    wanted = wanted_of(body)
    pack = pack_of(context, wanted.pack)
    if wanted.period is None:
        builder = _stated(body)
        baseline: SettlementPack | None = pack_in_force(context)
    else:
        async with context.db.reading() as session:
            builder = await _settled(session, context, wanted.period, body, ticker)
        baseline = None
    if wanted.baseline_pack is not None:
        baseline = pack_of(context, wanted.baseline_pack)
    found = await asyncio.to_thread(_compared, builder, pack, baseline, wanted, ticker)
    if wanted.period is not None and isinstance(body.population, str | None):
        found["reported"] = reported_of(context.region.pack_id, wanted.period)
    return found


def _compared(
    builder: PopulationBuilder,
    pack: SettlementPack,
    baseline: SettlementPack | None,
    wanted: Wanted,
    ticker: Ticker,
) -> dict[str, Any]:
    """In a thread: build the columns, replay them, compare."""
    ticker.phase = "replaying"
    population = builder.built()
    before = population.before
    if baseline is not None:
        before = _replayed(population, baseline, {}, ticker)[0]
    if before is None:
        # Nothing was settled in the period: both sides are empty.
        before = _replayed(population, pack, {}, ticker)[0]
    after, years = _replayed(population, pack, wanted.parameters, ticker)
    ticker.phase = "comparing"
    measures = Measures(wanted.target, wanted.burden_fen)
    return {
        "pack_version": pack.version,
        "moved_years": years,
        **compare(population, before, after, measures),
    }


def _replayed(
    population: Population, pack: SettlementPack, parameters: Mapping[str, Any], ticker: Ticker
) -> tuple[Replayed, int]:
    columns = population.columns
    years = moved_into(columns, pack)
    if years is None:
        raise CannotCompare(
            "pack_does_not_cover",
            f"the pack {pack.pack_id} is in force for less time than the visits span;"
            " choose a shorter period",
            f"政策包 {pack.pack_id} 的适用期短于所选期间；请缩短期间",
        )
    done = replay(columns, pack, parameters=parameters, years=years, progress=ticker.tell)
    return done, years


def _stated(body: SimulationRequest) -> PopulationBuilder:
    builder = PopulationBuilder()
    for path, person, stated in stated_visits(body):
        bill, who = bill_of(person, stated)
        day = bill.visit.day
        if day is None:
            raise AssertionError("a visit without a day was refused when it was asked about")
        place = builder.visit(
            path.removeprefix("population."),
            facts_of(bill.visit, who, bill.evidence),
            day,
            person=person.person_id,
            household=person.household_id,
            category=next(iter(person.person.categories), None),
            township=person.township,
            inside=True,
            stated=bill.evidence.stated_payments,
        )
        builder.columns.lines(place, bill.lines)
    return builder


async def _settled(
    session: ReadSession,
    context: ServiceContext,
    period: Period,
    body: SimulationRequest,
    ticker: Ticker,
) -> PopulationBuilder:
    """The settled visits of the period's years up to its last day, with their lines."""
    narrowed = Narrowed()
    if isinstance(body.population, PopulationRequest):
        narrowed = Narrowed(
            frozenset(body.population.categories),
            frozenset(body.population.townships),
            frozenset(body.population.facility_levels),
        )
    region = context.region.region_code
    years = period.first.year, period.last.year
    total = await repository.settled_visits(session, region, years)
    if total > MAX_VISITS:
        raise CannotCompare(
            "too_many_visits",
            f"more than {MAX_VISITS} visits; choose a shorter period",
            f"就诊超过 {MAX_VISITS} 人次；请缩短期间",
        )
    builder = PopulationBuilder()
    facts: dict[Any, Facts] = {}
    handed_out = deque(
        await repository.dispensings(session, region, period.first.year, period.last)
    )
    async for rows in repository.visits(session, region, years):
        within = [row for row in rows if row.day <= period.last]
        if within:
            first = builder.visits
            for row in within:
                while handed_out and handed_out[0].place < row.place:
                    _hand_out(builder, context, handed_out.popleft(), period, narrowed)
                _add(builder, context, row, period, narrowed, facts)
            builder.columns.page(
                first, await repository.lines(session, [row.encounter_id for row in within])
            )
        ticker.tell(builder.visits, total)
    for each in handed_out:
        _hand_out(builder, context, each, period, narrowed)
    return builder


def _hand_out(
    builder: PopulationBuilder,
    context: ServiceContext,
    row: DispensingRow,
    period: Period,
    narrowed: Narrowed,
) -> None:
    facility = context.region.facility(row.facility_code)
    categories = frozenset(in_force(periods(row.categories), row.day))
    builder.dispensing(
        row.day,
        row.person,
        inside=period.holds(row.day)
        and narrowed.holds(categories, row.township, facility.facility_level if facility else ""),
        total=row.total_fen,
        insured=row.insured_fen,
        told=row.told_fen,
        cap=row.cap_fen,
        paid=row.fund_fen,
    )


def _add(
    builder: PopulationBuilder,
    context: ServiceContext,
    row: VisitRow,
    period: Period,
    narrowed: Narrowed,
    known: dict[Any, Facts],
) -> None:
    categories = frozenset(row.categories)
    key = (
        row.visit_type,
        row.facility_code,
        row.facility_level,
        row.in_region,
        row.referral,
        row.disease_programme,
        categories,
        row.insurance_plan,
        row.card_presented,
        frozenset(row.stated_payments),
    )
    facts = known.get(key)
    if facts is None:
        facility = context.region.facility(row.facility_code)
        programmes = tuple(
            word for word in (row.disease_programme or "").split(PROGRAMMES_APART) if word
        )
        facts = known[key] = Facts(
            row.visit_type,
            row.facility_level,
            row.in_region,
            facility is None or facility.designated,
            row.referral,
            programmes,
            categories,
            row.insurance_plan,
            row.card_presented,
            frozenset(row.stated_payments),
        )
    builder.visit(
        str(row.id),
        facts,
        row.day,
        person=row.person,
        household=row.household,
        category=row.category,
        township=row.township,
        inside=period.holds(row.day)
        and narrowed.holds(categories, row.township, row.facility_level),
        stated=row.stated_payments,
        settled=Settled(row.total_fen, row.waived_fen, row.in_scope_fen, row.gap, row.payers),
    )
