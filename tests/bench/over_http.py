"""The two calls on which a window waits, against hand-written endpoints that write the same rows.

Twice: served by one service's own process, as the cluster runs it, which is the same layout as the
baseline's; and by the one process of ``make run``, which publishes, handles and projects the events
of the calls while it answers the next ones.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench.client import Request, fire
from tests.bench.measures import (
    CONCURRENCY,
    ROUNDS,
    Comparison,
    Side,
    compare,
    dashboard_latencies,
    event_throughput,
    memory_of,
    quantile,
)
from tests.bench.stage import (
    ROSTER,
    BaselineProcess,
    ServiceProcess,
    SideProcess,
    Stage,
    charge_and_discharge,
    make_template,
    product_on_postgres,
    upload_roster,
)

WARM = 64
SAMPLES = 24
MOST_PER_ROUND = 600
SETTLED_PER_ROUND = 40
SERVICE, RUN, BASELINE = "service's process", "make run", "baseline"

console = Console()
Batches = list[dict[str, list[Request]]]


class Bench:
    """The measurements in their order; each leaves the stage ready for the next."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.began = time.monotonic()
        self.beside: dict[str, SideProcess] = {}
        self.next_visit = 0

    def say(self, text: str) -> None:
        console.print(f"[dim]{time.monotonic() - self.began:5.1f} s[/]  {text}")

    async def run(self) -> None:
        stage = self.stage
        self.say(f"registering {ROSTER:,} people; their events go to three services")
        import_id = await asyncio.to_thread(upload_roster, stage)
        told = await event_throughput(stage, lambda: self._apply(import_id))
        await asyncio.to_thread(make_template, stage)
        await stage.quiet()

        await self._start_beside("identity", 1)
        self.say(f"recognitions, {ROUNDS} rounds a side, {CONCURRENCY} connections")
        recognitions = await self._recognitions()
        self.say("recognition to dashboard")
        seen = await dashboard_latencies(
            stage, self._visits("LIVE", SAMPLES), "recognitions", expect=200
        )
        await stage.quiet()

        self.say("charging and discharging, for the settlements")
        encounters = await self._dischargeable()
        await self._start_beside("claims", 2)
        self.say(f"settlements, {ROUNDS} rounds a side, {CONCURRENCY} connections")
        settlements = await self._settlements(encounters)
        self.say("settlement to dashboard")
        settled_seen = await dashboard_latencies(
            stage,
            [settle(each) for each in encounters[-SAMPLES:]],
            "settled_visits",
            expect=201,
        )
        self.stop()
        self.say("done")

        show_comparison({"POST /recognitions": recognitions, "POST …/settlement": settlements})
        _show_latencies({"recognition → dashboard": seen, "settlement → dashboard": settled_seen})
        console.print(
            f"events: {told.events:,} written in one transaction, {told.deliveries:,} deliveries"
            f" to three services in {told.seconds:.1f} s:"
            f" [bold]{told.events / told.seconds:,.0f} events/s[/]"
            f" ({told.deliveries / told.seconds:,.0f} handled/s)"
        )

    async def _start_beside(self, service: str, number: int) -> None:
        """The other sides, each on a copy of what the product holds now."""
        self.stop()
        for name, kind in ((SERVICE, ServiceProcess), (BASELINE, BaselineProcess)):
            side = await asyncio.to_thread(kind, self.stage, number)
            await side.copy()
            await asyncio.to_thread(side.start, service)
            self.beside[name] = side

    def stop(self) -> None:
        for side in self.beside.values():
            side.stop()
        self.beside.clear()

    def _sides(self) -> dict[str, Side]:
        process = self.stage.yizhan.process
        assert process is not None
        token = self.stage.yizhan.token("hospital")
        beside = {name: Side(side.port, side.pid, token) for name, side in self.beside.items()}
        return {RUN: Side(self.stage.yizhan.port, process.pid, token), **beside}

    def _apply(self, import_id: str) -> None:
        answer = self.stage.yizhan.call(
            "POST", f"/identity/v1/roster-imports/{import_id}/apply", client="poverty-office"
        )
        answer.raise_for_status()

    def _visits(self, prefix: str, count: int) -> list[Request]:
        first = self.next_visit
        self.next_visit += count
        return [self.stage.recognition(f"{prefix}-{n}", n) for n in range(first, first + count)]

    async def _recognitions(self) -> Comparison:
        stage, token, sides = self.stage, self.stage.yizhan.token("hospital"), self._sides()
        for side in sides.values():
            warm = await fire(
                side.port,
                token,
                self._visits("WARM", WARM),
                concurrency=CONCURRENCY,
                expect={200},
            )
        await stage.quiet()
        # A round of the fastest side lasts a good second.
        count = max(SETTLED_PER_ROUND, min(MOST_PER_ROUND, int(warm.per_second * 1.5)))
        batches: Batches = [
            {name: self._visits("V", count) for name in sides} for _ in range(ROUNDS)
        ]
        return await compare(sides, batches, expect={200}, quiet=stage.quiet)

    async def _dischargeable(self) -> list[str]:
        """Encounters of different people that the rounds opened, made ready; copied for all."""
        stage, token = self.stage, self.stage.yizhan.token("hospital")
        wanted = WARM + ROUNDS * SETTLED_PER_ROUND + SAMPLES
        encounters = [
            str(each)
            for each in await stage.values(
                "claims",
                "SELECT min(id::text) FROM encounters WHERE status = 'open'"
                " GROUP BY person_id ORDER BY 1 LIMIT $1",
                wanted,
            )
        ]
        for requests in charge_and_discharge(encounters):
            await fire(
                stage.yizhan.port, token, requests, concurrency=CONCURRENCY, expect={200, 201}
            )
        await stage.quiet()
        return encounters

    async def _settlements(self, encounters: list[str]) -> Comparison:
        token, sides = self.stage.yizhan.token("hospital"), self._sides()
        rest = encounters[:-SAMPLES]
        count = min(SETTLED_PER_ROUND, (len(rest) - CONCURRENCY) // ROUNDS)
        warm, rest = rest[: -ROUNDS * count], rest[-ROUNDS * count :]
        for side in sides.values():
            await fire(side.port, token, map(settle, warm), concurrency=CONCURRENCY, expect={201})
        await self.stage.quiet()
        batches: Batches = []
        for number in range(ROUNDS):
            part = [settle(each) for each in rest[number * count : (number + 1) * count]]
            batches.append(dict.fromkeys(sides, part))
        return await compare(sides, batches, expect={201}, quiet=self.stage.quiet)


def settle(encounter_id: str) -> Request:
    return Request(f"/claims/v1/encounters/{encounter_id}/settlement", key=f"settle-{encounter_id}")


def show_comparison(comparisons: dict[str, Comparison]) -> None:
    console.print("\nover HTTP, against hand-written asyncpg endpoints that write the same rows:")
    table = Table()
    for name in ("", "", "requests/s", "p50 ms", "p95 ms", "CPU ms each", "of the baseline"):
        table.add_column(name, justify="right" if name else "left")
    for name, found in comparisons.items():
        for side in (BASELINE, SERVICE, RUN):
            ratios = found.ratios(side, BASELINE)
            table.add_row(
                name if side == BASELINE else "",
                side,
                f"{found.median(lambda r: r.per_second, side):.0f}",
                f"{found.median(lambda r: r.elapsed_ms(0.5), side):.0f}",
                f"{found.median(lambda r: r.elapsed_ms(0.95), side):.0f}",
                f"{statistics.median(found.cpu_ms[side]):.1f}",
                ""
                if side == BASELINE
                else f"{statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})",
            )
    console.print(table)


def _show_latencies(found: dict[str, list[float]]) -> None:
    for name, samples in found.items():
        console.print(
            f"{name}: [bold]p50 {quantile(samples, 0.5):.0f} ms, p95 {quantile(samples, 0.95):.0f}"
            f" ms[/], worst {samples[-1]:.0f} ms ({len(samples)} samples)"
        )


def run(to: Console, large: bool) -> None:
    """The part ``http``; its size is the same either way."""
    global console  # noqa: PLW0603 - one run at a time
    console = to
    with (
        tempfile.TemporaryDirectory(prefix="yizhan-bench-") as name,
        product_on_postgres(reachable(Path(name))) as stage,
    ):
        time.sleep(3)
        assert stage.yizhan.process is not None
        assert stage.server.pid is not None
        process, server = memory_of(stage.yizhan.process.pid), memory_of(stage.server.pid)
        bench = Bench(stage)
        try:
            asyncio.run(bench.run())
        except BaseException:
            console.print(stage.yizhan.log_tail(), markup=False)
            console.print(_end_of_log(stage), markup=False)
            raise
        finally:
            bench.stop()
        console.print(
            f"idle memory after the start, empty: [bold]{process.pss_mb + server.pss_mb:.0f} MB[/]"
            f" PSS ({process.rss_mb + server.rss_mb:.0f} MB RSS): one Python process"
            f" {process.pss_mb:.0f} MB, {server.processes} of PostgreSQL {server.pss_mb:.0f} MB"
        )


def _end_of_log(stage: Stage) -> str:
    lines = (stage.yizhan.data_dir / "yizhan.log").read_text().splitlines()
    return "\n".join([line for line in lines if "request_finished" not in line][-30:])


def reachable(folder: Path) -> Path:
    """Root's PostgreSQL runs under another account, which must be able to pass."""
    if os.geteuid() == 0:
        folder.chmod(0o711)
    return folder
