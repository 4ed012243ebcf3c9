"""Reporting made again from the services' event stores: time, memory, the same rows.

The feeds are the product's own, over their HTTP interface in this process; PostgreSQL as installed.
Goals, with everything on one core: 2,000 events a second, ten minutes for a million, memory that
does not grow with the number, and the county's page answered meanwhile.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import asyncpg
import httpx
from rich.console import Console

from deploy.embedded.postgres import EmbeddedPostgres
from services.claims.module import MODULE as CLAIMS
from services.contracts.module import MODULE as CONTRACTS
from services.identity.module import MODULE as IDENTITY
from services.reporting.figures.keeping import keep_sums
from services.reporting.models import PROJECTIONS
from services.reporting.module import MODULE as REPORTING
from services.reporting.rebuild.service import rebuild
from shared.clock import FixedClock
from shared.db.migrate import upgrade
from shared.db.session import Database
from shared.policy.region import load_region
from shared.runtime.asgi import root_app
from shared.runtime.context import ServiceContext
from shared.runtime.peers import Peers
from shared.runtime.settings import RuntimeSettings
from shared.security.crypto import Vault
from shared.security.scopes import SCOPES
from shared.security.tokens import TokenSigner
from tests.bench.county_events import PRODUCERS, store, told
from tests.bench.over_http import reachable
from tests.support.postgres import plain_dsn
from tests.support.service import Running, envelope

SIZE, LARGE_SIZE = 20_000, 1_000_000
_MODULES = (IDENTITY, CLAIMS, CONTRACTS, REPORTING)
_LOOK_EVERY_S = 0.5
_VIEWERS, _VIEWS, _EVENTS_PER_S = 4, 10, 20
_SINCE = 1_000
"""Events of persons who are known already."""
_SPOILT = (
    "DELETE FROM encounters WHERE right(encounter_id, 1) = '3'",
    "UPDATE settlements SET total_fen = total_fen + 1 WHERE right(encounter_id, 1) = '1'",
    "DELETE FROM happenings WHERE right(event_id::text, 1) = '7'",
)


def run(console: Console, large: bool) -> None:
    """The part ``rebuild``."""
    with (
        tempfile.TemporaryDirectory(prefix="yizhan-bench-") as name,
        EmbeddedPostgres(reachable(Path(name)) / "pg") as server,
    ):
        urls = {each.name: server.ensure_database(f"yizhan_{each.name}") for each in _MODULES}
        for module in _MODULES:
            upgrade(module.name, module.migrations, urls[module.name])
        asyncio.run(_measure(console, Path(name), urls, LARGE_SIZE if large else SIZE))


@asynccontextmanager
async def county(folder: Path, urls: dict[str, str]) -> AsyncIterator[Running]:
    """Reporting, with the three services whose feeds it reads in the same process."""
    clock = FixedClock(datetime(2016, 7, 1, 2, 0, tzinfo=UTC))
    signer = TokenSigner.generate(folder / "token.json", clock=clock)
    vault = Vault.generate(folder / "keys.json")
    contexts = {
        module.name: ServiceContext(
            module=module,
            settings=RuntimeSettings(),
            db=Database(urls[module.name], service=module.name),
            vault=vault,
            clock=clock,
            tokens=signer.verifier(),
            region=load_region("jinkouhe-2016"),
            peers=Peers({}),
        )
        for module in _MODULES
    }
    reporting = Running(contexts["reporting"], signer, clock)
    region = reporting.context.region.region_code
    bearer = signer.sign(client_id="reporting", organisation=f"region:{region}", scopes=[*SCOPES])
    reporting.context.peers = Peers(
        {
            name: httpx.AsyncClient(
                transport=httpx.ASGITransport(app=root_app([contexts[name]])),
                base_url="http://county",
                headers={"authorization": f"Bearer {bearer}"},
            )
            for name in PRODUCERS
        }
    )
    try:
        yield reporting
    finally:
        await reporting.context.peers.close()
        for context in contexts.values():
            await context.db.close()


async def _measure(console: Console, folder: Path, urls: dict[str, str], size: int) -> None:
    began = time.perf_counter()
    positions = await store({name: plain_dsn(urls[name]) for name in PRODUCERS}, size)
    console.print(
        f"{size:,} events stored in {time.perf_counter() - began:.0f} s: "
        + ", ".join(f"{name} {count:,}" for name, count in positions.items())
    )
    async with county(folder, urls) as reporting:
        own = plain_dsn(urls["reporting"])
        await _rebuilt(console, reporting, "from nothing", size)
        first = await _digests(own)
        await _rebuilt(console, reporting, "again", size)
        assert await _digests(own) == first, "made again, the rows differ"
        await _run(own, *_SPOILT)
        assert await _digests(own) != first
        await _rebuilt(console, reporting, "after rows were spoilt by hand", size)
        assert await _digests(own) == first, "what was spoilt was not put right"
        console.print("the rows are the same each time, table by table")
        for path in ("/reporting/v1/dashboard", "/"):
            await _viewed(console, reporting, path)


async def _rebuilt(console: Console, reporting: Running, name: str, size: int) -> None:
    """Rebuild while somebody looks at the county's figures."""
    looks: list[float] = []
    memory = [_memory_mb()]
    watching = [
        asyncio.create_task(_look(reporting, looks)),
        asyncio.create_task(_weigh(memory)),
    ]
    began, worked = time.perf_counter(), time.process_time()
    try:
        result = await rebuild(reporting.context)
    finally:
        for each in watching:
            each.cancel()
        await asyncio.gather(*watching, return_exceptions=True)
    taken, here = time.perf_counter() - began, time.process_time() - worked
    assert result.events == size
    console.print(
        f"rebuilt {name}: {taken:.1f} s, {size / taken:,.0f} events/s; {here:.1f} s of processor"
        f" time here, feeds and looks included; {result.deleted:,} rows deleted,"
        f" {result.written:,} written; memory {memory[0]:.0f} MB before,"
        f" at most {max(memory):.0f} MB; the dashboard meanwhile {_told(looks)}"
    )


