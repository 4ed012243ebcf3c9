"""All SQL about dispensings, and about what settled visits used of the same yearly cap."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, or_, select, update
from sqlalchemy.dialects.postgresql import insert as pg_insert

from services.contracts.models import Dispensing, DrugSettlement, Task
from shared.db.session import ReadSession, WriteSession


async def fund_paid_in(session: ReadSession, members: Sequence[str], year: int) -> int:
    """What the fund has paid in a calendar year, in fen, under any of the person's ids."""
    handed_out = (
        select(func.coalesce(func.sum(Dispensing.fund_fen), 0))
        .where(
            Dispensing.person_id.in_(members),
            Dispensing.status != "withdrawn",
            Dispensing.dispensed_on.between(date(year, 1, 1), date(year, 12, 31)),
        )
        .scalar_subquery()
    )
    at_visits = (
        select(func.coalesce(func.sum(DrugSettlement.fund_fen), 0))
        .where(
            DrugSettlement.person_id.in_(members),
            DrugSettlement.year == year,
            ~DrugSettlement.reversed,
        )
        .scalar_subquery()
    )
    return int(await session.scalar(select(handed_out + at_visits)) or 0)


async def add(session: WriteSession, values: dict[str, Any]) -> None:
    await session.execute(insert(Dispensing).values(values))


async def get(session: ReadSession, dispensing_id: UUID) -> Dispensing | None:
    """The dispensing as it now stands."""
    found = await session.execute(
        select(Dispensing)
        .where(Dispensing.dispensing_id == dispensing_id)
        .execution_options(populate_existing=True)
    )
    return found.scalar_one_or_none()


async def settle(session: WriteSession, dispensing_id: UUID, *, fund_fen: int) -> None:
    """Keep what claims decided, unless the dispensing was withdrawn meanwhile."""
    await session.execute(
        update(Dispensing)
        .where(Dispensing.dispensing_id == dispensing_id, Dispensing.status == "told")
        .values(status="settled", fund_fen=fund_fen)
    )


async def withdraw(session: WriteSession, dispensing_id: UUID, *, reason: str) -> None:
    await session.execute(
        update(Dispensing)
        .where(Dispensing.dispensing_id == dispensing_id)
        .values(status="withdrawn", withdrawn_reason=reason)
    )


async def last_handed_out(
    session: ReadSession, members: Sequence[str], disease: str, least: int
) -> date | None:
    """When drugs of a disease were last handed out, a supply of fewer than ``least`` days apart."""
    last: date | None = await session.scalar(
        select(func.max(Dispensing.dispensed_on)).where(
            Dispensing.person_id.in_(members),
            Dispensing.disease == disease,
            Dispensing.status != "withdrawn",
            or_(Dispensing.days.is_(None), Dispensing.days >= least),
        )
    )
    return last


async def reminders(session: ReadSession, members: Sequence[str], programme: str) -> Sequence[Task]:
    """A person's reminders of a programme, whatever became of them, the oldest first."""
    found = await session.scalars(
        select(Task)
        .where(Task.person_id.in_(members), Task.programme == programme)
        .order_by(Task.due_on, Task.task_id)
        .execution_options(populate_existing=True)
    )
    return found.all()


async def keep_settlement(session: WriteSession, values: dict[str, Any]) -> None:
    """Keep what a settled visit used; a reversal that was told before stays one."""
    statement = pg_insert(DrugSettlement).values({**values, "reversed": False})
    said = statement.excluded
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["settlement_id"],
            set_={name: said[name] for name in ("person_id", "year", "fund_fen")},
        )
    )


async def keep_reversal(
    session: WriteSession, settlement_id: str, *, region: str, year: int
) -> None:
    """Keep that a settlement counts no more, whether it is known yet or not."""
    statement = pg_insert(DrugSettlement).values(
        settlement_id=settlement_id, region=region, year=year, fund_fen=0, reversed=True
    )
    await session.execute(
        statement.on_conflict_do_update(index_elements=["settlement_id"], set_={"reversed": True})
    )
