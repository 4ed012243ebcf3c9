"""``yizhan users``: the people who sign in to the screens."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from deploy.cli.console import console, users_file_of
from shared.runtime.settings import RuntimeSettings
from shared.security.users import UsersFile, UsersFileMalformed, UserThere, UserUnknown

app = typer.Typer(no_args_is_help=True, add_completion=False)

Name = Annotated[str, typer.Argument(help="the user's name, such as window-2")]


def _users() -> UsersFile:
    path = users_file_of(RuntimeSettings())
    if not path.exists():
        console.print(
            f"There is no users file at {path}: start once with `yizhan run`, or name it with "
            "YIZHAN_USERS_FILE.",
            soft_wrap=True,
        )
        raise typer.Exit(1)
    return UsersFile(path)


@app.command("list")
def list_users() -> None:
    """Show each user, who it is, organisation, state and scopes; never a password."""
    table = Table("user", "who", "organisation", "state", "scopes")
    for user in _users().all().values():
        state = "disabled" if user.disabled else ("first password" if user.must_change else "open")
        table.add_row(
            user.name, user.name_zh, user.organisation, state, " ".join(sorted(user.scopes))
        )
    console.print(table)


@app.command()
def add(
    name: Name,
    name_zh: Annotated[str, typer.Option(help="who this is, as the screens show it")],
    organisation: Annotated[str, typer.Option(help="region:…, facility:… or township:…")],
    scope: Annotated[list[str], typer.Option(help="a right; repeat for several")],
    name_en: Annotated[str, typer.Option(help="the same in English")] = "",
) -> None:
    """Add a user and print the first password once; he must change it."""
    try:
        password = _users().add(
            name, name_zh=name_zh, name_en=name_en, scopes=scope, organisation=organisation
        )
    except (UserThere, UsersFileMalformed) as error:
        console.print(str(error), soft_wrap=True, markup=False)
        raise typer.Exit(1) from None
    console.print(f"{name}: {password}", soft_wrap=True)


@app.command("set-password")
def set_password(name: Name) -> None:
    """Draw a new first password and print it once; the user's sessions end at once."""
    try:
        console.print(f"{name}: {_users().reset_password(name)}", soft_wrap=True)
    except UserUnknown as error:
        console.print(str(error))
        raise typer.Exit(1) from None


@app.command()
def disable(name: Name) -> None:
    """Close an account; its sessions end at the next click."""
    try:
        _users().disable(name)
    except UserUnknown as error:
        console.print(str(error))
        raise typer.Exit(1) from None
    console.print(f"{name} is disabled")


@app.command()
def enable(name: Name) -> None:
    """Open a closed account again, with its old password."""
    try:
        _users().enable(name)
    except UserUnknown as error:
        console.print(str(error))
        raise typer.Exit(1) from None
    console.print(f"{name} is open again")
