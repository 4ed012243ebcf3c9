"""From the bus into a service: once, in order, and what happens when it cannot be."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import structlog
from sqlalchemy import text

from shared.db.session import Database, WriteSession
from shared.messaging import dead_letters
from shared.messaging.bus import BusUnavailable, Outgoing
from shared.messaging.consumer import EventConsumer
from shared.messaging.envelope import OutboxRow, outgoing
from shared.messaging.handling import RetryPolicy
from shared.messaging.memory import MemoryBus
from tests.transport import flow
from tests.transport.flow import Service

SECRET = "51990119660101001X"  # stands for a value that must not get into a log or an error text


def message(key: str, step: int, *, number: int | None = None, **headers: str) -> Outgoing:
    """A record as the relay makes it; ``number`` gives the event's id."""
    row = OutboxRow(
        id=UUID(int=number if number is not None else hash((key, step)) & ((1 << 64) - 1)),
        seq=1,
        aggregatetype="identity.roster",
        aggregateid=key,
        type="cn.yizhan.identity.roster.applied.v1",
        payload=flow.event(key, step).model_dump_json(),
        aggregate_version=step,
        occurred_at=flow.WHEN,
        headers={},
    )
    made = outgoing(row, source="/yizhan/519901/identity")
    return Outgoing(made.topic, made.key, made.value, {**made.headers, **headers})


async def statuses(database: Database) -> list[tuple[str, int, str, int]]:
    """Key, step, status and attempts of every dead letter, in order."""
    async with database.reading() as session:
        rows = await session.execute(
            text(
                "SELECT key, (headers->>'ce_sequence')::int, status, attempts"
                " FROM dead_letters ORDER BY id"
            )
        )
        return [(row[0], row[1], row[2], row[3]) for row in rows]


def having(database: Database, wanted: list[tuple[str, int, str, int]]) -> Awaitable[None]:
    async def now() -> object:
        return await statuses(database)

    return flow.until(now, wanted)


async def test_a_cancellation_that_nobody_asked_for_passes_no_event_by(
    database: Database, bus: MemoryBus
) -> None:
    """Goal: a library's own cancellation does not let an event go by. Method: one is let out
    before the handler; the consumer ends with an error, and the next one handles the event."""
    service = Service(database)

    def cancelled(reached: str) -> None:
        if reached == "handler.before":
            raise asyncio.CancelledError

    futures = bus.publish([message("one", 0)])
    async with asyncio.timeout(20):
        with pytest.raises(BaseExceptionGroup) as ended:
            await flow.consumer(service, bus, reach=cancelled).run()
    assert ended.group_contains(RuntimeError, match="cancelled from within")
    async with flow.running(flow.consumer(service, bus)):
        await asyncio.wait_for(futures[0], 20)
    assert await flow.effects(database) == [("one", 0)]


async def test_a_duplicate_is_handled_once(database: Database, bus: MemoryBus) -> None:
    """Goal: effects happen once. Method: each of five events comes three times, shuffled."""
    service = Service(database)
    futures = bus.publish([message("one", step % 5) for step in range(15)])
    async with flow.running(flow.consumer(service, bus)):
        await asyncio.wait_for(asyncio.gather(*futures), 20)
    assert await flow.effects(database) == [("one", step) for step in range(5)]
    assert len(service.calls) == 5


async def test_two_groups_each_handle_it(database: Database, bus: MemoryBus) -> None:
    """Goal: the inbox is per group. Method: two services read the same event."""
    one, other = Service(database), Service(database, group="other")
    async with flow.running(flow.consumer(one, bus), flow.consumer(other, bus)):
        bus.publish([message("one", 0)])
        await flow.until_count(database, 1)
        await flow.until_count(database, 1, group="other")


class Crash(BaseException):
    """Ends the loop as the end of its process would."""


@pytest.mark.parametrize(
    ("point", "calls"),
    [("handler.before", 1), ("handler.before_commit", 2), ("handler.after_commit", 1)],
)
async def test_a_crash_of_the_consumer_loses_and_doubles_nothing(
    database: Database, bus: MemoryBus, point: str, calls: int
) -> None:
    """Goal: whatever the moment of the crash, the effect is there once. Method: crash at the
    point, then a new consumer; before the commit the handler runs again, after it not."""
    service = Service(database)

    def crash(reached: str) -> None:
        if reached == point:
            raise Crash

    futures = bus.publish([message("one", 0)])
    with pytest.raises(BaseExceptionGroup) as ended:
        await flow.consumer(service, bus, reach=crash).run()
    assert ended.group_contains(Crash)
    assert not futures[0].done()
    async with flow.running(flow.consumer(service, bus)):
        await asyncio.wait_for(futures[0], 20)
    assert await flow.effects(database) == [("one", 0)]
    assert len(service.calls) == calls


