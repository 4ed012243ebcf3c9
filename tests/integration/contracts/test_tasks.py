"""Tasks after a discharge: opened, moved, closed; and the worklist."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from shared.events.base import Envelope
from shared.events.catalog import PersonChanged, PersonEntered, PersonLeft
from tests.integration.contracts.stories import (
    DISTRICT_HOSPITAL,
    JINHE,
    JINHE_TEAM,
    YONGHE,
    YONGHE_TEAM,
    cancelled,
    discharged,
    entered,
)
from tests.integration.contracts.test_contract_states import told
from tests.support.merges import merged, unmerged
from tests.support.service import Running, shuffled

TASKS = (
    "SELECT rule, encounter_id, person_id, team, township, village, due_on, status, outcome "
    "FROM tasks ORDER BY encounter_id, rule"
)


async def sign(service: Running, **changes: Any) -> Any:
    body = {"person_id": "P1", "signed_on": "2016-01-05", **changes}
    async with service.client() as client:
        answer = await client.post("/contracts/v1/contracts", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def worklist(service: Running, organisation: str = "", **query: Any) -> list[Any]:
    async with service.client(*([organisation] if organisation else [])) as client:
        answer = await client.get("/contracts/v1/worklist", params=query)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


class TestLeaving:
    @pytest.mark.parametrize(
        ("reason", "open_still"),
        [("died", []), ("moved", []), ("not_listed", ["post_discharge_follow_up"])],
    )
    async def test_who_leaves_is_looked_for_no_more(
        self, contracts: Running, reason: str, open_still: list[str]
    ) -> None:
        """Goal: no team is sent to the dead, none asks who cannot sign; a slip takes nothing away,
        in any order. Method: P1 with a contract, P2 without come home and leave the registry, each
        event three times across topics; both are listed again.
        """
        await contracts.deliver(entered("P1"), entered("P2"))
        await sign(contracts)
        gone = [
            told(PersonLeft, 2, until="2016-03-09", reason=reason, person_id=person_id)
            for person_id in ("P1", "P2")
        ]
        story = [discharged("E1", "P1"), discharged("E2", "P2"), *gone]
        await contracts.deliver(*shuffled(story, seed=len(reason)), marked=False)
        assert [task["rule"] for task in await worklist(contracts)] == open_still
        because = {"died": "died", "moved": "moved_away"}.get(reason, "left_roster")
        closed = [row["outcome"] for row in await contracts.rows(TASKS) if row["outcome"]]
        assert set(closed) == {because}
        await contracts.deliver(
            *(told(PersonEntered, 3, person_id=person_id) for person_id in ("P1", "P2"))
        )
        back = [(row["rule"], row["status"]) for row in await contracts.rows(TASKS)]
        assert back == [("post_discharge_follow_up", "open"), ("contract_to_sign", "open")]

    async def test_the_dead_are_not_visited_under_another_id(self, contracts: Running) -> None:
        """Goal: merges count. Method: P2's stay is P1's, who died; undone, it is P2's again."""
        await contracts.deliver(entered("P1"), entered("P2"), discharged("E2", "P2"))
        await contracts.deliver(told(PersonLeft, 2, until="2016-03-09", reason="died"))
        assert len(await worklist(contracts)) == 1
        await contracts.deliver(merged("P1", "P2"))
        assert await worklist(contracts) == []
        await contracts.deliver(unmerged("P1", "P2"))
        (task,) = await worklist(contracts)
        assert (task["person_id"], task["rule"]) == ("P2", "contract_to_sign")


