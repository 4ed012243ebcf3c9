"""One document with everything that the county's page shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from services.reporting.dashboard.schemas import (
    AreaShown,
    Attention,
    Card,
    Dashboard,
    MonthRow,
    Part,
    PayerAmount,
    People,
    PeriodChoice,
    PeriodShown,
    PlaceName,
    PlaceRow,
    TickerLine,
    Visits,
)
from services.reporting.figures import places, repository
from services.reporting.figures.domain import (
    ALL_TIME,
    COUNTY,
    Area,
    Period,
    period_before,
    share,
)
from services.reporting.figures.looks import looks_of
from services.reporting.figures.repository import Scope, Sums
from services.reporting.figures.service import lag_ms, read_period, scope_of
from services.reporting.indicators.catalogue import Indicator
from services.reporting.indicators.comparing import parts_by, points
from services.reporting.indicators.county import catalogue_of
from services.reporting.indicators.schemas import IndicatorAnswer
from services.reporting.indicators.service import evaluate
from services.reporting.models import Happening
from services.reporting.projections.announce import short_type
from services.reporting.register.opening import owner_of
from shared.clock import business_date
from shared.db.session import ReadSession
from shared.events.catalog import (
    EncounterDischarged,
    EncounterOpened,
    RecognitionMade,
    SettlementMade,
    SettlementReversed,
)
from shared.money import Fen, text_from_fen
from shared.policy.region import RegionPack
from shared.runtime.context import ServiceContext

TICKER_LINES = 20
TICKER_TYPES = tuple(
    event.type_name()
    for event in (
        RecognitionMade,
        EncounterOpened,
        EncounterDischarged,
        SettlementMade,
        SettlementReversed,
    )
)
PATIENT = "patient"
_JUNE = 6
_LONGEST_MONTH_DAYS = 31


async def dashboard(
    context: ServiceContext, *, area: str | None = None, period: str | None = None
) -> Mapping[str, Any]:
    """The document for an area and a period, ready for JSON; shared by all who see it.

    Raises:
        AreaUnknown, PeriodUnreadable: the question cannot be read.
    """
    period = read_period(period).code
    # Where nothing was told yet, people are counted today.
    question = ("dashboard", area or COUNTY, period, business_date(context.clock.now()))
    return await looks_of(context).look(
        question, lambda session: _document(session, context, area=area, period=period)
    )


async def _document(
    session: ReadSession, context: ServiceContext, *, area: str | None, period: str | None
) -> Mapping[str, Any]:
    scope = await scope_of(session, context, area=area, period=period)
    region = context.region
    by = parts_by(scope.area)
    totals, divided = await repository.totals_and_parts(
        session, scope, {by, "facility_code", "month"}
    )
    parts, by_facility, by_month = divided[by], divided["facility_code"], divided["month"]
    moved = _last_two(by_month)
    month_before = _month_before(scope.period)
    if month_before is not None:
        moved = await repository.totals(session, replace(scope, period=month_before)), totals
    reach = await repository.reach(session)
    counted = catalogue_of(context).indicators
    shown = places.place_of(region, scope.area)
    document = Dashboard(
        area=AreaShown(
            code=scope.area.code,
            name_zh=shown.name_zh,
            name_en=shown.name_en,
            level=scope.area.level,
        ),
        crumbs=[_name(region, step.area) for step in places.crumbs(region, scope.area)],
        period=_period(scope.period),
        periods=choices_of(await repository.months_with_visits(session), scope.period.code),
        as_of=reach.as_of,
        provisional=True,
        revision=reach.revision,
        lag_ms=lag_ms(reach),
        cards=_cards(counted, totals, scope, reach.as_of),
        attention=_attention(counted, totals, moved, scope),
        visits=Visits(
            total=totals["visits"],
            inpatient=totals["inpatient_visits"],
            outpatient=totals["outpatient_visits"],
            settled=totals["settled_visits"],
        ),
        people=People(
            day=scope.day,
            persons=totals["registered_persons"],
            households=totals["registered_households"],
            contracted=totals["contracted_persons"],
        ),
        payers=await _payers(session, scope, totals),
        places=_place_rows(region, scope.area, parts),
        facilities=_facility_rows(region, by_facility),
        months=[MonthRow(month=month, **_row(sums)) for month, sums in sorted(by_month.items())],
        live=[_line(region, line) for line in await _ticker(session)],
    )
    return document.model_dump(mode="json")


def _name(region: RegionPack, area: Area) -> PlaceName:
    place = places.place_of(region, area)
    return PlaceName(code=area.code, name_zh=place.name_zh, name_en=place.name_en)


def _period(period: Period) -> PeriodShown:
    last = period.end - timedelta(days=1) if period.end else None
    return PeriodShown(code=period.code, first_day=period.start, last_day=last)


def choices_of(months: list[str], chosen: str) -> list[PeriodChoice]:
    """Everything, then years, half-years and months in which a visit ended, newest first."""
    codes = dict.fromkeys([ALL_TIME, *_years_halves_months(months), chosen])
    return [PeriodChoice(code=code, **_label(code)) for code in codes]


def shown_choices(months: list[str], chosen: str) -> list[dict[str, str]]:
    """The same for a page's template."""
    return [choice.model_dump() for choice in choices_of(months, chosen)]


