"""SQL of the tables of weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, select, text
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.identity.matching.lending import FIELDS, MOST_QUESTIONS, Shown
from services.identity.matching.model import NUMBER
from services.identity.matching.numbers import NumberLevel
from services.identity.models import match_weights

_NUMBER_SHOWN = [{"field": NUMBER, "level": str(NumberLevel.EXACT)}]
_LEVELS = ", ".join(
    f"""jsonb_path_query_first(evidence, '$[*] ? (@.field == "{field}").level') #>> '{{}}'"""
    for field in FIELDS
)
_SHOWN = text(
    f"""
    SELECT {_LEVELS}, count(*)
    FROM (
        SELECT evidence FROM recognitions WHERE region = :region
        ORDER BY recognition_id DESC LIMIT :most
    ) AS latest
    WHERE evidence @> :number
    GROUP BY {", ".join(str(place + 1) for place in range(len(FIELDS)))}
    """  # noqa: S608 - of constants alone
).bindparams(bindparam("number", type_=JSONB))


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


@dataclass(frozen=True)
class Learned:
    """A table as kept, with when and from how many it was learned."""

    version: str
    content_enc: bytes
    people: int
    learned_at: datetime


async def learned(session: AsyncSession, region: str, *, limit: int) -> Sequence[Learned]:
    """The latest tables that were learned, newest first; the agreed one is not among them."""
    rows = await session.execute(
        select(
            match_weights.c.version,
            match_weights.c.content_enc,
            match_weights.c.people,
            match_weights.c.learned_at,
        )
        .where(match_weights.c.region == region, match_weights.c.people > 0)
        .order_by(match_weights.c.learned_at.desc(), match_weights.c.version)
        .limit(limit)
    )
    return [Learned(row.version, row.content_enc, row.people, row.learned_at) for row in rows]


async def shown_numbers(session: AsyncSession, region: str) -> dict[Shown, int]:
    """How the latest questions that showed a registered number agreed with its holder otherwise.

    Counted by the database: no question leaves it, only how many were alike.
    """
    asked = {"region": region, "most": MOST_QUESTIONS, "number": _NUMBER_SHOWN}
    rows = await session.execute(_SHOWN, asked)
    return {tuple(row[: len(FIELDS)]): row[-1] for row in rows}
