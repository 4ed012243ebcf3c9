"""All SQL of a rebuild: the store of fetched events, the lock, clearing, the inbox."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, text

from services.reporting.models import PROJECTIONS, Rebuild
from shared.db.session import WriteSession

_BATCH = 500


@dataclass(frozen=True)
class StoredEvent:
    """An event as a feed gave it."""

    source: str
    position: int
    id: UUID
    type: str
    time: datetime
    subject: str
    key: str
    sequence: int
    data: dict[str, Any]


async def make_store(session: WriteSession) -> None:
    """A table of this transaction alone, so that a million events need no memory."""
    await session.execute(
        text(
            "CREATE TEMPORARY TABLE rebuild_events ("
            " producer text NOT NULL, position bigint NOT NULL, id uuid NOT NULL,"
            " type text NOT NULL, source text NOT NULL, time timestamptz NOT NULL,"
            " subject text NOT NULL, key text NOT NULL, sequence bigint NOT NULL,"
            " data jsonb NOT NULL, PRIMARY KEY (producer, position)"
            ") ON COMMIT DROP"
        )
    )


async def store(session: WriteSession, producer: str, events: Sequence[dict[str, Any]]) -> None:
    """Keep one page of a feed."""
    await session.execute(
        text(
            "INSERT INTO rebuild_events SELECT :producer, e.position, e.id, e.type, e.source,"
            " e.time, e.subject, e.key, e.sequence, e.data"
            " FROM jsonb_to_recordset(CAST(:events AS jsonb)) AS e(position bigint, id uuid,"
            " type text, source text, time timestamptz, subject text, key text,"
            " sequence bigint, data jsonb)"
        ),
        {"producer": producer, "events": _json(events)},
    )


def _json(events: Sequence[dict[str, Any]]) -> str:
    return json.dumps(list(events), ensure_ascii=False)


async def hold_handlers(session: WriteSession) -> None:
    """Let running handlers finish and new ones wait.

    A handler's first statement marks its event in the inbox, so the inbox's lock is enough, and
    no handler can hold a projection's row while it waits. Readers go on reading.
    """
    await session.execute(text("SELECT set_config('lock_timeout', '60s', true)"))
    await session.execute(text("LOCK TABLE inbox IN EXCLUSIVE MODE"))


async def handled_but_not_fetched(session: WriteSession, group: str) -> int:
    """Events that were handled, but that the feeds have not shown yet."""
    found = await session.execute(
        text(
            "SELECT count(*) FROM inbox i WHERE i.consumer_group = :consumer_group"
            " AND NOT EXISTS (SELECT FROM rebuild_events e WHERE e.id = i.event_id)"
        ),
        {"consumer_group": group},
    )
    return int(found.scalar_one())


async def index_store(session: WriteSession) -> None:
    """Make the comparison with the inbox cheap."""
    await session.execute(text("CREATE INDEX ON rebuild_events (id)"))


async def set_aside(session: WriteSession, group: str, types: Sequence[str]) -> int:
    """Forget events that we do not read, and those that wait as dead letters; gives what is left.

    A dead letter has had no effect live and gets none here; it stays to be sent again.
    """
    await session.execute(
        text(
            "DELETE FROM rebuild_events e WHERE NOT (e.type = ANY(:types)) OR EXISTS ("
            " SELECT FROM dead_letters d WHERE d.event_id = e.id"
            " AND d.consumer_group = :consumer_group AND d.status <> 'resolved')"
        ),
        {"types": list(types), "consumer_group": group},
    )
    found = await session.execute(text("SELECT count(*) FROM rebuild_events"))
    return int(found.scalar_one())


async def clear(session: WriteSession) -> None:
    """Delete every projection's rows; others see the old ones until the commit."""
    for table in PROJECTIONS:
        await session.execute(delete(table))


async def stored(session: WriteSession) -> AsyncIterator[list[StoredEvent]]:
    """The events in batches, each producer's in order of position."""
    producer, position = "", 0
    while True:
        found = await session.execute(
            text(
                "SELECT producer, source, position, id, type, time, subject, key, sequence, data"
                " FROM rebuild_events WHERE (producer, position) > (:producer, :position)"
                " ORDER BY producer, position LIMIT :batch"
            ),
            {"producer": producer, "position": position, "batch": _BATCH},
        )
        rows = found.all()
        if not rows:
            return
        producer, position = rows[-1].producer, rows[-1].position
        yield [
            StoredEvent(
                source=row.source,
                position=row.position,
                id=row.id,
                type=row.type,
                time=row.time,
                subject=row.subject,
                key=row.key,
                sequence=row.sequence,
                data=row.data,
            )
            for row in rows
        ]


async def fill_inbox(session: WriteSession, group: str) -> None:
    """Mark every applied event as handled, so that a late delivery of it does nothing.

    An event newly marked gets the time at which it was written (its UUIDv7 holds it): making it
    again long afterwards is no lag.
    """
    await session.execute(
        text(
            "INSERT INTO inbox (consumer_group, event_id, handled_at)"
            " SELECT :consumer_group, e.id, to_timestamp((('x' || left(replace(e.id::text,"
            " '-', ''), 12))::bit(48)::bigint) / 1000.0) FROM rebuild_events e"
            " ON CONFLICT DO NOTHING"
        ),
        {"consumer_group": group},
    )


async def log_rebuild(session: WriteSession, values: dict[str, Any]) -> None:
    await session.execute(insert(Rebuild).values(values))
