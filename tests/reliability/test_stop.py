"""A stop of the process with requests under way: each is finished, or told to come again.

Goal: whoever waits for an answer when an operator stops the server gets one that a program
understands, and nothing is half done.
Method: three requests over real sockets, then SIGTERM. One has sent half its body and sends the
rest after the signal; one never sends the rest; one waits in the database for a lock of ours.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import asyncpg

from tests.support.process import Yizhan, eventually
from tests.support.product import product


async def test_what_a_stop_catches_is_finished_or_told_to_come_again(tmp_path: Path) -> None:
    with product(tmp_path / "data") as yizhan:
        await asyncio.to_thread(yizhan.start)
        encounter = {"visit_no": "ZY1", "facility_code": "x", "admitted_on": "2016-03-01"}
        url = yizhan.environment["CLAIMS_DATABASE_URL"]
        async with holding_keys(url) as database:
            with (
                half_sent(yizhan, "/oauth/token", credentials(yizhan)) as (finished, rest),
                half_sent(yizhan, "/oauth/token", credentials(yizhan)) as (never_sent, _),
            ):
                waiting = asyncio.create_task(
                    asyncio.to_thread(
                        yizhan.call, "POST", "/claims/v1/encounters", key="k", json=encounter
                    )
                )
                await until_somebody_waits(database)
                await asyncio.to_thread(eventually, lambda: in_progress(yizhan) == 3)

                assert yizhan.process is not None
                yizhan.process.send_signal(signal.SIGTERM)
                await asyncio.to_thread(eventually, lambda: closed(yizhan))
                finished.sendall(rest)

                status, _, answer = await asyncio.to_thread(read, finished)
                assert (status, answer["token_type"]) == (200, "Bearer")
                is_told_to_come_again(*await asyncio.to_thread(read, never_sent))
                held = await waiting
                is_told_to_come_again(held.status_code, held.headers, held.json())
            assert await asyncio.to_thread(yizhan.process.wait, 60) == 0
            assert await database.fetchval("SELECT count(*) FROM idempotency_keys") == 0


def is_told_to_come_again(status: int, headers: Any, answer: dict[str, Any]) -> None:
    assert (status, answer["code"]) == (503, "stopping")
    assert headers["content-type"] == "application/problem+json"
    assert int(headers["retry-after"]) > 0


def credentials(yizhan: Yizhan) -> bytes:
    secret = yizhan.clients()["hospital"]["secret"]
    return f"grant_type=client_credentials&client_id=hospital&client_secret={secret}".encode()


@contextmanager
def half_sent(yizhan: Yizhan, path: str, body: bytes) -> Iterator[tuple[socket.socket, bytes]]:
    """A connection on which a request has sent half its body, and the other half."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", yizhan.port), timeout=60) as connection:
        connection.sendall(head.encode() + body[:20])
        yield connection, body[20:]


def read(connection: socket.socket) -> tuple[int, Any, dict[str, Any]]:
    answer = http.client.HTTPResponse(connection)
    answer.begin()
    return answer.status, answer.headers, json.loads(answer.read())


def closed(yizhan: Yizhan) -> bool:
    """Whether the port takes no more connections: the stop has begun."""
    with socket.socket() as probe:
        probe.settimeout(5)
        return probe.connect_ex(("127.0.0.1", yizhan.port)) != 0


def in_progress(yizhan: Yizhan) -> int:
    """How many requests the process is answering, without the one that asks."""
    text = yizhan.request("GET", "/claims/metrics", timeout=20).text
    line = next(
        each for each in text.splitlines() if each.startswith("yizhan_http_requests_in_progress ")
    )
    return int(float(line.split()[1])) - 1


@asynccontextmanager
async def holding_keys(url: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection that keeps everybody else from the table of idempotency keys."""
    database = await asyncpg.connect(url.replace("postgresql+asyncpg", "postgresql"))
    try:
        await database.execute("BEGIN; LOCK TABLE idempotency_keys")
        yield database
    finally:
        database.terminate()


async def until_somebody_waits(database: asyncpg.Connection) -> None:
    async with asyncio.timeout(20):
        while not await database.fetchval(
            "SELECT count(*) FROM pg_locks WHERE NOT granted AND database ="
            " (SELECT oid FROM pg_database WHERE datname = current_database())"
        ):
            await database.execute("SELECT pg_sleep(0.05)")
