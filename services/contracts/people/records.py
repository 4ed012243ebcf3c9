"""All SQL of what is on record for one person, by any of the ids that mean him."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from services.contracts.models import CheckUp, Dispensing, Enrolment, FollowUp, Task
from shared.db.session import ReadSession

MOST = 200


async def tasks(session: ReadSession, members: Sequence[str]) -> Sequence[Task]:
    """The newest due first."""
    found = await session.scalars(
        select(Task)
        .where(Task.person_id.in_(members))
        .order_by(Task.due_on.desc(), Task.task_id)
        .limit(MOST)
    )
    return found.all()


async def follow_ups(session: ReadSession, members: Sequence[str]) -> Sequence[FollowUp]:
    """The newest first."""
    found = await session.scalars(
        select(FollowUp)
        .where(FollowUp.person_id.in_(members))
        .order_by(FollowUp.performed_at.desc(), FollowUp.follow_up_id)
        .limit(MOST)
    )
    return found.all()


async def enrolments(session: ReadSession, members: Sequence[str]) -> Sequence[Enrolment]:
    """The programmes in which he is."""
    found = await session.scalars(
        select(Enrolment)
        .where(Enrolment.person_id.in_(members), Enrolment.ended_on.is_(None))
        .order_by(Enrolment.programme)
    )
    return found.all()


async def check_ups(session: ReadSession, members: Sequence[str]) -> Sequence[CheckUp]:
    """The newest first."""
    found = await session.scalars(
        select(CheckUp)
        .where(CheckUp.person_id.in_(members))
        .order_by(CheckUp.performed_on.desc(), CheckUp.check_up_id)
        .limit(MOST)
    )
    return found.all()


async def dispensings(session: ReadSession, members: Sequence[str]) -> Sequence[Dispensing]:
    """The newest first."""
    found = await session.scalars(
        select(Dispensing)
        .where(Dispensing.person_id.in_(members))
        .order_by(Dispensing.dispensed_on.desc(), Dispensing.dispensing_id)
        .limit(MOST)
    )
    return found.all()
