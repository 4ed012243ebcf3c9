"""``yizhan contracts``: work on contracts and follow-up by the operator."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import Annotated

import typer

from deploy.cli.console import console
from deploy.cli.in_service import in_service
from services.contracts.module import MODULE
from services.contracts.plans.service import Planned, plan_everyone
from services.contracts.plausibility.service import NIGHTLY_DAYS, Scanned, scan
from shared.clock import business_date
from shared.runtime.context import ServiceContext
from shared.security.principal import Principal

app = typer.Typer(no_args_is_help=True, add_completion=False)


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
    done = in_service(MODULE, work)
    console.print(
        f"people {done.people}, tasks made {done.made}, opened {done.opened}, missed {done.missed},"
        f" no longer due {done.cancelled}; {time.monotonic() - began:.1f} s"
    )


@app.command("check-visits")
def check_visits(
    since: Annotated[
        datetime | None,
        typer.Option("--from", formats=["%Y-%m-%d"], help="first day; default 40 days back"),
    ] = None,
    until: Annotated[
        datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="last day; default today")
    ] = None,
) -> None:
    """Ask which recorded visits are hard to believe; what is known is not asked again.

    The service does the same by itself once a day, for the last 40 days. Nothing follows from a
    question by itself: people explain, confirm or dismiss it.
    """

    async def work(context: ServiceContext, caller: Principal) -> Scanned:
        last = until.date() if until else business_date(context.clock.now())
        first = since.date() if since else last - timedelta(days=NIGHTLY_DAYS)
        async with context.db.writing() as session:
            return await scan(session, context, first=first, last=last, actor=caller.client_id)

    done = in_service(MODULE, work)
    found = ", ".join(f"{rule} {count}" for rule, count in sorted(done.found.items())) or "nothing"
    console.print(
        f"visits {done.visits}: {found}; new {done.new.total()}", soft_wrap=True, markup=False
    )
