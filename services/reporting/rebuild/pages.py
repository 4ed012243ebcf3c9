"""The screen ``/reporting/rebuilds``: make the figures again, and follow it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request
from starlette.responses import Response

from services.reporting.rebuild import jobs
from services.reporting.rebuild.schemas import RebuildAnswer, answer_of
from services.reporting.screens.kit import PageRoute, render
from shared.db.session import Reads, ReadSession, Writes
from shared.runtime.context import Context, ServiceContext
from shared.security.principal import Principal
from shared.web.kit import see
from shared.web.signin.required import signed_in

router = APIRouter(prefix="/rebuilds", route_class=PageRoute, include_in_schema=False)

Operator = Annotated[Principal, signed_in("reporting:rebuild")]


@router.get("")
async def rebuilds(
    request: Request, _caller: Operator, session: Reads, context: Context
) -> Response:
    """The latest, and a button for another; its page asks for the progress by itself."""
    found = await _latest(session, context)
    return render(request, "rebuilds.html", {"rebuilds": found, "now": _under_way(found)})


@router.post("")
async def ask(
    request: Request,  # noqa: ARG001 - its form was checked
    caller: Operator,
    session: Writes,
    context: Context,
) -> Response:
    """Queue one, unless one is under way."""
    await jobs.ask(session, context, caller)
    return see("/reporting/rebuilds")


@router.get("/progress")
async def progress(
    request: Request, _caller: Operator, session: Reads, context: Context
) -> Response:
    """A line while one waits or runs; nothing once it has ended."""
    now = _under_way(await _latest(session, context))
    return render(request, "rebuild_progress.html", {"now": now})


async def _latest(session: ReadSession, context: ServiceContext) -> list[RebuildAnswer]:
    return [answer_of(each) for each in await jobs.latest(session, context)]


def _under_way(found: list[RebuildAnswer]) -> RebuildAnswer | None:
    return next((each for each in found if each.status in ("queued", "running")), None)
