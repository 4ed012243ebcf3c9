"""``yizhan claims``: work on the settlements by the operator."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer
from rich.table import Table

from deploy.cli.console import console
from deploy.cli.in_service import in_service
from deploy.cli.reach import with_session
from services.claims.module import MODULE
from services.claims.monitoring import service as monitoring
from services.claims.monitoring.rules import rules
from services.claims.monitoring.service import Looked
from services.claims.revisions import service as revisions
from services.claims.revisions.domain import to_patient
from services.claims.revisions.service import LATE_RECOGNITION, Outcome
from services.claims.standings import rebuilding
from services.claims.standings.rebuilding import Difference
from shared.clock import SystemClock
from shared.db.session import WriteSession
from shared.money import text_from_fen
from shared.runtime.build import region_of
from shared.runtime.context import ServiceContext
from shared.runtime.settings import RuntimeSettings
from shared.security.principal import Principal

app = typer.Typer(no_args_is_help=True, add_completion=False)

_AT_ONCE = 100


@app.command("rebuild-standings")
def rebuild_standings(
    apply: Annotated[
        bool, typer.Option("--apply/--check", help="put right what differs, or only say so")
    ] = False,
) -> None:
    """Work every person's year out again from the settlements; it must find no difference.

    Ends with 1 when a check finds one.
    """
    region = region_of(RuntimeSettings())

    async def work(session: WriteSession) -> list[Difference]:
        if not apply:
            return await rebuilding.differences(session, region.pooling_area)
        return await rebuilding.apply(
            session,
            area=region.pooling_area,
            region=region.region_code,
            at=SystemClock().now(),
        )

    found = with_session("claims", work)
    if not found:
        console.print("no difference: every year is the sum of its settlements")
        return
    table = Table("of", "id", "year", "benefit", "stored", "from the settlements")
    for each in found:
        for benefit in each.benefits:
            table.add_row(
                each.what,
                each.key,
                str(each.year),
                benefit,
                text_from_fen(each.stored[benefit]),
                text_from_fen(each.expected[benefit]),
            )
    console.print(table)
    if apply:
        console.print(f"put right: {len(found)}")
        return
    raise typer.Exit(1)


@app.command("revise-pending")
def revise_pending(
    limit: Annotated[int, typer.Option(help="how many at most", min=1)] = 10_000,
    reason: Annotated[
        str, typer.Option(help="why; without names or numbers of persons")
    ] = LATE_RECOGNITION,
) -> None:
    """Settle anew every bill for which identity knows better since, each with its voucher.

    What is done stays done when the command is cut off; it may be started again. Ends with 1 when
    a bill could not be revised.
    """

    async def work(context: ServiceContext, caller: Principal) -> list[Outcome]:
        done: list[Outcome] = []
        seen: set[object] = set()
        while len(done) < limit:
            async with context.db.reading() as session:
                found = await revisions.waiting_for(
                    session, context, caller, ids=None, limit=_AT_ONCE + len(seen)
                )
            fresh = [each for each in found if each.encounter_id not in seen]
            if not fresh:
                break
            batch = fresh[: min(_AT_ONCE, limit - len(done))]
            done += await revisions.revise_waiting(context, caller, batch, reason)
            # A refused one still waits; it is not tried twice.
            seen |= {each.waiting.encounter_id for each in done if each.refused is not None}
        return done

    outcomes = in_service(MODULE, work)
    table = Table("encounter", "to the patient", "result")
    for each in outcomes:
        returned = (
            "" if each.revision is None else text_from_fen(to_patient(each.revision.voucher.parts))
        )
        table.add_row(
            str(each.waiting.encounter_id),
            returned,
            "revised" if each.refused is None else each.refused.code,
        )
    console.print(table if outcomes else "no bill waits")
    if any(each.refused is not None for each in outcomes):
        raise typer.Exit(1)


@app.command("monitor")
def monitor(
    first: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"])],
    last: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"])],
) -> None:
    """Look for irregular bills whose last day lies in the period; each finding becomes one flag."""

    async def work(context: ServiceContext, caller: Principal) -> Looked:
        async with context.db.writing() as session:
            return await monitoring.monitor(session, context, caller, first.date(), last.date())

    looked = in_service(MODULE, work)
    table = Table("rule", "document", "found", "new")
    for rule in rules():
        table.add_row(
            rule.name_zh, rule.citation, str(looked.found[rule.id]), str(looked.new[rule.id])
        )
    console.print(table)
    console.print(f"bills: {looked.bills}")
