"""A member of a consumer group on Kafka, which notices when it has silently stopped.

aiokafka consumers can hang without an error after a broker's restart (aiokafka issue 1154), so
progress is watched here: behind, nothing fetched for a while, not paused → made anew. A client that
hangs may hang in every call, in its own ``stop`` too, and would then stay a member whose heartbeat
holds partitions: no call is waited for without limit, and what does not stop is taken apart.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Iterable, Sequence
from typing import Any, TypeVar

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import (
    CommitFailedError,
    ConsumerStoppedError,
    IllegalStateError,
    KafkaError,
    RebalanceInProgressError,
)

from shared.messaging.bus import BusUnavailable, Incoming, Partition
from shared.messaging.kafka.options import KafkaOptions
from shared.messaging.kafka.patience import MOST_LEFT, end, too_many_left, within

log = structlog.get_logger(__name__)

_MAX_POLL_INTERVAL_MS = 300_000
JOINING_S = 30.0
"""Joining waits for the other members to come back from their work."""
_TROUBLE = (KafkaError, ConsumerStoppedError, OSError, TimeoutError)
_LOST_THE_PARTITION = (CommitFailedError, IllegalStateError, RebalanceInProgressError)

T = TypeVar("T")


class KafkaConsumer(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka is untyped
    """One member; use it from one task, ``lag`` from any."""

    def __init__(self, options: KafkaOptions, group: str, topics: Sequence[str]) -> None:
        self._options = options
        self._group = options.topic_prefix + group
        self._topics = tuple(options.topic_prefix + topic for topic in topics)
        self._client: AIOKafkaConsumer | None = None
        self._committed: dict[TopicPartition, int] = {}
        self._last_seen = time.monotonic()
        self._group_behind: int | None = None
        self._closed = False

    async def start(self) -> None:
        """Join the group.

        Raises:
            BusUnavailable: no broker answers, or the group cannot be joined in time.
        """
        await self._connected()

    async def _connected(self) -> AIOKafkaConsumer:
        if self._closed:
            raise BusUnavailable("the consumer is closed")
        if self._client is not None:
            return self._client
        if too_many_left():
            # A process that runs nothing else is ended by its watchdog then.
            raise BusUnavailable(f"{MOST_LEFT} parts of former clients did not end: restart this")
        client = AIOKafkaConsumer(
            **self._options.client(),
            group_id=self._group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            fetch_max_wait_ms=100,
            session_timeout_ms=int(self._options.session_timeout_s * 1000),
            heartbeat_interval_ms=int(self._options.session_timeout_s * 1000 / 5),
            max_poll_interval_ms=_MAX_POLL_INTERVAL_MS,
        )
        client.subscribe(self._topics, listener=self)
        try:
            await within(self._options.send_timeout_s + JOINING_S, client.start(), "joining")
        except _TROUBLE as error:
            await self._stop(client)
            raise BusUnavailable(f"cannot join the group ({type(error).__name__})") from error
        except BaseException:
            await self._stop(client)
            raise
        self._client = client
        self._last_seen = time.monotonic()
        self._group_behind = None
        return client

    # --- aiokafka calls these around a rebalance ------------------------------------------------

    def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        log.info("partitions_revoked", group=self._group, count=len(list(revoked)))
        self._committed.clear()

    def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        log.info("partitions_assigned", group=self._group, count=len(list(assigned)))
        self._last_seen = time.monotonic()

    # --- the port -------------------------------------------------------------------------------

    async def fetch(self, *, max_records: int, timeout_s: float) -> dict[Partition, list[Incoming]]:
        client = await self._connected()
        try:
            fetched = await within(
                timeout_s + self._options.request_timeout_s,
                client.getmany(timeout_ms=int(timeout_s * 1000), max_records=max_records),
                "fetching",
            )
        except _TROUBLE as error:
            await self._drop(type(error).__name__)
            raise BusUnavailable(f"cannot fetch ({type(error).__name__})") from error
        if not fetched:
            await self._watch(client)
            return {}
        self._last_seen = time.monotonic()
        for place, records in fetched.items():
            # A partition starts at its committed offset; nothing may be committed before it.
            self._committed.setdefault(place, records[0].offset)
        return {
            self._partition(place): [
                Incoming(
                    self._partition(place),
                    record.offset,
                    (record.key or b"").decode(errors="replace"),
                    record.value or b"",
                    {name: value.decode(errors="replace") for name, value in record.headers},
                )
                for record in records
            ]
            for place, records in fetched.items()
        }

    async def commit(self, partition: Partition, next_offset: int) -> None:
        client, place = self._client, self._place(partition)
        # After a rebalance the partition may be ours again and another may have gone further.
        if client is None or next_offset <= self._committed.get(place, next_offset):
            return
        try:
            await within(
                self._options.request_timeout_s, client.commit({place: next_offset}), "committing"
            )
        except _LOST_THE_PARTITION:
            log.info("commit_after_loss", topic=partition.topic, partition=partition.number)
        except _TROUBLE as error:
            raise BusUnavailable(f"cannot commit ({type(error).__name__})") from error
        else:
            if place in self._committed:
                self._committed[place] = next_offset

    def pause(self, partition: Partition) -> None:
        place = self._place(partition)
        if self._client is not None and place in self._client.assignment():
            self._client.pause(place)

    def resume(self, partition: Partition) -> None:
        place = self._place(partition)
        if self._client is not None and place in self._client.assignment():
            self._client.resume(place)

    async def rewind(self, partition: Partition, offset: int) -> None:
        place = self._place(partition)
        if self._client is not None and place in self._client.assignment():
            self._client.seek(place, offset)

    async def lag(self) -> dict[Partition, int]:
        client = self._client
        if client is None:
            raise BusUnavailable("no connection to Kafka just now")
        return await self._asking(self._lag(client, client.assignment()))

    async def _lag(
        self, client: AIOKafkaConsumer, places: Iterable[TopicPartition]
    ) -> dict[Partition, int]:
        asked = list(places)
        if not asked:
            return {}
        ends = await client.end_offsets(asked)
        lags: dict[Partition, int] = {}
        for place in asked:
            committed = self._committed.get(place)
            if committed is None:
                committed = await client.committed(place)
            if committed is None:
                committed = (await client.beginning_offsets([place]))[place]
            lags[self._partition(place)] = max(ends[place] - committed, 0)
        return lags

    async def _asking(self, question: Awaitable[T]) -> T:
        try:
            return await within(self._options.request_timeout_s, question, "asking")
        except _TROUBLE as error:
            raise BusUnavailable(f"Kafka did not answer ({type(error).__name__})") from error

    async def close(self) -> None:
        self._closed = True
        client, self._client = self._client, None
        if client is not None:
            await self._stop(client)

    # --- noticing that nothing moves ------------------------------------------------------------

    async def _watch(self, client: AIOKafkaConsumer) -> None:
        if time.monotonic() - self._last_seen < self._options.stall_s:
            return
        self._last_seen = time.monotonic()
        try:
            stalled = await self._asking(self._is_behind(client))
        except BusUnavailable:
            stalled = True
        if stalled:
            await self._drop("stalled")

    async def _is_behind(self, client: AIOKafkaConsumer) -> bool:
        """Whether there is something to fetch that this member does not get."""
        assigned = client.assignment()
        if assigned:
            reading = assigned - client.paused()
            ends = await client.end_offsets(list(reading)) if reading else {}
            return any([ends[place] > await client.position(place) for place in reading])
        # Without partitions: right where there are more members than partitions, wrong when the
        # group as a whole is behind and stands still.
        places = [
            TopicPartition(topic, number)
            for topic in self._topics
            for number in client.partitions_for_topic(topic) or ()
        ]
        behind = sum((await self._lag(client, places)).values())
        before, self._group_behind = self._group_behind, behind
        return behind > 0 and before is not None and behind >= before

    async def _drop(self, why: str) -> None:
        """Leave with this client; the next fetch joins with a new one."""
        log.warning("consumer_made_anew", group=self._group, reason=why)
        client, self._client = self._client, None
        self._committed.clear()
        if client is not None:
            await self._stop(client)

    async def _stop(self, client: AIOKafkaConsumer) -> None:
        try:
            await within(self._options.stop_timeout_s, client.stop(), "stopping")
        except Exception as error:  # noqa: BLE001 - stop() raises whatever had broken it
            log.warning("consumer_did_not_stop", group=self._group, error_type=type(error).__name__)
            await self._take_apart(client)

    async def _take_apart(self, client: AIOKafkaConsumer) -> None:
        """End the tasks and connections of a client that did not stop.

        Else its heartbeat would keep it in the group, with partitions that nobody reads.
        """
        try:
            if parts := _parts(client):
                await end(parts, "a consumer's parts")
            await within(self._options.stop_timeout_s, client._client.close(), "disconnecting")  # noqa: SLF001
        except Exception as error:  # noqa: BLE001 - nothing more can be done for it
            log.warning("client_did_not_close", group=self._group, error_type=type(error).__name__)

    # --- names ----------------------------------------------------------------------------------

    def _place(self, partition: Partition) -> TopicPartition:
        return TopicPartition(self._options.topic_prefix + partition.topic, partition.number)

    def _partition(self, place: TopicPartition) -> Partition:
        return Partition(place.topic.removeprefix(self._options.topic_prefix), place.partition)


def _parts(client: AIOKafkaConsumer) -> list[asyncio.Future[Any]]:
    """The tasks of a client that are not done."""
    coordinator, fetcher = client._coordinator, client._fetcher  # noqa: SLF001
    named = [
        getattr(coordinator, "_coordination_task", None),
        getattr(coordinator, "_heartbeat_task", None),
        getattr(coordinator, "_commit_refresh_task", None),
        getattr(fetcher, "_fetch_task", None),
        *getattr(fetcher, "_pending_tasks", ()),
        client._client._sync_task,  # noqa: SLF001
    ]
    return [task for task in named if task is not None and not task.done()]
