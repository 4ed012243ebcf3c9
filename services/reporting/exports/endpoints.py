"""HTTP: a month's figures taken out."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Response

from services.reporting.exports import service
from services.reporting.exports.service import MEDIA_TYPES, Form
from shared.http.routing import YizhanRoute
from shared.runtime.context import Context, ServiceContext
from shared.security.principal import Principal, requires

router = APIRouter(
    route_class=YizhanRoute, tags=["month closes"], prefix="/month-closes/{close_id}"
)

Reader = Annotated[Principal, requires("reporting:read")]


def _responses(form: str) -> dict[int | str, dict[str, Any]]:
    binary = {"schema": {"type": "string", "format": "binary"}}
    return {
        200: {"content": {MEDIA_TYPES[form]: binary}},
        404: {"description": "`month_close_not_found`"},
    }


async def _report(
    close_id: UUID, caller: Principal, context: ServiceContext, form: Form
) -> Response:
    return service.as_download(form, await service.report(context, caller, close_id, form))


@router.get(
    "/report.pdf",
    summary="The monthly report for printing",
    response_class=Response,
    responses=_responses("pdf"),
)
async def pdf(close_id: UUID, caller: Reader, context: Context) -> Response:
    """With the reader, the time and the copy's number on every page. Logged."""
    return await _report(close_id, caller, context, "pdf")


@router.get(
    "/report.xlsx",
    summary="The monthly report as a workbook",
    response_class=Response,
    responses=_responses("xlsx"),
)
async def xlsx(close_id: UUID, caller: Reader, context: Context) -> Response:
    """Typed figures, one sheet per table. Logged."""
    return await _report(close_id, caller, context, "xlsx")


@router.get(
    "/report.docx",
    summary="The monthly report to write on",
    response_class=Response,
    responses=_responses("docx"),
)
async def docx(close_id: UUID, caller: Reader, context: Context) -> Response:
    """For a 汇报. Logged."""
    return await _report(close_id, caller, context, "docx")


@router.get(
    "/notice.{form}",
    summary="The month's notice: ranking, red lights, what is overdue",
    response_class=Response,
    responses={
        200: {
            "content": {
                MEDIA_TYPES[form]: {"schema": {"type": "string", "format": "binary"}}
                for form in ("pdf", "docx", "xlsx")
            }
        },
        404: {"description": "`month_close_not_found`"},
    },
)
async def notice(close_id: UUID, form: Form, caller: Reader, context: Context) -> Response:
    """For the townships. Of a month that is not signed it says so. Logged."""
    found = await service.report(context, caller, close_id, form, paper="notice")
    return service.as_download(form, found)


@router.get(
    "/tables/{table}.csv",
    summary="One table of the monthly report",
    response_class=Response,
    responses={
        **_responses("csv"),
        404: {"description": "`month_close_not_found`, `table_unknown`"},
    },
)
async def csv(
    close_id: UUID,
    table: Annotated[str, Path(max_length=32, examples=["indicators"])],
    caller: Reader,
    context: Context,
) -> Response:
    """`indicators`, `townships`, `facilities`, `corrections`, `timeliness` or `register`. Logged.

    With a byte order mark, so that spreadsheets read the Chinese.
    """
    return service.as_download("csv", await service.table(context, caller, close_id, table))
