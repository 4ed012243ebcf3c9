"""All SQL of the members projection: what the registry's events told of a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import String, bindparam, func, select, tuple_
from sqlalchemy.dialects.postgresql import Insert, insert

from services.claims.encounters.domain import Period
from services.claims.merges.repository import kept_or_self
from services.claims.models import members
from shared.db.session import ReadSession, WriteSession


@dataclass(frozen=True)
class Member:
    """What the registry's events told of a person."""

    person_id: str
    household_id: str | None
    township: str | None
    village: str | None
    categories: tuple[Period, ...]
    effective_on: date
    recorded_at: datetime
    sequence: int
    left_reason: str | None = None
    sex: str | None = None
    birth_year: int | None = None


def periods(stored: Sequence[Mapping[str, Any]] | None) -> tuple[Period, ...]:
    """Read from a JSON column."""
    return tuple(Period.from_dict(item) for item in stored or ())


def _keep_member() -> Insert:
    statement = insert(members)
    said = statement.excluded
    return statement.on_conflict_do_update(
        index_elements=["person_id"],
        set_={column.name: said[column.name] for column in members.c if column.name != "person_id"}
        # Not every word of a person tells them again.
        | {name: func.coalesce(said[name], members.c[name]) for name in ("sex", "birth_year")},
        where=tuple_(said.recorded_at, said.sequence)
        > tuple_(members.c.recorded_at, members.c.sequence),
    )


# Made once: putting a statement together costs more than sending it.
_KEEP_MEMBER = _keep_member()
_MEMBER = select(members).where(
    members.c.person_id == kept_or_self(bindparam("of_person", type_=String))
)


async def keep_member(session: WriteSession, region: str, member: Member) -> None:
    """Keep the latest word about a person, whatever the order in which the words arrive."""
    row = {
        "person_id": member.person_id,
        "region": region,
        "household_id": member.household_id,
        "township": member.township,
        "village": member.village,
        "categories": [period.as_dict() for period in member.categories],
        "left_reason": member.left_reason,
        "sex": member.sex,
        "birth_year": member.birth_year,
        "effective_on": member.effective_on,
        "recorded_at": member.recorded_at,
        "sequence": member.sequence,
    }
    await session.execute(_KEEP_MEMBER, row)


async def get_member(session: ReadSession, person_id: str) -> Member | None:
    """The registered person that an id means: of an absorbed one, the kept."""
    row = (await session.execute(_MEMBER, {"of_person": person_id})).one_or_none()
    if row is None:
        return None
    return Member(
        person_id=row.person_id,
        household_id=row.household_id,
        township=row.township,
        village=row.village,
        categories=periods(row.categories),
        effective_on=row.effective_on,
        recorded_at=row.recorded_at,
        sequence=row.sequence,
    )
