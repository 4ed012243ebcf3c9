"""All SQL of entered figures."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import insert, or_, select, text, update

from services.reporting.models import Entry
from shared.db.session import ReadSession, WriteSession


async def hold(session: WriteSession, region: str, code: str) -> None:
    """One figure of an indicator is entered at a time: two must not tell the same days."""
    await session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended('entries ' || :what, 0))"),
        {"what": f"{region} {code}"},
    )


async def overlapping(
    session: ReadSession, region: str, code: str, first: date, last: date, township: str | None
) -> Entry | None:
    """A standing figure that tells some of the same days of the same people.

    The county's figure holds every township's.
    """
    same = select(Entry).where(
        Entry.region == region,
        Entry.code == code,
        Entry.state != "withdrawn",
        Entry.first_day <= last,
        Entry.day >= first,
    )
    if township is not None:
        same = same.where(or_(Entry.township == township, Entry.township.is_(None)))
    found: Entry | None = await session.scalar(same.limit(1))
    return found


async def add(session: WriteSession, values: Mapping[str, Any]) -> None:
    await session.execute(insert(Entry).values(values))


async def lock(session: WriteSession, region: str, entry_id: UUID) -> Entry | None:
    """The entry, held until the transaction ends."""
    found: Entry | None = await session.scalar(
        select(Entry)
        .where(Entry.entry_id == entry_id, Entry.region == region)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return found


async def change(session: WriteSession, entry_id: UUID, **values: Any) -> None:
    await session.execute(update(Entry).where(Entry.entry_id == entry_id).values(**values))


async def page(
    session: ReadSession,
    region: str,
    *,
    code: str | None,
    state: str | None,
    period: str | None,
    after: UUID | None,
    limit: int,
) -> list[Entry]:
    """Entries in the order in which they were made."""
    statement = select(Entry).where(Entry.region == region).order_by(Entry.entry_id).limit(limit)
    if code is not None:
        statement = statement.where(Entry.code == code)
    if state is not None:
        statement = statement.where(Entry.state == state)
    if period is not None:
        statement = statement.where(Entry.period == period)
    if after is not None:
        statement = statement.where(Entry.entry_id > after)
    return list(await session.scalars(statement))
