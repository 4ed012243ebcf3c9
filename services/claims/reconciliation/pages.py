"""The screen ``/claims/reconciliations``: what is open, what a day's comparison found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import ValidationError
from starlette.responses import Response

from services.claims.reconciliation import repository, service
from services.claims.reconciliation.answering import answer_of, book_of
from services.claims.reconciliation.domain import PATIENT, TOTAL
from services.claims.reconciliation.presenting import (
    difference_answer,
    part_names,
    summary_answer,
)
from services.claims.reconciliation.schemas import ResolveRequest
from services.claims.screens.kit import PageRoute, render, said
from shared.db.session import Reads, ReadSession, Writes
from shared.http.problem import Problem
from shared.policy.region import Facility
from shared.runtime.context import Context, ServiceContext
from shared.security.principal import Principal
from shared.web.kit import Said, Typed, attempt, fields, see, told
from shared.web.signin.required import signed_in

LISTED = 50

router = APIRouter(prefix="/reconciliations", route_class=PageRoute, include_in_schema=False)

Reader = Annotated[Principal, signed_in("claims:ledger")]
Reconciler = Annotated[Principal, signed_in("claims:reconcile")]


@router.get("")
async def overview(request: Request, caller: Reader, session: Reads, context: Context) -> Response:
    """Open differences with their age, and the latest reconciliations."""
    sees, facility_code = service.within(caller, None)
    region = context.region.region_code
    now = context.clock.now()
    waiting: list[dict[str, Any]] = []
    runs: list[dict[str, Any]] = []
    if sees:
        found = await repository.find_differences(
            session, region=region, facility_code=facility_code, status="open", kind=None,
            opened_before=None, after=None, limit=LISTED,
        )  # fmt: skip
        waiting = [difference_answer(one, now).model_dump(mode="json") for one in found]
        made = await repository.find(
            session, region=region, facility_code=facility_code, day=None, status=None,
            after=None, limit=LISTED,
        )  # fmt: skip
        runs = [summary_answer(one, 0).model_dump(mode="json") for one in made]
    return render(
        request,
        "reconciliations.html",
        {
            "waiting": waiting,
            "runs": runs,
            "run_of": await repository.latest_of(
                session, [one["difference_id"] for one in waiting]
            ),
            "facility_name": _names(context),
            "listed": LISTED,
        },
    )


@router.get("/{reconciliation_id}")
async def one(
    reconciliation_id: UUID,
    request: Request,
    caller: Reader,
    session: Reads,
    context: Context,
    done: Annotated[str, Query(max_length=8)] = "",
) -> Response:
    """Both sides' sums, every difference in words, and the form that closes one."""
    return await _page(request, context, session, caller, reconciliation_id, {"done": bool(done)})


@router.post("/{reconciliation_id}/resolve")
async def resolve(
    reconciliation_id: UUID,
    request: Request,
    caller: Reconciler,
    session: Writes,
    context: Context,
) -> Response:
    """Close one of the page's differences with a reason."""
    typed = await fields(request)
    values: dict[str, Any] = {"typed": typed}
    try:
        body = ResolveRequest(reason=typed["reason"])
        difference_id = UUID(typed["difference_id"])
    except (ValidationError, ValueError):
        values["problem"] = said("recon.reason.missing")
        return await _page(request, context, session, caller, reconciliation_id, values, status=422)
    answer = await attempt(
        session, service.resolve(session, context, caller, difference_id, body.reason)
    )
    if isinstance(answer, Problem):
        values["problem"] = told(answer)
        return await _page(
            request, context, session, caller, reconciliation_id, values, status=answer.status
        )
    return see(f"/claims/reconciliations/{reconciliation_id}?done=1")


@router.get("/{reconciliation_id}/report.xlsx")
async def report(
    reconciliation_id: UUID, caller: Reader, session: Writes, context: Context
) -> Response:
    """The reconciliation as a workbook, for the signed-in user."""
    made = await service.visible(session, caller, reconciliation_id)
    await service.log_export(session, context, caller, made)
    return await book_of(session, context, made)


async def _page(
    request: Request,
    context: ServiceContext,
    session: ReadSession,
    caller: Principal,
    reconciliation_id: UUID,
    values: Mapping[str, Any],
    *,
    status: int = 200,
) -> Response:
    made = await service.visible(session, caller, reconciliation_id)
    answer = await answer_of(session, context, made)
    shown = answer.model_dump(mode="json")
    parts = [TOTAL, PATIENT, *(part.part for part in answer.totals)]
    if answer.next is not None:
        parts += [window.payer for window in answer.next.subtotals]
    frame = {
        "made": shown,
        "part_name": {part: _said(part) for part in parts},
        "facility_name": _names(context),
        "may_resolve": "claims:reconcile" in caller.scopes,
        "typed": Typed(),
        "problem": None,
        "done": False,
    }
    return render(request, "reconciliation.html", {**frame, **values}, status=status)


def _said(part: str) -> Said:
    chinese, english = part_names(part)
    return {"text_zh": chinese, "text_en": english}


def _names(context: ServiceContext) -> dict[str, Facility]:
    return {each.facility_code: each for each in context.region.facilities}
