"""The screens ``/contracts/overdue``: who did not come, and the call to him."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import ValidationError
from starlette.responses import Response

from services.contracts.follow_up.domain import RULES
from services.contracts.overdue import service
from services.contracts.overdue.domain import STATES, State
from services.contracts.overdue.schemas import CallRequest
from services.contracts.people.service import read_person
from services.contracts.plans.rulebook import rulebook
from services.contracts.programme.service import programme_of
from services.contracts.screens.kit import PageRoute, render, said
from services.contracts.screens.names import masked_names
from shared.clock import business_date
from shared.db.session import Writes, WriteSession
from shared.http.faults import field_faults
from shared.http.pagination import CursorMalformed, decode_cursor, encode_cursor
from shared.http.problem import Problem
from shared.runtime.context import Context, ServiceContext
from shared.security import audit
from shared.security.principal import Principal
from shared.web.forms import as_local, at_fields, local_moment
from shared.web.kit import Said, Typed, attempt, fields, see, told
from shared.web.signin.required import signed_in

LISTED = 100
WINDOW_DAYS = 30
"""Over so many days the page says whether people came after a call."""

router = APIRouter(prefix="/overdue", route_class=PageRoute, include_in_schema=False)

Reader = Annotated[Principal, signed_in("contracts:read")]
Writer = Annotated[Principal, signed_in("contracts:write")]


@router.get("")
async def overdue(
    request: Request,
    caller: Reader,
    session: Writes,
    context: Context,
    state: Annotated[str, Query(max_length=16)] = "",
    cursor: Annotated[str | None, Query(max_length=300)] = None,
    done: Annotated[bool, Query()] = False,
) -> Response:
    """Everybody overdue once, whom to call first on top; the look is logged."""
    now = context.clock.now()
    today = business_date(now)
    chosen: State | None = state if state in STATES else None
    items, following = await service.listed(
        session, context, caller,
        as_of=None, team=None, state=chosen, limit=LISTED, after=_after(cursor),
    )  # fmt: skip
    returns = await service.returns(
        session, context, caller,
        first=today - timedelta(days=WINDOW_DAYS - 1), last=today, team=None,
    )  # fmt: skip
    await audit.record(
        session,
        actor=caller.client_id,
        organisation=caller.organisation,
        action="overdue.read",
        subject=caller.organisation,
        at=now,
        detail={"persons": len(items)},
    )
    names = await masked_names(context, [one.person_id for one in items])
    outcomes = programme_of(context).overdue.outcomes
    rows: list[dict[str, Any]] = []
    for one in items:
        last = outcomes.get(one.last_call.outcome) if one.last_call else None
        rows.append(
            one.model_dump()
            | {
                "name": names.get(one.person_id),
                "titles": [_title(rule) for rule in one.rules],
                "outcome_text": {
                    "text_zh": one.last_call.outcome_zh if one.last_call else "",
                    "text_en": last.en if last else "",
                },
            }
        )
    return render(
        request,
        "overdue.html",
        {
            "rows": rows,
            "state": chosen or "",
            "states": tuple(STATES),
            "returns": returns,
            "window": WINDOW_DAYS,
            "writes": "contracts:write" in caller.scopes,
            "next": (
                encode_cursor(following[0].isoformat(), *following[1:]) if following else None
            ),
            "done": said("overdue.done") if done else None,
        },
    )


@router.get("/{person_id}")
async def call_form(
    person_id: str, request: Request, caller: Writer, session: Writes, context: Context
) -> Response:
    """What a call may end in."""
    return await _page(request, context, session, caller, person_id, Typed())


@router.post("/{person_id}")
async def record_call(
    person_id: str, request: Request, caller: Writer, session: Writes, context: Context
) -> Response:
    """Record the call; what is wrong stands beside its field."""
    typed = await fields(request)
    kept, _, _ = await read_person(session, context, caller, person_id)
    given = {
        name: typed[name] or None
        for name in ("outcome", "agreed_on", "since", "evidence", "consent", "note")
    }
    try:
        body = CallRequest.model_validate(
            given | {"person_id": kept, "called_at": local_moment(typed["called_at"])}
        )
    except ValidationError as error:
        faults = at_fields(field_faults(error.errors()), {})
        if "called_at" in faults:
            faults["called_at"] = said("overdue.at.malformed")
        return await _page(
            request, context, session, caller, kept, typed, faults=faults, status=422
        )
    answer = await attempt(session, service.record(session, context, caller, body))
    if isinstance(answer, Problem):
        faults = at_fields(answer.errors, {})
        return await _page(
            request, context, session, caller, kept, typed,
            faults=faults, problem=None if faults else told(answer), status=answer.status,
        )  # fmt: skip
    return see("/contracts/overdue?done=true")


def _title(rule: str) -> Said:
    planned = rulebook().rule(rule, None)
    if planned is not None:
        return {"text_zh": planned.title.zh, "text_en": planned.title.en}
    known = RULES.get(rule)
    return {
        "text_zh": known.title_zh if known else rule,
        "text_en": known.title if known else rule,
    }


async def _page(
    request: Request,
    context: ServiceContext,
    session: WriteSession,
    caller: Principal,
    person_id: str,
    typed: Typed,
    *,
    faults: Mapping[str, Said] | None = None,
    problem: Said | None = None,
    status: int = 200,
) -> Response:
    kept, person, _ = await read_person(session, context, caller, person_id)
    names = await masked_names(context, [kept])
    values = {
        "person_id": kept,
        "name": names.get(kept),
        "township": person.township,
        "village": person.village,
        "outcomes": [
            {"code": code, "text_zh": one.zh, "text_en": one.en}
            for code, one in programme_of(context).overdue.outcomes.items()
        ],
        "typed": Typed({"called_at": as_local(context.clock.now())} | typed),
        "faults": dict(faults or {}),
        "problem": problem,
        "may_reveal": {"identity:persons", "identity:reveal"} <= caller.scopes,
    }
    return render(request, "overdue_call.html", values, status=status)


def _after(cursor: str | None) -> tuple[date, str, str] | None:
    if cursor is None:
        return None
    day, person_id, team = decode_cursor(cursor, parts=3)
    try:
        return date.fromisoformat(str(day)), str(person_id), str(team)
    except ValueError:
        raise CursorMalformed from None
