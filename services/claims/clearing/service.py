"""Use cases of clearing: collect, submit, review, approve, pay, release, cancel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from services.claims.clearing import repository
from services.claims.clearing.domain import (
    Part,
    Payment,
    PaymentKind,
    ReviewSkipped,
    Run,
    SamePersonTwice,
    Status,
    Step,
    StepName,
    StepNotAllowed,
    end_of,
    payment_entry,
)
from services.claims.clearing.problems import (
    NothingToClear,
    PaymentRefused,
    PeriodRefused,
    ReferenceUsed,
    ReviewMissing,
    RunNotFound,
    SamePerson,
    StepRefused,
)
from services.claims.funds import repository as funds
from services.claims.funds.domain import FUNDS, use_of
from services.claims.funds.problems import FundInsufficient, FundNotFound
from services.claims.ledger import service as ledger
from shared.clock import business_date
from shared.db.session import ReadSession, WriteSession
from shared.events.catalog import ClearingPaid, ClearingShare
from shared.http.problem import FieldFault
from shared.ids import new_id
from shared.messaging import outbox
from shared.money import Fen
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


@dataclass(frozen=True)
class Amount:
    """What is paid of one part of a run."""

    facility_code: str
    fund: str
    use: str | None
    """None: the fund's only part of the facility."""
    amount_fen: int


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
                    message_zh="请填写已开始的月份,如 2018-03",
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
    await _log(session, context, caller, run, "create")
    return await _required(session, run.id)


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


async def _held(session: WriteSession, caller: Principal, run_id: UUID) -> Run:
    return _seen(caller, await repository.lock(session, run_id))


async def _required(session: ReadSession, run_id: UUID) -> Run:
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
    run = await _held(session, caller, run_id)
    await _take(session, context, caller, run, name, note)
    if name == "cancel":
        await repository.let_go(session, run.id)
    return await _required(session, run.id)


async def _take(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    run: Run,
    name: StepName,
    note: str | None,
) -> int:
    status = _after(run, name, caller)
    taken = Step(name, context.clock.now(), caller.client_id, note)
    await repository.insert_step(session, run.id, taken)
    crashpoints.reach("clearing.mid_step")
    version = await repository.change_status(session, run, status)
    await _log(session, context, caller, run, name)
    return version


def _after(run: Run, name: StepName, caller: Principal) -> Status:
    try:
        return run.after(name, caller.client_id)
    except ReviewSkipped as refusal:
        raise ReviewMissing(str(refusal)) from refusal
    except StepNotAllowed as refusal:
        raise StepRefused(str(refusal)) from refusal
    except SamePersonTwice as refusal:
        raise SamePerson(str(refusal)) from refusal


async def pay(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    run_id: UUID,
    *,
    paid_on: date | None,
    reference: str | None,
    amounts: Sequence[Amount] | None,
) -> tuple[Run, bool]:
    """Book what the funds have paid of an approved run; without amounts, all that is still open.

    A reference pays once: the same one with the same content changes nothing. The run is ``paid``
    when nothing is open any more.

    Returns:
        The run, and whether this call changed it.

    Raises:
        RunNotFound, StepRefused, SamePerson, PaymentRefused, ReferenceUsed, FundInsufficient.
    """
    run = await _held(session, caller, run_id)
    reference = reference or f"{run.period} {str(run.id)[-12:]}"
    before = await repository.payments_of(session, run.id, reference=reference)
    if before:
        _check_same(before, "payment", run, amounts)
        return run, False
    _after(run, "pay", caller)
    due = _due(run, amounts)
    made = await _book(session, context, caller, run, "payment", due, reference, paid_on)
    after = await _required(session, run.id)
    version = run.version + 1
    complete = not any(part.open_fen for part in after.parts)
    if complete:
        version = await _take(session, context, caller, run, "pay", reference)
    else:
        version = await repository.change_status(session, run, run.status)
        await _log(session, context, caller, run, "pay_partly")
    await _tell(session, context, after, made, complete=complete, version=version)
    return await _required(session, run.id), True


async def release(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    run_id: UUID,
    *,
    paid_on: date | None,
    reference: str | None,
) -> tuple[Run, bool]:
    """Pay out what was held back as assurance deposits, once the run is paid.

    Raises:
        RunNotFound, StepRefused, SamePerson, ReferenceUsed, FundInsufficient.
    """
    run = await _held(session, caller, run_id)
    reference = reference or f"{run.period} {str(run.id)[-12:]} deposit"
    before = await repository.payments_of(session, run.id, reference=reference)
    if before:
        _check_same(before, "release", run, None)
        return run, False
    due = [(part, part.held_fen - part.released_fen) for part in run.parts]
    due = [(part, amount) for part, amount in due if amount]
    if run.status != "paid" or not due:
        raise StepRefused("deposits are released of a paid run, once")
    prepared = {done.done_by for done in run.steps if done.step in {"create", "submit"}}
    if caller.client_id in prepared:
        raise SamePerson("somebody else must release what this client has prepared")
    made = await _book(session, context, caller, run, "release", due, reference, paid_on)
    version = await repository.change_status(session, run, run.status)
    await _log(session, context, caller, run, "release")
    await _tell(session, context, run, made, complete=True, version=version)
    return await _required(session, run.id), True


