"""Recognitions with the real matcher on a large register, beside the same on a small one."""

from __future__ import annotations

import asyncio
import json
import statistics
import tempfile
from contextlib import ExitStack
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench.client import Request, fire
from tests.bench.imports import IdentityAlone, crowd, identity_alone
from tests.bench.measures import CONCURRENCY, Side, compare
from tests.bench.over_http import reachable
from tests.support.people import RosterPerson

SMALL, LARGE = 1_000, 100_000
ROUNDS, PER_ROUND, WARM = 5, 300, 64


def run(console: Console, large: bool) -> None:
    """The part ``register``: sides are ``identity serve`` on registers of two sizes."""
    sizes = (SMALL, 500_000 if large else LARGE)
    with ExitStack() as stack:
        sides: dict[str, Side] = {}
        people: dict[str, list[RosterPerson]] = {}
        for size in sizes:
            folder = reachable(
                Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="yizhan-bench-")))
            )
            identity: IdentityAlone = stack.enter_context(identity_alone(folder, most_rows=size))
            name = f"{size:,} people"
            people[name] = crowd(size)
            identity.apply(identity.upload(people[name]))
            sides[name] = Side(identity.port, identity.pid, identity.token)
        asyncio.run(_measure(console, sides, people))


async def _measure(
    console: Console, sides: dict[str, Side], people: dict[str, list[RosterPerson]]
) -> None:
    asked = dict.fromkeys(sides, 0)

    def visits(name: str, count: int) -> list[Request]:
        crowd_of, first = people[name], asked[name]
        asked[name] += count
        # A prime step, so that the questions are spread over the whole register.
        return [_visit(n, crowd_of[n * 7_919 % len(crowd_of)]) for n in range(first, first + count)]

    for name, side in sides.items():  # the first question loads the register into memory
        await fire(side.port, side.token, visits(name, WARM), concurrency=4, expect={200})
    batches = [{name: visits(name, PER_ROUND) for name in sides} for _ in range(ROUNDS)]
    found = await compare(sides, batches, expect={200}, quiet=_nothing)
    table = Table(title=f"POST /recognitions, identity's own process, {CONCURRENCY} connections")
    for column in ("register", "requests/s", "p50 ms", "p99 ms", "CPU ms each", "of the small one"):
        table.add_column(column, justify="right")
    small = next(iter(sides))
    for name in sides:
        ratios = found.ratios(name, small)
        table.add_row(
            name,
            f"{found.median(lambda r: r.per_second, name):.0f}",
            f"{found.median(lambda r: r.elapsed_ms(0.5), name):.0f}",
            f"{found.median(lambda r: r.elapsed_ms(0.99), name):.0f}",
            f"{statistics.median(found.cpu_ms[name]):.1f}",
            "" if name == small else f"{statistics.median(ratios):.2f}",
        )
    console.print(table)


def _visit(number: int, person: RosterPerson) -> Request:
    body = {
        "facility_code": "H51111300101",
        "visit": {
            "visit_no": f"V{number}",
            "type": "outpatient",
            "occurred_at": "2016-03-01T09:30:00+08:00",
        },
        "credentials": {"id_number": person.number, "name": person.name},
    }
    content = json.dumps(body, ensure_ascii=False).encode()
    return Request("/identity/v1/recognitions", content, f"rec-{number}")


async def _nothing() -> None:
    """No worker runs beside these sides."""
