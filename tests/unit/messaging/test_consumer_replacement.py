"""A client of a consumer group that has stalled is replaced, however badly it takes its leave."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from types import SimpleNamespace

import pytest
from aiokafka import TopicPartition

from shared.messaging.bus import BusUnavailable, Partition
from shared.messaging.consumer import unceasing
from shared.messaging.kafka import KafkaOptions, consumer, patience
from shared.messaging.kafka.consumer import KafkaConsumer

OPTIONS = KafkaOptions(
    "nowhere:9092", send_timeout_s=0.02, request_timeout_s=0.02, stop_timeout_s=0.02, stall_s=0.0
)
PLACE = TopicPartition("a topic", 0)
RECORD = SimpleNamespace(offset=0, key=b"a key", value=b"{}", headers=())
FOREVER = 10_000


class Hanging:
    """Calls that wait for ever and take no notice of the first cancellations."""

    def __init__(self, deaf_to: int) -> None:
        self.deaf_to = deaf_to
        self.over = asyncio.Event()

    async def __call__(self) -> None:
        ignored = 0
        while not self.over.is_set():
            try:
                await self.over.wait()
            except asyncio.CancelledError:
                ignored += 1
                if ignored > self.deaf_to:
                    raise


async def cancelled_from_within() -> None:
    """What aiokafka's stop() does when a fetch waits for its next attempt just then."""
    waiting = asyncio.create_task(asyncio.sleep(60))
    waiting.cancel()
    await waiting


@dataclass
class Client:
    """Stands for aiokafka's consumer; ``bad`` calls do as told, the others as they should."""

    bad: dict[str, Callable[[], Awaitable[None]]]
    behind: bool = False
    connected: bool = True

    def __post_init__(self) -> None:
        self._client = SimpleNamespace(_sync_task=None, close=self._disconnect)
        self._fetcher = None
        self._coordinator = SimpleNamespace(_heartbeat_task=None)

    async def _call(self, name: str) -> None:
        await self.bad.get(name, _at_once)()

    async def _disconnect(self) -> None:
        self.connected = False

    def subscribe(self, *_: object, **__: object) -> None: ...

    def assignment(self) -> set[TopicPartition]:
        return {PLACE}

    def paused(self) -> set[TopicPartition]:
        return set()

    async def start(self) -> None:
        # A heartbeat takes one cancellation for its own, as aiokafka's does.
        self._coordinator._heartbeat_task = asyncio.create_task(Hanging(deaf_to=1)())
        await self._call("start")

    async def stop(self) -> None:
        await self._call("stop")
        await patience.end([self._coordinator._heartbeat_task], "a heartbeat")
        await self._disconnect()

    async def end_offsets(self, _: object) -> dict[TopicPartition, int]:
        await self._call("end_offsets")
        return {PLACE: 1}

    async def position(self, _: object) -> int:
        return 0

    async def getmany(self, **_: object) -> dict[TopicPartition, list[SimpleNamespace]]:
        await self._call("getmany")
        return {} if self.behind else {PLACE: [RECORD]}

    async def commit(self, _: object) -> None:
        await self._call("commit")

    @property
    def alive(self) -> bool:
        """Whether it would go on as a member of the group."""
        return self.connected or not self._coordinator._heartbeat_task.done()


async def _at_once() -> None: ...


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "CANCEL_EVERY_S", 0.001)
    monkeypatch.setattr(patience, "LEFT", set())
    monkeypatch.setattr(consumer, "JOINING_S", 0.02)


def member_with(monkeypatch: pytest.MonkeyPatch, *clients: Client) -> KafkaConsumer:
    waiting = list(clients)
    monkeypatch.setattr(consumer, "AIOKafkaConsumer", lambda **_: waiting.pop(0))
    return KafkaConsumer(OPTIONS, "a group", ["a topic"])


async def fetched_by(member: KafkaConsumer) -> None:
    """Fetch as a service's loop does, until records come."""
    async with asyncio.timeout(3):
        while True:
            with suppress(BusUnavailable):
                if await member.fetch(max_records=1, timeout_s=0.01):
                    return


