"""What a consumer group may forget: old inbox rows and dead letters that were resolved long ago.

The inbox is what keeps a second delivery without effect, so forgetting must not open a door. No
transport knows for certain that an event will not come again: a host that was off for a year finds
unpublished rows in its outbox, a broker may keep records longer than we do. Therefore the group
notes *up to which moment* it has forgotten. An event that is older than that and not in the inbox
may have been handled or not: it becomes a dead letter for a person to decide on
(:class:`EventIsForgotten`), it is neither handled twice nor dropped. Nothing is forgotten of an
event that has a dead letter.

An event's age is in its id (UUIDv7), and the inbox's key is in order of it: no further index.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import UUID

from sqlalchemy import CursorResult, text
from sqlalchemy.ext.asyncio import AsyncSession

from shared.db.session import Database
from shared.runtime.settings import LEAST_INBOX_DAYS

_SURELY_REMEMBERED = timedelta(days=LEAST_INBOX_DAYS - 1)
_UUID7 = 7
_NOTE_ID = UUID(int=0)


class EventIsForgotten(ValueError):
    """The event is older than what the inbox remembers: it may have been handled before."""


@dataclass(frozen=True)
class Upkeep:
    """How long to remember, and how much to delete at once."""

    keep_inbox: timedelta = timedelta(days=90)
    keep_resolved: timedelta = timedelta(days=365)
    """Dead letters, counted from their resolution."""
    batch: int = 1_000
    """Rows in one transaction."""
    max_batches: int = 100
    """In one sweep; the next one goes on."""


@dataclass(frozen=True)
class Swept:
    """How many rows a sweep has deleted."""

    inbox: int
    dead_letters: int


async def sweep(database: Database, group: str, upkeep: Upkeep) -> Swept:
    """Forget what is old, in short transactions."""
    counts = []
    for forget, keep in (
        (forget_handled, upkeep.keep_inbox),
        (forget_resolved, upkeep.keep_resolved),
    ):
        total = 0
        for _ in range(upkeep.max_batches):
            async with database.writing() as session:
                deleted = await forget(session, group, keep=keep, limit=upkeep.batch)
            total += deleted
            if deleted < upkeep.batch:
                break
        counts.append(total)
    return Swept(*counts)


async def forget_handled(session: AsyncSession, group: str, *, keep: timedelta, limit: int) -> int:
    """Delete inbox rows of events written and handled longer than ``keep`` ago; gives how many.

    Another worker of the group that is at it already is left to it (0).
    """
    if not await session.scalar(_ALONE, {"group": group}):
        return 0
    before = datetime.now(UTC) - keep
    values = {"group": group, "bound": _first_id_of(before), "before": before, "limit": limit}
    deleted = _count(await session.execute(_FORGET_HANDLED, values))
    if deleted:
        # In one transaction with the rows: whoever finds a row gone finds the note.
        await session.execute(_NOTE, {"note": _note(group), "id": _NOTE_ID, "before": before})
    return deleted


async def forget_resolved(session: AsyncSession, group: str, *, keep: timedelta, limit: int) -> int:
    """Delete dead letters resolved longer than ``keep`` ago; gives how many."""
    before = datetime.now(UTC) - keep
    values = {"group": group, "before": before, "limit": limit}
    return _count(await session.execute(_FORGET_RESOLVED, values))


async def require_remembered(session: AsyncSession, group: str, event_id: UUID) -> None:
    """Make sure that an event which is not in the inbox cannot have been handled before.

    Costs nothing for an event of the last weeks.

    Raises:
        EventIsForgotten: the inbox no longer reaches back to it.
    """
    if event_id.version != _UUID7:
        return  # no age in it, so the inbox has never forgotten it
    written_at = datetime.fromtimestamp((event_id.int >> 80) / 1000, UTC)
    if time.time() - written_at.timestamp() < _SURELY_REMEMBERED.total_seconds():
        return
    forgotten_before = await session.scalar(_READ_NOTE, {"note": _note(group), "id": _NOTE_ID})
    if forgotten_before is not None and written_at < forgotten_before:
        raise EventIsForgotten(f"written at {written_at}, forgotten before {forgotten_before}")


def _note(group: str) -> str:
    """The inbox row that holds the moment stands under a name which no group has."""
    return f"forgotten:{group}"[:64]


def _first_id_of(moment: datetime) -> UUID:
    return UUID(int=int(moment.timestamp() * 1000) << 80)


def _count(result: object) -> int:
    return cast("CursorResult[Any]", result).rowcount


_ALONE = text("SELECT pg_try_advisory_xact_lock(hashtext('yizhan.upkeep'), hashtext(:group))")
_NOTE = text(
    """
    INSERT INTO inbox (consumer_group, event_id, handled_at) VALUES (:note, :id, :before)
    ON CONFLICT (consumer_group, event_id)
      DO UPDATE SET handled_at = greatest(inbox.handled_at, excluded.handled_at)
    """
)
_READ_NOTE = text("SELECT handled_at FROM inbox WHERE consumer_group = :note AND event_id = :id")
_FORGET_HANDLED = text(
    """
    WITH old AS (
      SELECT event_id FROM inbox
      WHERE consumer_group = :group AND event_id < :bound AND handled_at < :before
        AND substr(event_id::text, 15, 1) = '7'
        AND NOT EXISTS (
          SELECT FROM dead_letters letter
          WHERE letter.consumer_group = :group AND letter.event_id = inbox.event_id)
      ORDER BY event_id LIMIT :limit)
    DELETE FROM inbox USING old WHERE inbox.consumer_group = :group
      AND inbox.event_id = old.event_id
    """
)
_FORGET_RESOLVED = text(
    """
    DELETE FROM dead_letters WHERE id IN (
      SELECT id FROM dead_letters
      WHERE consumer_group = :group AND status = 'resolved' AND resolved_at < :before
      ORDER BY id LIMIT :limit)
    """
)
