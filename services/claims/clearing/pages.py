"""The screen ``/claims/clearing/<run>``: one run from draft to paid."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Mapping
from typing import Annotated, Any, cast
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import ValidationError
from starlette.responses import Response

from services.claims.clearing import exporting, paying, presenting, repository, service
from services.claims.clearing.domain import OPEN, Run, StepName
from services.claims.clearing.paying import Amount
from services.claims.clearing.schemas import CancelRequest, NoteRequest, PaidRequest
from services.claims.fees import repository as service_fees
from services.claims.funds import repository as funds
from services.claims.funds.domain import FUNDS
from services.claims.screens.kit import PageRoute, name_of, render, said
from shared.clock import business_date
from shared.db.session import Reads, ReadSession, Writes
from shared.http.faults import field_faults
from shared.http.problem import Problem
from shared.money import text_from_fen
from shared.runtime.context import Context, ServiceContext
from shared.security.principal import Principal
from shared.web.forms import at_fields, plain_number, plain_text
from shared.web.kit import Said, Typed, attempt, fields, see, told
from shared.web.signin.required import signed_in

ITEMS_SHOWN = 200
_DONE = ("created", "submit", "review", "approve", "cancel", "paid", "part", "release")

router = APIRouter(prefix="/clearing", route_class=PageRoute, include_in_schema=False)

Reader = Annotated[Principal, signed_in("claims:ledger")]
Preparer = Annotated[Principal, signed_in("claims:clearing")]
Reviewer = Annotated[Principal, signed_in("claims:clearing-review")]
Approver = Annotated[Principal, signed_in("claims:clearing-approve")]


@router.get("/{run_id}")
async def run(
    run_id: UUID,
    request: Request,
    caller: Reader,
    session: Reads,
    context: Context,
    done: Annotated[str, Query(max_length=16)] = "",
) -> Response:
    """One run, and the one thing to do with it."""
    told_done = said(f"run.done.{done}") if done in _DONE else None
    return await _page(request, context, session, caller, run_id, done=told_done)


@router.post("/{run_id}/submit")
async def submit(
    run_id: UUID, request: Request, caller: Preparer, session: Writes, context: Context
) -> Response:
    """Claim the money."""
    return await _step(request, context, session, caller, run_id, "submit")


@router.post("/{run_id}/review")
async def review(
    run_id: UUID, request: Request, caller: Reviewer, session: Writes, context: Context
) -> Response:
    """The health bureau has looked at it."""
    return await _step(request, context, session, caller, run_id, "review")


@router.post("/{run_id}/approve")
async def approve(
    run_id: UUID, request: Request, caller: Approver, session: Writes, context: Context
) -> Response:
    """The office that pays agrees."""
    return await _step(request, context, session, caller, run_id, "approve")


async def _step(
    request: Request,
    context: ServiceContext,
    session: Writes,
    caller: Principal,
    run_id: UUID,
    name: StepName,
) -> Response:
    typed = await fields(request)
    try:
        note = NoteRequest(note=typed["note"] or None).note
    except ValidationError as error:
        faults = at_fields(field_faults(error.errors()), {})
        return await _page(
            request, context, session, caller, run_id, typed=typed, faults=faults, status=422
        )
    found = await service.visible(session, caller, run_id)
    if any(each.step == name and each.done_by == caller.client_id for each in found.steps):
        # The same click again.
        return see(f"/claims/clearing/{run_id}?done={name}")
    work = service.step(session, context, caller, run_id, name, note)
    return await _answer(request, context, session, caller, run_id, work, name, typed)


@router.post("/{run_id}/cancel")
async def cancel(
    run_id: UUID, request: Request, caller: Preparer, session: Writes, context: Context
) -> Response:
    """Give a run up, with a reason."""
    typed = await fields(request)
    try:
        reason = CancelRequest(reason=typed["reason"]).reason
    except ValidationError:
        faults = {"reason": said("run.cancel.reason.missing")}
        return await _page(
            request, context, session, caller, run_id,
            typed=typed, faults=faults, opened="cancel", status=422,
        )  # fmt: skip
    work = service.step(session, context, caller, run_id, "cancel", reason)
    return await _answer(request, context, session, caller, run_id, work, "cancel", typed)


@router.post("/{run_id}/paid")
async def paid(
    run_id: UUID, request: Request, caller: Approver, session: Writes, context: Context
) -> Response:
    """Book what the bank has paid: everything that is open, or some parts of it."""
    typed = await fields(request)
    found = await service.visible(session, caller, run_id)
    partly = typed["partly"] == "1"
    amounts = {
        place: plain_number(typed[f"pay-{place}"])
        for place in range(len(found.parts))
        if typed[f"pay-{place}"]
    }
    document: dict[str, Any] = {
        "paid_on": typed["paid_on"] or None,
        "reference": plain_text(typed["reference"]) or None,
    }
    if partly:
        document["payments"] = [
            {
                "facility_code": found.parts[place].facility_code,
                "fund": found.parts[place].fund,
                "use": found.parts[place].use,
                "amount": amount,
            }
            for place, amount in amounts.items()
        ]
    opened = "part" if partly else ""
    try:
        body = PaidRequest.model_validate(document)
    except ValidationError as error:
        faults = _faults_of_parts(field_faults(error.errors()), list(amounts))
        if "payments" in faults:
            faults["payments"] = said("run.part.none")
        return await _page(
            request, context, session, caller, run_id,
            typed=typed, faults=faults, opened=opened, status=422,
        )  # fmt: skip
    work = paying.pay(
        session,
        context,
        caller,
        run_id,
        paid_on=body.paid_on,
        reference=body.reference,
        amounts=None
        if body.payments is None
        else [
            Amount(each.facility_code, each.fund, each.use, int(each.amount))
            for each in body.payments
        ],
    )
    return await _answer(
        request, context, session, caller, run_id, work, "part" if partly else "paid", typed,
        opened=opened, places=list(amounts),
    )  # fmt: skip


@router.post("/{run_id}/release")
async def release(
    run_id: UUID, request: Request, caller: Approver, session: Writes, context: Context
) -> Response:
    """Book that the deposits were paid out."""
    typed = await fields(request)
    try:
        body = PaidRequest.model_validate(
            {
                "paid_on": typed["paid_on"] or None,
                "reference": plain_text(typed["reference"]) or None,
            }
        )
    except ValidationError as error:
        faults = at_fields(field_faults(error.errors()), {})
        return await _page(
            request, context, session, caller, run_id, typed=typed, faults=faults, status=422
        )
    work = paying.release(
        session, context, caller, run_id, paid_on=body.paid_on, reference=body.reference
    )
    return await _answer(request, context, session, caller, run_id, work, "release", typed)


@router.get("/{run_id}/statement.xlsx")
async def statement(run_id: UUID, caller: Reader, session: Writes, context: Context) -> Response:
    """The run as a workbook."""
    return await exporting.statement(session, context, caller, run_id)


@router.get("/{run_id}/bank-file.csv")
async def bank_file(run_id: UUID, caller: Approver, session: Writes, context: Context) -> Response:
    """What is still to be paid, for the bank."""
    return await exporting.bank_file(session, context, caller, run_id)


async def _answer(
    request: Request,
    context: ServiceContext,
    session: Writes,
    caller: Principal,
    run_id: UUID,
    work: Awaitable[Any],
    done: str,
    typed: Typed,
    *,
    opened: str = "",
    places: list[int] | None = None,
) -> Response:
    answer = await attempt(session, work)
    if isinstance(answer, Problem):
        faults = _faults_of_parts(answer.errors, places or [])
        return await _page(
            request, context, session, caller, run_id,
            typed=typed, faults=faults, problem=told(answer), opened=opened, status=answer.status,
        )  # fmt: skip
    return see(f"/claims/clearing/{run_id}?done={done}")


_PAYMENT = re.compile(r"payments\[(\d+)\]")


def _faults_of_parts(faults: Any, places: list[int]) -> dict[str, Said]:
    """Faults by the form's fields: the n-th payment sent stands in the field of its part."""
    found: dict[str, Said] = {}
    for fault in faults:
        match = _PAYMENT.match(fault.field)
        name = f"pay-{places[int(match[1])]}" if match else fault.field
        found.setdefault(name, {"text_zh": fault.message_zh, "text_en": fault.message})
    return found


