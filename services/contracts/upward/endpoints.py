"""HTTP: reports to the institution above."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter

from services.contracts.upward import service
from services.contracts.upward.schemas import UpwardReportAnswer, UpwardReportRequest
from shared.db.session import Writes
from shared.http.routing import YizhanRoute
from shared.runtime.context import Context
from shared.security.principal import Principal, requires

router = APIRouter(route_class=YizhanRoute, tags=["follow-up"])


@router.post(
    "/tasks/{task_id}/report",
    status_code=201,
    summary="Record that a person who was not met was reported to the institution above",
    responses={
        404: {"description": "`task_unknown`"},
        409: {"description": "`nothing_to_report`, `task_closed_already`"},
        422: {"description": "`report_misdated`"},
    },
)
async def report(
    task_id: UUID,
    body: UpwardReportRequest,
    caller: Annotated[Principal, requires("contracts:write")],
    session: Writes,
    context: Context,
) -> UpwardReportAnswer:
    """Closes the task with the outcome `reported`; it is no service and earns no fee."""
    return await service.report(session, context, caller, task_id, body)
