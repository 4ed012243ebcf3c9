"""HTTP: roster imports."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, File, Form, Path, Response, UploadFile

from services.identity.roster import service
from services.identity.roster.errors_file import MEDIA_TYPE
from services.identity.roster.schemas import RosterImportAnswer, RosterMode, RosterSource
from shared.db.session import Reads, Writes
from shared.http.problem import TooLarge
from shared.http.routing import YizhanRoute
from shared.runtime.context import Context
from shared.security.principal import Principal, requires

router = APIRouter(route_class=YizhanRoute, tags=["roster imports"])

Caller = Annotated[Principal, requires("identity:roster")]
ImportId = Annotated[UUID, Path(examples=["019a0000-0000-7000-8000-000000000001"])]


@router.post(
    "/roster-imports",
    status_code=201,
    summary="Upload a roster; it is checked and compared, nothing is applied yet",
    responses={
        403: {"description": "`roster_needs_the_county`"},
        413: {"description": "`payload_too_large`, `roster_too_long`"},
        422: {
            "description": "`roster_unreadable`, `roster_columns_missing` (each column is named),"
            " `roster_empty`, `effective_on_implausible`"
        },
    },
)
async def upload_roster(
    caller: Caller,
    session: Writes,
    context: Context,
    file: Annotated[
        UploadFile,
        File(description="`.xlsx`, or `.csv` in UTF-8 or GBK; headers in either language"),
    ],
    source: Annotated[RosterSource, Form(examples=["poverty_office"])],
    effective_on: Annotated[
        date, Form(description="The day from which the roster holds.", examples=["2016-01-01"])
    ],
    mode: Annotated[
        RosterMode,
        Form(
            description="`full`: whoever of this source is absent leaves on the day before"
            " `effective_on`. `delta` (when not given): nobody leaves by being absent.",
            examples=["full"],
        ),
    ] = "delta",
) -> RosterImportAnswer:
    """Each row gets a verdict.

    Rejected rows are left out when the import is applied, and nobody leaves the register because
    his row was rejected.
    """
    limit_bytes = context.settings.max_upload_bytes
    content = await file.read(limit_bytes + 1)
    if len(content) > limit_bytes:
        raise TooLarge(f"send at most {limit_bytes} bytes; split the roster")
    sent = service.Upload(content, source, effective_on, mode)
    return await service.upload(session, context, caller, sent)


@router.post(
    "/roster-imports/{import_id}/apply",
    summary="Apply a roster, all or nothing",
    responses={
        404: {"description": "`roster_import_unknown`"},
        409: {"description": "`roster_changed_since_validation`, `no_row_accepted`"},
    },
)
async def apply_roster(
    import_id: ImportId, caller: Caller, session: Writes, context: Context
) -> RosterImportAnswer:
    """An import is applied once; asked again, the answer is its applied state."""
    return await service.apply(session, context, caller, import_id)


@router.get(
    "/roster-imports/{import_id}",
    summary="One import",
    responses={404: {"description": "`roster_import_unknown`"}},
)
async def get_import(
    import_id: ImportId, caller: Caller, session: Reads, context: Context
) -> RosterImportAnswer:
    """What was read, what it would change or has changed."""
    return await service.one_import(session, context, caller, import_id)


@router.get(
    "/roster-imports/{import_id}/errors.xlsx",
    summary="All errors of an import as a workbook",
    response_class=Response,
    responses={
        200: {
            "description": "Row, column, code and cure; no value.",
            "content": {MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}},
        },
        404: {"description": "`roster_import_unknown`"},
    },
)
async def get_errors(
    import_id: ImportId, caller: Caller, session: Reads, context: Context
) -> Response:
    """To be sent back to the office that made the roster."""
    content = await service.errors_file(session, context, caller, import_id)
    return Response(
        content,
        media_type=MEDIA_TYPE,
        headers={"Content-Disposition": f'attachment; filename="roster-errors-{import_id}.xlsx"'},
    )
