"""``yizhan ledger``: is what was booked still what was booked?"""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from deploy.cli.console import console
from deploy.cli.reach import with_session
from services.claims.ledger import sealing
from services.claims.ledger.sealing import LedgerVerdict
from shared.clock import SystemClock
from shared.db.session import WriteSession
from shared.security.chain import Head

app = typer.Typer(no_args_is_help=True, add_completion=False)


@app.callback()
def _group() -> None:
    """Keep ``verify`` a command of its own."""


@app.command()
def verify(
    anchor: Annotated[
        list[str] | None,
        typer.Option(help="number:hash that an earlier verification printed; may be repeated"),
    ] = None,
) -> None:
    """Recompute the chain, each entry's balance and its equality with the settlement.

    Ends with 1 when an entry or a settlement was changed, removed or added behind the program's
    back. The newest entry's number and hash are noted in the audit log and printed; kept on paper,
    they show a later verification that nothing was cut off or written anew.
    """
    try:
        anchors = [Head.from_text(text) for text in anchor or ()]
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None

    async def work(session: WriteSession) -> LedgerVerdict:
        verdict = await sealing.verify(session, anchors)
        if verdict.sound and verdict.head is not None:
            await sealing.anchor(session, verdict.head, SystemClock().now())
        return verdict

    verdict = with_session("claims", work)
    table = Table("entries sealed", "not sealed yet", "verdict")
    table.add_row(
        str(verdict.entries),
        str(verdict.unsealed),
        "whole" if verdict.sound else "\n".join(verdict.faults),
    )
    console.print(table)
    if verdict.head is not None:
        console.print(f"anchor: {verdict.head}")
    if not verdict.sound:
        raise typer.Exit(1)
