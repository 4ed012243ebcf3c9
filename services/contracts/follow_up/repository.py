"""All SQL about discharges, tasks and follow-ups."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, exists, func, or_, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert

from services.contracts.follow_up.domain import ATTEMPTS
from services.contracts.merges.repository import MERGES
from services.contracts.models import (
    CancelledStay,
    CheckUp,
    Discharge,
    Dispensing,
    Enrolment,
    FollowUp,
    FollowUpCorrection,
    Person,
    Task,
)
from services.contracts.plans.domain import MISSED
from shared.clock import start_of_business_day
from shared.db.session import ReadSession, WriteSession


async def store_discharge(session: WriteSession, values: dict[str, Any]) -> bool:
    """Keep a discharge; False when it was known before (a patient comes home once per stay)."""
    statement = insert(Discharge).values(values).on_conflict_do_nothing()
    stored = await session.execute(statement.returning(Discharge.encounter_id))
    return stored.scalar_one_or_none() is not None


async def store_cancelled(
    session: WriteSession, encounter_id: str, *, region: str, at: datetime
) -> None:
    """Keep that a stay did not take place, whatever else is known of it."""
    row = {"encounter_id": encounter_id, "region": region, "cancelled_at": at}
    await session.execute(insert(CancelledStay).values(row).on_conflict_do_nothing())


async def cancelled(session: ReadSession, encounters: Sequence[str]) -> frozenset[str]:
    """Which of some stays did not take place."""
    found = await session.scalars(
        select(CancelledStay.encounter_id).where(CancelledStay.encounter_id.in_(encounters))
    )
    return frozenset(found)


async def insert_task(session: WriteSession, values: dict[str, Any]) -> bool:
    """Open a task; False when the rule has opened its task for this encounter before."""
    statement = insert(Task).values(values).on_conflict_do_nothing()
    stored = await session.execute(statement.returning(Task.task_id))
    return stored.scalar_one_or_none() is not None


async def open_tasks(session: WriteSession, kept: str, rule: str) -> Sequence[Task]:
    """A person's open tasks of one rule, oldest first; the caller holds the person's lock."""
    found = await session.execute(
        select(Task)
        .where(MERGES.means(Task.person_id, kept), Task.rule == rule, Task.status == "open")
        .order_by(Task.due_on, Task.task_id)
        .execution_options(populate_existing=True)
    )
    return found.scalars().all()


async def open_or(session: WriteSession, kept: str, outcomes: Collection[str]) -> Sequence[Task]:
    """A person's tasks of stays and referrals that are open, or closed with one of the outcomes."""
    found = await session.execute(
        select(Task)
        .where(
            MERGES.means(Task.person_id, kept),
            Task.programme.is_(None),
            or_(Task.status == "open", Task.outcome.in_(outcomes)),
        )
        .order_by(Task.task_id)
        .execution_options(populate_existing=True)
    )
    return found.scalars().all()


async def open_tasks_led_home(session: WriteSession, kept: str) -> Sequence[Row[Task, Discharge]]:
    """Open tasks that lie where the person is registered to live.

    Those whose encounter did not know his home, and those of whoever was merged into him.
    """
    found = await session.execute(
        select(Task, Discharge)
        .join(Discharge, Discharge.encounter_id == Task.encounter_id)
        .where(
            MERGES.means(Task.person_id, kept),
            Task.status == "open",
            or_(Discharge.township.is_(None), Task.person_id != kept),
        )
        .order_by(Task.task_id)
        .execution_options(populate_existing=True)
    )
    return found.all()


async def discharges_of(session: WriteSession, person_id: str) -> Sequence[Discharge]:
    """The stays told under one id, oldest first."""
    found = await session.execute(
        select(Discharge)
        .where(Discharge.person_id == person_id)
        .order_by(Discharge.discharged_on, Discharge.encounter_id)
    )
    return found.scalars().all()


