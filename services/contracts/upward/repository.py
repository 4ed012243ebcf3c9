"""All SQL of reports to the institution above."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row, insert, or_, select

from services.contracts.merges.repository import MERGES
from services.contracts.models import Task, UpwardReport
from services.contracts.plans.domain import MISSED
from shared.db.session import ReadSession, WriteSession


async def add(session: WriteSession, values: dict[str, Any]) -> None:
    await session.execute(insert(UpwardReport).values(values))


async def of_person(session: ReadSession, members: Sequence[str]) -> dict[UUID, UpwardReport]:
    """A person's reports by their task."""
    found = await session.scalars(select(UpwardReport).where(UpwardReport.person_id.in_(members)))
    return {each.task_id: each for each in found}


async def lately(
    session: ReadSession,
    *,
    programmes: Sequence[str],
    teams: Sequence[str],
    since: date,
    day: date,
    limit: int,
) -> Sequence[Row[Task, str, UpwardReport | None]]:
    """Tasks that ask for a report, each with who stands for the person and the report made.

    Those that are open, and those due since a day that were reported or missed.

    Args:
        session: to read with.
        programmes: of the kind ``report``.
        teams: whose.
        since: the first due day of those that are over.
        day: as of which.
        limit: how many, the soonest due first.
    """
    found = await session.execute(
        select(Task, MERGES.kept_or_self(Task.person_id), UpwardReport)
        .outerjoin(UpwardReport, UpwardReport.task_id == Task.task_id)
        .where(
            Task.programme.in_(programmes),
            Task.team.in_(teams),
            Task.opens_on <= day,
            or_(Task.status == "open", Task.due_on >= since),
            or_(Task.outcome.is_(None), Task.outcome == MISSED, UpwardReport.task_id.is_not(None)),
        )
        .order_by(Task.status.desc(), Task.due_on, Task.task_id)
        .limit(limit)
    )
    return found.all()
