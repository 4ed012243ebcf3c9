"""The bus of one process: hand-off with acknowledgement, nothing kept once all have it.

A record lives until every group that reads its topic has committed past it; then its future is
done, the relay marks its outbox row, and the record is dropped. After a crash the unmarked rows
are published again, so nothing has to be kept on disk here.
"""

from __future__ import annotations

import asyncio
import zlib
from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Protocol

from shared.events.base import Event
from shared.messaging.bus import (
    MAX_RECORD_BYTES,
    BusUnavailable,
    EventTooLarge,
    Incoming,
    Outgoing,
    Partition,
)


class _Subscription(Protocol):
    @property
    def event(self) -> type[Event]: ...


class _Module(Protocol):
    """The part of a ``ServiceModule`` that says who reads what."""

    @property
    def name(self) -> str: ...

    @property
    def subscriptions(self) -> Sequence[_Subscription]: ...


def record_size_bytes(record: Outgoing) -> int:
    """Key, headers and value together, in bytes."""
    headers = sum(
        len(name.encode()) + len(value.encode()) for name, value in record.headers.items()
    )
    return len(record.key.encode()) + headers + len(record.value)


def too_large(record: Outgoing) -> EventTooLarge | None:
    """The refusal of a record that no transport would take; None when it fits."""
    size_bytes = record_size_bytes(record)
    if size_bytes <= MAX_RECORD_BYTES:
        return None
    return EventTooLarge(f"the record has {size_bytes} bytes; at most {MAX_RECORD_BYTES} fit")


@dataclass
class _Log:
    """One partition: the records that some group has not done yet."""

    partition: Partition
    first_offset: int = 0
    records: deque[tuple[Incoming, asyncio.Future[None]]] = field(default_factory=deque)
    committed: dict[str, int] = field(default_factory=dict)

    @property
    def end(self) -> int:
        return self.first_offset + len(self.records)

    def from_offset(self, offset: int, limit: int) -> list[Incoming]:
        start = max(offset - self.first_offset, 0)
        return [record for record, _ in islice(self.records, start, start + limit)]

    def committed_by(self, group: str) -> int:
        return max(self.committed.get(group, 0), self.first_offset)

    def release(self, groups: Collection[str]) -> int:
        """Acknowledge and drop what every group has done; gives how many records went."""
        done_before = min((self.committed_by(group) for group in groups), default=self.end)
        released = 0
        while self.records and self.first_offset < done_before:
            _, future = self.records.popleft()
            self.first_offset += 1
            released += 1
            if not future.done():
                future.set_result(None)
        return released


class MemoryBus:
    """A broker inside the process; use it from one event loop.

    Args:
        expected_groups: per topic, the groups whose commit a record waits for even before their
            first consumer has joined.
        partitions: partitions per topic.
        max_retained_records: not yet done by all; beyond it ``publish`` says unavailable.
    """

    def __init__(
        self,
        *,
        expected_groups: Mapping[str, Iterable[str]] | None = None,
        partitions: int = 4,
        max_retained_records: int = 100_000,
    ) -> None:
        self._groups_by_topic: dict[str, set[str]] = {
            topic: set(groups) for topic, groups in (expected_groups or {}).items()
        }
        self._partitions = partitions
        self._max_retained_records = max_retained_records
        self._logs: dict[Partition, _Log] = {}
        self._members: dict[str, list[_MemoryConsumer]] = {}
        self._retained = 0
        self._running = False

    @classmethod
    def for_modules(cls, modules: Iterable[_Module]) -> MemoryBus:
        """A bus on which each module's group is expected on the topics it subscribes to."""
        expected: dict[str, set[str]] = {}
        for module in modules:
            for subscription in module.subscriptions:
                expected.setdefault(subscription.event.topic(), set()).add(module.name)
        return cls(expected_groups=expected)

    @property
    def retained_records(self) -> int:
        """How many records wait for at least one group."""
        return self._retained

    async def start(self) -> None:
        self._running = True

    async def stop(self) -> None:
        """Forget everything; publishers and consumers are told that the bus is unavailable."""
        self._running = False
        for log in self._logs.values():
            for _, future in log.records:
                if not future.done():
                    future.set_exception(BusUnavailable("the bus has stopped"))
        self._logs.clear()
        self._retained = 0
        for member in tuple(self._all_members()):
            await member.close()
        self._members.clear()

    def publish(self, records: Sequence[Outgoing]) -> list[asyncio.Future[None]]:
        loop = asyncio.get_running_loop()
        futures: list[asyncio.Future[None]] = []
        touched: set[Partition] = set()
        for record in records:
            future: asyncio.Future[None] = loop.create_future()
            futures.append(future)
            refusal = too_large(record)
            if refusal is not None:
                future.set_exception(refusal)
            elif not self._running or self._retained >= self._max_retained_records:
                # Full stays full for the rest of this call: a later record of the same key
                # cannot slip in before this one.
                reason = "is full" if self._running else "is not running"
                future.set_exception(BusUnavailable(f"the bus {reason}"))
            else:
                touched.add(self._append(record, future))
        for partition in touched:
            self.settle(self._logs[partition])
            for member in self._all_members():
                if partition in member.positions:
                    member.wake()
        return futures

    def _append(self, record: Outgoing, future: asyncio.Future[None]) -> Partition:
        number = zlib.crc32(record.key.encode()) % self._partitions
        log = self.log(Partition(record.topic, number))
        arrived = Incoming(log.partition, log.end, record.key, record.value, dict(record.headers))
        log.records.append((arrived, future))
        self._retained += 1
        return log.partition

    def _all_members(self) -> Iterable[_MemoryConsumer]:
        return (member for members in self._members.values() for member in members)

    def log(self, partition: Partition) -> _Log:
        return self._logs.setdefault(partition, _Log(partition))

    def settle(self, log: _Log) -> None:
        """Release what every group that reads the topic has done."""
        self._retained -= log.release(self._groups_by_topic.get(log.partition.topic, ()))

    def require_running(self) -> None:
        if not self._running:
            raise BusUnavailable("the bus is not running")

    async def subscribe(self, group: str, topics: Sequence[str]) -> _MemoryConsumer:
        self.require_running()
        for topic in topics:
            self._groups_by_topic.setdefault(topic, set()).add(group)
        member = _MemoryConsumer(self, group, frozenset(topics))
        self._members.setdefault(group, []).append(member)
        self._rebalance(group)
        return member

    def leave(self, member: _MemoryConsumer) -> None:
        members = self._members.get(member.group, [])
        if member in members:
            members.remove(member)
            self._rebalance(member.group)

    def _rebalance(self, group: str) -> None:
        members = self._members[group]
        shares: dict[_MemoryConsumer, set[Partition]] = {member: set() for member in members}
        for topic in sorted({topic for member in members for topic in member.topics}):
            readers = [member for member in members if topic in member.topics]
            for number in range(self._partitions):
                shares[readers[number % len(readers)]].add(Partition(topic, number))
        for member, share in shares.items():
            member.assign(share)


