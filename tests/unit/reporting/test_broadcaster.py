"""The broadcaster: coalescing, slow clients, limits; time is the event loop's own."""

import asyncio
from typing import Any

import pytest

from services.reporting.live.broadcaster import Broadcaster, Message, TooManyListeners


class Figures:
    """A fake reader of figures that counts how often it is asked."""

    def __init__(self) -> None:
        self.read = 0
        self.causes: list[tuple[Any, int]] = []
        self.fail = 0

    async def __call__(self, cause: dict[str, Any] | None, changes: int) -> Message:
        if self.fail:
            self.fail -= 1
            raise ConnectionError
        self.read += 1
        self.causes.append((cause, changes))
        return Message(self.read, f"{self.read}")


async def test_many_changes_are_one_reading_for_all() -> None:
    """Goal: at most one reading per interval, whoever listens. Method: 100 changes, 3 clients."""
    figures = Figures()
    broadcaster = Broadcaster(figures, interval_s=0.05, max_listeners=5)
    running = asyncio.create_task(broadcaster.run())
    listeners = [broadcaster.join() for _ in range(3)]
    for i in range(100):
        broadcaster.changed({"n": i})
    received = [await listener.queue.get() for listener in listeners]
    assert received == [Message(1, "1")] * 3
    assert figures.causes == [({"n": 99}, 100)]
    broadcaster.changed({"n": 100})
    await asyncio.sleep(0.01)
    assert figures.read == 1
    assert await listeners[0].queue.get() == Message(2, "2")
    running.cancel()


async def test_a_slow_client_gets_the_newest() -> None:
    """Goal: bounded queues never lose the last state. Method: ten messages, nobody reads."""
    broadcaster = Broadcaster(Figures(), interval_s=0.001, max_listeners=5)
    slow = broadcaster.join()
    for i in range(10):
        slow.offer(Message(i, str(i)))
    assert slow.queue.qsize() == 4
    kept = [slow.queue.get_nowait() for _ in range(4)]
    assert kept[-1] == Message(9, "9")


async def test_the_number_of_clients_is_limited() -> None:
    """Goal: a limit, and room after a client has gone. Method: one more than the limit."""
    broadcaster = Broadcaster(Figures(), interval_s=0.001, max_listeners=1)
    first = broadcaster.join()
    with pytest.raises(TooManyListeners):
        broadcaster.join()
    broadcaster.leave(first)
    second = broadcaster.join()
    broadcaster.close()
    assert await second.queue.get() is None
    with pytest.raises(TooManyListeners):
        broadcaster.join()


async def test_nobody_listening_reads_nothing() -> None:
    """Goal: an idle page costs nothing. Method: changes without a client."""
    figures = Figures()
    broadcaster = Broadcaster(figures, interval_s=0.001, max_listeners=5)
    running = asyncio.create_task(broadcaster.run())
    broadcaster.changed({"n": 1})
    await asyncio.sleep(0.02)
    assert figures.read == 0
    running.cancel()


async def test_a_failed_reading_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Goal: a fault of the database does not end the stream. Method: the first reading fails."""
    monkeypatch.setattr("services.reporting.live.broadcaster._RETRY_S", 0.01)
    figures = Figures()
    figures.fail = 2
    broadcaster = Broadcaster(figures, interval_s=0.001, max_listeners=5)
    running = asyncio.create_task(broadcaster.run())
    listener = broadcaster.join()
    broadcaster.changed({"n": 1})
    assert await asyncio.wait_for(listener.queue.get(), 2) == Message(1, "1")
    assert figures.causes[0][0] == {"n": 1}
    running.cancel()
