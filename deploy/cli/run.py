"""``yizhan run``: everything on one machine, with one command."""

from __future__ import annotations

import os
import shlex
import signal
import time
from pathlib import Path

import httpx
import typer

from deploy.cli.console import clients_file_of, console, data_dir_of, users_file_of
from deploy.cli.demo import stages
from deploy.demo.client import DemoRefused, WaitedTooLong
from deploy.demo.county import RegionTooBare
from deploy.demo.load import DemoLoader, RosterRefused
from deploy.embedded.databases import Databases, databases
from deploy.embedded.host import (
    EmbeddedHost,
    embedded,
    migrate_all,
    prepare_files,
    serve_until_stopped,
)
from deploy.embedded.layout import make_folder
from shared.clock import SystemClock
from shared.messaging.kafka import KafkaSettingsRefused
from shared.observability.logging import configure as configure_logging
from shared.runtime.build import region_of
from shared.runtime.loop import run as run_loop
from shared.runtime.settings import RuntimeSettings
from shared.security.clients import ClientsFile
from shared.security.users import INITIAL_FILE, UsersFile


def run() -> None:
    """Start PostgreSQL, migrate, load the demo county if there is nothing yet, serve."""
    started = time.monotonic()
    settings = RuntimeSettings()
    data_dir = data_dir_of(settings)
    region = region_of(settings)
    log = _log_file(data_dir).open("a", encoding="utf-8", buffering=1)
    configure_logging(json=settings.log_json, level=settings.log_level, stream=log)
    # Ctrl-C during the start must unwind like one during the service: PostgreSQL stops cleanly.
    signal.signal(signal.SIGTERM, _as_interrupt)
    try:
        with databases(data_dir, say=_say) as found:
            settings = prepare_files(data_dir, settings, region.region_code, SystemClock())
            migrate_all(found, _say)
            run_loop(_serve(settings, found, data_dir, started))
    except KeyboardInterrupt:
        pass
    except KafkaSettingsRefused as refusal:
        console.print(str(refusal), soft_wrap=True)
        raise typer.Exit(os.EX_CONFIG) from None
    console.print("stopped; the data is kept in", str(data_dir))


def _as_interrupt(_signum: int, _frame: object) -> None:
    raise KeyboardInterrupt


async def _serve(
    settings: RuntimeSettings, found: Databases, data_dir: Path, started: float
) -> None:
    async with embedded(settings, found) as host:
        loader = DemoLoader(host.app, settings, data_dir) if _demo_wanted() else None

        def ready() -> None:
            _announce(host, data_dir, time.monotonic() - started)

        beside = (lambda: _load_demo(loader)) if loader is not None else None
        await serve_until_stopped(host, on_ready=ready, beside=beside)


def _demo_wanted() -> bool:
    return os.environ.get("DEMO", "1") not in ("0", "false", "no")


async def _load_demo(loader: DemoLoader) -> None:
    """Feed the demo county through the HTTP interface, with a bar per stage."""
    if not await loader.needed():
        return
    console.print("[bold]Loading the demo county[/] (the page already moves while it loads)")
    try:
        with stages() as show:
            await loader.load(show)
    except RegionTooBare as bare:
        console.print(f"There is no demo county here: {bare}. Start with DEMO=0.", soft_wrap=True)
        return
    except (DemoRefused, WaitedTooLong, RosterRefused, httpx.TransportError) as error:
        console.print(f"The demo county is not complete: {error}", soft_wrap=True)
        console.print("What was loaded is kept; the next start carries on with the rest.")
        return
    console.print("The demo county is loaded: the first half of 2016 is on the page.")


def _announce(host: EmbeddedHost, data_dir: Path, seconds: float) -> None:
    settings = host.settings
    address = f"http://{settings.host}:{settings.port}"
    clients = ClientsFile(clients_file_of(settings))
    console.print(f"\n[bold]Yizhan 一站[/] is at [bold]{address}[/]  (ready after {seconds:.1f} s)")
    console.print(f"  API documents  {address}/claims/docs  (identity, contracts, reporting too)")
    console.print(f"  data           {data_dir}")
    console.print(f"  API clients    {clients.path}  (mode 0600)")
    for name in clients.all():
        console.print(f"    {name:<15} {clients.secret_of(name) or '-'}", soft_wrap=True)
    _announce_people(UsersFile(users_file_of(settings)), f"{address}/signin")
    secret_of = (
        '$(python3 -c "import json; print(json.load(open('
        f"'{clients.path}'))['hospital']['secret'])\")"
    )
    console.print("\n  Try it (paste into another terminal):", style="bold")
    console.print(_example(address, secret_of), soft_wrap=True, markup=False)
    console.print("\n  Ctrl-C stops it; the next start carries on with the data.\n")


def _announce_people(users: UsersFile, address: str) -> None:
    console.print(f"  sign in        {address}  (`yizhan users list` shows who may do what)")
    drawn = users.initial_passwords()
    if not drawn:
        return
    console.print(f"  first passwords {users.path.with_name(INITIAL_FILE)}  (mode 0600)")
    known = users.all()
    for name, password in drawn.items():
        who = known[name].name_zh if name in known else ""
        console.print(f"    {name:<15} {password}   {who}", soft_wrap=True, markup=False)


def _example(address: str, secret: str) -> str:
    quote = (
        '{"pack":"jinkouhe-2016","visit":{"type":"inpatient","facility_level":"secondary",'
        '"in_region":true,"designated":true,"referral":false,"admitted_on":"2016-03-01",'
        '"discharged_on":"2016-03-08","diagnoses":["J18.900"]},'
        '"person":{"categories":["registered_poor"],"insurance_plan":"resident"},'
        '"year_to_date":{},"lines":[{"line_no":1,"name":"drugs","kind":"drug",'
        '"catalogue_class":"A","amount":"3000.00"}]}'
    )
    token = (
        f"curl -s {address}/oauth/token -d grant_type=client_credentials -d client_id=hospital "
        f'-d client_secret="{secret}" '
        "| python3 -c \"import json,sys; print(json.load(sys.stdin)['access_token'])\""
    )
    return (
        f"TOKEN=$({token})\n"
        f'curl -s {address}/claims/v1/settlements/quote -H "Authorization: Bearer $TOKEN" '
        f"-H 'Content-Type: application/json' -d {shlex.quote(quote)}"
    )


def _log_file(data_dir: Path) -> Path:
    # As the embedded server makes it: root's must let the database's account pass.
    make_folder(data_dir, 0o711 if os.geteuid() == 0 else 0o700)
    return data_dir / "yizhan.log"


def _say(message: str) -> None:
    console.print(f"  {message} ...", style="dim")