@pytest.mark.parametrize("deaf_to", [0, 1, FOREVER])
@pytest.mark.parametrize("call", ["start", "stop", "getmany", "end_offsets"])
async def test_a_client_that_hangs_is_replaced(
    monkeypatch: pytest.MonkeyPatch, call: str, deaf_to: int
) -> None:
    """Goal: consuming goes on whatever call of aiokafka never ends. Method: a client that is
    behind hangs in one call and ignores no, one or every cancellation; the next client's record
    comes within the limits, the first is no member any more, and what is left of it is counted."""
    hanging = Hanging(deaf_to)
    broken = Client({call: hanging}, behind=True)
    member = member_with(monkeypatch, broken, Client({}))
    await fetched_by(member)
    assert not broken.alive
    assert len(patience.LEFT) == (deaf_to == FOREVER)
    await member.close()
    hanging.over.set()
    await asyncio.gather(*patience.LEFT, return_exceptions=True)
    await asyncio.sleep(0)
    assert not patience.LEFT


@pytest.mark.parametrize("call", ["start", "stop", "getmany", "end_offsets"])
async def test_a_cancellation_from_within_does_not_end_consuming(
    monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    """Goal: a broker that dies does not end the loop without a word. Method: a call raises the
    CancelledError that aiokafka let out of its own tasks; nobody cancelled us, and we go on."""
    broken = Client({call: cancelled_from_within}, behind=True)
    member = member_with(monkeypatch, broken, Client({}))
    await fetched_by(member)
    assert not broken.alive
    await member.close()


@pytest.mark.parametrize("bad", [Hanging, lambda _: cancelled_from_within])
async def test_a_commit_without_an_answer_is_told_as_unavailable(
    monkeypatch: pytest.MonkeyPatch, bad: Callable[[int], Callable[[], Awaitable[None]]]
) -> None:
    """Goal: a partition's work ends although a commit does not. Method: commit hangs, deaf to one
    cancellation, or is cancelled from within."""
    member = member_with(monkeypatch, Client({"commit": bad(1)}))
    await fetched_by(member)
    with pytest.raises(BusUnavailable):
        await member.commit(Partition("a topic", 0), 1)
    await member.close()


async def test_what_is_left_behind_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Goal: no growth without limit. Method: every client's stop is deaf for ever; from the limit
    on no further client is made and the reason says what to do."""
    monkeypatch.setattr(patience, "MOST_LEFT", 3)
    monkeypatch.setattr(patience, "CANCELLATIONS", 2)
    hanging = Hanging(FOREVER)
    many = [Client({"stop": hanging}, behind=True) for _ in range(4)]
    member = member_with(monkeypatch, *many)
    async with asyncio.timeout(3):
        while not patience.too_many_left():
            await member.fetch(max_records=1, timeout_s=0.01)
    with pytest.raises(BusUnavailable, match="restart"):
        await member.fetch(max_records=1, timeout_s=0.01)
    hanging.over.set()
    await asyncio.gather(*patience.LEFT, return_exceptions=True)


async def test_our_own_cancellation_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Goal: a shutdown is not held up by a deaf client. Method: cancel a fetch that hangs."""
    hanging = Hanging(FOREVER)
    member = member_with(monkeypatch, Client({"getmany": hanging}))
    fetching = asyncio.create_task(member.fetch(max_records=1, timeout_s=60))
    await asyncio.sleep(0.01)
    fetching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(fetching, 1)
    await member.close()
    hanging.over.set()
    await asyncio.gather(*patience.LEFT, return_exceptions=True)


async def test_a_loop_that_a_library_cancels_is_an_error() -> None:
    """Goal: no part of a worker ends without a word. Method: the same cancellation from within
    and from outside; only the one from outside ends the work as asked."""
    with pytest.raises(RuntimeError, match="cancelled from within"):
        await unceasing(cancelled_from_within)
    working = asyncio.create_task(unceasing(Hanging(deaf_to=0)))
    await asyncio.sleep(0)
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working
