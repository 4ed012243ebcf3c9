"""HTTP: assessments 考核, their samples, notices and measures."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Response

from services.reporting.assessments import repository, scoring, service
from services.reporting.assessments.answering import answer, before_of, notice_file, summary_of
from services.reporting.assessments.schemas import (
    AssessmentAnswer,
    AssessmentList,
    AssessmentSummary,
    BeginRequest,
    SampleRequest,
    SanctionRequest,
    SchemeAnswer,
    SchemeList,
)
from services.reporting.assessments.schemes import schemes
from services.reporting.exports.service import MEDIA_TYPES, Form
from shared.db.session import Reads, Writes
from shared.http.pagination import Cursor, Limit, encode_cursor
from shared.http.routing import YizhanRoute
from shared.runtime.context import Context
from shared.security.principal import Principal, requires

router = APIRouter(route_class=YizhanRoute, tags=["assessments"])

Reader = Annotated[Principal, requires("reporting:read")]
Assessor = Annotated[Principal, requires("reporting:assess")]
_404: dict[int | str, dict[str, Any]] = {404: {"description": "`assessment_not_found`"}}


@router.get("/assessment-schemes", summary="What is assessed, and what it is worth")
async def listed_schemes(_caller: Reader) -> SchemeList:
    """Two parts (XB-52); grades; the money that hangs on them (SJ-43)."""
    return SchemeList(
        items=[
            SchemeAnswer(
                scheme=code,
                title_zh=each.title.zh,
                title_en=each.title.en,
                subjects=each.subjects,
                citation=each.citation,
                assumed=each.assumed,
                online=each.parts.online,
                on_site={item: found.points for item, found in each.parts.on_site.items()},
                grades={grade.grade: grade.least for grade in each.grades},
                links={
                    link: {grade: str(ratio) for grade, ratio in found.ratios.items()}
                    for link, found in each.links.items()
                },
            )
            for code, each in schemes().items()
        ]
    )


@router.post(
    "/assessments",
    status_code=201,
    summary="Begin assessing a period",
    responses={
        403: {"description": "`county_only`"},
        409: {"description": "`assessment_exists`"},
        422: {"description": "`assessment_invalid`, `period_malformed`"},
    },
)
async def begin(
    body: BeginRequest, caller: Assessor, session: Writes, context: Context
) -> AssessmentAnswer:
    """Points and ratios are kept as they are now; the online part is computed from the figures."""
    found = await service.begin(
        session,
        context,
        caller,
        scheme=body.scheme,
        period=body.period,
        points=body.points,
        bases={
            subject: {link: int(amount) for link, amount in amounts.items()}
            for subject, amounts in body.bases.items()
        },
    )
    return answer(found)


@router.get("/assessments", summary="Assessments, the newest first")
async def listed(
    _caller: Reader, session: Reads, context: Context, limit: Limit, cursor: Cursor = None
) -> AssessmentList:
    """Without their results."""
    rows = await repository.find(
        session, context.region.region_code, before=before_of(cursor), limit=limit + 1
    )
    shown = rows[:limit]
    return AssessmentList(
        items=[AssessmentSummary(**summary_of(each)) for each in shown],
        next_cursor=encode_cursor(str(shown[-1]["id"])) if len(rows) > limit else None,
    )


@router.get("/assessments/{assessment_id}", summary="One assessment", responses=_404)
async def get(
    assessment_id: UUID, _caller: Reader, session: Reads, context: Context
) -> AssessmentAnswer:
    """Scores, ranks, points with what they rest on; provisional until it is published."""
    return answer(await scoring.read(session, context, assessment_id))


@router.post(
    "/assessments/{assessment_id}/samples",
    status_code=201,
    summary="Record an on-site sample",
    responses={
        **_404,
        409: {"description": "`assessment_published`"},
        422: {"description": "`assessment_invalid`"},
    },
)
async def sample(
    assessment_id: UUID,
    body: SampleRequest,
    caller: Assessor,
    session: Writes,
    context: Context,
) -> AssessmentAnswer:
    """Several of one item count together."""
    found = await service.sample(
        session,
        context,
        caller,
        assessment_id,
        subject=body.subject,
        item=body.item,
        checked=body.checked,
        passed=body.passed,
        note=body.note,
    )
    return answer(found)


@router.post(
    "/assessments/{assessment_id}/publish",
    summary="Publish the ranking 通报",
    responses={
        **_404,
        409: {"description": "`assessment_published`, `samples_missing`, `same_person_twice`"},
    },
)
async def publish(
    assessment_id: UUID, caller: Assessor, session: Writes, context: Context
) -> AssessmentAnswer:
    """By somebody else than who opened it; from then on nothing of it changes."""
    return answer(await service.publish(session, context, caller, assessment_id))


@router.post(
    "/assessments/{assessment_id}/sanctions",
    status_code=201,
    summary="Take a measure: 通报, 约谈, 诫勉谈话, 移交 (XB-46)",
    responses={**_404, 409: {"description": "`assessment_not_published`"}},
)
async def sanction(
    assessment_id: UUID,
    body: SanctionRequest,
    caller: Assessor,
    session: Writes,
    context: Context,
) -> AssessmentAnswer:
    """An item of the register follows it up."""
    found = await service.sanction(
        session,
        context,
        caller,
        assessment_id,
        subject=body.subject,
        kind=body.kind,
        reason=body.reason,
        document=body.document or None,
        deadline=body.deadline,
    )
    return answer(found)


@router.get(
    "/assessments/{assessment_id}/notice.{form}",
    summary="The notice as PDF, workbook or document",
    response_class=Response,
    responses={
        200: {
            "content": {
                MEDIA_TYPES[form]: {"schema": {"type": "string", "format": "binary"}}
                for form in ("pdf", "xlsx", "docx")
            }
        },
        **_404,
    },
)
async def notice(assessment_id: UUID, form: Form, caller: Reader, context: Context) -> Response:
    """Provisional results say so. Logged."""
    return await notice_file(context, caller, assessment_id, form)