class TestOpening:
    async def test_with_a_contract_the_team_follows_up_within_seven_days(
        self, contracts: Running
    ) -> None:
        """Goal: rule, team, due day. Method: sign with another township's team, then discharge."""
        await contracts.deliver(entered())
        await sign(contracts, team=YONGHE_TEAM)
        await contracts.deliver(discharged())
        (task,) = await worklist(contracts)
        assert task["rule"] == "post_discharge_follow_up"
        assert task["team"] == YONGHE_TEAM
        assert task["due_on"] == "2016-03-15"
        assert task["status"] == "open"
        assert (task["encounter_id"], task["discharged_on"]) == ("E1", "2016-03-08")
        assert task["facility_code"] == DISTRICT_HOSPITAL
        told = (await contracts.published())[-1]
        assert told["type"] == "cn.yizhan.contracts.task.opened.v1"
        assert told["payload"]["due_on"] == "2016-03-15"

    async def test_without_one_the_township_is_to_sign(self, contracts: Running) -> None:
        """Goal: the other task. Method: discharge a registered person who has no contract."""
        await contracts.deliver(entered(), discharged())
        (task,) = await worklist(contracts)
        assert (task["rule"], task["team"]) == ("contract_to_sign", JINHE_TEAM)

    @pytest.mark.parametrize(
        ("signed_on", "valid_to", "rule"),
        [
            ("2016-01-05", "2016-03-08", "post_discharge_follow_up"),
            ("2016-01-05", "2016-03-07", "contract_to_sign"),
            ("2016-03-08", "2017-03-07", "post_discharge_follow_up"),
        ],
    )
    async def test_the_discharge_day_decides(
        self, contracts: Running, signed_on: str, valid_to: str, rule: str
    ) -> None:
        """Goal: in force on the discharge day, ends included. Method: terms at the edges."""
        await contracts.deliver(entered())
        await sign(contracts, signed_on=signed_on, valid_to=valid_to)
        await contracts.deliver(discharged())
        assert [task["rule"] for task in await worklist(contracts)] == [rule]

    async def test_outpatients_and_strangers_open_none(self, contracts: Running) -> None:
        """Goal: only registered inpatients. Method: an outpatient, and a stay without person."""
        await contracts.deliver(
            entered(),
            discharged("E1", visit_type="outpatient"),
            discharged("E2", visit_type="chronic_outpatient"),
            discharged("E3", person_id=None),
        )
        assert await contracts.rows(TASKS) == []

    async def test_an_unknown_home_goes_to_the_county_team(self, contracts: Running) -> None:
        """Goal: no task is lost for want of a township. Method: nobody knows it."""
        await contracts.deliver(discharged(township=None))
        (task,) = await worklist(contracts)
        assert (task["team"], task["township"]) == (DISTRICT_HOSPITAL, None)


class TestOrder:
    async def test_any_order_across_topics_gives_the_same_tasks(self, contracts: Running) -> None:
        """Goal: the end state does not depend on order or repetition.

        Method: two persons who move, three stays of which one knows no home; several seeds, each
        event three times, without the inbox; equal rows up to ids.
        """
        events: list[Envelope[Any]] = [
            entered("P1", JINHE),
            entered("P1", YONGHE, "坪上村", sequence=2, kind=PersonChanged),
            entered("P2", YONGHE, "石门村"),
            discharged("E1", "P1", township=None),
            discharged("E2", "P1", township=JINHE),
            discharged("E3", "P2", township=None),
        ]
        seen = []
        for seed in range(6):
            for table in ("follow_ups", "tasks", "discharges", "people"):
                async with contracts.context.db.writing() as session:
                    await session.execute(text(f"DELETE FROM {table}"))
            await contracts.deliver(*shuffled(events, seed), marked=False)
            seen.append(await contracts.rows(TASKS))
        assert all(rows == seen[0] for rows in seen)
        assert [(row["encounter_id"], row["team"]) for row in seen[0]] == [
            ("E1", YONGHE_TEAM),
            ("E2", JINHE_TEAM),
            ("E3", YONGHE_TEAM),
        ]

    async def test_a_home_known_later_moves_the_task_and_says_so(self, contracts: Running) -> None:
        """Goal: readers of events learn the new team. Method: discharge first, person second."""
        await contracts.deliver(discharged(township=None), entered())
        (task,) = await worklist(contracts)
        assert (task["team"], task["township"], task["village"]) == (JINHE_TEAM, JINHE, "曙光村")
        events = await contracts.published()
        assert [event["payload"]["team"] for event in events] == [DISTRICT_HOSPITAL, JINHE_TEAM]
        assert len({event["payload"]["task_id"] for event in events}) == 1
        assert [event["aggregate_version"] for event in events] == [1, 2]

    async def test_signing_and_discharge_in_either_order(self, contracts: Running) -> None:
        """Goal: a contract signed in the seven days makes the same tasks in both orders.

        Method: person P1 is discharged, then signs; P2 signs, then the discharge event arrives.
        """
        await contracts.deliver(entered("P1"), entered("P2"), discharged("E1", "P1"))
        for person in ("P1", "P2"):
            await sign(contracts, person_id=person, signed_on="2016-03-10")
        await contracts.deliver(discharged("E2", "P2"))
        rows = await contracts.rows(TASKS)
        for encounter in ("E1", "E2"):
            assert [
                (row["rule"], row["status"], row["outcome"])
                for row in rows
                if row["encounter_id"] == encounter
            ] == [
                ("contract_to_sign", "closed", "signed"),
                ("post_discharge_follow_up", "open", None),
            ]


