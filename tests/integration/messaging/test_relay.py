"""From the outbox to the bus."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import asyncpg
import pytest
from sqlalchemy import text

from shared.db.session import Database
from shared.messaging import outbox
from shared.messaging.bus import EventTooLarge
from shared.messaging.memory import MemoryBus
from shared.messaging.relay import Relay, RelayLimits
from tests.integration.messaging.fakes import HeldBus
from tests.support.postgres import superuser_dsn
from tests.transport import flow
from tests.transport.flow import Service


async def positions(database: Database) -> list[int]:
    async with database.reading() as session:
        rows = await session.execute(text("SELECT position FROM outbox ORDER BY position"))
        return [position for (position,) in rows]


async def sent_is(bus: HeldBus, wanted: list[str]) -> None:
    async def sent() -> object:
        return bus.steps()

    await flow.until(sent, wanted, 10)


async def test_nothing_is_visible_before_the_commit_or_after_a_rollback(
    database: Database, held: HeldBus
) -> None:
    """Goal: an event tells only of what became true. Method: one transaction stays open for
    several polls, one is rolled back, then the first commits."""
    async with flow.running(flow.relay(database, held)):
        with suppress(ZeroDivisionError):
            async with database.writing() as session:
                await flow.record(session, "undone", 0)
                raise ZeroDivisionError
        async with database.writing() as session:
            await flow.record(session, "done", 0)
            await asyncio.sleep(0.3)
            assert held.steps() == []
        await sent_is(held, ["done:0"])
        await asyncio.sleep(0.15)
        assert held.steps() == ["done:0"]


class CursorReader:
    """A relay as it must not be: it remembers the last number it saw."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._last = 0
        self.seen: list[str] = []

    async def look(self) -> None:
        async with self._database.reading() as session:
            rows = await session.execute(
                text("SELECT seq, aggregateid FROM outbox WHERE seq > :last ORDER BY seq"),
                {"last": self._last},
            )
            for seq, key in rows:
                self._last = seq
                self.seen.append(key)


async def test_a_late_commit_is_not_lost(database: Database, held: HeldBus) -> None:
    """Goal: a slow transaction's event is published although a younger one went first.
    Method: two held transactions, the younger commits first; the relay must send both, and a
    reader with a cursor, which is the control, must lose the older one."""
    held.acknowledges = True
    control = CursorReader(database)
    async with flow.running(flow.relay(database, held)):
        async with database.writing() as older:
            await flow.record(older, "older", 0)
            async with database.writing() as younger:
                await flow.record(younger, "younger", 0)
            await sent_is(held, ["younger:0"])
            await flow.until_published(database, 1)
            await control.look()
        await sent_is(held, ["younger:0", "older:0"])
        await flow.until_published(database, 2)
        await control.look()
    assert control.seen == ["younger"]
    assert await positions(database) == [1, 2]


async def test_positions_have_no_gaps(database: Database, bus: MemoryBus) -> None:
    """Goal: the event store can be read by position. Method: 8 writers at once, some roll back;
    two relays of which the active one is ended half-way."""

    async def writer(name: str) -> None:
        for step in range(25):
            with suppress(ZeroDivisionError):
                async with database.writing() as session:
                    await flow.record(session, name, step)
                    if step % 5 == 4:
                        raise ZeroDivisionError

    service = Service(database)
    async with flow.running(flow.relay(database, bus), flow.consumer(service, bus)):
        async with flow.running(flow.relay(database, bus)):
            await asyncio.gather(*(writer(f"writer-{number}") for number in range(8)))
        await flow.until_published(database, 160)
    assert await positions(database) == list(range(1, 161))
    done = await flow.effects(database)
    assert len(done) == len(set(done)) == 160
    # Within a key the position follows the sequence.
    disorder = await flow.scalar(
        database,
        "SELECT count(*) FROM outbox a JOIN outbox b USING (aggregateid)"
        " WHERE a.aggregate_version < b.aggregate_version AND a.position > b.position",
    )
    assert disorder == 0


class Crash(BaseException):
    """Ends a relay or consumer as the end of its process would, at a named point."""


class CrashOnce:
    def __init__(self, point: str) -> None:
        self._point = point

    def __call__(self, point: str) -> None:
        if point == self._point:
            self._point = ""
            raise Crash(point)


