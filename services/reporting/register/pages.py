"""The screens ``/reporting/register``: what is open and late; one item with its way to 销号."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ValidationError
from starlette.responses import Response

from services.reporting.register import opening, reading, service
from services.reporting.register.access import county_only
from services.reporting.register.answering import answer, cursor_after, position_of
from services.reporting.register.domain import Item, Status
from services.reporting.register.schemas import (
    EvidenceRequest,
    OpenRequest,
    ReasonRequest,
    SubmitRequest,
    UpdateRequest,
)
from services.reporting.register.service import Change, Wanted
from services.reporting.register.tasks import task_lists
from services.reporting.screens.kit import PageRoute, name_of, render, said
from shared.clock import SHANGHAI
from shared.db.session import Reads, ReadSession, Writes, WriteSession
from shared.http.faults import field_faults
from shared.http.problem import Problem
from shared.runtime.context import Context, ServiceContext
from shared.security.principal import Principal
from shared.web.forms import at_fields
from shared.web.kit import Said, Typed, attempt, fields, see, told
from shared.web.signin.required import signed_in

LISTED = 100

router = APIRouter(prefix="/register", route_class=PageRoute, include_in_schema=False)

Reader = Annotated[Principal, signed_in("reporting:read")]
Keeper = Annotated[Principal, signed_in("reporting:register")]
Checker = Annotated[Principal, signed_in("reporting:register-check")]

_VIEWS: dict[str, tuple[Status, ...]] = {
    "live": ("open", "submitted"),
    "overdue": (),
    "submitted": ("submitted",),
    "closed": ("closed", "withdrawn"),
}


@router.get("")
async def register(
    request: Request,
    caller: Reader,
    session: Reads,
    context: Context,
    view: Annotated[str, Query(max_length=12)] = "live",
    opened: Annotated[int, Query(ge=0)] = 0,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
) -> Response:
    """Items of a view, the earliest deadline first."""
    done = said("register.loaded", n=opened) if opened else None
    return await _list(request, context, session, caller, view=view, cursor=cursor, done=done)


@router.post("")
async def open_item(
    request: Request, caller: Keeper, session: Writes, context: Context
) -> Response:
    """Open an item by hand."""
    typed = await fields(request)
    body = _read(
        OpenRequest,
        {
            **_filled(
                typed, "title", "owner", "deadline", "area", "problem", "measures", "cause", "mode"
            ),
            "further": [part.strip() for part in typed["further"].split("、") if part.strip()],
        },
    )
    if isinstance(body, dict):
        return await _list(
            request, context, session, caller,
            form="hand", typed=typed, faults=body, status=422,
        )  # fmt: skip
    made = await attempt(session, _opened(session, context, caller, body))
    if isinstance(made, Problem):
        return await _list(
            request, context, session, caller,
            form="hand", typed=typed, faults=at_fields(made.errors, {"departments": "further"}),
            problem=told(made), status=made.status,
        )  # fmt: skip
    return see(f"/reporting/register/{made.id}?done=open")


async def _opened(
    session: WriteSession, context: ServiceContext, caller: Principal, body: OpenRequest
) -> Item:
    return await service.open_item(
        session,
        context,
        caller,
        Wanted(
            kind="manual",
            title=body.title,
            responsible=service.led_by(body.mode, [body.owner, *body.further], []),
            deadline=body.deadline,
            area=body.area,
            problem=body.problem,
            measures=body.measures,
            cause=body.cause,
        ),
    )


@router.post("/red-lights")
async def red_lights(
    request: Request, caller: Keeper, session: Writes, context: Context
) -> Response:
    """Open what is red in a month's figures."""
    typed = await fields(request)
    if not typed["month"]:
        faults = {"month": said("register.month.missing")}
        return await _list(
            request, context, session, caller,
            form="load", typed=typed, faults=faults, status=422,
        )  # fmt: skip
    county_only(caller)
    made = await attempt(session, opening.open_red_lights(session, context, caller, typed["month"]))
    return await _loaded(request, context, session, caller, typed, made)


