"""Households above the threshold; each look is logged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict
from sqlalchemy import RowMapping, func, select

from services.reporting.figures import facts, repository
from services.reporting.figures.repository import Scope, inside
from services.reporting.figures.service import scope_of
from services.reporting.indicators.service import AreaNotYours
from services.reporting.models import Person
from shared.content import read_yaml
from shared.db.session import ReadSession, WriteSession
from shared.http.problem import FieldFault, Unprocessable
from shared.money import Money, fen_from_text
from shared.runtime.context import ServiceContext
from shared.security import audit
from shared.security.principal import Principal

_FILE = Path(__file__).with_name("warnings.yaml")


class ThresholdMalformed(Unprocessable):
    code = "threshold_malformed"
    title = "The threshold cannot be read"
    title_zh = "预警金额格式有误"


class Rule(BaseModel):
    """From which sum on a household is told of."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    threshold: Money
    assumed: bool
    citation: str


@cache
def rule() -> Rule:
    """The shipped rule."""
    content = read_yaml(_FILE.read_text(encoding="utf-8"))
    return Rule.model_validate(content["household_own_payments"])


@dataclass(frozen=True)
class Page:
    """Households, the highest first."""

    period: str
    threshold_fen: int
    assumed: bool
    rows: Sequence[RowMapping]
    following: tuple[int, str] | None


async def households(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    *,
    period: str | None,
    area: str | None,
    threshold: str | None,
    limit: int,
    after: tuple[int, str] | None,
) -> Page:
    """Households whose members paid more themselves in the period than the threshold.

    The threshold is a calendar year's: without a period it is the newest year with visits.

    Raises:
        AreaUnknown, PeriodUnreadable, ThresholdMalformed: the question cannot be read.
        AreaNotYours: a township sees its own people.
    """
    months = await repository.months_with_visits(session)
    period = period or (months[-1][:4] if months else None)
    scope = await scope_of(session, context, area=area, period=period)
    if scope.area.level == "facility" or not caller.may_see_township(scope.area.township):
        raise AreaNotYours("ask for your own township with ?area=")
    least = int(rule().threshold) if threshold is None else _fen(threshold)
    rows = await _above(session, scope, least, limit + 1, after)
    shown = rows[:limit]
    await audit.record(
        session,
        actor=caller.client_id,
        organisation=caller.organisation,
        action="early_warnings.listed",
        subject=scope.area.code,
        at=context.clock.now(),
        detail={"period": scope.period.code, "households": len(shown)},
    )
    following = (int(shown[-1]["paid_fen"]), shown[-1]["household"]) if len(rows) > limit else None
    return Page(scope.period.code, least, threshold is None and rule().assumed, shown, following)


def _fen(text: str) -> int:
    try:
        found = int(fen_from_text(text))
    except ValueError:
        found = -1
    if found < 0:
        raise ThresholdMalformed(
            errors=[
                FieldFault(
                    "threshold",
                    "threshold_malformed",
                    "write CNY such as 3000.00",
                    "请填写如 3000.00",
                )
            ]
        )
    return found


async def _above(
    session: ReadSession, scope: Scope, least: int, limit: int, after: tuple[int, str] | None
) -> Sequence[RowMapping]:
    rows = facts.settled()
    household = func.coalesce(Person.household_id, rows.c.person_id)
    summed = (
        select(
            household.label("household"),
            func.min(rows.c.township).label("township"),
            func.min(rows.c.village).label("village"),
            func.count(rows.c.person_id.distinct()).label("patients"),
            func.count().label("visits"),
            func.sum(rows.c.total_fen).label("total_fen"),
            func.sum(rows.c.patient_fen).label("paid_fen"),
        )
        .select_from(rows.outerjoin(Person, Person.person_id == rows.c.person_id))
        .where(rows.c.registered, *inside("settled", rows, scope))
        .group_by(household)
        .subquery("summed")
    )
    c = summed.c
    statement = select(summed).where(c.paid_fen > least)
    if after is not None:
        statement = statement.where(
            (c.paid_fen < after[0]) | ((c.paid_fen == after[0]) & (c.household > after[1]))
        )
    found = await session.execute(statement.order_by(c.paid_fen.desc(), c.household).limit(limit))
    return found.mappings().all()
