"""``make bench-matching``: the matcher beside Splink, its speed, and its errors in Chinese."""

from __future__ import annotations

import random
import time

from rich.console import Console
from rich.table import Table

from services.identity.matching.decision import decide
from services.identity.matching.index import Index
from services.identity.matching.model import AGREED_WEIGHTS
from services.identity.matching.teaching import learn
from tests.bench.matching import chinese, febrl
from tests.bench.matching.county import ask, build, registered

SIZES = (5_000, 100_000, 500_000)
QUESTIONS = 3_000


def latencies(console: Console) -> None:
    """p50 and p99 of one decision in memory, for questions as windows put them."""
    table = Table(
        "people", "learning s", "index s", "p50 ms", "p99 ms", "worst ms", title="match alone"
    )
    for size in SIZES:
        county = build(size)
        people = registered(county)
        started = time.perf_counter()
        weights = learn(people) or AGREED_WEIGHTS
        learned = time.perf_counter()
        index = Index(people)
        indexed = time.perf_counter()
        chance = random.Random(1)
        asked = [ask(county, chance).query for _ in range(QUESTIONS)]
        times = []
        for query in asked:
            before = time.perf_counter()
            decide(query, index, weights)
            times.append((time.perf_counter() - before) * 1_000)
        times.sort()
        table.add_row(
            f"{len(people):,}",
            f"{learned - started:.1f}",
            f"{indexed - learned:.1f}",
            f"{times[len(times) // 2]:.2f}",
            f"{times[len(times) * 99 // 100]:.2f}",
            f"{times[-1]:.2f}",
        )
    console.print(table)


def main() -> None:
    """The three in turn."""
    console = Console()
    febrl.main()
    latencies(console)
    chinese.main()


if __name__ == "__main__":
    main()
