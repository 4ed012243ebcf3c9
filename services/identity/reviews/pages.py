"""``/identity/reviews``: both records side by side, decided with a key."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import ValidationError
from starlette.responses import Response

from services.identity.reviews import service, taking_back
from services.identity.reviews.schemas import (
    DecisionAnswer,
    DecisionRequest,
    ReviewAnswer,
    WithdrawalRequest,
)
from services.identity.screens.kit import PageRoute, name_of, render, said
from shared.db.session import Reads, Writes, WriteSession
from shared.http.problem import Problem
from shared.runtime.context import Context, ServiceContext
from shared.security.principal import Principal
from shared.web.kit import Said, Typed, attempt, fields, see, told
from shared.web.signin.required import signed_in

LISTED = 30
"""Reviews in the list beside the one that is looked at."""
_MONTHS = 12
_PERSON_MISSING = "person_missing"
_REASON_MISSING = "reason_missing"

Status = Literal["open", "decided"]
Done = Literal[
    "same_person", "different_person", "second", "disputed", "withdrawn", "withdrawal_asked"
]

router = APIRouter(prefix="/reviews", route_class=PageRoute, include_in_schema=False)

Caller = Annotated[Principal, signed_in("identity:review")]
Wanted = Annotated[Status, Query()]


# Write sessions although they read: the look at persons is written to the audit log.
@router.get("")
async def queue(
    request: Request,
    caller: Caller,
    session: Writes,
    context: Context,
    status: Wanted = "open",
    done: Annotated[Done | None, Query()] = None,
) -> Response:
    """The first review that waits, or the latest decided."""
    return await _page(request, context, session, caller, None, status=status, done=done)


@router.get("/figures")
async def figures(request: Request, caller: Caller, session: Reads, context: Context) -> Response:
    """How good the grades are, and how well reviewers agree."""
    found = await service.figures(session, context, caller, months=_MONTHS)
    return render(
        request, "reviews_figures.html", {"found": found.model_dump(mode="json"), "status": ""}
    )


@router.get("/{review_id}")
async def one(
    review_id: UUID,
    request: Request,
    caller: Caller,
    session: Writes,
    context: Context,
    status: Wanted = "open",
    done: Annotated[Done | None, Query()] = None,
) -> Response:
    """One review, with the list it stands in."""
    return await _page(request, context, session, caller, review_id, status=status, done=done)


@router.post("/{review_id}")
async def decide(
    review_id: UUID, request: Request, caller: Caller, session: Writes, context: Context
) -> Response:
    """Keep a word, and go on to the next review."""
    typed = await fields(request)
    answer = await _decided(session, context, caller, review_id, typed)
    if isinstance(answer, dict):
        return await _page(
            request, context, session, caller, review_id, typed=typed, faults=answer, code=422
        )
    if isinstance(answer, Problem):
        missing = answer.code == _PERSON_MISSING
        return await _page(
            request,
            context,
            session,
            caller,
            review_id,
            typed=typed,
            faults={"person_id": said("reviews.which")} if missing else {},
            problem=None if missing else told(answer),
            code=answer.status,
        )
    done = answer.outcome if answer.status == "decided" else answer.status
    following = typed["next"]
    try:
        place = f"/{UUID(following)}" if following else ""
    except ValueError:
        place = ""
    return see(f"/identity/reviews{place}?done={done}")


@router.post("/{review_id}/withdrawal")
async def take_back(
    review_id: UUID, request: Request, caller: Caller, session: Writes, context: Context
) -> Response:
    """Take an outcome back, and go to the question that is asked again."""
    typed = await fields(request)
    reason = typed["reason"]
    try:
        body = WithdrawalRequest(reason=reason)
    except ValidationError:
        return await _page(
            request, context, session, caller, review_id, status="decided", typed=typed,
            faults={"reason": said("window.too_long")}, code=422,
        )  # fmt: skip
    answer = await attempt(
        session, taking_back.take_back(session, context, caller, review_id, body)
    )
    if isinstance(answer, Problem):
        missing = answer.code == _REASON_MISSING
        return await _page(
            request, context, session, caller, review_id, status="decided", typed=typed,
            faults={"reason": said("reviews.withdraw.reason_missing")} if missing else {},
            problem=None if missing else told(answer), code=answer.status,
        )  # fmt: skip
    if answer.status == "second":
        return see(f"/identity/reviews/{review_id}?status=decided&done=withdrawal_asked")
    return see(f"/identity/reviews/{answer.reopened_as or ''}?done=withdrawn")


async def _decided(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    review_id: UUID,
    typed: Typed,
) -> DecisionAnswer | Problem | dict[str, Said]:
    # One candidate needs no choice; of several the reviewer marks one, or says none.
    same = typed["decision"] == "same_person"
    chosen = typed["person_id"] if same else ""
    try:
        body = DecisionRequest.model_validate(
            {"decision": typed["decision"], "person_id": chosen or None, "note": typed["note"]}
        )
    except ValidationError as error:
        name = "note" if any("note" in one["loc"] for one in error.errors()) else "person_id"
        return {name: said("window.too_long" if name == "note" else "reviews.which")}
    return await attempt(session, service.decide(session, context, caller, review_id, body))


async def _page(
    request: Request,
    context: ServiceContext,
    session: WriteSession,
    caller: Principal,
    review_id: UUID | None,
    *,
    status: Status = "open",
    done: Done | None = None,
    typed: Typed | None = None,
    faults: dict[str, Said] | None = None,
    problem: Said | None = None,
    code: int = 200,
) -> Response:
    waiting = status == "open"
    listed = await service.queue(
        session, context, caller, waiting=waiting, limit=LISTED, cursor=None
    )
    items = listed.items
    shown = await _shown(session, context, caller, review_id, items)
    ids = [item.review_id for item in items]
    # Whoever has said his word goes past it: the next one that he may still decide.
    mine = [item.review_id for item in items if not item.you_decided]
    here = ids.index(shown.review_id) if shown is not None and shown.review_id in ids else None
    figures = await service.figures(session, context, caller, months=1)
    return render(
        request,
        "reviews.html",
        {
            "status": status,
            "items": [item.model_dump(mode="json") for item in items],
            "more": listed.next_cursor is not None,
            "shown": None if shown is None else _words(context, shown),
            "previous": ids[here - 1] if here else None,
            "following": ids[here + 1] if here is not None and here + 1 < len(ids) else None,
            "after": _after(mine, ids, here),
            "waiting": figures.waiting.model_dump(mode="json"),
            "done": done,
            "typed": typed or Typed(),
            "faults": faults or {},
            "problem": problem,
            "sees_persons": "identity:persons" in caller.scopes,
            "may_take_back": shown is not None and _may_take_back(shown, caller),
        },
        status=code,
    )


async def _shown(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    review_id: UUID | None,
    items: list[ReviewAnswer],
) -> ReviewAnswer | None:
    if review_id is not None:
        wanted = str(review_id)
        found = next((item for item in items if item.review_id == wanted), None)
        return found or await service.one(session, context, caller, review_id)
    return next((item for item in items if not item.you_decided), items[0] if items else None)


def _after(mine: list[str], ids: list[str], here: int | None) -> str | None:
    """Which review comes when this one is decided: the next of one's own, else the first."""
    if here is None:
        return None
    later = [each for each in ids[here + 1 :] if each in mine]
    earlier = [each for each in ids[:here] if each in mine]
    return next(iter([*later, *earlier]), None)


def _may_take_back(review: ReviewAnswer, caller: Principal) -> bool:
    return (
        review.status == "decided"
        and review.withdrawn_at is None
        and all(asked.asked_by != caller.client_id for asked in review.withdrawals)
    )


def _words(context: ServiceContext, review: ReviewAnswer) -> dict[str, Any]:
    """The review as the page says it; people by the names they are called."""
    shown = review.model_dump(mode="json")
    facility = context.region.facility(review.asked.facility_code)
    shown["asked"]["facility_en"] = facility.name_en if facility else ""
    shown["asked"]["facility_zh"] = review.asked.facility_name_zh or review.asked.facility_code
    for word in shown["words"]:
        word["who"] = name_of(context, word["decider"])
    for asked in shown["withdrawals"]:
        asked["who"] = name_of(context, asked["asked_by"])
    return shown
