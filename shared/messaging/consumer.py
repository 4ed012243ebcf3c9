"""The consumer loop of a service: fetch, handle in order, commit the database, then the offset.

A failure of the surroundings pauses its partition and is tried again without limit. A failure of
the event is parked (:mod:`shared.messaging.dead_letters`); later events of its key wait behind
it, everything else goes on.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

import structlog

from shared.db.session import Database
from shared.events.base import Event
from shared.messaging.bus import Bus, BusUnavailable, Consumer, Incoming, Partition
from shared.messaging.faults import describe
from shared.messaging.handling import EventHandling, Handler, RetryPolicy
from shared.observability.metrics import METRICS
from shared.runtime import crashpoints, windows

log = structlog.get_logger(__name__)


class SubscriptionLike(Protocol):
    """One event type that a service reads (``shared.runtime.context.Subscription``)."""

    @property
    def event(self) -> type[Event]: ...

    @property
    def handler(self) -> Handler: ...


class _ModuleLike(Protocol):
    @property
    def name(self) -> str: ...

    @property
    def subscriptions(self) -> Sequence[SubscriptionLike]: ...


class ContextLike(Protocol):
    """The part of a ``ServiceContext`` that the loop itself uses; handlers get all of it."""

    @property
    def db(self) -> Database: ...

    @property
    def module(self) -> Any: ...  # a _ModuleLike; ServiceModule's tuples vary too much for mypy


@dataclass(frozen=True)
class ConsumerLimits:
    """How much and how long."""

    max_records: int = 200
    """Fetched at once."""
    records_per_transaction: int = 25
    """Handled together while none fails; a failing one is then taken by itself."""
    windows_first_s: float = 0.1
    """A transaction begins so much later at most while somebody waits at a window of this process:
    little beside what a full one takes, so that no crowd at the windows lets events pile up."""
    parallel_partitions: int = 4
    """Partitions handled at the same time; each takes a database connection."""
    fetch_timeout_s: float = 0.25
    handler_timeout_s: float = 60.0
    """For one event; then it counts as a failure of the surroundings."""
    commit_every_s: float = 0.1
    """Offsets are committed so often within a batch; what is handled twice, the inbox drops."""
    backoff_s: tuple[float, ...] = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
    """Pauses of a partition while the surroundings fail."""
    retry_poll_s: float = 1.0
    """Between looks for dead letters that became due, such as re-sent ones."""
    lag_every_s: float = 1.0


@dataclass
class Progress:
    """Whether events move, for the readiness of the host."""

    joined: bool = False
    """Whether the loop is a member of its group now."""
    lag: dict[str, int] = field(default_factory=dict)
    """Records between the committed offset and the end, by topic."""
    lag_known: bool = True
    """Whether the transport answered when last asked; not knowing counts as being behind."""
    last_progress: float = field(default_factory=time.monotonic)
    """When it last finished a record, or saw that there is none (monotonic seconds)."""
    came_round: float = field(default_factory=time.monotonic)
    """When the loop last fetched, or was done with a record, well or not (monotonic seconds)."""
    paused: int = 0
    """Partitions that wait for their surroundings to recover."""

    @property
    def behind(self) -> int:
        return sum(self.lag.values()) if self.lag_known else max(sum(self.lag.values()), 1)

    def moved(self) -> None:
        self.last_progress = self.came_round = time.monotonic()

    def goes_round(self) -> None:
        self.came_round = time.monotonic()


async def unceasing(work: Callable[[], Awaitable[None]]) -> None:
    """Work that ends by our cancellation only.

    A task group takes a child that a library's own cancellation ended for one that is done.

    Raises:
        RuntimeError: it was cancelled from within.
    """
    try:
        await work()
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        raise RuntimeError(f"{work} was cancelled from within") from error


class EventConsumer:
    """One member of a service's consumer group; ``run`` until cancelled.

    Args:
        context: the service; its module says the group and what it reads.
        reach: called at the named points at which a test may kill the process.
    """

    def __init__(
        self,
        context: ContextLike,
        bus: Bus,
        *,
        limits: ConsumerLimits | None = None,
        retry: RetryPolicy | None = None,
        reach: Callable[[str], None] = crashpoints.reach,
    ) -> None:
        module: _ModuleLike = context.module
        self.group = module.name
        self.topics = tuple(sorted({each.event.topic() for each in module.subscriptions}))
        self.progress = Progress()
        self._bus = bus
        self._limits = limits or ConsumerLimits()
        self._handling = EventHandling(
            context.db,
            self.group,
            {each.event.type_name(): each.handler for each in module.subscriptions},
            context,
            retry=retry or RetryPolicy(),
            timeout_s=self._limits.handler_timeout_s,
            reach=reach,
        )
        self._consumer: Consumer | None = None
        self._parallel = asyncio.Semaphore(self._limits.parallel_partitions)
        self._failures: dict[Partition, int] = {}
        self._resume_at: dict[Partition, float] = {}
        self._retry_soon = asyncio.Event()

    async def run(self) -> None:
        """Consume until cancelled; leaves the group at the end, committing nothing further."""
        try:
            async with asyncio.TaskGroup() as tasks:
                if self.topics:
                    tasks.create_task(unceasing(self._consume))
                    tasks.create_task(unceasing(self._observe))
                tasks.create_task(unceasing(self._retry))
        finally:
            await self._leave()

    async def lag(self) -> dict[str, int]:
        """Records between the committed offset and the end now, by topic, as far as assigned.

        Raises:
            BusUnavailable: not joined, or the transport does not answer.
        """
        if self._consumer is None:
            raise BusUnavailable("not a member of the group just now")
        lag = dict.fromkeys(self.topics, 0)
        for partition, records in (await self._consumer.lag()).items():
            lag[partition.topic] = lag.get(partition.topic, 0) + records
        return lag

    # --- fetching -------------------------------------------------------------------------------

    async def _consume(self) -> None:
        failures = 0
        while True:
            try:
                consumer = await self._joined()
                self._resume_due(consumer)
                batch = await consumer.fetch(
                    max_records=self._limits.max_records, timeout_s=self._fetch_timeout_s()
                )
                failures = 0
                self.progress.goes_round()
                if batch:
                    async with asyncio.TaskGroup() as partitions:
                        for partition, records in batch.items():
                            work = partial(self._work, consumer, partition, records)
                            # Left off without a word, its records would be committed past.
                            partitions.create_task(unceasing(work))
            except BusUnavailable as error:
                delay_s = self._backoff_s(failures)
                failures += 1
                log.warning("bus_unavailable", group=self.group, error=describe(error))
                await self._leave()
                await asyncio.sleep(delay_s)

    async def _joined(self) -> Consumer:
        if self._consumer is None:
            self._consumer = await self._bus.subscribe(self.group, self.topics)
            self.progress.joined = True
        return self._consumer

    async def _leave(self) -> None:
        self.progress.joined = False
        self._failures.clear()
        self._resume_at.clear()
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            await consumer.close()

    def _fetch_timeout_s(self) -> float:
        waits = [due - time.monotonic() for due in self._resume_at.values()]
        return max(min([self._limits.fetch_timeout_s, *waits]), 0.001)

    def _resume_due(self, consumer: Consumer) -> None:
        now = time.monotonic()
        for partition in [each for each, due in self._resume_at.items() if due <= now]:
            del self._resume_at[partition]
            consumer.resume(partition)
        self.progress.paused = len(self._resume_at)

    def _backoff_s(self, failures: int) -> float:
        return self._limits.backoff_s[min(failures, len(self._limits.backoff_s) - 1)]

    # --- one partition's part of a batch --------------------------------------------------------

    async def _work(
        self, consumer: Consumer, partition: Partition, records: Sequence[Incoming]
    ) -> None:
        async with self._parallel:
            done_before = records[0].offset
            committed_at = time.monotonic()
            for record in await self._taken_together(consumer, partition, records):
                try:
                    outcome = await self._handling.take(record)
                except Exception as error:  # noqa: BLE001 - tried again until it is cured
                    # The surroundings failed, or the event could not even be parked.
                    await self._back_off(consumer, record, error)
                    break
                done_before = record.offset + 1
                self._failures.pop(partition, None)
                self.progress.moved()
                if outcome == "retried":
                    self._retry_soon.set()
                if time.monotonic() - committed_at >= self._limits.commit_every_s:
                    await self._commit(consumer, partition, done_before)
                    committed_at = time.monotonic()
            if done_before > records[0].offset:
                await self._commit(consumer, partition, done_before)

    async def _taken_together(
        self, consumer: Consumer, partition: Partition, records: Sequence[Incoming]
    ) -> Sequence[Incoming]:
        """Handle the records a few in one transaction; gives those that must be taken singly."""
        size = self._limits.records_per_transaction
        if len(records) == 1:
            await windows.let_go_first(self._limits.windows_first_s)
            return records
        for start in range(0, len(records), size):
            await windows.let_go_first(self._limits.windows_first_s)
            together = records[start : start + size]
            if not await self._handling.take_together(together):
                return records[start:]
            self._failures.pop(partition, None)
            self.progress.moved()
            await self._commit(consumer, partition, together[-1].offset + 1)
        return ()

    async def _back_off(self, consumer: Consumer, record: Incoming, error: Exception) -> None:
        partition = record.partition
        self.progress.goes_round()
        delay_s = self._backoff_s(self._failures.get(partition, 0))
        self._failures[partition] = self._failures.get(partition, 0) + 1
        consumer.pause(partition)
        await consumer.rewind(partition, record.offset)
        self._resume_at[partition] = time.monotonic() + delay_s
        self.progress.paused = len(self._resume_at)
        log.warning(
            "partition_paused",
            group=self.group,
            topic=partition.topic,
            partition=partition.number,
            delay_s=delay_s,
            error=describe(error),
        )

    async def _commit(self, consumer: Consumer, partition: Partition, next_offset: int) -> None:
        try:
            await consumer.commit(partition, next_offset)
        except BusUnavailable as error:
            # The next commit of the partition says it too; until then a restart re-delivers.
            log.warning("offset_not_committed", group=self.group, error=describe(error))

    # --- beside the fetching --------------------------------------------------------------------

    async def _retry(self) -> None:
        failures = 0
        while True:
            self._retry_soon.clear()
            try:
                due_in_s = await self._handling.retry_next()
                failures = 0
            except Exception as error:  # noqa: BLE001 - tried again until it is cured
                due_in_s = self._backoff_s(failures)
                failures += 1
                log.warning("retry_put_off", group=self.group, error=describe(error))
            if due_in_s == 0:
                continue
            wait_s = min(self._limits.retry_poll_s, due_in_s or self._limits.retry_poll_s)
            try:
                async with asyncio.timeout(wait_s):
                    await self._retry_soon.wait()
            except TimeoutError:
                continue

    async def _observe(self) -> None:
        while True:
            await asyncio.sleep(self._limits.lag_every_s)
            try:
                self.progress.lag = await self.lag()
            except BusUnavailable as error:
                self.progress.lag_known = False
                log.debug("lag_unknown", group=self.group, error=describe(error))
                continue
            self.progress.lag_known = True
            if not self.progress.behind:
                self.progress.moved()
            for topic, records in self.progress.lag.items():
                METRICS.consumer_lag.labels(self.group, topic).set(records)
