"""Recording check-ups: each is kept, one per person and calendar year is paid."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from importlib.resources import files

from services.contracts.check_ups import repository
from services.contracts.check_ups.schemas import CheckUpAnswer, CheckUpRequest
from services.contracts.fees.prices import CHECK_UP_FEE, price_on
from services.contracts.follow_up import tasks
from services.contracts.follow_up.forms import plain
from services.contracts.follow_up.screening import at_risk, take_in
from services.contracts.follow_up.visiting import read_measurements
from services.contracts.merges.repository import MERGES
from services.contracts.models import Person
from services.contracts.people import repository as people
from services.contracts.people.acting import person_served
from services.contracts.plans import repository as plans
from services.contracts.plans.domain import MISSED
from services.contracts.plans.service import plan_person
from services.contracts.programme.service import programme_of
from shared.clock import business_date
from shared.content import read_yaml
from shared.db.session import WriteSession
from shared.events.catalog import CheckUpRecorded
from shared.http.problem import FieldFault, Unprocessable
from shared.ids import new_id
from shared.messaging import outbox
from shared.money import Fen
from shared.runtime.context import ServiceContext
from shared.security import audit
from shared.security.principal import Principal

DONE = "checked_up"
"""Outcome of a check-up's task."""


class CheckUpWrong(Unprocessable):
    code = "check_up_wrong"
    title = "The check-up cannot have happened so"
    title_zh = "体检信息不成立"


@lru_cache(maxsize=1)
def content() -> Mapping[str, tuple[str, str]]:
    """The content list: code → Chinese and English words."""
    text = files("services.contracts.check_ups").joinpath("content.yaml").read_text("utf-8")
    return {code: (each["zh"], each["en"]) for code, each in read_yaml(text)["items"].items()}


async def record(
    session: WriteSession, context: ServiceContext, caller: Principal, body: CheckUpRequest
) -> CheckUpAnswer:
    """Keep a check-up; the first of the year is paid, and does the year's task.

    Raises:
        CheckUpWrong: a day in the future, or an item that is not on the list.
        MeasurementsRefused, MeasurementsUnlikely: as for a follow-up.
        PersonUnknown, TeamNotYours: nobody of that id; another organisation's.
    """
    now = context.clock.now()
    _check(body, business_date(now))
    measured = read_measurements("check_up", body.measurements, body.confirmed)
    kept, person, team = await person_served(
        session, context, caller, body.person_id, on=body.performed_on
    )
    members = await MERGES.members(session, kept)
    year = body.performed_on.year
    unpaid = None
    if await repository.paid_in(session, members, year):
        unpaid = "paid_this_year"
    elif not has_category(person, body.performed_on):
        unpaid = "no_category"
    price = price_on(context, CHECK_UP_FEE, body.performed_on)
    amount_fen = price.amount_fen if unpaid is None else 0
    check_up_id = new_id()
    items = list(dict.fromkeys(body.items))
    await repository.add(
        session,
        {
            "check_up_id": check_up_id,
            "region": context.region.region_code,
            "person_id": kept,
            "year": year,
            "performed_on": body.performed_on,
            "team": team,
            "township": person.township,
            "village": person.village,
            "items": items,
            "measurements": plain(measured) if measured else None,
            "paid": amount_fen > 0,
            "amount_fen": amount_fen,
            "recorded_by": caller.client_id,
            "recorded_at": now,
        },
    )
    await outbox.record(
        session,
        CheckUpRecorded(
            check_up_id=str(check_up_id),
            person_id=kept,
            team=team,
            performed_on=body.performed_on,
            paid=amount_fen > 0,
            amount=Fen(amount_fen),
            township=person.township,
            village=person.village,
        ),
        subject=str(check_up_id),
        sequence=await people.next_version(session, kept),
        occurred_at=now,
    )
    for task in await repository.tasks_of_year(session, members, year):
        if task.status == "open":
            await tasks.close(session, task, outcome=DONE, at=now)
        elif task.outcome == MISSED:
            await plans.outcome_corrected(session, task.task_id, outcome=DONE, closed_at=now)
            await tasks.tell_closed(session, task, outcome=DONE, at=now)
    if measured:
        await take_in(session, context, caller, kept, at_risk(measured), body.performed_on)
    await plan_person(session, context, kept, at=now)
    await audit.record(
        session,
        actor=caller.client_id,
        organisation=caller.organisation,
        action="check_up.recorded",
        subject=str(check_up_id),
        at=now,
        detail={"person_id": kept, "team": team},
    )
    return CheckUpAnswer(
        check_up_id=str(check_up_id),
        person_id=kept,
        year=year,
        performed_on=body.performed_on,
        team=team,
        paid=amount_fen > 0,
        amount=Fen(amount_fen),
        unpaid_reason=unpaid,
        items=items,
        missing_items=[code for code in content() if code not in items],
        price_assumed=price.assumed,
        entered_late=programme_of(context).is_late(body.performed_on, business_date(now)),
    )


def has_category(person: Person, day: date) -> bool:
    """Whether any category of the person was in force on a day."""
    return any(
        each["valid_from"] <= day.isoformat() <= (each.get("valid_to") or "9999")
        for each in person.categories
    )


def _check(body: CheckUpRequest, today: date) -> None:
    if body.performed_on > today:
        raise CheckUpWrong(
            errors=[
                FieldFault(
                    "performed_on",
                    "in_the_future",
                    "a check-up is recorded after it was done; give its day",
                    "体检须在完成后登记；请填写实际日期",
                )
            ]
        )
    if any(item not in content() for item in body.items):
        known = ", ".join(content())
        raise CheckUpWrong(
            errors=[
                FieldFault(
                    "items",
                    "unknown_item",
                    f"an item is not on the content list: {known}",
                    f"有项目不在内容清单中: {known}",
                )
            ]
        )
