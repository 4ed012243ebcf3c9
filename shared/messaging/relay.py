"""From the outbox to the bus: one relay per service is active, others stand by.

It asks for the rows that are *not published*, never for those after the last one it saw: a
transaction that commits late has a smaller number than ones already published, and a cursor
would have passed it by. A crash between send and mark sends the event again with the same id.
"""

from __future__ import annotations

import asyncio
import json
import time
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import asyncpg
import structlog
from sqlalchemy import exc

from shared.db.session import Database
from shared.db.trouble import DRIVER_ERRORS
from shared.messaging import nudge
from shared.messaging.bus import Bus, EventTooLarge
from shared.messaging.envelope import OutboxRow, outgoing, source_of
from shared.observability.metrics import METRICS
from shared.runtime import crashpoints, windows

log = structlog.get_logger(__name__)

_LOCK_CLASS = zlib.crc32(b"yizhan.relay") & 0x7FFFFFFF
_QUERY_TIMEOUT_S = 15.0
_DATABASE_TROUBLE = (
    OSError,
    TimeoutError,
    *DRIVER_ERRORS,
    exc.SQLAlchemyError,
)

_NEXT = """
SELECT id, seq, aggregatetype, aggregateid, type, payload::text AS payload, aggregate_version,
       occurred_at, headers::text AS headers
FROM outbox
WHERE published_at IS NULL AND NOT headers ? 'relay_error' AND id <> ALL($1::uuid[])
ORDER BY seq LIMIT $2
"""
_MARK = """
WITH done AS (
  SELECT id, row_number() OVER (ORDER BY seq) AS step
  FROM outbox WHERE id = ANY($1::uuid[]) AND published_at IS NULL)
UPDATE outbox SET published_at = clock_timestamp(),
  position = (SELECT coalesce(max(position), 0) FROM outbox) + done.step
FROM done WHERE outbox.id = done.id
"""
_SET_ASIDE = """
UPDATE outbox SET headers = headers || jsonb_build_object('relay_error', $2::text) WHERE id = $1
"""


@dataclass(frozen=True)
class RelayLimits:
    """How much and how often."""

    batch: int = 200
    """Rows read at once."""
    max_in_flight: int = 2_000
    """Rows handed to the bus and not acknowledged."""
    poll_s: float = 0.05
    """Between looks when no nudge comes: events written by another process."""
    windows_first_s: float = 0.1
    """Rows are read so much later at most while somebody waits at a window of this process."""
    mark_delay_s: float = 0.01
    """Acknowledgements are gathered for so long and marked together."""
    standby_s: float = 0.5
    """Between a standby relay's attempts to become the active one."""
    backoff_s: tuple[float, ...] = (0.1, 0.2, 0.5, 1.0, 2.0)
    """Pauses while the bus or the database is unavailable."""


@dataclass
class _Term:
    """What the active relay has under way; forgotten when it stops being the active one."""

    connection: asyncpg.Connection
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    nudged: bool = True
    in_flight: dict[UUID, OutboxRow] = field(default_factory=dict)
    latest: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)
    """By topic and key: how many rows are in flight, and the last one's number."""
    acknowledged: list[UUID] = field(default_factory=list)
    mark_at: float = 0.0
    too_large: list[UUID] = field(default_factory=list)
    failures: int = 0
    retry_at: float = 0.0

    def nudge(self) -> None:
        self.nudged = True
        self.wake.set()

    def overtaken(self, row: OutboxRow) -> bool:
        """Whether a *later* row of its key is still under way.

        A failed row comes back; whatever was handed over behind it must be back as well, or it
        could be acknowledged first.
        """
        return row.seq < self.latest.get(row.place, (0, 0))[1]

    def sent(self, row: OutboxRow) -> None:
        count, last = self.latest.get(row.place, (0, 0))
        self.latest[row.place] = (count + 1, max(last, row.seq))
        self.in_flight[row.id] = row

    def back(self, event_id: UUID) -> OutboxRow:
        row = self.in_flight.pop(event_id)
        count, last = self.latest.pop(row.place)
        if count > 1:
            self.latest[row.place] = (count - 1, last)
        return row


