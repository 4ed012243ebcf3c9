"""``/contracts/health-record-gaps``: of how many persons each group is missing, per village."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request
from starlette.responses import Response

from services.contracts.health_record.service import gap_list
from services.contracts.screens.kit import PageRoute, render
from shared.db.session import Reads
from shared.runtime.context import Context
from shared.security.principal import Principal
from shared.web.signin.required import signed_in

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get("/health-record-gaps")
async def gaps(
    request: Request,
    caller: Annotated[Principal, signed_in("contracts:read")],
    session: Reads,
    context: Context,
) -> Response:
    """Figures of the villages that the caller may see; nobody is named."""
    found = await gap_list(session, context, caller)
    return render(request, "gaps.html", {"gaps": found.model_dump()})
