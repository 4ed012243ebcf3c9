"""The live stream over a real socket: uvicorn on one side, an HTTP client on the other."""

import asyncio
import contextlib
import json
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
import uvicorn

from services.reporting.live.broadcaster import Broadcaster
from services.reporting.projections.handlers import take_in
from services.reporting.settings import ReportingSettings
from shared.events.base import Envelope
from shared.runtime.asgi import root_app
from tests.integration.reporting.county import recognised
from tests.integration.reporting.half_year import half_year
from tests.support.line import Line, line_to
from tests.support.service import Running

PATH = "/reporting/v1/live"
PATIENCE_S = 10.0


@asynccontextmanager
async def serving(service: Running, **settings: Any) -> AsyncIterator[httpx.AsyncClient]:
    """The service behind uvicorn on a free port."""
    service.context.state["reporting.settings"] = ReportingSettings(**settings)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
        config = uvicorn.Config(
            root_app([service.context]), log_config=None, timeout_graceful_shutdown=2
        )
        server = uvicorn.Server(config)
        task = asyncio.create_task(server.serve(sockets=[listening]))
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE_S
        ) as client:
            try:
                await soon(lambda: server.started)
                yield client
            finally:
                server.should_exit = True
        await task


async def soon(condition: Callable[[], bool]) -> None:
    """Wait until a condition of this process holds."""
    for _ in range(int(PATIENCE_S / 0.02)):
        if condition():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it did not come true")


class Stream:
    """Reads server-sent events."""

    def __init__(self, answer: httpx.Response) -> None:
        self.answer = answer
        self._lines = answer.aiter_lines()
        self.heartbeats = 0

    async def next(self) -> dict[str, Any]:
        """The next message: its id, event and data."""
        message: dict[str, Any] = {}
        async with asyncio.timeout(PATIENCE_S):
            async for line in self._lines:
                if line.startswith(":"):
                    self.heartbeats += 1
                elif not line and "data" in message:
                    return message
                elif ": " in line:
                    name, _, value = line.partition(": ")
                    message[name] = json.loads(value) if name == "data" else value
        raise AssertionError("the stream ended")

    async def until(self, condition: Any) -> dict[str, Any]:
        """The first message that satisfies a condition."""
        while not condition(message := await self.next()):
            pass
        return message


@asynccontextmanager
async def listening(client: httpx.AsyncClient, **headers: str) -> AsyncIterator[Stream]:
    async with client.stream("GET", PATH, headers=headers) as answer:
        assert answer.status_code == 200, await answer.aread()
        yield Stream(answer)


def asked(message: dict[str, Any]) -> int:
    return int(message["data"]["recognitions"])


async def test_a_settlement_moves_the_figures(reporting: Running) -> None:
    """Goal: the main promise of the page. Method: connect, deliver a settlement, read. How soon it
    is told is measured, not tested (``tests/bench``)."""
    async with serving(reporting) as client, listening(client) as stream:
        assert stream.answer.headers["content-type"].startswith("text/event-stream")
        assert stream.answer.headers["x-accel-buffering"] == "no"
        first = await stream.next()
        assert first["event"] == "figures"
        assert first["data"]["indicators"]["personal_share"]["status"] == "not_applicable"
        assert first["data"]["cause"] is None
        events = half_year()
        made = next(e for e in events if e.type.endswith("settlement.made.v1"))
        await reporting.deliver(made)
        moved = await stream.until(lambda m: m["data"]["settled_visits"] == 1)
        share = moved["data"]["indicators"]["personal_share"]
        assert (share["numerator"], share["value"]) == ("991.27", "0.1983")
        assert moved["data"]["cause"] == {
            "type": "settlement.made",
            "township": "金河镇",
            "facility_code": "H51111300101",
        }
        assert int(moved["id"]) > int(first["id"])
        assert "P1" not in json.dumps(moved)


async def taken_in_and_rolled_back(service: Running, event: Envelope[Any]) -> None:
    async with service.context.db.writing() as session:
        await take_in(event, session, service.context)
        raise LookupError


async def test_what_is_rolled_back_is_not_told(reporting: Running) -> None:
    """Goal: told at the commit, or never. Method: an aborted handler, then a committed one."""
    events = [recognised(i, "P1", "H51111300101", "certain", 3, i + 1) for i in range(2)]
    async with serving(reporting) as client, listening(client) as stream:
        await stream.next()
        with pytest.raises(LookupError):
            await taken_in_and_rolled_back(reporting, events[0])
        await asyncio.sleep(0.3)
        await reporting.deliver(events[1])
        moved = await stream.until(lambda m: m["data"]["cause"] is not None)
        assert asked(moved) == 1
        assert moved["data"]["changes"] == 1


