"""SQL of recognitions: one look-up, one insert."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, and_, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.identity.models import memberships, persons, recognitions

_COLUMNS = (
    persons.c.person_id,
    persons.c.id_number_idx,
    persons.c.name_idx,
    persons.c.phone_idx,
    persons.c.name_enc,
    persons.c.birth_date,
    persons.c.sex,
    persons.c.village,
    persons.c.township,
)


class RecognitionRepository:
    """All SQL of the slice."""

    def __init__(self, session: AsyncSession, region: str) -> None:
        self._session = session
        self._region = region

    async def candidates(
        self, *, id_number_idx: bytes | None, name_birth_idx: bytes | None, limit: int
    ) -> Sequence[RowMapping]:
        """Persons with the number or the name and birth date, one row per current membership."""
        fits: list[ColumnElement[bool]] = []
        if id_number_idx is not None:
            fits.append(persons.c.id_number_idx == id_number_idx)
        if name_birth_idx is not None:
            fits.append(persons.c.name_birth_idx == name_birth_idx)
        found = (
            select(*_COLUMNS)
            .where(persons.c.region == self._region, or_(*fits))
            .limit(limit)
            .subquery()
        )
        result = await self._session.execute(
            select(
                found, memberships.c.category, memberships.c.valid_from, memberships.c.valid_to
            ).select_from(
                found.outerjoin(
                    memberships,
                    and_(
                        memberships.c.person_id == found.c.person_id,
                        memberships.c.superseded_at.is_(None),
                    ),
                )
            )
        )
        return result.mappings().all()

    async def add(self, values: Mapping[str, Any]) -> None:
        await self._session.execute(insert(recognitions).values(region=self._region, **values))
