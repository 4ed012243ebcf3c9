"""HTTP: clearing runs."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.claims.clearing import documents, exporting, paying, repository, service
from services.claims.clearing.answering import run_answer
from services.claims.clearing.domain import Status, StepName
from services.claims.clearing.paying import Amount
from services.claims.clearing.schemas import (
    CancelRequest,
    CreateRequest,
    FeeAnswer,
    FeeList,
    ItemAnswer,
    ItemPage,
    NoteRequest,
    PaidRequest,
    PaymentAnswer,
    PaymentList,
    ReleaseRequest,
    RunAnswer,
    RunPage,
)
from services.claims.clearing.service import Wanted
from services.claims.cursors import position_of
from services.claims.fees import repository as service_fees
from services.claims.settings import settings_of
from shared.db.session import Reads, Writes
from shared.http.idempotency import REPLAYED
from shared.http.pagination import Cursor, Limit, decode_cursor, encode_cursor
from shared.http.routing import YizhanRoute
from shared.money import Fen
from shared.runtime.context import Context, ServiceContext
from shared.security.principal import Principal, requires

router = APIRouter(route_class=YizhanRoute, tags=["clearing"], prefix="/clearing-runs")

Preparer = Annotated[Principal, requires("claims:clearing")]
Reviewer = Annotated[Principal, requires("claims:clearing-review")]
Approver = Annotated[Principal, requires("claims:clearing-approve")]
Reader = Annotated[Principal, requires("claims:ledger")]

_NOT_FOUND = "`clearing_run_not_found`"


@router.post(
    "",
    status_code=201,
    summary="Collect what the funds owe the facilities up to a month's end",
    responses={
        409: {"description": "`nothing_to_clear`"},
        422: {"description": "`period_refused`"},
        404: {"description": "`fund_not_found`"},
    },
)
async def create(
    body: CreateRequest, caller: Preparer, session: Writes, context: Context
) -> RunAnswer:
    """What stands in no live run yet; a hospital collects its own bills."""
    ratio = body.deposit_ratio
    return run_answer(
        await service.create(
            session,
            context,
            caller,
            Wanted(
                period=body.period,
                fund=body.fund,
                facility_code=body.facility_code,
                deposit_ratio=settings_of(context).clearing_deposit_ratio
                if ratio is None
                else ratio,
            ),
        )
    )


@router.get("", summary="Clearing runs")
async def runs(
    caller: Reader,
    session: Reads,
    context: Context,
    limit: Limit,
    cursor: Cursor = None,
    period: Annotated[str | None, Query(max_length=7, examples=["2018-03"])] = None,
    status: Annotated[Status | None, Query()] = None,
) -> RunPage:
    """Oldest first; a hospital sees its own."""
    kind, _, own = caller.organisation.partition(":")
    if kind not in {"region", "facility"}:
        return RunPage(items=[], next_cursor=None)
    found = await repository.find(
        session,
        region=context.region.region_code,
        facility_code=own if kind == "facility" else None,
        period=period,
        status=status,
        after=position_of(cursor),
        limit=limit + 1,
    )
    shown = found[:limit]
    return RunPage(
        items=[run_answer(each) for each in shown],
        next_cursor=encode_cursor(str(shown[-1].id)) if len(found) > limit else None,
    )


@router.get("/{run_id}", summary="One run", responses={404: {"description": _NOT_FOUND}})
async def run(run_id: UUID, caller: Reader, session: Reads) -> RunAnswer:
    """Its parts by facility, fund and use, and who did which step."""
    return run_answer(await service.visible(session, caller, run_id))


@router.get(
    "/{run_id}/items",
    summary="The settlements that a run collected",
    responses={404: {"description": _NOT_FOUND}},
)
async def items(
    run_id: UUID, caller: Reader, session: Reads, limit: Limit, cursor: Cursor = None
) -> ItemPage:
    """One line per settlement and fund; a reversal's amounts are negative."""
    await service.visible(session, caller, run_id)
    after = None
    if cursor is not None:
        settlement_id, fund = decode_cursor(cursor, parts=2)
        after = (UUID(str(settlement_id)), str(fund))
    found = await repository.items_of(session, run_id, after=after, limit=limit + 1)
    shown = found[:limit]
    last = shown[-1] if len(found) > limit else None
    return ItemPage(
        items=[
            ItemAnswer(
                settlement_id=str(item.settlement_id),
                visit_no=item.visit_no,
                kind=item.kind,
                discharged_on=item.discharged_on,
                facility_code=item.facility_code,
                fund=item.fund,
                use=item.use,
                amount=Fen(item.amount_fen),
            )
            for item in shown
        ],
        next_cursor=encode_cursor(str(last.settlement_id), last.fund) if last else None,
    )


