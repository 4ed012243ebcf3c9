"""All SQL about people and about the numbering of their events."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ARRAY, String, bindparam, cast, func, literal, select
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.contracts.merges.repository import MERGES
from services.contracts.models import Person, PersonHome, PersonVersion
from shared.db.base import table_of
from shared.db.session import ReadSession, WriteSession
from shared.events.catalog import PersonChanged, PersonEntered, PersonLeft

_people = table_of(Person)
_homes = table_of(PersonHome)
_versions = table_of(PersonVersion)


def _keep() -> Insert:
    statement = insert(_people)
    told = statement.excluded
    columns = [column.name for column in _people.columns if column.name != "person_id"]
    return statement.on_conflict_do_update(
        index_elements=["person_id"],
        # Not every event tells these: a person who leaves or was merged keeps his.
        set_={name: told[name] for name in columns}
        | {
            name: func.coalesce(told[name], _people.c[name])
            for name in ("birth_year", "poverty_cause")
        },
        where=_people.c.sequence < told["sequence"],
    )


# Made once: putting a statement together costs more than sending it.
_KEEP = _keep()
_KEEP_HOME = insert(_homes).on_conflict_do_nothing()
_LOCK = (
    insert(_versions)
    .from_select(
        ["person_id", "version"],
        select(MERGES.kept_or_self(bindparam("person_id", type_=String)), literal(0)),
    )
    .on_conflict_do_update(index_elements=["person_id"], set_={"version": _versions.c.version})
    .returning(_versions.c.person_id)
)
_NUMBER = (
    insert(_versions)
    .on_conflict_do_update(index_elements=["person_id"], set_={"version": _versions.c.version + 1})
    .returning(_versions.c.version)
)


async def lock(session: WriteSession, person_id: str) -> str:
    """Let one transaction at a time change what concerns a person, by whichever of his ids.

    Returns:
        The id of him who stands for the person: his own, unless a merge absorbed him. It stays
        so until the transaction ends.
    """
    await MERGES.hold(session)
    locked = await session.execute(_LOCK, {"person_id": person_id})
    return str(locked.scalar_one())


async def next_version(session: WriteSession, person_id: str) -> int:
    """The sequence of the next event about a person, from 1."""
    numbered = await session.execute(_NUMBER, {"person_id": person_id, "version": 1})
    return int(numbered.scalar_one())


async def store(
    session: WriteSession,
    told: PersonEntered | PersonChanged | PersonLeft,
    *,
    region: str,
    sequence: int,
) -> None:
    """Keep what identity told, unless something newer is known already.

    A corrected history of somebody who is off the registry does not bring him back.
    """
    last_days = [period.valid_to for period in told.categories]
    stays = any(day is None or day >= told.effective_on for day in last_days)
    row = {
        "person_id": told.person_id,
        "region": region,
        "household_id": told.household_id,
        "township": told.township,
        "village": told.village,
        "birth_year": told.birth_year,
        "poverty_cause": told.poverty_cause,
        "categories": [period.model_dump(mode="json") for period in told.categories],
        "registered": stays and not isinstance(told, PersonLeft),
        "reason": told.reason,
        "effective_on": told.effective_on,
        "sequence": sequence,
    }
    await session.execute(_KEEP, row)
    await session.execute(_KEEP_HOME, {column.name: row[column.name] for column in _homes.columns})


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


async def get_many(session: AsyncSession, person_ids: Sequence[str]) -> dict[str, Person]:
    """Persons as now known, by their ids."""
    found = await session.scalars(
        select(Person)
        .where(Person.person_id == func.any(cast(list(person_ids), ARRAY(String))))
        .execution_options(populate_existing=True)
    )
    return {person.person_id: person for person in found}
