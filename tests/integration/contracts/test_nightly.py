"""The night's work by the service itself: once a business day, and not at all where it is off."""

import asyncio
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from services.contracts.plans import service as planning
from services.contracts.plans.nightly import plan_daily
from services.contracts.plans.service import plan_everyone
from services.contracts.programme.service import programme_of
from services.contracts.settings import settings_of
from shared.runtime.context import ServiceContext
from tests.integration.contracts.stories import (
    entered,
    offer_free_check_up,
)
from tests.integration.contracts.test_referrals import DISTRICT_HOSPITAL, refer
from tests.support.service import Running


async def test_once_a_day_and_only_where_it_is_on(contracts: Running) -> None:
    """Goal: each day's work is done once by whoever watches. Method: the switch off, then on; the
    watch asked again and again through two days (Asia/Shanghai) and by a second process."""
    offer_free_check_up(contracts)
    await contracts.deliver(entered())
    await refer(contracts, to_facility=DISTRICT_HOSPITAL, valid_to="2016-03-10")
    settings = settings_of(contracts.context)
    nights = "SELECT subject FROM audit_log WHERE action = 'visits.checked' ORDER BY at"
    told = "SELECT type FROM outbox WHERE type LIKE '%referral.expired%'"

    contracts.context.state["contracts.settings"] = settings.model_copy(
        update={"plan_daily": False}
    )
    await plan_daily(contracts.context)
    assert await contracts.rows("SELECT 1 FROM tasks") == []
    assert await contracts.rows(nights) == []

    contracts.context.state["contracts.settings"] = settings.model_copy(update={"plan_daily": True})
    for _ in range(3):
        await plan_daily(contracts.context)
    (task,) = await contracts.rows("SELECT rule, status FROM tasks")
    assert task == {"rule": "yearly_check_up", "status": "open"}
    assert len(await contracts.rows(nights)) == 1
    assert await contracts.rows(told) == []
    # Ten in the morning of the 10th; the next business day begins after fourteen hours.
    contracts.clock.advance(timedelta(hours=13, minutes=59))
    await plan_daily(contracts.context)
    assert len(await contracts.rows(nights)) == 1
    contracts.clock.advance(timedelta(minutes=1))
    for _ in range(2):
        await plan_daily(contracts.context)
    assert [row["subject"] for row in await contracts.rows(nights)] == [
        "2016-01-30/2016-03-10",
        "2016-01-31/2016-03-11",
    ]
    assert len(await contracts.rows(told)) == 1
    # A second process has not done it yet, does it, and changes nothing.
    contracts.context.state.pop("contracts.planned_on")
    await plan_daily(contracts.context)
    assert len(await contracts.rows("SELECT 1 FROM tasks")) == 1
    assert len(await contracts.rows(told)) == 1


async def test_a_part_with_a_fault_stops_nothing_else(contracts: Running) -> None:
    """Goal: one wrong rule, or one row, closes no window. Method: four parts, the second with a
    fault, the third refused by the database, the fourth without it at first; called again that day
    and on the next."""
    did: list[str] = []

    async def good(_: ServiceContext, day: date) -> dict[str, int]:
        did.append(f"good {day.day}")
        return {}

    async def faulty(_: ServiceContext, day: date) -> dict[str, int]:
        did.append(f"faulty {day.day}")
        raise AttributeError("'NoneType' object has no attribute 'get'")

    async def refused(context: ServiceContext, day: date) -> dict[str, int]:
        did.append(f"refused {day.day}")
        async with context.db.writing() as session:
            await session.execute(text("SELECT 1 / 0"))
        return {}

    async def cut_off(_: ServiceContext, day: date) -> dict[str, int]:
        did.append(f"cut off {day.day}")
        if did.count(did[-1]) == 1:
            raise ConnectionError
        return {}

    settings = settings_of(contracts.context).model_copy(update={"plan_daily": True})
    contracts.context.state["contracts.settings"] = settings
    contracts.context.state.pop("contracts.planned_on", None)
    steps = (good, faulty, refused, cut_off)
    with pytest.raises(ConnectionError):
        await plan_daily(contracts.context, steps=steps)
    for _ in range(2):
        await plan_daily(contracts.context, steps=steps)
    assert did == ["good 10", "faulty 10", "refused 10", "cut off 10", "cut off 10"]
    contracts.clock.advance(timedelta(days=1))
    with pytest.raises(ConnectionError):
        await plan_daily(contracts.context, steps=steps)
    assert did[5:] == ["good 11", "faulty 11", "refused 11", "cut off 11"]


async def test_a_programme_that_the_region_does_not_have_asks_for_nothing(
    contracts: Running,
) -> None:
    """Goal: XB-22's free check-up is one county's promise. Method: a region's file takes it away
    after a night that had asked for it, and gives it back; the elderly keep the standard's."""
    context = contracts.context
    offer_free_check_up(contracts)
    await contracts.deliver(entered("P1"), entered("P2", birth_year=1940))
    rules = "SELECT rule, status, outcome FROM tasks ORDER BY rule"
    asked = [
        {"rule": "elderly_check_up", "status": "open", "outcome": None},
        {"rule": "yearly_check_up", "status": "open", "outcome": None},
    ]
    await plan_everyone(context)
    assert await contracts.rows(rules) == asked
    known = programme_of(context)
    context.state["contracts.programme"] = known.model_copy(
        update={"not_offered": ("yearly_check_up",)}
    )
    await plan_everyone(context)
    assert (await contracts.rows(rules))[1] == {
        "rule": "yearly_check_up",
        "status": "closed",
        "outcome": "no_longer_due",
    }
    context.state["contracts.programme"] = known
    await plan_everyone(context)
    assert await contracts.rows(rules) == asked


async def test_a_night_that_is_cut_off_is_carried_on(
    contracts: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Goal: what was planned stays, the rest follows, nothing twice. Method: portions of two persons;
    the run ends in the second one, before its commit, and is begun again."""
    offer_free_check_up(contracts)
    monkeypatch.setattr(planning, "_PEOPLE_AT_ONCE", 2)
    await contracts.deliver(*(entered(f"P{at}") for at in range(6)))
    tell, portions = planning._tell, []

    async def cut_off(*told: Any, **named: Any) -> None:
        portions.append(told)
        await tell(*told, **named)
        if len(portions) == 2:
            raise asyncio.CancelledError

    monkeypatch.setattr(planning, "_tell", cut_off)
    with pytest.raises(asyncio.CancelledError):
        await plan_everyone(contracts.context)
    tasks = "SELECT person_id, rule FROM tasks ORDER BY person_id"
    told = "SELECT 1 FROM outbox WHERE type LIKE '%task.opened%'"
    assert [row["person_id"] for row in await contracts.rows(tasks)] == ["P0", "P1"]
    assert len(await contracts.rows(told)) == 2

    assert (await plan_everyone(contracts.context)).made == 4
    assert [row["person_id"] for row in await contracts.rows(tasks)] == [
        f"P{at}" for at in range(6)
    ]
    assert len(await contracts.rows(told)) == 6
