"""HTTP: roster imports."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, File, Form, Path, Query, Response, UploadFile

from services.identity.roster import mappings, reading, service
from services.identity.roster.errors_file import MEDIA_TYPE
from services.identity.roster.listings import (
    AffectedRecognitionPage,
    DifferencesAnswer,
    IncompleteHouseholdPage,
    MappingAnswer,
    MappingRequest,
    ProgressList,
    RosterImportPage,
)
from services.identity.roster.schemas import (
    RosterImportAnswer,
    RosterMode,
    RosterSource,
    RosterStatus,
)
from shared.db.session import Reads, Writes
from shared.http.pagination import Cursor, Limit
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
            "description": "`roster_unreadable`, `roster_columns_missing` (each column is named, and"
            " `unknown_headers` lists the headers that mean nothing yet), `roster_empty`,"
            " `effective_on_implausible`"
        },
        503: {"description": "`roster_interrupted`"},
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
    content = await file.read()
    sent = service.Upload(content, source, effective_on, mode)
    return await service.upload(session, context, caller, sent)


@router.post(
    "/roster-imports/{import_id}/apply",
    summary="Apply a roster, all or nothing",
    responses={
        404: {"description": "`roster_import_unknown`"},
        409: {
            "description": "`needs_second_person`, `roster_changed_since_validation`,"
            " `no_row_accepted`"
        },
        503: {"description": "`roster_interrupted`"},
    },
)
async def apply_roster(
    import_id: ImportId, caller: Caller, session: Writes, context: Context
) -> RosterImportAnswer:
    """An import is applied once; asked again, the answer is its applied state.

    What a person has uploaded is applied once another person has confirmed it, or by that other
    person; what an API client has uploaded needs no confirmation.
    """
    return await service.apply(session, context, caller, import_id)


@router.post(
    "/roster-imports/{import_id}/confirm",
    summary="Confirm that a roster's outcome was looked at and is right",
    responses={
        404: {"description": "`roster_import_unknown`"},
        409: {
            "description": "`needs_second_person`, `roster_changed_since_validation`,"
            " `no_row_accepted`"
        },
    },
)
async def confirm_roster(
    import_id: ImportId, caller: Caller, session: Writes, context: Context
) -> RosterImportAnswer:
    """Of a roster that a person has uploaded, by another person; it can then be applied."""
    return await service.confirm(session, context, caller, import_id)


@router.get("/roster-imports", summary="Roster imports, the latest first")
async def list_imports(
    caller: Caller,
    session: Reads,
    context: Context,
    limit: Limit,
    cursor: Cursor,
    status: Annotated[RosterStatus | None, Query(description="Only those in this state.")] = None,
) -> RosterImportPage:
    """Those of the caller's organisation; a county office sees everybody's."""
    return await reading.imports(
        session, context, caller, status=status, limit=limit, cursor=cursor
    )


@router.get("/roster-imports/progress", summary="How far imports have come")
async def get_progress(caller: Caller, session: Reads, context: Context) -> ProgressList:
    """Readable while an upload or an application is still running."""
    return await reading.progress(session, context, caller)


@router.get(
    "/roster-imports/{import_id}",
    summary="One import",
    responses={404: {"description": "`roster_import_unknown`"}},
)
async def get_import(
    import_id: ImportId, caller: Caller, session: Reads, context: Context
) -> RosterImportAnswer:
    """What was read, what it would change or has changed."""
    return await reading.one_import(session, context, caller, import_id)


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
    content = await reading.errors_file(session, context, caller, import_id)
    return Response(
        content,
        media_type=MEDIA_TYPE,
        headers={"Content-Disposition": f'attachment; filename="roster-errors-{import_id}.xlsx"'},
    )


# A write session although it reads: the look at persons is written to the audit log.
@router.get(
    "/roster-imports/{import_id}/households-incomplete",
    summary="Households of which a full file leaves out members",
    responses={404: {"description": "`roster_import_unknown`"}},
)
async def get_incomplete_households(
    import_id: ImportId,
    caller: Caller,
    session: Writes,
    context: Context,
    limit: Limit,
    cursor: Cursor,
) -> IncompleteHouseholdPage:
    """Some members are listed and others are not: often a slip. Masked."""
    return await reading.incomplete_households(
        session, context, caller, import_id, limit=limit, cursor=cursor
    )


@router.get(
    "/roster-imports/{import_id}/affected-recognitions",
    summary="Earlier recognitions that an import told anew",
    responses={404: {"description": "`roster_import_unknown`"}},
)
async def get_affected_recognitions(
    import_id: ImportId,
    caller: Caller,
    session: Reads,
    context: Context,
    limit: Limit,
    cursor: Cursor,
) -> AffectedRecognitionPage:
    """A roster that reaches back changes what was answered; each is told by an event as well."""
    return await reading.affected_recognitions(
        session, context, caller, import_id, limit=limit, cursor=cursor
    )


@router.get("/roster-mappings/{source}", summary="What a source's headers mean")
async def get_mapping(
    source: RosterSource, caller: Caller, session: Reads, context: Context
) -> MappingAnswer:
    """As remembered, with all columns that there are."""
    return await mappings.get_mapping(session, context, caller, source)


@router.put(
    "/roster-mappings/{source}",
    summary="Remember what a source's headers mean",
    responses={422: {"description": "`roster_mapping_faulty`"}},
)
async def put_mapping(
    source: RosterSource, body: MappingRequest, caller: Caller, session: Writes, context: Context
) -> MappingAnswer:
    """From the source's next upload on; replaces what was remembered."""
    return await mappings.put_mapping(session, context, caller, source, body)


# A write session although it reads: the look at the person is written to the audit log.
@router.get(
    "/persons/{person_id}/differences",
    summary="What sources say differently about a person",
    responses={404: {"description": "`person_unknown`"}},
)
async def get_differences(
    person_id: Annotated[UUID, Path(examples=["019a0000-0000-7000-8000-000000000003"])],
    caller: Annotated[Principal, requires("identity:persons")],
    session: Writes,
    context: Context,
) -> DifferencesAnswer:
    """Fields, sources and masked values; the register shows the leading source's."""
    return await reading.differences(session, context, caller, person_id)
