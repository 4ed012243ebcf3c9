"""A producer that has failed is replaced, however badly it takes its leave."""

from __future__ import annotations

import asyncio
import gc
from typing import Any, ClassVar

import pytest
from aiokafka import TopicPartition
from aiokafka.cluster import ClusterMetadata
from aiokafka.errors import KafkaError, KafkaTimeoutError
from aiokafka.producer.message_accumulator import MessageAccumulator

from shared.messaging.bus import BusUnavailable, Outgoing
from shared.messaging.kafka import KafkaBus, KafkaOptions
from shared.messaging.kafka.bus import _fail_all

RECORD = Outgoing("yizhan.claims.settlement", "a key", b"{}", {"ce_id": "1"})


class Accumulator:
    _batches: ClassVar[dict[str, list[object]]] = {}
    _pending_batches: ClassVar[set[object]] = set()

    def fail_all(self, error: Exception) -> None:
        self.failed_with = error


class Connections:
    closed = False
    _sync_task = None

    async def close(self) -> None:
        self.closed = True


class Producer:
    """Stands for aiokafka's producer: acknowledges, or fails to send and then to stop."""

    def __init__(self, stop_error: BaseException | None = None) -> None:
        self._message_accumulator = Accumulator()
        self._sender = None
        self.client = Connections()
        self.stop_error = stop_error
        self.sent = 0

    async def send(self, *_: object, **__: object) -> asyncio.Future[None]:
        if self.stop_error is not None:
            raise KafkaTimeoutError
        self.sent += 1
        done = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done

    async def stop(self) -> None:
        if self.stop_error is not None:
            raise self.stop_error


class Bus(KafkaBus):
    """A bus whose producers are given."""

    def __init__(self, *producers: Producer | Exception) -> None:
        super().__init__(KafkaOptions(bootstrap_servers="nowhere:9092"))
        self.producers = list(producers)

    async def _new_producer(self) -> Producer:
        following = self.producers.pop(0)
        if isinstance(following, Exception):
            raise following
        return following


@pytest.mark.parametrize(
    "stop_error",
    [KeyError("a batch"), RuntimeError("closed"), OSError(), asyncio.CancelledError()],
)
async def test_a_producer_that_cannot_even_stop_is_replaced(stop_error: BaseException) -> None:
    """Goal: a broker that went away and came back is used again without a restart.

    Method: the failed producer's ``stop`` raises what aiokafka's sender raises after a broker was
    killed (a KeyError of its own bookkeeping, a cancellation that nobody asked for), and the first attempt to make a new one fails in
    an unforeseen way; still a later record is acknowledged, and the old connections are closed.
    """
    broken, sound = Producer(stop_error), Producer()
    bus = Bus(broken, ValueError("unforeseen"), sound)
    await bus.start()
    with pytest.raises(BusUnavailable):
        await bus.publish([RECORD])[0]
    async with asyncio.timeout(5):
        while not sound.sent:
            await asyncio.gather(*bus.publish([RECORD]), return_exceptions=True)
            await asyncio.sleep(0.01)
    await bus.stop()
    assert broken.client.closed
    assert bus.producers == []


async def test_records_of_an_abandoned_producer_fail_without_noise() -> None:
    """Goal: whoever waits is told, and the log does not show errors that nobody could have read.

    Method: aiokafka's own batches, one that no sender has taken and one that is taken; asyncio
    tells its exception handler of each failed future that is thrown away unread.
    """
    noise: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, told: noise.append(told))
    accumulator = MessageAccumulator(ClusterMetadata(), 1_000, 0, 30)
    records = [
        await accumulator.add_message(TopicPartition(topic, 0), b"key", b"{}", 1)
        for topic in ("waits", "is taken")
    ]
    taken = accumulator._batches[TopicPartition("is taken", 0)].popleft()
    taken.drain_ready()
    accumulator._pending_batches.add(taken)

    _fail_all(accumulator)

    for record in records:
        assert isinstance(record.exception(), KafkaError)
    del accumulator, taken, records, record
    gc.collect()
    assert noise == []