class Relay:
    """Publishes a service's outbox; ``run`` until cancelled.

    Args:
        region_code: of the cell, for the events' ``source``.
        reach: called at the named points at which a test may kill the process.
    """

    def __init__(
        self,
        database: Database,
        bus: Bus,
        *,
        service: str,
        region_code: str,
        limits: RelayLimits | None = None,
        reach: Callable[[str], None] = crashpoints.reach,
    ) -> None:
        self._database = database
        self._bus = bus
        self._service = service
        self._source = source_of(region_code, service)
        self._limits = limits or RelayLimits()
        self._reach = reach
        self.active = False
        """Whether this relay holds the lock."""
        self.last_progress = time.monotonic()
        """When it last marked events, or saw that there is none to publish."""

    async def run(self) -> None:
        """Publish until cancelled; come back by itself when the database was away."""
        failures = 0
        while True:
            try:
                async with self._leading() as connection:
                    failures = 0
                    log.info("relay_active", service=self._service)
                    await self._publish(_Term(connection))
            except _DATABASE_TROUBLE as error:
                delay_s = self._limits.backoff_s[min(failures, len(self._limits.backoff_s) - 1)]
                failures += 1
                log.warning(
                    "relay_lost_database",
                    service=self._service,
                    error_type=type(error).__name__,
                    delay_s=delay_s,
                )
                await asyncio.sleep(delay_s)

    # --- one active relay -----------------------------------------------------------------------

    @asynccontextmanager
    async def _leading(self) -> AsyncIterator[asyncpg.Connection]:
        """Hold the lock on a connection of our own, which then does all of the relay's work.

        A lock of the session ends with its connection, so a relay that has lost it cannot mark
        anything: its statements fail.
        """
        connection = await asyncpg.connect(
            self._database.engine.url.set(drivername="postgresql").render_as_string(
                hide_password=False
            ),
            timeout=10,
            server_settings={"application_name": f"yizhan-{self._service}-relay"},
        )
        try:
            number = zlib.crc32(self._service.encode()) & 0x7FFFFFFF
            while not await connection.fetchval(  # noqa: ASYNC110 - another process holds it
                "SELECT pg_try_advisory_lock($1, $2)",
                _LOCK_CLASS,
                number,
                timeout=_QUERY_TIMEOUT_S,
            ):
                await asyncio.sleep(self._limits.standby_s)
            self.active = True
            yield connection
        finally:
            self.active = False
            # Not a polite close: a statement may be under way when the task is cancelled.
            connection.terminate()

    # --- the work -------------------------------------------------------------------------------

    async def _publish(self, term: _Term) -> None:
        limits = self._limits
        poll_at = 0.0
        with nudge.listening(self._database.engine, term.nudge):
            while True:
                now = time.monotonic()
                if now >= term.retry_at and (term.nudged or now >= poll_at):
                    await windows.let_go_first(limits.windows_first_s)
                    term.nudged = False
                    if await self._send_next(term):
                        term.nudged = True  # a full batch: there may be more
                    poll_at = time.monotonic() + limits.poll_s
                if term.too_large:
                    await self._set_aside(term)
                if term.acknowledged and (
                    time.monotonic() >= term.mark_at or len(term.acknowledged) >= limits.batch
                ):
                    await self._mark(term)
                await self._rest(term, poll_at)

    async def _rest(self, term: _Term, poll_at: float) -> None:
        now = time.monotonic()
        look_at = now if term.nudged else poll_at
        due_at = max(look_at, term.retry_at)
        if term.acknowledged:
            due_at = min(due_at, term.mark_at)
        with suppress(TimeoutError):
            async with asyncio.timeout(max(due_at - now, 0)):
                await term.wake.wait()
        term.wake.clear()

    async def _send_next(self, term: _Term) -> bool:
        """Hand the next rows to the bus; whether there may be more for which there is room."""
        room = min(self._limits.batch, self._limits.max_in_flight - len(term.in_flight))
        if room <= 0:
            return False
        found = await term.connection.fetch(
            _NEXT, list(term.in_flight), room, timeout=_QUERY_TIMEOUT_S
        )
        if not found and not term.in_flight:
            self.last_progress = time.monotonic()
        rows = [row for row in map(_row, found) if not term.overtaken(row)]
        if rows:
            self._reach("relay.before_send")
            futures = self._bus.publish([outgoing(row, source=self._source) for row in rows])
            for row, future in zip(rows, futures, strict=True):
                term.sent(row)
                future.add_done_callback(_Acknowledgement(term, row, self._limits))
        return len(found) == room and len(rows) > 0

    async def _mark(self, term: _Term) -> None:
        done, term.acknowledged = term.acknowledged, []
        self._reach("relay.after_send")
        await term.connection.execute(_MARK, done, timeout=_QUERY_TIMEOUT_S)
        self._reach("relay.after_mark")
        for event_id in done:
            term.back(event_id)
        self.last_progress = time.monotonic()
        METRICS.events_published.labels(self._service).inc(len(done))

    async def _set_aside(self, term: _Term) -> None:
        """Let an event that no bus can carry block nothing; someone has to look at it."""
        refused, term.too_large = term.too_large, []
        for event_id in refused:
            await term.connection.execute(
                _SET_ASIDE, event_id, EventTooLarge.__name__, timeout=_QUERY_TIMEOUT_S
            )
            row = term.back(event_id)
            log.error(
                "event_set_aside", service=self._service, event_id=str(event_id), type=row.type
            )


@dataclass(frozen=True)
class _Acknowledgement:
    """What to do when the bus has answered for one row."""

    term: _Term
    row: OutboxRow
    limits: RelayLimits

    def __call__(self, future: asyncio.Future[None]) -> None:
        term = self.term
        error = None if future.cancelled() else future.exception()
        if future.cancelled() or (error is not None and not isinstance(error, EventTooLarge)):
            term.back(self.row.id)
            now = time.monotonic()
            if now >= term.retry_at:  # one failure of many of the same moment counts
                backoff_s = self.limits.backoff_s
                term.retry_at = now + backoff_s[min(term.failures, len(backoff_s) - 1)]
                term.failures += 1
                log.warning("bus_unavailable", error_type=type(error).__name__)
            return
        if error is not None:
            term.too_large.append(self.row.id)
            term.wake.set()
            return
        term.failures = 0
        if not term.acknowledged:
            term.mark_at = time.monotonic() + self.limits.mark_delay_s
            term.wake.set()
        term.acknowledged.append(self.row.id)
        if len(term.acknowledged) == self.limits.batch:
            term.wake.set()


def _row(record: Any) -> OutboxRow:
    return OutboxRow(**{**dict(record), "headers": json.loads(record["headers"])})
