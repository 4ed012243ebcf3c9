"""SQL of merges: who stands for whom, now and then, and the history of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.identity.merges.domain import Group, groups
from services.identity.models import memberships, merges, persons


class MergeRepository:
    """All SQL of the slice, in one session and region."""

    def __init__(self, session: AsyncSession, region: str) -> None:
        self._session = session
        self._region = region

    async def groups(
        self, person_ids: Collection[UUID], *, known_at: datetime | None = None
    ) -> dict[UUID, Group]:
        """The group of each person, as merged now or as it was known at a moment."""
        asked = set(person_ids)
        if not asked:
            return {}
        links = await self._links(asked, known_at)
        kept = {link[1] for link in links} - asked
        if kept:
            links += [link for link in await self._links(kept, known_at) if link not in links]
        return groups(asked, links)

    async def _links(
        self, person_ids: Collection[UUID], known_at: datetime | None
    ) -> list[tuple[UUID, UUID]]:
        ids = sorted(person_ids)
        if known_at is None:
            statement = select(persons.c.person_id, persons.c.merged_into).where(
                persons.c.region == self._region,
                persons.c.merged_into.is_not(None),
                persons.c.person_id.in_(ids) | persons.c.merged_into.in_(ids),
            )
        else:
            statement = select(merges.c.absorbed_person_id, merges.c.kept_person_id).where(
                merges.c.region == self._region,
                merges.c.absorbed_person_id.in_(ids) | merges.c.kept_person_id.in_(ids),
                merges.c.merged_at <= known_at,
                or_(merges.c.undone_at.is_(None), merges.c.undone_at > known_at),
            )
        return [(row[0], row[1]) for row in await self._session.execute(statement)]

    async def persons(
        self, person_ids: Collection[UUID], *, lock: bool = False
    ) -> dict[UUID, RowMapping]:
        """The persons' rows without their encrypted values; on request locked until the end."""
        statement = (
            select(
                persons.c.person_id,
                persons.c.version,
                persons.c.merged_into,
                persons.c.household_id,
                persons.c.township,
                persons.c.village,
            )
            .where(persons.c.region == self._region, persons.c.person_id.in_(sorted(person_ids)))
            .order_by(persons.c.person_id)
        )
        result = await self._session.execute(statement.with_for_update() if lock else statement)
        return {row["person_id"]: row for row in result.mappings()}

    async def set_person(self, person_id: UUID, *, version: int, merged_into: UUID | None) -> None:
        await self._session.execute(
            update(persons)
            .where(persons.c.person_id == person_id)
            .values(version=version, merged_into=merged_into)
        )

    async def held(self, person_ids: Collection[UUID]) -> Sequence[RowMapping]:
        """The current memberships of these persons."""
        result = await self._session.execute(
            select(
                memberships.c.person_id,
                memberships.c.category,
                memberships.c.valid_from,
                memberships.c.valid_to,
            ).where(
                memberships.c.person_id.in_(sorted(person_ids)),
                memberships.c.superseded_at.is_(None),
            )
        )
        return result.mappings().all()

    async def add(self, values: Mapping[str, Any]) -> None:
        await self._session.execute(insert(merges).values(region=self._region, **values))

    async def in_force(self, absorbed_person_id: UUID) -> RowMapping | None:
        result = await self._session.execute(
            select(merges).where(
                merges.c.region == self._region,
                merges.c.absorbed_person_id == absorbed_person_id,
                merges.c.undone_at.is_(None),
            )
        )
        return result.mappings().one_or_none()

    async def lock(self, merge_id: UUID) -> RowMapping | None:
        result = await self._session.execute(
            select(merges)
            .where(merges.c.merge_id == merge_id, merges.c.region == self._region)
            .with_for_update()
        )
        return result.mappings().one_or_none()

    async def mark_undone(
        self, merge_id: UUID, *, by: str, at: datetime, reason_enc: bytes | None
    ) -> None:
        await self._session.execute(
            update(merges)
            .where(merges.c.merge_id == merge_id)
            .values(undone_by=by, undone_at=at, undo_reason_enc=reason_enc)
        )

    async def of_person(self, person_ids: Collection[UUID]) -> Sequence[RowMapping]:
        """Every merge that these persons were ever part of, newest first."""
        ids = sorted(person_ids)
        result = await self._session.execute(
            select(merges)
            .where(
                merges.c.region == self._region,
                merges.c.kept_person_id.in_(ids) | merges.c.absorbed_person_id.in_(ids),
            )
            .order_by(merges.c.merge_id.desc())
        )
        return result.mappings().all()
