"""Assessments as they are told, and their notice as a file."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fastapi import Response
from sqlalchemy import RowMapping

from services.reporting.assessments import scoring
from services.reporting.assessments.domain import SANCTION_WORDS
from services.reporting.assessments.notice import notice_of
from services.reporting.assessments.schemas import (
    AssessmentAnswer,
    ResultAnswer,
    SampleAnswer,
    SanctionAnswer,
)
from services.reporting.assessments.scoring import Assessment
from services.reporting.exports.domain import Stamp
from services.reporting.exports.service import MEDIA_TYPES, Form, written
from shared.clock import SHANGHAI
from shared.http.pagination import CursorMalformed, decode_cursor
from shared.ids import new_id
from shared.runtime.context import ServiceContext
from shared.security import audit
from shared.security.principal import Principal


def before_of(cursor: str | None) -> UUID | None:
    """The id of the last row that the client has.

    Raises:
        CursorMalformed: not a cursor of this list.
    """
    if cursor is None:
        return None
    try:
        return UUID(str(decode_cursor(cursor, parts=1)[0]))
    except ValueError:
        raise CursorMalformed("send the next_cursor of the page before, unchanged") from None


async def notice_file(
    context: ServiceContext, caller: Principal, assessment_id: UUID, form: Form
) -> Response:
    """The notice in a form; no connection is held while it is written."""
    now, copy_id = context.clock.now(), new_id()
    async with context.db.writing() as session:
        found = await scoring.read(session, context, assessment_id)
        await audit.record(
            session,
            actor=caller.client_id,
            organisation=caller.organisation,
            action="assessment.exported",
            subject=str(assessment_id),
            at=now,
            detail={"form": form, "copy_id": str(copy_id)},
        )
    moment = now.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")
    stamp = Stamp(caller.client_id, moment, str(copy_id))
    content = await written(notice_of(found, context.region.name_zh), stamp, form, now)
    return Response(
        content,
        media_type=MEDIA_TYPES[form],
        headers={"Content-Disposition": f'attachment; filename="notice-{found.number}.{form}"'},
    )


def summary_of(row: RowMapping) -> dict[str, Any]:
    """What a list tells of an assessment."""
    return {
        "assessment_id": str(row["id"]),
        "number": f"{row['region']}-{row['scheme']}-{row['period']}",
        "scheme": row["scheme"],
        "title_zh": row["parameters"]["title"]["zh"],
        "period": row["period"],
        "status": "draft" if row["results"] is None else "published",
        "opened_at": row["opened_at"],
        "opened_by": row["opened_by"],
        "published_at": row["published_at"],
    }


def answer(found: Assessment) -> AssessmentAnswer:
    return AssessmentAnswer(
        **summary_of(found.row),
        provisional=not found.published,
        assumed=found.scheme.assumed,
        citation=found.scheme.citation,
        results=[ResultAnswer(**each) for each in found.results],
        samples=[
            SampleAnswer(**{name: each[name] for name in SampleAnswer.model_fields})
            for each in found.samples
        ],
        sanctions=[
            SanctionAnswer(
                subject=each["subject"],
                kind=each["kind"],
                kind_zh=SANCTION_WORDS[each["kind"]],
                reason=each["reason"],
                document=each["document"],
                item_id=str(each["item_id"]),
                decided_at=each["decided_at"],
                decided_by=each["decided_by"],
            )
            for each in found.sanctions
        ],
    )
