"""The screens ``/reporting/assessments``: rankings, samples, the notice and the measures."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ValidationError
from starlette.responses import Response

from services.reporting.assessments import repository, scoring, service
from services.reporting.assessments.answering import answer, before_of, notice_file, summary_of
from services.reporting.assessments.domain import SANCTION_WORDS
from services.reporting.assessments.schemas import (
    AssessmentSummary,
    BeginRequest,
    SampleRequest,
    SanctionRequest,
)
from services.reporting.assessments.schemes import schemes
from services.reporting.assessments.scoring import Assessment
from services.reporting.exports.service import Form
from services.reporting.indicators.catalogue import catalogue
from services.reporting.screens.kit import PageRoute, name_of, render, said
from shared.db.session import Reads, ReadSession, Writes, WriteSession
from shared.http.faults import field_faults
from shared.http.pagination import encode_cursor
from shared.http.problem import Problem
from shared.runtime.context import Context, ServiceContext
from shared.security.principal import Principal
from shared.web.forms import at_fields, plain_number
from shared.web.kit import Said, Typed, attempt, fields, see, told
from shared.web.signin.required import signed_in

LISTED = 30

router = APIRouter(prefix="/assessments", route_class=PageRoute, include_in_schema=False)

Reader = Annotated[Principal, signed_in("reporting:read")]
Assessor = Annotated[Principal, signed_in("reporting:assess")]
_DONE = ("begun", "sampled", "published", "sanctioned")


@router.get("")
async def assessments(
    request: Request,
    caller: Reader,
    session: Reads,
    context: Context,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
) -> Response:
    """Assessments, the newest first."""
    return await _list(request, context, session, caller, cursor=cursor)


@router.post("")
async def begin(request: Request, caller: Assessor, session: Writes, context: Context) -> Response:
    """Begin assessing a period."""
    typed = await fields(request)
    body = _read(BeginRequest, {"scheme": typed["scheme"], "period": typed["period"]})
    if isinstance(body, dict):
        return await _list(request, context, session, caller, typed=typed, faults=body, status=422)
    made = await attempt(
        session,
        service.begin(
            session, context, caller, scheme=body.scheme, period=body.period, points={}, bases={}
        ),
    )
    if isinstance(made, Problem):
        return await _list(
            request, context, session, caller, typed=typed, problem=told(made),
            faults=at_fields(made.errors, {}), status=made.status,
        )  # fmt: skip
    return see(f"/reporting/assessments/{made.row['id']}?done=begun")


async def _list(
    request: Request,
    context: ServiceContext,
    session: ReadSession,
    caller: Principal,
    *,
    cursor: str | None = None,
    typed: Typed | None = None,
    faults: dict[str, Said] | None = None,
    problem: Said | None = None,
    status: int = 200,
) -> Response:
    rows = await repository.find(
        session, context.region.region_code, before=before_of(cursor), limit=LISTED + 1
    )
    shown = rows[:LISTED]
    return render(
        request,
        "assessments.html",
        {
            "assessments": [
                {
                    **AssessmentSummary(**summary_of(each)).model_dump(mode="json"),
                    "title_en": each["parameters"]["title"]["en"],
                    "by": name_of(context, each["opened_by"]),
                }
                for each in shown
            ],
            "next": encode_cursor(str(shown[-1]["id"])) if len(rows) > LISTED else None,
            "schemes": [
                {"code": code, "title_zh": each.title.zh, "title_en": each.title.en}
                for code, each in schemes().items()
            ],
            "assesses": "reporting:assess" in caller.scopes,
            "typed": typed or Typed(),
            "faults": faults or {},
            "problem": problem,
        },
        status=status,
    )


@router.get("/{assessment_id}")
async def assessment(
    assessment_id: UUID,
    request: Request,
    caller: Reader,
    session: Reads,
    context: Context,
    done: Annotated[str, Query(max_length=12)] = "",
) -> Response:
    """Ranking, points with what they rest on, and what may be done now."""
    return await _page(request, context, session, caller, assessment_id, done=done)


@router.post("/{assessment_id}/samples")
async def sample(
    assessment_id: UUID, request: Request, caller: Assessor, session: Writes, context: Context
) -> Response:
    """Record an on-site sample."""
    typed = await fields(request)
    values = {
        "subject": typed["subject"],
        "item": typed["item"],
        "checked": plain_number(typed["checked"]),
        "passed": plain_number(typed["passed"]),
        **({"note": typed["note"]} if typed["note"] else {}),
    }

    async def work(body: SampleRequest) -> Assessment:
        return await service.sample(
            session, context, caller, assessment_id, subject=body.subject, item=body.item,
            checked=body.checked, passed=body.passed, note=body.note,
        )  # fmt: skip

    body = _read(SampleRequest, values)
    return await _do(request, context, session, caller, assessment_id, "sampled", typed, body, work)


@router.post("/{assessment_id}/publish")
async def publish(
    assessment_id: UUID, request: Request, caller: Assessor, session: Writes, context: Context
) -> Response:
    """Publish the ranking."""
    typed = await fields(request)

    async def work(_: None) -> Assessment:
        return await service.publish(session, context, caller, assessment_id)

    return await _do(
        request, context, session, caller, assessment_id, "published", typed, None, work
    )


@router.post("/{assessment_id}/sanctions")
async def sanction(
    assessment_id: UUID, request: Request, caller: Assessor, session: Writes, context: Context
) -> Response:
    """Take a measure."""
    typed = await fields(request)
    names = ("subject", "kind", "reason", "document", "deadline")
    body = _read(SanctionRequest, {name: typed[name] for name in names if typed[name]})

    async def work(body: SanctionRequest) -> Assessment:
        return await service.sanction(
            session, context, caller, assessment_id, subject=body.subject, kind=body.kind,
            reason=body.reason, document=body.document, deadline=body.deadline,
        )  # fmt: skip

    return await _do(
        request, context, session, caller, assessment_id, "sanctioned", typed, body, work
    )


@router.get("/{assessment_id}/notice.{form}")
async def notice(assessment_id: UUID, form: Form, caller: Reader, context: Context) -> Response:
    """The notice, for the signed-in user. Logged."""
    answered = await notice_file(context, caller, assessment_id, form)
    answered.headers["cache-control"] = "no-store"
    return answered


async def _do(
    request: Request,
    context: ServiceContext,
    session: WriteSession,
    caller: Principal,
    assessment_id: UUID,
    step: str,
    typed: Typed,
    body: Any,
    work: Callable[[Any], Awaitable[Assessment]],
) -> Response:
    if isinstance(body, dict):
        return await _page(
            request, context, session, caller, assessment_id,
            step=step, typed=typed, faults=body, status=422,
        )  # fmt: skip
    made = await attempt(session, work(body))
    if isinstance(made, Problem):
        return await _page(
            request, context, session, caller, assessment_id, step=step, typed=typed,
            faults=at_fields(made.errors, {}), problem=told(made), status=made.status,
        )  # fmt: skip
    return see(f"/reporting/assessments/{assessment_id}?done={step}")


async def _page(
    request: Request,
    context: ServiceContext,
    session: ReadSession,
    caller: Principal,
    assessment_id: UUID,
    *,
    done: str = "",
    step: str = "",
    typed: Typed | None = None,
    faults: dict[str, Said] | None = None,
    problem: Said | None = None,
    status: int = 200,
) -> Response:
    found = await scoring.read(session, context, assessment_id)
    names = {
        code: {"text_zh": each.entry.name.zh, "text_en": each.entry.name.en}
        for code, each in catalogue().items()
    } | {
        code: {"text_zh": each.zh, "text_en": each.en}
        for code, each in found.scheme.parts.on_site.items()
    }
    shown = answer(found).model_dump(mode="json")
    lacking = [each["name_zh"] for each in found.results if each["on_site"] is None]
    return render(
        request,
        "assessment.html",
        {
            "found": shown,
            "title": {"text_zh": found.scheme.title.zh, "text_en": found.scheme.title.en},
            "names": names,
            "items": list(found.scheme.parts.on_site),
            "grades": {each.grade: each.zh for each in found.scheme.grades},
            "subjects": {each["subject"]: each["name_zh"] for each in found.results},
            "lacking": lacking,
            "measures": list(SANCTION_WORDS),
            "assesses": "reporting:assess" in caller.scopes,
            "publishes": found.row["opened_by"] != caller.client_id,
            "step": step,
            "typed": typed or Typed(),
            "faults": faults or {},
            "problem": problem,
            "done": said(f"assess.done.{done}") if done in _DONE else None,
        },
        status=status,
    )


def _read(shape: type[BaseModel], values: dict[str, Any]) -> Any:
    """The form as a request's body, or what is wrong with its fields."""
    try:
        return shape.model_validate(values)
    except ValidationError as error:
        return at_fields(field_faults(error.errors()), {})
