"""The control rate of a disease, by team, township or village, at a month's end."""

from __future__ import annotations

from typing import Any

from services.contracts.access import organisation_of
from services.contracts.balance.domain import MonthMalformed, MonthNotBegun, day_of
from services.contracts.control import repository
from services.contracts.control.domain import (
    CITATIONS,
    EXCLUSIONS,
    OTHER_CITATION,
    Patient,
    Rate,
    rates,
)
from services.contracts.control.schemas import ControlGroup, ControlRates, Exclusion, GroupBy
from services.contracts.plans.rulebook import rulebook
from services.contracts.teams.service import teams_of
from shared.clock import business_date
from shared.db.session import ReadSession
from shared.http.problem import FieldFault, Unprocessable
from shared.money import ratio_text
from shared.runtime.context import ServiceContext
from shared.security.principal import Principal


class ControlAskedWrong(Unprocessable):
    code = "control_rates_refused"
    title = "There are no such figures"
    title_zh = "没有此统计"


async def control_rates(
    session: ReadSession,
    context: ServiceContext,
    caller: Principal,
    *,
    programme: str,
    month: str | None,
    by: GroupBy,
    team: str | None,
) -> ControlRates:
    """The figures of the caller's people; a hospital sees its own team's.

    Raises:
        ControlAskedWrong: no such disease; a month that is none or has not begun.
    """
    known = rulebook().programmes.get(programme)
    if known is None or known.form is None or not known.rated:
        words = ", ".join(
            code for code, each in rulebook().programmes.items() if each.form and each.rated
        )
        raise _wrong("programme", "unknown", f"write one of: {words}", f"应为以下之一: {words}")
    try:
        day = day_of(month, business_date(context.clock.now()))
    except MonthMalformed:
        raise _wrong("month", "malformed", "write it as 2016-03", "请写作 2016-03") from None
    except MonthNotBegun:
        raise _wrong(
            "month", "not_begun", "the month has not begun; give an earlier one", "该月尚未开始"
        ) from None
    kind, value = organisation_of(caller)
    teams = teams_of(context)
    rows = await repository.patients(
        session,
        region=context.region.region_code,
        programme=programme,
        first=day.replace(month=1, day=1),
        last=day,
        township=value if kind == "township" else None,
    )
    patients = [
        Patient(held or teams.for_township(township), township, *rest)
        for held, township, *rest in (tuple(row) for row in rows)
    ]
    only = value if kind == "facility" else team
    whole, groups = rates(
        (each for each in patients if (only is None or each.team == only)
         and (team is None or each.team == team)),
        day,
        by,
    )  # fmt: skip
    return ControlRates(
        programme=programme,
        month=month,
        as_of=day,
        since=day.replace(month=1, day=1),
        citation=CITATIONS.get(programme, OTHER_CITATION),
        **_figures(whole),
        exclusions=[
            Exclusion(reason=code, name_zh=zh, name_en=en) for code, (zh, en) in EXCLUSIONS.items()
        ],
        groups=[
            ControlGroup(**_names(by, key), **_figures(rate))
            for key, rate in sorted(
                groups.items(), key=lambda item: tuple(part or "" for part in item[0])
            )
        ],
    )


def _names(by: GroupBy, key: tuple[str | None, ...]) -> dict[str, str | None]:
    names = {"team": ("team",), "township": ("township",), "village": ("township", "village")}[by]
    return dict(zip(names, key, strict=True))


def _figures(rate: Rate) -> dict[str, Any]:
    return {
        "patients": rate.patients,
        "controlled": rate.controlled,
        "uncontrolled": rate.uncontrolled,
        "never_measured": rate.never_measured,
        "control_rate": ratio_text(rate.controlled, rate.patients),
        "missed_visits": rate.missed,
        "patients_with_missed": rate.with_missed,
        "excluded": dict(rate.excluded),
    }


def _wrong(field: str, code: str, message: str, message_zh: str) -> ControlAskedWrong:
    return ControlAskedWrong(errors=[FieldFault(field, code, message, message_zh)])
