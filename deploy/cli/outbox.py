"""``yizhan outbox``: events that the bus refused for their size, kept back by the relay."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import typer
from rich.table import Table

from deploy.cli.console import console
from deploy.cli.reach import reached, with_session
from shared.messaging import set_aside

app = typer.Typer(no_args_is_help=True, add_completion=False)


@app.command("list")
def list_set_aside(
    service: Annotated[str | None, typer.Argument(help="one service; all when left out")] = None,
) -> None:
    """Show the events that were set aside because no broker took them."""
    table = Table("service", "id", "type", "subject", "bytes", "written", "reason")
    for name in (service,) if service else reached():
        for event in with_session(name, set_aside.list_set_aside):
            table.add_row(
                name,
                str(event.id),
                event.type,
                event.subject,
                str(event.payload_bytes),
                event.recorded_at.isoformat(timespec="seconds"),
                event.reason,
            )
    console.print(table if table.row_count else "no event is set aside")


@app.command()
def release(
    service: Annotated[str, typer.Argument(help="identity, claims, contracts or reporting")],
    event_id: Annotated[UUID, typer.Argument(help="the event's id, from `list`")],
) -> None:
    """Have the relay try one again, after the brokers' limit was raised (message.max.bytes)."""
    with_session(
        service,
        lambda session: set_aside.release(session, event_id),
        told=(set_aside.NotSetAside,),
    )
    console.print("it will be published by the service's worker")
