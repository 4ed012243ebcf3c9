"""All SQL of assessments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from services.reporting.models import assessment_samples, assessment_sanctions, assessments
from shared.db.session import ReadSession, WriteSession

_a = assessments.c


async def add(session: WriteSession, values: Mapping[str, Any]) -> bool:
    """Keep a new assessment; False when the period has one by the scheme."""
    kept = await session.scalar(
        upsert(assessments).values(values).on_conflict_do_nothing().returning(_a.id)
    )
    return kept is not None


async def get(session: ReadSession, region: str, assessment_id: UUID) -> RowMapping | None:
    found = await session.execute(
        select(assessments).where(_a.region == region, _a.id == assessment_id)
    )
    return found.mappings().one_or_none()


async def lock(session: WriteSession, region: str, assessment_id: UUID) -> RowMapping | None:
    """The assessment, held until the transaction ends."""
    found = await session.execute(
        select(assessments).where(_a.region == region, _a.id == assessment_id).with_for_update()
    )
    return found.mappings().one_or_none()


async def find(
    session: ReadSession, region: str, *, before: UUID | None, limit: int
) -> Sequence[RowMapping]:
    """Assessments, the newest first."""
    statement = select(assessments).where(_a.region == region).order_by(_a.id.desc()).limit(limit)
    if before is not None:
        statement = statement.where(_a.id < before)
    return (await session.execute(statement)).mappings().all()


async def publish(session: WriteSession, assessment_id: UUID, **values: Any) -> None:
    await session.execute(update(assessments).where(_a.id == assessment_id).values(**values))


async def add_sample(session: WriteSession, values: Mapping[str, Any]) -> None:
    await session.execute(insert(assessment_samples).values(values))


async def samples_of(session: ReadSession, assessment_id: UUID) -> Sequence[RowMapping]:
    """Samples in the order of recording."""
    found = await session.execute(
        select(assessment_samples)
        .where(assessment_samples.c.assessment_id == assessment_id)
        .order_by(assessment_samples.c.id)
    )
    return found.mappings().all()


async def add_sanction(session: WriteSession, values: Mapping[str, Any]) -> None:
    await session.execute(insert(assessment_sanctions).values(values))


async def sanctions_of(session: ReadSession, assessment_id: UUID) -> Sequence[RowMapping]:
    found = await session.execute(
        select(assessment_sanctions)
        .where(assessment_sanctions.c.assessment_id == assessment_id)
        .order_by(assessment_sanctions.c.id)
    )
    return found.mappings().all()
