"""Asking for a person's categories on a day, as known on a day."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import RowMapping

from services.identity.categories.domain import CATEGORIES, Period
from services.identity.categories.leaving import REASONS
from services.identity.categories.repository import CategoryRepository
from services.identity.categories.schemas import CategoryPeriodAnswer, PersonCategoriesAnswer
from services.identity.merges.repository import MergeRepository
from services.identity.persons.repository import PersonRepository
from services.identity.persons.service import PersonUnknown
from shared.clock import business_date, start_of_business_day
from shared.db.session import WriteSession
from shared.http.problem import FieldFault, Unprocessable
from shared.runtime.context import ServiceContext
from shared.security import audit
from shared.security.principal import Principal

_RANK = {code: number for number, code in enumerate(CATEGORIES)}


class DayInTheFuture(Unprocessable):
    code = "known_on_in_the_future"
    title = "Nobody knows what will be known then"
    title_zh = "查询时点不能晚于今天"


async def person_categories(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    person_id: UUID,
    *,
    as_of: date | None,
    known_on: date | None,
) -> PersonCategoriesAnswer:
    """The categories that held on ``as_of`` as we knew it at the end of ``known_on``.

    Both are today when not given; days are those of the region. Whoever was merged with the person
    at that moment is included.

    Raises:
        PersonUnknown: no such person, or another township's.
        DayInTheFuture: ``known_on`` lies ahead.
    """
    now = context.clock.now()
    today = business_date(now)
    if known_on is not None and known_on > today:
        raise DayInTheFuture(
            "leave known_on out to ask what is known now",
            errors=[
                FieldFault(
                    "known_on",
                    DayInTheFuture.code,
                    "give today or an earlier day",
                    "请填写今天或更早的日期",
                )
            ],
        )
    known_at = now
    if known_on is not None and known_on < today:
        known_at = start_of_business_day(known_on + timedelta(days=1)) - timedelta(microseconds=1)
    region, day = context.region.region_code, as_of or today
    group = (await MergeRepository(session, region).groups([person_id], known_at=known_at))[
        person_id
    ]
    person = await PersonRepository(session, region).get(group.kept)
    if person is None or not caller.may_see_township(person["township"]):
        raise PersonUnknown("check the person_id; a township sees its own people only")
    held = await CategoryRepository(session, region).known(group.members, known_at)
    await audit.record(
        session,
        actor=caller.client_id,
        organisation=caller.organisation,
        action="person.categories_read",
        subject=str(group.kept),
        at=now,
    )
    return PersonCategoriesAnswer(
        person_id=str(group.kept),
        as_of=day,
        known_on=known_on or today,
        known_at=known_at,
        categories=[
            _answer(row)
            for row in sorted(held, key=lambda row: _RANK[row["category"]])
            if _period(row).covers(day)
        ],
        history=[_answer(row) for row in held],
    )


def _period(row: RowMapping) -> Period:
    return Period(row["category"], row["valid_from"], row["valid_to"])


def _answer(row: RowMapping) -> CategoryPeriodAnswer:
    return CategoryPeriodAnswer(
        code=row["category"],
        name_zh=CATEGORIES[row["category"]],
        source=row["source"],
        valid_from=row["valid_from"],
        valid_to=row["valid_to"],
        reason=row["reason"],
        reason_zh=REASONS[row["reason"]] if row["reason"] else None,
        recorded_at=row["recorded_at"],
    )
