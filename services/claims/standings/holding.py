"""Holding a person's year while a bill of his is calculated and written."""

from __future__ import annotations

from collections.abc import Collection

from services.claims.merges import repository as merges
from services.claims.standings import repository
from services.claims.standings.repository import Year
from shared.db.session import WriteSession
from shared.runtime.context import ServiceContext


async def held_year(
    session: WriteSession, context: ServiceContext, person_id: str | None, year: int
) -> Year | None:
    """The year against which a person's bills count now, held until the transaction ends.

    The person first, against a merge, then his year: every use case keeps that order, after the
    encounter's row and before any account. None for a patient whom nobody knows.
    """
    if person_id is None:
        return None
    await merges.hold(session, person_id)
    return await repository.lock(
        session, area=context.region.pooling_area, person_id=person_id, year=year
    )


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
