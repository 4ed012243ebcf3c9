"""Signing and ending contracts over HTTP, on real PostgreSQL."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import text

from services.contracts.module import MODULE
from services.contracts.people import waiting
from shared.db.migrate import check
from tests.integration.contracts.stories import (
    JINHE,
    JINHE_TEAM,
    YONGHE,
    YONGHE_TEAM,
    entered,
)
from tests.support.service import Running


def signature(**changes: Any) -> dict[str, Any]:
    return {"person_id": "P1", "signed_on": "2016-01-05", **changes}


async def test_models_and_migrations_agree(contracts: Running) -> None:
    """Goal: the models describe the migrated tables. Method: Alembic's comparison."""
    check(MODULE.migrations, contracts.context.db.url)


async def test_teams_are_the_township_hospitals(contracts: Running) -> None:
    """Goal: one team per township, the district hospital for the rest. Method: list them."""
    async with contracts.client() as client:
        items = (await client.get("/contracts/v1/teams")).json()["items"]
    assert {item["township"] for item in items if not item["county"]} == {
        township.name_zh for township in contracts.context.region.townships
    }
    assert [item["team"] for item in items if item["county"]] == ["H51111300101"]


class TestSigning:
    async def test_the_township_decides_the_team_and_a_year_the_term(
        self, contracts: Running
    ) -> None:
        """Goal: defaults. Method: sign with the least that is needed; look at answer and event."""
        await contracts.deliver(entered())
        async with contracts.client() as client:
            answer = await client.post("/contracts/v1/contracts", json=signature())
        assert answer.status_code == 201, answer.text
        contract = answer.json()
        assert contract["team"] == JINHE_TEAM
        assert (contract["valid_from"], contract["valid_to"]) == ("2016-01-05", "2017-01-04")
        assert contract["short_term"] is False
        assert contract["status"] == "signed"
        (event,) = await contracts.published()
        assert event["type"] == "cn.yizhan.contracts.contract.signed.v1"
        assert event["payload"]["valid_to"] == "2017-01-04"
        assert event["payload"]["township"] == JINHE

    async def test_a_short_term_is_kept_and_marked(self, contracts: Running) -> None:
        """Goal: "in principle one year" is no refusal. Method: sign until the year's end."""
        await contracts.deliver(entered())
        async with contracts.client() as client:
            answer = await client.post(
                "/contracts/v1/contracts", json=signature(valid_to="2016-12-31")
            )
        assert answer.status_code == 201
        assert answer.json()["short_term"] is True

    async def test_one_contract_at_a_time(self, contracts: Running) -> None:
        """Goal: an overlap is a 409, the next day is free. Method: sign at and after the edge."""
        await contracts.deliver(entered())
        async with contracts.client() as client:
            first = await client.post(
                "/contracts/v1/contracts", json=signature(valid_to="2016-02-29")
            )
            same_day = await client.post(
                "/contracts/v1/contracts",
                json=signature(team=YONGHE_TEAM, signed_on="2016-02-29"),
            )
            next_day = await client.post(
                "/contracts/v1/contracts",
                json=signature(team=YONGHE_TEAM, signed_on="2016-03-01"),
            )
        assert [first.status_code, same_day.status_code, next_day.status_code] == [201, 409, 201]
        assert same_day.json()["code"] == "contract_overlaps"

    async def test_of_concurrent_signatures_one_wins(self, contracts: Running) -> None:
        """Goal: the database decides a race. Method: eight signatures at once with two teams."""
        await contracts.deliver(entered())
        async with contracts.client() as client:
            answers = await asyncio.gather(
                *(
                    client.post(
                        "/contracts/v1/contracts",
                        json=signature(team=(JINHE_TEAM, YONGHE_TEAM)[i % 2]),
                    )
                    for i in range(8)
                )
            )
        assert sorted(a.status_code for a in answers) == [201] + [409] * 7
        assert len(await contracts.published()) == 1

    async def test_the_constraint_alone_keeps_contracts_apart(self, contracts: Running) -> None:
        """Goal: not only our code, the database refuses. Method: insert past the service."""
        await contracts.deliver(entered(), entered("P2"))
        async with contracts.client() as client:
            for person in ("P1", "P2"):
                answer = await client.post(
                    "/contracts/v1/contracts", json=signature(person_id=person)
                )
                assert answer.status_code == 201
        with pytest.raises(Exception, match="ex_contracts_one_in_force"):
            async with contracts.context.db.writing() as session:
                await session.execute(
                    text(
                        "INSERT INTO contracts (contract_id, region, person_id, team, stage, package,"
                        " renewals, ended_by_registry, signed_on,"
                        " valid_from, valid_to, signed_by, recorded_at) SELECT"
                        " gen_random_uuid(), region, person_id, team, stage, package, renewals,"
                        " ended_by_registry, signed_on, valid_to,"
                        " valid_to, signed_by, recorded_at FROM contracts WHERE person_id = 'P1'"
                    )
                )

    async def test_an_unknown_person_is_refused(
        self, contracts: Running, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Goal: nobody signs for a person that identity never told of. Method: no event at all."""
        monkeypatch.setattr(waiting, "_WAIT_S", 0.2)
        async with contracts.client() as client:
            answer = await client.post("/contracts/v1/contracts", json=signature())
        assert (answer.status_code, answer.json()["code"]) == (404, "person_unknown")

    async def test_a_person_told_of_moments_later_is_waited_for(self, contracts: Running) -> None:
        """Goal: a signature right after the roster works. Method: the event comes 0.3 s later."""
        async with contracts.client() as client:
            signing = asyncio.create_task(client.post("/contracts/v1/contracts", json=signature()))
            await asyncio.sleep(0.3)
            await contracts.deliver(entered())
            answer = await signing
        assert answer.status_code == 201, answer.text

    async def test_wrong_fields_name_the_cure(self, contracts: Running) -> None:
        """Goal: bilingual field errors. Method: unknown team, future signature, dates reversed."""
        await contracts.deliver(entered())
        wrong = {
            "team": signature(team="H00000000000"),
            "signed_on": signature(signed_on="2016-03-11"),
            "valid_to": signature(valid_to="2016-01-04"),
        }
        async with contracts.client() as client:
            for field, body in wrong.items():
                answer = await client.post("/contracts/v1/contracts", json=body)
                assert answer.status_code == 422, field
                errors = answer.json()["errors"]
                assert errors[0]["field"].startswith(field)
                assert errors[0]["message"]
                assert errors[0]["message_zh"]
        assert await contracts.published() == []

    async def test_another_township_may_not_sign(self, contracts: Running) -> None:
        """Goal: organisations. Method: a foreign township, the own one, and a missing scope."""
        await contracts.deliver(entered())
        async with contracts.client(f"township:{YONGHE}") as client:
            foreign = await client.post("/contracts/v1/contracts", json=signature())
        async with contracts.client(f"township:{JINHE}") as client:
            own = await client.post("/contracts/v1/contracts", json=signature())
        async with contracts.client(scopes=["contracts:read"]) as client:
            unscoped = await client.post("/contracts/v1/contracts", json=signature())
        assert [foreign.status_code, own.status_code, unscoped.status_code] == [403, 201, 403]
        assert foreign.json()["code"] == "team_not_yours"


class TestEnding:
    async def test_it_ends_once_and_frees_the_day(self, contracts: Running) -> None:
        """Goal: the first end stands; a new contract may begin that day. Method: end it twice."""
        await contracts.deliver(entered())
        async with contracts.client() as client:
            contract = (await client.post("/contracts/v1/contracts", json=signature())).json()
            path = f"/contracts/v1/contracts/{contract['contract_id']}/terminate"
            end = {"reason": "moved_away", "ended_on": "2016-02-01"}
            ended = await client.post(path, json=end)
            again = await client.post(path, json={**end, "ended_on": "2016-02-02"})
            anew = await client.post(
                "/contracts/v1/contracts",
                json=signature(team=YONGHE_TEAM, signed_on="2016-02-01"),
            )
        assert ended.status_code == 200, ended.text
        assert (ended.json()["status"], ended.json()["ended_on"]) == ("ended", "2016-02-01")
        assert (again.status_code, again.json()["code"]) == (409, "contract_ended_already")
        assert anew.status_code == 201
        events = await contracts.published()
        assert [e["aggregate_version"] for e in events] == [1, 2, 3]
        assert events[1]["payload"]["reason"] == "moved_away"

    async def test_a_day_outside_the_term_is_refused(self, contracts: Running) -> None:
        """Goal: a contract cannot end before it began. Method: the day before, and after."""
        await contracts.deliver(entered())
        async with contracts.client() as client:
            contract = (await client.post("/contracts/v1/contracts", json=signature())).json()
            path = f"/contracts/v1/contracts/{contract['contract_id']}/terminate"
            for day in ("2016-01-04", "2017-01-05"):
                answer = await client.post(path, json={"reason": "other", "ended_on": day})
                assert answer.status_code == 422
                assert answer.json()["errors"][0]["field"] == "ended_on"


async def test_lists_by_state_and_page(contracts: Running) -> None:
    """Goal: filters and pages. Method: three contracts (in force, ended, expired), pages of one."""
    await contracts.deliver(*(entered(f"P{i}") for i in (1, 2, 3)))
    async with contracts.client() as client:
        made = [
            (await client.post("/contracts/v1/contracts", json=body)).json()
            for body in (
                signature(),
                signature(person_id="P2"),
                signature(person_id="P3", valid_to="2016-03-09"),
            )
        ]
        await client.post(
            f"/contracts/v1/contracts/{made[1]['contract_id']}/terminate",
            json={"reason": "own_request", "ended_on": "2016-03-10"},
        )
        for state, person in (("signed", "P1"), ("ended", "P2"), ("expired", "P3")):
            items = (await client.get(f"/contracts/v1/contracts?status={state}")).json()["items"]
            assert [item["person_id"] for item in items] == [person]
        seen: list[str] = []
        cursor = ""
        while cursor is not None:
            page = (
                await client.get(
                    "/contracts/v1/contracts",
                    params={"limit": 1, **({"cursor": cursor} if cursor else {})},
                )
            ).json()
            seen += [item["person_id"] for item in page["items"]]
            cursor = page["next_cursor"]
        assert seen == ["P1", "P2", "P3"]
        broken = await client.get("/contracts/v1/contracts?cursor=WzFd")
        assert broken.status_code == 422
    async with contracts.client(f"township:{YONGHE}") as client:
        assert (await client.get("/contracts/v1/contracts")).json()["items"] == []
        foreign = await client.get(f"/contracts/v1/contracts/{made[0]['contract_id']}")
        assert foreign.status_code == 404