async def _page(
    request: Request,
    context: ServiceContext,
    session: ReadSession,
    caller: Principal,
    run_id: UUID,
    *,
    typed: Typed | None = None,
    faults: Mapping[str, Said] | None = None,
    problem: Said | None = None,
    done: Said | None = None,
    opened: str = "",
    status: int = 200,
) -> Response:
    found = await service.visible(session, caller, run_id)
    paid = await repository.payments_of(session, run_id)
    items = await repository.items_of(session, run_id, after=None, limit=ITEMS_SHOWN + 1)
    transfers = len({each.reference for each in paid})
    today = business_date(context.clock.now())
    return render(
        request,
        "clearing_run.html",
        {
            "run": presenting.whole(context, found),
            "way": presenting.way(found, context),
            "next": presenting.next_of(found, caller),
            "short": await _short(context, session, caller, found),
            "bank": found.status == "approved" and "claims:clearing-approve" in caller.scopes,
            "payments": [
                {
                    "paid_on": each.paid_on,
                    "kind": each.kind,
                    "reference": each.reference,
                    "facility": presenting.facility_name(context, each.facility_code),
                    "fund": presenting.fund_name(each.fund),
                    "use": presenting.use_name(each.use),
                    "amount": text_from_fen(each.amount_fen),
                    "by": name_of(context, each.made_by),
                }
                for each in paid
            ],
            "items": [
                {
                    "visit_no": each.visit_no,
                    "kind": each.kind,
                    "discharged_on": each.discharged_on,
                    "facility": presenting.facility_name(context, each.facility_code),
                    "fund": presenting.fund_name(each.fund),
                    "amount": text_from_fen(each.amount_fen),
                }
                for each in items[:ITEMS_SHOWN]
            ],
            "fees": [
                {
                    "period": each.period,
                    "facility": presenting.facility_name(context, each.facility_code),
                    "use": presenting.use_name(each.use),
                    "count": each.count,
                    "amount": text_from_fen(each.amount_fen),
                }
                for each in await service_fees.of_run(session, run_id)
            ],
            "more_items": len(items) > ITEMS_SHOWN,
            "item_count": await repository.count_items(session, run_id),
            "typed": typed
            or Typed(
                paid_on=today.isoformat(),
                reference=f"{found.period}-{str(found.id)[-6:]}-{transfers + 1}",
            ),
            "faults": dict(faults or {}),
            "problem": problem,
            "done": done,
            "opened": opened,
        },
        status=status,
    )


async def _short(
    context: ServiceContext, session: ReadSession, caller: Principal, run: Run
) -> list[dict[str, Any]]:
    """Closed funds that do not hold what the run still needs; told before anyone pays."""
    if run.status not in OPEN or not caller.of_county:
        return []
    today = business_date(context.clock.now())
    positions = await funds.positions(session, region=run.region, day=today)
    needed: dict[str, int] = {}
    for part in run.parts:
        needed[part.fund] = needed.get(part.fund, 0) + part.open_fen
    found = []
    for fund, fen in needed.items():
        balance = positions[fund].balance_fen if fund in positions else 0
        if FUNDS[fund].closed and balance < fen:
            found.append(
                {
                    "fund": fund,
                    **cast("Said", presenting.fund_name(fund)),
                    "balance": text_from_fen(balance),
                    "needed": text_from_fen(fen),
                }
            )
    return found
