"""``yizhan reporting``: is a closed month still what the director signed?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.table import Table

from deploy.cli.console import console
from deploy.cli.in_service import in_service
from services.reporting.month_closes import file, signing
from services.reporting.month_closes.file import FileAltered, Verified
from shared.runtime.context import ServiceContext
from shared.security.principal import Principal

app = typer.Typer(help="The county's figures.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Keep ``verify-close`` a command of its own."""


@app.command("verify-close")
def verify_close(
    what: Annotated[str, typer.Argument(help="a signed file, or the id of a month close")],
    keys: Annotated[
        Path | None,
        typer.Option(help="public keys kept elsewhere (the answer of /month-close-keys)"),
    ] = None,
) -> None:
    """Verify a closed month; ends with 1 when a byte is not what was signed.

    A file needs neither service nor database. Without ``--keys`` the file's own word on its key is
    taken: compare the key that is shown with one that you know. An id is looked up in the
    database, where the key must be one of the region's.
    """
    path = Path(what)
    try:
        if path.is_file():
            trusted = None if keys is None else json.loads(keys.read_text("utf-8"))["keys"]
            _show(file.verify(path.read_bytes(), trusted), trusted=trusted is not None)
            return
        content, trusted = _stored(what)
        _show(file.verify(content, trusted), trusted=True)
    except FileAltered as fault:
        console.print(f"[red]NOT what was signed[/red]: {fault}")
        raise typer.Exit(1) from None


def _stored(close_id: str) -> tuple[bytes, list[dict[str, Any]]]:
    from services.reporting.module import MODULE

    try:
        wanted = UUID(close_id)
    except ValueError:
        raise typer.BadParameter("neither a file nor the id of a month close") from None

    async def look(context: ServiceContext, _: Principal) -> tuple[bytes, list[dict[str, Any]]]:
        async with context.db.reading() as session:
            return await signing.stored_file(session, context, wanted)

    return in_service(MODULE, look)


def _show(found: Verified, *, trusted: bool) -> None:
    table = Table(show_header=False)
    for name, value in (
        ("closing", found.number),
        ("month", found.month),
        ("rows", str(found.rows)),
        ("sha256", found.sha256),
        ("key", f"{found.kid} ({'known' if trusted else 'the file’s own word'})"),
        ("public key", str(found.key["x"])),
        ("verdict", "what was signed"),
    ):
        table.add_row(name, value)
    console.print(table)