async def test_a_transient_failure_is_tried_again_in_place(
    database: Database, bus: MemoryBus
) -> None:
    """Goal: when the surroundings fail nothing is parked and order is kept. Method: the first
    event times out four times, more often than a poisoned one would be tried."""
    left = [TimeoutError("slow"), ConnectionError("gone"), BusUnavailable("away"), TimeoutError()]
    service = Service(database, fails=lambda _key, step: left.pop() if left and step == 0 else None)
    async with flow.running(flow.consumer(service, bus)):
        bus.publish([message("one", 0), message("one", 1)])
        await flow.until_count(database, 2)
    assert await flow.effects(database) == [("one", 0), ("one", 1)]
    assert service.calls == [("one", 0)] * 5 + [("one", 1)]
    assert await statuses(database) == []


async def test_a_deadlock_is_transient(database: Database, bus: MemoryBus) -> None:
    """Goal: a real deadlock of the database is tried again, not parked. Method: the handler
    locks two rows in the order opposite to another transaction."""
    tries = 0

    async def lock_across(event: Any, session: WriteSession, context: Service) -> None:
        nonlocal tries
        tries += 1
        await session.execute(text("SELECT pg_advisory_xact_lock(1)"))
        if tries == 1:
            mine.set()
            await others.wait()
        await session.execute(text("SELECT pg_advisory_xact_lock(2)"))
        await flow.keep(event, session, context)

    mine, others = asyncio.Event(), asyncio.Event()
    service = Service(database, handler=lock_across)
    async with flow.running(flow.consumer(service, bus)):
        bus.publish([message("one", 0)])
        await asyncio.wait_for(mine.wait(), 20)
        async with database.writing() as session:
            await session.execute(text("SELECT pg_advisory_xact_lock(2)"))
            others.set()
            await asyncio.sleep(0.2)  # who waited first is the one that the database gives up
            await session.execute(text("SELECT pg_advisory_xact_lock(1)"))
        await flow.until_count(database, 1)
    assert tries == 2
    assert await statuses(database) == []


async def test_a_failing_event_is_retried_and_its_followers_wait(
    database: Database, bus: MemoryBus
) -> None:
    """Goal: a cured event is followed by those of its key, in order. Method: the first of three
    fails among the others and then twice by itself; another key is done meanwhile."""
    left = [ValueError("no")] * 3
    service = Service(
        database, fails=lambda key, step: left.pop() if left and (key, step) == ("ill", 0) else None
    )
    slow = RetryPolicy(delays_s=(0.3, 0.1), max_attempts=5)
    async with flow.running(flow.consumer(service, bus, retry=slow)):
        sent = [message("ill", 0), message("ill", 1), message("well", 0), message("ill", 2)]
        await asyncio.wait_for(asyncio.gather(*bus.publish(sent)), 20)
        assert await flow.effects(database) == [("well", 0)]
        await flow.until_count(database, 4)
    assert await flow.effects(database) == [("well", 0), ("ill", 0), ("ill", 1), ("ill", 2)]
    assert await statuses(database) == [
        ("ill", 0, "resolved", 2),
        ("ill", 1, "resolved", 0),
        ("ill", 2, "resolved", 0),
    ]


