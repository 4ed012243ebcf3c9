"""All SQL of the disease register."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, func, select, update
from sqlalchemy.dialects.postgresql import insert

from services.contracts.diseases.domain import OPEN
from services.contracts.merges.repository import MERGES
from services.contracts.models import DiseaseCase, DiseasePlan, DiseaseStep
from shared.db.session import ReadSession, WriteSession


@dataclass(frozen=True)
class CaseQuery:
    """Which cases a list shows."""

    state: str | None
    diseases: tuple[str, ...] | None
    person_id: str | None
    region: str
    township: str | None
    """None: the whole county's."""
    limit: int
    after: UUID | None = None


async def add(session: WriteSession, values: dict[str, Any]) -> bool:
    """Store a case; False when the person has an open one of that disease."""
    stored = await session.execute(
        insert(DiseaseCase).values(values).on_conflict_do_nothing().returning(DiseaseCase.case_id)
    )
    return stored.scalar_one_or_none() is not None


async def has_open(session: ReadSession, kept: str, disease: str) -> bool:
    """Whether a person, or one merged into him, has an open case of a disease."""
    found = await session.execute(
        select(DiseaseCase.case_id)
        .where(
            MERGES.means(DiseaseCase.person_id, kept),
            DiseaseCase.disease == disease,
            DiseaseCase.state.in_(OPEN),
        )
        .limit(1)
    )
    return found.first() is not None


async def open_case(session: ReadSession, kept: str, disease: str) -> DiseaseCase | None:
    """The open case of a disease that a person, or one merged into him, has; the newest."""
    found = await session.scalars(
        select(DiseaseCase)
        .where(
            MERGES.means(DiseaseCase.person_id, kept),
            DiseaseCase.disease == disease,
            DiseaseCase.state.in_(OPEN),
        )
        .order_by(DiseaseCase.case_id.desc())
        .limit(1)
        .execution_options(populate_existing=True)
    )
    return found.first()


async def found_at(session: ReadSession, follow_up_id: UUID) -> DiseaseCase | None:
    """The newest case that a visit put on the register, in whatever state."""
    found = await session.scalars(
        select(DiseaseCase)
        .where(DiseaseCase.follow_up_id == follow_up_id)
        .order_by(DiseaseCase.case_id.desc())
        .limit(1)
    )
    return found.first()


async def open_of(session: ReadSession, kept: str) -> frozenset[str]:
    """The diseases of which a person, or one merged into him, has an open case."""
    found = await session.scalars(
        select(DiseaseCase.disease)
        .where(MERGES.means(DiseaseCase.person_id, kept), DiseaseCase.state.in_(OPEN))
        .distinct()
    )
    return frozenset(found)


async def get(session: ReadSession, case_id: UUID) -> DiseaseCase | None:
    found = await session.execute(
        select(DiseaseCase)
        .where(DiseaseCase.case_id == case_id)
        .execution_options(populate_existing=True)
    )
    return found.scalar_one_or_none()


async def change(session: WriteSession, case_id: UUID, values: dict[str, Any]) -> DiseaseCase:
    """Change a case whose person the caller has locked; gives it as it then is."""
    changed = await session.execute(
        update(DiseaseCase)
        .where(DiseaseCase.case_id == case_id)
        .values(values)
        .returning(DiseaseCase)
        .execution_options(populate_existing=True)
    )
    return changed.scalar_one()


async def add_step(session: WriteSession, case_id: UUID, values: dict[str, Any]) -> None:
    newest = select(func.coalesce(func.max(DiseaseStep.number), 0) + 1).where(
        DiseaseStep.case_id == case_id
    )
    await session.execute(
        insert(DiseaseStep).values(case_id=case_id, number=newest.scalar_subquery(), **values)
    )


async def latest_day(session: ReadSession, case_id: UUID) -> date:
    """The business day of a case's newest step."""
    found = await session.execute(
        select(DiseaseStep.on)
        .where(DiseaseStep.case_id == case_id)
        .order_by(DiseaseStep.number.desc())
        .limit(1)
    )
    return found.scalar_one()


async def steps_of(session: ReadSession, case_id: UUID) -> Sequence[DiseaseStep]:
    found = await session.execute(
        select(DiseaseStep).where(DiseaseStep.case_id == case_id).order_by(DiseaseStep.number)
    )
    return found.scalars().all()


async def add_plan(session: WriteSession, case_id: UUID, values: dict[str, Any]) -> None:
    newest = select(func.coalesce(func.max(DiseasePlan.version), 0) + 1).where(
        DiseasePlan.case_id == case_id
    )
    await session.execute(
        insert(DiseasePlan).values(case_id=case_id, version=newest.scalar_subquery(), **values)
    )


async def plans_of(session: ReadSession, case_id: UUID) -> Sequence[DiseasePlan]:
    """A case's plans, the newest first."""
    found = await session.execute(
        select(DiseasePlan)
        .where(DiseasePlan.case_id == case_id)
        .order_by(DiseasePlan.version.desc())
    )
    return found.scalars().all()


async def page_of(session: ReadSession, query: CaseQuery) -> Sequence[Row[DiseaseCase, str]]:
    """One page in the order of entry, each with the id of whoever stands for the person."""
    conditions: list[ColumnElement[bool]] = [DiseaseCase.region == query.region]
    if query.township is not None:
        conditions.append(DiseaseCase.township == query.township)
    if query.state is not None:
        conditions.append(DiseaseCase.state == query.state)
    if query.diseases is not None:
        conditions.append(DiseaseCase.disease.in_(query.diseases))
    if query.person_id is not None:
        kept = await MERGES.kept_of(session, query.person_id)
        conditions.append(MERGES.means(DiseaseCase.person_id, kept))
    if query.after is not None:
        conditions.append(DiseaseCase.case_id > query.after)
    found = await session.execute(
        select(DiseaseCase, MERGES.kept_or_self(DiseaseCase.person_id))
        .where(*conditions)
        .order_by(DiseaseCase.case_id)
        .limit(query.limit + 1)
    )
    return found.all()
