"""All SQL of the reservations."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, bindparam, select, text, update
from sqlalchemy.dialects.postgresql import Insert, insert

from services.claims.models import RESERVED_BENEFITS, reservations
from services.claims.reservations.domain import Reservation, State
from services.claims.settlement.bill import Standing
from shared.db.direct import DirectWork
from shared.db.session import ReadSession, WriteSession

_r = reservations.c
_COLUMNS: Final = {benefit: f"{benefit}_fen" for benefit in RESERVED_BENEFITS}
_SUMS: Final = ", ".join(f"coalesce(sum(r.{c}), 0)::bigint AS {b}" for b, c in _COLUMNS.items())
# The person's ids first, then their rows: each by its index.
_HELD_BY_OTHERS: Final = text(f"""
SELECT {_SUMS} FROM reservations r
WHERE r.area = :area AND r.year = :year AND r.state = 'held' AND r.expires_at > :now
  AND r.encounter_id IS DISTINCT FROM :encounter_id
  AND r.person_id IN (
    SELECT CAST(:kept AS varchar) UNION ALL
    SELECT m.absorbed_person_id FROM person_merges m
    WHERE m.kept_person_id = :kept AND m.in_force)
""")  # noqa: S608 - names of columns


def _hold() -> Insert:
    statement = insert(reservations)
    said = statement.excluded
    return statement.on_conflict_do_update(
        index_elements=["encounter_id"],
        set_={column.name: said[column.name] for column in _r if column.name != "encounter_id"},
    )


# Made once: putting a statement together costs more than sending it.
_HOLD: Final = _hold()
_OF: Final = select(reservations).where(_r.encounter_id == bindparam("of_encounter"))
_CLOSE: Final = (
    update(reservations)
    .where(_r.encounter_id == bindparam("of_encounter"), _r.state == "held")
    .values(state=bindparam("as_state"), closed_at=bindparam("at"))
)


def _reservation(row: Row[Any]) -> Reservation:
    stored = row._mapping  # noqa: SLF001 - SQLAlchemy's public accessor
    return Reservation(
        person_id=stored["person_id"],
        year=stored["year"],
        amounts=Standing(**{benefit: stored[column] for benefit, column in _COLUMNS.items()}),
        state=stored["state"],
        made_at=stored["made_at"],
        expires_at=stored["expires_at"],
    )


async def of_encounter(session: ReadSession, encounter_id: UUID) -> Reservation | None:
    row = (await session.execute(_OF, {"of_encounter": encounter_id})).one_or_none()
    return _reservation(row) if row else None


async def of_encounters(session: ReadSession, ids: Sequence[UUID]) -> dict[UUID, Reservation]:
    """The reservations of several encounters; one without is left out."""
    if not ids:
        return {}
    rows = await session.execute(select(reservations).where(_r.encounter_id.in_(ids)))
    return {row.encounter_id: _reservation(row) for row in rows}


async def held_by_others(
    session: ReadSession,
    *,
    area: str,
    kept_person_id: str,
    year: int,
    now: datetime,
    encounter_id: UUID | None = None,
) -> Standing:
    """What a person's open visits, other than this one, have reserved of a year (fen).

    Args:
        kept_person_id: who stands for the person since a merge, or he himself.
        encounter_id: the visit that asks; None counts every reservation.
    """
    row = (
        await session.execute(
            _HELD_BY_OTHERS,
            {
                "area": area,
                "kept": kept_person_id,
                "year": year,
                "now": now,
                "encounter_id": encounter_id,
            },
        )
    ).one()
    return Standing(**row._mapping)  # noqa: SLF001 - SQLAlchemy's public accessor


def consume_directly(direct: DirectWork, encounter_id: UUID, at: datetime) -> None:
    """Take a visit's own reservation, if it holds one, into its settlement."""
    direct.update(
        reservations,
        {"state": "consumed", "closed_at": at},
        {"encounter_id": encounter_id, "state": "held"},
    )


async def hold(
    session: WriteSession,
    *,
    encounter_id: UUID,
    region: str,
    area: str,
    reservation: Reservation,
) -> None:
    """Make a visit's reservation, or make it anew; the caller holds the person's year."""
    amounts = reservation.amounts
    await session.execute(
        _HOLD,
        {
            "encounter_id": encounter_id,
            "region": region,
            "area": area,
            "person_id": reservation.person_id,
            "year": reservation.year,
            "state": reservation.state,
            "made_at": reservation.made_at,
            "expires_at": reservation.expires_at,
            "closed_at": None,
            **{column: getattr(amounts, benefit) for benefit, column in _COLUMNS.items()},
        },
    )


async def close(session: WriteSession, encounter_id: UUID, state: State, at: datetime) -> None:
    """Give a held reservation up. Needs no lock of the year: room only grows by it."""
    await session.execute(_CLOSE, {"of_encounter": encounter_id, "as_state": state, "at": at})
