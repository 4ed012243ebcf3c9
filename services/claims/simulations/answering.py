"""A simulation as it is kept, in the shape of the HTTP contract."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from services.claims.simulations.documents import XLSX, workbook
from services.claims.simulations.domain import Period
from services.claims.simulations.problems import SimulationNotDone
from services.claims.simulations.repository import Job
from services.claims.simulations.schemas import ProgressAnswer, SimulationAnswer
from services.claims.simulations.service import log_export, period_said
from shared.clock import SHANGHAI
from shared.db.session import WriteSession
from shared.runtime.context import ServiceContext
from shared.security.principal import Principal


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


async def report_of(
    session: WriteSession, context: ServiceContext, caller: Principal, job: Job
) -> Response:
    """What a simulation found as a workbook; who takes it out is noted.

    Raises:
        SimulationNotDone
    """
    if job.status != "done":
        raise SimulationNotDone("wait until it is done, or ask again")
    await log_export(session, context, caller, job.id)
    return Response(
        workbook(answer_of(job)),
        media_type=XLSX,
        headers={"Content-Disposition": f'attachment; filename="simulation-{job.id}.xlsx"'},
    )


def _period(said: Any) -> str | None:
    if said is None:
        return None
    found: Period = period_said(said)
    return found.text
