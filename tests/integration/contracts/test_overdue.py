"""Who did not come: the list, calls with their outcomes and consent, and who came after a call."""

import asyncio
from datetime import date, timedelta
from typing import Any

import pytest

from services.contracts.overdue.domain import LastCall, state_on
from services.contracts.overdue.service import judge_returns
from tests.integration.contracts.stories import JINHE_TEAM, YONGHE, discharged, entered
from tests.integration.contracts.test_plans import post
from tests.support.merges import merged
from tests.support.service import Running

NOW = "2016-03-20T09:00:00+08:00"


@pytest.fixture
async def late(contracts: Running) -> Running:
    """Three persons under contract came home on 8 March; nobody saw them until the 20th."""
    contracts.clock.advance(timedelta(days=10))
    for person_id in ("P1", "P2", "P3"):
        await contracts.deliver(entered(person_id))
        await post(contracts, "/contracts", 201, person_id=person_id, signed_on="2016-01-05")
        await contracts.deliver(discharged(f"E-{person_id}", person_id))
    return contracts


async def call(service: Running, outcome: str, status: int = 201, **more: Any) -> Any:
    body = {"person_id": "P1", "called_at": NOW, "outcome": outcome, **more}
    return await post(service, "/overdue-calls", status, **body)


async def listed(service: Running, organisation: str = "", **query: Any) -> Any:
    async with service.client(*([organisation] if organisation else [])) as client:
        answer = await client.get("/contracts/v1/overdue", params=query)
    assert answer.status_code == 200, answer.text
    for each in answer.json()["items"]:
        last = each["last_call"]
        days = [
            date.fromisoformat(last[name]) if last and last[name] else None
            for name in ("called_on", "agreed_on", "again_on")
        ]
        known = LastCall(days[0], days[1], days[2]) if days[0] else None
        day = date.fromisoformat(query.get("date", "2016-03-20"))
        assert each["state"] == state_on(day, known, consents=each["consent"] == "given")
    return answer.json()


async def states(service: Running, **query: Any) -> dict[str, str]:
    return {each["person_id"]: each["state"] for each in (await listed(service, **query))["items"]}


async def test_from_the_first_call_to_the_return(late: Running) -> None:
    """Goal: each person once, worked through by state; what SQL says is what the domain says.

    Method: pages; no answer, an agreed day that passes, a visit; the list of several days.
    """
    first = await listed(late, limit=2)
    assert [each["person_id"] for each in first["items"]] == ["P1", "P2"]
    rest = await listed(late, limit=2, cursor=first["next_cursor"])
    assert [each["person_id"] for each in rest["items"]] == ["P3"]
    (one,) = (await listed(late, limit=1))["items"]
    assert (one["since"], one["days"], one["overdue"], one["team"]) == (
        "2016-03-15",
        5,
        1,
        JINHE_TEAM,
    )
    assert (await listed(late, f"township:{YONGHE}"))["items"] == []
    await call(late, "no_answer")
    agreed = await call(late, "agreed", person_id="P2", agreed_on="2016-03-23", consent="given")
    assert agreed["again_on"] == "2016-03-24"
    assert await states(late) == {"P1": "waiting", "P2": "agreed", "P3": "to_call"}
    later = {"P1": "call_again", "P2": "broken", "P3": "to_call"}
    assert await states(late, date="2016-03-24") == later
    late.clock.advance(timedelta(days=5))
    (task,) = [
        each
        for each in (await post_list(late))
        if each["person_id"] == "P2" and each["rule"] == "post_discharge_follow_up"
    ]
    await post(
        late,
        "/follow-ups",
        201,
        person_id="P2",
        task_id=task["task_id"],
        performed_at="2016-03-25T09:00:00+08:00",
        way="clinic",
        outcome="stable",
    )
    assert set(await states(late, date="2016-03-25")) == {"P1", "P3"}
    # Two at once settle each call once; the other waits until its days are over.
    settled = await asyncio.gather(*(judge_returns(late.context) for _ in range(2)))
    assert sum(settled) == 1
    late.clock.advance(timedelta(days=11))
    assert await judge_returns(late.context) == 1
    async with late.client() as client:
        period = {"from": "2016-03-01", "to": "2016-03-31"}
        sums = (await client.get("/contracts/v1/overdue-returns", params=period)).json()
    assert (sums["calls"], sums["reached"], sums["judged"], sums["returned"], sums["share"]) == (
        2,
        1,
        2,
        1,
        "0.5000",
    )
    told = [e["payload"] for e in await late.published() if "overdue_call" in e["type"]]
    assert [each.get("returned_on") for each in told] == [None, None, "2016-03-25", None]


async def post_list(service: Running) -> list[Any]:
    async with service.client() as client:
        answer = await client.get("/contracts/v1/worklist")
    return list(answer.json()["items"])


async def test_a_death_opens_its_reason_and_ends_the_contract(late: Running) -> None:
    """Goal: on evidence, dated, once. Method: without evidence, with it; the list, the contract."""
    refused = await call(late, "died", 422)
    assert refused["errors"][0]["field"] == "evidence"
    assert await late.rows("SELECT 1 FROM overdue_calls") == []
    made = await call(late, "died", since="2016-03-18", evidence="女儿电话告知,3月18日去世")
    assert made["exemption_id"] is not None
    assert made["again_on"] is None
    assert "P1" not in await states(late)
    assert (await states(late, state="closed")) == {"P1": "closed"}
    (reason,) = await late.rows("SELECT reason, valid_from FROM exemptions")
    assert (reason["reason"], str(reason["valid_from"])) == ("died", "2016-03-18")
    (contract,) = await late.rows("SELECT ended_on FROM contracts WHERE person_id = 'P1'")
    assert str(contract["ended_on"]) == "2016-03-18"


async def test_who_does_not_want_to_be_called_is_not(late: Running) -> None:
    """Goal: consent binds until it is given again, also for the person's other id.

    Method: refused, another call is refused, merged into P2, given again.
    """
    await call(late, "refused", consent="refused")
    assert (await states(late))["P3"] == "to_call"
    assert await states(late, state="do_not_call") == {"P1": "do_not_call"}
    again = await call(late, "no_answer", 409)
    assert again["code"] == "consent_refused"
    await late.deliver(merged("P2", "P1"))
    assert (await call(late, "no_answer", 409, person_id="P2"))["code"] == "consent_refused"
    await call(late, "agreed", person_id="P2", agreed_on="2016-03-22", consent="given")
    assert await states(late) == {"P2": "agreed", "P3": "to_call"}


async def test_refused(contracts: Running) -> None:
    """Goal: every fault with its field. Method: each alone; nothing is kept."""
    contracts.clock.advance(timedelta(days=10))
    await contracts.deliver(entered())
    wrong: list[tuple[str, dict[str, Any]]] = [
        ("outcome", {"outcome": "sleeping"}),
        ("agreed_on", {"outcome": "agreed"}),
        ("agreed_on", {"outcome": "no_answer", "agreed_on": "2016-03-22"}),
        ("agreed_on", {"outcome": "agreed", "agreed_on": "2016-03-01"}),
        ("called_at", {"outcome": "no_answer", "called_at": "2016-03-21T09:00:00+08:00"}),
        ("since", {"outcome": "moved", "evidence": "村委会", "since": "2016-03-21"}),
    ]
    for field, changes in wrong:
        body = {"person_id": "P1", "called_at": NOW, **changes}
        refused = await post(contracts, "/overdue-calls", 422, **body)
        assert [each["field"] for each in refused["errors"]] == [field]
    assert await contracts.rows("SELECT 1 FROM overdue_calls") == []
