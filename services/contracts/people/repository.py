"""All SQL about people and about the numbering of their events."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.contracts.models import Person, PersonVersion
from shared.db.session import ReadSession, WriteSession
from shared.events.catalog import PersonChanged, PersonEntered, PersonLeft


async def lock(session: WriteSession, person_id: str) -> None:
    """Let one transaction at a time change what concerns a person."""
    statement = insert(PersonVersion).values(person_id=person_id, version=0)
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=[PersonVersion.person_id], set_={"version": PersonVersion.version}
        )
    )


async def next_version(session: WriteSession, person_id: str) -> int:
    """The sequence of the next event about a person, from 1."""
    statement = insert(PersonVersion).values(person_id=person_id, version=1)
    numbered = statement.on_conflict_do_update(
        index_elements=[PersonVersion.person_id], set_={"version": PersonVersion.version + 1}
    ).returning(PersonVersion.version)
    return int((await session.execute(numbered)).scalar_one())


async def store(
    session: WriteSession,
    told: PersonEntered | PersonChanged | PersonLeft,
    *,
    region: str,
    sequence: int,
) -> None:
    """Keep what identity told, unless something newer is known already."""
    row = {
        "region": region,
        "household_id": told.household_id,
        "township": told.township,
        "village": told.village,
        "categories": [period.model_dump(mode="json") for period in told.categories],
        "registered": not isinstance(told, PersonLeft),
        "effective_on": told.effective_on,
        "sequence": sequence,
    }
    statement = insert(Person).values(person_id=told.person_id, **row)
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=[Person.person_id],
            set_={name: statement.excluded[name] for name in row},
            where=Person.sequence < statement.excluded.sequence,
        )
    )


async def get(session: AsyncSession, person_id: str) -> Person | None:
    """The person as now known; rereads the row in a transaction that has seen it before."""
    return (
        await session.execute(
            select(Person)
            .where(Person.person_id == person_id)
            .execution_options(populate_existing=True)
        )
    ).scalar_one_or_none()


async def known(session: ReadSession, person_id: str) -> bool:
    """Whether identity has told of the person."""
    found = await session.execute(select(Person.person_id).where(Person.person_id == person_id))
    return found.scalar_one_or_none() is not None
