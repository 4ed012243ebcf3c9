"""All SQL about who takes part in which programme."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from services.contracts.models import Enrolment
from shared.db.session import ReadSession, WriteSession


async def add_enrolment(session: WriteSession, values: dict[str, Any]) -> bool:
    """Take a person into a programme; False when he is in it."""
    stored = await session.execute(
        insert(Enrolment).values(values).on_conflict_do_nothing().returning(Enrolment.enrolment_id)
    )
    return stored.scalar_one_or_none() is not None


async def enrolment(session: ReadSession, enrolment_id: UUID) -> Enrolment | None:
    found = await session.execute(
        select(Enrolment)
        .where(Enrolment.enrolment_id == enrolment_id)
        .execution_options(populate_existing=True)
    )
    return found.scalar_one_or_none()


async def enrolment_stored(session: ReadSession, enrolment_id: UUID) -> Enrolment:
    """One that is known to be there, as it now stands."""
    return await session.get_one(Enrolment, enrolment_id, populate_existing=True)


async def enrolments_of(session: ReadSession, ids: Sequence[str]) -> Sequence[Enrolment]:
    """Every enrolment told under one of the ids, the newest first."""
    found = await session.scalars(
        select(Enrolment)
        .where(Enrolment.person_id.in_(ids))
        .order_by(Enrolment.started_on.desc(), Enrolment.enrolment_id)
        .execution_options(populate_existing=True)
    )
    return found.all()


async def end_enrolment(
    session: WriteSession, enrolment_id: UUID, *, ended_on: date, reason: str
) -> bool:
    """False when it had ended before."""
    ended = await session.execute(
        update(Enrolment)
        .where(Enrolment.enrolment_id == enrolment_id, Enrolment.ended_on.is_(None))
        .values(ended_on=ended_on, end_reason=reason)
        .returning(Enrolment.enrolment_id)
    )
    return ended.scalar_one_or_none() is not None


async def resume_enrolment(session: WriteSession, enrolment_id: UUID) -> None:
    """As if it had not ended; the caller holds the person's lock and knows that no other is open."""
    await session.execute(
        update(Enrolment)
        .where(Enrolment.enrolment_id == enrolment_id)
        .values(ended_on=None, end_reason=None)
    )
