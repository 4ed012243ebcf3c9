"""Writing an event in the transaction of the change it tells of.

``record`` adds a row to the service's ``outbox``; the relay publishes it after the commit
(shared.messaging.relay). The row stays for ever: the outbox is the event store.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from shared.db.mechanics import mechanics_metadata
from shared.events.base import Event
from shared.ids import new_id
from shared.messaging.bus import MAX_RECORD_BYTES, EventTooLarge

outbox_table = mechanics_metadata.tables["outbox"]
"""Same shape in every service's database; the session decides in which it is written."""

_HEADER_ALLOWANCE_BYTES = 8_192


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
    payload = event.model_dump(mode="json")
    size_bytes = len(event.model_dump_json().encode())
    if size_bytes > MAX_RECORD_BYTES - _HEADER_ALLOWANCE_BYTES:
        raise EventTooLarge(
            f"event {event.type_name()} is {size_bytes} bytes; at most"
            f" {MAX_RECORD_BYTES - _HEADER_ALLOWANCE_BYTES} fit on the bus: split the change"
        )
    event_id = new_id()
    carried = {"partitionkey": event.key, "dataclassification": event.classification}
    traceparent = structlog.contextvars.get_contextvars().get("traceparent")
    if traceparent:
        carried["traceparent"] = str(traceparent)
    carried.update(headers or {})
    await session.execute(
        insert(outbox_table).values(
            id=event_id,
            aggregatetype=f"{event.producer}.{event.noun}",
            aggregateid=subject,
            type=event.type_name(),
            payload=payload,
            aggregate_version=sequence,
            occurred_at=occurred_at,
            headers=carried,
        )
    )
    return event_id
