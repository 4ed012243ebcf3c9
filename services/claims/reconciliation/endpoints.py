"""HTTP: reconcile a hospital's day, read and close the differences."""

from __future__ import annotations

from datetime import date as day_type
from datetime import timedelta
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.claims.clearing.documents import XLSX
from services.claims.cursors import position_of
from services.claims.reconciliation import repository, service
from services.claims.reconciliation.answering import answer_of, book_of
from services.claims.reconciliation.answers import (
    DifferenceAnswer,
    DifferencePage,
    ReconciliationAnswer,
    ReconciliationPage,
)
from services.claims.reconciliation.domain import TOLERANCE_OF_TEN_THOUSANDS, Kind, Record
from services.claims.reconciliation.narrowing import Stated, Window
from services.claims.reconciliation.presenting import difference_answer, summary_answer
from services.claims.reconciliation.reading import Told
from services.claims.reconciliation.schemas import ReconcileRequest, ResolveRequest, as_uuid
from shared.clock import business_date, start_of_business_day
from shared.db.session import Reads, Writes
from shared.http.pagination import Cursor, Limit, encode_cursor
from shared.http.routing import YizhanRoute
from shared.runtime.context import Context
from shared.security.principal import Principal, requires

router = APIRouter(route_class=YizhanRoute, tags=["reconciliation"])

Reconciler = Annotated[Principal, requires("claims:reconcile")]
Reader = Annotated[Principal, requires("claims:ledger")]
_NOT_FOUND = {"description": "`reconciliation_not_found`"}


@router.post(
    "/reconciliations",
    status_code=201,
    summary="Compare a hospital's day with ours",
    responses={
        403: {"description": "`facility_not_yours`"},
        422: {"description": "`validation_failed`, `unknown_facility`, `day_refused`"},
    },
)
async def reconcile(
    body: ReconcileRequest, caller: Reconciler, session: Writes, context: Context
) -> ReconciliationAnswer:
    """Every difference to the record; of totals alone, which sums or records to send next.

    Differences stay open, with their age, until a later reconciliation of the day no longer finds
    them or somebody closes them with a reason.
    """
    made = await service.reconcile(session, context, caller, told_by(body))
    return await answer_of(session, context, made)


@router.get("/reconciliations", summary="Reconciliations, the newest first")
async def listed(
    caller: Reader,
    session: Reads,
    context: Context,
    limit: Limit,
    cursor: Cursor = None,
    facility_code: Annotated[str | None, Query(max_length=32)] = None,
    date: Annotated[day_type | None, Query()] = None,
    status: Annotated[Literal["balanced", "differs"] | None, Query()] = None,
) -> ReconciliationPage:
    """A hospital sees its own."""
    sees, facility_code = service.within(caller, facility_code)
    if not sees:
        return ReconciliationPage(items=[], next_cursor=None)
    found = await repository.find(
        session,
        region=context.region.region_code,
        facility_code=facility_code,
        day=date,
        status=status,
        after=position_of(cursor),
        limit=limit + 1,
    )
    shown = found[:limit]
    explained = await repository.explained_by(session, [one.id for one in shown])
    return ReconciliationPage(
        items=[summary_answer(one, explained.get(one.id, 0)) for one in shown],
        next_cursor=encode_cursor(str(shown[-1].id)) if len(found) > limit else None,
    )


@router.get(
    "/reconciliations/{reconciliation_id}",
    summary="One reconciliation with its differences",
    responses={404: _NOT_FOUND},
)
async def one(
    reconciliation_id: UUID, caller: Reader, session: Reads, context: Context
) -> ReconciliationAnswer:
    """What it found, each difference as it stands now."""
    return await answer_of(
        session, context, await service.visible(session, caller, reconciliation_id)
    )


# A write session although it reads: what is taken out is noted in the audit log.
@router.get(
    "/reconciliations/{reconciliation_id}/report.xlsx",
    summary="The reconciliation as a workbook",
    response_class=Response,
    responses={
        200: {"content": {XLSX: {"schema": {"type": "string", "format": "binary"}}}},
        404: _NOT_FOUND,
    },
)
async def report(
    reconciliation_id: UUID, caller: Reader, session: Writes, context: Context
) -> Response:
    """Both sides' sums, every difference, and each difference's parts; no person is named."""
    made = await service.visible(session, caller, reconciliation_id)
    await service.log_export(session, context, caller, made)
    return await book_of(session, context, made)


@router.get("/reconciliation-differences", summary="Differences, the oldest first")
async def differences(
    caller: Reader,
    session: Reads,
    context: Context,
    limit: Limit,
    cursor: Cursor = None,
    facility_code: Annotated[str | None, Query(max_length=32)] = None,
    status: Annotated[Literal["open", "resolved", "cleared"] | None, Query()] = "open",
    kind: Annotated[Kind | None, Query()] = None,
    older_than_days: Annotated[int | None, Query(ge=0, le=3_660)] = None,
) -> DifferencePage:
    """Open ones with their age, unless another state is asked for; a hospital sees its own."""
    sees, facility_code = service.within(caller, facility_code)
    if not sees:
        return DifferencePage(items=[], next_cursor=None)
    now = context.clock.now()
    before = None
    if older_than_days is not None:
        before = start_of_business_day(business_date(now) - timedelta(days=older_than_days))
    found = await repository.find_differences(
        session,
        region=context.region.region_code,
        facility_code=facility_code,
        status=status,
        kind=kind,
        opened_before=before,
        after=position_of(cursor),
        limit=limit + 1,
    )
    shown = found[:limit]
    return DifferencePage(
        items=[difference_answer(each, now) for each in shown],
        next_cursor=encode_cursor(str(shown[-1].id)) if len(found) > limit else None,
    )


@router.post(
    "/reconciliation-differences/{difference_id}/resolve",
    summary="Close a difference with a reason",
    responses={
        404: {"description": "`difference_not_found`"},
        409: {"description": "`difference_closed`"},
    },
)
async def resolve(
    difference_id: UUID,
    body: ResolveRequest,
    caller: Reconciler,
    session: Writes,
    context: Context,
) -> DifferenceAnswer:
    """Found again unchanged, it stays closed; of another size, it is opened anew."""
    found = await service.resolve(session, context, caller, difference_id, body.reason)
    return difference_answer(found, context.clock.now())


def told_by(body: ReconcileRequest) -> Told:
    """What the hospital told, for the use case."""
    totals = body.totals
    amounts = None if totals is None else totals.amounts()
    records = body.records
    if records == [] and body.window is None and amounts and any(amounts.values()):
        # Sums of a day that was not empty, and no record: sums alone.
        records = None
    return Told(
        facility_code=body.facility_code,
        day=body.date,
        basis=body.date_basis,
        totals=amounts,
        tells_payers=totals is not None and totals.payers is not None,
        tolerance_fen=TOLERANCE_OF_TEN_THOUSANDS
        if totals is not None and totals.unit == "CNY_10000"
        else 0,
        records=None
        if records is None
        else [
            Record(
                number=number,
                settlement_id=as_uuid(record.settlement_id),
                encounter_id=as_uuid(record.encounter_id),
                visit_no=record.visit_no,
                reversal=record.is_reversal,
                reversed=record.status == "reversed" and not record.is_reversal,
                tells_payers=record.payers is not None,
                amounts=record.amounts(),
            )
            for number, record in enumerate(records)
        ],
        hours=None if body.window is None else (body.window.from_hour, body.window.to_hour),
        subtotals=[
            Stated(Window(one.payer, one.from_hour, one.to_hour), int(one.amount))
            for one in body.subtotals
        ],
    )
