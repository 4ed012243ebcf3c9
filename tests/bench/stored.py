"""Settlements over HTTP with few and with many settlements stored: the time must not grow.

Two processes of ``claims serve`` on copies of one database, in which a settled visit is multiplied
by SQL: encounter, settlement, payers, lines, entry, postings, and a year for each person.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
from pathlib import Path

import asyncpg
from rich.console import Console
from rich.table import Table

from tests.bench.client import fire
from tests.bench.measures import CONCURRENCY, Side, compare
from tests.bench.over_http import reachable, settle
from tests.bench.stage import (
    ServiceProcess,
    Stage,
    charge_and_discharge,
    make_template,
    product_on_postgres,
    upload_roster,
)
from tests.support.postgres import plain_dsn

SIZES, LARGE_SIZES = (1_000, 10_000), (10_000, 1_000_000)
ROUNDS, PER_ROUND, WARM = 5, 32, 16
_PERSONS = 50_000
_A_TIME = 50_000

# Ids that rise, as the product's own do; the template's row gives every other column.
_OF = "('00000000-0000-7000-800{kind}-' || lpad(to_hex(n), 12, '0'))::uuid"
_ENCOUNTER, _SETTLEMENT, _ENTRY = (_OF.format(kind=kind) for kind in "123")
_PERSON = f"'many-' || n % {_PERSONS}"
_SERIES = "generate_series($2::int, $3::int) AS n"
_COPIES: tuple[tuple[str, str, dict[str, str]], ...] = (
    (
        "encounters",
        "t.id = (SELECT encounter_id FROM settlements WHERE id = $1)",
        {
            "id": _ENCOUNTER,
            "visit_no": "'many-' || n",
            "person_id": _PERSON,
            "settled_person_id": _PERSON,
            "settlement_id": _SETTLEMENT,
            "last_settlement_id": _SETTLEMENT,
            "recognition_id": "NULL",
        },
    ),
    (
        "settlements",
        "t.id = $1",
        {
            "id": _SETTLEMENT,
            "encounter_id": _ENCOUNTER,
            "person_id": _PERSON,
            "year_place": "NULL",
        },
    ),
    ("settlement_payers", "t.settlement_id = $1", {"settlement_id": _SETTLEMENT}),
    ("settlement_lines", "t.settlement_id = $1", {"settlement_id": _SETTLEMENT}),
    (
        "journal_entries",
        "t.settlement_id = $1",
        {
            "id": _ENTRY,
            "settlement_id": _SETTLEMENT,
            "number": "1000000 + n",
            "prev_hash": "''::bytea",
            "hash": "''::bytea",
        },
    ),
    (
        "postings",
        "t.entry_id = (SELECT id FROM journal_entries WHERE settlement_id = $1)",
        {"entry_id": _ENTRY},
    ),
)
_YEAR = """t.person_id = (SELECT person_id FROM settlements WHERE id = $1)
  AND t.year = (SELECT standing_year FROM settlements WHERE id = $1)"""


async def multiply(url: str, count: int) -> None:
    """Store so many copies of the one settlement that the database holds."""
    connection = await asyncpg.connect(url, timeout=60)
    try:
        template = await connection.fetchval("SELECT id FROM settlements")
        tables = [table for table, _, _ in _COPIES]
        for table in tables:  # what they guard is given: each copy is as right as its model
            await connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        years = await _copying(connection, "standings", _YEAR, {"person_id": _PERSON})
        await connection.execute(years, template, 0, min(count, _PERSONS) - 1)
        copying = [await _copying(connection, *each) for each in _COPIES]
        for first in range(1, count + 1, _A_TIME):
            last = min(first + _A_TIME - 1, count)
            for statement in copying:
                await connection.execute(statement, template, first, last)
        for table in tables:
            await connection.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()


async def _copying(
    connection: asyncpg.Connection, table: str, where: str, changes: dict[str, str]
) -> str:
    """SQL: a row of the table again for each number, with some columns made anew."""
    names = [
        row["column_name"]
        for row in await connection.fetch(
            "SELECT column_name FROM information_schema.columns"
            " WHERE table_schema = 'public' AND table_name = $1 AND is_identity = 'NO'",
            table,
        )
    ]
    values = ", ".join(changes.get(name, f"t.{name}") for name in names)
    return (
        f"INSERT INTO {table} ({', '.join(names)}) SELECT {values} FROM {table} t, {_SERIES}"
        f" WHERE {where}"
    )


def run(console: Console, large: bool) -> None:
    """The part ``stored``."""
    with (
        tempfile.TemporaryDirectory(prefix="yizhan-bench-") as name,
        product_on_postgres(reachable(Path(name))) as stage,
    ):
        asyncio.run(_measure(console, stage, LARGE_SIZES if large else SIZES))


async def _measure(console: Console, stage: Stage, sizes: tuple[int, int]) -> None:
    import_id = await asyncio.to_thread(upload_roster, stage)
    path = f"/identity/v1/roster-imports/{import_id}/apply"
    applied = await asyncio.to_thread(stage.yizhan.call, "POST", path, client="poverty-office")
    applied.raise_for_status()
    await stage.quiet()
    await asyncio.to_thread(make_template, stage)
    encounters = await _discharged(stage, WARM + ROUNDS * PER_ROUND)
    sides: dict[str, Side] = {}
    processes: list[ServiceProcess] = []
    token = stage.yizhan.token("hospital")
    try:
        for number, size in enumerate(sizes, start=1):
            process = await asyncio.to_thread(ServiceProcess, stage, number)
            await process.copy()
            await multiply(plain_dsn(process.urls["claims"]), size)
            await asyncio.to_thread(process.start, "claims")
            processes.append(process)
            sides[f"{size:,} stored"] = Side(process.port, process.pid, token)
        for side in sides.values():
            warm = map(settle, encounters[:WARM])
            await fire(side.port, token, warm, concurrency=CONCURRENCY, expect={201})
        rest = [settle(each) for each in encounters[WARM:]]
        batches = [
            dict.fromkeys(sides, rest[number * PER_ROUND : (number + 1) * PER_ROUND])
            for number in range(ROUNDS)
        ]
        found = await compare(sides, batches, expect={201}, quiet=stage.quiet)
    finally:
        for process in processes:
            process.stop()
    table = Table(title=f"POST …/settlement, claims' own process, {CONCURRENCY} connections")
    for column in ("settlements", "requests/s", "p50 ms", "p95 ms", "of the few"):
        table.add_column(column, justify="right")
    few = next(iter(sides))
    for name in sides:
        ratios = found.ratios(name, few)
        table.add_row(
            name,
            f"{found.median(lambda r: r.per_second, name):.0f}",
            f"{found.median(lambda r: r.elapsed_ms(0.5), name):.0f}",
            f"{found.median(lambda r: r.elapsed_ms(0.95), name):.0f}",
            ""
            if name == few
            else f"{statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})",
        )
    console.print(table)


async def _discharged(stage: Stage, count: int) -> list[str]:
    """Encounters of different people, ready to be settled."""
    token = stage.yizhan.token("hospital")
    visits = [stage.recognition(f"STORED-{n}", n + 1) for n in range(count)]
    await fire(stage.yizhan.port, token, visits, concurrency=CONCURRENCY, expect={200})
    await stage.quiet()
    encounters = [
        str(each)
        for each in await stage.values("claims", "SELECT id FROM encounters WHERE status = 'open'")
    ]
    for requests in charge_and_discharge(encounters):
        await fire(stage.yizhan.port, token, requests, concurrency=CONCURRENCY, expect={200, 201})
    await stage.quiet()
    return encounters
