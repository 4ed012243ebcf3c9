"""``/identity/rosters``: a roster from upload to application, by two persons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Annotated, Any, Literal, get_args
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from services.identity.roster import reading, service
from services.identity.roster.columns import HEADERS, word
from services.identity.roster.errors_file import MEDIA_TYPE
from services.identity.roster.mapping_pages import HEADER_FIELD, KEEP, column_words, remember
from services.identity.roster.schemas import RosterImportAnswer, RosterMode, RosterSource
from services.identity.screens.kit import PageRoute, name_of, render, said
from shared.clock import business_date
from shared.db.session import Reads, ReadSession, Writes, WriteSession
from shared.http.problem import Problem
from shared.runtime.context import Context, ServiceContext
from shared.security.principal import Principal
from shared.web.kit import (
    CLOSES_FILES,
    Said,
    Typed,
    attempt,
    faults_of,
    fields,
    see,
    told,
    uploaded,
)
from shared.web.signin.required import signed_in

SOURCES: tuple[RosterSource, ...] = get_args(RosterSource)
MODES: tuple[RosterMode, ...] = ("delta", "full")
_LISTED = 20
_ERRORS_SHOWN = 100
_ENDED = ("done", "failed")
_SILENT = timedelta(seconds=30)

Done = Literal["uploaded", "confirmed", "applied"]

router = APIRouter(
    prefix="/rosters",
    route_class=PageRoute,
    dependencies=[CLOSES_FILES],
    include_in_schema=False,
)

Caller = Annotated[Principal, signed_in("identity:roster")]
After = Annotated[str | None, Query(max_length=400)]


@router.get("")
async def rosters(
    request: Request, caller: Caller, session: Reads, context: Context, after: After = None
) -> Response:
    """Upload, what is under way, and the imports so far."""
    return await _page(request, context, session, caller, after=after)


@router.post("")
async def upload(request: Request, caller: Caller, session: Writes, context: Context) -> Response:
    """Check a roster; where headers mean nothing yet they are asked for, and remembered."""
    typed = await fields(request)
    file = await uploaded(request, "file")
    source = next((each for each in SOURCES if each == typed["source"]), None)
    day = _day(typed["effective_on"])
    faults: dict[str, Said] = {}
    if file is None:
        faults["file"] = said("rosters.file.missing")
    if day is None:
        faults["effective_on"] = said("rosters.effective_on.bad")
    if source is None:
        faults["source"] = said("required")
    if file is None or day is None or source is None:
        return await _page(request, context, session, caller, typed=typed, faults=faults, code=422)
    mode: RosterMode = "full" if typed["mode"] == "full" else "delta"
    refused = await remember(session, context, caller, source, typed)
    answer: RosterImportAnswer | Problem
    if refused is not None:
        answer = refused
    else:
        content = await file.read()
        sent = service.Upload(content, source, day, mode)
        answer = await attempt(session, service.upload(session, context, caller, sent))
    if isinstance(answer, Problem):
        return await _page(
            request, context, session, caller, typed=typed, problem=answer, code=answer.status
        )
    return see(f"/identity/rosters/{answer.import_id}?done=uploaded")


@router.get("/progress")
async def progress(request: Request, caller: Caller, session: Reads, context: Context) -> Response:
    """The lines of what is under way, for the page's script; empty when nothing is."""
    return render(
        request, "progress.html", {"under_way": await _under_way(session, context, caller)}
    )


@router.get("/{import_id}")
async def one_import(
    import_id: UUID,
    request: Request,
    caller: Caller,
    session: Writes,
    context: Context,
    done: Annotated[Done | None, Query()] = None,
    households: After = None,
    affected: After = None,
) -> Response:
    """The verdict, the diff, and what is to be done next by whom."""
    found = await reading.one_import(session, context, caller, import_id)
    return await _import_page(
        request,
        context,
        session,
        caller,
        found,
        done=done,
        households=households,
        affected=affected,
    )


@router.post("/{import_id}")
async def act(
    import_id: UUID, request: Request, caller: Caller, session: Writes, context: Context
) -> Response:
    """Confirm or apply."""
    typed = await fields(request)
    applying = typed["do"] == "apply"
    if applying and not typed["sure"]:
        found = await reading.one_import(session, context, caller, import_id)
        faults = {"sure": said("rosters.apply.unsure")}
        return await _import_page(request, context, session, caller, found, faults=faults, code=422)
    use_case = service.apply if applying else service.confirm
    answer = await attempt(session, use_case(session, context, caller, import_id))
    if isinstance(answer, Problem):
        found = await reading.one_import(session, context, caller, import_id)
        return await _import_page(
            request, context, session, caller, found, problem=told(answer), code=answer.status
        )
    return see(f"/identity/rosters/{import_id}?done={'applied' if applying else 'confirmed'}")


