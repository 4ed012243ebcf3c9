"""Use cases of assessments: open, sample, score, publish; the measures that follow."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping

from services.reporting.assessments import repository
from services.reporting.assessments.domain import (
    SANCTION_WORDS,
    SanctionKind,
)
from services.reporting.assessments.problems import (
    AssessmentNotFound,
    AssessmentOpenAlready,
    AssessmentPublished,
    AssessmentUnreadable,
    NotPublishedYet,
    PublisherSame,
    SamplesMissing,
)
from services.reporting.assessments.schemes import Scheme, schemes
from services.reporting.assessments.scoring import Assessment, read, subjects_of, whole
from services.reporting.figures.service import read_period
from services.reporting.register import service as register
from services.reporting.register.access import county_only
from services.reporting.register.service import Wanted, led_by
from shared.clock import business_date
from shared.db.session import WriteSession
from shared.http.problem import FieldFault
from shared.ids import new_id
from shared.runtime.context import ServiceContext
from shared.security import audit
from shared.security.principal import Principal


async def begin(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    *,
    scheme: str,
    period: str,
    points: Mapping[str, int],
    bases: Mapping[str, Mapping[str, int]],
) -> Assessment:
    """Begin assessing a period that is over.

    Args:
        points: other points than the scheme's, by indicator or item; all of them make 100.
        bases: by subject and link, the amount in fen that hangs on the grade (SJ-43).

    Raises:
        CountyOnly, PeriodUnreadable, AssessmentUnreadable.
        AssessmentOpenAlready: its id is told.
    """
    county_only(caller)
    now = context.clock.now()
    span = read_period(period)
    if span.end is None or span.end > business_date(now):
        raise _invalid(
            "period",
            "period_not_over",
            "write a period that is over, such as 2016-H1",
            "请填写已结束的时段，如 2016-H1",
        )
    found = schemes().get(scheme)
    if found is None:
        raise _invalid(
            "scheme",
            "scheme_unknown",
            f"schemes are: {', '.join(schemes())}",
            f"考核方案应为：{'、'.join(schemes())}",
        )
    chosen = _reweighted(found, points)
    subjects = subjects_of(context, chosen)
    for subject, amounts in bases.items():
        if subject not in subjects:
            raise _subject_unknown(f"bases.{subject}")
        for link in amounts:
            if link not in chosen.links:
                raise _invalid(
                    "bases",
                    "link_unknown",
                    f"links are: {', '.join(chosen.links)}",
                    f"挂钩项目应为：{'、'.join(chosen.links)}",
                )
    assessment_id = new_id()
    added = await repository.add(
        session,
        {
            "id": assessment_id,
            "region": context.region.region_code,
            "scheme": scheme,
            "period": period,
            "parameters": chosen.model_dump(mode="json", by_alias=True),
            "bases": {subject: dict(amounts) for subject, amounts in bases.items()},
            "opened_at": now,
            "opened_by": caller.client_id,
        },
    )
    if not added:
        raise AssessmentOpenAlready("see GET /reporting/v1/assessments")
    await _log(
        session, context, caller, "opened", assessment_id, {"scheme": scheme, "period": period}
    )
    return await read(session, context, assessment_id)


def _reweighted(scheme: Scheme, points: Mapping[str, int]) -> Scheme:
    content = scheme.model_dump(mode="json", by_alias=True)
    parts = content["parts"]
    for code, value in points.items():
        if code in parts["online"]:
            parts["online"][code] = value
        elif code in parts["on_site"]:
            parts["on_site"][code]["points"] = value
        else:
            raise _invalid(
                "points",
                "points_unknown",
                "name indicators and items of the scheme",
                "请填写方案中的指标或抽查项目",
            )
    try:
        return Scheme.model_validate(content)
    except ValueError as wrong:
        raise _invalid(
            "points",
            "points_invalid",
            "each at least 1, all together 100",
            "每项至少 1 分，合计 100 分",
        ) from wrong


def _invalid(field: str, code: str, message: str, message_zh: str) -> AssessmentUnreadable:
    return AssessmentUnreadable(errors=[FieldFault(field, code, message, message_zh)])


def _subject_unknown(field: str) -> AssessmentUnreadable:
    return _invalid(
        field,
        "subject_unknown",
        "name a township or facility that is assessed",
        "请填写参加考核的乡镇或机构",
    )


async def sample(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    assessment_id: UUID,
    *,
    subject: str,
    item: str,
    checked: int,
    passed: int,
    note: str | None,
) -> Assessment:
    """Record an on-site sample; several of one item count together.

    Raises:
        CountyOnly, AssessmentNotFound, AssessmentPublished, AssessmentUnreadable.
    """
    county_only(caller)
    row = await _draft(session, context, assessment_id)
    scheme = Scheme.model_validate(row["parameters"])
    if subject not in subjects_of(context, scheme):
        raise _subject_unknown("subject")
    if item not in scheme.parts.on_site:
        raise _invalid(
            "item",
            "item_unknown",
            f"items are: {', '.join(scheme.parts.on_site)}",
            f"抽查项目应为：{'、'.join(scheme.parts.on_site)}",
        )
    if passed > checked:
        raise _invalid(
            "passed",
            "more_than_checked",
            "no more can pass than were checked",
            "合格数不能大于抽查数",
        )
    await repository.add_sample(
        session,
        {
            "id": new_id(),
            "assessment_id": assessment_id,
            "subject": subject,
            "item": item,
            "checked": checked,
            "passed": passed,
            "note": note,
            "recorded_at": context.clock.now(),
            "recorded_by": caller.client_id,
        },
    )
    detail = {"subject": subject, "item": item, "checked": checked, "passed": passed}
    await _log(session, context, caller, "sampled", assessment_id, detail)
    return await read(session, context, assessment_id)


async def publish(
    session: WriteSession, context: ServiceContext, caller: Principal, assessment_id: UUID
) -> Assessment:
    """Publish scores and ranks as they stand now (通报); they change no more.

    Raises:
        CountyOnly, AssessmentNotFound, AssessmentPublished.
        PublisherSame: who opened it does not publish it.
        SamplesMissing: naming those without an on-site sample.
    """
    county_only(caller)
    row = await _draft(session, context, assessment_id)
    if row["opened_by"] == caller.client_id:
        raise PublisherSame("somebody else publishes what this client opened")
    found = await whole(session, context, row)
    missing = [each["name_zh"] for each in found.results if each["on_site"] is None]
    if missing:
        raise SamplesMissing("record their samples first", extra={"subjects": missing})
    await repository.publish(
        session,
        assessment_id,
        results=found.results,
        published_at=context.clock.now(),
        published_by=caller.client_id,
    )
    await _log(session, context, caller, "published", assessment_id, {"number": found.number})
    return await read(session, context, assessment_id)


async def sanction(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    assessment_id: UUID,
    *,
    subject: str,
    kind: SanctionKind,
    reason: str,
    document: str | None,
    deadline: date,
) -> Assessment:
    """Take a measure against a subject (XB-46); an item of the register follows it up.

    Raises:
        CountyOnly, AssessmentNotFound, NotPublishedYet, AssessmentUnreadable.
        ItemUnreadable: the deadline is past.
    """
    county_only(caller)
    row = await repository.lock(session, context.region.region_code, assessment_id)
    if row is None:
        raise AssessmentNotFound("GET /reporting/v1/assessments lists them")
    if row["results"] is None:
        raise NotPublishedYet("a measure rests on published results")
    result = next((each for each in row["results"] if each["subject"] == subject), None)
    if result is None:
        raise _subject_unknown("subject")
    item = await register.open_item(
        session,
        context,
        caller,
        Wanted(
            kind="assessment",
            title=f"{result['name_zh']}:{SANCTION_WORDS[kind]}({row['period']}考核)"[:120],
            problem=f"得分 {result['total']},{reason}"[:1000],
            responsible=led_by("single", [result["name_zh"]], []),
            deadline=deadline,
            area=subject,
            citation="新宾 2018 · XB-46",
            source={"assessment_id": str(assessment_id), "sanction": kind},
        ),
    )
    await repository.add_sanction(
        session,
        {
            "id": new_id(),
            "assessment_id": assessment_id,
            "subject": subject,
            "kind": kind,
            "reason": reason,
            "document": document,
            "item_id": item.id,
            "decided_at": context.clock.now(),
            "decided_by": caller.client_id,
        },
    )
    await _log(
        session,
        context,
        caller,
        "sanctioned",
        assessment_id,
        {"subject": subject, "kind": kind, "item": item.number},
    )
    return await read(session, context, assessment_id)


async def _draft(session: WriteSession, context: ServiceContext, assessment_id: UUID) -> RowMapping:
    row = await repository.lock(session, context.region.region_code, assessment_id)
    if row is None:
        raise AssessmentNotFound("GET /reporting/v1/assessments lists them")
    if row["results"] is not None:
        raise AssessmentPublished("open the next period's assessment")
    return row


async def _log(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    step: str,
    assessment_id: UUID,
    detail: Mapping[str, Any],
) -> None:
    await audit.record(
        session,
        actor=caller.client_id,
        organisation=caller.organisation,
        action=f"assessment.{step}",
        subject=str(assessment_id),
        at=context.clock.now(),
        detail=detail,
    )
