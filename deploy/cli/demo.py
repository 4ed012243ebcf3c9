"""``yizhan demo``: the demonstration county, against a running server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated

import httpx
import typer
from rich.live import Live
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table

from deploy.cli.console import clients_file_of, console
from deploy.demo.load import Callers, load_county, secrets_of
from deploy.demo.traffic import Hospitals, Tally, play
from shared.clock import SystemClock
from shared.runtime.build import region_of
from shared.runtime.settings import RuntimeSettings

app = typer.Typer(no_args_is_help=True, add_completion=False)

BaseUrl = Annotated[str | None, typer.Option(help="the server; default http://127.0.0.1:8000")]


def _address(settings: RuntimeSettings, base_url: str | None) -> str:
    return base_url or f"http://{settings.host}:{settings.port}"


@app.command()
def load(base_url: BaseUrl = None) -> None:
    """Feed the county's half-year through the HTTP interface; may be repeated without doubling."""
    settings = RuntimeSettings()

    async def body(show: Callable[[str, int, int], None]) -> None:
        async with httpx.AsyncClient(base_url=_address(settings, base_url), timeout=120) as http:
            callers = Callers.of(http, secrets_of(clients_file_of(settings)))
            await load_county(callers, region_of(settings), show)

    with stages() as show:
        asyncio.run(body(show))


@app.command()
def traffic(
    rate: Annotated[float, typer.Option(help="patients per second, on average")] = 2.0,
    duration: Annotated[
        float | None, typer.Option(help="seconds; until Ctrl-C if left out")
    ] = None,
    base_url: BaseUrl = None,
) -> None:
    """Play the county's hospitals in real time; watch the page move."""
    settings = RuntimeSettings()
    address = _address(settings, base_url)
    hospitals = Hospitals(region_of(settings), SystemClock())

    async def body(watch: Callable[[Tally], None]) -> Tally:
        async with httpx.AsyncClient(base_url=address, timeout=30) as http:
            secrets = secrets_of(clients_file_of(settings))
            return await play(http, secrets, hospitals, watch, rate_per_s=rate, duration_s=duration)

    console.print(f"Hospitals send patients to {address}; Ctrl-C ends it.")
    with Live(console=console, refresh_per_second=4) as live:
        try:
            live.update(_table(asyncio.run(body(lambda tally: live.update(_table(tally))))))
        except KeyboardInterrupt:
            console.print("ended")


def _table(tally: Tally) -> Table:
    table = Table("arrived", "settled", "refused", "grades", "last visit: total / patient pays")
    grades = "  ".join(f"{grade} {count}" for grade, count in sorted(tally.grades.items()))
    refused = str(tally.refused) + "".join(f" {code}" for code in tally.problems)
    table.add_row(str(tally.arrived), str(tally.settled), refused, grades, tally.last)
    return table


@contextmanager
def stages() -> Iterator[Callable[[str, int, int], None]]:
    """A progress bar per stage of the loading; gives the function that moves them."""
    progress = Progress(
        TextColumn("  {task.description:<28}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
    )
    tasks: dict[str, TaskID] = {}

    def show(stage: str, done: int, total: int) -> None:
        if stage not in tasks:
            tasks[stage] = progress.add_task(stage, total=total)
        progress.update(tasks[stage], completed=done, total=total)

    if console.is_terminal:
        with progress:
            yield show
    else:
        yield _line_by_line()


def _line_by_line() -> Callable[[str, int, int], None]:
    """Progress where no bar can be drawn (a log, a pipe): a line at every tenth of a stage."""
    told: dict[str, int] = {}

    def show(stage: str, done: int, total: int) -> None:
        tenth = 10 * done // total if total else 10
        if told.get(stage) != tenth:
            told[stage] = tenth
            console.print(f"  {stage}: {done} of {total}", soft_wrap=True)

    return show
