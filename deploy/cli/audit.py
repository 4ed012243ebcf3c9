"""``yizhan audit``: is the record of who saw and decided what still whole?"""

from __future__ import annotations

import asyncio

import typer
from rich.table import Table

from deploy.cli.console import console
from deploy.cli.reach import each_database
from shared.db.session import Database
from shared.security import audit as audit_log

app = typer.Typer(no_args_is_help=True, add_completion=False)


@app.callback()
def _group() -> None:
    """Keep ``verify`` a command of its own."""


@app.command()
def verify() -> None:
    """Recompute every service's chain; ends with 1 when a row was changed, removed or reordered."""
    with each_database() as databases:
        verdicts = asyncio.run(_verify(databases))
    table = Table("service", "rows sealed", "not sealed yet", "verdict")
    for service, verdict in verdicts.items():
        state = "whole" if verdict.sound else "; ".join(verdict.faults)
        table.add_row(service, str(verdict.rows), str(verdict.unsealed), state)
    console.print(table)
    if not all(verdict.sound for verdict in verdicts.values()):
        raise typer.Exit(1)


async def _verify(databases: dict[str, str]) -> dict[str, audit_log.AuditVerdict]:
    verdicts: dict[str, audit_log.AuditVerdict] = {}
    for service, url in databases.items():
        database = Database(url, service=service)
        try:
            async with database.reading() as session:
                verdicts[service] = await audit_log.verify(session)
        finally:
            await database.close()
    return verdicts