class TestCancelledStay:
    async def test_the_task_is_withdrawn_in_any_order(self, contracts: Running) -> None:
        """Goal: nobody is sent after a stay that did not take place, and readers learn it.

        Method: P1 with a contract, P2 without; of each a stay told before its cancellation and
        one told after it, all of it twice and without the inbox; then merged and unmerged, which
        looks at every stay again; and P2 signs.
        """
        await contracts.deliver(entered("P1"), entered("P2"))
        await sign(contracts)
        for person, (first, second) in (("P1", ("E1", "E2")), ("P2", ("E3", "E4"))):
            events = [
                discharged(first, person), cancelled(first, person),
                cancelled(second, person), discharged(second, person),
            ]  # fmt: skip
            await contracts.deliver(*events, *events, marked=False)
        told = "SELECT encounter_id, rule, status, outcome FROM tasks ORDER BY encounter_id"
        withdrawn = [
            ("E1", "post_discharge_follow_up", "closed", "stay_cancelled"),
            ("E3", "contract_to_sign", "closed", "stay_cancelled"),
        ]
        assert [tuple(row.values()) for row in await contracts.rows(told)] == withdrawn
        events_told = [
            (each["type"].split(".")[3], each["payload"].get("outcome"))
            for each in await contracts.published()
            if each["type"].split(".")[2:3] == ["contracts"] and ".task." in each["type"]
        ]
        assert events_told == [("task", None), ("task", "stay_cancelled")] * 2
        await contracts.deliver(merged("P1", "P2"), unmerged("P1", "P2"))
        await sign(contracts, person_id="P2", signed_on="2016-03-09")
        assert [tuple(row.values()) for row in await contracts.rows(told)] == withdrawn

    async def test_what_was_done_stays_and_other_stays_too(self, contracts: Running) -> None:
        """Goal: only open work is withdrawn. Method: followed up, then cancelled; a second stay."""
        await contracts.deliver(entered(), discharged("E1"), discharged("E2"))
        await sign(contracts)
        (first, _) = sorted(await worklist(contracts), key=lambda task: str(task["encounter_id"]))
        async with contracts.client() as client:
            answer = await client.post(
                "/contracts/v1/follow-ups",
                json={
                    "person_id": "P1",
                    "task_id": first["task_id"],
                    "performed_at": "2016-03-10T09:00:00+08:00",
                    "way": "home",
                    "outcome": "stable",
                },
            )
        assert answer.status_code == 201, answer.text
        await contracts.deliver(cancelled("E1"), cancelled("E9", visit_type="outpatient"))
        rows = await contracts.rows(
            "SELECT encounter_id, status, outcome FROM tasks"
            " WHERE rule = 'post_discharge_follow_up' ORDER BY encounter_id"
        )
        assert [tuple(row.values()) for row in rows] == [
            ("E1", "closed", "stable"),
            ("E2", "open", None),
        ]