def _years_halves_months(months: list[str]) -> list[str]:
    years = sorted({month[:4] for month in months}, reverse=True)
    halves = sorted(
        {f"{month[:4]}-H{1 if int(month[5:]) <= _JUNE else 2}" for month in months}, reverse=True
    )
    return [*years, *halves, *sorted(months, reverse=True)]


def _label(code: str) -> dict[str, str]:
    if code == ALL_TIME:
        return {"label_zh": "全部", "label_en": "Everything so far"}
    year, _, rest = code.partition("-")
    if not rest:
        return {"label_zh": f"{year}年", "label_en": year}
    if rest.startswith("H"):
        word = "上半年" if rest == "H1" else "下半年"
        return {"label_zh": f"{year}年{word}", "label_en": f"{year}, half {rest[1:]}"}
    if rest.startswith("Q"):
        return {"label_zh": f"{year}年第{rest[1:]}季度", "label_en": f"{year}, quarter {rest[1:]}"}
    return {"label_zh": f"{year}年{int(rest)}月", "label_en": code}


def _cards(
    counted: Mapping[str, Indicator], totals: Sums, scope: Scope, as_of: datetime | None
) -> list[Card]:
    cards = [
        _indicator_card(
            evaluate(
                indicator,
                totals,
                area=scope.area.code,
                period=scope.period.code,
                day=scope.day,
                as_of=as_of,
            )
        )
        for indicator in counted.values()
        if indicator.entry.headline
    ]
    inpatient, outpatient = totals["inpatient_visits"], totals["outpatient_visits"]
    cards.append(
        Card(
            code="visits",
            name_zh="就诊人次",
            name_en="Visits",
            kind="count",
            value=totals["visits"],
            exclusions_zh=f"时段内结束的就诊：住院 {inpatient} 人次，门急诊 {outpatient} 人次。",
            exclusions_en=f"Visits that ended: {inpatient} inpatient, {outpatient} outpatient.",
            as_of=as_of,
        )
    )
    settled = totals["settled_visits"]
    cards.append(
        Card(
            code="total",
            name_zh="医疗总费用",
            name_en="Total cost",
            kind="money",
            value=text_from_fen(totals["total_fen"]),
            exclusions_zh=f"{settled} 次已结算就诊的全部费用；不含已冲销结算。",
            exclusions_en=f"All cost of {settled} settled visits; reversed settlements excluded.",
            as_of=as_of,
        )
    )
    return cards


def _month_before(period: Period) -> Period | None:
    """The month before a month; None of another period."""
    before = period_before(period)
    if before is None or before.start is None or before.end is None:
        return None
    return before if (before.end - before.start).days <= _LONGEST_MONTH_DAYS else None


def _last_two(by_month: Mapping[str, Sums]) -> tuple[Sums, Sums] | None:
    """The month before the newest, and the newest."""
    months = sorted(by_month)[-2:]
    return (by_month[months[0]], by_month[months[1]]) if len(months) > 1 else None


def _attention(
    counted: Mapping[str, Indicator],
    totals: Sums,
    moved: tuple[Sums, Sums] | None,
    scope: Scope,
) -> list[Attention]:
    """What misses its target, what warns after it; how it moved; whose turn it is.

    A month moved against the one before it, a longer period in its last month. People are counted
    on a day and not in months: of them no change is told.
    """
    found = []
    for indicator in counted.values():
        figure = _evaluated(indicator, totals, scope)
        if figure.status not in ("missed", "warned"):
            continue
        change = None
        if moved is not None and indicator.entry.dataset not in ("people", "entries"):
            before, now = (_evaluated(indicator, sums, scope).value for sums in moved)
            change = points(now, before)
        found.append(
            Attention(
                code=figure.code,
                name_zh=figure.name_zh,
                name_en=figure.name_en,
                value=figure.value,
                target=figure.target,
                target_set_by_zh=figure.target_set_by_zh,
                target_set_by_en=figure.target_set_by_en,
                target_own=figure.target_own,
                direction=figure.direction,
                status=figure.status,
                change=change,
                owner_zh=figure.owner_zh or owner_of(figure.code)[0],
            )
        )
    return sorted(found, key=lambda each: each.status != "missed")


