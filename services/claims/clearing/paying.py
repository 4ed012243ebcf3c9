"""Use cases of clearing that move money: pay a run or parts of it, release its deposits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from services.claims.clearing import repository, service
from services.claims.clearing.domain import Part, Payment, PaymentKind, Run, payment_entry
from services.claims.clearing.problems import (
    PaymentRefused,
    ReferenceUsed,
    SamePerson,
    StepRefused,
)
from services.claims.funds import repository as funds
from services.claims.funds.domain import FUNDS
from services.claims.funds.problems import FundInsufficient
from services.claims.ledger import service as ledger
from shared.clock import business_date
from shared.db.session import WriteSession
from shared.events.catalog import ClearingPaid, ClearingShare
from shared.http.problem import FieldFault
from shared.ids import new_id
from shared.messaging import outbox
from shared.money import Fen
from shared.runtime import crashpoints
from shared.runtime.context import ServiceContext
from shared.security.principal import Principal


@dataclass(frozen=True)
class Amount:
    """What is paid of one part of a run."""

    facility_code: str
    fund: str
    use: str | None
    """None: the fund's only part of the facility."""
    amount_fen: int


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
        RunNotFound, StepRefused, SamePerson, NotYourFund, PaymentRefused, ReferenceUsed,
        FundInsufficient.
    """
    run = await service.held(session, caller, run_id)
    reference = reference or f"{run.period} {str(run.id)[-12:]}"
    before = await repository.payments_of(session, run.id, reference=reference)
    if before:
        _check_same(before, "payment", run, amounts)
        return run, False
    service.check_step(run, "pay", caller)
    due = _due(run, amounts)
    made = await _book(session, context, caller, run, "payment", due, reference, paid_on)
    after = await service.required(session, run.id)
    version = run.version + 1
    complete = not any(part.open_fen for part in after.parts)
    if complete:
        version = await service.take(session, context, caller, run, "pay", reference)
    else:
        version = await repository.change_status(session, run, run.status)
        await service.log(session, context, caller, run, "pay_partly")
    await _tell(session, context, after, made, complete=complete, version=version)
    return await service.required(session, run.id), True


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
        RunNotFound, StepRefused, SamePerson, NotYourFund, ReferenceUsed, FundInsufficient.
    """
    run = await service.held(session, caller, run_id)
    reference = reference or f"{run.period} {str(run.id)[-12:]} deposit"
    before = await repository.payments_of(session, run.id, reference=reference)
    if before:
        _check_same(before, "release", run, None)
        return run, False
    due = [(part, part.held_fen - part.released_fen) for part in run.parts]
    due = [(part, amount) for part, amount in due if amount]
    if run.status != "paid" or not due:
        raise StepRefused("deposits are released of a paid run, once")
    service.check_funds(run, caller)
    prepared = {done.done_by for done in run.steps if done.step in {"create", "submit"}}
    if caller.client_id in prepared:
        raise SamePerson("somebody else must release what this client has prepared")
    made = await _book(session, context, caller, run, "release", due, reference, paid_on)
    version = await repository.change_status(session, run, run.status)
    await service.log(session, context, caller, run, "release")
    await _tell(session, context, run, made, complete=True, version=version)
    return await service.required(session, run.id), True


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
                    message_zh="本批次没有该笔应付款；请查看批次明细",
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