class TestSigningLater:
    @pytest.mark.parametrize(
        ("signed_on", "follow_up"),
        [("2016-03-15", True), ("2016-03-16", False), ("2016-01-05", True)],
    )
    async def test_the_follow_up_is_owed_within_seven_days(
        self, contracts: Running, signed_on: str, *, follow_up: bool
    ) -> None:
        """Goal: day 7 counts, day 8 does not, a contract entered late does. Method: those days."""
        contracts.clock.advance(timedelta(days=9))
        await contracts.deliver(entered(), discharged())
        await sign(contracts, signed_on=signed_on)
        rules = [task["rule"] for task in await worklist(contracts)]
        assert rules == (["post_discharge_follow_up"] if follow_up else [])
        closed = await worklist(contracts, status="closed")
        assert [(task["rule"], task["outcome"]) for task in closed] == [
            ("contract_to_sign", "signed")
        ]

    async def test_a_contract_that_ended_before_does_not_close_the_task(
        self, contracts: Running
    ) -> None:
        """Goal: history entered late is no signature for now. Method: a term over in February."""
        await contracts.deliver(entered(), discharged())
        await sign(contracts, signed_on="2016-01-05", valid_to="2016-02-29")
        assert [task["rule"] for task in await worklist(contracts)] == ["contract_to_sign"]


class TestWorklist:
    async def test_the_day_decides_what_is_overdue(self, contracts: Running) -> None:
        """Goal: open, overdue, not yet there. Method: ask for the days around the due day."""
        await contracts.deliver(entered(), discharged())
        states = {
            day: [task["status"] for task in await worklist(contracts, date=day)]
            for day in ("2016-03-07", "2016-03-08", "2016-03-15", "2016-03-16")
        }
        assert states == {
            "2016-03-07": [],
            "2016-03-08": ["open"],
            "2016-03-15": ["open"],
            "2016-03-16": ["overdue"],
        }
        assert await worklist(contracts, date="2016-03-16", status="open") == []
        assert len(await worklist(contracts, date="2016-03-16", status="overdue")) == 1

    async def test_each_organisation_sees_its_own(self, contracts: Running) -> None:
        """Goal: rows by organisation and by team. Method: two townships, one hospital, filters."""
        await contracts.deliver(
            entered("P1", JINHE),
            entered("P2", YONGHE),
            discharged("E1", "P1", JINHE),
            discharged("E2", "P2", YONGHE),
        )
        expected = {
            "": {"E1", "E2"},
            f"township:{JINHE}": {"E1"},
            f"township:{YONGHE}": {"E2"},
            f"facility:{DISTRICT_HOSPITAL}": {"E1", "E2"},
            f"facility:{JINHE_TEAM}": {"E1"},
            "township:别处": set(),
            "region:999999": set(),
        }
        for organisation, encounters in expected.items():
            items = await worklist(contracts, organisation)
            assert {item["encounter_id"] for item in items} == encounters, organisation
        for name in ("team", "doctor"):
            items = await worklist(contracts, **{name: YONGHE_TEAM})
            assert [item["encounter_id"] for item in items] == ["E2"]

    async def test_pages_hold_every_task_once(self, contracts: Running) -> None:
        """Goal: keyset pages. Method: seven tasks due the same day, pages of three."""
        await contracts.deliver(entered(), *(discharged(f"E{i}") for i in range(7)))
        seen: list[str] = []
        cursor = None
        async with contracts.client() as client:
            for _ in range(3):
                query = {"limit": 3} | ({"cursor": cursor} if cursor else {})
                page = (await client.get("/contracts/v1/worklist", params=query)).json()
                seen += [item["encounter_id"] for item in page["items"]]
                cursor = page["next_cursor"]
        assert cursor is None
        assert sorted(seen) == [f"E{i}" for i in range(7)]
