"""The screen ``/contracts/referrals``: who waits, at either end, and the answer."""

from __future__ import annotations

from typing import Annotated, Any, Literal, cast, get_args
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import ValidationError
from starlette.responses import Response

from services.contracts.referrals import service
from services.contracts.referrals.domain import StateOnDay
from services.contracts.referrals.results import results_of
from services.contracts.referrals.schemas import AcceptRequest, RefuseRequest
from services.contracts.screens.kit import PageRoute, render, said
from services.contracts.screens.names import masked_names
from services.contracts.screens.person_parts import referral_row
from shared.clock import business_date
from shared.db.session import Writes, WriteSession
from shared.http.pagination import CursorMalformed, decode_cursor, encode_cursor
from shared.http.problem import NotFound, Problem
from shared.runtime.context import Context, ServiceContext
from shared.security import audit
from shared.security.principal import Principal
from shared.web.kit import Said, Typed, attempt, fields, see, told
from shared.web.signin.required import signed_in

LISTED = 100
STATES: tuple[str, ...] = get_args(StateOnDay)
_ANSWERS = ("accept", "refuse", "return", "close")

router = APIRouter(prefix="/referrals", route_class=PageRoute, include_in_schema=False)

Reader = Annotated[Principal, signed_in("contracts:read")]
Writer = Annotated[Principal, signed_in("contracts:write")]


class AnswerUnknown(NotFound):
    code = "answer_unknown"
    title = "There is no such answer to a referral"
    title_zh = "转诊没有此项办理"


@router.get("")
async def waiting(
    request: Request,
    caller: Reader,
    session: Writes,
    context: Context,
    status: Annotated[str, Query(max_length=12)] = "made",
    cursor: Annotated[str | None, Query(max_length=200)] = None,
    done: Annotated[str, Query(max_length=12)] = "",
) -> Response:
    """Who waits for an answer, the most urgent and then the longest waiting first."""
    words = said(f"act.done.referral-{done}") if done in _ANSWERS else None
    return await _page(request, context, session, caller, status, cursor, done=words)


@router.post("/{referral_id}/{step}")
async def answer(
    referral_id: UUID,
    step: str,
    request: Request,
    caller: Writer,
    session: Writes,
    context: Context,
) -> Response:
    """Accept, refuse with the reason, hand back, close."""
    if step not in _ANSWERS:
        raise AnswerUnknown
    typed = await fields(request)
    opened = f"{step}-{referral_id}"
    refusal = note = None
    try:
        if step == "refuse":
            refusal = RefuseRequest(reason=typed["reason"]).reason
        else:
            note = AcceptRequest(note=typed["note"] or None).note
    except ValidationError:
        faults = {"reason": said("referrals.reason.missing")}
        return await _page(
            request, context, session, caller, typed["status"], None,
            opened=opened, typed=typed, faults=faults, code=422,
        )  # fmt: skip
    name = cast("Literal['accept', 'refuse', 'return', 'close']", step)
    work = service.step(session, context, caller, referral_id, name, refusal=refusal, note=note)
    result = await attempt(session, work)
    if isinstance(result, Problem):
        return await _page(
            request, context, session, caller, typed["status"], None,
            opened=opened, typed=typed, problem=told(result), code=result.status,
        )  # fmt: skip
    status = typed["status"] if typed["status"] in STATES else "made"
    return see(f"/contracts/referrals?status={status}&done={step}")


async def _page(
    request: Request,
    context: ServiceContext,
    session: WriteSession,
    caller: Principal,
    status: str,
    cursor: str | None,
    *,
    done: Said | None = None,
    opened: str = "",
    typed: Typed | None = None,
    faults: dict[str, Said] | None = None,
    problem: Said | None = None,
    code: int = 200,
) -> Response:
    state = status if status in STATES else None
    found, following = await service.page(
        session, context, caller,
        state=state, facility=None, direction=None, person_id=None,
        limit=LISTED, after=_after(cursor),
    )  # fmt: skip
    await audit.record(
        session,
        actor=caller.client_id,
        organisation=caller.organisation,
        action="referrals.listed",
        subject=caller.organisation,
        at=context.clock.now(),
        detail={"referrals": len(found)},
    )
    names = await masked_names(context, [one.person_id for one in found])
    today = business_date(context.clock.now())
    results = await results_of(session, found)
    rows: list[dict[str, Any]] = [
        referral_row(context, caller, one, today)
        | {
            "name": names.get(one.person_id),
            "waits": (today - one.issued_on).days,
            "results": [each.model_dump() for each in results[one.referral_id]],
        }
        for one in found
    ]
    return render(
        request,
        "referrals.html",
        {
            "rows": rows,
            "status": state or "",
            "states": STATES,
            "writes": "contracts:write" in caller.scopes,
            "next": encode_cursor(following[0], str(following[1])) if following else None,
            "opened": opened,
            "typed": typed or Typed(),
            "faults": faults or {},
            "problem": problem,
            "done": done,
        },
        status=code,
    )


def _after(cursor: str | None) -> tuple[int, UUID] | None:
    if cursor is None:
        return None
    rank, referral_id = decode_cursor(cursor, parts=2)
    try:
        return int(rank), UUID(str(referral_id))
    except (ValueError, TypeError):
        raise CursorMalformed from None
