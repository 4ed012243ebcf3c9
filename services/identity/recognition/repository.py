"""SQL of recognitions: one look-up, one insert."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Result, RowMapping, Select, bindparam, insert, select
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


def _candidates() -> Select[Any]:
    # An index that was not asked for is NULL and fits nobody.
    found = (
        select(*_COLUMNS)
        .where(
            persons.c.region == bindparam("region"),
            (persons.c.id_number_idx == bindparam("id_number_idx"))
            | (persons.c.name_birth_idx == bindparam("name_birth_idx")),
        )
        .limit(bindparam("most"))
        .subquery()
    )
    held = (memberships.c.person_id == found.c.person_id) & memberships.c.superseded_at.is_(None)
    return select(
        found, memberships.c.category, memberships.c.valid_from, memberships.c.valid_to
    ).select_from(found.outerjoin(memberships, held))


# Made once: putting a statement together costs more than sending it.
_CANDIDATES = _candidates()
_INSERT = insert(recognitions)


class RecognitionRepository:
    """All SQL of the slice."""

    def __init__(self, session: AsyncSession, region: str) -> None:
        self._session = session
        self._region = region

    async def candidates(
        self, *, id_number_idx: bytes | None, name_birth_idx: bytes | None, limit: int
    ) -> Sequence[RowMapping]:
        """Persons with the number or the name and birth date, one row per current membership."""
        asked = {
            "region": self._region,
            "id_number_idx": id_number_idx,
            "name_birth_idx": name_birth_idx,
            "most": limit,
        }
        result: Result[Any] = await self._session.execute(_CANDIDATES, asked)
        return result.mappings().all()

    async def add(self, values: Mapping[str, Any]) -> None:
        await self._session.execute(_INSERT, {"region": self._region, **values})