@router.get("/{import_id}/errors.xlsx")
async def errors_file(
    import_id: UUID, caller: Caller, session: Reads, context: Context
) -> Response:
    """All faults as a workbook, to be sent back to the office that made the roster."""
    content = await reading.errors_file(session, context, caller, import_id)
    return Response(
        content,
        media_type=MEDIA_TYPE,
        headers={
            "content-disposition": f'attachment; filename="roster-errors-{import_id}.xlsx"',
            "cache-control": "no-store",
        },
    )


async def _page(
    request: Request,
    context: ServiceContext,
    session: ReadSession,
    caller: Principal,
    *,
    after: str | None = None,
    typed: Typed | None = None,
    faults: Mapping[str, Said] | None = None,
    problem: Problem | None = None,
    code: int = 200,
) -> Response:
    listed = await reading.imports(
        session, context, caller, status=None, limit=_LISTED, cursor=after
    )
    items = [
        item.model_dump(mode="json") | {"who": name_of(context, item.uploaded_by)}
        for item in listed.items
    ]
    unknown = _unknown_headers(problem)
    found = dict(faults or {}) | (faults_of(problem) if problem is not None else {})
    return render(
        request,
        "rosters.html",
        {
            "sources": SOURCES,
            "modes": MODES,
            "typed": typed or Typed(mode=MODES[0]),
            "today": business_date(context.clock.now()).isoformat(),
            "faults": found,
            "problem": None if problem is None or unknown is not None else told(problem),
            "unknown": unknown,
            "missing": [fault.field for fault in problem.errors] if problem is not None else [],
            "columns": column_words(),
            "header_field": HEADER_FIELD,
            "keep": KEEP,
            "items": items,
            "next_cursor": listed.next_cursor,
            "after": after,
            "under_way": await _under_way(session, context, caller),
        },
        status=code,
    )


async def _import_page(
    request: Request,
    context: ServiceContext,
    session: WriteSession,
    caller: Principal,
    found: RosterImportAnswer,
    *,
    done: Done | None = None,
    households: str | None = None,
    affected: str | None = None,
    faults: Mapping[str, Said] | None = None,
    problem: Said | None = None,
    code: int = 200,
) -> Response:
    import_id = UUID(found.import_id)
    # "1" asks for the first page, a cursor for a later one; unasked, nobody's name is read.
    homes = None
    if households is not None and found.households_incomplete:
        homes = await reading.incomplete_households(
            session, context, caller, import_id, limit=_LISTED, cursor=_cursor(households)
        )
    told_anew = None
    if affected is not None and found.recognitions_affected:
        told_anew = await reading.affected_recognitions(
            session, context, caller, import_id, limit=_LISTED, cursor=_cursor(affected)
        )
    person = found.uploaded_by.startswith("user:")
    return render(
        request,
        "roster.html",
        {
            "found": found.model_dump(mode="json"),
            "errors": [_row_fault(one.model_dump()) for one in found.errors[:_ERRORS_SHOWN]],
            "steps": _steps(context, found),
            "own": person and found.uploaded_by == caller.client_id,
            "needs_second": person and found.confirmed_by is None,
            "done": done,
            "homes": None if homes is None else homes.model_dump(mode="json"),
            "told_anew": None if told_anew is None else told_anew.model_dump(mode="json"),
            "facility_name": lambda code: _facility_name(context, code),
            "faults": dict(faults or {}),
            "problem": problem,
        },
        status=code,
    )


def _steps(context: ServiceContext, found: RosterImportAnswer) -> list[dict[str, Any]]:
    """Who did what, in order; a step without anybody is still to be done."""
    said_of = (
        ("uploaded", found.uploaded_by, found.uploaded_at),
        ("confirmed", found.confirmed_by, found.confirmed_at),
        ("applied", found.applied_by, found.applied_at),
    )
    return [
        {"code": code, "who": name_of(context, who), "at": at.isoformat() if at else None}
        for code, who, at in said_of
        # What a program has uploaded needs nobody's confirmation.
        if code != "confirmed" or who or found.applied_at is None
    ]


def _row_fault(fault: dict[str, Any]) -> dict[str, Any]:
    column = fault["column"]
    return fault | {
        "column_zh": word(column) if column in HEADERS else column,
        "column_en": column.replace("_", " "),
    }


def _unknown_headers(problem: Problem | None) -> Sequence[str] | None:
    """Headers that mean nothing yet; None where that is not what is wrong."""
    if problem is None or "unknown_headers" not in problem.extra:
        return None
    return list(problem.extra["unknown_headers"])


async def _under_way(
    session: ReadSession, context: ServiceContext, caller: Principal
) -> list[dict[str, Any]]:
    found = await reading.progress(session, context, caller)
    # Whatever was not heard of for a while has died with its process.
    since = context.clock.now() - _SILENT
    return [
        one.model_dump(mode="json")
        for one in found.items
        if one.stage not in _ENDED and one.updated_at >= since
    ]


def _facility_name(context: ServiceContext, code: str) -> dict[str, str]:
    facility = context.region.facility(code)
    if facility is None:
        return {"text_zh": code, "text_en": code}
    return {"text_zh": facility.name_zh, "text_en": facility.name_en}


def _cursor(asked: str) -> str | None:
    return None if asked == "1" else asked


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