async def test_attempts_end_and_a_resend_brings_the_key_on(
    database: Database, bus: MemoryBus
) -> None:
    """Goal: a dead event waits for a person, its key with it, and goes on when re-sent.
    Method: fail until dead, send a follower, cure, re-send."""
    ill = True
    service = Service(
        database, fails=lambda _key, step: ValueError("no") if ill and step == 0 else None
    )
    async with flow.running(flow.consumer(service, bus)):
        bus.publish([message("one", 0)])
        await having(database, [("one", 0, "dead", 3)])
        await asyncio.wait_for(bus.publish([message("one", 1)])[0], 20)
        await asyncio.sleep(0.3)
        assert await statuses(database) == [("one", 0, "dead", 3), ("one", 1, "waiting", 0)]
        ill = False
        async with database.writing() as session:
            first, second = await dead_letters.list_open(session)
            assert (first.status, second.status, first.topic) == ("dead", "waiting", flow.TOPIC)
            with pytest.raises(dead_letters.NotDead):
                await dead_letters.resend(session, second.id)
            with pytest.raises(dead_letters.NoSuchDeadLetter):
                await dead_letters.resend(session, 999)
            await dead_letters.resend(session, first.id)
        await flow.until_count(database, 2)
        await having(database, [("one", 0, "resolved", 0), ("one", 1, "resolved", 0)])
        # The key is free again.
        await asyncio.wait_for(bus.publish([message("one", 2)])[0], 20)
    assert await flow.effects(database) == [("one", 0), ("one", 1), ("one", 2)]


async def test_a_discarded_event_lets_its_followers_pass(
    database: Database, bus: MemoryBus
) -> None:
    """Goal: an event that will never be handled need not block its key. Method: discard it."""
    service = Service(database, fails=lambda _key, step: ValueError("no") if step == 0 else None)
    async with flow.running(flow.consumer(service, bus)):
        bus.publish([message("one", 0), message("one", 1)])
        await having(database, [("one", 0, "dead", 3), ("one", 1, "waiting", 0)])
        async with database.writing() as session:
            (dead,) = await dead_letters.list_open(session, group="reader", status="dead")
            await dead_letters.discard(session, dead.id)
        await flow.until_count(database, 1)
    assert await flow.effects(database) == [("one", 1)]


async def test_resend_all_takes_one_group(database: Database, bus: MemoryBus) -> None:
    """Goal: the operator can re-send everything of a service. Method: dead events of two groups."""
    ill = True
    services = [
        Service(database, group=group, fails=lambda *_: ValueError("no") if ill else None)
        for group in ("reader", "other")
    ]
    async with flow.running(*(flow.consumer(each, bus) for each in services)):
        bus.publish([message("one", 0), message("two", 0)])

        async def dead() -> object:
            return [status for _, _, status, _ in await statuses(database)]

        await flow.until(dead, ["dead"] * 4)
        ill = False
        async with database.writing() as session:
            assert await dead_letters.resend_all(session, group="reader") == 2
        await flow.until_count(database, 2)
        await asyncio.sleep(0.2)
    assert await flow.effects(database, "other") == []


MALFORMED: dict[str, Callable[[Outgoing], Outgoing]] = {
    "not JSON": lambda good: Outgoing(good.topic, good.key, b"{", good.headers),
    "a field missing": lambda good: Outgoing(good.topic, good.key, b"{}", good.headers),
    "no type": lambda good: _without(good, "ce_type"),
    "no id": lambda good: _without(good, "ce_id"),
    "no time": lambda good: _without(good, "ce_time"),
    "time without offset": lambda good: _with(good, ce_time="2016-03-01T08:00:00"),
    "sequence not a number": lambda good: _with(good, ce_sequence="x"),
    "a NUL in a header": lambda good: _with(good, ce_id="\x00", traceparent="\x00"),
}


def _without(good: Outgoing, name: str) -> Outgoing:
    headers = {each: value for each, value in good.headers.items() if each != name}
    return Outgoing(good.topic, good.key, good.value, headers)


def _with(good: Outgoing, **headers: str) -> Outgoing:
    return Outgoing(good.topic, good.key, good.value, {**good.headers, **headers})


@pytest.mark.parametrize("spoil", MALFORMED.values(), ids=MALFORMED.keys())
async def test_a_malformed_record_is_dead_at_once(
    database: Database, bus: MemoryBus, spoil: Callable[[Outgoing], Outgoing]
) -> None:
    """Goal: what cannot be read is kept, not retried, and stops its key only. Method: a spoilt
    record, then good ones of its key and of another."""
    service = Service(database)
    sent = [spoil(message("ill", 0)), message("ill", 1), message("well", 0)]
    async with flow.running(flow.consumer(service, bus)):
        await asyncio.wait_for(asyncio.gather(*bus.publish(sent)), 20)
    assert await flow.effects(database) == [("well", 0)]
    async with database.reading() as session:
        dead, waiting = await dead_letters.list_open(session)
    assert (dead.status, waiting.status) == ("dead", "waiting")
    assert dead.payload == sent[0].value
    assert dead.error.startswith("EnvelopeMalformed")


