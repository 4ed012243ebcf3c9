"""``yizhan identity``: work on the register by the operator."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar
from rich.table import Table

from deploy.cli.console import console, data_dir_of, reach_databases
from deploy.embedded.host import prepare_files
from services.identity.batch.service import MOST_ROWS, Progress, Result, match_file
from services.identity.batch.workbook import GRADES
from services.identity.module import MODULE
from shared.clock import SystemClock
from shared.http.problem import Problem
from shared.observability.logging import configure as configure_logging
from shared.runtime.build import SettingMissing, build_context, region_of
from shared.runtime.database import database_settings
from shared.runtime.settings import RuntimeSettings
from shared.security.principal import Principal
from shared.security.scopes import SCOPES

app = typer.Typer(help="The register: match a list of visits.", no_args_is_help=True)

_OPERATOR = "cli:operator"


@app.callback()
def _group() -> None:
    """Keeps ``match`` a word of its own while it is the only command."""


@app.command()
def match(
    visits: Annotated[Path, typer.Argument(help="an .xlsx list of visits", exists=True)],
    out: Annotated[
        Path | None, typer.Option(help="where the result goes; beside the list when left out")
    ] = None,
    english: Annotated[bool, typer.Option("--english", help="words of the result")] = False,
) -> None:
    """Grade every row of a list of visits; the columns stay, nothing is recorded as a visit."""
    target = out or visits.with_name(f"{visits.stem}-matched.xlsx")
    if target.exists() and out is None:
        console.print(f"{target} exists; name another file with --out", soft_wrap=True)
        raise typer.Exit(1)
    content = visits.read_bytes()
    try:
        with _showing() as (progress, moved):
            result = _match(content, english=english, progress=progress, moved=moved)
    except Problem as problem:
        for fault in problem.errors:
            console.print(f"{fault.message}\n{fault.message_zh}", soft_wrap=True, markup=False)
        if not problem.errors:
            console.print(f"{problem.detail}\n{problem.title_zh}", soft_wrap=True, markup=False)
        raise typer.Exit(1) from None
    except SettingMissing as missing:
        console.print(str(missing), soft_wrap=True, markup=False)
        raise typer.Exit(1) from None
    _write(target, result.content)
    console.print(_table(result))
    console.print(
        f"written to {target} (mode 0600: it tells who is on the register)", soft_wrap=True
    )


def _write(target: Path, content: bytes) -> None:
    """For the owner alone, from its first byte."""
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(content)


def _match(
    content: bytes, *, english: bool, progress: Progress, moved: Callable[[], None]
) -> Result:
    settings = RuntimeSettings()
    # The bar has the screen to itself; what is wrong is still told.
    configure_logging(json=settings.log_json, level="warning", stream=sys.stderr)
    region = region_of(settings).region_code
    caller = Principal(_OPERATOR, f"region:{region}", frozenset(SCOPES))

    async def work(url: str, told: RuntimeSettings) -> Result:
        context = build_context(MODULE, told, url=url, clock=SystemClock(), pool_size=2)
        try:
            return await match_file(
                context,
                caller,
                content,
                max_rows=MOST_ROWS,
                english=english,
                progress=progress,
                moved=moved,
            )
        finally:
            await context.db.close()

    if "IDENTITY_DATABASE_URL" in os.environ:
        return asyncio.run(work(database_settings("identity")[0], settings))
    with reach_databases() as databases:
        files = prepare_files(data_dir_of(settings), settings, region, SystemClock())
        return asyncio.run(work(databases.url("identity"), files))


@contextmanager
def _showing() -> Iterator[tuple[Progress, Callable[[], None]]]:
    """A bar that moves with the rows."""
    progress = Progress()
    bar = Bar(
        TextColumn("  {task.description:<10}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
    )
    task = bar.add_task(progress.stage, total=None)

    def moved() -> None:
        bar.update(
            task,
            description=progress.stage,
            completed=progress.done,
            total=progress.total or None,
        )

    with bar:
        yield progress, moved


def _table(result: Result) -> Table:
    table = Table("grade", "rows", "%")
    for grade, (chinese, english) in GRADES.items():
        count = result.grades.get(grade or "unasked", 0)
        table.add_row(f"{chinese} {english}", f"{count:,}", f"{100 * count / result.rows:.1f}")
    table.add_row("合计 total", f"{result.rows:,}", "")
    return table
