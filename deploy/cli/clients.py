"""``yizhan clients``: who may call, and with which rights."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from deploy.cli.console import clients_file_of, console, end
from shared.runtime.settings import RuntimeSettings
from shared.security.assertions import KeysRefused, public_keys
from shared.security.clients import ClientsFile, ClientsFileMalformed, ClientThere, ClientUnknown

app = typer.Typer(no_args_is_help=True, add_completion=False)

Name = Annotated[str, typer.Argument(help="the client's id, such as hospital-2")]


def _clients() -> ClientsFile:
    path = clients_file_of(RuntimeSettings())
    if not path.exists():
        console.print(f"There is no clients file at {path}: start once with `yizhan run`.")
        raise typer.Exit(1)
    return ClientsFile(path)


@app.command("list")
def list_clients() -> None:
    """Show each client, its organisation and scopes; never a secret."""
    table = Table("client", "organisation", "scopes")
    for client in _clients().all().values():
        table.add_row(client.client_id, client.organisation, " ".join(sorted(client.scopes)))
    console.print(table)


@app.command()
def add(
    name: Name,
    organisation: Annotated[str, typer.Option(help="region:…, facility:… or township:…")],
    scope: Annotated[list[str], typer.Option(help="a right; repeat for several")],
    jwks: Annotated[
        Path | None,
        typer.Option(help="its public keys (a JWK set): it signs with them and gets no secret"),
    ] = None,
) -> None:
    """Add a client and print its secret once; with --jwks, one that signs instead."""
    try:
        keys = public_keys(jwks.read_bytes()) if jwks is not None else None
        secret = _clients().add(name, scopes=scope, organisation=organisation, jwks=keys)
    except OSError as error:
        end(f"{jwks} cannot be read: {error.strerror}")
    except (ClientThere, ClientsFileMalformed, KeysRefused) as error:
        end(str(error))
    console.print(f"{name}: {secret or 'signs with its own key'}", soft_wrap=True)


@app.command()
def rotate(name: Name) -> None:
    """Give a client a new secret; the old one stops at once."""
    try:
        console.print(f"{name}: {_clients().rotate(name)}", soft_wrap=True)
    except ClientUnknown as error:
        console.print(str(error))
        raise typer.Exit(1) from None


@app.command()
def remove(name: Name) -> None:
    """Take a client away; its tokens run out within half an hour."""
    try:
        _clients().remove(name)
    except ClientUnknown as error:
        console.print(str(error))
        raise typer.Exit(1) from None
    console.print(f"{name} is removed")
