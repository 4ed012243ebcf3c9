"""The screen ``/reporting/entries``: figures that their owners enter and others confirm."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import ValidationError
from starlette.responses import Response

from services.reporting.entries import repository, service
from services.reporting.entries.domain import COLUMNS, Wanted
from services.reporting.entries.schemas import EntryRequest, WithdrawRequest, answer
from services.reporting.indicators.county import catalogue_of
from services.reporting.screens.kit import PageRoute, name_of, render, said
from shared.db.session import Reads, ReadSession, Writes
from shared.http.faults import field_faults
from shared.http.pagination import Cursor, decode_cursor, encode_cursor
from shared.http.problem import Problem, TooLarge, Unprocessable
from shared.runtime.context import Context, ServiceContext
from shared.security.principal import Principal
from shared.web.kit import CLOSES_FILES, Typed, attempt, faults_of, fields, see, told, uploaded
from shared.web.signin.required import signed_in

LISTED = 50
_HERE = "/reporting/entries"
_DONE = ("entered", "file", "confirmed", "withdrawn")

router = APIRouter(
    prefix="/entries", route_class=PageRoute, include_in_schema=False, dependencies=[CLOSES_FILES]
)

Reader = Annotated[Principal, signed_in("reporting:read")]
Enterer = Annotated[Principal, signed_in("reporting:close")]
Confirmer = Annotated[Principal, signed_in("reporting:accept")]


@router.get("")
async def entries(
    request: Request,
    caller: Reader,
    session: Reads,
    context: Context,
    done: Annotated[str, Query(max_length=16)] = "",
    cursor: Cursor = None,
) -> Response:
    """The form, and what was entered."""
    after = None if cursor is None else UUID(str(decode_cursor(cursor, parts=1)[0]))
    said_done = said(f"entry.done.{done}") if done in _DONE else None
    return await _page(request, context, session, caller, after=after, done=said_done)


@router.post("")
async def enter(request: Request, caller: Enterer, session: Writes, context: Context) -> Response:
    """Keep a figure."""
    typed = await fields(request)
    try:
        body = EntryRequest(**{name: typed[name] for name in COLUMNS})
    except ValidationError as error:
        refused: Problem = Unprocessable(errors=field_faults(error.errors()))
        return await _page(request, context, session, caller, typed=typed, problem=refused)
    made = await attempt(
        session, service.enter(session, context, caller, Wanted(**body.model_dump()))
    )
    if isinstance(made, Problem):
        return await _page(request, context, session, caller, typed=typed, problem=made)
    return see(f"{_HERE}?done=entered")


@router.post("/imports")
async def enter_file(
    request: Request, caller: Enterer, session: Writes, context: Context
) -> Response:
    """Keep every row of a file, or none."""
    file = await uploaded(request, "file")
    limit_bytes = context.settings.max_upload_bytes
    content = b"" if file is None else await file.read(limit_bytes + 1)
    if len(content) > limit_bytes:
        return await _page(request, context, session, caller, problem=TooLarge())
    made = await attempt(session, service.enter_file(session, context, caller, content))
    if isinstance(made, Problem):
        wrong = [
            {"text_zh": fault.message_zh, "text_en": f"{fault.field}: {fault.message}"}
            for fault in made.errors
        ]
        return await _page(request, context, session, caller, problem=made, rows_wrong=wrong)
    return see(f"{_HERE}?done=file")


@router.post("/{entry_id}/confirm")
async def confirm(
    entry_id: UUID, request: Request, caller: Confirmer, session: Writes, context: Context
) -> Response:
    """From now on it counts."""
    made = await attempt(session, service.confirm(session, context, caller, entry_id))
    if isinstance(made, Problem):
        return await _page(request, context, session, caller, problem=made)
    return see(f"{_HERE}?done=confirmed")


@router.post("/{entry_id}/withdraw")
async def withdraw(
    entry_id: UUID, request: Request, caller: Enterer, session: Writes, context: Context
) -> Response:
    """It counts no longer."""
    typed = await fields(request)
    try:
        body = WithdrawRequest(reason=typed["reason"])
    except ValidationError as error:
        refused: Problem = Unprocessable(errors=field_faults(error.errors()))
        return await _page(request, context, session, caller, problem=refused)
    work = service.withdraw(session, context, caller, entry_id, body.reason)
    made = await attempt(session, work)
    if isinstance(made, Problem):
        return await _page(request, context, session, caller, problem=made)
    return see(f"{_HERE}?done=withdrawn")


async def _page(
    request: Request,
    context: ServiceContext,
    session: ReadSession,
    caller: Principal,
    *,
    after: UUID | None = None,
    typed: Typed | None = None,
    problem: Problem | None = None,
    **more: Any,
) -> Response:
    found = await repository.page(
        session,
        context.region.region_code,
        code=None,
        state=None,
        period=None,
        after=after,
        limit=LISTED + 1,
    )
    kind, _, own = caller.organisation.partition(":")
    townships = [own] if kind == "township" else [each.name_zh for each in context.region.townships]
    shown = [
        {
            **answer(each).model_dump(mode="json"),
            "by": name_of(context, each.entered_by),
            "confirmable": each.state == "entered"
            and each.entered_by != caller.client_id
            and "reporting:accept" in caller.scopes
            and caller.may_see_township(each.township),
            "withdrawable": each.state != "withdrawn"
            and "reporting:close" in caller.scopes
            and caller.may_see_township(each.township),
        }
        for each in found[:LISTED]
    ]
    choices = [
        {
            "code": code,
            "name_zh": indicator.entry.name.zh,
            "name_en": indicator.entry.name.en,
            "owner_zh": indicator.entry.owner.zh,
            "owner_en": indicator.entry.owner.en,
        }
        for code, indicator in catalogue_of(context).indicators.items()
        if indicator.entry.owner is not None
    ]
    following = str(found[LISTED - 1].entry_id) if len(found) > LISTED else None
    return render(
        request,
        "entries.html",
        {
            "entries": shown,
            "choices": choices,
            "areas": townships if kind == "township" else ["", *townships],
            "enters": "reporting:close" in caller.scopes,
            "typed": typed or Typed(),
            "problem": told(problem) if problem else None,
            "faults": faults_of(problem) if problem else {},
            "next": None if following is None else encode_cursor(following),
            "rows_wrong": [],
            "done": None,
            **more,
        },
        status=problem.status if problem else 200,
    )