class _MemoryConsumer:
    """One member of a group."""

    def __init__(self, bus: MemoryBus, group: str, topics: frozenset[str]) -> None:
        self._bus = bus
        self.group = group
        self.topics = topics
        self.positions: dict[Partition, int] = {}
        self._paused: set[Partition] = set()
        self._wake = asyncio.Event()
        self._turn = 0
        self._closed = False

    def wake(self) -> None:
        self._wake.set()

    def assign(self, share: set[Partition]) -> None:
        """Take the partitions of a new generation; kept ones go on where they are."""
        self.positions = {
            partition: self.positions.get(
                partition, self._bus.log(partition).committed_by(self.group)
            )
            for partition in sorted(share, key=lambda each: (each.topic, each.number))
        }
        self._paused &= share
        self.wake()

    async def fetch(self, *, max_records: int, timeout_s: float) -> dict[Partition, list[Incoming]]:
        batch = self._take(max_records)
        if batch:
            await asyncio.sleep(0)  # a busy group must not keep the loop from everyone else
            return batch
        try:
            async with asyncio.timeout(timeout_s):
                while not batch:
                    self._wake.clear()
                    await self._wake.wait()
                    batch = self._take(max_records)
        except TimeoutError:
            return {}
        return batch

    def _take(self, max_records: int) -> dict[Partition, list[Incoming]]:
        self._bus.require_running()
        if self._closed:
            raise BusUnavailable("the consumer is closed")
        partitions = [each for each in self.positions if each not in self._paused]
        # Begin elsewhere each time, so that a full partition does not starve the others.
        self._turn = (self._turn + 1) % max(len(partitions), 1)
        batch: dict[Partition, list[Incoming]] = {}
        room = max_records
        for partition in partitions[self._turn :] + partitions[: self._turn]:
            records = self._bus.log(partition).from_offset(self.positions[partition], room)
            if records:
                batch[partition] = records
                self.positions[partition] = records[-1].offset + 1
                room -= len(records)
            if room == 0:
                break
        return batch

    async def commit(self, partition: Partition, next_offset: int) -> None:
        self._bus.require_running()
        if self._closed or partition not in self.positions:
            return
        log = self._bus.log(partition)
        log.committed[self.group] = max(log.committed_by(self.group), min(next_offset, log.end))
        self._bus.settle(log)

    def pause(self, partition: Partition) -> None:
        if partition in self.positions:
            self._paused.add(partition)

    def resume(self, partition: Partition) -> None:
        self._paused.discard(partition)
        self.wake()

    async def rewind(self, partition: Partition, offset: int) -> None:
        if partition in self.positions:
            self.positions[partition] = offset
            self.wake()

    async def lag(self) -> dict[Partition, int]:
        self._bus.require_running()
        logs = [self._bus.log(partition) for partition in self.positions]
        return {log.partition: log.end - log.committed_by(self.group) for log in logs}

    async def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._bus.leave(self)
            self.wake()
