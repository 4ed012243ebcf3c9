"""HTTP: imports."""

from __future__ import annotations

import asyncio
from typing import Annotated, Literal, cast
from uuid import UUID

from fastapi import APIRouter, File, Form, Query, Response, UploadFile

from services.contracts.imports import repository, service, workbooks
from services.contracts.imports.problems import ImportTooLong
from services.contracts.imports.schemas import ImportAnswer, RowFault
from services.contracts.models import ImportBatch
from shared.db.session import Reads, ReadSession, Writes
from shared.http.routing import YizhanRoute
from shared.runtime.context import Context
from shared.security.principal import Principal, requires

router = APIRouter(route_class=YizhanRoute, tags=["imports"])
Reader = Annotated[Principal, requires("contracts:read")]
Writer = Annotated[Principal, requires("contracts:write")]
_ERRORS_SHOWN = 200
_WORKBOOK: dict[int | str, dict[str, object]] = {
    200: {"content": {workbooks.XLSX: {"schema": {"type": "string", "format": "binary"}}}}
}
_NOT_FOUND: dict[int | str, dict[str, object]] = {404: {"description": "`import_unknown`"}}


@router.post(
    "/imports",
    status_code=201,
    summary="Sign contracts in bulk from a workbook",
    responses={
        413: {"description": "`import_too_long`, `payload_too_large`"},
        422: {"description": "`import_unreadable`, `import_columns_missing`, `import_empty`"},
    },
)
async def send(
    caller: Writer,
    session: Writes,
    context: Context,
    file: Annotated[UploadFile, File(description="`.xlsx`, as the template has it")],
    kind: Annotated[Literal["contracts"], Form(description="What the rows are")] = "contracts",
    dry_run: Annotated[bool, Form(description="Verdicts only; nothing is signed")] = False,
) -> ImportAnswer:
    """Each row gets a verdict; rejected rows change nothing, the others are signed."""
    limit_bytes = context.settings.max_upload_bytes
    content = await file.read(limit_bytes + 1)
    if len(content) > limit_bytes:
        raise ImportTooLong(f"send at most {limit_bytes} bytes; split the {kind}")
    batch = await service.send(session, context, caller, content, dry_run=dry_run)
    return await _answer(session, batch)


# A write session although it reads: who takes people out is noted in the audit log.
@router.get(
    "/imports/template.xlsx",
    summary="The workbook to fill in",
    response_class=Response,
    responses=_WORKBOOK,
)
async def template(
    caller: Reader,
    session: Writes,
    context: Context,
    people: Annotated[
        bool, Query(description="With the ids of the caller's people who have no contract today")
    ] = False,
) -> Response:
    """Headers in both languages, and what each column may hold."""
    content = await service.template(session, context, caller, people=people)
    return _file(content, "contracts-template.xlsx")


@router.get("/imports/{import_id}", summary="One import", responses=_NOT_FOUND)
async def get_import(import_id: UUID, caller: Reader, session: Reads) -> ImportAnswer:
    """Its counts and the first errors."""
    return await _answer(session, await service.read(session, caller, import_id))


@router.get(
    "/imports/{import_id}/verdicts.xlsx",
    summary="Every row's verdict",
    response_class=Response,
    responses={**_WORKBOOK, **_NOT_FOUND},
)
async def verdicts(import_id: UUID, caller: Reader, session: Reads) -> Response:
    """In the order of the sheet."""
    batch = await service.read(session, caller, import_id)
    rows = [
        {
            "row": row.row,
            "verdict": row.verdict,
            "column": row.column,
            "code": row.code,
            "message": row.message,
            "message_zh": row.message_zh,
        }
        for row in await repository.rows_of(session, batch.import_id)
    ]
    return _file(await asyncio.to_thread(workbooks.verdicts, rows), f"import-{import_id}.xlsx")


@router.post(
    "/imports/{import_id}/undo",
    summary="Take an import back",
    responses={**_NOT_FOUND, 409: {"description": "`import_undone_already`, `import_dry_run`"}},
)
async def undo(import_id: UUID, caller: Writer, session: Writes, context: Context) -> ImportAnswer:
    """Its contracts end as entered in error; what has gone on since is left and counted."""
    return await _answer(session, await service.undo(session, context, caller, import_id))


async def _answer(session: ReadSession, batch: ImportBatch) -> ImportAnswer:
    rejected = await repository.rows_of(
        session, batch.import_id, verdict="rejected", limit=_ERRORS_SHOWN
    )
    return ImportAnswer(
        import_id=str(batch.import_id),
        kind=batch.kind,
        status=cast("Literal['applied', 'dry_run', 'undone']", batch.status),
        dry_run=batch.status == "dry_run",
        rows=batch.rows,
        accepted=batch.accepted,
        unchanged=batch.unchanged,
        rejected=batch.rejected,
        kept_back=batch.kept_back,
        errors=[
            RowFault(
                row=row.row,
                column=row.column or "row",
                code=row.code or "rejected",
                message=row.message or "",
                message_zh=row.message_zh or "",
            )
            for row in rejected
        ],
        made_at=batch.made_at,
        undone_at=batch.undone_at,
    )


def _file(content: bytes, name: str) -> Response:
    return Response(
        content,
        media_type=workbooks.XLSX,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
