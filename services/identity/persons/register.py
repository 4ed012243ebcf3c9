"""Changing the register outside a roster: under its lock, stamped for whoever keeps an index.

Each process that recognises patients keeps an index of the register and, in every recognition,
loads the persons whose ``revision`` is newer than its own. So a change that recognition should see
takes the lock first, and stamps every person that it touches.
"""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from services.identity.models import persons
from services.identity.roster.repository import RosterRepository


async def lock_register(session: AsyncSession, region: str) -> None:
    """Wait until nobody else changes the register; held until the transaction ends.

    Take it before any lock on a row, or two changes may wait for each other.
    """
    await RosterRepository(session, region).lock_register()


async def stamp(session: AsyncSession, region: str, person_ids: Collection[UUID]) -> None:
    """Mark persons as changed, under the register's lock."""
    if not person_ids:
        return
    revision = await RosterRepository(session, region).raise_revision(outdates_rosters=False)
    await session.execute(
        update(persons)
        .where(persons.c.region == region, persons.c.person_id.in_(sorted(person_ids)))
        .values(revision=revision)
    )
