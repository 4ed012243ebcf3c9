"""Server-sent events over raw ASGI: a stream ends when its client goes or the process closes."""

from __future__ import annotations

import asyncio
import contextlib

from starlette.responses import Response
from starlette.types import Message as AsgiMessage
from starlette.types import Receive, Scope, Send

from services.reporting.live.broadcaster import Broadcaster, Listener, Message

EVENT = "figures"
RETRY_MS = 2000
"""What the browser waits before it reconnects."""

_HEADERS = {
    "Cache-Control": "no-cache, no-transform",
    "X-Accel-Buffering": "no",
}


def encode(message: Message) -> bytes:
    """One message in the format of server-sent events; the data has no line break."""
    return f"id: {message.revision}\nevent: {EVENT}\ndata: {message.data}\n\n".encode()


class FigureStream(Response):
    """The figures now, then again after each change, with heartbeats in between.

    A client that reconnects (``Last-Event-ID``) gets the figures now, which hold all that it
    missed: messages are states, not differences.
    """

    media_type = "text/event-stream"

    def __init__(self, broadcaster: Broadcaster, listener: Listener, *, heartbeat_s: float) -> None:
        super().__init__(headers=_HEADERS)
        self._broadcaster = broadcaster
        self._listener = listener
        self._heartbeat_s = heartbeat_s
        del self.headers["content-length"]

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        sending = asyncio.create_task(self._send(send))
        gone = asyncio.create_task(_until_gone(receive))
        try:
            await asyncio.wait((sending, gone), return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._broadcaster.leave(self._listener)
            for task in (sending, gone):
                task.cancel()
            await asyncio.wait((sending, gone))
        # A client that is gone makes sending fail; that ends the stream and is no fault.
        if not sending.cancelled():
            with contextlib.suppress(OSError):
                sending.result()

    async def _send(self, send: Send) -> None:
        # Read before the answer begins: figures that cannot be read are a 500, not a cut stream.
        first = await self._broadcaster.current()
        # What was queued meanwhile was read before this: figures must not go back.
        self._listener.forget()
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        await send(_body(f"retry: {RETRY_MS}\n\n".encode() + encode(first)))
        while True:
            try:
                # Not ``wait_for``: on Python 3.11 it takes a message that comes together with the
                # cancellation for the end of its wait, and the stream would go on for ever.
                async with asyncio.timeout(self._heartbeat_s):
                    message = await self._listener.queue.get()
            except TimeoutError:
                await send(_body(b": heartbeat\n\n"))
                continue
            if message is None:
                await send({"type": "http.response.body", "body": b"", "more_body": False})
                return
            await send(_body(encode(message)))


def _body(chunk: bytes) -> AsgiMessage:
    return {"type": "http.response.body", "body": chunk, "more_body": True}


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