async def _viewed(console: Console, reporting: Running, path: str) -> None:
    """Several viewers at once while events come in and sums are kept, all in this process."""
    taken: list[float] = []
    handled: list[float] = []

    async def view() -> None:
        async with reporting.client() as client:
            for _ in range(_VIEWS):
                began = time.perf_counter()
                answer = await client.get(path, timeout=600)
                assert answer.status_code == 200, answer.text
                taken.append((time.perf_counter() - began) * 1000)

    async def events() -> None:
        for data, sequence, at in islice(told(), _SINCE, None):
            began = time.perf_counter()
            await reporting.deliver(envelope(data, sequence=sequence + 100, at=at))
            handled.append((time.perf_counter() - began) * 1000)
            await asyncio.sleep(1 / _EVENTS_PER_S)

    beside = [asyncio.create_task(events()), asyncio.create_task(keep_sums(reporting.context))]
    worked = time.process_time()
    await asyncio.gather(*(view() for _ in range(_VIEWERS)))
    here = time.process_time() - worked
    for each in beside:
        each.cancel()
    await asyncio.gather(*beside, return_exceptions=True)
    taken.sort()
    console.print(
        f"GET {path}, {_VIEWERS} viewers at once, up to {_EVENTS_PER_S} events/s: median"
        f" {statistics.median(taken):.0f} ms, p95 {taken[len(taken) * 95 // 100]:.0f} ms;"
        f" {len(handled)} events handled, median {statistics.median(handled):.0f} ms;"
        f" {here:.1f} s of processor time here"
    )


async def _look(reporting: Running, looks: list[float]) -> None:
    async with reporting.client() as client:
        while True:
            began = time.perf_counter()
            answer = await client.get("/reporting/v1/dashboard", timeout=600)
            assert answer.status_code == 200, answer.text
            looks.append(time.perf_counter() - began)
            await asyncio.sleep(_LOOK_EVERY_S)


async def _weigh(memory: list[float]) -> None:
    while True:
        await asyncio.sleep(_LOOK_EVERY_S)
        memory.append(_memory_mb())


def _told(looks: list[float]) -> str:
    if not looks:
        return "was not asked"
    return f"median {statistics.median(looks):.2f} s, longest {max(looks):.2f} s of {len(looks)}"


def _memory_mb() -> float:
    """What this process holds now."""
    status = Path("/proc/self/status").read_text()
    (held,) = (line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(held) / 1024


async def _digests(url: str) -> dict[str, str]:
    """A digest of each projection's rows, whatever their order."""
    connection = await asyncpg.connect(url)
    try:
        return {
            table.name: await connection.fetchval(
                "SELECT count(*) || ':' || coalesce(sum(hashtextextended(t::text, 0)), 0)"
                f" FROM {table.name} t",
                timeout=600,
            )
            for table in PROJECTIONS
        }
    finally:
        await connection.close()


async def _run(url: str, *statements: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement, timeout=600)
    finally:
        await connection.close()