async def run_to_crash(part: Relay) -> None:
    with pytest.raises(Crash):
        await asyncio.wait_for(part.run(), 20)


@pytest.mark.parametrize("point", ["relay.before_send", "relay.after_send", "relay.after_mark"])
async def test_a_crash_of_the_relay_loses_and_doubles_nothing(
    database: Database, bus: MemoryBus, point: str
) -> None:
    """Goal: between send and mark a crash sends the event again under the same id, and it is
    handled once. Method: crash at each point of the relay, then a new relay."""
    service = Service(database)
    await flow.write(database, ("one", 0))
    async with flow.running(flow.consumer(service, bus)):
        await run_to_crash(flow.relay(database, bus, reach=CrashOnce(point)))
        await flow.write(database, ("one", 1))
        async with flow.running(flow.relay(database, bus)):
            await flow.until_published(database, 2)
            await flow.until_count(database, 2)
    assert await flow.effects(database) == [("one", 0), ("one", 1)]
    assert service.calls == [("one", 0), ("one", 1)]


async def test_a_resent_event_has_the_same_id(database: Database, held: HeldBus) -> None:
    """Goal: a reader can tell a repetition. Method: crash after the send, look at both records."""
    held.acknowledges = True
    await flow.write(database, ("one", 0))
    await run_to_crash(flow.relay(database, held, reach=CrashOnce("relay.after_send")))
    async with flow.running(flow.relay(database, held)):
        await flow.until_published(database, 1)
    first, again = held.sent
    assert first == again
    assert first.headers["ce_type"] == "cn.yizhan.identity.roster.applied.v1"
    assert first.headers["ce_source"] == "/yizhan/519901/writer"
    assert first.headers["ce_time"] == "2016-03-01T08:00:00.000000Z"
    assert first.headers["ce_dataclassification"] == "internal"


async def test_only_one_relay_is_active_and_the_other_takes_over(
    database: Database, held: HeldBus
) -> None:
    """Goal: no event is sent by two relays, and a dead one is replaced within a second.
    Method: two relays, then the first one's database connection is cut from outside."""
    held.acknowledges = True
    first, second = flow.relay(database, held), flow.relay(database, held)

    async def active() -> object:
        return first.active, second.active

    async with flow.running(first):
        await flow.until(active, (True, False))
        async with flow.running(second):
            await flow.write(database, *(("one", step) for step in range(5)))
            await flow.until_published(database, 5)
            assert (first.active, second.active) == (True, False)
            assert held.steps() == [f"one:{step}" for step in range(5)]
            await cut_lock_holder(database)
            await flow.write(database, ("one", 5))
            await flow.until_published(database, 6)

            async def how_many_active() -> object:
                return [first.active, second.active].count(True)

            await flow.until(how_many_active, 1)
    assert held.steps() == [f"one:{step}" for step in range(6)]


async def test_the_relay_outlives_whatever_the_driver_raises(
    database: Database, held: HeldBus
) -> None:
    """Goal: a connection that the server ends in the middle of a statement stops no relay for good.
    Method: asyncpg's error for its own broken state, which has no parent in common with its
    others, is raised once before a send."""
    held.acknowledges = True
    asked: list[str] = []

    def fail_once(point: str) -> None:
        asked.append(point)
        if asked.count("relay.before_send") == 1:
            asked.append("relay.before_send")
            raise asyncpg.InternalClientError("cannot switch to state 12")

    await flow.write(database, ("one", 0))
    async with flow.running(flow.relay(database, held, reach=fail_once)):
        await flow.until_published(database, 1)
    assert held.steps() == ["one:0"]