async def test_other_types_are_passed_by(database: Database, bus: MemoryBus) -> None:
    """Goal: a newer producer's types and ones we do not read stop nothing and leave nothing.
    Method: an unknown type and a known one without a handler, then a good record."""
    service = Service(database)
    sent = [
        message("one", 0, ce_type="cn.yizhan.identity.roster.burnt.v7"),
        message("one", 1, ce_type="cn.yizhan.identity.person.left.v1"),
        message("one", 2),
    ]
    async with flow.running(flow.consumer(service, bus)):
        await asyncio.wait_for(asyncio.gather(*bus.publish(sent)), 20)
    assert await flow.effects(database) == [("one", 2)]
    assert await statuses(database) == []
    assert await flow.scalar(database, "SELECT count(*) FROM inbox") == 1


async def test_no_value_gets_into_a_log_or_an_error_text(
    database: Database, bus: MemoryBus
) -> None:
    """Goal: a failure is told by type, code and place. Method: a handler that fails with a value
    in its message, directly and in the database's own words (which quote the row)."""
    failures: list[Exception] = [ValueError(f"bad number {SECRET}")]

    async def quote(event: Any, session: WriteSession, context: Service) -> None:
        if event.data.added == 0:
            raise failures[0]
        await session.execute(text("CREATE TEMP TABLE t (v text PRIMARY KEY) ON COMMIT DROP"))
        for _ in range(2):
            await session.execute(text("INSERT INTO t VALUES (:v)"), {"v": SECRET})

    service = Service(database, handler=quote)
    with structlog.testing.capture_logs() as logs:
        async with flow.running(flow.consumer(service, bus)):
            bus.publish([message("one", 0), message("two", 1)])

            async def dead() -> object:
                return [status for _, _, status, _ in await statuses(database)]

            await flow.until(dead, ["dead", "dead"])
    async with database.reading() as session:
        letters = {each.key: each.error for each in await dead_letters.list_open(session)}
    assert letters["one"].startswith("ValueError at tests/integration/messaging/test_consumer.py:")
    assert letters["two"].startswith("IntegrityError [23505] at tests/")
    assert SECRET not in repr(letters)
    assert logs
    assert SECRET not in repr(logs)


async def test_progress_tells_a_standstill(database: Database, bus: MemoryBus) -> None:
    """Goal: health sees that nothing moves although the loop lives. Method: a handler that hangs,
    then one that works."""
    release = asyncio.Event()

    async def hang(event: Any, session: WriteSession, context: Service) -> None:
        await release.wait()
        await flow.keep(event, session, context)

    consumer: EventConsumer = flow.consumer(Service(database, handler=hang), bus)

    async def behind() -> object:
        return consumer.progress.joined, consumer.progress.behind

    async with flow.running(consumer):
        bus.publish([message("one", 0), message("one", 1)])
        await flow.until(behind, (True, 2))
        stood = consumer.progress.last_progress
        await asyncio.sleep(0.5)
        assert consumer.progress.last_progress == stood
        assert await consumer.lag() == {flow.TOPIC: 2}
        release.set()
        await flow.until(behind, (True, 0))
        assert consumer.progress.last_progress > stood


async def test_dead_letters_keep_what_is_needed_to_look_into_them(
    database: Database, bus: MemoryBus
) -> None:
    """Goal: an operator sees headers, payload, attempts and the next try. Method: one failure."""
    service = Service(database, fails=lambda *_: ValueError("no"))
    sent = message("one", 0, traceparent="00-1-2-01")
    patient = RetryPolicy(delays_s=(60.0,), max_attempts=2)
    async with flow.running(flow.consumer(service, bus, retry=patient)):
        await asyncio.wait_for(bus.publish([sent])[0], 20)
    async with database.reading() as session:
        (letter,) = await dead_letters.list_open(session)
        assert await dead_letters.show(session, letter.id) == letter
    assert (letter.status, letter.attempts, letter.payload) == ("retrying", 1, sent.value)
    assert dict(letter.headers) == dict(sent.headers)
    assert letter.next_attempt_at is not None
    assert letter.next_attempt_at - letter.created_at > timedelta(seconds=50)
