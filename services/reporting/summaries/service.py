"""Use cases of summaries: a half-year from its signed months, and its exports."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final, Literal

from services.reporting.exports.domain import Stamp
from services.reporting.exports.service import written
from services.reporting.figures.domain import Target, judge
from services.reporting.history.service import HistoryUnknown, history_of, periods_of
from services.reporting.indicators.county import catalogue_of
from services.reporting.month_closes import repository as closes
from services.reporting.month_closes.domain import Close, half_years
from services.reporting.summaries import repository
from services.reporting.summaries.domain import Bills, NotAHalfYear, months_of, wan
from services.reporting.summaries.report import summary_report
from shared.clock import SHANGHAI
from shared.db.session import ReadSession
from shared.http.problem import FieldFault, NotFound, Unprocessable
from shared.ids import new_id
from shared.money import text_from_fen
from shared.runtime.context import ServiceContext
from shared.security import audit
from shared.security.principal import Principal

SummaryForm = Literal["pdf", "docx", "xlsx"]
_TOWNSHIP_HOSPITAL: Final = "township"
"""The level of a township hospital in the region's pack."""
_MOST_CLOSES: Final = 60
_EVER: Final = "9999-12"


class NothingSummed(NotFound):
    code = "half_year_unknown"
    title = "No month of this half-year is signed, and no document tells of it"
    title_zh = "该半年没有已签发的月结，也没有历史文件数据"


class HalfYearMalformed(Unprocessable):
    code = "period_malformed"
    title = "The half-year cannot be read"
    title_zh = "半年度格式有误"


async def summary(session: ReadSession, context: ServiceContext, period: str) -> dict[str, Any]:
    """A half-year's figures: only what is signed, with what later months corrected of it.

    Raises:
        HalfYearMalformed, NothingSummed.
    """
    region = context.region
    try:
        months = months_of(period)
    except NotAHalfYear:
        raise HalfYearMalformed(
            errors=[
                FieldFault(
                    "period", "period_malformed", "write 2016-H1 or 2016-H2", "请填写如 2016-H1"
                )
            ]
        ) from None
    try:
        told: dict[str, Any] | None = history_of(region, period)
    except HistoryUnknown:
        told = None
    signed = await _signed(session, region.region_code, months)
    if not signed and told is None:
        raise NothingSummed("sign its months first: POST /reporting/v1/month-closes")
    names = list(signed)
    hospitals = [
        each.facility_code
        for each in region.facilities
        if each.facility_level == _TOWNSHIP_HOSPITAL
    ]

    async def bills(by: repository.Part, *, inpatient: bool) -> dict[str, Bills]:
        if not names:
            return {}
        return await repository.bills(
            session, region.region_code, names,
            by=by, inpatient=inpatient, township_hospitals=hospitals,
        )  # fmt: skip

    targets = {
        code: _target(context, signed, code)
        for code in ("personal_share", "out_of_catalogue_share")
    }
    stays = (await bills("whole", inpatient=True)).get("", Bills())
    visits = (await bills("whole", inpatient=False)).get("", Bills())
    own_fen = sum(_fen(close, "registered_total_fen") for close in signed.values())
    townships = await bills("township", inpatient=False)
    return {
        "period": period,
        "region": {"code": region.region_code, "name_zh": region.name_zh},
        "months": [_month(month, signed.get(month)) for month in months],
        "missing": [month for month in months if month not in signed],
        "stays": _bills(stays, targets),
        "visits": _bills(visits, targets),
        "target": str(target.value) if (target := targets["personal_share"]) else None,
        "adjusted": text_from_fen(visits.total_fen - own_fen),
        "townships": [
            {"name_zh": name, **_bills(townships[name], targets)}
            for name in _in_order(context, list(townships))
        ],
        "facility_kinds": [
            {"kind": kind, **_bills(found, targets)}
            for kind, found in sorted((await bills("facility_kind", inpatient=True)).items())
        ],
        "people": _people(signed),
        "indicators": _indicators(signed),
        "overdue": _overdue(signed),
        "history": told,
    }


async def told_of(session: ReadSession, context: ServiceContext) -> list[str]:
    """The half-years of which a month is signed or a document tells, the newest first."""
    region = context.region
    months = await closes.closed_months(session, region.region_code, before=_EVER)
    return sorted({*half_years(months), *periods_of(region)}, reverse=True)


async def _signed(session: ReadSession, region: str, months: tuple[str, ...]) -> dict[str, Close]:
    """The standing signatures of the months, in their order."""
    found = {
        each.month: each
        for month in months
        for each in await closes.find(
            session, region=region, month=month, status="closed", after=None, limit=_MOST_CLOSES
        )
    }
    return {month: found[month] for month in months if month in found}


def _fen(close: Close, name: str) -> int:
    amount = str(close.figures["sums"].get(name, "0.00"))
    return int(amount.replace(".", ""))


