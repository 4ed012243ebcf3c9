"""Publishing to Kafka: every replica's acknowledgement, order within a key whatever fails."""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from collections.abc import Sequence

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    AuthenticationFailedError,
    KafkaError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
    RecordTooLargeError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
)
from aiokafka.producer.message_accumulator import MessageAccumulator

from shared.events.catalog import TOPICS
from shared.messaging.bus import BusUnavailable, EventTooLarge, Outgoing
from shared.messaging.kafka.consumer import KafkaConsumer
from shared.messaging.kafka.options import KafkaOptions
from shared.messaging.kafka.patience import MOST_LEFT, end, too_many_left, within
from shared.messaging.kafka.topics import ensure_topics
from shared.messaging.memory import too_large
from shared.runtime.settings import RuntimeSettings

log = structlog.get_logger(__name__)

_TOO_LARGE = (MessageSizeTooLargeError, RecordListTooLargeError, RecordTooLargeError)
_NOT_THE_PRODUCERS_FAULT = (
    UnknownTopicOrPartitionError,
    TopicAuthorizationFailedError,
    AuthenticationFailedError,
)
_RESTART_DELAYS_S = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)

_Waiting = deque[tuple[Outgoing, "asyncio.Future[None]"]]


class KafkaBus:
    """A transport over aiokafka.

    A key has one record in flight: the next is handed to the producer when the brokers hold the
    one before. An idempotent producer keeps order only as long as it lives; this keeps it also
    across a producer that had to be replaced. Different keys do not wait for each other.
    """

    def __init__(self, options: KafkaOptions) -> None:
        self._options = options
        self._producer: AIOKafkaProducer | None = None
        self._chains: dict[tuple[str, str], _Waiting] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._replacing: asyncio.Task[None] | None = None
        self._running = False

    @classmethod
    def from_settings(cls, settings: RuntimeSettings) -> KafkaBus:
        """The bus of a host."""
        return cls(KafkaOptions.from_settings(settings))

    async def start(self) -> None:
        """Connect.

        Raises:
            BusUnavailable: no broker answers.
            TopicNotMade: a topic is missing and cannot be made.
        """
        if self._options.make_topics:
            await ensure_topics(self._options, TOPICS)
        self._running = True
        try:
            self._producer = await self._new_producer()
        except (KafkaError, OSError, TimeoutError) as error:
            self._running = False
            raise BusUnavailable(f"Kafka did not answer ({type(error).__name__})") from error

    async def stop(self) -> None:
        """Close the producer; what is not acknowledged by then has failed."""
        self._running = False
        for task in (*self._tasks, *([self._replacing] if self._replacing else [])):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._replacing is not None:
            await asyncio.gather(self._replacing, return_exceptions=True)
        producer, self._producer = self._producer, None
        if producer is not None:
            await _abandon(producer, self._options.stop_timeout_s)

    async def _new_producer(self) -> AIOKafkaProducer:
        if too_many_left():
            raise BusUnavailable(f"{MOST_LEFT} parts of former clients did not end: restart this")
        producer = AIOKafkaProducer(
            **self._options.client(),
            acks="all",
            enable_idempotence=True,
            max_request_size=1_048_576,
            linger_ms=0,
        )
        try:
            await within(self._options.send_timeout_s, producer.start(), "connecting")
        except BaseException:
            await _abandon(producer, self._options.stop_timeout_s)
            raise
        return producer

    def publish(self, records: Sequence[Outgoing]) -> list[asyncio.Future[None]]:
        loop = asyncio.get_running_loop()
        futures: list[asyncio.Future[None]] = []
        for record in records:
            future: asyncio.Future[None] = loop.create_future()
            futures.append(future)
            refusal = too_large(record)
            chain = self._chains.get((record.topic, record.key))
            if refusal is not None:
                future.set_exception(refusal)
            elif chain is not None:
                chain.append((record, future))
            elif not self._running or self._producer is None:
                future.set_exception(BusUnavailable("no connection to Kafka just now"))
            else:
                chain = deque([(record, future)])
                self._chains[record.topic, record.key] = chain
                task = loop.create_task(self._send_in_order((record.topic, record.key), chain))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
        return futures

    async def _send_in_order(self, key: tuple[str, str], chain: _Waiting) -> None:
        failure: Exception = BusUnavailable("the bus was stopped")
        try:
            while chain:
                record, future = chain[0]
                try:
                    await self._send(record)
                except EventTooLarge as error:
                    if not future.done():
                        future.set_exception(error)
                else:
                    if not future.done():
                        future.set_result(None)
                chain.popleft()
        except BusUnavailable as error:
            failure = error
        finally:
            # No await from here on: nothing can join the chain between its failure and its end.
            del self._chains[key]
            for _, future in chain:
                if not future.done():
                    future.set_exception(failure)

    async def _send(self, record: Outgoing) -> None:
        producer = self._producer
        if producer is None:
            raise BusUnavailable("no connection to Kafka just now")
        try:
            async with asyncio.timeout(self._options.send_timeout_s):
                acknowledgement = await producer.send(
                    self._options.topic_prefix + record.topic,
                    value=record.value,
                    key=record.key.encode(),
                    headers=[(name, value.encode()) for name, value in record.headers.items()],
                )
                await acknowledgement
        except _TOO_LARGE as error:
            raise EventTooLarge("a broker refused the record for its size") from error
        except _NOT_THE_PRODUCERS_FAULT as error:
            log.warning("send_refused", topic=record.topic, error_type=type(error).__name__)
            raise BusUnavailable(f"Kafka refused ({type(error).__name__})") from error
        except (KafkaError, OSError, TimeoutError) as error:
            self._replace(producer, type(error).__name__)
            raise BusUnavailable(f"not acknowledged ({type(error).__name__})") from error

    def _replace(self, failed: AIOKafkaProducer, why: str) -> None:
        """Give up a producer after a failure: its numbering of records can no longer be trusted."""
        if self._producer is not failed or not self._running:
            return
        log.warning("producer_replaced", error_type=why)
        self._producer = None
        self._replacing = asyncio.get_running_loop().create_task(self._make_anew(failed))

    async def _make_anew(self, failed: AIOKafkaProducer) -> None:
        await _abandon(failed, self._options.stop_timeout_s)
        attempt = 0
        while self._running and self._producer is None:
            try:
                self._producer = await self._new_producer()
            except Exception as error:  # noqa: BLE001 - if this ended, nothing would be sent again
                delay_s = _RESTART_DELAYS_S[min(attempt, len(_RESTART_DELAYS_S) - 1)]
                attempt += 1
                log.warning("kafka_unavailable", error_type=type(error).__name__, delay_s=delay_s)
                await asyncio.sleep(delay_s)

    async def subscribe(self, group: str, topics: Sequence[str]) -> KafkaConsumer:
        """Join a consumer group.

        Raises:
            BusUnavailable: no broker answers, or the group cannot be joined in time.
        """
        consumer = KafkaConsumer(self._options, group, topics)
        await consumer.start()
        return consumer


