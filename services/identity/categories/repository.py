"""SQL of memberships over both times."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import RowMapping, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.identity.models import memberships


class CategoryRepository:
    """All SQL of the slice, in one session and region."""

    def __init__(self, session: AsyncSession, region: str) -> None:
        self._session = session
        self._region = region

    async def known(self, person_ids: Sequence[UUID], at: datetime) -> Sequence[RowMapping]:
        """What we held these persons' memberships to be at a moment, by source."""
        result = await self._session.execute(
            select(
                memberships.c.source,
                memberships.c.category,
                memberships.c.valid_from,
                memberships.c.valid_to,
                memberships.c.reason,
                memberships.c.recorded_at,
            )
            .where(
                memberships.c.region == self._region,
                memberships.c.person_id.in_(person_ids),
                memberships.c.recorded_at <= at,
                or_(memberships.c.superseded_at.is_(None), memberships.c.superseded_at > at),
            )
            .order_by(memberships.c.valid_from, memberships.c.source, memberships.c.category)
        )
        return result.mappings().all()