@router.post("/reform-tasks")
async def reform_tasks(
    request: Request, caller: Keeper, session: Writes, context: Context
) -> Response:
    """Open an item for each task of a list."""
    typed = await fields(request)
    try:
        deadline = date.fromisoformat(typed["tasks_deadline"]) if typed["tasks_deadline"] else None
    except ValueError:
        faults = {"tasks_deadline": said("register.date.wrong")}
        return await _list(
            request, context, session, caller,
            form="load", typed=typed, faults=faults, status=422,
        )  # fmt: skip
    county_only(caller)
    made = await attempt(
        session, opening.load_tasks(session, context, caller, typed["task_list"], deadline)
    )
    return await _loaded(request, context, session, caller, typed, made)


async def _loaded(
    request: Request,
    context: ServiceContext,
    session: ReadSession,
    caller: Principal,
    typed: Typed,
    made: tuple[list[Item], Any] | Problem,
) -> Response:
    if isinstance(made, Problem):
        return await _list(
            request, context, session, caller,
            form="load", typed=typed,
            faults=at_fields(made.errors, {"deadline": "tasks_deadline"}),
            problem=told(made), status=made.status,
        )  # fmt: skip
    return see(f"/reporting/register?opened={len(made[0])}")


async def _list(
    request: Request,
    context: ServiceContext,
    session: ReadSession,
    caller: Principal,
    *,
    view: str = "live",
    cursor: str | None = None,
    form: str = "",
    typed: Typed | None = None,
    faults: dict[str, Said] | None = None,
    problem: Said | None = None,
    done: Said | None = None,
    status: int = 200,
) -> Response:
    chosen = view if view in _VIEWS else "live"
    found = await reading.listed(
        session,
        context,
        caller,
        statuses=_VIEWS[chosen],
        overdue=chosen == "overdue",
        after=position_of(cursor),
        limit=LISTED + 1,
    )
    shown = found[:LISTED]
    late = await reading.listed(session, context, caller, overdue=True, limit=LISTED)
    return render(
        request,
        "register.html",
        {
            "view": chosen,
            "views": list(_VIEWS),
            "late": len(late),
            "items": [answer(context, each).model_dump(mode="json") for each in shown],
            "next": cursor_after(shown[-1]) if len(found) > LISTED else None,
            "keeps": "reporting:register" in caller.scopes,
            "county": caller.organisation.startswith("region:"),
            "areas": _areas(context, caller),
            "lists": [{"code": each.code, "title": each.title} for each in task_lists().values()],
            "form": form,
            "typed": typed or Typed(),
            "faults": faults or {},
            "problem": problem,
            "done": done,
        },
        status=status,
    )


def _areas(context: ServiceContext, caller: Principal) -> list[dict[str, str]]:
    """Where an item may be: the county's townships and institutions, or the caller's own place."""
    if not caller.organisation.startswith("region:"):
        return []
    region = context.region
    return [
        {"code": "county", "name_zh": region.name_zh, "name_en": region.name_en},
        *(
            {"code": each.name_zh, "name_zh": each.name_zh, "name_en": each.name_en}
            for each in region.townships
        ),
        *(
            {"code": each.facility_code, "name_zh": each.name_zh, "name_en": each.name_en}
            for each in region.facilities
            if each.in_region
        ),
    ]


# --- one item -------------------------------------------------------------------------------


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
        return await service.add_evidence(
            session, context, caller, item_id,
            description=body.description, document=body.document, cause=body.cause,
        )  # fmt: skip

    names = ("description", "document", "cause")
    return await _do(
        request, context, session, caller, item_id, "evidence", EvidenceRequest, names, work
    )


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
    body = _read(shape, _filled(typed, *names))
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


def _filled(typed: Typed, *names: str) -> dict[str, str]:
    """The fields in which something stands."""
    return {name: typed[name] for name in names if typed[name]}


def _read(shape: type[BaseModel], values: dict[str, Any]) -> Any:
    """The form as a request's body, or what is wrong with its fields."""
    try:
        return shape.model_validate(values)
    except ValidationError as error:
        return at_fields(field_faults(error.errors()), {})
