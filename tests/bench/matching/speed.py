"""One decision in memory: its time and the memory of a registered person, at three sizes."""

from __future__ import annotations

import gc
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from services.identity.matching.decision import decide
from services.identity.matching.index import Index
from services.identity.matching.model import AGREED_WEIGHTS
from services.identity.matching.teaching import learn
from tests.bench.matching.county import County, ask, build, registered

SIZES = (5_000, 100_000, 500_000)
QUESTIONS = 3_000
_KIB = 1024


@dataclass(frozen=True)
class Speed:
    """What was measured at one size; times in seconds or milliseconds as named."""

    people: int
    learned_s: float
    indexed_s: float
    times_ms: Sequence[float]
    """Of each decision, sorted."""
    cpu_ms: Sequence[float]
    """The same in processor time: what a machine that others use as well would need."""
    bytes_each: float
    """Memory of the process that each person added: his prepared record and his places in the
    index, without the made-up county that the records were made from."""


def quantile(times: Sequence[float], share: float) -> float:
    """Of sorted times."""
    return times[min(int(len(times) * share), len(times) - 1)]


def measure(county: County) -> Speed:
    """Learn, index, and decide questions as windows put them."""
    gc.collect()
    before = _resident()
    people = registered(county)
    started = time.perf_counter()
    weights = learn(people) or AGREED_WEIGHTS
    learned = time.perf_counter()
    index = Index(people)
    indexed = time.perf_counter()
    grown = _resident() - before
    chance = random.Random(1)
    asked = [ask(county, chance).query for _ in range(QUESTIONS)]
    times, cpu = [], []
    for query in asked:
        began, busy = time.perf_counter(), time.thread_time()
        decide(query, index, weights)
        cpu.append((time.thread_time() - busy) * 1_000)
        times.append((time.perf_counter() - began) * 1_000)
    return Speed(
        len(people),
        learned - started,
        indexed - learned,
        sorted(times),
        sorted(cpu),
        grown / len(people),
    )


def show(console: Console) -> None:
    """The table of the three sizes."""
    table = Table(
        "people",
        "p50 ms",
        "p99 ms",
        "worst ms",
        "p99 ms of CPU",
        "learning s",
        "index s",
        title="match alone",
    )
    for size in SIZES:
        found = measure(build(size))
        table.add_row(
            f"{found.people:,}",
            f"{quantile(found.times_ms, 0.5):.2f}",
            f"{quantile(found.times_ms, 0.99):.2f}",
            f"{found.times_ms[-1]:.2f}",
            f"{quantile(found.cpu_ms, 0.99):.2f}",
            f"{found.learned_s:.1f}",
            f"{found.indexed_s:.1f}",
        )
        each = found.bytes_each
    console.print(table)
    console.print(
        f"memory of the index and its lists: [bold]{each:,.0f} bytes[/] a person at"
        f" {SIZES[-1]:,} (the prepared record itself is some 540 more, measured apart)"
    )


def run(console: Console, _large: bool) -> None:
    """The part of ``make bench``."""
    show(console)


def _resident() -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * _KIB
    return 0