@router.get(
    "/{run_id}/fees",
    summary="The fees of family-doctor teams that a run collected",
    responses={404: {"description": _NOT_FOUND}},
)
async def fees(run_id: UUID, caller: Reader, session: Reads) -> FeeList:
    """One line per fee statement and use; all of the special fund (XB-54)."""
    await service.visible(session, caller, run_id)
    return FeeList(
        items=[
            FeeAnswer(
                statement_id=fee.statement_id,
                facility_code=fee.facility_code,
                period=fee.period,
                use=fee.use,
                count=fee.count,
                amount=Fen(fee.amount_fen),
                booked_on=fee.booked_on,
            )
            for fee in await service_fees.of_run(session, run_id)
        ]
    )


@router.get(
    "/{run_id}/payments",
    summary="What was paid of a run",
    responses={404: {"description": _NOT_FOUND}},
)
async def payments(run_id: UUID, caller: Reader, session: Reads) -> PaymentList:
    """Payments and released deposits, oldest first."""
    await service.visible(session, caller, run_id)
    return PaymentList(
        items=[
            PaymentAnswer(
                payment_id=str(each.id),
                kind=each.kind,
                reference=each.reference,
                facility_code=each.facility_code,
                fund=each.fund,
                use=each.use,
                amount=Fen(each.amount_fen),
                paid_on=each.paid_on,
                made_by=each.made_by,
            )
            for each in await repository.payments_of(session, run_id)
        ]
    )


async def _step(
    name: StepName,
    run_id: UUID,
    caller: Principal,
    session: Writes,
    context: ServiceContext,
    body: NoteRequest | None,
) -> RunAnswer:
    note = None if body is None else body.note
    return run_answer(await service.step(session, context, caller, run_id, name, note))


@router.post(
    "/{run_id}/submit",
    summary="Hand a draft in",
    responses={
        404: {"description": _NOT_FOUND},
        409: {"description": "`clearing_step_not_allowed`"},
    },
)
async def submit(
    run_id: UUID,
    caller: Preparer,
    session: Writes,
    context: Context,
    body: NoteRequest | None = None,
) -> RunAnswer:
    """The hospital or the agency claims the money."""
    return await _step("submit", run_id, caller, session, context, body)


@router.post(
    "/{run_id}/review",
    summary="Review a submitted run",
    responses={
        404: {"description": _NOT_FOUND},
        409: {"description": "`clearing_step_not_allowed`, `same_person_twice`"},
    },
)
async def review(
    run_id: UUID,
    caller: Reviewer,
    session: Writes,
    context: Context,
    body: NoteRequest | None = None,
) -> RunAnswer:
    """By the health bureau where waivers are claimed (XB-28); never by who prepared it."""
    return await _step("review", run_id, caller, session, context, body)


