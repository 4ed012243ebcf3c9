"""Programmes of care on PostgreSQL: taken in, visited, planned at night, followed through merges."""

import asyncio
from datetime import timedelta
from typing import Any

from services.contracts.plans.service import Planned, plan_everyone
from shared.events.catalog import PersonChanged, PersonLeft
from tests.integration.contracts.stories import (
    JINHE_TEAM,
    YONGHE,
    YONGHE_TEAM,
    entered,
    offer_free_check_up,
)
from tests.support.service import Running

PLANNED = (
    "SELECT programme, rule, anchor, attempt, opens_on, due_on, status, outcome, team, told "
    "FROM tasks WHERE programme = 'hypertension' ORDER BY opened_at, task_id"
)


async def post(
    service: Running, path: str, status: int, organisation: str = "", **body: Any
) -> Any:
    async with service.client(*([organisation] if organisation else [])) as client:
        answer = await client.post(f"/contracts/v1{path}", json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


async def enrol(service: Running, person_id: str = "P1", programme: str = "hypertension") -> Any:
    return await post(
        service,
        "/enrolments",
        201,
        person_id=person_id,
        programme=programme,
        started_on="2016-03-10",
    )


async def visit(service: Running, status: int = 201, **changes: Any) -> Any:
    body = {
        "person_id": "P1",
        "performed_at": service.clock.now().isoformat(),
        "way": "home",
        "disease": "hypertension",
        "measurements": {"sbp": 138, "dbp": 84},
        **changes,
    }
    return await post(service, "/follow-ups", status, **body)


async def listed(service: Running, **query: Any) -> Any:
    async with service.client() as client:
        answer = await client.get("/contracts/v1/worklist", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def due(service: Running, **query: Any) -> list[Any]:
    """The programme's tasks on the worklist; a patient's yearly check-up is there besides."""
    items = (await listed(service, **query))["items"]
    return [each for each in items if each["programme"] == "hypertension"]


async def told(service: Running) -> list[str]:
    return [
        event["type"].removeprefix("cn.yizhan.contracts.").removesuffix(".v1")
        for event in await service.published()
    ]


class TestVisits:
    async def test_from_the_register_to_the_recheck_and_back(self, contracts: Running) -> None:
        """Goal: the plan is rebuilt by what is measured. Method: uncontrolled twice, then good."""
        await contracts.deliver(entered())
        await enrol(contracts)
        assert await due(contracts) == []
        (draft,) = await due(contracts, status="draft")
        assert (draft["state"], draft["due_on"], draft["rule_version"]) == (
            "draft",
            "2016-06-10",
            1,
        )
        contracts.clock.advance(timedelta(days=80))
        (ready,) = await due(contracts)
        assert (ready["state"], ready["task_id"]) == ("ready", draft["task_id"])
        first = await visit(contracts, measurements={"sbp": 152, "dbp": 92})
        assert (first["control_status"], first["classification"]) == (
            "uncontrolled",
            "uncontrolled_first",
        )
        assert first["task"]["state"] == "completed"
        assert (first["referral_advised"], first["next_due_on"]) == (False, "2016-06-12")
        contracts.clock.advance(timedelta(days=10))
        second = await visit(contracts, measurements={"sbp": 152, "dbp": 92})
        assert [each["code"] for each in second["referral_reasons"]] == ["twice_uncontrolled"]
        (waiting,) = await due(contracts)
        assert (waiting["rule"], waiting["priority"]) == ("hypertension_referral_check", 10)
        contracts.clock.advance(timedelta(days=10))
        third = await visit(contracts)
        assert (third["control_status"], third["next_due_on"]) == ("controlled", "2016-09-18")
        event = (await contracts.published())[-2]["payload"]
        recorded = [
            e["payload"] for e in await contracts.published() if "follow_up.recorded" in e["type"]
        ]
        assert [(e["disease"], e["control_status"]) for e in recorded] == [
            ("hypertension", "uncontrolled"),
            ("hypertension", "uncontrolled"),
            ("hypertension", "controlled"),
        ]
        assert "sbp" not in str(event)

    async def test_slips_are_refused_and_rarities_confirmed(self, contracts: Running) -> None:
        """Goal: nothing is kept of a refused entry. Method: impossible, unlikely, confirmed."""
        await contracts.deliver(entered())
        await enrol(contracts)
        refused = await visit(contracts, 422, measurements={"sbp": 1380, "dbp": 84})
        assert refused["code"] == "measurements_refused"
        assert refused["errors"][0]["field"] == "measurements.sbp"
        asked = await visit(contracts, 422, measurements={"sbp": 230, "dbp": 84})
        assert (asked["code"], asked["errors"][0]["code"]) == ("measurements_unlikely", "unlikely")
        assert await contracts.rows("SELECT 1 FROM follow_ups") == []
        kept = await visit(contracts, measurements={"sbp": 230, "dbp": 84}, confirmed=["sbp"])
        assert kept["referral_reasons"][0]["code"] == "emergency"

    async def test_what_does_a_task_and_what_does_not(self, contracts: Running) -> None:
        """Goal: face to face and measured. Method: a call, no values, nobody met, another form."""
        await contracts.deliver(entered())
        await enrol(contracts)
        (task,) = await due(contracts, status="draft")
        this = {"task_id": task["task_id"]}
        assert (await visit(contracts, 422, **this, way="phone"))["code"] == "visit_wrong"
        assert (await visit(contracts, 422, **this, measurements=None))["errors"][0]["code"] == (
            "missing"
        )
        assert (await visit(contracts, 422, **this, disease="newborn"))["code"] == "visit_wrong"
        await visit(contracts, **this, outcome="not_reached", measurements=None)
        await visit(contracts, way="phone")
        (row,) = await contracts.rows(PLANNED)
        assert row["status"] == "open"

    async def test_a_visit_in_time_that_becomes_known_late(self, contracts: Running) -> None:
        """Goal: missed is taken back. Method: the window ends, then a visit within it is entered."""
        await contracts.deliver(entered())
        await enrol(contracts)
        contracts.clock.advance(timedelta(days=120))
        await plan_everyone(contracts.context)
        (missed,) = await due(contracts, status="missed")
        assert (missed["state"], (await told(contracts))[-1]) == ("failed", "task.missed")
        late = (contracts.clock.now() - timedelta(days=25)).isoformat()
        await visit(contracts, performed_at=late)
        rows = await contracts.rows(PLANNED)
        assert [(row["status"], row["outcome"]) for row in rows] == [
            ("closed", "continue"),
            ("closed", "no_longer_due"),
            ("open", None),
        ]

    async def test_two_record_the_same_visit(self, contracts: Running) -> None:
        """Goal: a task is done once, the plan stays one. Method: eight at once."""
        await contracts.deliver(entered())
        await enrol(contracts)
        await asyncio.gather(*(visit(contracts) for _ in range(8)))
        rows = await contracts.rows(PLANNED)
        assert [row["status"] for row in rows].count("open") == 1


class TestNights:
    async def test_everybody_once_and_a_second_run_changes_nothing(
        self, contracts: Running
    ) -> None:
        """Goal: idempotent. Method: 30 people, the run twice and twice at once next year."""
        offer_free_check_up(contracts)
        await contracts.deliver_together(*(entered(f"P{at:02d}") for at in range(30)))
        first = await plan_everyone(contracts.context)
        assert (first.people, first.made, first.opened) == (30, 30, 30)
        assert await plan_everyone(contracts.context) == Planned(people=30)
        contracts.clock.advance(timedelta(days=365))
        await asyncio.gather(*(plan_everyone(contracts.context) for _ in range(2)))
        rows = await contracts.rows(
            "SELECT anchor, outcome, count(*) AS n FROM tasks GROUP BY 1, 2 ORDER BY 1"
        )
        assert [tuple(row.values()) for row in rows] == [
            ("year:2016", "missed", 30),
            ("year:2017", None, 30),
        ]
        types = await told(contracts)
        assert (types.count("task.opened"), types.count("task.missed")) == (60, 30)

    async def test_who_is_65_this_year_has_the_check_of_the_elderly(
        self, contracts: Running
    ) -> None:
        """Goal: one check-up a person, by his age. Method: born 1951 and told again without it."""
        offer_free_check_up(contracts)
        await contracts.deliver(
            entered("P1", birth_year=1951),
            entered("P2", birth_year=1952),
            entered("P1", sequence=2, kind=PersonChanged),
        )
        await plan_everyone(contracts.context)
        items = (await listed(contracts))["items"]
        assert {item["person_id"]: item["rule"] for item in items} == {
            "P1": "elderly_check_up",
            "P2": "yearly_check_up",
        }

    async def test_grouped_by_village_and_household(self, contracts: Running) -> None:
        """Goal: one way through a household. Method: two of one household, one elsewhere."""
        offer_free_check_up(contracts)
        await contracts.deliver(entered("P1"), entered("P2"), entered("P3", YONGHE, "永安村"))
        await plan_everyone(contracts.context)
        answer = await listed(contracts)
        assert {
            village["village"]: [len(each["tasks"]) for each in village["households"]]
            for village in answer["villages"]
        } == {"永安村": [1], "曙光村": [2]}


class TestPersons:
    async def test_tasks_follow_home_and_contract(self, contracts: Running) -> None:
        """Goal: the right team's list. Method: sign elsewhere, end it, move, leave the register."""
        await contracts.deliver(entered())
        await enrol(contracts)

        async def team() -> str:
            (row,) = await contracts.rows(PLANNED)
            return str(row["team"])

        assert await team() == JINHE_TEAM
        signed = await post(
            contracts,
            "/contracts",
            201,
            person_id="P1",
            signed_on="2016-03-09",
            team=YONGHE_TEAM,
        )
        assert await team() == YONGHE_TEAM
        await post(
            contracts,
            f"/contracts/{signed['contract_id']}/terminate",
            200,
            ended_on="2016-03-10",
            reason="own_request",
        )
        assert await team() == JINHE_TEAM
        await contracts.deliver(entered(township=YONGHE, village="永安村", sequence=2))
        assert await team() == YONGHE_TEAM
        await contracts.deliver(entered(sequence=3, kind=PersonLeft))
        (row,) = await contracts.rows(PLANNED)
        assert row["status"] == "open"

    async def test_a_suspect_is_asked_by_telephone_until_he_went(self, contracts: Running) -> None:
        """Goal: referred on suspicion of tuberculosis, asked within a week, done when he went, and
        no control rate of it. Method: two calls, through the interface."""
        await contracts.deliver(entered())
        await enrol(contracts, programme="tuberculosis_suspect")
        call = {"way": "phone", "disease": "tuberculosis_suspect"}
        first = await visit(contracts, **call, measurements={"went": False})
        assert (first["classification"], first["control_status"]) == ("not_gone", None)
        assert first["task"]["rule"] == "tuberculosis_suspect_check"
        assert first["next_due_on"] == "2016-03-17"
        second = await visit(contracts, **call, measurements={"went": True, "confirmed": False})
        assert (second["classification"], second["next_due_on"]) == ("finished", None)
        async with contracts.client() as client:
            answer = await client.get(
                "/contracts/v1/control-rates", params={"programme": "tuberculosis_suspect"}
            )
        assert answer.status_code == 422, answer.text

    async def test_let_go_and_taken_in_again(self, contracts: Running) -> None:
        """Goal: nothing is asked of who has left. Method: end, repeat, start anew."""
        await contracts.deliver(entered())
        taken = await enrol(contracts)
        again = await post(
            contracts,
            "/enrolments",
            409,
            person_id="P1",
            programme="hypertension",
            started_on="2016-03-10",
        )
        assert again["code"] == "enrolled_already"
        path = f"/enrolments/{taken['enrolment_id']}/end"
        await post(contracts, path, 200, ended_on="2016-03-10", reason="entered_in_error")
        (row,) = await contracts.rows(PLANNED)
        assert (row["status"], row["outcome"]) == ("closed", "no_longer_due")
        await post(contracts, path, 409, ended_on="2016-03-10", reason="cured")
        await enrol(contracts)
        assert [row["status"] for row in await contracts.rows(PLANNED)] == ["closed", "open"]
        stranger = await post(
            contracts,
            "/enrolments",
            403,
            f"township:{YONGHE}",
            person_id="P1",
            programme="newborn",
            started_on="2016-03-10",
        )
        assert stranger["code"] == "team_not_yours"
