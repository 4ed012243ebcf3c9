"""HTTP: simulations."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter

from services.claims.cursors import position_of
from services.claims.simulations import service
from services.claims.simulations.domain import Period
from services.claims.simulations.repository import Job
from services.claims.simulations.schemas import (
    ProgressAnswer,
    SimulationAnswer,
    SimulationPage,
    SimulationRequest,
)
from shared.clock import SHANGHAI
from shared.db.session import Reads, Writes
from shared.http.pagination import Cursor, Limit, encode_cursor
from shared.http.routing import YizhanRoute
from shared.runtime.context import Context
from shared.security.principal import Principal, requires

router = APIRouter(route_class=YizhanRoute, tags=["simulations"], prefix="/simulations")

Asker = Annotated[Principal, requires("claims:ledger")]
_NOT_FOUND = "`simulation_not_found`"


@router.post(
    "",
    status_code=202,
    summary="What if these visits had been settled by this pack?",
    responses={
        409: {"description": "`too_many_simulations`"},
        422: {"description": "`simulation_refused`, `unknown_pack`, a replaced value is refused"},
    },
)
async def ask(
    body: SimulationRequest, caller: Asker, session: Writes, context: Context
) -> SimulationAnswer:
    """Queued; read it again until it is `done`. Only the county may ask."""
    return answer_of(await service.ask(session, context, caller, body))


@router.get("", summary="Simulations")
async def simulations(
    caller: Asker, session: Reads, context: Context, limit: Limit, cursor: Cursor = None
) -> SimulationPage:
    """The newest first, without what they found."""
    found = await service.listed(session, context, caller, before=position_of(cursor), limit=limit)
    shown = found[:limit]
    return SimulationPage(
        items=[answer_of(job) for job in shown],
        next_cursor=encode_cursor(str(shown[-1].id)) if len(found) > limit else None,
    )


@router.get(
    "/{simulation_id}", summary="One simulation", responses={404: {"description": _NOT_FOUND}}
)
async def simulation(
    simulation_id: UUID, caller: Asker, session: Reads, context: Context
) -> SimulationAnswer:
    """How far it is, and what it found."""
    return answer_of(await service.visible(session, context, caller, simulation_id))


@router.post(
    "/{simulation_id}/cancel",
    summary="Give a simulation up",
    responses={
        404: {"description": _NOT_FOUND},
        409: {"description": "`simulation_ended`"},
    },
)
async def cancel(
    simulation_id: UUID, caller: Asker, session: Writes, context: Context
) -> SimulationAnswer:
    """Nothing of it is kept; one that is cancelled already stays so."""
    return answer_of(await service.cancel(session, context, caller, simulation_id))


def answer_of(job: Job) -> SimulationAnswer:
    """A simulation in the shape of the HTTP contract."""
    request: Any = job.request
    return SimulationAnswer(
        simulation_id=str(job.id),
        status=job.status,
        pack=request["pack"],
        period=_period(request.get("period")),
        parameters=request.get("parameters") or {},
        baseline_pack=request.get("baseline_pack"),
        progress=ProgressAnswer(phase=job.phase, done=job.done, total=job.total),
        requested_by=job.requested_by,
        requested_at=job.requested_at.astimezone(SHANGHAI),
        started_at=job.started_at and job.started_at.astimezone(SHANGHAI),
        finished_at=job.finished_at and job.finished_at.astimezone(SHANGHAI),
        fault=None if job.fault is None else dict(job.fault),
        **(job.result or {}),
    )


def _period(said: Any) -> str | None:
    if said is None:
        return None
    found: Period = service.period_said(said)
    return found.text
