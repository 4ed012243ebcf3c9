"""Evaluating indicators from sums, and listing the records behind them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from services.reporting.figures import repository as figures
from services.reporting.figures.domain import STATED_PARTS, Area, Status, Target, judge, rate, share
from services.reporting.figures.repository import GroupBy, Scope, Sums
from services.reporting.figures.service import amount, scope_of
from services.reporting.indicators import repository
from services.reporting.indicators.catalogue import Indicator, catalogue
from services.reporting.indicators.county import catalogue_of
from services.reporting.indicators.schemas import IndicatorAnswer, LeftOutAnswer, RecordAnswer
from shared.db.session import ReadSession, WriteSession
from shared.http.problem import Forbidden, NotFound
from shared.money import text_from_fen
from shared.runtime.context import ServiceContext
from shared.security import audit
from shared.security.principal import Principal

_RECORDS_OF: dict[str, str] = {
    "registered_total_fen": "registered_visits",
}
"""Of a denominator in money: the count of the records that it sums."""


class IndicatorUnknown(NotFound):
    code = "indicator_unknown"
    title = "There is no such indicator"
    title_zh = "没有此指标"


class AreaNotYours(Forbidden):
    code = "area_not_yours"
    title = "This client may not see the records of that place"
    title_zh = "该客户端无权查看此地点的明细"


def find(context: ServiceContext, code: str) -> Indicator:
    """The county's indicator of a code.

    Raises:
        IndicatorUnknown: the catalogue has none, or the county leaves it out.
    """
    county = catalogue_of(context)
    if code in county.left_out:
        raise IndicatorUnknown(f"this county leaves it out: {county.left_out[code].en}")
    try:
        return county.indicators[code]
    except KeyError:
        raise IndicatorUnknown("GET /reporting/v1/indicators lists every code") from None


def evaluate(
    indicator: Indicator, sums: Sums, *, area: str, period: str, day: date, as_of: datetime | None
) -> IndicatorAnswer:
    """The figure of an indicator from the sums of its scope.

    Args:
        indicator: of the catalogue.
        sums: of the scope's rows.
        area: its code, as told.
        period: its code, as told.
        day: the scope's last day, by which the target in force is chosen.
        as_of: when the newest event of the sums happened.
    """
    entry = indicator.entry
    aim = indicator.aim_on(day)
    target = aim.target if aim else None
    counted = (
        f"{indicator.code}_entries"
        if indicator.is_entered
        else _RECORDS_OF.get(indicator.denominator, indicator.denominator)
    )
    value, status = _valued(indicator, sums, target)
    return IndicatorAnswer(
        code=indicator.code,
        name_zh=entry.name.zh,
        name_en=entry.name.en,
        numerator=amount(sums, indicator.numerator),
        numerator_zh=entry.numerator.zh,
        numerator_en=entry.numerator.en,
        denominator=amount(sums, indicator.denominator),
        denominator_zh=entry.denominator.zh,
        denominator_en=entry.denominator.en,
        exclusions_zh=entry.exclusions.zh,
        exclusions_en=entry.exclusions.en,
        value=value,
        unit=entry.unit,
        target=str(target.value) if target else None,
        direction=target.direction if target else None,
        status=status,
        owner_zh=entry.owner.zh if entry.owner else None,
        owner_en=entry.owner.en if entry.owner else None,
        assumed=entry.assumed,
        target_set_by_zh=aim.set_by.zh if aim else None,
        target_set_by_en=aim.set_by.en if aim else None,
        target_own=aim.own if aim else None,
        citation=aim.citation if aim else entry.citation,
        area=area,
        period=period,
        records=sums[counted],
        as_of=as_of,
    )


def _valued(indicator: Indicator, sums: Sums, target: Target | None) -> tuple[str | None, Status]:
    """The value in its unit, and its state; no value without rows or denominator."""
    numerator, denominator = sums[indicator.numerator], sums[indicator.denominator]
    entries = sums[f"{indicator.code}_entries"] if indicator.is_entered else 0
    if indicator.entry.unit == "number":
        return (str(numerator) if entries else None, judge(numerator, min(entries, 1), target))
    if entries == 1 and denominator == 0 and sums[f"{indicator.code}_stated"]:
        # One figure whose document tells the share alone; several of them make no sum.
        stated = sums[f"{indicator.code}_stated"]
        return share(stated, STATED_PARTS), judge(stated, STATED_PARTS, target)
    if indicator.entry.unit == "per_100k":
        return rate(numerator, denominator), judge(numerator, denominator, target)
    return share(numerator, denominator), judge(numerator, denominator, target)


def left_out_of(context: ServiceContext) -> list[LeftOutAnswer]:
    """What the county does not count, with the reasons."""
    names = {code: one.entry.name for code, one in catalogue().items()}
    return [
        LeftOutAnswer(
            code=code,
            name_zh=names[code].zh,
            name_en=names[code].en,
            reason_zh=reason.zh,
            reason_en=reason.en,
        )
        for code, reason in catalogue_of(context).left_out.items()
    ]


async def figures_of(
    session: ReadSession,
    context: ServiceContext,
    *,
    area: str | None,
    period: str | None,
    codes: tuple[str, ...] | None = None,
) -> list[IndicatorAnswer]:
    """Indicators of an area and a period, all or those of some codes, in catalogue order.

    Raises:
        AreaUnknown, PeriodUnreadable: the question cannot be read.
    """
    scope = await scope_of(session, context, area=area, period=period)
    sums = await figures.totals(session, scope)
    reach = await figures.reach(session)
    return [
        evaluate(
            indicator,
            sums,
            area=scope.area.code,
            period=scope.period.code,
            day=scope.day,
            as_of=reach.as_of,
        )
        for code, indicator in catalogue_of(context).indicators.items()
        if codes is None or code in codes
    ]


async def figures_of_places(
    session: ReadSession,
    context: ServiceContext,
    *,
    by: GroupBy,
    places: Iterable[str],
    period: str | None,
    codes: tuple[str, ...] | None = None,
) -> dict[str, list[IndicatorAnswer]]:
    """The figures of many townships or facilities at once, each as :func:`figures_of` tells it.

    Raises:
        PeriodUnreadable.
    """
    scope = await scope_of(session, context, area=None, period=period)
    sums = await figures.sums_by(session, scope, by)
    reach = await figures.reach(session)
    return {
        place: [
            evaluate(
                indicator,
                sums.get(place, Sums()),
                area=place,
                period=scope.period.code,
                day=scope.day,
                as_of=reach.as_of,
            )
            for code, indicator in catalogue_of(context).indicators.items()
            if codes is None or code in codes
        ]
        for place in places
    }


async def records_of(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    code: str,
    *,
    area: str | None,
    period: str | None,
    limit: int,
    after: str | None,
) -> tuple[list[RecordAnswer], str | None]:
    """One page of the records that an indicator's denominator counts. The look is logged.

    Raises:
        IndicatorUnknown, AreaUnknown, PeriodUnreadable: the question cannot be read.
        AreaNotYours: a township may list its people, a hospital its visits.
    """
    indicator = find(context, code)
    scope = await scope_of(session, context, area=area, period=period)
    if not _may_list(caller, scope):
        raise AreaNotYours("ask for your own township or facility with ?area=")
    rows = await repository.page_of(session, indicator, scope, limit=limit, after=after)
    shown = rows[:limit]
    money = indicator.entry.unit == "money"
    await audit.record(
        session,
        actor=caller.client_id,
        organisation=caller.organisation,
        action="indicator_records.listed",
        subject=code,
        at=context.clock.now(),
        detail={
            "area": scope.area.code,
            "period": scope.period.code,
            "after": after,
            "rows": len(shown),
        },
    )
    items = [
        RecordAnswer.model_validate(
            {
                **row,
                "numerator": text_from_fen(row["numerator"]) if money else row["numerator"],
                "denominator": text_from_fen(row["denominator"]) if money else row["denominator"],
            }
        )
        for row in shown
    ]
    return items, items[-1].record_id if len(rows) > limit else None


def _may_list(caller: Principal, scope: Scope) -> bool:
    area: Area = scope.area
    if area.level == "facility":
        return caller.may_see_facility(str(area.facility_code))
    return caller.may_see_township(area.township)