@router.post(
    "/{run_id}/approve",
    summary="Approve a run",
    responses={
        404: {"description": _NOT_FOUND},
        409: {
            "description": "`clearing_step_not_allowed`, `review_skipped` (waivers),"
            " `same_person_twice`"
        },
        403: {"description": "`not_your_fund`: waivers are the poverty office's (XB-28)"},
    },
)
async def approve(
    run_id: UUID,
    caller: Approver,
    session: Writes,
    context: Context,
    body: NoteRequest | None = None,
) -> RunAnswer:
    """By the office that pays; never by who prepared or reviewed it."""
    return await _step("approve", run_id, caller, session, context, body)


@router.post(
    "/{run_id}/cancel",
    summary="Give a run up before anything of it is paid",
    responses={
        404: {"description": _NOT_FOUND},
        409: {"description": "`clearing_step_not_allowed`"},
    },
)
async def cancel(
    run_id: UUID, body: CancelRequest, caller: Preparer, session: Writes, context: Context
) -> RunAnswer:
    """What it collected is free for another run."""
    return await _step("cancel", run_id, caller, session, context, NoteRequest(note=body.reason))


@router.post(
    "/{run_id}/paid",
    summary="Book what was paid of an approved run, once per transfer",
    responses={
        404: {"description": _NOT_FOUND},
        409: {
            "description": "`clearing_step_not_allowed`, `same_person_twice`, `reference_used`,"
            " `fund_insufficient`"
        },
        422: {"description": "`payment_refused`"},
    },
)
async def paid(
    run_id: UUID,
    caller: Approver,
    session: Writes,
    context: Context,
    response: Response,
    body: PaidRequest | None = None,
) -> RunAnswer:
    """All that is open, or parts of it; the run is `paid` when nothing is open any more."""
    body = body or PaidRequest()
    amounts = body.payments
    found, changed = await paying.pay(
        session,
        context,
        caller,
        run_id,
        paid_on=body.paid_on,
        reference=body.reference,
        amounts=None
        if amounts is None
        else [
            Amount(each.facility_code, each.fund, each.use, int(each.amount)) for each in amounts
        ],
    )
    if not changed:
        response.headers[REPLAYED] = "true"
    return run_answer(found)


@router.post(
    "/{run_id}/release-deposit",
    summary="Book that the deposits held back were paid out",
    responses={
        404: {"description": _NOT_FOUND},
        409: {
            "description": "`clearing_step_not_allowed`, `same_person_twice`, `reference_used`,"
            " `fund_insufficient`"
        },
    },
)
async def release(
    run_id: UUID,
    caller: Approver,
    session: Writes,
    context: Context,
    response: Response,
    body: ReleaseRequest | None = None,
) -> RunAnswer:
    """Of a paid run, once; when, the office decides by its assessment of the facility."""
    body = body or ReleaseRequest()
    found, changed = await paying.release(
        session, context, caller, run_id, paid_on=body.paid_on, reference=body.reference
    )
    if not changed:
        response.headers[REPLAYED] = "true"
    return run_answer(found)


# Write sessions although they read: what is taken out is noted in the audit log.
@router.get(
    "/{run_id}/statement.xlsx",
    summary="The run as a workbook",
    response_class=Response,
    responses={
        200: {"content": {documents.XLSX: {"schema": {"type": "string", "format": "binary"}}}},
        404: {"description": _NOT_FOUND},
    },
)
async def statement(run_id: UUID, caller: Reader, session: Writes, context: Context) -> Response:
    """Sums by fund and facility, every settlement and fee in them, payments; no person is named."""
    return await exporting.statement(session, context, caller, run_id)


@router.get(
    "/{run_id}/bank-file.csv",
    summary="What is still to be paid, for the bank",
    response_class=Response,
    responses={
        200: {"content": {"text/csv": {"schema": {"type": "string"}}}},
        404: {"description": _NOT_FOUND},
        409: {"description": "`clearing_step_not_allowed`: not approved"},
    },
)
async def bank_file(run_id: UUID, caller: Approver, session: Writes, context: Context) -> Response:
    """One line per facility and fund, of an approved run."""
    return await exporting.bank_file(session, context, caller, run_id)
