"""A simulation as it is kept, in the shape of the HTTP contract."""

from __future__ import annotations

from typing import Any

from services.claims.simulations.domain import Period
from services.claims.simulations.repository import Job
from services.claims.simulations.schemas import ProgressAnswer, SimulationAnswer
from services.claims.simulations.service import period_said
from shared.clock import SHANGHAI


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
    found: Period = period_said(said)
    return found.text