async def cut_lock_holder(database: Database) -> None:
    name = await flow.scalar(database, "SELECT current_database()")
    connection: Any = await asyncpg.connect(superuser_dsn(name))
    cut = await connection.fetchval(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_locks WHERE locktype = 'advisory' AND granted"
        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    await connection.close()
    assert cut == 1


async def test_a_slow_acknowledgement_holds_nobody_else(database: Database, held: HeldBus) -> None:
    """Goal: rows are pipelined. Method: one event is never acknowledged; later ones are."""
    async with flow.running(flow.relay(database, held)):
        await flow.write(database, ("slow", 0))
        await sent_is(held, ["slow:0"])
        for step in range(1, 4):
            await flow.write(database, ("quick", step))
            await sent_is(held, ["slow:0", *(f"quick:{each}" for each in range(1, step + 1))])
            held.acknowledge(str(step))
            await flow.until_published(database, step)
    assert await flow.scalar(database, "SELECT count(*) FROM outbox WHERE position IS NULL") == 1


async def test_after_a_failure_the_key_starts_with_the_failed_event(
    database: Database, held: HeldBus
) -> None:
    """Goal: no event overtakes an earlier one of its key that failed. Method: the bus fails
    everything under way, then holds a later event while the earlier one comes back."""
    async with flow.running(flow.relay(database, held)):
        await flow.write(database, ("one", 0), ("one", 1), ("two", 0))
        await sent_is(held, ["one:0", "one:1", "two:0"])
        held.fail()
        await flow.write(database, ("one", 2))
        held.acknowledges = True
        await flow.until_published(database, 4)
    sent_again = held.steps()[3:]
    assert [each for each in sent_again if each.startswith("one")] == ["one:0", "one:1", "one:2"]


async def test_the_relay_waits_for_a_bus_that_is_away(database: Database, bus: MemoryBus) -> None:
    """Goal: an unavailable bus loses nothing. Method: stop the bus, write, start it again."""
    service = Service(database)
    async with flow.running(flow.relay(database, bus), flow.consumer(service, bus)):
        await flow.write(database, ("one", 0))
        await flow.until_count(database, 1)
        await bus.stop()
        await flow.write(database, ("one", 1))
        await asyncio.sleep(0.2)
        await bus.start()
        await flow.until_count(database, 2)
    assert await flow.effects(database) == [("one", 0), ("one", 1)]


async def test_an_oversized_event_is_set_aside(database: Database, held: HeldBus) -> None:
    """Goal: an event that no bus can carry blocks nothing. Method: the bus refuses one for its
    size; its own key and others go on, and the row says why it is not published."""
    held.acknowledges = True
    held.refuses = lambda record: (
        EventTooLarge("too large") if record.headers["ce_sequence"] == "1" else None
    )
    async with flow.running(flow.relay(database, held)):
        await flow.write(database, ("one", 0), ("one", 1), ("one", 2), ("two", 0))
        await flow.until_published(database, 3)
        await asyncio.sleep(0.15)
    assert held.steps() == ["one:0", "one:1", "one:2", "two:0"]
    assert await positions(database) == [1, 2, 3, None]
    reason = "SELECT headers->>'relay_error' FROM outbox WHERE published_at IS NULL"
    assert await flow.scalar(database, reason) == "EventTooLarge"


async def test_a_payload_that_can_never_fit_is_refused_when_written(database: Database) -> None:
    """Goal: the change itself fails early. Method: record an event of a megabyte."""
    with pytest.raises(EventTooLarge, match="split the change"):
        async with database.writing() as session:
            await flow.record(session, "one", 0, note="x" * 1_000_000)
    assert await flow.scalar(database, "SELECT count(*) FROM outbox") == 0


async def test_a_commit_wakes_the_relay_of_the_process(database: Database, held: HeldBus) -> None:
    """Goal: an event does not wait for the next poll. Method: a relay that would poll once in
    ten seconds."""
    lazy = Relay(
        database,
        held,
        service="writer",
        region_code="519901",
        limits=RelayLimits(poll_s=10.0),
    )
    async with flow.running(lazy):
        await flow.write(database, ("one", 0))
        await sent_is(held, ["one:0"])
        await asyncio.sleep(0.1)
        async with asyncio.timeout(2):
            await flow.write(database, ("one", 1))
            await sent_is(held, ["one:0", "one:1"])


async def test_the_trace_is_carried_along(database: Database, held: HeldBus) -> None:
    """Goal: a trace goes on behind the bus. Method: a header given to the outbox."""
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    async with database.writing() as session:
        await outbox.record(
            session,
            flow.event("one", 0),
            subject="one",
            sequence=0,
            occurred_at=flow.WHEN,
            headers={"traceparent": trace},
        )
    async with flow.running(flow.relay(database, held)):
        await sent_is(held, ["one:0"])
    assert held.sent[0].headers["traceparent"] == trace
