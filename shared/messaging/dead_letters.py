"""Events that could not be handled: kept with everything needed to try again.

``retrying``  failed, tried again after a pause; ``waiting``  behind an unresolved one of its key;
``dead``      given up, someone must look: :func:`resend` or :func:`discard`; ``resolved``.

Order within a key: only the oldest unresolved row of a group, topic and key is ever tried.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import RowMapping, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from shared.db.mechanics import DEAD_LETTERS, mechanics_metadata
from shared.messaging.bus import Incoming, Partition
from shared.messaging.envelope import id_of, type_of

table = mechanics_metadata.tables[DEAD_LETTERS]

Status = Literal["retrying", "waiting", "dead", "resolved"]
MAX_LISTED = 1_000
_NUL = "\x00"  # PostgreSQL's jsonb and text hold every character but this one


class NoSuchDeadLetter(LookupError):
    """There is no dead letter with this number in this database."""


class NotDead(ValueError):
    """The dead letter is not ``dead``: it is being tried, waits, or is resolved."""


@dataclass(frozen=True)
class DeadLetter:
    """One event set aside for one consumer group."""

    id: int
    consumer_group: str
    event_id: UUID
    topic: str
    key: str
    type: str
    status: Status
    attempts: int
    error: str
    """Types, codes and places of the last failure; no values."""
    headers: Mapping[str, str]
    payload: bytes
    next_attempt_at: datetime | None
    created_at: datetime
    resolved_at: datetime | None

    def record(self) -> Incoming:
        """The record as it was fetched, but for its place."""
        return Incoming(Partition(self.topic, -1), -1, self.key, self.payload, dict(self.headers))


# --- for the operator ---------------------------------------------------------------------------


async def list_open(
    session: AsyncSession,
    *,
    group: str | None = None,
    status: Status | None = None,
    after_id: int = 0,
    limit: int = 100,
) -> list[DeadLetter]:
    """Unresolved dead letters, oldest first."""
    query = select(table).where(text("status <> 'resolved'"), table.c.id > after_id)
    if group is not None:
        query = query.where(table.c.consumer_group == group)
    if status is not None:
        query = query.where(table.c.status == status)
    rows = await session.execute(query.order_by(table.c.id).limit(min(limit, MAX_LISTED)))
    return [_letter(row) for row in rows.mappings()]


async def show(session: AsyncSession, number: int) -> DeadLetter:
    """One dead letter, resolved ones included.

    Raises:
        NoSuchDeadLetter: none has this number.
    """
    rows = await session.execute(select(table).where(table.c.id == number))
    row = rows.mappings().one_or_none()
    if row is None:
        raise NoSuchDeadLetter(f"there is no dead letter number {number}")
    return _letter(row)


async def resend(session: AsyncSession, number: int) -> None:
    """Have a dead event tried again at once, with its attempts counted anew.

    Those of its key that wait behind it follow when it succeeds.

    Raises:
        NoSuchDeadLetter: none has this number.
        NotDead: it has not been given up.
    """
    await _change_dead(
        session,
        number,
        {"status": "retrying", "attempts": 0, "next_attempt_at": text("clock_timestamp()")},
    )


async def resend_all(session: AsyncSession, *, group: str | None = None) -> int:
    """:func:`resend` for every dead event (of one group); gives how many."""
    change = (
        update(table)
        .where(table.c.status == "dead")
        .values(status="retrying", attempts=0, next_attempt_at=text("clock_timestamp()"))
        .returning(table.c.id)
    )
    if group is not None:
        change = change.where(table.c.consumer_group == group)
    return len((await session.execute(change)).all())


async def discard(session: AsyncSession, number: int) -> None:
    """Give a dead event up for good, unhandled; those behind it follow.

    Raises:
        NoSuchDeadLetter: none has this number.
        NotDead: it has not been given up by the consumer.
    """
    await _change_dead(
        session,
        number,
        {
            "status": "resolved",
            "resolved_at": text("clock_timestamp()"),
            "error": text("left('discarded by hand: ' || error, 2000)"),
        },
    )


async def _change_dead(session: AsyncSession, number: int, values: Mapping[str, Any]) -> None:
    changed = await session.scalar(
        update(table)
        .where(table.c.id == number, table.c.status == "dead")
        .values(**values)
        .returning(table.c.id)
    )
    if changed is None:
        letter = await show(session, number)
        raise NotDead(f"dead letter number {number} is {letter.status}, not dead")


# --- for the consumer ---------------------------------------------------------------------------


async def park(
    session: AsyncSession,
    group: str,
    record: Incoming,
    *,
    status: Status,
    error: str = "",
    attempts: int = 0,
    delay_s: float | None = None,
) -> None:
    """Keep an event of which the inbox says that the group has taken it in.

    Args:
        delay_s: until the next attempt; None for one that is not tried by itself.
    """
    await session.execute(
        insert(table).values(
            consumer_group=group,
            event_id=id_of(record),
            topic=record.partition.topic,
            key=clipped_key(record.key),
            type=_clean(type_of(record) or "unknown")[:128],
            status=status,
            attempts=attempts,
            error=error,
            headers={_clean(name): _clean(value) for name, value in record.headers.items()},
            payload=record.value,
            next_attempt_at=None if delay_s is None else _in(delay_s),
        )
    )


async def take_next(session: AsyncSession, group: str) -> tuple[DeadLetter, float] | None:
    """Lock the next event to be tried, if any, and the seconds until it is due (0: now).

    A ``waiting`` row without an older unresolved one of its key is due at once.
    """
    rows = await session.execute(_TAKE_NEXT, {"group": group})
    row = rows.mappings().one_or_none()
    if row is None:
        return None
    return _letter(row), float(row["due_in_s"])


async def resolve(session: AsyncSession, letter: DeadLetter) -> None:
    """It has been handled, in this transaction."""
    await session.execute(
        update(table)
        .where(table.c.id == letter.id)
        .values(status="resolved", resolved_at=text("clock_timestamp()"), next_attempt_at=None)
    )


async def failed_again(
    session: AsyncSession, letter: DeadLetter, *, error: str, delay_s: float | None
) -> None:
    """Count an attempt; ``delay_s`` until the next one, None to give up."""
    await session.execute(
        update(table)
        # Whoever tried it in between has counted his own attempt.
        .where(table.c.id == letter.id, table.c.attempts == letter.attempts)
        .where(table.c.status == letter.status)
        .values(
            status="dead" if delay_s is None else "retrying",
            attempts=letter.attempts + 1,
            error=error,
            next_attempt_at=None if delay_s is None else _in(delay_s),
        )
    )


def clipped_key(key: str) -> str:
    """The key as the column can hold it; ours are ids and always fit."""
    return _clean(key)[:128]


def _clean(words: str) -> str:
    return words.replace(_NUL, "\N{REPLACEMENT CHARACTER}")


def _in(delay_s: float) -> Any:
    return text("clock_timestamp() + make_interval(secs => :delay_s)").bindparams(delay_s=delay_s)


def _letter(row: RowMapping) -> DeadLetter:
    return DeadLetter(**{name: row[name] for name in DeadLetter.__dataclass_fields__})


_TAKE_NEXT = text(
    """
    SELECT letter.*,
      greatest(0, extract(epoch FROM letter.next_attempt_at - clock_timestamp())) AS due_in_s
    FROM dead_letters letter
    WHERE letter.consumer_group = :group AND letter.status IN ('retrying', 'waiting')
      AND NOT EXISTS (
        SELECT FROM dead_letters older
        WHERE older.consumer_group = letter.consumer_group AND older.topic = letter.topic
          AND older.key = letter.key AND older.status <> 'resolved' AND older.id < letter.id)
    ORDER BY letter.next_attempt_at NULLS FIRST, letter.id
    LIMIT 1
    FOR UPDATE OF letter SKIP LOCKED
    """
).columns(*table.columns)
