"""The screen ``/claims/drg``: the pilot's terms, and each case by its group beside its items."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from services.claims.drg import repository, service
from services.claims.drg.schemas import CaseList, PilotAnswer
from services.claims.screens.kit import PageRoute, render, said
from services.claims.settlement.bill import LEVELS
from shared.db.session import Reads, ReadSession, Writes
from shared.http.problem import Problem
from shared.runtime.context import Context, ServiceContext
from shared.security.principal import Principal
from shared.web.forms import at_fields, plain_text
from shared.web.kit import Said, Typed, attempt, fields, see, told
from shared.web.signin.required import signed_in

LISTED = 200

router = APIRouter(prefix="/drg", route_class=PageRoute, include_in_schema=False)

Settler = Annotated[Principal, signed_in("claims:settle")]
Reader = Annotated[Principal, signed_in("claims:ledger")]


@router.get("")
async def drg(
    request: Request,
    caller: Reader,
    session: Reads,
    context: Context,
    done: Annotated[str, Query(max_length=8)] = "",
) -> Response:
    """The newest pilot: what its groups make of the bills, and for whom."""
    told_done = said("drg.done") if done == "grouped" else None
    return await _page(request, context, session, caller, done=told_done)


@router.post("")
async def group(request: Request, caller: Settler, session: Writes, context: Context) -> Response:
    """Keep the group that the hospital found for a settled stay."""
    typed = await fields(request)
    pilot, _ = await service.cases(session, context, caller)
    visible = [] if pilot is None else [c for c in pilot.facilities if caller.may_see_facility(c)]
    settlement_id = await repository.settlement_of_visit(
        session, context.region.region_code, plain_text(typed["visit_no"]), visible
    )
    if settlement_id is None:
        faults = {"visit_no": said("drg.visit_no.fault")}
        return await _page(request, context, session, caller, typed=typed, faults=faults)
    code = plain_text(typed["group_code"]).upper()
    answer = await attempt(session, service.group(session, context, caller, settlement_id, code))
    if isinstance(answer, Problem):
        faults = at_fields(answer.errors, {})
        problem = None if faults else told(answer)
        return await _page(
            request, context, session, caller, typed=typed, faults=faults, problem=problem
        )
    return see("/claims/drg?done=grouped")


async def _page(
    request: Request,
    context: ServiceContext,
    session: ReadSession,
    caller: Principal,
    *,
    typed: Typed | None = None,
    faults: Mapping[str, Said] | None = None,
    problem: Said | None = None,
    done: Said | None = None,
) -> Response:
    pilot, priced = await service.cases(session, context, caller)

    def place(code: str) -> Said:
        found = context.region.facility(code)
        if found is None:
            return {"text_zh": code, "text_en": code}
        return {"text_zh": found.name_zh, "text_en": found.name_en}

    found = CaseList.of(priced, LISTED).model_dump(mode="json")
    visits = await repository.visit_numbers(
        session, [each.case.settlement_id for each in priced[:LISTED]]
    )
    return render(
        request,
        "drg.html",
        {
            "pilot": None if pilot is None else PilotAnswer.of(pilot).model_dump(mode="json"),
            "levels": tuple(reversed(LEVELS)),
            "hospitals": [] if pilot is None else [place(code) for code in pilot.facilities],
            "sums": found,
            "cases": [
                each
                | {
                    "facility": place(each["facility_code"]),
                    "visit_no": visits[each["settlement_id"]],
                }
                for each in found["items"]
            ],
            "listed": LISTED,
            "groups": pilot is not None and "claims:settle" in caller.scopes,
            "typed": typed or Typed(),
            "faults": dict(faults or {}),
            "problem": problem,
            "done": done,
        },
        status=422 if faults else 409 if problem else 200,
    )
