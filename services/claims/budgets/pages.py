"""The screens ``/claims/budgets``: a community's agreement, its advances, its cost, its year's end."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from typing import Annotated, Any, TypeVar
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ValidationError
from starlette.responses import Response

from services.claims.budgets import paying, presenting, service
from services.claims.budgets.domain import Adjustment
from services.claims.budgets.schemas import (
    AdjustRequest,
    AdvanceRequest,
    AgreementRequest,
    SignRequest,
    YearEndRequest,
)
from services.claims.budgets.service import Draft
from services.claims.screens.kit import PageRoute, render, said
from shared.clock import business_date
from shared.db.session import Reads, ReadSession, Writes
from shared.http.faults import field_faults
from shared.http.problem import Problem
from shared.runtime.context import Context, ServiceContext
from shared.security.principal import Principal
from shared.web.forms import at_fields, plain_number, ratio_of_percent
from shared.web.kit import Said, Typed, attempt, fields, see, told
from shared.web.signin.required import signed_in

router = APIRouter(prefix="/budgets", route_class=PageRoute, include_in_schema=False)

Reader = Annotated[Principal, signed_in("claims:ledger")]
Treasurer = Annotated[Principal, signed_in("claims:funds")]
Payer = Annotated[Principal, signed_in("claims:clearing-approve")]
B = TypeVar("B", bound=BaseModel)

_DONE = ("drafted", "signed", "advanced", "adjusted", "settled")
_RATIOS = ("risk_reserve_ratio", "deposit_ratio", "retained_ratio", "overspend_ratio",
           "overspend_cap_ratio")  # fmt: skip
_TICKS = ("facilities", "townships")
_AMOUNTS = ("approved", "critical_illness", "other_reserves")


@router.get("")
async def budgets(request: Request, caller: Reader, session: Reads, context: Context) -> Response:
    """Every agreement, and the form of a new one."""
    return await _list(request, context, session, caller)


@router.post("")
async def draft(request: Request, caller: Treasurer, session: Writes, context: Context) -> Response:
    """Keep a draft."""
    form = await request.form()
    typed = await fields(request)
    ticked = [str(each) for name in _TICKS for each in form.getlist(name)]
    document: dict[str, Any] = {
        "year": plain_number(typed["year"]),
        "community": typed["community"],
        "insurance_plan": typed["plan"],
        "lead_facility_code": typed["lead_facility_code"],
    }
    document |= {name: [str(each) for each in form.getlist(name)] for name in _TICKS}
    document |= {name: plain_number(typed[name]) for name in _AMOUNTS if typed[name]}
    document |= {name: ratio_of_percent(typed[name]) or "x" for name in _RATIOS if typed[name]}
    try:
        body = AgreementRequest.model_validate(document)
    except ValidationError as error:
        faults = at_fields(field_faults(error.errors()), {"insurance_plan": "plan"})
        return await _list(
            request, context, session, caller, typed=typed, ticked=ticked, faults=faults
        )
    wanted = Draft(
        body.year, body.community, body.insurance_plan, body.lead_facility_code,
        body.facilities, body.townships, body.terms,
    )  # fmt: skip
    made = await attempt(session, service.draft(session, context, caller, wanted))
    if isinstance(made, Problem):
        faults = at_fields(made.errors, {})
        problem = None if faults else told(made)
        return await _list(
            request, context, session, caller,
            typed=typed, ticked=ticked, faults=faults, problem=problem, status=made.status,
        )  # fmt: skip
    return see(f"/claims/budgets/{made.agreement.id}?done=drafted")


@router.get("/{agreement_id}")
async def budget(
    agreement_id: UUID,
    request: Request,
    caller: Reader,
    session: Reads,
    context: Context,
    done: Annotated[str, Query(max_length=16)] = "",
) -> Response:
    """One agreement, and the one thing to do with it."""
    told_done = said(f"budget.done.{done}") if done in _DONE else None
    return await _page(request, context, session, caller, agreement_id, done=told_done)


@router.post("/{agreement_id}/sign")
async def sign(
    agreement_id: UUID, request: Request, caller: Payer, session: Writes, context: Context
) -> Response:
    """By somebody else than who drafted it."""
    typed = await fields(request)
    body, faults = _read(SignRequest, {name: typed[name] for name in ("document", "signed_on")})
    if body is None:
        return await _page(
            request,
            context,
            session,
            caller,
            agreement_id,
            typed=typed,
            faults=faults,
            opened="sign",
        )
    work = service.sign(
        session, context, caller, agreement_id, document=body.document, signed_on=body.signed_on
    )
    return await _answer(request, context, session, caller, agreement_id, work, "signed", typed)


@router.post("/{agreement_id}/advance")
async def advance(
    agreement_id: UUID, request: Request, caller: Payer, session: Writes, context: Context
) -> Response:
    """Book a month's advance, once."""
    typed = await fields(request)
    body, faults = _read(
        AdvanceRequest, {"month": typed["month"], "paid_on": typed["paid_on"] or None}
    )
    if body is None:
        return await _page(
            request, context, session, caller, agreement_id, typed=typed, faults=faults
        )
    work = paying.advance(
        session, context, caller, agreement_id, month=body.month, paid_on=body.paid_on
    )
    return await _answer(request, context, session, caller, agreement_id, work, "advanced", typed)


