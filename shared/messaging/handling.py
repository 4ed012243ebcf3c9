"""Handling one event: once, in one transaction, in the order of its key.

The inbox says that a group has taken an event in: handled it, or parked it among the dead
letters. Both stand in the same transaction as what the handler wrote.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

import structlog
from sqlalchemy import text

from shared.db.session import Database, WriteSession
from shared.events.base import Envelope, Event
from shared.messaging import dead_letters
from shared.messaging.bus import Incoming
from shared.messaging.dead_letters import DeadLetter
from shared.messaging.envelope import EnvelopeMalformed, id_of, incoming, type_of
from shared.messaging.faults import describe, is_transient
from shared.messaging.upkeep import EventIsForgotten, require_remembered
from shared.observability.metrics import METRICS

log = structlog.get_logger(__name__)

Handler = Callable[[Envelope[Any], WriteSession, Any], Awaitable[None]]
Outcome = Literal["handled", "duplicate", "ignored", "waiting", "retried", "dead"]


@dataclass(frozen=True)
class RetryPolicy:
    """When an event that failed by its own fault is tried again."""

    delays_s: tuple[float, ...] = (0.2, 1.0, 5.0, 30.0)
    """The last one repeats."""
    max_attempts: int = 6
    """The first one included; then the event is ``dead``."""

    def delay_after(self, attempts: int) -> float | None:
        """Seconds until the next attempt after so many; None when it is given up."""
        if attempts >= self.max_attempts:
            return None
        return self.delays_s[min(attempts, len(self.delays_s)) - 1]


class _Blocked(Exception):
    """An older event of the same key is open."""


class EventHandling:
    """What a group does with a record, and with a dead letter of its own.

    A transient failure (database away, deadlock, timeout; see
    :func:`~shared.messaging.faults.is_transient`) comes out as an exception: nothing has
    happened, do it again. Any other failure of the event is parked here and the caller goes on.

    Args:
        handlers: by event type.
        context: handed to the handlers.
        reach: called at the named points at which a test may kill the process.
    """

    def __init__(
        self,
        database: Database,
        group: str,
        handlers: Mapping[str, Handler],
        context: object,
        *,
        retry: RetryPolicy,
        timeout_s: float,
        reach: Callable[[str], None],
    ) -> None:
        self._database = database
        self._group = group
        self._handlers = handlers
        self._context = context
        self._retry = retry
        self._timeout_s = timeout_s
        self._reach = reach

    async def take(self, record: Incoming) -> Outcome:
        """Handle a fetched record, or park it; when this returns, its offset may be committed."""
        event_type = type_of(record)
        if event_type and event_type not in self._handlers:
            return self._count("ignored")
        try:
            envelope = incoming(record)
        except EnvelopeMalformed as error:
            return await self._park_failed(record, error, delay_s=None)
        if envelope is None:
            return self._count("ignored")
        try:
            return self._count(await self._handle_once(record, envelope))
        except Exception as error:
            if is_transient(error):
                raise
            # Whether a forgotten event was handled before, no further attempt can tell.
            forgotten = isinstance(error, EventIsForgotten)
            delay_s = None if forgotten else self._retry.delay_after(1)
            return await self._park_failed(record, error, delay_s=delay_s)

    async def take_together(self, records: Sequence[Incoming]) -> bool:
        """Handle several records in one transaction, in order: one commit instead of many.

        All or nothing. False when one of them cannot be handled, or waits behind an older one of
        its key: then nothing has happened, and each is to be taken by itself.
        """
        try:
            envelopes = [
                (record, envelope)
                for record in records
                if (not type_of(record) or type_of(record) in self._handlers)
                and (envelope := incoming(record)) is not None
            ]
            async with asyncio.timeout(self._timeout_s), self._database.writing() as session:
                outcomes = [await self._among_others(session, *each) for each in envelopes]
        except Exception as error:  # noqa: BLE001 - each record is taken by itself and told of then
            log.debug("events_apart", group=self._group, error=describe(error))
            return False
        self._reach("handler.after_commit")
        for outcome in outcomes:
            self._count(outcome)
        for _ in range(len(records) - len(envelopes)):
            self._count("ignored")
        return True

    async def _among_others(
        self, session: WriteSession, record: Incoming, envelope: Envelope[Event]
    ) -> Outcome:
        self._reach("handler.before")
        first, blocked = await self._claim(session, record, envelope.id)
        if not first:
            return "duplicate"
        await require_remembered(session, self._group, envelope.id)
        if blocked:
            raise _Blocked
        await self._call(envelope, session)
        self._reach("handler.before_commit")
        return "handled"

    async def _handle_once(self, record: Incoming, envelope: Envelope[Event]) -> Outcome:
        self._reach("handler.before")
        async with asyncio.timeout(self._timeout_s), self._database.writing() as session:
            first, blocked = await self._claim(session, record, envelope.id)
            if not first:
                return "duplicate"
            await require_remembered(session, self._group, envelope.id)
            if blocked:
                await dead_letters.park(session, self._group, record, status="waiting")
                return "waiting"
            await self._call(envelope, session)
            self._reach("handler.before_commit")
        self._reach("handler.after_commit")
        return "handled"

    async def _claim(
        self, session: WriteSession, record: Incoming, event_id: UUID
    ) -> tuple[bool, bool]:
        """Whether the event is new to the group, and whether an older one of its key is open.

        A member that lost the partition may be at the same event: the insert waits for its end.
        """
        answer = await session.execute(
            _CLAIM,
            {
                "group": self._group,
                "event_id": event_id,
                "topic": record.partition.topic,
                "key": dead_letters.clipped_key(record.key),
            },
        )
        first, blocked = answer.one()
        return first, blocked

    async def _call(self, envelope: Envelope[Event], session: WriteSession) -> None:
        with structlog.contextvars.bound_contextvars(
            event_id=str(envelope.id), event_type=envelope.type, **envelope.headers
        ):
            await self._handlers[envelope.type](envelope, session, self._context)

    async def _park_failed(
        self, record: Incoming, error: Exception, *, delay_s: float | None
    ) -> Outcome:
        outcome: Outcome = "dead" if delay_s is None else "retried"
        async with asyncio.timeout(self._timeout_s), self._database.writing() as session:
            first, blocked = await self._claim(session, record, id_of(record))
            if not first:  # another member has dealt with it in the meantime
                return self._count("duplicate")
            waits = blocked and not isinstance(error, EventIsForgotten)
            if waits:
                # Malformed behind an older one: its turn to be looked at comes with its key.
                # A forgotten one must not be handled just because its turn has come.
                outcome, delay_s = "waiting", None
            await dead_letters.park(
                session,
                self._group,
                record,
                status="waiting" if waits else ("dead" if delay_s is None else "retrying"),
                error=describe(error),
                attempts=0 if waits else 1,
                delay_s=delay_s,
            )
        self._tell(outcome, id_of(record), type_of(record), error, attempts=1)
        return self._count(outcome)

    # --- dead letters ---------------------------------------------------------------------------

    async def retry_next(self) -> float | None:
        """Try the dead letter whose turn it is.

        Gives 0.0 after an attempt, else the seconds until the next one is due, None if there is
        none. Raises like the database when that is away.
        """
        letter: DeadLetter | None = None
        try:
            async with asyncio.timeout(self._timeout_s), self._database.writing() as session:
                found = await dead_letters.take_next(session, self._group)
                if found is None:
                    return None
                letter, due_in_s = found
                if due_in_s > 0:
                    return due_in_s
                await self._try(letter, session)
        except Exception as error:
            if letter is None or is_transient(error):
                raise
            await self._failed_again(letter, error)
        else:
            log.info("dead_letter_resolved", group=self._group, number=letter.id, type=letter.type)
            self._count("handled")
        return 0.0

    async def _try(self, letter: DeadLetter, session: WriteSession) -> None:
        record = letter.record()
        if not type_of(record) or type_of(record) in self._handlers:
            envelope = incoming(record)
            if envelope is not None:
                await self._call(envelope, session)
        # A type that this group no longer reads is done with, like any other it does not read.
        await dead_letters.resolve(session, letter)

    async def _failed_again(self, letter: DeadLetter, error: Exception) -> None:
        attempts = letter.attempts + 1
        delay_s = self._retry.delay_after(attempts)
        if isinstance(error, EnvelopeMalformed):
            delay_s = None  # the same bytes will not read better in a second
        async with self._database.writing() as session:
            await dead_letters.failed_again(session, letter, error=describe(error), delay_s=delay_s)
        outcome: Outcome = "dead" if delay_s is None else "retried"
        self._tell(outcome, letter.event_id, letter.type, error, attempts=attempts)
        self._count(outcome)

    # --- telling --------------------------------------------------------------------------------

    def _tell(
        self, outcome: Outcome, event_id: UUID, event_type: str, error: Exception, *, attempts: int
    ) -> None:
        tell = log.error if outcome == "dead" else log.warning
        tell(
            "event_failed",
            group=self._group,
            outcome=outcome,
            event_id=str(event_id),
            event_type=event_type,
            attempts=attempts,
            error=describe(error),
        )

    def _count(self, outcome: Outcome) -> Outcome:
        METRICS.events_handled.labels(self._group, outcome).inc()
        return outcome


_CLAIM = text(
    """
    WITH claimed AS (
      INSERT INTO inbox (consumer_group, event_id) VALUES (:group, :event_id)
      ON CONFLICT DO NOTHING RETURNING 1)
    SELECT EXISTS (SELECT FROM claimed) AS first, EXISTS (
      SELECT FROM dead_letters
      WHERE consumer_group = :group AND topic = :topic AND key = :key AND status <> 'resolved')
      AS blocked
    """
)
