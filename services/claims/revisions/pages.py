"""Settling anew on a case's page: what was learned later, or room that came free under a cap."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from services.claims.proposals import service as proposals
from services.claims.revisions import service
from services.claims.screens.case import Words, case_page
from services.claims.screens.kit import PageRoute
from services.claims.settlement.problems import SettlementNotFound
from shared.db.session import Writes
from shared.http.problem import Problem
from shared.runtime.context import Context
from shared.security.principal import Principal
from shared.web.kit import attempt, fields, see, told
from shared.web.signin.required import signed_in

LATE = "结算后身份或人员类别有变，重新结算"
CONFIRMED = {
    "room": "年度限额有余额，补付后重新结算",
    "shifted": "同年较早的结算已冲销或更正，大病保险按现在的累计重新结算",
}
LEFT = "窗口决定不补付"

router = APIRouter(prefix="/cases", route_class=PageRoute, include_in_schema=False)

Caller = Annotated[Principal, signed_in("claims:settle")]


@router.post("/{encounter_id}/revise")
async def revise(
    encounter_id: UUID, request: Request, caller: Caller, session: Writes, context: Context
) -> Response:
    """Reverse and settle anew in one step; ``do`` says for which of the page's reasons."""
    typed = await fields(request)
    try:
        settlement_id = UUID(typed["settlement_id"])
    except ValueError as error:
        raise SettlementNotFound from error
    answer: object
    if typed["do"] == "dismiss":
        answer = await attempt(
            session, proposals.dismiss(session, context, caller, settlement_id, LEFT)
        )
    elif typed["do"] in CONFIRMED:
        note = CONFIRMED[typed["do"]]
        answer = await attempt(
            session, proposals.confirm(session, context, caller, settlement_id, note)
        )
    else:
        answer = await attempt(
            session, service.revise(session, context, caller, settlement_id, LATE)
        )
    if isinstance(answer, Problem):
        words = Words(problem=told(answer), status=answer.status)
        return await case_page(request, context, session, caller, encounter_id, words)
    done = "dismissed" if typed["do"] == "dismiss" else "revised"
    return see(f"/claims/cases/{encounter_id}?done={done}")
