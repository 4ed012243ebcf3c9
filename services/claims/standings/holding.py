"""Holding a person's year while a bill of his is calculated and written."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from services.claims.charges.repository import BILL, IN_ORDER, line
from services.claims.merges import repository as merges
from services.claims.models import BENEFITS, RESERVED_BENEFITS
from services.claims.settlement.bill import Line, Standing
from services.claims.standings import repository
from services.claims.standings.repository import Year
from shared.db.direct import DirectWork, within
from shared.db.session import WriteSession
from shared.runtime.context import ServiceContext

# The function waits for whoever holds the person or the year, and sees what he did. The bill is of
# the moment before: nobody changes it while the encounter's row is held.
_HOLD: Final = f"""
SELECT (h.held).person_id AS kept_person_id,
       {", ".join(f"(h.held).{benefit}_fen AS {benefit}" for benefit in BENEFITS)},
       h.reserved, bill.*
FROM claims_hold_year($1, $2, $3, $4, $5, $6) AS h
LEFT JOIN ({BILL.format(encounter_id="$5")}) AS bill ON true
{IN_ORDER}
"""  # noqa: S608 - names of columns


@dataclass(frozen=True)
class Held:
    """A person's year that is held, and what goes with it."""

    year: Year
    reserved: Standing
    """What his other open visits have reserved of it (fen)."""
    bill: tuple[Line, ...]
    """The encounter's lines; none without an encounter."""


async def hold_directly(
    direct: DirectWork,
    context: ServiceContext,
    person_id: str,
    year: int,
    encounter_id: UUID | None = None,
) -> Held:
    """The year against which a person's bills count now, held until the transaction ends.

    The person first, against a merge, then his year: every use case keeps that order, after the
    encounter's row and before any account. One round trip.

    Args:
        direct: of the transaction.
        context: of the service.
        person_id: as the visit names him; the year is that of whoever stands for him.
        year: the calendar year.
        encounter_id: the visit that asks, its row held; what it reserved itself is not counted.
    """
    area = context.region.pooling_area
    rows = await direct.fetch(
        _HOLD,
        area,
        person_id,
        year,
        merges.lock_key(person_id),
        encounter_id,
        context.clock.now(),
    )
    first: Any = rows[0]
    return Held(
        Year(
            area,
            first["kept_person_id"],
            year,
            Standing(**{benefit: first[benefit] for benefit in BENEFITS}),
        ),
        Standing(**dict(zip(RESERVED_BENEFITS, first["reserved"], strict=True))),
        tuple(line(row) for row in rows if row["line_no"] is not None),
    )


async def held_year(
    session: WriteSession,
    context: ServiceContext,
    person_id: str | None,
    year: int,
    encounter_id: UUID | None = None,
) -> Held | None:
    """As :func:`hold_directly`, on a session. None for a patient whom nobody knows."""
    if person_id is None:
        return None
    return await hold_directly(await within(session), context, person_id, year, encounter_id)


async def hold_years(
    session: WriteSession, context: ServiceContext, person_ids: Collection[str | None], year: int
) -> None:
    """Hold a year of several persons at once, in an order that is the same for everybody."""
    known = sorted({person_id for person_id in person_ids if person_id is not None})
    await merges.hold_all(session, known)
    kept = {await merges.kept_of(session, person_id) for person_id in known}
    for person_id in sorted(kept):
        await repository.lock(
            session, area=context.region.pooling_area, person_id=person_id, year=year
        )
