"""SQL of revisions: what was last told of some persons, and what is told now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, bindparam, func, insert, select, text, true, union
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from services.identity.merges.domain import Group, groups
from services.identity.models import (
    memberships,
    persons,
    recognition_revisions,
    recognitions,
)
from services.identity.models.base import UUID_TYPE

RECOGNISING_LOCK = 0x59495A48414E11
"""Advisory lock key. A recognition holds it shared; whoever asks which recognitions a change
concerns holds it alone, so that none slips by that was begun before and is kept after."""


class RevisionRepository:
    """All SQL of the slice, in one session and region."""

    def __init__(self, session: AsyncSession, region: str) -> None:
        self._session = session
        self._region = region

    async def wait_for_recognitions(self) -> None:
        """Wait for recognitions under way; new ones wait until the transaction ends."""
        await self._session.execute(
            text("SELECT pg_advisory_xact_lock(:key)"), {"key": RECOGNISING_LOCK}
        )

    async def join_recognitions(self) -> None:
        """Count as a recognition under way until the transaction ends; before anything is read."""
        await self._session.execute(
            text("SELECT pg_advisory_xact_lock_shared(:key)"), {"key": RECOGNISING_LOCK}
        )

    async def groups(self, person_ids: Sequence[UUID]) -> dict[UUID, Group]:
        """The group of each of many persons, as merged now."""
        links = await self._links(person_ids)
        asked = set(person_ids)
        beyond = sorted({kept for _, kept in links} - asked)
        if beyond:
            links = list(dict.fromkeys((*links, *await self._links(beyond))))
        return groups(asked, links)

    async def _links(self, person_ids: Sequence[UUID]) -> list[tuple[UUID, UUID]]:
        ids = bindparam(None, list(person_ids), type_=ARRAY(UUID_TYPE), unique=True)
        among = select(func.unnest(ids))
        result = await self._session.execute(
            select(persons.c.person_id, persons.c.merged_into).where(
                persons.c.merged_into.is_not(None),
                persons.c.person_id.in_(among) | persons.c.merged_into.in_(among),
            )
        )
        return [(row[0], row[1]) for row in result]

    async def told(self, person_ids: Sequence[UUID]) -> Sequence[RowMapping]:
        """The recognitions that now stand for one of these persons, as last told."""
        ids = bindparam(None, list(person_ids), type_=ARRAY(UUID_TYPE), unique=True)
        among = select(func.unnest(ids))
        concerned = union(
            select(recognitions.c.recognition_id).where(recognitions.c.person_id.in_(among)),
            select(recognition_revisions.c.recognition_id).where(
                recognition_revisions.c.to_person_id.in_(among)
            ),
        ).subquery()
        last = (
            select(
                recognition_revisions.c.number,
                recognition_revisions.c.to_grade,
                recognition_revisions.c.to_person_id,
                recognition_revisions.c.to_categories,
                recognition_revisions.c.to_entitlements,
            )
            .where(recognition_revisions.c.recognition_id == recognitions.c.recognition_id)
            .order_by(recognition_revisions.c.number.desc())
            .limit(1)
            .lateral("last")
        )
        result = await self._session.execute(
            select(
                recognitions.c.recognition_id,
                recognitions.c.facility_code,
                recognitions.c.visit_no,
                recognitions.c.visit_type,
                recognitions.c.occurred_at,
                recognitions.c.grade,
                recognitions.c.person_id,
                recognitions.c.categories,
                recognitions.c.entitlements,
                last,
            )
            .join(concerned, concerned.c.recognition_id == recognitions.c.recognition_id)
            .outerjoin(last, true())
            .where(recognitions.c.region == self._region)
            .order_by(recognitions.c.recognition_id)
        )
        wanted = set(person_ids)
        return [
            row
            for row in result.mappings()
            if (row["to_person_id"] if row["number"] else row["person_id"]) in wanted
        ]

    async def places(self, person_ids: Sequence[UUID]) -> dict[UUID, RowMapping]:
        """Township and village of these persons."""
        ids = bindparam(None, list(person_ids), type_=ARRAY(UUID_TYPE), unique=True)
        result = await self._session.execute(
            select(persons.c.person_id, persons.c.township, persons.c.village).where(
                persons.c.person_id.in_(select(func.unnest(ids)))
            )
        )
        return {row["person_id"]: row for row in result.mappings()}

    async def periods(self, person_ids: Sequence[UUID]) -> Sequence[RowMapping]:
        """The memberships of these persons as now known."""
        ids = bindparam(None, list(person_ids), type_=ARRAY(UUID_TYPE), unique=True)
        result = await self._session.execute(
            select(
                memberships.c.person_id,
                memberships.c.category,
                memberships.c.valid_from,
                memberships.c.valid_to,
            ).where(
                memberships.c.person_id.in_(select(func.unnest(ids))),
                memberships.c.superseded_at.is_(None),
            )
        )
        return result.mappings().all()

    async def add(self, rows: Sequence[Mapping[str, Any]]) -> None:
        if rows:
            await self._session.execute(
                insert(recognition_revisions), [{"region": self._region, **row} for row in rows]
            )
