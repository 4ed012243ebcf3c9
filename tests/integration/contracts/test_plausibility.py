"""Recorded visits are looked at: questions with evidence, raised once, decided by people."""

import asyncio
from datetime import date, datetime, timedelta
from typing import Any

from services.contracts.plans.nightly import plan_daily
from services.contracts.settings import settings_of
from shared.events.catalog import PersonLeft
from tests.integration.contracts.stories import (
    JINHE,
    JINHE_TEAM,
    YONGHE,
    cancelled,
    discharged,
    entered,
)
from tests.integration.contracts.test_plans import post
from tests.support.merges import merged
from tests.support.service import Running


async def seen(service: Running, person_id: str, at: datetime, **more: Any) -> Any:
    return await post(
        service,
        "/follow-ups",
        201,
        person_id=person_id,
        performed_at=at.isoformat(),
        **{
            "way": "home",
            "disease": "hypertension",
            "measurements": {"sbp": 128, "dbp": 78},
            **more,
        },
    )


async def test_from_the_visits_to_the_decision(contracts: Running) -> None:
    """Goal: every kind of fact reaches the rules, a flag is raised once, nothing follows by itself.

    Method: ten households of a village within half an hour with one pressure, one of them during
    a stay, one under his absorbed id, one after his death; a stay that did not take place and a
    call that reached nobody; looked at by two at once and by the night; then the case file.
    """
    contracts.clock.advance(timedelta(hours=9))
    at = contracts.clock.now() - timedelta(hours=8)
    for number in range(11):
        await contracts.deliver(entered(f"P{number}"))
    async with contracts.context.db.writing() as session:
        connection = await session.connection()
        await connection.exec_driver_sql("UPDATE people SET household_id = person_id")
    on = date(2016, 3, 12)
    await contracts.deliver(
        discharged("E1", "P1", on=on), discharged("E2", "P2", on=on), cancelled("E2", "P2", on=on)
    )
    ids = [
        (await seen(contracts, f"P{n}", at + timedelta(minutes=3 * n)))["follow_up_id"]
        for n in range(10)
    ]
    await seen(contracts, "P0", at - timedelta(days=1), disease=None, measurements=None)
    await seen(contracts, "P10", at, outcome="not_reached", measurements=None)
    await contracts.deliver(merged("P3", "P10"))
    await contracts.deliver(entered("P4", sequence=2, kind=PersonLeft))
    async with contracts.context.db.writing() as session:
        connection = await session.connection()
        await connection.exec_driver_sql(
            "UPDATE people SET reason = 'died', effective_on = '2016-03-08' WHERE person_id = 'P4'"
        )
    body = {"from": "2016-03-01", "to": "2016-03-31"}
    looks = await asyncio.gather(*(post(contracts, "/visit-checks", 200, **body) for _ in "12"))
    assert [each["visits"] for each in looks] == [11, 11]
    new = {
        rule["rule"]: sum(each["rules"][at]["new"] for each in looks)
        for at, rule in enumerate(looks[0]["rules"])
    }
    assert {rule: count for rule, count in new.items() if count} == {
        "homes_in_an_hour": 1,
        "same_values_in_village": 1,
        "visit_after_death": 1,
        "visit_during_stay": 1,
    }
    contracts.context.state["contracts.settings"] = settings_of(contracts.context).model_copy(
        update={"plan_daily": True}
    )
    await plan_daily(contracts.context)

    async with contracts.client() as client:
        flags = (await client.get("/contracts/v1/visit-flags")).json()["items"]
        crowd = next(each for each in flags if each["rule"] == "homes_in_an_hour")
        path = f"/contracts/v1/visit-flags/{crowd['flag_id']}"
        for organisation, status in ((YONGHE, 404), (JINHE, 200)):
            answer = await client.get(path, headers=contracts.bearer(f"township:{organisation}"))
            assert answer.status_code == status
        note = {"note": "张医生带队，已核对"}
        explained = await client.post(f"{path}/explain", json=note)
        only_writes = contracts.bearer(scopes=("contracts:write", "contracts:read"))
        refused = await client.post(f"{path}/confirm", json=note, headers=only_writes)
        confirmed = await client.post(f"{path}/confirm", json=note)
        again = await client.post(f"{path}/dismiss", json=note)
    assert len(flags) == 4
    assert (crowd["team"], crowd["township"], crowd["person_id"]) == (JINHE_TEAM, JINHE, None)
    assert (crowd["evidence"]["homes"], crowd["evidence"]["most"]) == (10, 8)
    assert set(crowd["follow_up_ids"]) == set(ids)
    stay = next(each for each in flags if each["rule"] == "visit_during_stay")
    assert (stay["person_id"], stay["evidence"]["discharged_on"]) == ("P1", "2016-03-12")
    assert explained.json()["status"] == "explained"
    assert refused.status_code == 403
    assert [each["step"] for each in confirmed.json()["steps"]] == ["explain", "confirm"]
    assert confirmed.json()["steps"][0]["note"] == note["note"]
    assert again.json()["code"] == "visit_flag_step_not_allowed"
    (stored,) = await contracts.rows("SELECT count(*) AS n FROM visit_flags")
    assert stored["n"] == 4
    raw = await contracts.rows("SELECT note FROM visit_flag_steps")
    assert all("张医生".encode() not in each["note"] for each in raw)


async def test_a_period_that_cannot_be(contracts: Running) -> None:
    """Goal: the fault names the field. Method: backwards; longer than a year."""
    for last in ("2015-12-31", "2017-06-01"):
        body = {"from": "2016-01-01", "to": last}
        refused = await post(contracts, "/visit-checks", 422, **body)
        assert (refused["code"], refused["errors"][0]["field"]) == ("period_refused", "to")
