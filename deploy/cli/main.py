"""``yizhan``: the command line for operators. ``yizhan --help`` lists everything."""

from __future__ import annotations

import importlib
import sys
import time
from pathlib import Path
from typing import Annotated, Any

import typer
import typer.core
import typer.main

from deploy.cli.console import console
from shared.runtime.settings import SERVICES, RuntimeSettings

_GROUPS = {
    "audit": "The audit log.",
    "claims": "Settlements: check the persons' years, settle anew what waits.",
    "clients": "API clients: list, add, rotate, remove.",
    "contracts": "Contracts and follow-up: plan tasks, check recorded visits.",
    "dead-letters": "Events that could not be handled.",
    "demo": "The demonstration county.",
    "identity": "The register: import a roster, match a list of visits, check a decision, change the cards' key.",
    "ledger": "The ledger of the settlements.",
    "outbox": "Events that could not be published.",
    "packs": "Policy packs: what is wrong with one, and whether its cases come out.",
    "reporting": "The county's figures.",
    "users": "People who sign in: list, add, set-password, disable, enable.",
    "vault": "Keys of names and numbers: a new one, encrypt everything anew, what is under which.",
}
"""Each is a module beside this one."""


class _Group(typer.core.TyperGroup):
    """A group known by its line.

    Its module is imported when it is entered: a service's whole code takes seconds.
    """

    def make_context(self, info_name: str | None, args: list[str], *rest: Any, **more: Any) -> Any:
        try:
            module = importlib.import_module(f"deploy.cli.{str(self.name).replace('-', '_')}")
        except ModuleNotFoundError as missing:
            service = str(missing.name).removeprefix("services.")
            if service not in SERVICES:
                raise
            console.print(f"There is no {service} here: run this in the container of {service}.")
            raise typer.Exit(1) from None
        found = typer.main.get_command(module.app)
        found.name, found.help = self.name, self.help
        return found.make_context(info_name, args, *rest, **more)


class _Commands(typer.core.TyperGroup):
    """The commands below, and the groups."""

    def list_commands(self, ctx: Any) -> list[str]:
        return [*super().list_commands(ctx), *_GROUPS]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in _GROUPS:
            return super().get_command(ctx, cmd_name)
        return _Group(name=cmd_name, help=_GROUPS[cmd_name])


app = typer.Typer(
    cls=_Commands,
    help="Yizhan 一站: recognise the patient, settle every payer, follow up, see the figures.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)

_TIMEOUT_S = 30
_REBUILD_POLL_S = 1.0

Service = Annotated[str, typer.Argument(help="identity, claims, contracts or reporting")]


@app.command()
def run() -> None:
    """Run everything on this machine: PostgreSQL, all services, the demo county on first start."""
    from deploy.cli.run import run as run_everything

    run_everything()


@app.command()
def serve(service: Service) -> None:
    """Serve one service's HTTP (its database from ``<SERVICE>_DATABASE_URL``)."""
    _standalone(service, "serve")


@app.command()
def relay(service: Service) -> None:
    """Publish one service's outbox."""
    _standalone(service, "relay")


@app.command()
def consume(service: Service) -> None:
    """Handle the events that one service reads."""
    _standalone(service, "consume")


@app.command()
def migrate(service: Service) -> None:
    """Bring one service's database to the newest version."""
    _standalone(service, "migrate")


@app.command()
def rebuild(
    base_url: Annotated[str | None, typer.Option(help="the running server")] = None,
) -> None:
    """Rebuild the county's figures from the services' event stores, on the running server."""
    from deploy.cli.reach import as_operator

    with (
        console.status("rebuilding from the event stores ...") as status,
        as_operator(base_url, timeout_s=_TIMEOUT_S) as http,
    ):
        answer = http.post("/reporting/v1/rebuilds")
        if answer.is_error:
            console.print_json(data=answer.json())
            raise typer.Exit(1)
        job = answer.json()
        while job["status"] in ("queued", "running"):
            status.update(f"rebuilding: {job['events']:,} of about {job['expected']:,} events ...")
            time.sleep(_REBUILD_POLL_S)
            job = http.get(answer.headers["Location"]).raise_for_status().json()
    console.print_json(data=job)
    if job["status"] != "done":
        raise typer.Exit(1)


@app.command()
def secrets(
    folder: Annotated[Path, typer.Argument(help="where the secret files go")],
    env_file: Annotated[Path | None, typer.Option(help="compose's .env file to complete")] = None,
) -> None:
    """Make the secret files of the compose form; what exists is kept."""
    from deploy.compose.secrets import make_secrets, write_environment
    from shared.runtime.build import region_of

    made = make_secrets(folder, region_code=region_of(RuntimeSettings()).region_code)
    if env_file is not None:
        write_environment(env_file)
    console.print(f"made {len(made)} secret files in {folder}" if made else "nothing was missing")


def _standalone(service: str, command: str) -> None:
    from shared.runtime.standalone import main as run_service

    if service not in SERVICES:
        raise typer.BadParameter("write identity, claims, contracts or reporting")
    module = importlib.import_module(f"services.{service}.module").MODULE
    sys.exit(run_service(module, [command]))


if __name__ == "__main__":
    app(prog_name="yizhan")
