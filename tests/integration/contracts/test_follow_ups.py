"""Follow-ups after a discharge: what one does to its task, and what is refused."""

import asyncio
from typing import Any

from tests.integration.contracts.stories import (
    YONGHE,
    YONGHE_TEAM,
    discharged,
    entered,
)
from tests.integration.contracts.test_tasks import sign, worklist
from tests.support.service import Running


class TestFollowUp:
    def body(self, task: Any, **changes: Any) -> dict[str, Any]:
        return {
            "person_id": "P1",
            "task_id": task["task_id"],
            "performed_at": "2016-03-09T09:00:00+08:00",
            "way": "home",
            "outcome": "stable",
            "note": "伤口愈合良好",
            **changes,
        }

    async def open_task(self, contracts: Running) -> Any:
        await contracts.deliver(entered())
        await sign(contracts)
        await contracts.deliver(discharged())
        (task,) = await worklist(contracts)
        return task

    async def test_it_closes_the_task_and_tells_it(self, contracts: Running) -> None:
        """Goal: the work is done and everyone knows. Method: record it; worklist, events, note."""
        task = await self.open_task(contracts)
        async with contracts.client() as client:
            answer = await client.post("/contracts/v1/follow-ups", json=self.body(task))
        assert answer.status_code == 201, answer.text
        assert answer.json()["task"]["status"] == "closed"
        assert await worklist(contracts) == []
        events = await contracts.published()
        assert [event["type"].split(".")[3:5] for event in events[-2:]] == [
            ["follow_up", "recorded"],
            ["task", "closed"],
        ]
        assert [event["aggregate_version"] for event in events] == [1, 2, 3, 4]
        (row,) = await contracts.rows("SELECT note FROM follow_ups")
        assert "伤口".encode() not in row["note"]
        decrypted = contracts.context.vault.decrypt(row["note"], column="follow_ups.note")
        assert decrypted == "伤口愈合良好"
        assert "伤口" not in str(events)

    async def test_of_concurrent_ones_one_closes_it(self, contracts: Running) -> None:
        """Goal: closed once. Method: five at the same moment: one 201, the others 409."""
        task = await self.open_task(contracts)
        async with contracts.client() as client:
            answers = await asyncio.gather(
                *(client.post("/contracts/v1/follow-ups", json=self.body(task)) for _ in range(5))
            )
        assert sorted(a.status_code for a in answers) == [201, 409, 409, 409, 409]
        refused = next(a for a in answers if a.status_code == 409)
        assert refused.json()["code"] == "task_closed_already"
        assert len(await contracts.rows("SELECT 1 FROM follow_ups")) == 1

    async def test_the_same_key_gives_the_same_answer(self, contracts: Running) -> None:
        """Goal: idempotency. Method: send twice with one key; same body, replayed, one row."""
        task = await self.open_task(contracts)
        async with contracts.client() as client:
            answers = [
                await client.post(
                    "/contracts/v1/follow-ups",
                    json=self.body(task),
                    headers={"Idempotency-Key": "visit-1"},
                )
                for _ in range(2)
            ]
        assert [a.status_code for a in answers] == [201, 201]
        assert answers[0].json() == answers[1].json()
        assert answers[1].headers["Idempotency-Replayed"] == "true"

    async def test_what_cannot_be_is_refused(self, contracts: Running) -> None:
        """Goal: dates, persons, rules. Method: one wrong thing at a time; nothing is stored."""
        task = await self.open_task(contracts)
        await contracts.deliver(entered("P2"), discharged("E2", "P2"))
        to_sign = next(t for t in await worklist(contracts) if t["rule"] == "contract_to_sign")
        wrong = {
            "follow_up_misdated": (
                self.body(task, performed_at="2016-03-07T23:00:00+08:00"),
                self.body(task, performed_at="2016-03-11T00:00:00+08:00"),
            ),
            "task_unknown": (
                self.body(task, person_id="P2"),
                self.body(task, task_id="01890a5d-ac96-774b-bcce-b302099a8060"),
                self.body(task, task_id="no-uuid"),
            ),
            "task_wants_signature": (self.body(to_sign, person_id="P2"),),
            "person_unknown": (self.body(task, person_id="P9", task_id=None),),
        }
        async with contracts.client() as client:
            for code, bodies in wrong.items():
                for body in bodies:
                    answer = await client.post("/contracts/v1/follow-ups", json=body)
                    assert answer.json()["code"] == code, answer.text
        async with contracts.client(f"township:{YONGHE}") as client:
            foreign = await client.post("/contracts/v1/follow-ups", json=self.body(task))
            assert foreign.json()["code"] == "task_unknown"
        assert await contracts.rows("SELECT 1 FROM follow_ups") == []

    async def test_without_a_task_it_is_kept_for_the_contracts_team(
        self, contracts: Running
    ) -> None:
        """Goal: a further visit counts too. Method: no task_id; the task stays open."""
        await contracts.deliver(entered())
        await sign(contracts, team=YONGHE_TEAM)
        await contracts.deliver(discharged())
        async with contracts.client() as client:
            answer = await client.post(
                "/contracts/v1/follow-ups", json=self.body({"task_id": None})
            )
        assert answer.status_code == 201, answer.text
        assert (answer.json()["team"], answer.json()["task"]) == (YONGHE_TEAM, None)
        assert len(await worklist(contracts)) == 1
