"""Speaks ASGI directly: sees every message, and sees it when it is sent.

``httpx.ASGITransport`` waits for the application to end before it shows the answer, and raises
its exceptions: it cannot tell an answer before the commit from one after it.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.types import ASGIApp, Message


@dataclass
class Answer:
    messages: list[Message] = field(default_factory=list)
    error: BaseException | None = None
    """What escaped from the application, as a server would see it."""

    @property
    def status(self) -> int:
        return int(self.messages[0]["status"])

    @property
    def statuses(self) -> list[int]:
        return [
            message["status"]
            for message in self.messages
            if message["type"] == "http.response.start"
        ]

    @property
    def headers(self) -> dict[str, str]:
        return {name.decode(): value.decode() for name, value in self.messages[0]["headers"]}

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.messages[1:])

    @property
    def json(self) -> Any:
        return json.loads(self.body)


async def call(
    app: ASGIApp,
    method: str,
    path: str,
    *,
    body: bytes | Sequence[bytes] = b"",
    document: Any = None,
    headers: dict[str, str] | None = None,
    query: bytes = b"",
) -> Answer:
    chunks = [body] if isinstance(body, bytes) else list(body)
    sent_headers = {"host": "test", **(headers or {})}
    if document is not None:
        chunks = [json.dumps(document, ensure_ascii=False).encode()]
        sent_headers.setdefault("content-type", "application/json")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode("utf-8", "surrogatepass"),
        "query_string": query,
        "root_path": "",
        "headers": [
            (name.lower().encode(), value.encode()) for name, value in sent_headers.items()
        ],
        "client": ("127.0.0.1", 1),
        "server": ("test", 80),
    }
    answer = Answer()

    async def receive() -> Message:
        if not chunks:
            return {"type": "http.disconnect"}
        chunk = chunks.pop(0)
        return {"type": "http.request", "body": chunk, "more_body": bool(chunks)}

    async def send(message: Message) -> None:
        answer.messages.append(message)

    try:
        await app(scope, receive, send)
    except Exception as error:  # noqa: BLE001 - as a server would
        answer.error = error
    return answer
