"""The balance sheet of an area and month, and the persons behind its numbers."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import RowMapping

from services.contracts.balance import repository
from services.contracts.balance.domain import (
    SIGNED,
    UNRESOLVED,
    MonthMalformed,
    MonthNotBegun,
    Sheet,
    day_of,
)
from services.contracts.balance.repository import Place
from services.contracts.balance.schemas import (
    BalanceSheet,
    ChronicFour,
    PersonLine,
    ReasonCount,
    VillageSheet,
)
from services.contracts.programme.domain import CHRONIC_FOUR, Programme
from services.contracts.programme.service import programme_of
from services.contracts.teams.service import own_township
from shared.clock import business_date
from shared.db.session import ReadSession, WriteSession
from shared.http.problem import FieldFault, Forbidden, NotFound, Unprocessable
from shared.money import ratio_text
from shared.runtime.context import ServiceContext
from shared.security import audit
from shared.security.principal import Principal

COUNTY = "county"


class AreaUnknown(NotFound):
    code = "area_unknown"
    title = "There is no such place in the region"
    title_zh = "本地区没有此地点"


class AreaNotYours(Forbidden):
    code = "area_not_yours"
    title = "This client may not see that area's people"
    title_zh = "该客户端不能查看此地区的人员"


class MonthWrong(Unprocessable):
    """The month is none, or has not begun."""


class BucketUnknown(Unprocessable):
    """Neither signed, nor unresolved, nor an exempt reason."""


async def sheet(
    session: ReadSession,
    context: ServiceContext,
    caller: Principal,
    *,
    area: str | None,
    month: str | None,
) -> BalanceSheet:
    """The sheet of an area on the month's last day, or today while the month runs.

    Raises:
        AreaUnknown, AreaNotYours, MonthWrong.
    """
    place, name = _place(context, caller, area)
    day = _day(context, month)
    programme = programme_of(context)
    chronic = programme.batches[CHRONIC_FOUR].diseases
    whole, villages = Sheet(), dict[tuple[str | None, str | None], Sheet]()
    for row in await repository.counts(session, place, day, chronic):
        part = villages.setdefault((row["township"], row["village"]), Sheet())
        for each in (whole, part):
            each.add(row["bucket"], row["persons"], row["chronic"])
    outside = programme.outside_denominator()
    return BalanceSheet(
        area=name,
        month=month,
        as_of=day,
        registry=whole.registry,
        signed=whole.signed,
        exempt=[_reason(programme, code, count) for code, count in whole.exempt.items()],
        exempt_total=sum(whole.exempt.values()),
        unresolved=whole.unresolved,
        **_rate(whole, outside),
        citation="LP-32 应签尽签",
        chronic_four=ChronicFour(
            persons=whole.chronic.total(),
            signed=whole.chronic[SIGNED],
            rate=ratio_text(whole.chronic[SIGNED], whole.chronic.total()),
            citation=programme.batches[CHRONIC_FOUR].citation,
        ),
        villages=[
            VillageSheet(
                township=township,
                village=village,
                registry=part.registry,
                signed=part.signed,
                exempt=part.exempt,
                unresolved=part.unresolved,
                **_rate(part, outside),
            )
            for (township, village), part in sorted(
                villages.items(), key=lambda item: (item[0][0] or "", item[0][1] or "")
            )
        ],
    )


async def opening_month(session: ReadSession, context: ServiceContext) -> str | None:
    """With which month the page opens; None: the present, in which a contract holds.

    A county that has none today, as the demonstration's of 2016, opens with the newest month in
    which a contract, a reason against one or the roster changed: the present says nothing there.
    """
    today = business_date(context.clock.now())
    last = await repository.last_change(session, context.region.region_code, today)
    if last is None or (last.year, last.month) == (today.year, today.month):
        return None
    return f"{last:%Y-%m}"


async def lines(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    *,
    area: str | None,
    month: str | None,
    bucket: str | None,
    limit: int,
    after: str | None,
) -> tuple[date, list[PersonLine], str | None]:
    """A page of the persons behind a number; the reading is logged.

    Raises:
        AreaUnknown, AreaNotYours, MonthWrong, BucketUnknown.
    """
    place, name = _place(context, caller, area)
    day = _day(context, month)
    known = (SIGNED, UNRESOLVED, *programme_of(context).exempt_reasons)
    if bucket is not None and bucket not in known:
        raise BucketUnknown(
            errors=[
                FieldFault(
                    "bucket",
                    "unknown_bucket",
                    f"write one of: {', '.join(known)}",
                    f"应为: {', '.join(known)}",
                )
            ]
        )
    rows = await repository.persons(
        session,
        place,
        day,
        programme_of(context).batches[CHRONIC_FOUR].diseases,
        bucket=bucket,
        limit=limit,
        after=after,
    )
    shown = rows[:limit]
    await audit.record(
        session,
        actor=caller.client_id,
        organisation=caller.organisation,
        action="balance_sheet.persons_read",
        subject=name,
        at=context.clock.now(),
        detail={"as_of": day.isoformat(), "bucket": bucket, "persons": len(shown)},
    )
    following = str(shown[-1]["person_id"]) if len(rows) > limit else None
    return day, [_line(row) for row in shown], following


def _place(context: ServiceContext, caller: Principal, area: str | None) -> tuple[Place, str]:
    """The area asked for, and its name; a township without one sees its own.

    Raises:
        AreaUnknown: the region has no such township or village.
        AreaNotYours: it is another organisation's.
    """
    region = context.region
    own = own_township(context, caller)
    if not area or area in (COUNTY, region.region_code):
        if own is not None:
            return Place(region.region_code, own), own
        if not caller.may_see_township(None):
            raise AreaNotYours
        return Place(region.region_code), COUNTY
    township, _, village = area.partition("/")
    found = next((each for each in region.townships if each.name_zh == township), None)
    if found is None or (village and village not in {v.name_zh for v in found.villages}):
        raise AreaUnknown(
            "give 'county', a township's name, or 'township/village'",
            errors=[
                FieldFault(
                    "area",
                    "area_unknown",
                    "no such place; leave it out for all of yours",
                    "没有此地点；不填即为您的全部范围",
                )
            ],
        )
    if township != own and not caller.may_see_township(township):
        raise AreaNotYours
    return Place(region.region_code, township, village or None), area


def _day(context: ServiceContext, month: str | None) -> date:
    today = business_date(context.clock.now())
    try:
        return day_of(month, today)
    except MonthMalformed:
        fault = ("month_malformed", "write a month such as 2016-03", "月份格式应为 2016-03")
    except MonthNotBegun:
        fault = (
            "in_the_future",
            f"give a month until {today:%Y-%m}",
            f"请填写 {today:%Y-%m} 及以前的月份",
        )
    raise MonthWrong(errors=[FieldFault("month", *fault)])


def _rate(sheet: Sheet, outside: tuple[str, ...]) -> dict[str, Any]:
    denominator = sheet.at_home_and_willing(outside)
    return {
        "denominator": denominator,
        "contract_rate": ratio_text(sheet.signed, denominator),
    }


def _reason(programme: Programme, code: str, count: int) -> ReasonCount:
    known = programme.exempt_reasons.get(code)
    return ReasonCount(
        reason=code,
        name_zh=known.zh if known else code,
        name_en=known.en if known else code,
        leaves_denominator=known is not None and known.leaves_denominator,
        count=count,
    )


def _line(row: RowMapping) -> PersonLine:
    signed = row["bucket"] == SIGNED
    return PersonLine(
        person_id=row["person_id"],
        household_id=row["household_id"],
        township=row["township"],
        village=row["village"],
        bucket=row["bucket"],
        must_be_contracted=row["chronic"],
        contract_id=str(row["contract_id"]) if row["contract_id"] else None,
        team=row["team"],
        exemption_id=str(row["exemption_id"]) if row["exemption_id"] and not signed else None,
        valid_from=None if signed else row["valid_from"],
        valid_to=None if signed else row["valid_to"],
    )
