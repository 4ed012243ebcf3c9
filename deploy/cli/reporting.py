"""``yizhan reporting``: are the figures the ledger's and the rows', is a closed month what was signed?"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.table import Table

from deploy.cli.console import console
from deploy.cli.in_service import in_service
from deploy.cli.reach import as_operator
from services.reporting.figures import keeping
from services.reporting.month_closes import file, signing
from services.reporting.month_closes.file import FileAltered, Verified
from shared.money import fen_from_text, text_from_fen
from shared.runtime.context import ServiceContext
from shared.security.principal import Principal

app = typer.Typer(no_args_is_help=True, add_completion=False)

_TIMEOUT_S = 120


@app.command()
def reconcile(
    base_url: Annotated[str | None, typer.Option(help="the running server")] = None,
) -> None:
    """Compare what the figures say the patients paid with claims' ledger, facility by facility.

    Asks both services of the running server; ends with 1 when a fen differs. While events are on
    their way the ledger is ahead: ask again.
    """
    with as_operator(base_url, timeout_s=_TIMEOUT_S) as http:
        ledger = http.get("/claims/v1/ledger/trial-balance").raise_for_status().json()
        figures = http.get("/reporting/v1/dashboard").raise_for_status().json()
    table = Table("facility", "ledger", "figures", "difference")
    found = patients_paid(ledger["accounts"], figures["facilities"])
    for code, (booked, shown) in found.items():
        amounts = (text_from_fen(each) for each in (booked, shown, shown - booked))
        table.add_row(code, *amounts)
    console.print(table)
    if any(booked != shown for booked, shown in found.values()):
        console.print("[red]the figures are not the ledger's[/red]: ask again, then yizhan rebuild")
        raise typer.Exit(1)
    console.print("the figures are the ledger's, to the fen")


def patients_paid(
    accounts: Iterable[Mapping[str, Any]], facilities: Iterable[Mapping[str, Any]]
) -> dict[str, tuple[int, int]]:
    """What patients paid at each facility in fen: by the ledger, and by the figures.

    Only the patients' accounts tell it of all time: a fund's are lowered when it pays.
    """
    booked = {
        each["facility_code"]: fen_from_text(each["balance"])
        for each in accounts
        if each["kind"] == "patient"
    }
    shown = {each["code"]: fen_from_text(each["patient_pays"]) for each in facilities}
    return {code: (booked.get(code, 0), shown.get(code, 0)) for code in sorted(booked | shown)}


@app.command("check-sums")
def check_sums() -> None:
    """Compare the sums that are kept with the rows behind them; ends with 1 when one differs."""
    from services.reporting.module import MODULE

    async def look(context: ServiceContext, _: Principal) -> list[tuple[str, int, int]]:
        return await keeping.differences(context)

    found = in_service(MODULE, look)
    if not found:
        console.print("every kept sum is what its rows add up to")
        return
    table = Table("sum", "kept", "by the rows")
    for name, kept, counted in found:
        table.add_row(name, str(kept), str(counted))
    console.print(table)
    console.print("[red]kept sums are wrong[/red]: yizhan rebuild makes them anew")
    raise typer.Exit(1)


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
    # No table: a narrow terminal would cut the hash off, which is there to be compared.
    for name, value in (
        ("closing", found.number),
        ("month", found.month),
        ("rows", str(found.rows)),
        ("sha256", found.sha256),
        ("key", f"{found.kid} ({'known' if trusted else 'the file’s own word'})"),
        ("public key", str(found.key["x"])),
        ("verdict", "what was signed"),
    ):
        console.print(f"{name:<12}{value}", soft_wrap=True)
