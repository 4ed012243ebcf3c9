"""All SQL of the standings: one row per pooling area, person and calendar year."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Integer, Row, String, bindparam, select, update
from sqlalchemy.dialects.postgresql import Insert, insert

from services.claims.merges.repository import kept_or_self
from services.claims.models import BENEFITS, standings
from services.claims.settlement.bill import Standing
from shared.db.direct import DirectWork
from shared.db.session import ReadSession, WriteSession

_COLUMNS = {benefit: standings.c[f"{benefit}_fen"] for benefit in BENEFITS}
_KEY: Final = ("area", "person_id", "year")


@dataclass(frozen=True)
class Year:
    """A person's year in one pooling area."""

    area: str
    person_id: str
    year: int
    standing: Standing


def _standing(row: Row[Any]) -> Standing:
    stored = row._mapping  # noqa: SLF001 - SQLAlchemy's public accessor
    return Standing(**{benefit: stored[f"{benefit}_fen"] for benefit in BENEFITS})


def _lock() -> Insert:
    person_id = kept_or_self(bindparam("of_person", type_=String))
    return insert(standings).values(
        area=bindparam("area", type_=String),
        person_id=person_id,
        year=bindparam("year", type_=Integer),
        version=0,
        **{f"{benefit}_fen": 0 for benefit in BENEFITS},
    )


# Made once: putting a statement together costs more than sending it.
_LOCK = (
    _lock()
    .on_conflict_do_update(index_elements=_KEY, set_={"version": standings.c.version})
    .returning(standings.c.person_id, *_COLUMNS.values())
)
_THAT_YEAR = (
    standings.c.area == bindparam("of_area"),
    standings.c.person_id == bindparam("of_person"),
    standings.c.year == bindparam("of_year"),
)
_READ = select(*_COLUMNS.values()).where(*_THAT_YEAR)
_WRITE = (
    update(standings)
    .where(*_THAT_YEAR)
    .values(
        {standings.c.version: standings.c.version + 1}
        | {column: bindparam(f"now_{benefit}") for benefit, column in _COLUMNS.items()}
    )
)
_WRITE_DIRECTLY: Final = (
    "UPDATE standings SET version = version + 1, "  # noqa: S608 - names of columns
    + ", ".join(f"{benefit}_fen = ${at}" for at, benefit in enumerate(BENEFITS, start=4))
    + " WHERE area = $1 AND person_id = $2 AND year = $3"
)
_LOCK_ALL = (
    select(standings)
    .where(standings.c.person_id == bindparam("of_person"))
    .order_by(standings.c.area, standings.c.year)
    .with_for_update()
)


async def lock(session: WriteSession, *, area: str, person_id: str, year: int) -> Year:
    """Read a person's year and hold it until the transaction ends; it begins with nothing.

    One statement makes the row if it is new and locks it in either case, so that two visits of
    one person that are settled at the same moment see each other. The year of an absorbed person
    is that of the one who stands for him: whoever must be sure of that holds the person first
    (``merges.repository.hold``).
    """
    row = (await session.execute(_LOCK, {"area": area, "of_person": person_id, "year": year})).one()
    return Year(area, row.person_id, year, _standing(row))


async def lock_all(session: WriteSession, person_id: str) -> Sequence[Year]:
    """Read and hold every year that stands under this very id, by area and year."""
    rows = await session.execute(_LOCK_ALL, {"of_person": person_id})
    return [Year(row.area, row.person_id, row.year, _standing(row)) for row in rows]


async def read(session: ReadSession, *, area: str, person_id: str, year: int) -> Standing:
    """The year that stands under this very id, unlocked."""
    row = (
        await session.execute(_READ, {"of_area": area, "of_person": person_id, "of_year": year})
    ).one_or_none()
    return Standing() if row is None else _standing(row)


async def write(session: WriteSession, year: Year, standing: Standing) -> None:
    """Write a locked year."""
    await session.execute(
        _WRITE,
        {
            "of_area": year.area,
            "of_person": year.person_id,
            "of_year": year.year,
            **{f"now_{benefit}": getattr(standing, benefit) for benefit in BENEFITS},
        },
    )


def write_directly(direct: DirectWork, year: Year, standing: Standing) -> None:
    """As :func:`write`, among what is gathered on the driver."""
    amounts = (getattr(standing, benefit) for benefit in BENEFITS)
    direct.write(_WRITE_DIRECTLY, year.area, year.person_id, year.year, *amounts)
