"""Writing an event in the transaction of the change it tells of.

``record`` adds a row to the service's ``outbox``; the relay publishes it after the commit
(shared.messaging.relay). The row stays for ever: the outbox is the event store.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import Text, bindparam, cast, insert
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from shared.db.bulk import Encoded, copy_rows
from shared.db.direct import Gathered
from shared.db.mechanics import mechanics_metadata
from shared.events.base import Event
from shared.ids import new_id
from shared.messaging import nudge
from shared.messaging.bus import MAX_RECORD_BYTES, EventTooLarge
from shared.runtime import crashpoints

outbox_table = mechanics_metadata.tables["outbox"]
"""Same shape in every service's database; the session decides in which it is written."""

_HEADER_ALLOWANCE_BYTES = 8_192
_MANY_ROWS = 2_000
# Made once: putting a statement together costs more than sending it.
_INSERT = insert(outbox_table).values(
    # The payload is text already: reading it back to write it again costs more than the INSERT.
    payload=cast(bindparam("payload", type_=Text), JSONB)
)


async def record(
    session: AsyncSession,
    event: Event,
    *,
    subject: str,
    sequence: int,
    occurred_at: datetime,
    headers: Mapping[str, str] | None = None,
) -> UUID:
    """Add an event to the outbox of the session's database; gives the event's id.

    Args:
        subject: id of the aggregate that changed.
        sequence: the aggregate's version after the change; rises with each of its events.
        occurred_at: when it happened (not when we learned it).

    Raises:
        EventTooLarge: the payload would not fit on the bus; the change must not be committed.
    """
    row = _row(
        Recorded(event=event, subject=subject, sequence=sequence, occurred_at=occurred_at),
        _traceparent(),
        headers,
    )
    await session.execute(_INSERT, row)
    nudge.after_commit(session)
    crashpoints.reach("outbox.after_insert")
    event_id: UUID = row["id"]
    return event_id


def record_directly(
    direct: Gathered, event: Event, *, subject: str, sequence: int, occurred_at: datetime
) -> None:
    """As :func:`record`, among what is gathered on the driver.

    Raises:
        EventTooLarge: as :func:`record`.
    """
    recorded = Recorded(event=event, subject=subject, sequence=sequence, occurred_at=occurred_at)
    direct.insert(outbox_table, _row(recorded, _traceparent()))
    direct.after_send(lambda: crashpoints.reach("outbox.after_insert"))
    direct.after_commit(lambda: nudge.committed(direct.database))


@dataclass(frozen=True)
class Recorded:
    """An event for :func:`record_many`; the fields mean what they mean in :func:`record`."""

    event: Event
    subject: str
    sequence: int
    occurred_at: datetime


async def record_many(session: AsyncSession, events: Sequence[Recorded]) -> None:
    """As :func:`record`, for many events of one change, in their order and in few round trips.

    Raises:
        EventTooLarge: one of the payloads would not fit on the bus.
    """
    await record_prepared(session, prepare(events))


def prepare(events: Sequence[Recorded]) -> list[dict[str, Any]]:
    """Rows for :func:`record_prepared`; may be made in a thread while the database is busy.

    Raises:
        EventTooLarge: one of the payloads would not fit on the bus.
    """
    traceparent = _traceparent()
    return [_row(each, traceparent) for each in events]


async def record_prepared(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add the events that :func:`prepare` made ready to the outbox, in their order."""
    for start in range(0, len(rows), _MANY_ROWS):
        await copy_rows(session, outbox_table, rows[start : start + _MANY_ROWS])
    if rows:
        nudge.after_commit(session)
        crashpoints.reach("outbox.after_insert")


def _traceparent() -> str | None:
    found = structlog.contextvars.get_contextvars().get("traceparent")
    return str(found) if found else None


def _row(
    recorded: Recorded, traceparent: str | None, headers: Mapping[str, str] | None = None
) -> dict[str, Any]:
    event = recorded.event
    payload = event.model_dump_json()
    size_bytes = len(payload) if payload.isascii() else len(payload.encode())
    if size_bytes > MAX_RECORD_BYTES - _HEADER_ALLOWANCE_BYTES:
        raise EventTooLarge(
            f"event {event.type_name()} is {size_bytes} bytes; at most"
            f" {MAX_RECORD_BYTES - _HEADER_ALLOWANCE_BYTES} fit on the bus: split the change"
        )
    carried = {"partitionkey": event.key, "dataclassification": event.classification}
    if traceparent:
        carried["traceparent"] = traceparent
    carried.update(headers or {})
    return {
        "id": new_id(),
        "aggregatetype": f"{event.producer}.{event.noun}",
        "aggregateid": recorded.subject,
        "type": event.type_name(),
        "payload": Encoded(payload),
        "aggregate_version": recorded.sequence,
        "occurred_at": recorded.occurred_at,
        "headers": carried,
    }
