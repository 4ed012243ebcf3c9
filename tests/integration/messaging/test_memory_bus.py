"""What only the in-process bus promises: it keeps no more than it must, and waits for everyone."""

from __future__ import annotations

import asyncio

import pytest

from shared.messaging.bus import BusUnavailable, Partition
from shared.messaging.memory import MemoryBus
from tests.transport import flow
from tests.transport.flow import TOPIC, outgoing


async def started(*groups: str, **more: int) -> MemoryBus:
    bus = MemoryBus(expected_groups={TOPIC: groups}, **more)
    await bus.start()
    return bus


async def test_a_record_waits_for_every_group_also_for_one_that_has_not_come() -> None:
    """Goal: an event published while a consumer is still starting is not lost. Method: two
    expected groups; one commits, the other joins later."""
    bus = await started("quick", "late")
    (future,) = bus.publish([outgoing(TOPIC, "one", 0)])
    quick = await bus.subscribe("quick", [TOPIC])
    await flow.fetch_until(quick, 1, commit=True)
    await asyncio.sleep(0.01)
    assert not future.done()
    late = await bus.subscribe("late", [TOPIC])
    assert len(await flow.fetch_until(late, 1, commit=True)) == 1
    await asyncio.wait_for(future, 1)
    await bus.stop()


async def test_nothing_is_kept_once_all_have_it() -> None:
    """Goal: memory stays bounded. Method: 1,000 records pass; then a topic that nobody reads."""
    bus = await started("reader")
    member = await bus.subscribe("reader", [TOPIC])
    for step in range(20):
        bus.publish([outgoing(TOPIC, f"key-{number}", step) for number in range(50)])
        assert bus.retained_records == 50
        await flow.fetch_until(member, 50, commit=True)
        assert bus.retained_records == 0
    (unread,) = bus.publish([outgoing("yizhan.nobody.reads", "one", 0)])
    await asyncio.wait_for(unread, 1)
    assert bus.retained_records == 0
    await bus.stop()


async def test_a_full_bus_says_so() -> None:
    """Goal: a group that stands still cannot fill the memory. Method: a limit of three."""
    bus = await started("reader", max_retained_records=3)
    futures = bus.publish([outgoing(TOPIC, "one", step) for step in range(5)])
    for refused in futures[3:]:
        with pytest.raises(BusUnavailable, match="full"):
            await refused
    member = await bus.subscribe("reader", [TOPIC])
    await flow.fetch_until(member, 3, commit=True)
    await asyncio.gather(*futures[:3])
    assert not bus.publish([outgoing(TOPIC, "one", 3)])[0].done()
    for future in [each for _, each in bus.log(_partition_of(bus)).records]:
        future.cancel()
    await bus.stop()


def _partition_of(bus: MemoryBus) -> Partition:
    return next(log.partition for log in bus._logs.values() if log.records)


async def test_every_partition_has_one_owner() -> None:
    """Goal: two members never read the same record. Method: three members come and go."""
    bus = await started("reader")
    members = [await bus.subscribe("reader", [TOPIC]) for _ in range(3)]
    for left in (3, 2, 1):
        owned = [place for each in members[:left] for place in each.positions]
        assert len(owned) == len(set(owned)) == 4
        await members[left - 1].close()
    await bus.stop()


async def test_a_stop_fails_what_is_under_way() -> None:
    """Goal: publishers and readers learn of the stop. Method: stop with one record waiting."""
    bus = await started("reader")
    member = await bus.subscribe("reader", [TOPIC])
    (future,) = bus.publish([outgoing(TOPIC, "one", 0)])
    await bus.stop()
    with pytest.raises(BusUnavailable):
        await future
    with pytest.raises(BusUnavailable):
        await member.fetch(max_records=1, timeout_s=0.1)
    await bus.start()
    again = await bus.subscribe("reader", [TOPIC])
    bus.publish([outgoing(TOPIC, "one", 1)])
    assert [each.value for each in await flow.fetch_until(again, 1, commit=True)] == [b"1"]
    await bus.stop()
