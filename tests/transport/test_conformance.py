"""One suite for every transport: whatever passes here may carry the house's events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import chain
from typing import Any

import pytest

from shared.db.session import Database, WriteSession
from shared.messaging.bus import (
    MAX_RECORD_BYTES,
    Bus,
    BusUnavailable,
    Consumer,
    EventTooLarge,
    Incoming,
    Outgoing,
)
from shared.messaging.handling import RetryPolicy
from tests.transport import flow
from tests.transport.conftest import Transport
from tests.transport.flow import GROUP, TOPIC, Service, outgoing

KEYS = [f"key-{number}" for number in range(6)]


@pytest.fixture
async def member(bus: Bus) -> AsyncIterator[Consumer]:
    joined = await bus.subscribe(GROUP, [TOPIC])
    yield joined
    await joined.close()


async def publish(bus: Bus, *records: Outgoing) -> list[asyncio.Future[None]]:
    futures = bus.publish(records)
    await asyncio.sleep(0)
    return futures


class TestConformance:
    async def test_order_is_kept_within_a_key(self, bus: Bus, member: Consumer) -> None:
        """Goal: every record comes, each key's in the order of publishing.
        Method: 20 rounds over 6 keys, handed over in bursts without waiting for answers."""
        futures = []
        for step in range(20):
            futures += await publish(bus, *(outgoing(TOPIC, key, step) for key in KEYS))
        found = await flow.fetch_until(member, 120, commit=True)
        assert flow.steps_by_key(found) == {key: list(range(20)) for key in KEYS}
        await asyncio.wait_for(asyncio.gather(*futures), 10)

    async def test_headers_and_bytes_arrive_unchanged(self, bus: Bus, member: Consumer) -> None:
        """Goal: the consumer reads what was published, Chinese included. Method: one record."""
        headers = {"ce_id": "1", "note": "一站"}
        futures = bus.publish([Outgoing(TOPIC, "钥匙", b"\x00\xff{}", headers)])
        (found,) = await flow.fetch_until(member, 1, commit=True)
        assert (found.partition.topic, found.key, found.value) == (TOPIC, "钥匙", b"\x00\xff{}")
        assert dict(found.headers) == headers
        await asyncio.wait_for(futures[0], 10)

    async def test_what_was_not_committed_comes_again(self, bus: Bus, member: Consumer) -> None:
        """Goal: a member that leaves without committing loses nothing.
        Method: commit half of one partition, leave, join anew, look what comes."""
        futures = await publish(bus, *(outgoing(TOPIC, "one", step) for step in range(10)))
        first = await flow.fetch_until(member, 10)
        await member.commit(first[0].partition, first[4].offset + 1)
        await member.close()
        again = await bus.subscribe(GROUP, [TOPIC])
        found = await flow.fetch_until(again, 5, commit=True)
        assert flow.steps_by_key(found) == {"one": [5, 6, 7, 8, 9]}
        assert await flow.drain(again) == []
        await asyncio.wait_for(asyncio.gather(*futures), 10)
        await again.close()

    async def test_rewind_fetches_again(self, bus: Bus, member: Consumer) -> None:
        """Goal: a transient failure can be done over. Method: fetch 5, rewind to the third."""
        await publish(bus, *(outgoing(TOPIC, "one", step) for step in range(5)))
        found = await flow.fetch_until(member, 5)
        await member.rewind(found[2].partition, found[2].offset)
        again = await flow.fetch_until(member, 3, commit=True)
        assert [int(each.value) for each in again] == [2, 3, 4]

    async def test_a_paused_partition_rests(self, bus: Bus, member: Consumer) -> None:
        """Goal: a pause stops its partition only. Method: pause one of two, then resume it."""
        await publish(bus, *(outgoing(TOPIC, key, 0) for key in KEYS))
        found = await flow.fetch_until(member, 6, commit=True)
        resting = found[0].partition
        member.pause(resting)
        await publish(bus, *(outgoing(TOPIC, key, 1) for key in KEYS))
        moving = await flow.drain(member)
        assert {each.partition for each in moving} == {each.partition for each in found} - {resting}
        member.resume(resting)
        late = await flow.fetch_until(member, 6 - len(moving))
        assert {each.partition for each in late} == {resting}

    async def test_lag_counts_what_is_not_committed(self, bus: Bus, member: Consumer) -> None:
        """Goal: health can tell progress from standstill. Method: commit 3 of 5."""
        await publish(bus, *(outgoing(TOPIC, "one", step) for step in range(5)))
        found = await flow.fetch_until(member, 5)
        assert sum((await member.lag()).values()) == 5
        await member.commit(found[0].partition, found[2].offset + 1)
        assert sum((await member.lag()).values()) == 2

    async def test_another_member_takes_over(self, bus: Bus, member: Consumer) -> None:
        """Goal: two members share the partitions; what the one that leaves had not committed
        goes to the other. Method: two members, one leaves with records in hand."""
        other = await bus.subscribe(GROUP, [TOPIC])
        keys = [f"person-{number}" for number in range(40)]
        both: dict[str, list[Incoming]] = {"leaving": [], "staying": []}
        # Both keep fetching until the partitions are divided and both have seen something.
        step = 0
        async with asyncio.timeout(60):
            while not (both["leaving"] and both["staying"]):
                await publish(bus, *(outgoing(TOPIC, key, step) for key in keys))
                step += 1
                for name, each in (("leaving", member), ("staying", other)):
                    batch = await each.fetch(max_records=500, timeout_s=0.2)
                    for partition, records in batch.items():
                        both[name] += records
                        if name == "staying":
                            await each.commit(partition, records[-1].offset + 1)
        in_hand = {(each.key, each.value) for each in both["leaving"]}
        await member.close()
        taken: set[tuple[str, bytes]] = set()
        async with asyncio.timeout(60):
            while not in_hand <= taken | {(each.key, each.value) for each in both["staying"]}:
                batch = await other.fetch(max_records=500, timeout_s=0.2)
                taken |= {(each.key, each.value) for each in chain(*batch.values())}
        await other.close()

    async def test_a_late_commit_after_the_loss_does_no_harm(
        self, bus: Bus, member: Consumer
    ) -> None:
        """Goal: a member that left gets no error and moves nothing. Method: commit when closed."""
        await publish(bus, outgoing(TOPIC, "one", 0))
        (found,) = await flow.fetch_until(member, 1)
        await member.close()
        await member.commit(found.partition, found.offset + 1)
        again = await bus.subscribe(GROUP, [TOPIC])
        assert [each.value for each in await flow.fetch_until(again, 1)] == [b"0"]
        await again.close()

    async def test_an_oversized_record_is_refused_alone(self, bus: Bus, member: Consumer) -> None:
        """Goal: its own future fails, its key goes on. Method: large between two small ones,
        and the largest that fits."""
        small, large, after, largest = bus.publish(
            [
                outgoing(TOPIC, "one", 0),
                outgoing(TOPIC, "one", 1, size=MAX_RECORD_BYTES),
                outgoing(TOPIC, "one", 2),
                outgoing(TOPIC, "one", 3, size=MAX_RECORD_BYTES - 100),
            ]
        )
        found = await flow.fetch_until(member, 3, commit=True)
        assert flow.steps_by_key(found) == {"one": [0, 2, 3]}
        with pytest.raises(EventTooLarge):
            await large
        await asyncio.wait_for(asyncio.gather(small, after, largest), 10)

    async def test_a_stopped_bus_says_so(self, transport: Transport) -> None:
        """Goal: publishing without a bus fails as unavailable. Method: publish after the stop."""
        stopped = await transport.bus()
        await stopped.stop()
        with pytest.raises(BusUnavailable):
            await stopped.publish([outgoing(TOPIC, "one", 0)])[0]


class TestFlow:
    """The same transports under the relay and the consumer loop, with a database."""

    async def test_resume_after_restart(self, transport: Transport, database: Database) -> None:
        """Goal: a process that dies with work in hand carries on in its next life, nothing twice
        and nothing missing. Method: the handler hangs at the third event; everything is ended
        and built anew over the same database."""
        hanging = asyncio.Event()

        bus = await transport.bus()
        service = Service(database)

        async def keep_or_hang(event: Any, session: WriteSession, context: Service) -> None:
            await flow.keep(event, session, context)
            if len(context.calls) == 3:
                hanging.set()
                await asyncio.sleep(60)

        first_life = flow.consumer(replace(service, handler=keep_or_hang), bus)
        await flow.write(database, *(("one", step) for step in range(5)))
        async with flow.running(flow.relay(database, bus), first_life):
            await asyncio.wait_for(hanging.wait(), 30)
        # Events may share a transaction: what was done before the end is some beginning.
        done = await flow.effects(database)
        assert done == [("one", step) for step in range(len(done))]
        assert len(done) < 3
        bus = await transport.restarted(bus)
        async with flow.running(flow.relay(database, bus), flow.consumer(service, bus)):
            await flow.until_count(database, 5)
            await flow.until_published(database, 5)
        assert await flow.effects(database) == [("one", step) for step in range(5)]

    async def test_poison_delays_only_its_own_key(
        self, transport: Transport, database: Database
    ) -> None:
        """Goal: an event that cannot be handled holds back later events of its key, nothing
        else. Method: the first event of one key fails until the test cures it; other keys, of
        which some share its partition, must all be done before that."""
        ill = {"poison"}
        service = Service(
            database, fails=lambda key, _step: ValueError("cannot") if key in ill else None
        )
        keys = ["poison", *(f"key-{number}" for number in range(12))]
        steps = [(key, step) for step in range(3) for key in keys]
        bus = await transport.bus()
        patient = RetryPolicy(delays_s=(0.2,), max_attempts=1_000)
        parts = flow.relay(database, bus), flow.consumer(service, bus, retry=patient)
        async with flow.running(*parts):
            await flow.write(database, *steps)
            await flow.until_count(database, 36)
            await flow.until_published(database, 39)
            assert "poison" not in {key for key, _ in await flow.effects(database)}
            ill.clear()
            await flow.until_count(database, 39)
        done = await flow.effects(database)
        for key in keys:
            assert [step for each, step in done if each == key] == [0, 1, 2]
