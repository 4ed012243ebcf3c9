"""All SQL of a rebuild: the shadow tables, the lock, what differs, the inbox, the job.

The rows are made in temporary tables of the projections' own names, which this transaction finds
before the real ones. Nobody else sees them, a million events need no memory, and a crash leaves
nothing behind.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Table, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from services.reporting.models import PROJECTIONS, Happening, Rebuild
from shared.db.base import table_of
from shared.db.session import ReadSession, WriteSession

_LONGEST_S = 3600
"""What a million rows take in one statement is more than a connection allows a statement."""


async def make_shadows(session: WriteSession) -> None:
    """From now until :func:`end_shadows` the projections' names mean this transaction's tables.

    The path is set by name: it tells the database to plan statements of before anew.
    """
    for table in PROJECTIONS:
        key = ", ".join(column.name for column in table.primary_key)
        await session.execute(
            text(
                f"CREATE TEMPORARY TABLE {table.name} (LIKE public.{table.name}"
                f" INCLUDING DEFAULTS INCLUDING CONSTRAINTS, PRIMARY KEY ({key})) ON COMMIT DROP"
            )
        )
    await session.execute(
        text("CREATE TEMPORARY TABLE rebuild_events (id uuid PRIMARY KEY) ON COMMIT DROP")
    )
    await session.execute(text("SET LOCAL search_path = pg_temp, public"))


async def end_shadows(session: WriteSession) -> None:
    """The projections' names mean the real tables again, with their indexes."""
    # A path that does not name the temporary schema is searched in it first.
    await session.execute(text("SET LOCAL search_path = public, pg_temp"))


async def note(session: WriteSession, events: Sequence[UUID]) -> None:
    """Remember which events a page held."""
    await session.execute(
        text("INSERT INTO rebuild_events SELECT unnest(CAST(:events AS uuid[]))"),
        {"events": list(events)},
    )


async def dead_among(session: WriteSession, group: str, events: Sequence[UUID]) -> set[UUID]:
    """Which of these events wait as dead letters of the group."""
    found = await session.execute(
        text(
            "SELECT event_id FROM dead_letters WHERE consumer_group = :consumer_group"
            " AND status <> 'resolved' AND event_id = ANY(:events)"
        ),
        {"consumer_group": group, "events": list(events)},
    )
    return set(found.scalars())


async def hold_handlers(session: WriteSession) -> None:
    """Let running handlers finish and new ones wait.

    A handler's first statement marks its event in the inbox, or takes its dead letter, so the locks
    on these two are enough, and no handler can hold a projection's row while it waits. Readers go
    on reading.
    """
    await session.execute(text("SET LOCAL lock_timeout = '60s'"))
    await session.execute(text("LOCK TABLE inbox IN EXCLUSIVE MODE"))
    await session.execute(text("LOCK TABLE dead_letters IN EXCLUSIVE MODE"))


async def handled_but_not_fetched(session: WriteSession, group: str) -> int:
    """Events that were handled, but that the feeds have not shown yet."""
    driver = await _driver(session)
    await driver.execute("ANALYZE rebuild_events", timeout=_LONGEST_S)
    found = await driver.fetchval(
        "SELECT count(*) FROM inbox i WHERE i.consumer_group = $1"
        " AND NOT EXISTS (SELECT FROM rebuild_events e WHERE e.id = i.event_id)",
        group,
        timeout=_LONGEST_S,
    )
    return int(found)


async def put_right(session: WriteSession) -> tuple[int, int]:
    """Make the real rows those of the shadows; gives how many were deleted and written.

    What is the same stays as it is: others see the old rows until the commit, and a rebuild that
    finds nothing amiss writes nothing.
    """
    driver = await _driver(session)
    deleted = written = 0
    for table in PROJECTIONS:
        await driver.execute(f"ANALYZE pg_temp.{table.name}", timeout=_LONGEST_S)
        gone = _count(await driver.execute(_delete_different(table), timeout=_LONGEST_S))
        made = _count(await driver.execute(_insert_missing(table), timeout=_LONGEST_S))
        if gone or made:
            # Or the first questions after the commit are planned as if the table were as before.
            await driver.execute(f"ANALYZE public.{table.name}", timeout=_LONGEST_S)
        deleted += gone
        written += made
    return deleted, written


async def _driver(session: WriteSession) -> Any:
    """The session's own connection, which takes a time for each statement."""
    connection = await session.connection()
    # The driver's transaction begins with the session's first statement.
    await connection.execute(text("SELECT 1"))
    return (await connection.get_raw_connection()).driver_connection


def _count(status: str) -> int:
    """Such as ``DELETE 7`` or ``INSERT 0 7``."""
    return int(status.rsplit(" ", 1)[1])


def _same_key(table: Table) -> str:
    return " AND ".join(f"made.{c.name} = stood.{c.name}" for c in table.primary_key)