async def _abandon(producer: AIOKafkaProducer, timeout_s: float) -> None:
    """Close a producer without waiting for brokers that may never answer."""
    # aiokafka flushes before it stops, for ever when no broker is there; our callers have
    # already been told that these records failed.
    try:
        _fail_all(producer._message_accumulator)  # noqa: SLF001
        await within(timeout_s, producer.stop(), "stopping")
    except Exception as error:  # noqa: BLE001 - stop() raises whatever had broken its sender
        log.warning("producer_did_not_stop", error_type=type(error).__name__)
        await _disconnect(producer, timeout_s)


def _fail_all(accumulator: MessageAccumulator) -> None:
    """End every record that still waits, and read what nobody else reads.

    A batch that no sender has taken fails a future besides its records': of whoever waits for room
    in it. With nobody waiting, asyncio would complain of an exception that was never retrieved.
    """
    accumulator.fail_all(KafkaError("abandoned"))
    waiting = accumulator._batches.values()  # noqa: SLF001
    for batch in itertools.chain(accumulator._pending_batches, *waiting):  # noqa: SLF001
        if not batch._drain_waiter.cancelled():  # noqa: SLF001
            batch._drain_waiter.exception()  # noqa: SLF001


async def _disconnect(producer: AIOKafkaProducer, timeout_s: float) -> None:
    """End a producer that failed to stop: its sender, and its client, which would reconnect."""
    try:
        sender = getattr(producer._sender, "sender_task", None)  # noqa: SLF001
        parts = [each for each in (sender, producer.client._sync_task) if each is not None]  # noqa: SLF001
        if parts := [each for each in parts if not each.done()]:
            await end(parts, "a producer's parts")
        await within(timeout_s, producer.client.close(), "disconnecting")
    except Exception as error:  # noqa: BLE001 - nothing more can be done for it
        log.warning("client_did_not_close", error_type=type(error).__name__)