def _in_order(context: ServiceContext, names: list[str]) -> list[str]:
    """The region's townships as its pack lists them, then what is none of them."""
    known = [each.name_zh for each in context.region.townships]
    return [name for name in known if name in names] + sorted(set(names) - set(known))


def _month(month: str, close: Close | None) -> dict[str, Any]:
    if close is None:
        return {"month": month, "number": None, "sha256": None, "personal_share": None}
    share = next(each for each in close.figures["indicators"] if each["code"] == "personal_share")
    return {
        "month": month,
        "number": close.number,
        "sha256": close.sha256,
        "total": str(share["denominator"]),
        "patient": str(share["numerator"]),
        "personal_share": share["value"],
        "status": share["status"],
        "corrections": close.figures["corrections"]["count"],
    }


def _bills(found: Bills, targets: Mapping[str, Target | None]) -> dict[str, Any]:
    """Amounts in CNY and in 万元, judged by the targets of the last signed month."""
    gap = found.in_wan()
    return {
        "visits": found.visits,
        "persons": found.persons,
        "total": text_from_fen(found.total_fen),
        "total_wan": wan(found.total_fen),
        "patient": text_from_fen(found.patient_fen),
        "out_of_catalogue": text_from_fen(found.out_of_catalogue_fen),
        "payers": [
            {"payer": payer, "amount": text_from_fen(fen), "amount_wan": wan(fen)}
            for payer, fen in found.parts().items()
        ],
        "personal_share": found.personal_share,
        "personal_share_status": judge(
            found.patient_fen, found.total_fen, targets["personal_share"]
        ),
        "out_of_catalogue_share": found.out_of_catalogue_share,
        "out_of_catalogue_share_status": judge(
            found.out_of_catalogue_fen, found.total_fen, targets["out_of_catalogue_share"]
        ),
        "gap_wan": {
            "gap": text_from_fen(gap.gap_fen),
            "tolerance": text_from_fen(gap.tolerance_fen),
            "within_tolerance": gap.within_tolerance,
        },
    }


def _target(context: ServiceContext, signed: Mapping[str, Close], code: str) -> Target | None:
    """As the last signed month was judged; a target that moved since alters no signed figure."""
    if not signed:
        return None
    figures = list(signed.values())[-1].figures
    found = next((each for each in figures["indicators"] if each["code"] == code), None)
    if found is None or found["target"] is None:
        return None
    target = Target(Decimal(found["target"]), found["direction"])
    now = catalogue_of(context).indicators.get(code)
    aim = now.aim_on(date.fromisoformat(figures["day"])) if now else None
    if aim and (aim.target.value, aim.target.direction) == (target.value, target.direction):
        return aim.target  # with its bands
    return target


def _people(signed: Mapping[str, Close]) -> dict[str, Any] | None:
    """Who was registered at the end of the last signed month."""
    if not signed:
        return None
    last = list(signed.values())[-1]
    sums = last.figures["sums"]
    return {
        "day": last.figures["day"],
        "persons": sums.get("registered_persons", 0),
        "households": sums.get("registered_households", 0),
    }


def _indicators(signed: Mapping[str, Close]) -> list[dict[str, Any]]:
    """Each indicator month by month, in the order of the newest month."""
    if not signed:
        return []
    last = list(signed.values())[-1].figures["indicators"]
    by_month = {
        month: {each["code"]: each for each in close.figures["indicators"]}
        for month, close in signed.items()
    }
    return [
        {
            "code": each["code"],
            "name_zh": each["name_zh"],
            "name_en": each["name_en"],
            "target": each["target"],
            "direction": each["direction"],
            "unit": each["unit"],
            "months": {
                month: {name: found.get(each["code"], {}).get(name) for name in ("value", "status")}
                for month, found in by_month.items()
            },
        }
        for each in last
    ]


def _overdue(signed: Mapping[str, Close]) -> list[dict[str, Any]]:
    """Items of the register that were late at the end of the last signed month."""
    if not signed:
        return []
    register = list(signed.values())[-1].figures.get("register")
    return list(register["overdue"]) if register else []


async def export(
    context: ServiceContext, caller: Principal, period: str, form: SummaryForm
) -> tuple[str, bytes]:
    """The summary's file name and bytes; the export is noted.

    Raises:
        HalfYearMalformed, NothingSummed.
    """
    async with context.db.reading() as session:
        found = await summary(session, context, period)
    now, copy_id = context.clock.now(), str(new_id())
    moment = now.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")
    content = await written(
        summary_report(found), Stamp(caller.client_id, moment, copy_id), form, now
    )
    async with context.db.writing() as session:
        await audit.record(
            session,
            actor=caller.client_id,
            organisation=caller.organisation,
            action="half_year.exported",
            subject=period,
            at=now,
            detail={"form": form, "copy_id": copy_id, "months": len(found["months"])},
        )
    return f"half-year-{found['region']['code']}-{period}.{form}", content
