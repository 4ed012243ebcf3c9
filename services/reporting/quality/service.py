"""Every check of data quality for a period."""

from __future__ import annotations

from datetime import date
from typing import Any

from services.reporting.figures.service import read_period
from services.reporting.indicators.county import catalogue_of
from services.reporting.month_closes import repository as closes
from services.reporting.month_closes.domain import due_on, end_of
from services.reporting.quality import repository
from services.reporting.quality.schemas import CheckAnswer, Finding
from services.reporting.quality.words import WORDS
from services.reporting.settings import settings_of
from shared.clock import business_date
from shared.db.session import ReadSession
from shared.runtime.context import ServiceContext

OF_REGISTERED_PERSONS = ("insurance_coverage", "triple_coverage", "home_survey_rate")
"""Entered figures whose denominator is the registry."""
_EVER = (date(1900, 1, 1), date(2999, 12, 31))


async def checks(
    session: ReadSession, context: ServiceContext, period_text: str | None
) -> tuple[str, list[CheckAnswer]]:
    """What each check finds, in the order of the page.

    Raises:
        PeriodUnreadable: the question cannot be read.
    """
    period = read_period(period_text)
    values: dict[str, Any] = {
        "first": period.start or _EVER[0],
        "before": period.end or _EVER[1],
        "region": context.region.region_code,
        "of_persons": list(OF_REGISTERED_PERSONS),
    }
    found = []
    for code in repository.CHECKS:
        count, rows = await repository.run(session, code, values)
        found.append(_check(code, count, [_finding(dict(row)) for row in rows]))
    late = await _late(session, context, period.start, period.end)
    missing = await _missing(session, context, period.code if period.start else None)
    return period.code, [*found, late, missing]


def _check(code: str, count: int, findings: list[Finding]) -> CheckAnswer:
    words = WORDS[code]
    return CheckAnswer(
        code=code,
        name_zh=words[0],
        name_en=words[1],
        advice_zh=words[2],
        advice_en=words[3],
        count=count,
        findings=findings,
    )


def _finding(row: dict[str, Any]) -> Finding:
    row.pop("found")
    return Finding(
        township=row.pop("township", None) or None,
        facility_code=row.pop("facility_code", None),
        encounter_id=row.pop("encounter_id", None),
        detail={name: str(value) for name, value in row.items() if value is not None},
    )


async def _late(
    session: ReadSession, context: ServiceContext, first: date | None, before: date | None
) -> CheckAnswer:
    """Townships that have not submitted a month whose due day has passed."""
    today = business_date(context.clock.now())
    townships = [each.name_zh for each in context.region.townships]
    findings = []
    for close in await closes.find(
        session,
        region=context.region.region_code,
        month=None,
        status="draft",
        after=None,
        limit=repository.MOST,
    ):
        due = due_on(close.month, settings_of(context).close_due_day)
        last = end_of(close.month)
        outside = (first is not None and last < first) or (before is not None and last >= before)
        if due >= today or outside:
            continue
        findings += [
            Finding(township=name, detail={"month": close.month, "due_on": due.isoformat()})
            for name in close.missing(townships)
        ]
    return _check("report_late", len(findings), findings[: repository.MOST])


async def _missing(
    session: ReadSession, context: ServiceContext, period: str | None
) -> CheckAnswer:
    """Figures of the period that their owners have not entered; of all time: never yet."""
    told = await repository.entered_codes(session, context.region.region_code, period)
    missing = [code for code in catalogue_of(context).entered if code not in told]
    return _check(
        "entry_missing", len(missing), [Finding(detail={"code": code}) for code in missing]
    )
