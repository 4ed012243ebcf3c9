"""The exports as a signed-in person takes them out: the same files, noted the same way."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path
from starlette.responses import Response

from services.reporting.exports import service
from services.reporting.exports.service import Form
from services.reporting.screens.kit import PageRoute
from shared.runtime.context import Context
from shared.security.principal import Principal
from shared.web.signin.required import signed_in

router = APIRouter(prefix="/closes/{close_id}", route_class=PageRoute, include_in_schema=False)

Reader = Annotated[Principal, signed_in("reporting:read")]


@router.get("/report.{form}")
async def report(close_id: UUID, form: Form, caller: Reader, context: Context) -> Response:
    """The month as PDF, workbook or document."""
    return service.as_download(form, await service.report(context, caller, close_id, form))


@router.get("/notice.{form}")
async def notice(close_id: UUID, form: Form, caller: Reader, context: Context) -> Response:
    """The month's notice."""
    found = await service.report(context, caller, close_id, form, paper="notice")
    return service.as_download(form, found)


@router.get("/tables/{table}.csv")
async def table(
    close_id: UUID,
    table: Annotated[str, Path(max_length=32)],
    caller: Reader,
    context: Context,
) -> Response:
    """One table of the month for a spreadsheet."""
    return service.as_download("csv", await service.table(context, caller, close_id, table))