async def test_a_burst_becomes_few_messages(reporting: Running) -> None:
    """Goal: at most five messages a second. Method: sixty events at once; the last one is told."""
    async with serving(reporting) as client, listening(client) as stream:
        await stream.next()
        await reporting.deliver(
            *(recognised(i, "P1", "H51111300101", "certain", 3, 1) for i in range(60))
        )
        began = time.monotonic()
        count = 1
        while asked(await stream.next()) < 60:
            count += 1
        assert count <= (time.monotonic() - began) * 5 + 10
        assert count < 30


class Follower:
    """A client as the page is: it comes back after a cut, and after a silence."""

    def __init__(self, line: Line, *, silent_s: float) -> None:
        self._url = f"http://127.0.0.1:{line.port}"
        self._timeout = httpx.Timeout(PATIENCE_S, read=silent_s)
        self.happened = 0
        """Recognitions that are committed."""
        self.told: list[tuple[int, int]] = []
        """Id and recognitions of each message."""
        self.missed: list[tuple[int, int]] = []
        """For each connection: what had happened when it was asked for, and what its first message
        told."""

    @asynccontextmanager
    async def following(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self._follow())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait((task,))

    async def _follow(self) -> None:
        while True:
            last = {"Last-Event-ID": str(self.told[-1][0])} if self.told else {}
            happened = self.happened
            with contextlib.suppress(httpx.TransportError):
                async with (
                    httpx.AsyncClient(base_url=self._url, timeout=self._timeout) as client,
                    listening(client, **last) as stream,
                ):
                    message = await stream.next()
                    self.missed.append((happened, asked(message)))
                    while True:
                        self.told.append((int(message["id"]), asked(message)))
                        message = await stream.next()
            await asyncio.sleep(0.02)

    async def has(self, count: int) -> None:
        await soon(lambda: bool(self.told) and self.told[-1][1] == count)


async def test_a_client_that_was_cut_catches_up_without_a_gap(reporting: Running) -> None:
    """Goal: after any cut a client knows what it missed with the first message, and no figure goes
    back. Method: a line that is cut, then one that falls silent without a word; events before,
    during and after each. On a busy machine the client may come back more often than that."""
    events = iter([recognised(i, "P1", "H51111300101", "certain", 3, 1) for i in range(6)])
    async with (
        serving(reporting, live_heartbeat_s=0.05) as client,
        line_to(client.base_url.port or 0) as line,
    ):
        follower = Follower(line, silent_s=0.4)

        async def happen(count: int) -> None:
            await reporting.deliver(*(next(events) for _ in range(count)))
            follower.happened += count

        async with follower.following():
            await happen(1)
            await follower.has(1)
            line.cut()
            await happen(2)
            line.mend()
            await follower.has(3)
            line.pull()
            await happen(1)
            await asyncio.sleep(0.1)
            assert follower.told[-1][1] == 3
            line.mend()
            await follower.has(4)
            await happen(2)
            await follower.has(6)
        assert len(follower.missed) >= 3
        assert all(told >= happened for happened, told in follower.missed)
        ids, counts = zip(*follower.told, strict=True)
        assert list(ids) == sorted(ids)
        assert list(counts) == sorted(counts)


async def test_a_lost_listener_is_renewed(reporting: Running) -> None:
    """Goal: a cut to the database heals by itself. Method: the server ends that connection."""
    async with serving(reporting) as client, listening(client) as stream:
        await stream.next()
        (row,) = await reporting.rows(
            "SELECT count(pg_terminate_backend(pid)) AS cut FROM pg_stat_activity "
            "WHERE datname = current_database() AND query LIKE 'LISTEN%'"
        )
        assert row["cut"] == 1
        await reporting.deliver(recognised(1, "P1", "H51111300101", "certain", 3, 1))
        await stream.until(lambda m: asked(m) == 1)
        await reporting.deliver(recognised(2, "P1", "H51111300101", "certain", 3, 2))
        moved = await stream.until(lambda m: asked(m) == 2)
        assert moved["data"]["cause"]["type"] == "recognition.made"


async def test_heartbeats_limits_and_leaving(reporting: Running) -> None:
    """Goal: quiet streams live, their number is limited, a client that leaves frees its place.

    Method: a heartbeat every 50 ms, two places, three clients.
    """
    async with serving(reporting, live_heartbeat_s=0.05, live_clients=2) as client:
        broadcaster = reporting.context.state["reporting.broadcaster"]
        assert isinstance(broadcaster, Broadcaster)
        async with listening(client) as one, listening(client) as two:
            await one.next()
            await two.next()
            refused = await client.get(PATH)
            assert (refused.status_code, refused.json()["code"]) == (503, "streams_full")
            await asyncio.sleep(0.3)
            await reporting.deliver(recognised(1, "P1", "H51111300101", "certain", 3, 1))
            await one.until(lambda m: asked(m) == 1)
            assert one.heartbeats >= 2
        await soon(lambda: broadcaster.listening == 0)
        async with listening(client) as again:
            assert asked(await again.next()) == 1
