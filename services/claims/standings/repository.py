"""All SQL of the standings: one row per pooling area, person and calendar year."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.dialects.postgresql import insert

from services.claims.models import BENEFITS, standings
from services.claims.settlement.bill import Standing
from shared.db.session import ReadSession, WriteSession

_COLUMNS = {benefit: standings.c[f"{benefit}_fen"] for benefit in BENEFITS}


def _standing(row: Row[Any]) -> Standing:
    stored = row._mapping  # noqa: SLF001 - SQLAlchemy's public accessor
    return Standing(**{benefit: stored[f"{benefit}_fen"] for benefit in BENEFITS})


async def lock(session: WriteSession, *, area: str, person_id: str, year: int) -> Standing:
    """Read a person's year and hold it until the transaction ends; it begins with nothing.

    One statement makes the row if it is new and locks it in either case, so that two visits of
    one person that are settled at the same moment see each other.
    """
    statement = insert(standings).values(
        area=area,
        person_id=person_id,
        year=year,
        version=0,
        **{f"{benefit}_fen": 0 for benefit in BENEFITS},
    )
    row = (
        await session.execute(
            statement.on_conflict_do_update(
                index_elements=["area", "person_id", "year"],
                set_={"version": standings.c.version},
            ).returning(*_COLUMNS.values())
        )
    ).one()
    return _standing(row)


async def read(session: ReadSession, *, area: str, person_id: str, year: int) -> Standing:
    """A person's year as it is, unlocked."""
    row = (
        await session.execute(
            select(*_COLUMNS.values()).where(
                standings.c.area == area,
                standings.c.person_id == person_id,
                standings.c.year == year,
            )
        )
    ).one_or_none()
    return Standing() if row is None else _standing(row)


async def write(
    session: WriteSession, *, area: str, person_id: str, year: int, standing: Standing
) -> None:
    """Write a locked year."""
    await session.execute(
        update(standings)
        .where(
            standings.c.area == area, standings.c.person_id == person_id, standings.c.year == year
        )
        .values(
            version=standings.c.version + 1,
            **{f"{benefit}_fen": getattr(standing, benefit) for benefit in BENEFITS},
        )
    )
