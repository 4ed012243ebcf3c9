"""HTTP: check-ups."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter

from services.contracts.check_ups import service
from services.contracts.check_ups.schemas import (
    CheckUpAnswer,
    CheckUpRequest,
    ContentItem,
    ContentList,
)
from shared.db.session import Writes
from shared.http.routing import YizhanRoute
from shared.runtime.context import Context
from shared.security.principal import Principal, requires

router = APIRouter(route_class=YizhanRoute, tags=["check-ups"])


@router.post(
    "/check-ups",
    status_code=201,
    summary="Record a check-up",
    responses={
        404: {"description": "`person_unknown`"},
        422: {
            "description": "`check_up_wrong`: a day in the future, an unknown item; "
            "`measurements_refused`, `measurements_unlikely`: as for a follow-up"
        },
    },
)
async def record(
    body: CheckUpRequest,
    caller: Annotated[Principal, requires("contracts:write")],
    session: Writes,
    context: Context,
) -> CheckUpAnswer:
    """One per person and calendar year is paid; a second one is kept and not paid (XB-22)."""
    return await service.record(session, context, caller, body)


@router.get("/check-up-content", summary="What a check-up holds (XB-24)")
async def check_up_content(
    _caller: Annotated[Principal, requires("contracts:read")],
) -> ContentList:
    """The content list of the yearly health check."""
    return ContentList(
        items=[
            ContentItem(code=code, name_zh=zh, name=en)
            for code, (zh, en) in service.content().items()
        ]
    )
