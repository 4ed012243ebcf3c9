"""The screens ``/contracts/imports``: contracts in bulk, tried, applied, taken back."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from services.contracts.imports import repository, service, workbooks
from services.contracts.imports.problems import ImportTooLong
from services.contracts.models import ImportBatch
from services.contracts.screens.kit import PageRoute, name_of, render, said
from services.contracts.screens.tables import file_answer
from shared.db.session import Reads, Writes, WriteSession
from shared.http.problem import Problem
from shared.runtime.context import Context, ServiceContext
from shared.security.principal import Principal
from shared.web.kit import CLOSES_FILES, Said, attempt, fields, see, told, uploaded
from shared.web.signin.required import signed_in

LISTED = 50
ERRORS_SHOWN = 200
_DONE = ("sent", "undone")

router = APIRouter(
    prefix="/imports", route_class=PageRoute, include_in_schema=False, dependencies=[CLOSES_FILES]
)

Reader = Annotated[Principal, signed_in("contracts:read")]
Writer = Annotated[Principal, signed_in("contracts:write")]


@router.get("")
async def batches(request: Request, caller: Reader, session: Writes, context: Context) -> Response:
    """A file to send, and the batches that were sent."""
    return await _list(request, context, session, caller)


@router.post("")
async def send(request: Request, caller: Writer, session: Writes, context: Context) -> Response:
    """Try a file, or sign its contracts."""
    typed = await fields(request)
    file = await uploaded(request, "file")
    if file is None:
        return await _list(
            request, context, session, caller, fault=said("imports.file.missing"), status=422
        )
    limit_bytes = context.settings.max_upload_bytes
    content = await file.read(limit_bytes + 1)
    if len(content) > limit_bytes:
        problem: ImportBatch | Problem = ImportTooLong()
    else:
        dry_run = typed["dry_run"] == "yes"
        problem = await attempt(
            session, service.send(session, context, caller, content, dry_run=dry_run)
        )
    if isinstance(problem, Problem):
        first = problem.errors[0] if problem.errors else None
        fault = {"text_zh": first.message_zh, "text_en": first.message} if first else told(problem)
        return await _list(request, context, session, caller, fault=fault, status=problem.status)
    return see(f"/contracts/imports/{problem.import_id}?done=sent")


@router.get("/template.xlsx")
async def template(
    caller: Reader,
    session: Writes,
    context: Context,
    people: Annotated[bool, Query()] = False,
) -> Response:
    """The workbook to fill in, on request with the people who are still to sign."""
    content = await service.template(session, context, caller, people=people)
    return file_answer(content, "contracts-template.xlsx")


@router.get("/{import_id}")
async def batch(
    import_id: UUID,
    request: Request,
    caller: Reader,
    session: Reads,
    context: Context,
    done: Annotated[str, Query(max_length=8)] = "",
) -> Response:
    """One batch: its counts, the rows that were rejected, and taking it back."""
    words = said(f"imports.done.{done}") if done in _DONE else None
    return await _page(request, context, session, caller, import_id, done=words)


@router.get("/{import_id}/verdicts.xlsx")
async def verdicts(import_id: UUID, caller: Reader, session: Reads) -> Response:
    """Every row's verdict."""
    found = await service.read(session, caller, import_id)
    rows = [
        {
            "row": row.row, "verdict": row.verdict, "column": row.column, "code": row.code,
            "message": row.message, "message_zh": row.message_zh,
        }
        for row in await repository.rows_of(session, found.import_id)
    ]  # fmt: skip
    content = await asyncio.to_thread(workbooks.verdicts, rows)
    return file_answer(content, f"import-{import_id}.xlsx")


@router.post("/{import_id}/undo")
async def undo(
    import_id: UUID, request: Request, caller: Writer, session: Writes, context: Context
) -> Response:
    """Take the batch back."""
    answer = await attempt(session, service.undo(session, context, caller, import_id))
    if isinstance(answer, Problem):
        return await _page(
            request, context, session, caller, import_id,
            problem=told(answer), status=answer.status,
        )  # fmt: skip
    return see(f"/contracts/imports/{import_id}?done=undone")


def _shown(context: ServiceContext, found: ImportBatch) -> dict[str, Any]:
    return {
        "import_id": found.import_id,
        "status": found.status,
        "rows": found.rows,
        "accepted": found.accepted,
        "unchanged": found.unchanged,
        "rejected": found.rejected,
        "kept_back": found.kept_back,
        "made_at": found.made_at.isoformat(),
        "made_by": name_of(context, found.made_by),
        "undone_at": found.undone_at.isoformat() if found.undone_at else None,
        "undone_by": name_of(context, found.undone_by),
    }


async def _page(
    request: Request,
    context: ServiceContext,
    session: Reads,
    caller: Principal,
    import_id: UUID,
    *,
    done: Said | None = None,
    problem: Said | None = None,
    status: int = 200,
) -> Response:
    found = await service.read(session, caller, import_id)
    rows = await repository.rows_of(
        session, found.import_id, verdict="rejected", limit=ERRORS_SHOWN
    )
    values = {
        "batch": _shown(context, found),
        "faults": [
            {
                "row": row.row,
                "column": workbooks.COLUMNS.get(row.column or "", (row.column or "", False, ""))[0],
                "text_zh": row.message_zh or "",
                "text_en": row.message or "",
            }
            for row in rows
        ],
        "writes": "contracts:write" in caller.scopes,
        "done": done,
        "problem": problem,
    }
    return render(request, "import.html", values, status=status)


async def _list(
    request: Request,
    context: ServiceContext,
    session: WriteSession,
    caller: Principal,
    *,
    fault: Said | None = None,
    status: int = 200,
) -> Response:
    values = {
        "batches": [
            _shown(context, one) for one in await repository.newest(session, caller, limit=LISTED)
        ],
        "writes": "contracts:write" in caller.scopes,
        "faults": {"file": fault} if fault else {},
    }
    return render(request, "imports.html", values, status=status)
