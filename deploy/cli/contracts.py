"""``yizhan contracts``: work on contracts and follow-up by the operator."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Annotated

import typer

from deploy.cli.console import console
from deploy.cli.in_service import in_service
from services.contracts.module import MODULE
from services.contracts.plans.service import Planned, plan_everyone
from shared.runtime.build import SettingMissing
from shared.runtime.context import ServiceContext
from shared.security.principal import Principal

app = typer.Typer(help="Contracts and follow-up: plan the tasks of a day.", no_args_is_help=True)


@app.callback()
def contracts() -> None:
    """Contracts and follow-up."""


@app.command("plan")
def plan(
    as_of: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="as of which day; default today"),
    ] = None,
) -> None:
    """Bring everybody's tasks to what the rules ask for; a second run changes nothing.

    The service does the same by itself once a day. May be cut off and started again.
    """

    async def work(context: ServiceContext, _caller: Principal) -> Planned:
        return await plan_everyone(context, today=as_of.date() if as_of else None)

    began = time.monotonic()
    try:
        done = in_service(MODULE, work)
    except SettingMissing as missing:
        console.print(str(missing), soft_wrap=True, markup=False)
        raise typer.Exit(1) from None
    console.print(
        f"people {done.people}, tasks made {done.made}, opened {done.opened}, missed {done.missed},"
        f" no longer due {done.cancelled}; {time.monotonic() - began:.1f} s"
    )
