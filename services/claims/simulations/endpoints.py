"""HTTP: simulations."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response

from services.claims.cursors import position_of
from services.claims.simulations import service
from services.claims.simulations.answering import answer_of, report_of
from services.claims.simulations.documents import XLSX
from services.claims.simulations.schemas import (
    SimulationAnswer,
    SimulationPage,
    SimulationRequest,
)
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


@router.get(
    "/{simulation_id}/report.xlsx",
    summary="What a simulation found, as a workbook",
    response_class=Response,
    responses={
        200: {"content": {XLSX: {}}},
        404: {"description": _NOT_FOUND},
        409: {"description": "`simulation_not_done`"},
    },
)
async def report(simulation_id: UUID, caller: Asker, session: Writes, context: Context) -> Response:
    """Sums, payers, groups, reasons of the gap, and the thousand visits that change most."""
    job = await service.visible(session, context, caller, simulation_id)
    return await report_of(session, context, caller, job)


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
