"""One indicator beside itself: its parts one level down, and the period before."""

from __future__ import annotations

from decimal import Decimal

from services.reporting.figures import places, repository
from services.reporting.figures.domain import Area, Period, period_before, period_of
from services.reporting.figures.repository import GroupBy, Sums
from services.reporting.figures.service import scope_of
from services.reporting.indicators.schemas import PartAnswer
from services.reporting.indicators.service import evaluate, figures_of, find
from shared.db.session import ReadSession
from shared.runtime.context import ServiceContext


def parts_by(area: Area) -> GroupBy:
    """What an area's parts are: townships, villages, else the places of the visits."""
    if area.level == "county":
        return "township"
    return "village" if area.level == "township" else "facility_code"


async def parts_of(
    session: ReadSession,
    context: ServiceContext,
    code: str,
    *,
    area: str | None,
    period: str | None,
) -> list[PartAnswer]:
    """The indicator of each part of an area; numerators and denominators add up to the area's.

    People and entered figures have no facility, so a village has no parts of them.

    Raises:
        IndicatorUnknown, AreaUnknown, PeriodUnreadable: the question cannot be read.
    """
    indicator = find(context, code)
    scope = await scope_of(session, context, area=area, period=period)
    by = parts_by(scope.area)
    sums = await repository.sums_by(session, scope, by)
    if by == "facility_code" and indicator.entry.dataset in ("people", "entries"):
        return []
    found = []
    for part in places.parts_of(context.region, scope.area, sums):
        name = str(part.facility_code or part.village or part.township)
        figure = evaluate(
            indicator,
            sums.get(name, Sums()),
            area=part.code,
            period=scope.period.code,
            day=scope.day,
            as_of=None,
        )
        place = places.place_of(context.region, part)
        found.append(
            PartAnswer(
                area=part.code,
                name_zh=place.name_zh,
                name_en=place.name_en,
                numerator=figure.numerator,
                denominator=figure.denominator,
                value=figure.value,
                status=figure.status,
                records=figure.records,
            )
        )
    return found


async def compared(
    session: ReadSession, context: ServiceContext, area: str | None, period: Period
) -> tuple[Period | None, Period | None, dict[str, str | None]]:
    """Which period is compared with which, and how each indicator moved in points.

    A period with the one before it; of everything so far the newest month with visits with the
    month before that, for a sum of all months beside one of them would tell nothing. None: there is
    nothing to compare.
    """
    now, before = period, period_before(period)
    if before is None:
        months = await repository.months_with_visits(session)
        if len(months) < 2:  # noqa: PLR2004 - one month has none before it
            return None, None, {}
        before, now = (period_of(month) for month in months[-2:])
    was = await figures_of(session, context, area=area, period=before.code)
    values = {each.code: each.value for each in was}
    return (
        now,
        before,
        {
            each.code: None
            if each.unit in ("number", "per_100k")
            else points(each.value, values.get(each.code))
            for each in await figures_of(session, context, area=area, period=now.code)
        },
    )


def points(now: str | None, before: str | None) -> str | None:
    """By how many percentage points a share moved, signed, with two decimals."""
    if now is None or before is None:
        return None
    return f"{(Decimal(now) - Decimal(before)) * 100:+.2f}"
