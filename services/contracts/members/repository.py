"""All SQL about members of teams."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select, update
from sqlalchemy.dialects.postgresql import insert

from services.contracts.models import TeamMember
from shared.db.session import ReadSession, WriteSession


async def add(session: WriteSession, values: dict[str, Any]) -> None:
    await session.execute(insert(TeamMember).values(values))


async def on(session: ReadSession, team: str, day: date) -> Sequence[TeamMember]:
    """A team's members of a day, in the order in which they joined."""
    found = await session.execute(
        select(TeamMember)
        .where(
            TeamMember.team == team,
            TeamMember.joined_on <= day,
            or_(TeamMember.left_on.is_(None), TeamMember.left_on > day),
        )
        .order_by(TeamMember.joined_on, TeamMember.member_id)
    )
    return found.scalars().all()


async def get(session: ReadSession, member_id: UUID) -> TeamMember | None:
    found = await session.execute(
        select(TeamMember)
        .where(TeamMember.member_id == member_id)
        .execution_options(populate_existing=True)
    )
    return found.scalar_one_or_none()


async def leave(session: WriteSession, member_id: UUID, left_on: date) -> bool:
    """Let a member go; False when he had gone before."""
    gone = await session.execute(
        update(TeamMember)
        .where(TeamMember.member_id == member_id, TeamMember.left_on.is_(None))
        .values(left_on=left_on)
        .returning(TeamMember.member_id)
    )
    return gone.scalar_one_or_none() is not None
