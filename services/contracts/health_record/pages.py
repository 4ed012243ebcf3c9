"""``/contracts/health-record-gaps``: of how many persons each group is missing, per village."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from services.contracts.health_record import verifying
from services.contracts.health_record.service import gap_list
from services.contracts.screens.kit import PageRoute, render
from services.contracts.screens.tables import file_answer, workbook
from shared.clock import business_date
from shared.db.session import Reads, Writes
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


@router.get("/home-verifications.xlsx")
async def home_verifications(
    caller: Annotated[Principal, signed_in("contracts:read")],
    session: Writes,
    context: Context,
    first: Annotated[date | None, Query()] = None,
    last: Annotated[date | None, Query()] = None,
) -> Response:
    """Who was visited at home and what was found, of the caller's places; the export is logged."""
    rows = await verifying.rows(session, context, caller, first=first, last=last)
    day = business_date(context.clock.now())
    content = await asyncio.to_thread(workbook, "入户核实", verifying.HEAD, rows)
    return file_answer(content, f"home-verifications-{day}.xlsx")