@router.post("/{agreement_id}/adjust")
async def adjust(
    agreement_id: UUID, request: Request, caller: Treasurer, session: Writes, context: Context
) -> Response:
    """Another approved total for the months to come."""
    typed = await fields(request)
    document = {
        "approved": plain_number(typed["approved"]),
        "from_month": plain_number(typed["from_month"]),
        "document": typed["document"],
    }
    body, faults = _read(AdjustRequest, document)
    if body is None:
        return await _page(
            request, context, session, caller, agreement_id,
            typed=typed, faults=faults, opened="adjust",
        )  # fmt: skip
    adjustment = Adjustment(body.from_month, int(body.approved), body.document)
    work = service.adjust(session, context, caller, agreement_id, adjustment)
    return await _answer(
        request, context, session, caller, agreement_id, work, "adjusted", typed, opened="adjust"
    )


@router.post("/{agreement_id}/year-end")
async def year_end(
    agreement_id: UUID, request: Request, caller: Payer, session: Writes, context: Context
) -> Response:
    """Settle the year, which cannot be taken back: the form asks once more."""
    typed = await fields(request)
    document: dict[str, Any] = {"paid_on": typed["paid_on"] or None}
    if typed["factor"]:
        document["assessment_factor"] = ratio_of_percent(typed["factor"]) or "x"
    if typed["unreasonable"]:
        document["unreasonable"] = plain_number(typed["unreasonable"])
    body, faults = _read(YearEndRequest, document, {"assessment_factor": "factor"})
    if typed["sure"] != "1":
        faults["sure"] = said("budget.sure.missing")
    if body is None or faults:
        return await _page(
            request, context, session, caller, agreement_id,
            typed=typed, faults=faults, opened="year-end",
        )  # fmt: skip
    work = paying.settle_year(
        session, context, caller, agreement_id,
        factor=body.assessment_factor,
        unreasonable_fen=int(body.unreasonable),
        paid_on=body.paid_on,
    )  # fmt: skip
    return await _answer(
        request, context, session, caller, agreement_id, work, "settled", typed, opened="year-end"
    )


def _read(
    kind: type[B], document: Mapping[str, Any], names: Mapping[str, str] | None = None
) -> tuple[B | None, dict[str, Said]]:
    """The form as the contract's request, or what is wrong with its fields."""
    try:
        return kind.model_validate(document), {}
    except ValidationError as error:
        return None, at_fields(field_faults(error.errors()), names or {})


async def _answer(
    request: Request,
    context: ServiceContext,
    session: Writes,
    caller: Principal,
    agreement_id: UUID,
    work: Awaitable[Any],
    done: str,
    typed: Typed,
    *,
    opened: str = "",
) -> Response:
    answer = await attempt(session, work)
    if isinstance(answer, Problem):
        faults = at_fields(answer.errors, {"assessment_factor": "factor"})
        problem = None if faults else told(answer)
        return await _page(
            request, context, session, caller, agreement_id,
            typed=typed, faults=faults, problem=problem, opened=opened, status=answer.status,
        )  # fmt: skip
    return see(f"/claims/budgets/{agreement_id}?done={done}")


async def _page(
    request: Request,
    context: ServiceContext,
    session: ReadSession,
    caller: Principal,
    agreement_id: UUID,
    *,
    typed: Typed | None = None,
    faults: Mapping[str, Said] | None = None,
    problem: Said | None = None,
    done: Said | None = None,
    opened: str = "",
    status: int = 200,
) -> Response:
    found = await service.visible(session, context, caller, agreement_id)
    today = business_date(context.clock.now())
    if faults and status == 200:  # noqa: PLR2004 - a form that cannot be read
        status = 422
    return render(
        request,
        "budget.html",
        {
            "budget": await presenting.whole(session, context, found),
            "pays": "claims:clearing-approve" in caller.scopes,
            "keeps": "claims:funds" in caller.scopes,
            "drafted_it": found.agreement.created_by == caller.client_id,
            "over": today.year > found.agreement.year,
            "typed": typed or Typed(signed_on=today.isoformat(), factor="100"),
            "faults": dict(faults or {}),
            "problem": problem,
            "done": done,
            "opened": opened,
        },
        status=status,
    )


async def _list(
    request: Request,
    context: ServiceContext,
    session: ReadSession,
    caller: Principal,
    *,
    typed: Typed | None = None,
    ticked: Sequence[str] = (),
    faults: Mapping[str, Said] | None = None,
    problem: Said | None = None,
    status: int = 200,
) -> Response:
    found = await service.listed(session, context, caller, None)
    if faults and status == 200:  # noqa: PLR2004 - a form that cannot be read
        status = 422
    year = business_date(context.clock.now()).year
    default = Typed(year=str(year), retained_ratio="100", overspend_ratio="0")
    return render(
        request,
        "budgets.html",
        {
            "budgets": [presenting.head(each) for each in reversed(found)],
            "keeps": "claims:funds" in caller.scopes and caller.of_county,
            "plans": [{"code": code, **name} for code, name in presenting.PLANS.items()],
            "facilities": [each for each in context.region.facilities if each.in_region],
            "townships": context.region.townships,
            "typed": typed or default,
            "ticked": ticked,
            "faults": dict(faults or {}),
            "problem": problem,
        },
        status=status,
    )
