"""All SQL of the funds."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert as pg_insert

from services.claims.funds.domain import PACE_DAYS, Movement, Position
from services.claims.models import fund_balances, fund_movements, fund_warnings
from shared.db.session import ReadSession, WriteSession

_POSITIONS = text("""
SELECT a.fund,
  coalesce(sum(p.amount_fen) FILTER (WHERE a.kind = 'fund'), 0)::bigint AS balance_fen,
  coalesce(sum(p.amount_fen) FILTER (WHERE a.kind IN ('payer', 'held')), 0)::bigint AS owed_fen,
  coalesce(sum(p.amount_fen) FILTER (WHERE a.kind = 'payer'
    AND (e.settlement_id IS NOT NULL OR e.kind IN ('service_fee', 'drug_payment'))
    AND e.booked_on > :since), 0)::bigint AS cost_fen,
  coalesce(sum(p.amount_fen) FILTER (WHERE a.kind = 'fund' AND p.amount_fen > 0
    AND e.booked_on >= :year_began), 0)::bigint AS received_fen,
  coalesce(-sum(p.amount_fen) FILTER (WHERE a.kind = 'fund' AND p.amount_fen < 0
    AND e.booked_on >= :year_began), 0)::bigint AS given_fen
FROM accounts a JOIN postings p ON p.account_code = a.code
  JOIN journal_entries e ON e.id = p.entry_id
WHERE a.region = :region AND a.fund IS NOT NULL AND e.booked_on <= :day
GROUP BY a.fund
""")


async def positions(session: ReadSession, *, region: str, day: date) -> dict[str, Position]:
    """Each fund that has any entry up to the day, as of the day."""
    found = await session.execute(
        _POSITIONS,
        {
            "region": region,
            "day": day,
            "since": day - timedelta(days=PACE_DAYS),
            "year_began": day.replace(month=1, day=1),
        },
    )
    return {row.fund: Position(day=day, **row) for row in found.mappings()}


async def lock(session: WriteSession, *, region: str, fund: str) -> int:
    """Hold a fund's money until the transaction ends; gives how much it is, in fen."""
    await session.execute(
        pg_insert(fund_balances)
        .values(region=region, fund=fund, balance_fen=0)
        .on_conflict_do_nothing()
    )
    held = await session.scalar(
        select(fund_balances.c.balance_fen)
        .where(fund_balances.c.region == region, fund_balances.c.fund == fund)
        .with_for_update()
    )
    return int(held or 0)


async def insert_movement(session: WriteSession, movement: Movement) -> bool:
    """Keep a movement; False when the fund's opening, or the year's transfer, is there already."""
    made = await session.scalar(
        pg_insert(fund_movements)
        .values(**asdict(movement))
        .on_conflict_do_nothing()
        .returning(fund_movements.c.id)
    )
    return made is not None


async def movement(session: ReadSession, movement_id: UUID) -> Movement | None:
    """A movement by its id."""
    c = fund_movements.c
    statement = select(*(c[name] for name in Movement.__dataclass_fields__)).where(
        c.id == movement_id
    )
    row = (await session.execute(statement)).mappings().one_or_none()
    return None if row is None else Movement(**row)


async def movements_of(
    session: ReadSession, *, region: str, fund: str, after: Any, limit: int
) -> list[Movement]:
    """What came into a fund, oldest first."""
    c = fund_movements.c
    statement = (
        select(*(c[name] for name in Movement.__dataclass_fields__))
        .where(c.region == region, c.fund == fund)
        .order_by(c.id)
        .limit(limit)
    )
    if after is not None:
        statement = statement.where(c.id > after)
    return [Movement(**row) for row in (await session.execute(statement)).mappings()]


async def funds_with_money(
    session: ReadSession, region: str, until: date | None = None
) -> set[str]:
    """Funds whose money was booked here, up to a day; of the others only the bills are known."""
    c = fund_movements.c
    statement = select(c.fund).distinct().where(c.region == region)
    if until is not None:
        statement = statement.where(c.booked_on <= until)
    return set(await session.scalars(statement))


async def is_opened(session: ReadSession, *, region: str, fund: str) -> bool:
    """Whether the fund's opening balance is booked."""
    c = fund_movements.c
    found = await session.scalar(
        select(c.id).where(c.region == region, c.fund == fund, c.kind == "opening")
    )
    return found is not None


async def note_warning(
    session: WriteSession, *, region: str, fund: str, month: date, at: datetime
) -> bool:
    """Note that a fund is warned of this month; False when it was before."""
    noted = await session.scalar(
        pg_insert(fund_warnings)
        .values(region=region, fund=fund, month=month, warned_at=at)
        .on_conflict_do_nothing()
        .returning(fund_warnings.c.month)
    )
    return noted is not None
