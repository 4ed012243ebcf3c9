"""``make bench-matching``: the matcher beside Splink, its speed, and its errors in Chinese."""

from __future__ import annotations

import os

from rich.console import Console

from tests.bench.matching import chinese, febrl, speed, splink_query


def main() -> None:
    """The three in turn."""
    console = Console()
    console.print(f"load {os.getloadavg()[0]:.1f} before the run")
    febrl.main()
    speed.show(console)
    times = splink_query.times_ms()
    console.print(
        f"Splink, one question at {splink_query.SIZE:,} people: p50 {times[len(times) // 2]:.0f} ms,"
        f" worst {times[-1]:.0f} ms ({len(times)} questions)"
    )
    chinese.main()


if __name__ == "__main__":
    main()
