"""SQL of outcomes that are taken back."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.identity.models import (
    judged_pairs,
    person_aliases,
    recognitions,
    review_withdrawals,
    reviews,
)


class TakingBackRepository:
    """In one session and region; the caller holds the register's lock."""

    def __init__(self, session: AsyncSession, region: str) -> None:
        self._session = session
        self._region = region

    async def asked(self, review_ids: Collection[UUID]) -> Sequence[RowMapping]:
        """Who has asked that the outcomes be taken back, in order."""
        result = await self._session.execute(
            select(review_withdrawals)
            .where(review_withdrawals.c.review_id.in_(sorted(review_ids)))
            .order_by(review_withdrawals.c.asked_at, review_withdrawals.c.withdrawal_id)
        )
        return result.mappings().all()

    async def ask(self, values: Mapping[str, Any]) -> None:
        await self._session.execute(insert(review_withdrawals).values(**values))

    async def mark(self, review_id: UUID, *, at: datetime) -> None:
        await self._session.execute(
            update(reviews).where(reviews.c.review_id == review_id).values(withdrawn_at=at)
        )

    async def reopened_as(self, review_id: UUID, new_id: UUID) -> None:
        await self._session.execute(
            update(reviews).where(reviews.c.review_id == review_id).values(reopened_as=new_id)
        )

    async def forget(self, review_id: UUID) -> Sequence[RowMapping]:
        """Remove what the outcome had taught; gives the aliases that were removed."""
        await self._session.execute(
            delete(judged_pairs).where(
                judged_pairs.c.region == self._region, judged_pairs.c.review_id == review_id
            )
        )
        removed = await self._session.execute(
            delete(person_aliases)
            .where(person_aliases.c.region == self._region, person_aliases.c.review_id == review_id)
            .returning(*person_aliases.c)
        )
        return removed.mappings().all()

    async def aliases(self, indexes: Collection[bytes]) -> set[tuple[UUID, bytes]]:
        """Whose aliases some values are."""
        result = await self._session.execute(
            select(person_aliases.c.person_id, person_aliases.c.value_idx).where(
                person_aliases.c.region == self._region,
                person_aliases.c.value_idx.in_(sorted(indexes)),
            )
        )
        return {(row[0], bytes(row[1])) for row in result}

    async def standing(
        self, *, fingerprint: bytes | None = None, person_ids: Collection[UUID] = ()
    ) -> Sequence[RowMapping]:
        """Outcomes that stand: of a question, or those that found one of some persons."""
        statement = select(reviews).where(
            reviews.c.region == self._region,
            reviews.c.status == "decided",
            reviews.c.withdrawn_at.is_(None),
        )
        if fingerprint is not None:
            statement = statement.where(reviews.c.fingerprint == fingerprint)
        else:
            statement = statement.where(reviews.c.person_id.in_(sorted(person_ids)))
        result = await self._session.execute(
            statement.order_by(reviews.c.decided_at, reviews.c.review_id)
        )
        return result.mappings().all()

    async def since(
        self, recognition_ids: Collection[UUID], moment: datetime
    ) -> Sequence[RowMapping]:
        """Of these recognitions those made since a moment."""
        result = await self._session.execute(
            select(recognitions)
            .where(
                recognitions.c.region == self._region,
                recognitions.c.recognition_id.in_(sorted(recognition_ids)),
                recognitions.c.recorded_at >= moment,
            )
            .order_by(recognitions.c.recognition_id)
        )
        return result.mappings().all()
