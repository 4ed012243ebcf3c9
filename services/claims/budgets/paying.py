"""Use cases of a global budget that move money: a month's advance, the year's end."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from uuid import UUID

from services.claims.budgets import repository, service
from services.claims.budgets.domain import (
    FUND,
    Agreement,
    Cost,
    YearEnd,
    advance_entry,
    year_end,
    year_end_entry,
)
from services.claims.budgets.problems import AdvancedAlready, YearNotOver, YearSettled
from services.claims.budgets.repository import Advance, Settled
from services.claims.funds import repository as funds
from services.claims.funds.problems import FundInsufficient
from services.claims.ledger import service as ledger
from shared.clock import business_date
from shared.db.session import ReadSession, WriteSession
from shared.ids import new_id
from shared.runtime.context import ServiceContext
from shared.security.principal import Principal


async def advance(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    agreement_id: UUID,
    *,
    month: int,
    paid_on: date | None,
) -> service.Budget:
    """Pay a month's advance to the lead hospital, once (SJ-20, SJ-21).

    Raises:
        BudgetNotFound; NoAgreement: not signed (SJ-26); AdvancedAlready, YearSettled.
        FundInsufficient: the fund does not hold so much.
    """
    service.check_county(caller)
    agreement = await service.payable(session, context, agreement_id)
    amount = agreement.schedule()[month - 1]
    today = business_date(context.clock.now())
    made = Advance(new_id(), month, amount, paid_on or today, context.clock.now(), caller.client_id)
    entry = advance_entry(agreement, made.id, amount, made.paid_on)
    if not await repository.insert_advance(
        session, agreement.id, made, entry.postings[0].account.code
    ):
        raise AdvancedAlready
    await _check_money(session, agreement.region, amount)
    await ledger.post(session, context, entry)
    await service.log(
        session, context, caller, agreement.id, "budget.advanced", month=month, amount_fen=amount
    )
    return await service.required(session, context, agreement.id)


async def settle_year(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    agreement_id: UUID,
    *,
    factor: Decimal,
    unreasonable_fen: int,
    paid_on: date | None,
) -> service.Budget:
    """Settle the year once it is over: surplus kept, overspend shared, the rest paid or given back.

    Raises:
        BudgetNotFound, NoAgreement, YearSettled, YearNotOver, FundInsufficient.
        BudgetRefused: more is called unreasonable than was overspent.
    """
    service.check_county(caller)
    agreement = await service.payable(session, context, agreement_id)
    today = business_date(context.clock.now())
    if today.year <= agreement.year:
        raise YearNotOver(f"settle it from {agreement.year + 1}-01-01 on")
    costs = await repository.costs_of(session, agreement)
    end = await _end(session, agreement, costs, factor=factor, unreasonable_fen=unreasonable_fen)
    settled = Settled(
        new_id(),
        factor,
        figures_of(end),
        end.final_fen,
        paid_on or today,
        context.clock.now(),
        caller.client_id,
    )
    if not await repository.insert_settlement(session, agreement.id, settled):
        raise YearSettled
    if end.final_fen > 0:
        await _check_money(session, agreement.region, end.final_fen)
    entry = year_end_entry(agreement, settled.id, end, costs, settled.paid_on)
    if entry is not None:
        await ledger.post(session, context, entry)
    await service.log(
        session, context, caller, agreement.id, "budget.settled", final_fen=end.final_fen
    )
    return await service.required(session, context, agreement.id)


async def so_far(session: ReadSession, budget: service.Budget) -> YearEnd:
    """How the year would end with what it has cost so far, assessed in full."""
    return await _end(
        session, budget.agreement, budget.costs, factor=Decimal(1), unreasonable_fen=0
    )


async def _end(
    session: ReadSession,
    agreement: Agreement,
    costs: Sequence[Cost],
    *,
    factor: Decimal,
    unreasonable_fen: int,
) -> YearEnd:
    advances = await repository.advances_of(session, agreement.id)
    try:
        return year_end(
            agreement,
            costs,
            factor=factor,
            unreasonable_fen=unreasonable_fen,
            advances_fen=sum(each.amount_fen for each in advances),
        )
    except ValueError:
        service.refuse(
            "unreasonable",
            "more_than_overspent",
            "no more than the overspend can be unreasonable",
            "不合理超支不得大于超支总额",
        )


def figures_of(end: YearEnd) -> dict[str, int]:
    """A year's end as it is kept."""
    names = (
        "budget", "actual", "elsewhere", "direct", "surplus", "kept", "overspend",
        "unreasonable", "borne", "advances", "due", "final",
    )  # fmt: skip
    return {name: int(getattr(end, f"{name}_fen")) for name in names}


async def _check_money(session: WriteSession, region: str, amount_fen: int) -> None:
    """A fund whose money is booked here pays no more than it holds."""
    held = await funds.lock(session, region=region, fund=FUND)
    if await repository.balance(session, region) is not None and held < amount_fen:
        raise FundInsufficient("appropriate to basic_insurance first")
