"""A small service for the tests of the bus: it writes events, and keeps what it was told.

Every event is a ``RosterApplied``: its key is ``import_id``, its place within the key ``added``.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from shared.db.mechanics import mechanics_metadata
from shared.db.session import Database, WriteSession
from shared.events.base import Envelope
from shared.events.catalog import RosterApplied
from shared.messaging import outbox
from shared.messaging.bus import Bus, Consumer, Incoming, Outgoing
from shared.messaging.consumer import ConsumerLimits, EventConsumer
from shared.messaging.handling import Handler, RetryPolicy
from shared.messaging.relay import Relay, RelayLimits
from tests.support.postgres import drop_database, fresh_database, template_database

WHEN = datetime(2016, 3, 1, 8, 0, tzinfo=UTC)
TOPIC = RosterApplied.topic()
GROUP = "reader"
QUICK = RetryPolicy(delays_s=(0.05, 0.1), max_attempts=3)
LIMITS = ConsumerLimits(
    fetch_timeout_s=0.1, backoff_s=(0.05, 0.1), lag_every_s=0.2, retry_poll_s=0.1
)
_EFFECTS = """
CREATE TABLE effects (
  number bigint GENERATED ALWAYS AS IDENTITY, consumer_group text NOT NULL,
  key text NOT NULL, step int NOT NULL, event_id uuid NOT NULL)
"""


def _build(url: str) -> None:
    async def build() -> None:
        engine = create_async_engine(url)
        async with engine.begin() as connection:
            await connection.run_sync(mechanics_metadata.create_all)
            await connection.execute(text(_EFFECTS))
        await engine.dispose()

    asyncio.run(build())


@contextmanager
def messaging_database() -> Iterator[str]:
    """A database with the mechanics' tables and ``effects``."""
    template_database("messaging", _build)
    url = fresh_database("messaging")
    try:
        yield url
    finally:
        drop_database(url)


@dataclass(frozen=True)
class Reads:
    """A subscription."""

    event: type[RosterApplied]
    handler: Handler


@dataclass(frozen=True)
class Module:
    name: str
    subscriptions: tuple[Reads, ...]
    seals: tuple[()] = ()
    watches: tuple[()] = ()
    jobs: tuple[()] = ()


@dataclass
class Service:
    """The context of the small service, with faults to order."""

    db: Database
    group: str = GROUP
    fails: Callable[[str, int], Exception | None] = lambda _key, _step: None
    calls: list[tuple[str, int]] = field(default_factory=list)
    handler: Handler | None = None
    """Another handler than :func:`keep`."""

    @property
    def module(self) -> Module:
        return Module(self.group, (Reads(RosterApplied, self.handler or keep),))


async def keep(event: Envelope[RosterApplied], session: WriteSession, context: Service) -> None:
    """Write the effect, then fail if the test wants it: a failure must undo the effect."""
    key, step = event.data.import_id, event.data.added
    context.calls.append((key, step))
    await session.execute(
        text(
            "INSERT INTO effects (consumer_group, key, step, event_id)"
            " VALUES (:group, :key, :step, :id)"
        ),
        {"group": context.group, "key": key, "step": step, "id": event.id},
    )
    failure = context.fails(key, step)
    if failure is not None:
        raise failure


def event(key: str, step: int, note: str = "roster") -> RosterApplied:
    return RosterApplied(
        import_id=key,
        roster_source=note,
        effective_on=date(2016, 3, 1),
        added=step,
        changed=0,
        removed=0,
    )


async def record(session: WriteSession, key: str, step: int, note: str = "roster") -> UUID:
    return await outbox.record(
        session, event(key, step, note), subject=key, sequence=step, occurred_at=WHEN
    )


async def write(database: Database, *steps: tuple[str, int]) -> None:
    """Each event in a transaction of its own."""
    for key, step in steps:
        async with database.writing() as session:
            await record(session, key, step)


async def effects(database: Database, group: str = GROUP) -> list[tuple[str, int]]:
    async with database.reading() as session:
        rows = await session.execute(
            text("SELECT key, step FROM effects WHERE consumer_group = :g ORDER BY number"),
            {"g": group},
        )
        return [(key, step) for key, step in rows]


async def scalar(database: Database, query: str) -> Any:
    async with database.reading() as session:
        return await session.scalar(text(query))


async def until(
    question: Callable[[], Awaitable[object]], wanted: object, timeout_s: float = 30.0
) -> None:
    """Wait until the answer is the wanted one; fail with the last answer."""
    deadline = time.monotonic() + timeout_s
    answer = await question()
    while answer != wanted:
        assert time.monotonic() < deadline, f"wanted {wanted}, last saw {answer}"
        await asyncio.sleep(0.02)
        answer = await question()


async def until_count(database: Database, count: int, group: str = GROUP) -> None:
    async def counted() -> object:
        return len(await effects(database, group))

    await until(counted, count)


async def until_published(database: Database, count: int) -> None:
    async def published() -> object:
        return await scalar(database, "SELECT count(*) FROM outbox WHERE published_at IS NOT NULL")

    await until(published, count)


def relay(database: Database, bus: Bus, **more: Any) -> Relay:
    limits = RelayLimits(standby_s=0.1, backoff_s=(0.05, 0.1))
    return Relay(database, bus, service="writer", region_code="519901", limits=limits, **more)


def consumer(service: Service, bus: Bus, **more: Any) -> EventConsumer:
    return EventConsumer(service, bus, **{"limits": LIMITS, "retry": QUICK, **more})


@asynccontextmanager
async def running(*parts: Relay | EventConsumer) -> AsyncIterator[None]:
    """Run relays and consumers as long as the block; a part that dies fails the test."""
    tasks = [asyncio.create_task(part.run()) for part in parts]
    try:
        yield
    finally:
        died = [task for task in tasks if task.done()]
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task
        assert not died


# --- without a database -------------------------------------------------------------------------


def outgoing(topic: str, key: str, number: int, size: int = 0) -> Outgoing:
    return Outgoing(topic, key, f"{number}".encode().ljust(size), {"ce_id": f"{key}-{number}"})


async def fetch_until(
    member: Consumer, count: int, timeout_s: float = 30.0, *, commit: bool = False
) -> list[Incoming]:
    """Fetch until so many records have come."""
    found: list[Incoming] = []
    deadline = time.monotonic() + timeout_s
    while len(found) < count:
        assert time.monotonic() < deadline, f"{len(found)} of {count} records came"
        for partition, records in (await member.fetch(max_records=50, timeout_s=0.2)).items():
            found += records
            if commit:
                await member.commit(partition, records[-1].offset + 1)
    return found


async def drain(member: Consumer, quiet_s: float = 0.5) -> list[Incoming]:
    """Fetch until nothing has come for a while."""
    found: list[Incoming] = []
    while batch := await member.fetch(max_records=50, timeout_s=quiet_s):
        found += [each for records in batch.values() for each in records]
    return found


def steps_by_key(records: list[Incoming]) -> dict[str, list[int]]:
    steps: dict[str, list[int]] = {}
    for each in records:
        steps.setdefault(each.key, []).append(int(each.value))
    return steps
