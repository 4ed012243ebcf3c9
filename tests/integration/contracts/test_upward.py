"""A patient who was not met is reported to the institution above."""

import asyncio
from datetime import timedelta
from typing import Any

from services.contracts.plans.service import Planned, plan_everyone
from tests.integration.contracts.stories import YONGHE, entered
from tests.integration.contracts.test_plans import enrol, listed, post, told, visit
from tests.support.service import Running

TB = {"disease": "tuberculosis", "measurements": None}
MEASURED = {"phase": "intensive", "supervision": "medical_staff"}


async def to_report(service: Running, **query: Any) -> list[Any]:
    items = (await listed(service, **query))["items"]
    return [each for each in items if each["programme"] == "tuberculosis_not_met"]


async def test_two_visits_in_vain_are_reported(contracts: Running) -> None:
    """Goal: 1.4: due by the next day, reported once, no service and no fee by it; the first visit
    goes on. Method: a call and two home visits in vain, one of them told twice; a follow-up, another
    township, a time before it; eight reports at once; the night after."""
    await contracts.deliver(entered())
    await enrol(contracts, programme="tuberculosis")
    await visit(contracts, **TB, way="phone", outcome="not_reached")
    for _ in range(2):
        await visit(contracts, **TB, outcome="not_reached")
    assert await to_report(contracts) == []
    contracts.clock.advance(timedelta(days=1))
    await visit(contracts, **TB, outcome="lost_contact")
    (task,) = await to_report(contracts)
    assert (task["rule"], task["due_on"], task["state"]) == (
        "tuberculosis_report_up",
        "2016-03-12",
        "ready",
    )
    refused = await visit(contracts, 409, task_id=task["task_id"], disease=None, measurements=None)
    assert refused["code"] == "task_wants_report"
    path = f"/tasks/{task['task_id']}/report"
    body = {"reported_to": "county_cdc", "reported_at": contracts.clock.now().isoformat()}
    await post(contracts, path, 404, f"township:{YONGHE}", **body)
    early = {**body, "reported_at": "2016-03-10T09:00:00+08:00"}
    assert (await post(contracts, path, 422, **early))["errors"][0]["field"] == "reported_at"

    async def report() -> int:
        async with contracts.client() as client:
            return (await client.post(f"/contracts/v1{path}", json=body)).status_code

    codes = await asyncio.gather(*(report() for _ in range(8)))
    assert sorted(codes) == [201, *[409] * 7]
    assert len(await contracts.rows("SELECT 1 FROM upward_reports")) == 1
    last = (await contracts.published())[-1]
    assert (last["type"], last["payload"]["outcome"]) == (
        "cn.yizhan.contracts.task.closed.v1",
        "reported",
    )
    assert await contracts.rows("SELECT 1 FROM follow_ups WHERE outcome = 'reported'") == []
    rules = [item["rule"] for item in (await listed(contracts))["items"]]
    assert rules == ["tuberculosis_first_visit"]
    assert await plan_everyone(contracts.context) == Planned(people=1)


async def test_met_after_all_and_reported_late(contracts: Running) -> None:
    """Goal: who is met is not reported; a miss that was reported in time is taken back. Method: two
    in vain, then met; of another person two in vain, the window over: a report of then, of now."""
    await contracts.deliver(entered("P1"), entered("P2"))
    for person in ("P1", "P2"):
        await enrol(contracts, person, "tuberculosis")
        for _ in range(2):
            contracts.clock.advance(timedelta(hours=1))
            await visit(contracts, **TB, person_id=person, outcome="not_reached")
    await visit(contracts, disease="tuberculosis", measurements=MEASURED)
    (task,) = await to_report(contracts)
    assert task["person_id"] == "P2"
    in_time = contracts.clock.now().isoformat()
    contracts.clock.advance(timedelta(days=60))
    await plan_everyone(contracts.context)
    assert [each["task_id"] for each in await to_report(contracts, status="missed")] == [
        task["task_id"]
    ]
    body = {"reported_to": "county_cdc", "reported_at": in_time}
    too_late = {**body, "reported_at": contracts.clock.now().isoformat()}
    refused = await post(contracts, f"/tasks/{task['task_id']}/report", 409, **too_late)
    assert refused["code"] == "task_closed_already", "a report after the window stays a miss"
    answer = await post(contracts, f"/tasks/{task['task_id']}/report", 201, **body)
    assert (answer["task"]["outcome"], answer["task"]["state"]) == ("reported", "completed")
    assert (await told(contracts)).count("task.missed") >= 1
    assert await plan_everyone(contracts.context) == Planned(people=2)