def _check_same(
    before: Sequence[Payment], kind: PaymentKind, run: Run, amounts: Sequence[Amount] | None
) -> None:
    """The reference was used: for the same payment, or another one?"""
    if any(payment.kind != kind for payment in before):
        raise ReferenceUsed("give the payment its own reference")
    if amounts is None:
        return
    paid = {payment.key: payment.amount_fen for payment in before}
    asked = {_part_of(run, amount, "payments").key: amount.amount_fen for amount in amounts}
    if paid != asked:
        raise ReferenceUsed("give the payment its own reference")


def _due(run: Run, amounts: Sequence[Amount] | None) -> list[tuple[Part, int]]:
    if amounts is None:
        return [(part, part.open_fen) for part in run.parts if part.open_fen]
    faults: list[FieldFault] = []
    due: dict[tuple[str, str, str], tuple[Part, int]] = {}
    for number, amount in enumerate(amounts):
        part = _part_of(run, amount, f"payments[{number}]")
        if part.key in due:
            faults.append(
                FieldFault(
                    field=f"payments[{number}]",
                    code="repeated",
                    message="name each facility, fund and use once",
                    message_zh="同一机构、基金和用途只能填写一次",
                )
            )
        elif not 0 < amount.amount_fen <= part.open_fen:
            faults.append(
                FieldFault(
                    field=f"payments[{number}].amount",
                    code="more_than_open",
                    message="write an amount above 0.00 and not above what is open",
                    message_zh="金额应大于 0.00 且不超过待付金额",
                )
            )
        due[part.key] = (part, amount.amount_fen)
    if faults:
        raise PaymentRefused("see the run's parts", errors=faults)
    return list(due.values())


def _part_of(run: Run, amount: Amount, field: str) -> Part:
    found = [
        part
        for part in run.parts
        if (part.facility_code, part.fund) == (amount.facility_code, amount.fund)
        and amount.use in {None, part.use}
    ]
    if len(found) != 1:
        raise PaymentRefused(
            "name a facility and a fund of the run, and the use where there are several",
            errors=[
                FieldFault(
                    field=field,
                    code="no_such_part",
                    message="the run owes nothing like it; see its parts",
                    message_zh="本批次没有该笔应付款;请查看批次明细",
                )
            ],
        )
    return found[0]


async def _book(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    run: Run,
    kind: PaymentKind,
    due: Sequence[tuple[Part, int]],
    reference: str,
    paid_on: date | None,
) -> list[Payment]:
    now = context.clock.now()
    total: dict[str, int] = {}
    for part, amount in due:
        total[part.fund] = total.get(part.fund, 0) + amount
    # Funds are held in the order of their names, by everyone who moves money.
    for fund in sorted(total):
        held = await funds.lock(session, region=run.region, fund=fund)
        if FUNDS[fund].closed and held < total[fund]:
            raise FundInsufficient(f"{fund} is closed and never negative; appropriate to it first")
    made = []
    for part, amount in due:
        payment = Payment(
            id=new_id(),
            run_id=run.id,
            facility_code=part.facility_code,
            fund=part.fund,
            use=part.use,
            kind=kind,
            reference=reference,
            amount_fen=amount,
            paid_on=paid_on or business_date(now),
            made_at=now,
            made_by=caller.client_id,
        )
        await repository.insert_payment(session, payment)
        await ledger.post(session, context, payment_entry(payment, part))
        crashpoints.reach("clearing.mid_pay")
        made.append(payment)
    return made


async def _tell(
    session: WriteSession,
    context: ServiceContext,
    run: Run,
    made: Sequence[Payment],
    *,
    complete: bool,
    version: int,
) -> None:
    await outbox.record(
        session,
        ClearingPaid(
            run_id=str(run.id),
            period=run.period,
            complete=complete,
            shares=tuple(
                ClearingShare(
                    facility_code=payment.facility_code,
                    fund=payment.fund,
                    use=payment.use,
                    kind=payment.kind,
                    amount=Fen(payment.amount_fen),
                    paid_on=payment.paid_on,
                )
                for payment in made
            ),
        ),
        subject=str(run.id),
        sequence=version,
        occurred_at=context.clock.now(),
    )


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
    await _log(session, context, caller, run, f"exported_{form}")


async def _log(
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
