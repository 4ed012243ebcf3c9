"""Use cases of the funds: money comes in, the position on a day, a warning before it is gone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from services.claims.funds import repository
from services.claims.funds.domain import FUNDS, Movement, MovementKind, Position, income_entry
from services.claims.funds.problems import (
    FundInsufficient,
    FundNotFound,
    OpenedAlready,
    SourceNotAllowed,
    TransferredAlready,
)
from services.claims.ledger import service as ledger
from services.claims.ledger.domain import FUND_NAMES
from services.claims.settings import settings_of
from shared.clock import business_date
from shared.db.session import ReadSession, WriteSession
from shared.events.catalog import FundWarned
from shared.http.problem import FieldFault
from shared.ids import new_id
from shared.messaging import outbox
from shared.money import Fen
from shared.runtime.context import ServiceContext
from shared.security import audit
from shared.security.principal import Principal

_WATCHED_ON = "claims.funds_watched_on"


@dataclass(frozen=True)
class Income:
    """Money that is to come into a fund."""

    kind: MovementKind
    source: str
    """A source of the fund's rules; of a transfer, the fund that it comes from."""
    amount_fen: int
    year: int
    document: str
    booked_on: date
    movement_id: UUID | None = None
    """Chosen by a form, so that sending it twice books once; None: a new one."""


async def positions(
    session: ReadSession, context: ServiceContext, caller: Principal, day: date | None
) -> list[Position]:
    """Every fund as of a day (default today), in the order of the rules; only for the county."""
    if not caller.of_county:
        return []
    day = day or business_date(context.clock.now())
    found = await repository.positions(session, region=context.region.region_code, day=day)
    return [found.get(fund, Position(fund, day, 0, 0, 0)) for fund in FUNDS]


async def position(
    session: ReadSession, context: ServiceContext, caller: Principal, fund: str, day: date | None
) -> Position:
    """One fund as of a day.

    Raises:
        FundNotFound: no such fund, or not the caller's to see.
    """
    _known(caller, fund)
    for found in await positions(session, context, caller, day):
        if found.fund == fund:
            return found
    raise FundNotFound


async def movements(
    session: ReadSession,
    context: ServiceContext,
    caller: Principal,
    fund: str,
    *,
    after: UUID | None,
    limit: int,
) -> list[Movement]:
    """What came into a fund; one more than ``limit`` when there is a next page.

    Raises:
        FundNotFound: no such fund, or not the caller's to see.
    """
    _known(caller, fund)
    return await repository.movements_of(
        session, region=context.region.region_code, fund=fund, after=after, limit=limit + 1
    )


async def check(
    session: WriteSession, context: ServiceContext, caller: Principal, fund: str, income: Income
) -> None:
    """Try what :func:`receive` would say, and leave nothing behind.

    Raises:
        FundNotFound, SourceNotAllowed, FundInsufficient, OpenedAlready, TransferredAlready.
    """
    tried = await session.begin_nested()
    try:
        await receive(session, context, caller, fund, income)
    finally:
        await tried.rollback()


async def receive(
    session: WriteSession, context: ServiceContext, caller: Principal, fund: str, income: Income
) -> Movement:
    """Book an opening balance, an appropriation or a transfer from another fund.

    Raises:
        FundNotFound: no such fund, or not the caller's.
        SourceNotAllowed: the fund's rules do not know the source.
        FundInsufficient: the other fund does not hold so much.
        OpenedAlready, TransferredAlready: there is one already.
    """
    _known(caller, fund)
    region = context.region.region_code
    movement = Movement(
        id=income.movement_id or new_id(),
        region=region,
        fund=fund,
        kind=income.kind,
        source=_source(fund, income),
        from_fund=income.source if income.kind == "transfer" else None,
        year=income.year,
        amount_fen=income.amount_fen,
        document=income.document,
        booked_on=income.booked_on,
        made_at=context.clock.now(),
        made_by=caller.client_id,
    )
    # Funds are held in the order of their names, by everyone who moves money between them.
    held = {
        each: await repository.lock(session, region=region, fund=each)
        for each in sorted({fund, movement.from_fund or fund})
    }
    if income.movement_id is not None:
        before = await repository.movement(session, movement.id)
        if before is not None:
            return before
    if movement.from_fund is not None and held[movement.from_fund] < movement.amount_fen:
        raise FundInsufficient("appropriate to the other fund first, or transfer less")
    if not await repository.insert_movement(session, movement):
        if movement.kind == "opening":
            raise OpenedAlready("correct it with an appropriation")
        raise TransferredAlready("the special fund is fed once a year (XB-53)")
    await ledger.post(session, context, income_entry(movement))
    await audit.record(
        session,
        actor=caller.client_id,
        organisation=caller.organisation,
        action=f"fund.{movement.kind}",
        subject=fund,
        at=movement.made_at,
        detail={"movement_id": str(movement.id), "amount_fen": movement.amount_fen},
    )
    return movement


def _source(fund: str, income: Income) -> str:
    rules = FUNDS[fund]
    if income.kind == "opening":
        return "opening_balance"
    allowed = rules.transfers if income.kind == "transfer" else rules.sources
    if income.source not in allowed:
        field = "from_fund" if income.kind == "transfer" else "source"
        known = ", ".join(allowed)
        raise SourceNotAllowed(
            f"see {rules.citation}",
            errors=[
                FieldFault(
                    field=field,
                    code="source_not_allowed",
                    message=f"write one of: {known}"
                    if known
                    else "this fund takes none of this kind",
                    message_zh=f"可填: {known}" if known else "该基金不接受此类拨入",
                )
            ],
        )
    return rules.transfers[income.source] if income.kind == "transfer" else income.source


def _known(caller: Principal, fund: str) -> None:
    if fund not in FUNDS or not caller.of_county:
        raise FundNotFound(f"funds are: {', '.join(FUNDS)}")


async def watch(context: ServiceContext) -> None:
    """Look at the funds once a day; the worker asks more often."""
    today = business_date(context.clock.now())
    if context.state.get(_WATCHED_ON) == today:
        return
    async with context.db.writing() as session:
        await warn(session, context)
    context.state[_WATCHED_ON] = today


async def warn(session: WriteSession, context: ServiceContext) -> None:
    """Tell of each fund that runs out soon at the present pace; once a month.

    Only funds whose money is booked here are watched: of the others nobody knows what they hold.
    """
    now = context.clock.now()
    today = business_date(now)
    region = context.region.region_code
    watched = await repository.funds_with_money(session, region)
    found = await repository.positions(session, region=region, day=today)
    for fund in sorted(watched & FUND_NAMES.keys() & found.keys()):
        standing = found[fund]
        runs_out_on = standing.runs_out_on
        if runs_out_on is None or not standing.to_warn(settings_of(context).fund_warning_days):
            continue
        month = today.replace(day=1)
        if await repository.note_warning(session, region=region, fund=fund, month=month, at=now):
            await outbox.record(
                session,
                FundWarned(
                    fund=fund,
                    as_of=today,
                    balance=Fen(standing.balance_fen),
                    owed=Fen(standing.owed_fen),
                    pace=Fen(standing.pace_fen),
                    runs_out_on=runs_out_on,
                ),
                subject=fund,
                # One a month: the month's number rises.
                sequence=month.year * 12 + month.month,
                occurred_at=now,
            )
