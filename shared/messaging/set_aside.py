"""Events that the relay has set aside: the bus refused them for their size, others go on.

Such a row stays unpublished and carries the reason in its headers. What is too large when it is
written is refused there; this is left for a broker that takes less than ours
(``message.max.bytes``), so the cure is a larger limit and then :func:`release`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from shared.db.mechanics import OUTBOX, mechanics_metadata

MARK = "relay_error"
"""The header that says why; the relay passes over rows that have it."""
MAX_LISTED = 1_000

_table = mechanics_metadata.tables[OUTBOX]
IS_SET_ASIDE: ColumnElement[bool] = _table.c.headers.has_key(MARK)


class NotSetAside(LookupError):
    """No event with this id is set aside in this database."""


@dataclass(frozen=True)
class SetAside:
    """An event that waits for a person."""

    id: UUID
    type: str
    subject: str
    reason: str
    payload_bytes: int
    """Of its JSON; key and headers come on top."""
    recorded_at: datetime


async def count(session: AsyncSession) -> int:
    """How many events are set aside."""
    found = await session.scalar(
        select(func.count())
        .select_from(_table)
        .where(_table.c.published_at.is_(None), IS_SET_ASIDE)
    )
    return int(found or 0)


async def list_set_aside(session: AsyncSession, *, limit: int = 100) -> list[SetAside]:
    """The events that are set aside, oldest first."""
    rows = await session.execute(
        select(
            _table.c.id,
            _table.c.type,
            _table.c.aggregateid.label("subject"),
            _table.c.headers[MARK].astext.label("reason"),
            func.octet_length(text("payload::text")).label("payload_bytes"),
            _table.c.recorded_at,
        )
        .where(_table.c.published_at.is_(None), IS_SET_ASIDE)
        .order_by(_table.c.seq)
        .limit(min(limit, MAX_LISTED))
    )
    return [SetAside(**row) for row in rows.mappings()]


async def release(session: AsyncSession, event_id: UUID) -> None:
    """Have the relay try the event again; it comes after those that overtook it.

    Raises:
        NotSetAside: no event with this id is set aside.
    """
    changed = await session.scalar(
        update(_table)
        .where(_table.c.id == event_id, _table.c.published_at.is_(None), IS_SET_ASIDE)
        .values(headers=_table.c.headers.op("-")(MARK))
        .returning(_table.c.id)
    )
    if changed is None:
        raise NotSetAside(f"no event {event_id} is set aside here")
