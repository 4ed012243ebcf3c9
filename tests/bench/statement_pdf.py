"""The printed statement over the service's own interface: documents a second, one and two at once.

``python -m tests.bench.statement_pdf``
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from pathlib import Path

from rich.console import Console

from services.claims.module import MODULE
from shared.clock import FixedClock
from shared.observability.logging import configure as configure_logging
from shared.security.tokens import TokenSigner
from tests.integration.claims.county import NOW, Claims, claims_context, client_of, person
from tests.support.postgres import database
from tests.support.service import migrated

COUNT = 24


async def run(url: str, folder: Path, console: Console) -> None:
    clock = FixedClock(NOW)
    signer = TokenSigner.generate(folder / "token-key.json", clock=clock)
    context = claims_context(url, folder, signer, clock)
    try:
        async with client_of(context) as http:
            claims = Claims(context=context, signer=signer, http=http)
            await claims.deliver(person())
            made = []
            for _ in range(COUNT):
                visit = await claims.discharged(person_id="p-1")
                made.append((await claims.settled(visit["encounter_id"]))["settlement_id"])

            async def printed(settlement_id: str) -> int:
                answer = await claims.call("GET", f"/settlements/{settlement_id}/statement.pdf")
                assert answer.status_code == 200, answer.text
                assert answer.content.startswith(b"%PDF")
                return len(answer.content)

            size = await printed(made[0])
            for at_once in (1, 2):
                began = time.perf_counter()
                for first in range(0, COUNT, at_once):
                    await asyncio.gather(*map(printed, made[first : first + at_once]))
                rate = COUNT / (time.perf_counter() - began)
                console.print(f"statements, {at_once} at once: {rate:,.1f} PDF/s of {size:,} bytes")
    finally:
        await context.db.close()


def main(console: Console | None = None) -> None:
    out = console or Console()
    configure_logging(json=True, level="ERROR")
    out.print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    with (
        tempfile.TemporaryDirectory(prefix="yizhan-bench-") as name,
        database(migrated(MODULE)) as url,
    ):
        asyncio.run(run(url, Path(name), out))


if __name__ == "__main__":
    main()
