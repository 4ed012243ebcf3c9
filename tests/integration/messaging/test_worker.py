"""A worker's own address: whether it gets on, for an engine to ask and for Prometheus to count."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text

from shared.clock import SystemClock
from shared.db.session import Database
from shared.messaging import set_aside
from shared.messaging.bus import EventTooLarge
from shared.messaging.memory import MemoryBus
from shared.runtime import worker as worker_module
from shared.runtime.settings import RuntimeSettings
from shared.runtime.worker import Worker, worker_app
from tests.integration.messaging.fakes import HeldBus
from tests.integration.messaging.test_upkeep import handled, remembered, written
from tests.transport import flow
from tests.transport.flow import GROUP, TOPIC, Module, Service


@dataclass
class Context(Service):
    """What a worker needs of a service's context."""

    name: str = "writer"
    settings: RuntimeSettings = field(default_factory=RuntimeSettings)
    clock: SystemClock = field(default_factory=SystemClock)
    region: Any = field(default_factory=lambda: SimpleNamespace(region_code="519901"))

    @property
    def module(self) -> Module:
        return super().module


@asynccontextmanager
async def address(worker: Worker) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=worker_app(worker))
    async with httpx.AsyncClient(transport=transport, base_url="http://worker") as client:
        yield client


async def gauges(client: httpx.AsyncClient) -> dict[str, float]:
    """The worker's gauges without a label but the service, by name."""
    answer = await client.get("/metrics")
    assert answer.status_code == 200
    return {
        sample.name: sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
        if sample.labels == {"service": "writer"}
    }


async def readiness(client: httpx.AsyncClient) -> tuple[int, float]:
    """Status of the readiness address, and the gauge."""
    status = (await client.get("/readyz")).status_code
    return status, (await gauges(client))["yizhan_worker_ready"]


async def test_the_gauge_says_what_the_readiness_says(
    database: Database, bus: MemoryBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Goal: Prometheus sees a worker that is up but does not get on. Method: before it joins;
    when it runs; when an event has waited too long; when it has been handled."""
    release, monkey = asyncio.Event(), monkeypatch

    async def hang(event: Any, session: Any, context: Service) -> None:
        await release.wait()
        await flow.keep(event, session, context)

    worker = Worker(Context(database, handler=hang), bus)
    async with address(worker) as client:

        async def now() -> object:
            return await readiness(client)

        assert await now() == (503, 0)
        async with worker.running():
            await flow.until(now, (200, 1))
            monkey.setattr(worker_module, "STUCK_AFTER_S", 0.3)
            await flow.write(database, ("one", 0))
            await flow.until(now, (503, 0))
            release.set()
            await flow.until(now, (200, 1))


async def test_metrics_are_told_when_the_database_is_away(
    database: Database, bus: MemoryBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Goal: the gauge falls when it is needed, instead of vanishing. Method: no connection."""

    async def refuse(*_arguments: object, **_keywords: object) -> None:
        raise ConnectionRefusedError

    await database.close()
    monkeypatch.setattr("asyncpg.connect", refuse)
    async with address(Worker(Context(database), bus)) as client:
        assert (await gauges(client))["yizhan_worker_ready"] == 0


async def test_an_event_set_aside_is_seen_by_itself(database: Database, held: HeldBus) -> None:
    """Goal: one event that no broker takes does not hide that others wait, nor keep the worker
    from being ready, and can be sent when the limit was raised. Method: a bus that refuses it,
    a clock that is an hour on, then a release."""
    held.acknowledges = True
    held.refuses = lambda _record: EventTooLarge("too large")
    worker = Worker(Context(database), held, consume=False)
    async with address(worker) as client, worker.running():
        await flow.write(database, ("one", 0))

        async def seen() -> object:
            found = await gauges(client)
            return found["yizhan_outbox_set_aside"], found["yizhan_worker_ready"]

        await flow.until(seen, (1, 1))
        async with database.writing() as session:
            await session.execute(
                text("UPDATE outbox SET recorded_at = recorded_at - interval '1 hour'")
            )
        found = await gauges(client)
        assert found["yizhan_outbox_oldest_unpublished_seconds"] == 0
        assert await seen() == (1, 1)
        async with database.reading() as session:
            (event,) = await set_aside.list_set_aside(session)
        assert (event.subject, event.reason) == ("one", "EventTooLarge")
        assert event.payload_bytes > 50
        held.refuses = lambda _record: None
        async with database.writing() as session:
            await set_aside.release(session, event.id)
            with pytest.raises(set_aside.NotSetAside):
                await set_aside.release(session, event.id)
        await flow.until_published(database, 1)
        assert await seen() == (0, 1)
        assert await flow.scalar(database, "SELECT headers ? 'partitionkey' FROM outbox")


async def test_a_waiting_event_still_ages_beside_one_set_aside(
    database: Database, held: HeldBus
) -> None:
    """Goal: the age is that of the oldest which waits. Method: one set aside an hour ago, one
    written a minute ago that the bus does not acknowledge."""
    held.refuses = lambda record: (
        EventTooLarge("too large") if record.headers["ce_sequence"] == "0" else None
    )
    worker = Worker(Context(database), held, consume=False)
    async with address(worker) as client, worker.running():
        await flow.write(database, ("one", 0), ("two", 1))

        async def aside() -> object:
            return (await gauges(client))["yizhan_outbox_set_aside"]

        await flow.until(aside, 1)
        async with database.writing() as session:
            await session.execute(
                text(
                    "UPDATE outbox SET recorded_at = recorded_at"
                    " - make_interval(mins => CASE aggregate_version WHEN 0 THEN 60 ELSE 1 END)"
                )
            )
        age_s = (await gauges(client))["yizhan_outbox_oldest_unpublished_seconds"]
        assert 60 <= age_s < 600
        assert await readiness(client) == (503, 0)


async def test_the_worker_forgets_once_it_has_caught_up(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Goal: sweeping happens by itself, but not while events wait. Method: a handler that hangs
    keeps an old row; when it has ended, the row goes."""
    for name in ("SWEEP_FIRST_AFTER_S", "SWEEP_EVERY_S", "SWEEP_POLL_S"):
        monkeypatch.setattr(worker_module, name, 0.05)
    release = asyncio.Event()
    bus = MemoryBus(expected_groups={TOPIC: {GROUP}})
    await bus.start()

    async def hang(event: Any, session: Any, context: Service) -> None:
        await release.wait()
        await flow.keep(event, session, context)

    old = written(100)
    worker = Worker(Context(database, handler=hang), bus)
    assert worker.consumer is not None
    progress = worker.consumer.progress

    async def behind() -> object:
        return progress.behind

    async def there() -> object:
        return old in await remembered(database)

    async with worker.running():
        await flow.write(database, ("one", 0))
        await flow.until(behind, 1)
        await handled(database, [old], 99)
        await asyncio.sleep(0.4)
        assert await there()
        release.set()
        await flow.until(there, False)
    await bus.stop()
