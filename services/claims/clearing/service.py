"""Use cases of clearing: collect, submit, review, approve, pay, release, cancel."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from services.claims.clearing import repository
from services.claims.clearing.domain import (
    ReviewSkipped,
    Run,
    SamePersonTwice,
    Status,
    Step,
    StepName,
    StepNotAllowed,
    end_of,
)
from services.claims.clearing.problems import (
    NothingToClear,
    NotYourFund,
    PeriodRefused,
    ReviewMissing,
    RunNotFound,
    SamePerson,
    StepRefused,
)
from services.claims.funds.domain import FUNDS, use_of
from services.claims.funds.problems import FundNotFound
from shared.clock import business_date
from shared.db.session import ReadSession, WriteSession
from shared.http.problem import FieldFault
from shared.ids import new_id
from shared.runtime import crashpoints
from shared.runtime.context import ServiceContext
from shared.security import audit
from shared.security.principal import FacilityNotYours, Principal

_VISIT_TYPES = ("outpatient", "inpatient", "chronic_outpatient", "emergency")


@dataclass(frozen=True)
class Wanted:
    """What a run is to collect."""

    period: str
    fund: str | None
    facility_code: str | None
    deposit_ratio: Decimal


async def create(
    session: WriteSession, context: ServiceContext, caller: Principal, wanted: Wanted
) -> Run:
    """Collect what the funds owe up to a month's end and what stands in no run yet.

    Raises:
        PeriodRefused: a month that has not begun. FundNotFound. FacilityNotYours.
        NothingToClear: everything stands in a run, or nothing is owed.
    """
    now = context.clock.now()
    today = business_date(now)
    until = end_of(wanted.period)
    if until.replace(day=1) > today:
        raise PeriodRefused(
            "the month has not begun",
            errors=[
                FieldFault(
                    field="period",
                    code="in_future",
                    message="write a month that has begun, such as 2018-03",
                    message_zh="请填写已开始的月份，如 2018-03",
                )
            ],
        )
    if wanted.fund is not None and wanted.fund not in FUNDS:
        raise FundNotFound(f"funds are: {', '.join(FUNDS)}")
    run = Run(
        id=new_id(),
        region=context.region.region_code,
        period=wanted.period,
        fund=wanted.fund,
        facility_code=_facility_of(caller, wanted.facility_code),
        status="draft",
        version=1,
        deposit_ratio=wanted.deposit_ratio,
        steps=(Step("create", now, caller.client_id, None),),
        parts=(),
    )
    uses = [(fund, kind, use_of(fund, kind)) for fund in FUNDS for kind in _VISIT_TYPES]
    if not await repository.collect(session, run, until=until, uses=uses):
        raise NothingToClear("see the runs of this period")
    crashpoints.reach("clearing.mid_create")
    await log(session, context, caller, run, "create")
    return await required(session, run.id)


def _facility_of(caller: Principal, asked: str | None) -> str | None:
    kind, _, own = caller.organisation.partition(":")
    if kind == "region":
        return asked
    if kind != "facility" or asked not in {None, own}:
        raise FacilityNotYours("collect your own facility's bills")
    return own


async def visible(session: ReadSession, caller: Principal, run_id: UUID) -> Run:
    """A run that the caller may see.

    Raises:
        RunNotFound: no such run, or another facility's.
    """
    return _seen(caller, await repository.get(session, run_id))


def _seen(caller: Principal, run: Run | None) -> Run:
    # Of a run of every facility, a facility sees nothing: the others' sums stand in it.
    if run is None or not caller.may_see_facility(run.facility_code or ""):
        raise RunNotFound
    return run


async def held(session: WriteSession, caller: Principal, run_id: UUID) -> Run:
    return _seen(caller, await repository.lock(session, run_id))


async def required(session: ReadSession, run_id: UUID) -> Run:
    run = await repository.get(session, run_id)
    if run is None:
        raise RunNotFound
    return run


async def step(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    run_id: UUID,
    name: StepName,
    note: str | None,
) -> Run:
    """Submit, review, approve or cancel a run.

    Raises:
        RunNotFound, StepRefused, ReviewMissing, SamePerson.
    """
    run = await held(session, caller, run_id)
    await take(session, context, caller, run, name, note)
    if name == "cancel":
        await repository.let_go(session, run.id)
    return await required(session, run.id)


async def take(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    run: Run,
    name: StepName,
    note: str | None,
) -> int:
    status = check_step(run, name, caller)
    taken = Step(name, context.clock.now(), caller.client_id, note)
    await repository.insert_step(session, run.id, taken)
    crashpoints.reach("clearing.mid_step")
    version = await repository.change_status(session, run, status)
    await log(session, context, caller, run, name)
    return version


def check_step(run: Run, name: StepName, caller: Principal) -> Status:
    """The state after a step by this caller.

    Raises:
        StepRefused, ReviewMissing, SamePerson, NotYourFund.
    """
    status = _after(run, name, caller)
    if name in {"approve", "pay"}:
        check_funds(run, caller)
    return status


def check_funds(run: Run, caller: Principal) -> None:
    """Refuse a caller of another agency than those that approve and pay the run's funds (XB-28).

    Raises:
        NotYourFund.
    """
    for fund in run.not_approved_by(caller.scopes):
        raise NotYourFund(
            f"{fund} is approved and paid by: {FUNDS[fund].holder_en}"
            f" (scope {FUNDS[fund].approver}); ask it, or make a run of the other funds alone"
        )


def _after(run: Run, name: StepName, caller: Principal) -> Status:
    try:
        return run.after(name, caller.client_id)
    except ReviewSkipped as refusal:
        raise ReviewMissing(str(refusal)) from refusal
    except StepNotAllowed as refusal:
        raise StepRefused(str(refusal)) from refusal
    except SamePersonTwice as refusal:
        raise SamePerson(str(refusal)) from refusal


def check_payable(run: Run) -> None:
    """Refuse to write money orders for a run that nobody has approved.

    Raises:
        StepRefused: it is not approved.
    """
    if run.status not in {"approved", "paid"}:
        raise StepRefused("approve the run first")


async def log_export(
    session: WriteSession, context: ServiceContext, caller: Principal, run: Run, form: str
) -> None:
    """Note that a run's statement or bank file was taken out."""
    await log(session, context, caller, run, f"exported_{form}")


async def log(
    session: WriteSession, context: ServiceContext, caller: Principal, run: Run, action: str
) -> None:
    await audit.record(
        session,
        actor=caller.client_id,
        organisation=caller.organisation,
        action=f"clearing.{action}",
        subject=str(run.id),
        at=context.clock.now(),
        detail={
            "period": run.period,
            "amount_fen": sum(part.amount_fen for part in run.parts),
            "paid_fen": sum(part.paid_fen for part in run.parts),
        },
    )
