"""A kept reconciliation as an answer and as a workbook, for the endpoints and the screen."""

from __future__ import annotations

from fastapi import Response

from services.claims.clearing.documents import XLSX
from services.claims.reconciliation import documents, repository
from services.claims.reconciliation.answers import ReconciliationAnswer
from services.claims.reconciliation.presenting import difference_answer, summary, total_parts
from services.claims.reconciliation.repository import Reconciliation
from shared.db.session import ReadSession
from shared.runtime.context import ServiceContext


async def answer_of(
    session: ReadSession, context: ServiceContext, made: Reconciliation
) -> ReconciliationAnswer:
    """A kept reconciliation with what it found."""
    now = context.clock.now()
    found = await repository.findings_of(session, made.id)
    explained = await repository.explained_by(session, [made.id])
    return ReconciliationAnswer.model_validate(
        {
            **summary(made, explained.get(made.id, 0)),
            "differences": [difference_answer(each, now, place) for each, place in found],
        }
    )


async def book_of(session: ReadSession, context: ServiceContext, made: Reconciliation) -> Response:
    """The workbook as a download; who takes it out is noted by the caller."""
    answer = await answer_of(session, context, made)
    facility = context.region.facility(made.facility_code)
    name = made.facility_code if facility is None else facility.name_zh
    return Response(
        documents.workbook(f"{name} {made.day} 对账", total_parts(made), answer.differences),
        media_type=XLSX,
        headers={"Content-Disposition": f'attachment; filename="reconciliation-{made.id}.xlsx"'},
    )