async def tasks_of(session: WriteSession, encounter_id: str) -> dict[str, Task]:
    """A stay's tasks by rule, open or closed."""
    found = await session.execute(
        select(Task)
        .where(Task.encounter_id == encounter_id)
        .execution_options(populate_existing=True)
    )
    return {task.rule: task for task in found.scalars()}


async def task_of_referral(session: WriteSession, referral_id: UUID) -> Task | None:
    """The task that a referral down opened."""
    found = await session.scalars(
        select(Task)
        .where(Task.referral_id == referral_id)
        .execution_options(populate_existing=True)
    )
    return found.one_or_none()


async def reopen_task(session: WriteSession, task_id: UUID) -> None:
    """What closed it has turned out to be another person's."""
    await session.execute(
        update(Task)
        .where(Task.task_id == task_id)
        .values(status="open", outcome=None, closed_at=None)
    )


async def get_task(session: ReadSession, task_id: UUID) -> Task | None:
    """A task as it now stands."""
    found = await session.execute(
        select(Task).where(Task.task_id == task_id).execution_options(populate_existing=True)
    )
    return found.scalar_one_or_none()


async def close_task(
    session: WriteSession, task_id: UUID, *, outcome: str, closed_at: datetime
) -> bool:
    """Close an open task; False when it was closed already."""
    closed = await session.execute(
        update(Task)
        .where(Task.task_id == task_id, Task.status == "open")
        .values(status="closed", outcome=outcome, closed_at=closed_at)
        .returning(Task.task_id)
    )
    return closed.scalar_one_or_none() is not None


async def move_task(
    session: WriteSession, task_id: UUID, *, team: str, township: str | None, village: str | None
) -> None:
    """Give a task to the team of the home that has become known."""
    await session.execute(
        update(Task)
        .where(Task.task_id == task_id)
        .values(team=team, township=township, village=village)
    )


async def get_follow_up(session: ReadSession, follow_up_id: UUID) -> FollowUp | None:
    found = await session.execute(
        select(FollowUp)
        .where(FollowUp.follow_up_id == follow_up_id)
        .execution_options(populate_existing=True)
    )
    return found.scalar_one_or_none()


async def insert_follow_up(session: WriteSession, values: dict[str, Any]) -> None:
    await session.execute(insert(FollowUp).values(values))


async def visit_before(
    session: ReadSession, members: Sequence[str], disease: str, performed_at: datetime
) -> tuple[datetime, str | None, Any] | None:
    """When a person's judged visit before that moment was, its classification and measurements."""
    found = await session.execute(
        select(FollowUp.performed_at, FollowUp.classification, FollowUp.measurements)
        .where(
            FollowUp.person_id.in_(members),
            FollowUp.disease == disease,
            FollowUp.classification.is_not(None),
            FollowUp.performed_at < performed_at,
        )
        .order_by(FollowUp.performed_at.desc(), FollowUp.follow_up_id.desc())
        .limit(1)
    )
    row = found.first()
    return (row[0], row[1], row[2]) if row is not None else None


async def is_last_visit(session: ReadSession, members: Sequence[str], visit: FollowUp) -> bool:
    """Whether no judged visit of the programme came after it."""
    later = await session.scalar(
        select(FollowUp.follow_up_id)
        .where(
            FollowUp.person_id.in_(members),
            FollowUp.disease == visit.disease,
            FollowUp.classification.is_not(None),
            tuple_(FollowUp.performed_at, FollowUp.follow_up_id)
            > (visit.performed_at, visit.follow_up_id),
        )
        .limit(1)
    )
    return later is None


