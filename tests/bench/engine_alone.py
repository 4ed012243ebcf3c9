"""The engine without HTTP or a database: settlements a second on one core."""

from __future__ import annotations

import statistics
import time

from rich.console import Console

from services.claims.settlement.domain import Standing, settle
from tests.unit.claims.bills import POOR, example_a, jinkouhe, line
from tests.unit.claims.bills import bill as bill_of

ROUNDS = 5
SECONDS = 1.0


def per_second(lines: int) -> float:
    """Worked example A, with lines of its kinds until it has as many; the median of the rounds."""
    pack = jinkouhe()
    bill = example_a("0.18")
    if lines > len(bill.lines):
        more = (line(n, "20.01", kind="drug") for n in range(len(bill.lines) + 1, lines + 1))
        bill = bill_of(*bill.lines, *more)
    settle(bill, pack, POOR, Standing())
    rates = []
    for _ in range(ROUNDS):
        done, began = 0, time.process_time()
        while (spent := time.process_time() - began) < SECONDS:
            settle(bill, pack, POOR, Standing())
            done += 1
        rates.append(done / spent)
    return statistics.median(rates)


def run(console: Console, large: bool) -> None:
    """Bills of a few and of many lines, by the processor's time."""
    for lines in (4, 40):
        console.print(
            f"engine alone, a bill of {lines} lines: {per_second(lines):,.0f} settlements/s"
        )
