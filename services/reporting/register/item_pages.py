"""The screens ``/reporting/register/{item_id}``: one item with its way to 销号, and its files."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel
from starlette.responses import Response

from services.reporting.register import filing, reading, service
from services.reporting.register.answering import answer, file_download
from services.reporting.register.domain import Item
from services.reporting.register.files import ENDINGS
from services.reporting.register.forms import filled, read_form
from services.reporting.register.schemas import (
    EvidenceRequest,
    ReasonRequest,
    SubmitRequest,
    UpdateRequest,
)
from services.reporting.register.service import Change
from services.reporting.screens.kit import PageRoute, name_of, render, said
from services.reporting.settings import settings_of
from shared.clock import SHANGHAI
from shared.db.session import Reads, ReadSession, Writes, WriteSession
from shared.http.problem import Problem
from shared.runtime.context import Context, ServiceContext
from shared.security.principal import Principal
from shared.web.forms import at_fields
from shared.web.kit import CLOSES_FILES, Said, Typed, attempt, fields, see, told, uploaded
from shared.web.signin.required import signed_in

router = APIRouter(
    prefix="/register", route_class=PageRoute, include_in_schema=False, dependencies=[CLOSES_FILES]
)

Reader = Annotated[Principal, signed_in("reporting:read")]
Keeper = Annotated[Principal, signed_in("reporting:register")]
Checker = Annotated[Principal, signed_in("reporting:register-check")]


@router.get("/{item_id}")
async def item(
    item_id: UUID,
    request: Request,
    caller: Reader,
    session: Reads,
    context: Context,
    done: Annotated[str, Query(max_length=12)] = "",
) -> Response:
    """Facts, what was done, and what may be done now."""
    return await _page(request, context, session, caller, item_id, done=done)


@router.post("/{item_id}/update")
async def update(
    item_id: UUID, request: Request, caller: Keeper, session: Writes, context: Context
) -> Response:
    """Progress, the cause of a delay, another deadline."""

    async def work(body: UpdateRequest) -> Item:
        change = Change(body.note, body.cause, body.measures, body.deadline)
        return await service.update(session, context, caller, item_id, change)

    names = ("note", "cause", "measures", "deadline")
    return await _do(
        request, context, session, caller, item_id, "update", UpdateRequest, names, work
    )


@router.post("/{item_id}/evidence")
async def evidence(
    item_id: UUID, request: Request, caller: Keeper, session: Writes, context: Context
) -> Response:
    """What shows that the work is done."""

    async def work(body: EvidenceRequest) -> Item:
        file = await uploaded(request, "file")
        if file is None:
            return await service.add_evidence(
                session, context, caller, item_id,
                description=body.description, document=body.document, cause=body.cause,
            )  # fmt: skip
        return await filing.add_file(
            session, context, caller, item_id,
            name=file.filename or "",
            content=await file.read(settings_of(context).evidence_file_bytes + 1),
            description=body.description, document=body.document, cause=body.cause,
        )  # fmt: skip

    names = ("description", "document", "cause")
    return await _do(
        request, context, session, caller, item_id, "evidence", EvidenceRequest, names, work
    )


@router.get("/{item_id}/files/{file_id}")
async def file(
    item_id: UUID, file_id: UUID, caller: Reader, session: Writes, context: Context
) -> Response:
    """The same download as the API's. Logged."""
    found, content = await filing.open_file(session, context, caller, item_id, file_id)
    item = await reading.read(session, context, caller, item_id)
    return file_download(item.number, found, content)


@router.post("/{item_id}/submit")
async def submit(
    item_id: UUID, request: Request, caller: Keeper, session: Writes, context: Context
) -> Response:
    """Ask for the closing check."""

    async def work(body: SubmitRequest) -> Item:
        return await service.submit(
            session, context, caller, item_id, note=body.note, cause=body.cause
        )

    return await _do(
        request, context, session, caller, item_id, "submit", SubmitRequest, ("note",), work
    )


@router.post("/{item_id}/close")
async def close(
    item_id: UUID, request: Request, caller: Checker, session: Writes, context: Context
) -> Response:
    """Check and close."""

    async def work(body: SubmitRequest) -> Item:
        return await service.close(session, context, caller, item_id, note=body.note)

    return await _do(
        request, context, session, caller, item_id, "close", SubmitRequest, ("note",), work
    )


@router.post("/{item_id}/return")
async def send_back(
    item_id: UUID, request: Request, caller: Checker, session: Writes, context: Context
) -> Response:
    """Send it back."""

    async def work(body: ReasonRequest) -> Item:
        return await service.send_back(session, context, caller, item_id, note=body.note)

    return await _do(
        request, context, session, caller, item_id, "return", ReasonRequest, ("note",), work
    )


async def _do(
    request: Request,
    context: ServiceContext,
    session: WriteSession,
    caller: Principal,
    item_id: UUID,
    step: str,
    shape: type[BaseModel],
    names: tuple[str, ...],
    work: Callable[[Any], Awaitable[Item]],
) -> Response:
    typed = await fields(request)
    body = read_form(shape, filled(typed, *names))
    if isinstance(body, dict):
        return await _page(
            request, context, session, caller, item_id,
            step=step, typed=typed, faults=body, status=422,
        )  # fmt: skip
    made = await attempt(session, work(body))
    if isinstance(made, Problem):
        return await _page(
            request, context, session, caller, item_id,
            step=step, typed=typed, faults=at_fields(made.errors, {}), problem=told(made),
            status=made.status,
        )  # fmt: skip
    return see(f"/reporting/register/{item_id}?done={step}")


async def _page(
    request: Request,
    context: ServiceContext,
    session: ReadSession,
    caller: Principal,
    item_id: UUID,
    *,
    done: str = "",
    step: str = "",
    typed: Typed | None = None,
    faults: dict[str, Said] | None = None,
    problem: Said | None = None,
    status: int = 200,
) -> Response:
    found = await reading.read(session, context, caller, item_id)
    shown = answer(context, found).model_dump(mode="json")
    files = await filing.files_of(session, context, caller, item_id)
    workers = {each.done_by for each in found.steps if each.step in {"evidence", "submit"}}
    return render(
        request,
        "register_item.html",
        {
            "item": shown,
            "steps": [
                {
                    "step": each.step,
                    "at": each.done_at.astimezone(SHANGHAI).isoformat(),
                    "by": name_of(context, each.done_by),
                    "note": each.note,
                    "detail": each.detail,
                }
                for each in found.steps
            ],
            "files": {str(each.file_id): each for each in files},
            "file_mb": settings_of(context).evidence_file_bytes // (1024 * 1024),
            "endings": ",".join(ending for each in ENDINGS.values() for ending in each),
            "submittable": bool(found.evidence)
            and (not found.file_required or any(s.detail.get("file") for s in found.evidence)),
            "keeps": "reporting:register" in caller.scopes,
            "checks": "reporting:register-check" in caller.scopes
            and caller.client_id not in workers,
            "step": step,
            "typed": typed or Typed(),
            "faults": faults or {},
            "problem": problem,
            "done": _said_done(done),
        },
        status=status,
    )


def _said_done(done: str) -> Said | None:
    if done == "open":
        return said("register.opened")
    known = {"update", "evidence", "submit", "close", "return"}
    return said(f"register.done.{done}") if done in known else None
