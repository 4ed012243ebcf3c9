"""What a cut adds up to: indicators by place, and what it corrects of earlier months."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from services.reporting.figures import places
from services.reporting.figures.domain import UNKNOWN, Area
from services.reporting.figures.repository import Reach, Scope, Sums
from services.reporting.figures.service import amount
from services.reporting.indicators.catalogue import Indicator
from services.reporting.indicators.service import evaluate
from services.reporting.month_closes import rows_repository as kept
from shared.db.session import ReadSession
from shared.policy.region import RegionPack


async def figures_of_cut(
    session: ReadSession,
    region: RegionPack,
    indicators: Mapping[str, Indicator],
    close_id: UUID,
    cut: int,
    scope: Scope,
    reach: Reach,
) -> dict[str, Any]:
    """The figures of a cut as they are shown, exported and signed; amounts as CNY text."""
    whole = (await kept.sums_of_cut(session, close_id, cut, scope)).get("", Sums())
    by_township = await kept.sums_of_cut(session, close_id, cut, scope, by="township")
    by_facility = await kept.sums_of_cut(session, close_id, cut, scope, by="facility_code")
    period = scope.period.code
    return {
        "day": scope.day.isoformat(),
        "card_day": scope.card_day.isoformat(),
        "as_of": reach.as_of.isoformat() if reach.as_of else None,
        "indicators": [
            evaluate(
                indicator,
                whole,
                area=scope.area.code,
                period=period,
                day=scope.day,
                as_of=reach.as_of,
            ).model_dump(mode="json")
            for indicator in indicators.values()
        ],
        "sums": _amounts(whole),
        "townships": [
            _place(region, area, by_township.get(str(area.township), Sums()), indicators, scope)
            for area in places.parts_of(region, Area("county"), by_township)
        ],
        "facilities": [
            _place(
                region, Area("facility", facility_code=code), by_facility[code], indicators, scope
            )
            for code in sorted(by_facility)
            if code != UNKNOWN
        ],
        "corrections": await _corrections(session, close_id, cut, scope),
    }


def _amounts(sums: Sums) -> dict[str, str | int]:
    return {name: amount(sums, name) for name in sorted(sums.values)}


def _place(
    region: RegionPack, area: Area, sums: Sums, indicators: Mapping[str, Indicator], scope: Scope
) -> dict[str, Any]:
    place = places.place_of(region, area)
    judged = (
        evaluate(
            indicator, sums, area=area.code, period=scope.period.code, day=scope.day, as_of=None
        )
        for indicator in indicators.values()
    )
    return {
        "area": area.code,
        "name_zh": place.name_zh,
        "name_en": place.name_en,
        "sums": _amounts(sums),
        "indicators": {
            each.code: {
                "numerator": each.numerator,
                "denominator": each.denominator,
                "value": each.value,
                "status": each.status,
            }
            for each in judged
        },
    }


async def _corrections(
    session: ReadSession, close_id: UUID, cut: int, scope: Scope
) -> dict[str, Any]:
    """By earlier month: how many rows, and what each sum is more (or less) than was signed."""
    now = await kept.sums_of_cut(session, close_id, cut, scope, own=False, by="of_month")
    was = await kept.sums_of_cut(
        session, close_id, cut, scope, own=False, side="before", by="of_month"
    )
    counted = await kept.corrections_by_kind(session, close_id, cut)
    months = sorted({row["of_month"] for row in counted})
    return {
        "rows": [dict(row) for row in counted],
        "count": sum(row["rows"] for row in counted),
        "months": [
            {"month": month, "sums": _difference(now.get(month), was.get(month))}
            for month in months
        ],
        "sums": _amounts(_total(_less(now.get(month), was.get(month)) for month in months)),
    }


def _less(now: Sums | None, was: Sums | None) -> Sums:
    now, was = now or Sums(), was or Sums()
    less = Sums()
    for name in {*now.values, *was.values}:
        less.values[name] = now[name] - was[name]
    return less


def _difference(now: Sums | None, was: Sums | None) -> dict[str, str | int]:
    less = _less(now, was)
    return {name: amount(less, name) for name in sorted(less.values) if less[name]}


def _total(parts: Any) -> Sums:
    total = Sums()
    for part in parts:
        for name, value in part.values.items():
            total.values[name] += value
    return total


def days_of(figures: Mapping[str, Any]) -> tuple[date, date]:
    """On which people and cards of a cut were counted."""
    return date.fromisoformat(figures["day"]), date.fromisoformat(figures["card_day"])
