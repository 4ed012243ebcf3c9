"""SQL of registered persons: finding, reading, and noting who had identifiers revealed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.identity.models import households, memberships, persons, reveals


class PersonRepository:
    """All SQL of the slice."""

    def __init__(self, session: AsyncSession, region: str) -> None:
        self._session = session
        self._region = region

    async def by_id_number(
        self, idx: bytes, *, township: str | None, limit: int
    ) -> Sequence[RowMapping]:
        return await self._find(persons.c.id_number_idx == idx, township, limit)

    async def by_name(
        self, idx: bytes, *, township: str | None, limit: int
    ) -> Sequence[RowMapping]:
        return await self._find(persons.c.name_idx == idx, township, limit)

    async def by_name_birth(
        self, idx: bytes, *, township: str | None, limit: int
    ) -> Sequence[RowMapping]:
        return await self._find(persons.c.name_birth_idx == idx, township, limit)

    async def _find(
        self, condition: ColumnElement[bool], township: str | None, limit: int
    ) -> Sequence[RowMapping]:
        statement = (
            select(persons.c.person_id, persons.c.name_enc, persons.c.township, persons.c.village)
            .where(persons.c.region == self._region, condition)
            .order_by(persons.c.person_id)
            .limit(limit)
        )
        if township is not None:
            statement = statement.where(persons.c.township == township)
        result = await self._session.execute(statement)
        return result.mappings().all()

    async def get(self, person_id: UUID) -> RowMapping | None:
        result = await self._session.execute(
            select(persons, households.c.household_no_enc)
            .select_from(
                persons.outerjoin(households, households.c.household_id == persons.c.household_id)
            )
            .where(persons.c.person_id == person_id, persons.c.region == self._region)
        )
        return result.mappings().one_or_none()

    async def memberships(
        self, person_ids: Sequence[UUID], *, known_at: datetime | None = None
    ) -> Sequence[RowMapping]:
        """The memberships of these persons as known at a moment (None: now)."""
        statement = select(
            memberships.c.person_id,
            memberships.c.category,
            memberships.c.valid_from,
            memberships.c.valid_to,
        ).where(memberships.c.person_id.in_(person_ids))
        if known_at is None:
            statement = statement.where(memberships.c.superseded_at.is_(None))
        else:
            statement = statement.where(
                memberships.c.recorded_at <= known_at,
                or_(
                    memberships.c.superseded_at.is_(None),
                    memberships.c.superseded_at > known_at,
                ),
            )
        return (await self._session.execute(statement)).mappings().all()

    async def add_reveal(self, values: Mapping[str, Any]) -> None:
        await self._session.execute(insert(reveals).values(region=self._region, **values))
