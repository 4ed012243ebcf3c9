"""What is due, in one statement."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Date, Integer, String, bindparam, or_, select

from services.contracts.merges.repository import MERGES
from services.contracts.models import Task
from shared.db.session import ReadSession

_kept = MERGES.kept_or_self(bindparam("person_id", type_=String))
_day = bindparam("day", type_=Date)
# Made once: putting a statement together costs more than sending it.
_DUE = (
    select(
        Task.rule,
        Task.rule_version,
        Task.programme,
        Task.due_on,
        Task.priority,
        Task.team,
        Task.township,
    )
    .where(
        MERGES.means(Task.person_id, _kept),
        Task.status == "open",
        Task.opens_on <= _day,
        or_(Task.closes_on.is_(None), Task.closes_on >= _day),
    )
    .order_by(Task.priority, Task.due_on, Task.task_id)
    .limit(bindparam("most", type_=Integer))
)


async def due(session: ReadSession, person_id: str, day: date, most: int) -> Sequence[Any]:
    """A person's tasks that can be done on a day, the most urgent first."""
    found = await session.execute(_DUE, {"person_id": person_id, "day": day, "most": most})
    return found.all()
