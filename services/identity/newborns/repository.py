"""SQL of answers that hold only for a while."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, exists, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.identity.models import (
    provisional_answers,
    recognitions,
    review_recognitions,
    reviews,
)

_p = provisional_answers.c


class NewbornRepository:
    """In one session and region."""

    def __init__(self, session: AsyncSession, region: str) -> None:
        self._session = session
        self._region = region

    async def keep(self, recognition_id: UUID, *, until: date) -> None:
        await self._session.execute(
            insert(provisional_answers).values(
                recognition_id=recognition_id, region=self._region, valid_until=until
            )
        )

    async def waiting(self, limit: int, *, over_on: date | None = None) -> Sequence[RowMapping]:
        """Answers that still wait for a number, oldest first, and whether a person has decided.

        Args:
            limit: of so many.
            over_on: only those whose time is over on this day.
        """
        decided = exists(
            select(review_recognitions.c.review_id)
            .join(reviews, reviews.c.review_id == review_recognitions.c.review_id)
            .where(
                review_recognitions.c.recognition_id == recognitions.c.recognition_id,
                reviews.c.status == "decided",
                reviews.c.withdrawn_at.is_(None),
            )
        )
        result = await self._session.execute(
            select(
                recognitions.c.recognition_id,
                recognitions.c.occurred_at,
                recognitions.c.credentials_enc,
                _p.valid_until,
                decided.label("decided"),
            )
            .join(recognitions, recognitions.c.recognition_id == _p.recognition_id)
            .where(
                _p.region == self._region,
                _p.ended_at.is_(None),
                *(() if over_on is None else (_p.valid_until < over_on,)),
            )
            .order_by(recognitions.c.recognition_id)
            .limit(limit)
        )
        found: Sequence[RowMapping] = result.mappings().all()
        return found

    async def still_waiting(self, recognition_ids: Collection[UUID]) -> set[UUID]:
        """Of these answers those that nobody has ended meanwhile."""
        found = await self._session.scalars(
            select(_p.recognition_id).where(
                _p.recognition_id.in_(sorted(recognition_ids)), _p.ended_at.is_(None)
            )
        )
        return set(found)

    async def end(self, recognition_ids: Collection[UUID], *, at: datetime, how: str) -> None:
        if recognition_ids:
            values: dict[str, Any] = {"ended_at": at, "outcome": how}
            await self._session.execute(
                update(provisional_answers)
                .where(_p.recognition_id.in_(sorted(recognition_ids)), _p.ended_at.is_(None))
                .values(values)
            )
