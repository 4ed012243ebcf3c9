"""The screens ``/claims/simulations``: ask what if, follow it, read what it found."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import ValidationError
from starlette.responses import Response

from services.claims.packs.presenting import summary
from services.claims.packs.service import listed as packs_listed
from services.claims.packs.service import pack_in_force
from services.claims.screens.kit import PageRoute, render
from services.claims.screens.simulating import sides
from services.claims.settlement.tiers import SettlementPack
from services.claims.simulations import service
from services.claims.simulations.answering import answer_of, report_of
from services.claims.simulations.reported import latest_report
from services.claims.simulations.schemas import SimulationRequest
from shared.clock import business_date
from shared.db.session import Reads, ReadSession, Writes
from shared.http.problem import Problem
from shared.runtime.context import Context, ServiceContext
from shared.security.principal import Principal
from shared.web.kit import Said, Typed, attempt, faults_of, fields, see, told
from shared.web.signin.required import signed_in

router = APIRouter(prefix="/simulations", route_class=PageRoute, include_in_schema=False)

Caller = Annotated[Principal, signed_in("claims:ledger")]
_LISTED = 20
_PLAIN_UNITS = frozenset({"CNY", "ratio", "text"})


@router.get("")
async def simulations(
    request: Request, caller: Caller, session: Reads, context: Context
) -> Response:
    """A question to ask, and the latest that were asked."""
    return await _page(request, session, context, caller, Typed(), {})


@router.post("")
async def ask(request: Request, caller: Caller, session: Writes, context: Context) -> Response:
    """Queue what the form asks."""
    typed = await fields(request)
    try:
        body = SimulationRequest.model_validate(_body(typed))
    except ValidationError as error:
        wrong = {str(each["loc"][0]) for each in error.errors() if each["loc"]}
        faults = {_FIELDS.get(name, name): _MALFORMED for name in wrong}
        return await _page(request, session, context, caller, typed, {"faults": faults})
    answer = await attempt(session, service.ask(session, context, caller, body))
    if isinstance(answer, Problem):
        named = {f"parameters.{typed['parameter']}": "value"}
        values = {"problem": told(answer), "faults": faults_of(answer, named)}
        return await _page(request, session, context, caller, typed, values, answer.status)
    return see(f"/claims/simulations/{answer.id}")


@router.get("/{simulation_id}")
async def simulation(
    simulation_id: UUID, request: Request, caller: Caller, session: Reads, context: Context
) -> Response:
    """One simulation; its page asks for the progress by itself."""
    job = answer_of(await service.visible(session, context, caller, simulation_id))
    shown = sides(job.model_dump(mode="json")) if job.status == "done" else None
    return render(request, "simulation.html", {"job": job, "shown": shown})


@router.get("/{simulation_id}/report.xlsx")
async def report(
    simulation_id: UUID, caller: Caller, session: Writes, context: Context
) -> Response:
    """What was found, as a workbook."""
    job = await service.visible(session, context, caller, simulation_id)
    return await report_of(session, context, caller, job)


@router.get("/{simulation_id}/progress")
async def progress(
    simulation_id: UUID, request: Request, caller: Caller, session: Reads, context: Context
) -> Response:
    """A line while it waits or runs; nothing once it has ended."""
    job = answer_of(await service.visible(session, context, caller, simulation_id))
    return render(request, "simulation_progress.html", {"job": job})


@router.post("/{simulation_id}/cancel")
async def cancel(
    simulation_id: UUID,
    request: Request,  # noqa: ARG001 - its form was checked
    caller: Caller,
    session: Writes,
    context: Context,
) -> Response:
    """Give it up."""
    await attempt(session, service.cancel(session, context, caller, simulation_id))
    return see(f"/claims/simulations/{simulation_id}")


_FIELDS = {"burden_threshold": "burden"}
_MALFORMED: Said = {
    "text_zh": "填写格式有误；请按提示填写",
    "text_en": "this cannot be read; write it as the hint says",
}


def _body(typed: Typed) -> dict[str, Any]:
    body: dict[str, Any] = {"pack": typed["pack"], "period": typed["period"] or None}
    if typed["parameter"]:
        body["parameters"] = {typed["parameter"]: typed["value"].replace(",", "")}
    if typed["burden"]:
        body["burden_threshold"] = typed["burden"].replace(",", "")
    return body


async def _page(
    request: Request,
    session: ReadSession,
    context: ServiceContext,
    caller: Principal,
    typed: Typed,
    values: dict[str, Any],
    status: int = 200,
) -> Response:
    jobs = await service.listed(session, context, caller, before=None, limit=_LISTED)
    packs = [each for each in packs_listed(context) if isinstance(each, SettlementPack)]
    in_force = pack_in_force(context)
    report = latest_report(in_force.pack_id)
    period = report["period"] if report else str(business_date(context.clock.now()).year)
    frame = {
        "question": report,
        "packs": [summary(context, pack) for pack in packs],
        "parameters": [
            {
                "name": one.name,
                "text_zh": one.description.zh,
                "text_en": one.description.en,
            }
            for one in in_force.parameters.by_name.values()
            if one.unit in _PLAIN_UNITS
        ],
        "jobs": [answer_of(job) for job in jobs[:_LISTED]],
        "typed": Typed({"pack": in_force.pack_id, "period": period} | typed),
        "faults": {},
        "problem": None,
    }
    if values.get("faults") and status == 200:  # noqa: PLR2004 - a form that cannot be read
        status = 422
    return render(request, "simulations.html", {**frame, **values}, status=status)
