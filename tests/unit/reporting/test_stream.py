"""A stream of figures ends with its client, whatever happens at that very moment."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from services.reporting.live.broadcaster import Broadcaster, Message
from services.reporting.live.stream import FigureStream


async def figures(_cause: dict[str, Any] | None, _changes: int) -> Message:
    return Message(1, "{}")


async def ended(stream: Coroutine[Any, Any, None]) -> None:
    """It ends by itself, soon: not by a cancellation, which it might take for the client's end."""
    task = asyncio.create_task(stream)
    done, _ = await asyncio.wait((task,), timeout=2)
    assert done
    await task


@pytest.mark.parametrize("turns", range(6))
async def test_a_client_that_goes_while_a_message_comes(turns: int) -> None:
    """Goal: no stream outlives its client, which would go on for as long as the process. Method:
    the client goes some turns of the event loop after a message was queued for it."""
    broadcaster = Broadcaster(figures, interval_s=0.01, max_listeners=1)
    listener = broadcaster.join()
    stream = FigureStream(broadcaster, listener, heartbeat_s=5)
    sent: list[Any] = []
    first = asyncio.Event()

    async def send(message: Any) -> None:
        sent.append(message)
        if message["type"] == "http.response.body":
            first.set()

    async def receive() -> dict[str, Any]:
        await first.wait()
        await asyncio.sleep(0.01)  # it waits for the next message now
        listener.offer(Message(2, "{}"))
        for _ in range(turns):
            await asyncio.sleep(0)
        return {"type": "http.disconnect"}

    await ended(stream({"type": "http"}, receive, send))
    assert broadcaster.listening == 0
    assert sent[0]["status"] == 200


async def test_figures_do_not_go_back() -> None:
    """Goal: after the first message, nothing older. Method: while the first is being read, an older
    one is handed out; with it, once, the end of the process."""
    for ends in (False, True):
        broadcaster = Broadcaster(newest, interval_s=0.01, max_listeners=1)
        listener = broadcaster.join()
        sent: list[bytes] = []
        gone = asyncio.Event()

        async def send(message: Any, sent: list[bytes] = sent, gone: asyncio.Event = gone) -> None:
            sent.append(message.get("body", b""))
            if b"id: 3" in sent[-1]:
                gone.set()

        async def receive(gone: asyncio.Event = gone) -> dict[str, Any]:
            await gone.wait()
            return {"type": "http.disconnect"}

        stream = FigureStream(broadcaster, listener, heartbeat_s=5)
        task = asyncio.create_task(ended(stream({"type": "http"}, receive, send)))
        await asyncio.sleep(0.01)
        listener.offer(Message(1, "{}"))
        if ends:
            broadcaster.close()
        await asyncio.sleep(0.05)
        if not ends:
            listener.offer(Message(3, "{}"))
        await task
        told = [body for body in sent if b"id: " in body]
        assert [body.split(b"id: ")[1][:1] for body in told] == [b"2"] + [b"3"] * (not ends)


async def newest(_cause: dict[str, Any] | None, _changes: int) -> Message:
    await asyncio.sleep(0.03)
    return Message(2, "{}")
