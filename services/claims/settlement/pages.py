"""Settling on a case's page: confirm what was shown, undo it with a reason."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import ValidationError
from starlette.responses import Response

from services.claims.screens.case import Words, case_page
from services.claims.screens.kit import PageRoute, said
from services.claims.settlement import service
from services.claims.settlement.printing import pdf_answer
from services.claims.settlement.problems import SettlementNotFound
from services.claims.settlement.repository import Stored
from services.claims.settlement.schemas import ReverseRequest
from services.claims.settlement.statement import statement
from shared.db.session import Writes, WriteSession
from shared.http.problem import Conflict, Problem
from shared.money import text_from_fen
from shared.runtime.context import Context, ServiceContext
from shared.security.principal import Principal
from shared.web.kit import attempt, fields, see, told
from shared.web.signin.required import signed_in

router = APIRouter(route_class=PageRoute, include_in_schema=False)

Caller = Annotated[Principal, signed_in("claims:settle")]


class BillChanged(Conflict):
    code = "bill_changed"
    title = "The bill is not the one that was shown"
    title_zh = "账单已变化"


@router.post("/cases/{encounter_id}/settle")
async def settle(
    encounter_id: UUID, request: Request, caller: Caller, session: Writes, context: Context
) -> Response:
    """Settle what the clerk has seen; a bill that has changed since is shown anew instead."""
    typed = await fields(request)
    seen = (typed["total"], typed["patient_pays"])
    answer = await attempt(session, _settle_as_seen(session, context, caller, encounter_id, seen))
    if isinstance(answer, Problem):
        changed = answer.code == BillChanged.code
        problem = said("case.settle.changed") if changed else told(answer)
        words = Words(problem=problem, status=answer.status)
        return await case_page(request, context, session, caller, encounter_id, words)
    return see(f"/claims/cases/{encounter_id}?done=settled")


async def _settle_as_seen(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    encounter_id: UUID,
    seen: tuple[str, str],
) -> Stored:
    stored, made = await service.settle(session, context, caller, encounter_id)
    amounts = stored.amounts
    if made and seen != (text_from_fen(amounts.total), text_from_fen(amounts.patient_pays)):
        raise BillChanged
    return stored


@router.post("/cases/{encounter_id}/reverse")
async def reverse(
    encounter_id: UUID, request: Request, caller: Caller, session: Writes, context: Context
) -> Response:
    """Undo the settlement that the page showed, with a reason."""
    typed = await fields(request)
    try:
        settlement_id = UUID(typed["settlement_id"])
        body = ReverseRequest(reason=typed["reason"])
    except ValidationError:
        faults = {"reason": said("case.reverse.reason.missing")}
        words = Words(typed=typed, faults=faults, opened="reverse", status=422)
        return await case_page(request, context, session, caller, encounter_id, words)
    except ValueError as error:
        raise SettlementNotFound from error
    answer = await attempt(
        session, service.reverse(session, context, caller, settlement_id, body.reason)
    )
    if isinstance(answer, Problem):
        words = Words(problem=told(answer), status=answer.status)
        return await case_page(request, context, session, caller, encounter_id, words)
    return see(f"/claims/cases/{answer.encounter_id}?done=reversed")


@router.get("/settlements/{settlement_id}/statement.pdf")
async def statement_pdf(
    settlement_id: UUID,
    caller: Annotated[Principal, signed_in("claims:ledger")],
    context: Context,
) -> Response:
    """The statement, to be printed."""
    return pdf_answer(settlement_id, await statement(context, caller, settlement_id))
