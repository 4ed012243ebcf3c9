"""SQL of the tables of weights."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.identity.models import match_weights


async def keep(
    session: AsyncSession,
    region: str,
    *,
    version: str,
    content_enc: bytes,
    people: int,
    revision: int,
    at: datetime,
) -> bool:
    """Keep a table unless it is there; says whether it is new."""
    statement = insert(match_weights).values(
        region=region,
        version=version,
        content_enc=content_enc,
        people=people,
        revision=revision,
        learned_at=at,
    )
    kept = await session.execute(
        statement.on_conflict_do_nothing().returning(match_weights.c.version)
    )
    return kept.scalar_one_or_none() is not None
