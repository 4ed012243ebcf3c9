"""``yizhan dead-letters``: events that a handler refused, and those that wait behind them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

import typer
from rich.table import Table

from deploy.cli.console import console
from deploy.cli.reach import reached, with_session
from shared.db.session import WriteSession
from shared.messaging import dead_letters

app = typer.Typer(no_args_is_help=True, add_completion=False)

T = TypeVar("T")
Service = Annotated[str, typer.Argument(help="identity, claims, contracts or reporting")]
Number = Annotated[int, typer.Argument(help="the dead letter's number, from `list`")]


def _with_session(service: str, work: Callable[[WriteSession], Awaitable[T]]) -> T:
    refusals = (dead_letters.NoSuchDeadLetter, dead_letters.NotDead)
    return with_session(service, work, told=refusals)


@app.command("list")
def list_open(
    service: Annotated[str | None, typer.Argument(help="one service; all when left out")] = None,
) -> None:
    """Show what is not resolved: retrying, dead, or waiting behind one of the same key."""
    table = Table("service", "no.", "status", "attempts", "type", "key", "error")
    for name in (service,) if service else reached():
        for letter in _with_session(name, dead_letters.list_open):
            table.add_row(
                name,
                str(letter.id),
                letter.status,
                str(letter.attempts),
                letter.type,
                letter.key,
                letter.error,
            )
    console.print(table if table.row_count else "no event waits")


@app.command()
def show(service: Service, number: Number) -> None:
    """Show one with its headers and data (which hold no direct identifier)."""
    letter = _with_session(service, lambda session: dead_letters.show(session, number))
    for name in ("status", "type", "topic", "key", "event_id", "attempts", "error", "created_at"):
        console.print(f"{name:<12} {getattr(letter, name)}", soft_wrap=True)
    console.print("headers")
    console.print_json(data=letter.headers)
    console.print("data")
    console.print(letter.payload.decode("utf-8", "replace"), soft_wrap=True, markup=False)


@app.command()
def resend(service: Service, number: Number) -> None:
    """Have a dead event tried again at once, then those that wait behind it."""
    _with_session(service, lambda session: dead_letters.resend(session, number))
    console.print("it will be tried again by the service's worker")


@app.command()
def discard(
    service: Service,
    number: Number,
    yes: Annotated[bool, typer.Option("--yes", help="do not ask")] = False,
) -> None:
    """Give a dead event up for good, unhandled; this cannot be undone."""
    if not yes:
        typer.confirm("The event will never be handled here. Go on?", abort=True)
    _with_session(service, lambda session: dead_letters.discard(session, number))
    console.print("discarded")
