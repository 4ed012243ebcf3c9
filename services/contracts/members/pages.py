"""The screen ``/contracts/teams/<team>``: who is in a team, whom it lacks, joining and leaving."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import ValidationError
from starlette.responses import Response

from services.contracts.access import may_act
from services.contracts.members import service
from services.contracts.members.schemas import LeavingRequest, MemberRequest
from services.contracts.programme.service import programme_of
from services.contracts.screens.kit import PageRoute, render, said
from services.contracts.screens.person_parts import team_name
from services.contracts.teams.service import teams_of
from shared.clock import business_date
from shared.db.session import Reads, ReadSession, Writes
from shared.http.faults import field_faults
from shared.http.problem import Problem
from shared.runtime.context import Context, ServiceContext
from shared.security.principal import Principal
from shared.web.forms import at_fields, plain_text
from shared.web.kit import Said, Typed, attempt, fields, see, told
from shared.web.signin.required import signed_in

_DONE = ("joined", "left")

router = APIRouter(prefix="/teams", route_class=PageRoute, include_in_schema=False)

Reader = Annotated[Principal, signed_in("contracts:read")]
Writer = Annotated[Principal, signed_in("contracts:write")]


@router.get("/{team}")
async def members(
    team: str,
    request: Request,
    caller: Reader,
    session: Reads,
    context: Context,
    done: Annotated[str, Query(max_length=8)] = "",
) -> Response:
    """The team of today, and what it lacks."""
    words = said(f"members.done.{done}") if done in _DONE else None
    return await _page(request, context, session, caller, team, done=words)


@router.post("/{team}")
async def join(
    team: str, request: Request, caller: Writer, session: Writes, context: Context
) -> Response:
    """Somebody joins."""
    typed = await fields(request)
    given = {
        "role": typed["role"],
        "name": typed["name"],
        "phone": plain_text(typed["phone"]) or None,
        "village": typed["village"] or None,
        "joined_on": typed["joined_on"] or None,
    }
    try:
        body = MemberRequest.model_validate(given)
    except ValidationError as error:
        faults = at_fields(field_faults(error.errors()), {})
        return await _page(
            request, context, session, caller, team, typed=typed, faults=faults, status=422
        )
    answer = await attempt(session, service.join(session, context, caller, team, body))
    if isinstance(answer, Problem):
        faults = at_fields(answer.errors, {})
        return await _page(
            request, context, session, caller, team, typed=typed, faults=faults,
            problem=None if faults else told(answer), status=answer.status,
        )  # fmt: skip
    return see(f"/contracts/teams/{team}?done=joined")


@router.post("/{team}/leave/{member_id}")
async def leave(
    team: str,
    member_id: UUID,
    request: Request,
    caller: Writer,
    session: Writes,
    context: Context,
) -> Response:
    """A member leaves from a day on."""
    typed = await fields(request)
    opened = str(member_id)
    try:
        body = LeavingRequest.model_validate({"left_on": typed["left_on"] or None})
    except ValidationError as error:
        faults = at_fields(field_faults(error.errors()), {})
        return await _page(
            request, context, session, caller, team,
            typed=typed, faults=faults, opened=opened, status=422,
        )  # fmt: skip
    answer = await attempt(session, service.leave(session, context, caller, member_id, body))
    if isinstance(answer, Problem):
        faults = at_fields(answer.errors, {})
        return await _page(
            request, context, session, caller, team, typed=typed, faults=faults, opened=opened,
            problem=None if faults else told(answer), status=answer.status,
        )  # fmt: skip
    return see(f"/contracts/teams/{team}?done=left")


async def _page(
    request: Request,
    context: ServiceContext,
    session: ReadSession,
    caller: Principal,
    team: str,
    *,
    typed: Typed | None = None,
    faults: Mapping[str, Said] | None = None,
    problem: Said | None = None,
    done: Said | None = None,
    opened: str = "",
    status: int = 200,
) -> Response:
    detail = await service.detail(session, context, team)
    found = teams_of(context).by_code[team]
    roles = {
        code: {"code": code, "text_zh": role.zh, "text_en": role.en}
        for code, role in programme_of(context).roles.items()
    }
    today = business_date(context.clock.now()).isoformat()
    writes = "contracts:write" in caller.scopes and may_act(
        caller, team=team, township=found.township
    )
    values = {
        "team": team,
        "name": team_name(context, team),
        "members": [
            one.model_dump(mode="json") | {"role_name": roles.get(one.role, {})}
            for one in detail.members
        ],
        "missing": [roles[code] for code in detail.missing_roles],
        "open": [roles[code] for code in detail.open_roles if code not in detail.missing_roles],
        "roles": list(roles.values()),
        "villages": [
            village.name_zh
            for township in context.region.townships
            if township.name_zh == found.township
            for village in township.villages
        ],
        "writes": writes,
        "today": today,
        "typed": Typed({"joined_on": today} | (typed or Typed())),
        "faults": dict(faults or {}),
        "problem": problem,
        "opened": opened,
        "done": done,
    }
    return render(request, "members.html", values, status=status)
