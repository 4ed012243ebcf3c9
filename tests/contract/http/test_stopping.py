"""Goal: what the server cancels at its stop is told to come again, once, and stays cancelled."""

import asyncio
import json
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.http.limits import EdgeMiddleware


async def cancelled_in(
    app: ASGIApp, busy: asyncio.Event, sent: list[dict[str, Any]]
) -> asyncio.Task[None]:
    """A request behind the edge, cancelled when ``busy`` is set; gives its ended task."""
    edge = EdgeMiddleware(app, max_body_bytes=1, max_upload_bytes=1)
    scope = {"type": "http", "method": "GET", "path": "/slow", "query_string": b"", "headers": []}

    async def send(message: Message) -> None:
        sent.append(dict(message))

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    request = asyncio.create_task(edge(scope, receive, send))
    try:
        async with asyncio.timeout(30):
            await busy.wait()
    finally:
        request.cancel()
        await asyncio.wait([request])
    return request


class TestStop:
    """The server cancels what has not ended in its time of grace."""

    async def test_a_request_that_is_cancelled_is_told_to_come_again(self):
        """Goal: 503 with when to come again, and the cancellation is not swallowed.
        Method: cancel a request that waits for ever, as the server does."""
        sent: list[dict[str, Any]] = []
        waits = asyncio.Event()

        async def for_ever(_scope: Scope, _receive: Receive, _send: Send) -> None:
            waits.set()
            await asyncio.Event().wait()

        ended = await cancelled_in(for_ever, waits, sent)

        assert ended.cancelled()
        start, body = sent
        headers = {name.decode(): value.decode() for name, value in start["headers"]}
        assert start["status"] == 503
        assert (headers["retry-after"], headers["connection"]) == ("5", "close")
        assert headers["content-type"] == "application/problem+json"
        assert json.loads(body["body"])["code"] == "stopping"

    async def test_an_answer_that_has_begun_is_not_begun_again(self):
        """Goal: a stream that the stop ends gets no second head. Method: cancel one."""
        sent: list[dict[str, Any]] = []
        streams = asyncio.Event()

        async def stream(_scope: Scope, _receive: Receive, send: Send) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            streams.set()
            await asyncio.Event().wait()

        ended = await cancelled_in(stream, streams, sent)

        assert ended.cancelled()
        assert [message["type"] for message in sent] == ["http.response.start"]
