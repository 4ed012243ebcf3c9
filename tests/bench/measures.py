"""The five measurements; each gives plain figures, the page that shows them is in __main__."""

from __future__ import annotations

import asyncio
import os
import random
import re
import statistics
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench.client import Connection, Request, Round, fire
from tests.bench.stage import Stage

CONCURRENCY = 16
ROUNDS = 5
_BURST_WITHIN_S = 120
_SHOWN_WITHIN_S = 20


# --- against the baseline -----------------------------------------------------------------------


@dataclass(frozen=True)
class Side:
    """A process that is asked."""

    port: int
    pid: int
    token: str


@dataclass
class Comparison:
    """Rounds of several sides, close together in time, so that each round of one has its pair."""

    rounds: dict[str, list[Round]]
    cpu_ms: dict[str, list[float]]
    """Processor time of the web process per request, of each round; of the one process of
    ``make run`` it includes the publishing and handling of events that happened in the round.
    """

    def ratios(self, side: str, base: str) -> list[float]:
        """Requests per second as a share of the base's, per pair, sorted."""
        pairs = zip(self.rounds[side], self.rounds[base], strict=True)
        return sorted(ours.per_second / theirs.per_second for ours, theirs in pairs)

    def median(self, of: Callable[[Round], float], side: str) -> float:
        return statistics.median(of(each) for each in self.rounds[side])


async def compare(
    sides: Mapping[str, Side],
    batches: Sequence[Mapping[str, Sequence[Request]]],
    *,
    expect: set[int],
    quiet: Callable[[], Awaitable[None]],
) -> Comparison:
    """Send each batch's requests to their sides; who begins changes from batch to batch.

    After each round ``quiet`` awaits, outside the clock, the background work of ``make run``'s
    process (publishing, handling, projecting), so that it does not slow the other sides; what of it
    runs during the process's own round counts against it.
    """
    found = Comparison({name: [] for name in sides}, {name: [] for name in sides})
    for number, batch in enumerate(batches):
        names = list(sides)
        turn = number % len(names)
        for name in names[turn:] + names[:turn]:
            side = sides[name]
            cpu_s = _cpu_seconds(side.pid)
            done = await fire(
                side.port, side.token, batch[name], concurrency=CONCURRENCY, expect=expect
            )
            spent_s = _cpu_seconds(side.pid) - cpu_s
            found.rounds[name].append(done)
            found.cpu_ms[name].append(spent_s * 1000 / len(done.answers))
            await quiet()
    return found


def _cpu_seconds(pid: int) -> float:
    user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


# --- to the dashboard -----------------------------------------------------------------------------


class Watcher:
    """A client of the live stream that notes when each message came."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._changed = asyncio.Condition()
        self._task: asyncio.Task[None] | None = None
        self.latest: dict[str, Any] = {}
        self._at = 0.0

    async def start(self) -> None:
        self._task = asyncio.create_task(self._read())
        async with self._changed:
            await asyncio.wait_for(self._changed.wait_for(lambda: bool(self.latest)), 20)

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _read(self) -> None:
        headers = {"Authorization": f"Bearer {self._stage.yizhan.token('director')}"}
        async with Connection(self._stage.yizhan.port, headers) as connection:
            async for message in connection.events("/reporting/v1/live"):
                async with self._changed:
                    self.latest, self._at = message, time.perf_counter()
                    self._changed.notify_all()
        raise ConnectionError("the live stream ended")

    async def reached(self, figure: str, value: int) -> float:
        """The moment at which a message first showed the figure at that value."""
        async with self._changed:
            await asyncio.wait_for(self._changed.wait_for(lambda: self.latest[figure] >= value), 20)
            return self._at


async def dashboard_latencies(
    stage: Stage, requests: Sequence[Request], figure: str, *, expect: int
) -> list[float]:
    """Milliseconds from the answer of each request to the message that shows it, sorted.

    Patients arrive at odd moments: the pause before each request is random, up to half a second,
    so that the stream's own pace (at most five messages a second) is part of what is measured.
    """
    watcher = Watcher(stage)
    await watcher.start()
    pause = random.Random(1)
    found = []
    headers = {"Authorization": f"Bearer {stage.yizhan.token('hospital')}"}
    try:
        async with Connection(stage.yizhan.port, headers) as connection:
            for request in requests:
                await asyncio.sleep(pause.uniform(0, 0.5))
                before = watcher.latest[figure]
                answer = await connection.post(request)
                answered = time.perf_counter()
                assert answer.status == expect, answer.body[:500]
                shown = await watcher.reached(figure, before + 1)
                found.append(max(shown - answered, 0.0) * 1000)
    finally:
        await watcher.stop()
    return sorted(found)


def quantile(ordered: Sequence[float], share: float) -> float:
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


# --- memory ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Memory:
    """Of a process and all below it, in MB. RSS counts shared pages in every process."""

    processes: int
    rss_mb: float
    pss_mb: float


def memory_of(root: int) -> Memory:
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                stat = (entry / "stat").read_text()
                parents[int(entry.name)] = int(stat.rpartition(")")[2].split()[1])
    family = {root}
    while grown := {pid for pid, parent in parents.items() if parent in family} - family:
        family |= grown
    rss = pss = 0
    for pid in family:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
        rss += _kilobytes(text, "Rss")
        pss += _kilobytes(text, "Pss")
    return Memory(len(family), rss / 1024, pss / 1024)


def _kilobytes(text: str, name: str) -> int:
    found = re.search(rf"^{name}:\s+(\d+) kB", text, re.MULTILINE)
    assert found is not None
    return int(found[1])


# --- events ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Throughput:
    """One burst of events, from the commit to the last handler of the last group."""

    events: int
    deliveries: int
    seconds: float


async def event_throughput(stage: Stage, commit: Callable[[], None]) -> Throughput:
    """``commit`` writes a burst in one transaction; then every group's inbox is watched."""
    groups = ("claims", "contracts", "reporting")
    written = "SELECT count(*) FROM outbox"
    handled = "SELECT count(*) FROM inbox"
    before = await stage.value("identity", written)
    start = {name: await stage.value(name, handled) for name in groups}
    await asyncio.to_thread(commit)
    began = time.perf_counter()
    burst = await stage.value("identity", written) - before
    previous, changed = -1, began
    while True:
        deliveries = sum([await stage.value(name, handled) - start[name] for name in groups])
        now = time.perf_counter()
        if deliveries != previous:
            previous, changed = deliveries, now
        unpublished = await stage.value(
            "identity", "SELECT count(*) FROM outbox WHERE published_at IS NULL"
        )
        if not unpublished and now - changed > 1:
            return Throughput(burst, deliveries, changed - began)
        assert now - began < _BURST_WITHIN_S, f"{deliveries} deliveries after {now - began:.0f} s"
        await asyncio.sleep(0.05)
