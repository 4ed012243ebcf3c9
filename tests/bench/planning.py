"""The night's plan of a county's tasks, a team's worklist, what is due at the window, an import.

Contracts alone on its own database, in this process; every statement durable as installed.
"""

from __future__ import annotations

import asyncio
import io
import itertools
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import httpx
import openpyxl
from rich.console import Console

from deploy.embedded.postgres import EmbeddedPostgres
from services.contracts.merges.repository import MERGES
from services.contracts.models import Person
from services.contracts.module import MODULE
from services.contracts.plans.repository import lock_many
from services.contracts.plans.service import plan_everyone
from services.contracts.programme.service import programme_of
from shared.clock import FixedClock
from shared.db.base import table_of
from shared.db.bulk import copy_rows
from shared.db.migrate import upgrade
from shared.db.session import Database
from shared.policy.region import load_region
from shared.runtime.context import ServiceContext
from shared.runtime.memory import settle
from shared.runtime.peers import Peers
from shared.runtime.settings import RuntimeSettings
from shared.security.crypto import Vault
from shared.security.tokens import TokenSigner
from tests.support.service import REGION, Running

PEOPLE, LARGE_PEOPLE = 20_000, 100_000
PANEL = 2_000
"""Persons of one team: those of the first township."""
ASKED = 500
ROWS, BAD = 5_000, 50
_LONGEST_S = 600
_CLERK_EVERY_S = 0.1
TOWNSHIP, TEAM = "金河镇", "H51111300202"


def run(console: Console, large: bool) -> None:
    """Print the figures."""
    people = LARGE_PEOPLE if large else PEOPLE
    with tempfile.TemporaryDirectory() as folder, EmbeddedPostgres(Path(folder) / "pg") as server:
        url = server.ensure_database("yizhan_contracts")
        upgrade(MODULE.name, MODULE.migrations, url)
        asyncio.run(_measure(console, Path(folder), url, people))


async def _measure(console: Console, folder: Path, url: str, people: int) -> None:
    clock = FixedClock(datetime(2016, 3, 10, 2, 0, tzinfo=UTC))
    signer = TokenSigner.generate(folder / "token.json", clock=clock)
    context = ServiceContext(
        module=MODULE,
        settings=RuntimeSettings(),
        db=Database(url, service=MODULE.name),
        vault=Vault.generate(folder / "keys.json"),
        clock=clock,
        tokens=signer.verifier(),
        region=load_region("jinkouhe-2016"),
        peers=Peers({}),
    )
    settle()
    # Everyone has a task a year, as where the free check-up is promised (XB-22).
    context.state["contracts.programme"] = programme_of(context).model_copy(
        update={"not_offered": ()}
    )
    try:
        async with context.db.writing() as session:
            await copy_rows(session, table_of(Person), [_person(at) for at in range(people)])
        for night in ("first night", "night without change"):
            waits: list[float] = []
            clerk = asyncio.create_task(_clerk(context, people, waits))
            began, worked = time.perf_counter(), time.process_time()
            planned = await plan_everyone(context)
            taken, here = time.perf_counter() - began, time.process_time() - worked
            clerk.cancel()
            waits.sort()
            console.print(
                f"plan of {people:,} people, {night}: {taken:.1f} s, {here:.1f} s of it the"
                f" service's processor, {planned.made:,} tasks made; a clerk's change of a person"
                f" meanwhile: median {waits[len(waits) // 2]:.0f} ms, longest {waits[-1]:.0f} ms"
            )
        async with Running(context, signer, clock).client() as client:

            async def worklist() -> Any:
                return await client.get(
                    "/contracts/v1/worklist", params={"doctor": TEAM, "limit": 200}
                )

            async def due() -> Any:
                asked.append(len(asked))
                body = {"person_id": f"P{asked[-1] * 7 % people:06d}"}
                return await client.post("/contracts/v1/due-at-this-visit", json=body)

            asked: list[int] = []
            await _timed(console, f"worklist of a panel of {PANEL:,}, 200 a page", worklist, 100)
            await _timed(console, "due-at-this-visit", due, ASKED)
            await _imported(console, client)
    finally:
        await context.db.close()


async def _clerk(context: ServiceContext, people: int, waits: list[float]) -> None:
    """Hold one person after the other, as whatever changes something about him does."""
    for at in itertools.count():
        began = time.perf_counter()
        async with context.db.writing() as session:
            await MERGES.hold(session)
            await lock_many(session, [f"P{at * 97 % people:06d}"])
        waits.append((time.perf_counter() - began) * 1000)
        await asyncio.sleep(_CLERK_EVERY_S)


async def _imported(console: Console, client: httpx.AsyncClient) -> None:
    """A workbook tried, imported, sent once more and taken back."""
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.append(["person_id", "signed_on"])
    for at in range(ROWS):
        sheet.append([f"P{at:06d}" if at % (ROWS // BAD) else "nobody", date(2016, 1, 5)])
    content = io.BytesIO()
    book.save(content)
    import_id = ""

    async def send(dry_run: str) -> Any:
        return await client.post(
            "/contracts/v1/imports",
            data={"dry_run": dry_run},
            files={"file": ("contracts.xlsx", content.getvalue())},
            timeout=_LONGEST_S,
        )

    async def undo() -> Any:
        return await client.post(f"/contracts/v1/imports/{import_id}/undo", timeout=_LONGEST_S)

    for name, act, told in (
        ("tried", lambda: send("true"), "accepted"),
        ("imported", lambda: send("false"), "accepted"),
        ("sent again", lambda: send("false"), "unchanged"),
        ("taken back", undo, "accepted"),
    ):
        began, worked = time.perf_counter(), time.process_time()
        answer = await act()
        taken, here = time.perf_counter() - began, time.process_time() - worked
        assert answer.is_success, answer.text
        if name == "imported":
            import_id = answer.json()["import_id"]
        console.print(
            f"workbook of {ROWS:,} contracts, {BAD} bad, {name}: {taken:.1f} s,"
            f" {here:.1f} s of it the service's processor; {told} {answer.json()[told]:,}"
        )


async def _timed(
    console: Console, name: str, ask: Callable[[], Awaitable[Any]], times: int
) -> None:
    taken = []
    for _ in range(times + 1):
        began = time.perf_counter()
        answer = await ask()
        taken.append((time.perf_counter() - began) * 1000)
        assert answer.status_code == 200, answer.text
    # The first one makes the service's routes and puts its statements together, once a process.
    first, *others = taken
    others.sort()
    console.print(
        f"{name}: median {others[times // 2]:.1f} ms, p99 {others[times * 99 // 100]:.1f} ms;"
        f" the first of the process {first:.0f} ms"
    )


def _person(at: int) -> dict[str, Any]:
    return {
        "person_id": f"P{at:06d}",
        "region": REGION,
        "household_id": f"H{at // 3:06d}",
        "township": TOWNSHIP if at < PANEL else "永和镇",
        "village": f"第{at // 100 % 120}村",
        "birth_year": 1930 + at % 80,
        "categories": [{"code": "registered_poor", "valid_from": "2015-01-01", "valid_to": None}],
        "registered": True,
        "reason": None,
        "effective_on": date(2015, 1, 1),
        "sequence": 1,
    }
