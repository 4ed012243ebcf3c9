"""All SQL about check-ups."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import exists, insert, select

from services.contracts.models import CheckUp, Task
from shared.db.session import ReadSession, WriteSession


async def paid_in(session: ReadSession, members: Sequence[str], year: int) -> bool:
    """Whether a check-up of the year is paid, under any of the person's ids."""
    found = await session.execute(
        select(exists().where(CheckUp.person_id.in_(members), CheckUp.year == year, CheckUp.paid))
    )
    return bool(found.scalar_one())


async def add(session: WriteSession, values: dict[str, Any]) -> None:
    await session.execute(insert(CheckUp).values(values))


async def tasks_of_year(session: ReadSession, members: Sequence[str], year: int) -> Sequence[Task]:
    """The person's check-up tasks of a calendar year, open or closed."""
    found = await session.scalars(
        select(Task)
        .where(Task.person_id.in_(members), Task.anchor == f"year:{year}")
        .order_by(Task.task_id)
        .execution_options(populate_existing=True)
    )
    return found.all()
