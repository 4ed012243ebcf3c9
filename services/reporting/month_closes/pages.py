"""The screen ``/reporting/closes/<month close>``: one month from its cut to the signature."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from typing import Annotated, Any, TypeVar
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ValidationError
from starlette.responses import Response

from services.reporting.month_closes import presenting, reading, service, signing
from services.reporting.month_closes.schemas import NoteRequest, ReopenRequest, ReturnRequest
from services.reporting.screens.kit import PageRoute, render, said
from services.reporting.settings import settings_of
from shared.db.session import Reads, ReadSession, Writes
from shared.http.faults import field_faults
from shared.http.problem import Problem
from shared.runtime.context import Context, ServiceContext
from shared.security.principal import Principal
from shared.web.kit import Said, Typed, attempt, faults_of, fields, see, told
from shared.web.signin.required import signed_in

_DONE = (
    "create", "refresh", "submit", "return", "accept", "sign", "ask_reopening", "reopen",
)  # fmt: skip

B = TypeVar("B", bound=BaseModel)

router = APIRouter(prefix="/closes/{close_id}", route_class=PageRoute, include_in_schema=False)

Reader = Annotated[Principal, signed_in("reporting:read")]
Closer = Annotated[Principal, signed_in("reporting:close")]
Accepter = Annotated[Principal, signed_in("reporting:accept")]
Signer = Annotated[Principal, signed_in("reporting:sign")]


@router.get("")
async def month(
    close_id: UUID,
    request: Request,
    caller: Reader,
    session: Reads,
    context: Context,
    done: Annotated[str, Query(max_length=16)] = "",
) -> Response:
    """One month, and the one thing to do with it."""
    told_done = said(f"close.done.{done}") if done in _DONE else None
    return await _page(request, context, session, caller, close_id, done=told_done)


@router.post("/refresh")
async def refresh(
    close_id: UUID, request: Request, caller: Closer, session: Writes, context: Context
) -> Response:
    """Cut the rows anew."""
    work = service.refresh(session, context, caller, close_id)
    return await _answer(request, context, session, caller, close_id, work, "refresh", Typed())


@router.post("/submit")
async def submit(
    close_id: UUID, request: Request, caller: Closer, session: Writes, context: Context
) -> Response:
    """A township's own, or the county for one or all that are missing."""
    typed = await fields(request)
    body = await _read(
        request, context, session, caller, close_id, typed, NoteRequest, "submit_for"
    )
    if isinstance(body, Response):
        return body
    found = await reading.visible(session, context, close_id)
    kind, _, own = caller.organisation.partition(":")
    township = own if kind == "township" else typed["township"] or None
    standing = found.submissions().get(township or "")
    if standing is not None and standing.done_by == caller.client_id:
        return see(f"/reporting/closes/{close_id}?done=submit")  # the same click again
    work = service.submit(session, context, caller, close_id, township=township, note=body.note)
    return await _answer(
        request, context, session, caller, close_id, work, "submit", typed, opened="submit_for"
    )


@router.post("/return")
async def give_back(
    close_id: UUID, request: Request, caller: Accepter, session: Writes, context: Context
) -> Response:
    """Send figures back to their township, with the reason."""
    typed = await fields(request)
    body = await _read(request, context, session, caller, close_id, typed, ReturnRequest, "return")
    if isinstance(body, Response):
        return body
    work = service.give_back(
        session, context, caller, close_id, township=body.township, reason=body.reason
    )
    return await _answer(
        request, context, session, caller, close_id, work, "return", typed, opened="return"
    )


@router.post("/accept")
async def accept(
    close_id: UUID, request: Request, caller: Accepter, session: Writes, context: Context
) -> Response:
    """Take the townships' figures over for the county."""
    typed = await fields(request)
    body = await _read(request, context, session, caller, close_id, typed, NoteRequest, "")
    if isinstance(body, Response):
        return body
    if await _taken(session, context, caller, close_id, "accept", "accepted"):
        return see(f"/reporting/closes/{close_id}?done=accept")
    work = service.accept(session, context, caller, close_id, body.note)
    return await _answer(request, context, session, caller, close_id, work, "accept", typed)


@router.post("/sign")
async def sign(
    close_id: UUID, request: Request, caller: Signer, session: Writes, context: Context
) -> Response:
    """Sign the month for good; it is asked for once more."""
    typed = await fields(request)
    body = await _read(request, context, session, caller, close_id, typed, NoteRequest, "")
    if isinstance(body, Response):
        return body
    if await _taken(session, context, caller, close_id, "sign", "closed"):
        return see(f"/reporting/closes/{close_id}?done=sign")
    if typed["sure"] != "1":
        return await _page(
            request, context, session, caller, close_id,
            typed=typed, faults={"sure": said("close.sign.sure.missing")}, status=422,
        )  # fmt: skip
    work = signing.sign(session, context, caller, close_id, body.note)
    return await _answer(request, context, session, caller, close_id, work, "sign", typed)


