"""``/identity/card-keys``: a key that somebody else may hold, reported by one and confirmed by another."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from services.identity.cards import key_reports
from services.identity.screens.kit import PageRoute, name_of, render
from shared.db.session import Writes, WriteSession
from shared.http.problem import Problem
from shared.runtime.context import Context, ServiceContext
from shared.security.principal import Principal
from shared.web.kit import Said, Typed, attempt, faults_of, fields, see, told
from shared.web.signin.required import signed_in

router = APIRouter(prefix="/card-keys", route_class=PageRoute, include_in_schema=False)

Caller = Annotated[Principal, signed_in("identity:cards")]
Kid = Annotated[str, Path(max_length=64)]


@router.get("")
async def keys(
    request: Request,
    caller: Caller,
    session: Writes,
    context: Context,
    done: Annotated[Literal["reported", "withdrawn"] | None, Query()] = None,
) -> Response:
    """Every key in words, and what may be done about it."""
    return await _page(request, context, session, caller, done=done)


@router.get("/{kid}")
async def back(kid: Kid, caller: Caller) -> Response:  # noqa: ARG001 - see below
    """A form's own address opened by itself (a reload, another language) shows the keys."""
    return see("/identity/card-keys")


@router.post("/{kid}")
async def change(
    kid: Kid, request: Request, caller: Caller, session: Writes, context: Context
) -> Response:
    """Report, confirm or withdraw; behind a confirmation stands the list of cards to issue again."""
    typed = await fields(request)
    work: Awaitable[object]
    if typed["do"] == "confirm":
        work = key_reports.confirm(session, context, caller, kid)
        where = "/identity/cards?done=compromised"
    elif typed["do"] == "withdraw":
        work = key_reports.withdraw(session, context, caller, kid)
        where = "/identity/card-keys?done=withdrawn"
    else:
        work = key_reports.report(session, context, caller, kid, typed["reason"])
        where = "/identity/card-keys?done=reported"
    answer = await attempt(session, work)
    if not isinstance(answer, Problem):
        return see(where)
    faults = {f"reason-{kid}": fault for fault in faults_of(answer).values()}
    return await _page(
        request, context, session, caller,
        typed=typed, faults=faults, problem=None if faults else told(answer), code=answer.status,
    )  # fmt: skip


async def _page(
    request: Request,
    context: ServiceContext,
    session: WriteSession,
    caller: Principal,
    *,
    typed: Mapping[str, str] | None = None,
    faults: Mapping[str, Said] | None = None,
    problem: Said | None = None,
    done: str | None = None,
    code: int = 200,
) -> Response:
    found = await key_reports.states(session, context, caller)
    items = [
        one.model_dump(mode="json")
        | {
            "who": name_of(context, one.reported_by),
            "may_confirm": one.reported_by is not None
            and key_reports.is_second(caller, one.reported_by),
        }
        for one in found.items
    ]
    return render(
        request,
        "card_keys.html",
        {
            "items": items,
            "typed": typed or Typed(),
            "faults": faults or {},
            "problem": problem,
            "done": done,
        },
        status=code,
    )
