"""The screen ``/reporting/register``: what is open and late; items are opened here."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from services.reporting.register import opening, reading, service
from services.reporting.register.access import county_only
from services.reporting.register.answering import answer, cursor_after, position_of
from services.reporting.register.domain import Item, Status
from services.reporting.register.forms import filled, read_form
from services.reporting.register.schemas import (
    OpenRequest,
)
from services.reporting.register.service import Wanted
from services.reporting.register.tasks import task_lists
from services.reporting.screens.kit import PageRoute, render, said
from shared.db.session import Reads, ReadSession, Writes, WriteSession
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
    body = read_form(
        OpenRequest,
        {
            **filled(
                typed,
                "title",
                "owner",
                "deadline",
                "area",
                "problem",
                "measures",
                "cause",
                "mode",
                "file_required",
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
            file_required=body.file_required,
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
            "county": caller.of_county,
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
    if not caller.of_county:
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
