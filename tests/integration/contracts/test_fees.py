"""Fee statements: closed work times price, asked for once."""

import asyncio
from datetime import timedelta
from typing import Any

from tests.integration.contracts.stories import (
    JINHE,
    JINHE_TEAM,
    YONGHE,
    YONGHE_TEAM,
    discharged,
    entered,
)
from tests.support.merges import merged
from tests.support.service import COUNTY, Running


async def sign(service: Running, person_id: str = "P1", **changes: Any) -> Any:
    body = {"person_id": person_id, "signed_on": "2016-01-05", **changes}
    async with service.client() as client:
        answer = await client.post("/contracts/v1/contracts", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def follow_up(service: Running, person_id: str = "P1", **changes: Any) -> Any:
    body = {
        "person_id": person_id,
        "performed_at": "2016-03-02T09:00:00+08:00",
        "way": "home",
        "outcome": "stable",
        **changes,
    }
    async with service.client() as client:
        answer = await client.post("/contracts/v1/follow-ups", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def statement(service: Running, organisation: str = COUNTY, **query: Any) -> Any:
    async with service.client(organisation) as client:
        asked = {"team": JINHE_TEAM, "period": "2016-03", **query}
        return await client.get("/contracts/v1/fee-statements", params=asked)


async def issue(service: Running, organisation: str = COUNTY, **changes: Any) -> Any:
    async with service.client(organisation) as client:
        body = {"team": JINHE_TEAM, "period": "2016-03", **changes}
        return await client.post("/contracts/v1/fee-statements", json=body)


async def told(service: Running) -> list[Any]:
    return [each for each in await service.published() if each["type"].endswith("fee.due.v1")]


async def test_contracts_with_service_are_paid_once(contracts: Running) -> None:
    """Goal: the statement is closed work times price, a second run asks for nothing.

    Method: three contracts, one of them served twice, one not reached, one without service; the
    statement before and after it is issued, and issued again.
    """
    await contracts.deliver(*(entered(f"P{number}") for number in (1, 2, 3)))
    for number in (1, 2, 3):
        await sign(contracts, f"P{number}")
    await follow_up(contracts)
    await follow_up(contracts, performed_at="2016-03-03T09:00:00+08:00")
    for nobody_served in ("not_reached", "lost_contact", "refused"):
        await follow_up(contracts, "P2", outcome=nobody_served)
    before = (await statement(contracts)).json()
    assert (before["count"], before["amount"], before["open"]) == (1, "8.00", "8.00")
    (team,) = before["items"]
    assert team["contracts_without_service"] == 2
    assert [line["person_id"] for line in team["lines"]] == ["P1"]
    assert before["assumptions"] == ["contract.fee"]

    first = await issue(contracts)
    assert (first.status_code, first.json()["amount"]) == (201, "8.00")
    second = (await issue(contracts)).json()
    assert (second["count"], second["amount"], second["statement_id"]) == (0, "0.00", None)
    (event,) = await told(contracts)
    assert event["payload"]["amount"] == "8.00"
    assert event["payload"]["shares"] == [{"use": "contract_fee", "count": 1, "amount": "8.00"}]
    assert "P1" not in str(event)

    after = (await statement(contracts)).json()
    assert (after["amount"], after["issued"], after["open"]) == ("8.00", "8.00", "0.00")
    assert after["items"][0]["lines"][0]["statement_id"] == first.json()["statement_id"]


async def test_check_ups_are_paid_once_a_year_and_are_service(contracts: Running) -> None:
    """Goal: XB-22, XB-23: the first of the year 150.00, the second recorded and unpaid; it is
    service on record too. Method: two check-ups of a person with a contract, one of another
    without; issued twice."""
    await contracts.deliver(entered("P1"), entered("P2"))
    await sign(contracts)
    async with contracts.client() as client:
        for person_id, day in (("P1", "02"), ("P1", "03"), ("P2", "04")):
            body = {
                "person_id": person_id,
                "performed_on": f"2016-03-{day}",
                "items": ["physical"],
            }
            answer = await client.post("/contracts/v1/check-ups", json=body)
            assert answer.status_code == 201, answer.text
    before = (await statement(contracts)).json()
    assert (before["count"], before["amount"]) == (3, "308.00")
    assert {use["use"]: use["amount"] for use in before["items"][0]["uses"]} == {
        "contract_fee": "8.00",
        "check_up": "300.00",
    }
    assert (await issue(contracts)).json()["amount"] == "308.00"
    assert (await issue(contracts)).json()["amount"] == "0.00"
    (event,) = await told(contracts)
    assert {share["use"]: share["count"] for share in event["payload"]["shares"]} == {
        "contract_fee": 1,
        "check_up": 2,
    }
    assert (await statement(contracts)).json()["issued"] == "308.00"


async def test_what_is_entered_late_is_asked_for_then(contracts: Running) -> None:
    """Goal: a second statement of the month with the new work alone. Method: issue, serve another
    person in the same month, issue; in the next month nothing is due again."""
    await contracts.deliver(entered("P1"), entered("P2"))
    await sign(contracts, "P1")
    await sign(contracts, "P2")
    await follow_up(contracts)
    assert (await issue(contracts)).json()["count"] == 1
    contracts.clock.advance(timedelta(days=30))
    await follow_up(contracts, "P2")
    late = (await issue(contracts)).json()
    assert (late["count"], late["amount"]) == (1, "8.00")
    await follow_up(contracts, performed_at="2016-04-02T09:00:00+08:00")
    assert (await issue(contracts, period="2016-04")).json()["count"] == 0
    shown = (await statement(contracts)).json()["items"][0]
    assert [each["number"] for each in shown["statements"]] == [1, 2]
    assert [each["aggregate_version"] for each in await told(contracts)] == [1, 2]


async def test_asked_at_once_it_is_paid_once(contracts: Running) -> None:
    """Goal: no double payment under concurrency. Method: six clerks issue the same month, six
    persons served; and a merged pair is one person."""
    persons = [f"P{number}" for number in range(6)]
    await contracts.deliver(*(entered(person) for person in persons))
    for person in persons:
        await sign(contracts, person)
        await follow_up(contracts, person)
    await contracts.deliver(merged("P0", "P1"))
    answers = await asyncio.gather(*(issue(contracts) for _ in range(6)))
    assert [answer.status_code for answer in answers] == [201] * 6
    assert sum(answer.json()["count"] for answer in answers) == 5
    assert len(await told(contracts)) == 1
    (row,) = await contracts.rows("SELECT count(*) AS n, sum(amount_fen) AS fen FROM fee_lines")
    assert (row["n"], row["fen"]) == (5, 4000)


async def test_the_other_team_is_not_paid_for_the_same_year(contracts: Running) -> None:
    """Goal: per person and contract year. Method: end and sign with another team in March, both
    serve; each team asks at the same time."""
    await contracts.deliver(entered())
    contract = await sign(contracts)
    await follow_up(contracts, performed_at="2016-02-02T09:00:00+08:00")
    async with contracts.client() as client:
        ended = await client.post(
            f"/contracts/v1/contracts/{contract['contract_id']}/terminate",
            json={"reason": "other_team", "ended_on": "2016-03-01"},
        )
    assert ended.status_code == 200, ended.text
    await sign(contracts, signed_on="2016-03-01", team=YONGHE_TEAM, valid_to="2017-01-04")
    await follow_up(contracts)
    first, second = await asyncio.gather(
        issue(contracts, period="2016-02"), issue(contracts, team=YONGHE_TEAM)
    )
    assert (first.json()["count"], second.json()["count"]) == (1, 0)


async def test_whose_statement(contracts: Running) -> None:
    """Goal: a team sees its own. Method: county, own township, another one, unknown ones."""
    await contracts.deliver(entered(), discharged())
    await sign(contracts)
    await follow_up(contracts)
    async with contracts.client() as client:
        every = await client.get("/contracts/v1/fee-statements", params={"period": "2016-03"})
    assert every.json()["amount"] == "8.00"
    assert len(every.json()["items"]) > 1
    assert (await statement(contracts, f"township:{JINHE}")).json()["amount"] == "8.00"
    assert (await statement(contracts, f"township:{YONGHE}")).json()["code"] == "team_not_yours"
    assert (await statement(contracts, team="H0")).json()["code"] == "team_unknown"
    assert (await statement(contracts, period="2016-3")).status_code == 422
    future = await issue(contracts, period="2016-04")
    assert (future.status_code, future.json()["errors"][0]["field"]) == (422, "period")
    assert (await issue(contracts, f"facility:{YONGHE_TEAM}")).status_code == 403