def _delete_different(table: Table) -> str:
    return (
        f"DELETE FROM public.{table.name} AS stood WHERE NOT EXISTS (SELECT"  # noqa: S608 - our own
        f" FROM pg_temp.{table.name} AS made WHERE {_same_key(table)}"
        " AND made.* IS NOT DISTINCT FROM stood.*)"
    )


def _insert_missing(table: Table) -> str:
    return (
        f"INSERT INTO public.{table.name} SELECT made.* FROM pg_temp.{table.name} AS made"  # noqa: S608
        f" WHERE NOT EXISTS (SELECT FROM public.{table.name} AS stood WHERE {_same_key(table)})"
    )


async def fill_inbox(session: WriteSession, group: str) -> None:
    """Mark every applied event as handled, so that a late delivery of it does nothing.

    An event newly marked gets the time at which it was written (its UUIDv7 holds it): making it
    again long afterwards is no lag.
    """
    driver = await _driver(session)
    await driver.execute(
        "INSERT INTO inbox (consumer_group, event_id, handled_at)"
        " SELECT $1::varchar, h.event_id, to_timestamp((('x' || left(replace("
        "h.event_id::text, '-', ''), 12))::bit(48)::bigint) / 1000.0) FROM happenings h"
        " WHERE NOT EXISTS (SELECT FROM inbox i WHERE i.consumer_group = $1::varchar"
        " AND i.event_id = h.event_id)",
        group,
        timeout=_LONGEST_S,
    )


_j = table_of(Rebuild).c
_UNDER_WAY = ("queued", "running")


@dataclass(frozen=True)
class Job:
    """A rebuild as it is kept; see the model."""

    rebuild_id: UUID
    region: str
    status: str
    requested_by: str
    organisation: str | None
    requested_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    attempts: int
    phase: str | None
    events: int
    expected: int
    deleted: int | None
    written: int | None
    positions: Mapping[str, int] | None
    fault: Mapping[str, str] | None


_JOB = select(*(_j[each.name] for each in fields(Job)))


async def queue(
    session: WriteSession,
    *,
    rebuild_id: UUID,
    region: str,
    by: str,
    organisation: str,
    at: datetime,
) -> UUID | None:
    """Keep that a rebuild is asked for; None: one waits or runs already."""
    statement = insert(Rebuild).values(
        rebuild_id=rebuild_id,
        region=region,
        status="queued",
        requested_by=by,
        organisation=organisation,
        requested_at=at,
        attempts=0,
        events=0,
        expected=0,
    )
    queued: UUID | None = await session.scalar(
        statement.on_conflict_do_nothing().returning(_j.rebuild_id)
    )
    return queued


async def get(session: ReadSession, region: str, rebuild_id: UUID) -> Job | None:
    found = await session.execute(_JOB.where(_j.rebuild_id == rebuild_id, _j.region == region))
    row = found.mappings().first()
    return None if row is None else Job(**row)


async def under_way(session: ReadSession, region: str) -> Job | None:
    """The rebuild that waits or runs."""
    found = await session.execute(_JOB.where(_j.region == region, _j.status.in_(_UNDER_WAY)))
    row = found.mappings().first()
    return None if row is None else Job(**row)


async def newest(session: ReadSession, region: str, limit: int) -> list[Job]:
    found = await session.execute(
        _JOB.where(_j.region == region).order_by(_j.rebuild_id.desc()).limit(limit)
    )
    return [Job(**row) for row in found.mappings()]


async def begin(session: WriteSession, region: str, at: datetime) -> Job | None:
    """Take the rebuild that waits, or that a dead process left; the caller is ``alone``."""
    handled = select(func.count()).select_from(Happening).scalar_subquery()
    rebuild_id = await session.scalar(
        update(Rebuild)
        .where(_j.region == region, _j.status.in_(_UNDER_WAY))
        .values(
            status="running",
            started_at=at,
            attempts=_j.attempts + 1,
            phase="reading",
            events=0,
            expected=handled,
        )
        .returning(_j.rebuild_id)
    )
    return None if rebuild_id is None else await get(session, region, rebuild_id)


async def note_progress(session: WriteSession, rebuild_id: UUID, phase: str, events: int) -> None:
    await session.execute(
        update(Rebuild)
        .where(_j.rebuild_id == rebuild_id, _j.status == "running")
        .values(phase=phase, events=events)
    )


async def fail(
    session: WriteSession, rebuild_id: UUID, at: datetime, fault: Mapping[str, str]
) -> None:
    await session.execute(
        update(Rebuild)
        .where(_j.rebuild_id == rebuild_id, _j.status == "running")
        .values(status="failed", finished_at=at, fault=fault)
    )


async def finish(session: WriteSession, values: dict[str, Any]) -> None:
    """Keep what a rebuild did; one that nobody queued has no row yet."""
    statement = insert(Rebuild).values(values)
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["rebuild_id"],
            set_={name: statement.excluded[name] for name in values if name not in _AS_ASKED},
        )
    )


_AS_ASKED = ("rebuild_id", "region", "requested_by", "organisation", "requested_at", "attempts")