@router.post("/reopen")
async def reopen(
    close_id: UUID, request: Request, caller: Closer, session: Writes, context: Context
) -> Response:
    """Ask for a reopening, or do it as the second person."""
    typed = await fields(request)
    body = await _read(request, context, session, caller, close_id, typed, ReopenRequest, "reopen")
    if isinstance(body, Response):
        return body
    asked = (await reading.visible(session, context, close_id)).reopening is not None
    work = signing.reopen(session, context, caller, close_id, body.reason)
    return await _answer(
        request, context, session, caller, close_id, work,
        "reopen" if asked else "ask_reopening", typed, opened="reopen",
    )  # fmt: skip


@router.post("/verify")
async def verify(
    close_id: UUID, request: Request, caller: Reader, session: Writes, context: Context
) -> Response:
    """Check signature, hash and chain of the signed file as it lies in the database."""
    checked = await signing.checked(session, context, close_id)
    return await _page(request, context, session, caller, close_id, checked=checked)


@router.get("/file")
async def signed_file(
    close_id: UUID, caller: Reader, session: Writes, context: Context
) -> Response:
    """The signed file; taking it out is noted."""
    found = await reading.visible(session, context, close_id)
    return await signing.as_download(session, context, caller, found)


async def _read(
    request: Request,
    context: ServiceContext,
    session: Writes,
    caller: Principal,
    close_id: UUID,
    typed: Typed,
    model: type[B],
    opened: str,
) -> B | Response:
    """The form as the service's request, or the page with the faults beside the fields."""
    named = {name: typed[name] or None for name in model.model_fields}
    try:
        return model.model_validate(named)
    except ValidationError as error:
        faults = {
            fault.field: {"text_zh": fault.message_zh, "text_en": fault.message}
            for fault in field_faults(error.errors())
        }
        if "reason" in faults and not typed["reason"]:
            faults["reason"] = said("close.reason.missing")
        return await _page(
            request, context, session, caller, close_id,
            typed=typed, faults=faults, opened=opened, status=422,
        )  # fmt: skip


async def _taken(
    session: ReadSession,
    context: ServiceContext,
    caller: Principal,
    close_id: UUID,
    step: str,
    status: str,
) -> bool:
    """Whether this is the same click again: the month stands where it led, by the same hand."""
    found = await reading.visible(session, context, close_id)
    last = next((each for each in reversed(found.steps) if each.step == step), None)
    return found.status == status and last is not None and last.done_by == caller.client_id


async def _answer(
    request: Request,
    context: ServiceContext,
    session: Writes,
    caller: Principal,
    close_id: UUID,
    work: Awaitable[Any],
    done: str,
    typed: Typed,
    *,
    opened: str = "",
) -> Response:
    answer = await attempt(session, work)
    if isinstance(answer, Problem):
        faults = faults_of(answer)
        return await _page(
            request, context, session, caller, close_id,
            typed=typed, faults=faults, problem=told(answer), opened=opened, status=answer.status,
        )  # fmt: skip
    return see(f"/reporting/closes/{close_id}?done={done}")


async def _page(
    request: Request,
    context: ServiceContext,
    session: ReadSession,
    caller: Principal,
    close_id: UUID,
    *,
    typed: Typed | None = None,
    faults: Mapping[str, Said] | None = None,
    problem: Said | None = None,
    done: Said | None = None,
    checked: signing.Checked | None = None,
    opened: str = "",
    status: int = 200,
) -> Response:
    found = await reading.visible(session, context, close_id)
    townships = service.townships_of(context)
    kind = caller.organisation.partition(":")[0]
    standing = found.submissions()
    return render(
        request,
        "close.html",
        {
            "month": presenting.whole(
                context, found, townships, settings_of(context).close_due_day
            ),
            "way": presenting.way(context, found, townships),
            "next": presenting.next_of(found, caller, townships),
            "log": presenting.log(context, found),
            "missing": found.missing(townships),
            "standing": [name for name in townships if name in standing],
            "sees_rows": kind in {"region", "township"},
            "sees_file": kind == "region" and found.sha256 is not None,
            "checked": checked,
            "typed": typed or Typed(),
            "faults": dict(faults or {}),
            "problem": problem,
            "done": done,
            "opened": opened,
        },
        status=status,
    )
