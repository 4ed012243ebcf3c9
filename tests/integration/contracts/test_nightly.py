"""The night's work by the service itself: once a business day, and not at all where it is off."""

from datetime import timedelta

from services.contracts.plans.nightly import plan_daily
from services.contracts.settings import settings_of
from tests.integration.contracts.stories import entered
from tests.integration.contracts.test_referrals import DISTRICT_HOSPITAL, refer
from tests.support.service import Running


async def test_once_a_day_and_only_where_it_is_on(contracts: Running) -> None:
    """Goal: each day's work is done once by whoever watches. Method: the switch off, then on; the
    watch asked again and again through two days (Asia/Shanghai) and by a second process."""
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
