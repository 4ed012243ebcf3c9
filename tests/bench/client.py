"""A plain HTTP/1.1 client on asyncio streams, so that the client is not what is measured."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

_LIMIT = 1 << 20


@dataclass(frozen=True)
class Answer:
    """A response that was read to its end."""

    status: int
    body: bytes
    elapsed_s: float

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Request:
    """A POST; the body is sent as JSON."""

    path: str
    body: bytes = b""
    key: str = ""


class Connection:
    """One keep-alive connection; one request at a time."""

    def __init__(self, port: int, headers: Mapping[str, str]) -> None:
        self._port = port
        self._common = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def __aenter__(self) -> Self:
        self._reader, self._writer = await asyncio.open_connection(
            "127.0.0.1", self._port, limit=_LIMIT
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        assert self._writer is not None
        self._writer.close()

    async def post(self, request: Request) -> Answer:
        key = f"Idempotency-Key: {request.key}\r\n" if request.key else ""
        head = (
            f"POST {request.path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{self._common}{key}"
            f"Content-Type: application/json\r\nContent-Length: {len(request.body)}\r\n\r\n"
        )
        return await self._send(head.encode() + request.body)

    async def get(self, path: str) -> Answer:
        return await self._send(
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{self._common}\r\n".encode()
        )

    async def events(self, path: str) -> AsyncIterator[dict[str, Any]]:
        """The data of server-sent events, as they arrive; each is one line."""
        assert self._reader is not None
        assert self._writer is not None
        self._writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{self._common}\r\n".encode())
        while line := await self._reader.readline():
            if line.startswith(b"data: "):
                yield json.loads(line[6:])

    async def _send(self, message: bytes) -> Answer:
        assert self._reader is not None
        assert self._writer is not None
        began = time.perf_counter()
        self._writer.write(message)
        head = await self._reader.readuntil(b"\r\n\r\n")
        status = int(head[9:12])
        length = 0
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                length = int(line[15:])
        body = await self._reader.readexactly(length) if length else b""
        return Answer(status, body, time.perf_counter() - began)


@dataclass(frozen=True)
class Round:
    """Some requests sent by several connections, each sending its next when it has its answer."""

    answers: list[Answer]
    seconds: float

    @property
    def per_second(self) -> float:
        return len(self.answers) / self.seconds

    def elapsed_ms(self, share: float) -> float:
        """The latency that ``share`` of the requests did not exceed."""
        ordered = sorted(answer.elapsed_s for answer in self.answers)
        return ordered[min(int(len(ordered) * share), len(ordered) - 1)] * 1000


async def fire(
    port: int,
    token: str,
    requests: Iterable[Request],
    *,
    concurrency: int,
    expect: set[int],
    within_s: float = float("inf"),
) -> Round:
    """Send the requests, begin none after ``within_s``; every status must be an expected one."""
    waiting = iter(list(requests))
    answers: list[Answer] = []
    headers = {"Authorization": f"Bearer {token}"}

    async def one(connection: Connection) -> None:
        for request in waiting:
            if time.perf_counter() > ends:
                return
            answer = await connection.post(request)
            assert answer.status in expect, (request.path, answer.status, answer.body[:500])
            answers.append(answer)

    ends = within_s
    connections = [Connection(port, headers) for _ in range(concurrency)]
    await asyncio.gather(*(connection.__aenter__() for connection in connections))
    try:
        began = time.perf_counter()
        ends = began + within_s
        await asyncio.gather(*(one(connection) for connection in connections))
        return Round(answers, time.perf_counter() - began)
    finally:
        for connection in connections:
            await connection.__aexit__(None, None, None)