def _evaluated(indicator: Indicator, sums: Sums, scope: Scope) -> IndicatorAnswer:
    return evaluate(
        indicator, sums, area=scope.area.code, period=scope.period.code, day=scope.day, as_of=None
    )


def _indicator_card(figure: IndicatorAnswer) -> Card:
    return Card(
        code=figure.code,
        name_zh=figure.name_zh,
        name_en=figure.name_en,
        kind="ratio",
        value=figure.value,
        target=figure.target,
        target_set_by_zh=figure.target_set_by_zh,
        target_set_by_en=figure.target_set_by_en,
        target_own=figure.target_own,
        direction=figure.direction,
        status=figure.status,
        numerator=Part(
            label_zh=figure.numerator_zh,
            label_en=figure.numerator_en,
            kind=figure.unit,
            value=figure.numerator,
        ),
        denominator=Part(
            label_zh=figure.denominator_zh,
            label_en=figure.denominator_en,
            kind=figure.unit,
            value=figure.denominator,
        ),
        exclusions_zh=figure.exclusions_zh,
        exclusions_en=figure.exclusions_en,
        citation=figure.citation,
        as_of=figure.as_of,
    )


async def _payers(session: ReadSession, scope: Scope, totals: Sums) -> list[PayerAmount]:
    """Payers by amount, the patients last; they add up, for no other bill is taken in."""
    amounts = await repository.payers(session, scope)
    ordered = sorted(amounts.items(), key=lambda item: (-item[1], item[0]))
    shown = [PayerAmount(payer=payer, amount=Fen(amount)) for payer, amount in ordered if amount]
    return [*shown, PayerAmount(payer=PATIENT, amount=Fen(totals["patient_fen"]))]


def _row(sums: Sums) -> dict[str, Any]:
    return {
        "visits": sums["visits"],
        "inpatient_visits": sums["inpatient_visits"],
        "outpatient_visits": sums["outpatient_visits"],
        "total": Fen(sums["total_fen"]),
        "patient_pays": Fen(sums["patient_fen"]),
        "personal_share": share(sums["registered_patient_fen"], sums["registered_total_fen"]),
        "recognition_rate": share(sums["recognitions_known"], sums["recognitions_asked"]),
        "one_stop_rate": share(sums["registered_one_stop"], sums["registered_discharged"]),
        "recognitions": sums["recognitions_asked"],
        "registered_persons": sums["registered_persons"],
        "contracted_persons": sums["contracted_persons"],
    }


def _place_rows(region: RegionPack, area: Area, parts: dict[str, Sums]) -> list[PlaceRow]:
    rows = []
    for part in places.parts_of(region, area, parts):
        name = str(part.facility_code or part.village or part.township)
        drillable = part.level != "facility" or (
            area.level != "facility" and region.facility(name) is not None
        )
        rows.append(
            PlaceRow(
                **_name(region, part).model_dump(),
                drillable=drillable,
                **_row(parts.get(name, Sums())),
            )
        )
    return rows


def _facility_rows(region: RegionPack, parts: dict[str, Sums]) -> list[PlaceRow]:
    return [
        PlaceRow(
            **_name(region, Area("facility", facility_code=code)).model_dump(),
            drillable=region.facility(code) is not None,
            **_row(sums),
        )
        for code, sums in sorted(parts.items())
    ]


async def _ticker(session: ReadSession) -> list[Happening]:
    return await repository.ticker(session, TICKER_TYPES, TICKER_LINES)


def _line(region: RegionPack, line: Happening) -> TickerLine:
    name = (
        places.place_of(region, Area("facility", facility_code=line.facility_code))
        if line.facility_code
        else places.place_of(region, Area("county"))
    )
    return TickerLine(
        id=line.event_id,
        time=line.at,
        type=short_type(line.type),
        facility_code=line.facility_code,
        facility_zh=name.name_zh,
        facility_en=name.name_en,
        grade=line.grade,
        total=None if line.total_fen is None else Fen(line.total_fen),
        patient_pays=None if line.patient_fen is None else Fen(line.patient_fen),
    )