async def measured_once_since(session: ReadSession, members: Sequence[str], day: date) -> bool:
    """Whether no more than one contact since a day, that day included, measured anything."""
    visits = select(func.count()).where(
        FollowUp.person_id.in_(members),
        FollowUp.performed_at >= start_of_business_day(day),
        FollowUp.measurements.is_not(None),
    )
    check_ups = select(func.count()).where(
        CheckUp.person_id.in_(members),
        CheckUp.performed_on >= day,
        CheckUp.measurements.is_not(None),
    )
    total = visits.scalar_subquery() + check_ups.scalar_subquery()
    return bool((await session.execute(select(total))).scalar_one() <= 1)


async def cared_for(session: ReadSession, members: Sequence[str], disease: str) -> bool:
    """Whether a person is in a disease's programme, or drugs for it that he was handed stand."""
    enrolled = select(Enrolment.enrolment_id).where(
        Enrolment.person_id.in_(members),
        Enrolment.programme == disease,
        Enrolment.ended_on.is_(None),
    )
    handed = select(Dispensing.dispensing_id).where(
        Dispensing.person_id.in_(members),
        Dispensing.disease == disease,
        Dispensing.status != "withdrawn",
    )
    return bool(await session.scalar(select(or_(exists(enrolled), exists(handed)))))


async def before_correction(session: ReadSession, follow_up_id: UUID) -> FollowUpCorrection | None:
    """What stood in a follow-up before its newest correction, and who corrected it."""
    newest = await session.scalars(
        select(FollowUpCorrection)
        .where(FollowUpCorrection.follow_up_id == follow_up_id)
        .order_by(FollowUpCorrection.correction_id.desc())
        .limit(1)
    )
    return newest.first()


async def visit_on(
    session: ReadSession, members: Sequence[str], programme: str, first: datetime, before: datetime
) -> FollowUp | None:
    """A person's newest contact of a programme between two moments that came about."""
    found = await session.scalars(
        select(FollowUp)
        .where(
            FollowUp.person_id.in_(members),
            FollowUp.disease == programme,
            FollowUp.outcome.not_in(ATTEMPTS),
            FollowUp.performed_at >= first,
            FollowUp.performed_at < before,
        )
        .order_by(FollowUp.performed_at.desc(), FollowUp.follow_up_id.desc())
        .limit(1)
        .execution_options(populate_existing=True)
    )
    return found.first()


async def done_by(session: ReadSession, members: Sequence[str], visit: FollowUp) -> Sequence[Task]:
    """The planned tasks that a visit did when it was recorded."""
    found = await session.scalars(
        select(Task).where(
            Task.person_id.in_(members),
            Task.programme == visit.disease,
            Task.status == "closed",
            Task.closed_at == visit.recorded_at,
        )
    )
    return found.all()


async def correct(
    session: WriteSession, visit: FollowUp, values: dict[str, Any], before: dict[str, Any]
) -> None:
    """Change a follow-up and keep what stood there."""
    await session.execute(insert(FollowUpCorrection).values(before))
    await session.execute(
        update(FollowUp)
        .where(FollowUp.follow_up_id == visit.follow_up_id)
        .values(values)
        .execution_options(synchronize_session=False)
    )


async def planned_tasks(
    session: ReadSession, members: Sequence[str], programme: str
) -> Sequence[Task]:
    """A person's tasks of a programme that are open or were missed, the oldest first."""
    found = await session.scalars(
        select(Task)
        .where(
            Task.person_id.in_(members),
            Task.programme == programme,
            or_(Task.status == "open", Task.outcome == MISSED),
        )
        .order_by(Task.due_on, Task.task_id)
        .execution_options(populate_existing=True)
    )
    return found.all()


async def next_due(session: ReadSession, members: Sequence[str], programme: str) -> date | None:
    """When a person's open task of a programme is due."""
    found = await session.scalars(
        select(Task.due_on)
        .where(Task.person_id.in_(members), Task.programme == programme, Task.status == "open")
        .order_by(Task.due_on)
        .limit(1)
    )
    return found.first()


async def household_of(session: ReadSession, kept: str) -> str | None:
    return await session.scalar(select(Person.household_id).where(Person.person_id == kept))
