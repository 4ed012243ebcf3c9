"""SQL of registered persons: finding, reading, and noting who had identifiers revealed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, func, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.identity.models import (
    cards,
    households,
    memberships,
    person_aliases,
    persons,
    reveals,
)


class PersonRepository:
    """All SQL of the slice."""

    def __init__(self, session: AsyncSession, region: str) -> None:
        self._session = session
        self._region = region

    async def by_id_number(
        self, idx: bytes, *, township: str | None, limit: int
    ) -> Sequence[RowMapping]:
        condition = (persons.c.id_number_idx == idx) | self._has_alias("id_number", idx)
        return await self._find(condition, township, limit)

    async def by_name(
        self, idx: bytes, *, township: str | None, limit: int
    ) -> Sequence[RowMapping]:
        condition = (persons.c.name_idx == idx) | self._has_alias("name", idx)
        return await self._find(condition, township, limit)

    async def by_name_birth(
        self, idx: bytes, *, township: str | None, limit: int
    ) -> Sequence[RowMapping]:
        return await self._find(persons.c.name_birth_idx == idx, township, limit)

    async def by_card(
        self, idx: bytes, *, township: str | None, limit: int
    ) -> Sequence[RowMapping]:
        holder = select(cards.c.person_id).where(
            cards.c.region == self._region, cards.c.card_no_idx == idx
        )
        return await self._find(persons.c.person_id.in_(holder), township, limit)

    def _has_alias(self, kind: str, idx: bytes) -> ColumnElement[bool]:
        known = select(person_aliases.c.person_id).where(
            person_aliases.c.region == self._region,
            person_aliases.c.kind == kind,
            person_aliases.c.value_idx == idx,
        )
        return persons.c.person_id.in_(known)

    async def _find(
        self, condition: ColumnElement[bool], township: str | None, limit: int
    ) -> Sequence[RowMapping]:
        """The persons meant: whom a merge absorbed is found as the one who was kept."""
        meant = select(func.coalesce(persons.c.merged_into, persons.c.person_id)).where(
            persons.c.region == self._region, condition
        )
        statement = (
            select(persons.c.person_id, persons.c.name_enc, persons.c.township, persons.c.village)
            .where(persons.c.person_id.in_(meant))
            .order_by(persons.c.person_id)
            .limit(limit)
        )
        if township is not None:
            statement = statement.where(persons.c.township == township)
        result = await self._session.execute(statement)
        return result.mappings().all()

    async def names(
        self, person_ids: Collection[UUID], *, township: str | None
    ) -> Mapping[UUID, bytes]:
        """The encrypted names of those who are known, on request of one township's alone."""
        statement = select(persons.c.person_id, persons.c.name_enc).where(
            persons.c.region == self._region, persons.c.person_id.in_(sorted(person_ids))
        )
        if township is not None:
            statement = statement.where(persons.c.township == township)
        return {row[0]: row[1] for row in await self._session.execute(statement)}

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
