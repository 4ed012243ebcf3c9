"""Merging persons, and undoing it, over HTTP on a real database."""

from __future__ import annotations

import asyncio
import itertools
import random
from datetime import timedelta
from typing import Any

import pytest

from shared.clock import FixedClock
from tests.integration.identity.desk import (
    answered,
    get_person,
    issue_card,
    merge,
    person_id,
    township,
)
from tests.integration.identity.office import Office
from tests.support.people import NEIGHBOUR, PATIENT, RosterPerson

THIRD = RosterPerson(
    "测试丙", PATIENT.birth, 33, household="H0003", category="低保", valid_from="2016-02-01"
)
OTHER = NEIGHBOUR.but(category="低保", valid_from="2016-02-01")

# Counters and stamps rise with every step and are no part of who a person is.
RISING = ("version", "revision")
SNAPSHOT = (
    "persons",
    "memberships",
    "source_records",
    "person_aliases",
    "cards",
    "recognitions",
    "households",
)


async def snapshot(office: Office) -> dict[str, list[dict[str, Any]]]:
    """Every row of a person's tables but the counters."""
    found: dict[str, list[dict[str, Any]]] = {}
    for table in SNAPSHOT:
        rows = await office.service.rows(f"SELECT * FROM {table}")
        found[table] = sorted(
            ({k: v for k, v in row.items() if k not in RISING} for row in rows), key=str
        )
    return found


async def undo(office: Office, merge_id: str, **body: str) -> Any:
    return await office.http.post(f"/identity/v1/merges/{merge_id}/undo", json=body or None)


@pytest.fixture
async def two(office: Office) -> tuple[str, str]:
    """The patient (registered poor) and another one (minimum living allowance since February)."""
    await office.register(PATIENT, OTHER)
    return await person_id(office, PATIENT), await person_id(office, OTHER)


def codes(answer: dict[str, Any]) -> set[str]:
    return {each["code"] for each in answer["categories"]}


class TestMerging:
    async def test_both_ids_mean_the_kept_person(
        self, office: Office, two: tuple[str, str]
    ) -> None:
        """Goal: one person, one picture. Method: merge; ask for both ids, search by both numbers."""
        kept, other = two
        merged = await merge(office, kept, other)
        assert merged.status_code == 200, merged.text
        assert merged.json()["status"] == "in_force"
        mine, his = await get_person(office, kept), await get_person(office, other)
        assert codes(mine) == codes(his) == {"registered_poor", "subsistence"}
        assert (mine["person_id"], his["person_id"]) == (kept, kept)
        assert (mine["merged_into"], his["merged_into"]) == (None, kept)
        assert mine["absorbed_person_ids"] == [other]
        assert mine["masked_name"] == his["masked_name"] == "测*甲"
        assert await person_id(office, OTHER) == kept
        listed = await office.http.get(f"/identity/v1/persons/{other}/merges")
        assert [each["absorbed_person_id"] for each in listed.json()["items"]] == [other]

    async def test_what_was_known_before_stays_known_so(
        self, office: Office, two: tuple[str, str], clock: FixedClock
    ) -> None:
        """Goal: "as we knew it then" knows no later merge, and after an undo still knows it."""
        kept, other = two
        before = clock.now()
        clock.advance(timedelta(minutes=1))
        done = (await merge(office, kept, other)).json()
        during = clock.now()
        clock.advance(timedelta(minutes=1))
        await undo(office, done["merge_id"])
        now = await get_person(office, other)
        then = await get_person(office, other, known_at=before.isoformat())
        while_merged = await get_person(office, other, known_at=during.isoformat())
        assert codes(now) == codes(then) == {"subsistence"}
        assert (now["person_id"], then["person_id"]) == (other, other)
        assert codes(while_merged) == {"registered_poor", "subsistence"}
        assert while_merged["person_id"] == kept

    async def test_events(self, office: Office, two: tuple[str, str]) -> None:
        """Goal: readers can follow. Method: merge and undo; types, order, categories, sequence."""
        kept, other = two
        before = len(await office.service.published())
        done = (await merge(office, kept, other)).json()
        await undo(office, done["merge_id"])
        told = (await office.service.published())[before:]
        assert [e["type"].removeprefix("cn.yizhan.identity.") for e in told] == [
            "person.merged.v1",
            "person.changed.v1",
            "person.unmerged.v1",
            "person.changed.v1",
            "person.changed.v1",
        ]
        merged, union, unmerged, mine, his = (e["payload"] for e in told)
        for each in (merged, unmerged):
            assert (each["kept_person_id"], each["absorbed_person_id"]) == (kept, other)
            assert each["merge_id"] == done["merge_id"]
        assert codes(union) == {"registered_poor", "subsistence"}
        assert (codes(mine), codes(his)) == ({"registered_poor"}, {"subsistence"})
        assert (mine["person_id"], his["person_id"]) == (kept, other)
        assert [e["aggregate_version"] for e in told] == [2, 3, 4, 5, 2]

    async def test_both_are_stamped(self, office: Office, two: tuple[str, str]) -> None:
        """Goal: every index of the register learns of it. Method: revisions after each step."""
        done = (await merge(office, *two)).json()
        for step in range(2):
            (register,) = await office.service.rows("SELECT revision FROM registers")
            stamped = await office.service.rows(
                "SELECT person_id FROM persons WHERE revision = :now", now=register["revision"]
            )
            assert {str(row["person_id"]) for row in stamped} == set(two), step
            await undo(office, done["merge_id"])

    async def test_recognitions_are_told_anew(self, office: Office, two: tuple[str, str]) -> None:
        """Goal: a merge re-opens what it changes, an undo closes it again.

        Method: a visit in March as the patient (poor); the other brings the allowance.
        """
        kept, other = two
        await answered(office, {"id_number": PATIENT.number}, grade="certain", whose=kept)
        done = (await merge(office, kept, other)).json()
        assert done["recognitions_revised"] == 1
        (event,) = await office.events("recognition.revised.v1")
        told = event["payload"]
        assert codes(told) == {"registered_poor", "subsistence"}
        assert (told["reason"], told["to_person_id"], told["to_grade"]) == (
            "merge",
            kept,
            "certain",
        )
        assert (await undo(office, done["merge_id"])).json()["recognitions_revised"] == 1
        last = (await office.events("recognition.revised.v1"))[-1]
        assert (codes(last["payload"]), last["aggregate_version"]) == ({"registered_poor"}, 3)


class TestUndoing:
    async def test_the_rows_are_what_they_were(self, office: Office, two: tuple[str, str]) -> None:
        """Goal: reversible exactly. Method: cards and recognitions on both, merge, undo, compare
        every column but the counters."""
        kept, other = two
        for person, whose in ((PATIENT, kept), (OTHER, other)):
            await issue_card(office, whose)
            await answered(office, {"id_number": person.number}, grade="certain", whose=whose)
        before = await snapshot(office)
        done = (await merge(office, kept, other)).json()
        assert await snapshot(office) != before
        await undo(office, done["merge_id"], reason="经核实为同名两人")
        assert await snapshot(office) == before

    @pytest.mark.parametrize("seed", range(4))
    async def test_any_course_of_merges_leads_back(self, office: Office, seed: int) -> None:
        """Goal: whatever is allowed can be undone, in any order. Method: property by random walk
        over five persons: merges and undos as they come, then the rest is undone; rows equal."""
        choose = random.Random(seed)
        people = [
            PATIENT.but(name=f"测试{name}", sequence=101 + 2 * n, household=f"H{n}")
            for n, name in enumerate("甲乙丙丁戊")
        ]
        await office.register(*people)
        ids = [await person_id(office, each) for each in people]
        before = await snapshot(office)
        pairs = list(itertools.permutations(ids, 2))
        in_force: list[str] = []
        merged = 0
        for _ in range(14):
            if in_force and choose.random() < 0.35:
                gone = in_force.pop(choose.randrange(len(in_force)))
                assert (await undo(office, gone)).status_code == 200
                continue
            answer = await merge(office, *choose.choice(pairs))
            assert answer.status_code in (200, 409), answer.text
            if answer.status_code == 200:
                in_force.append(answer.json()["merge_id"])
                merged += 1
            chains = await office.service.rows(
                "SELECT 1 FROM persons a JOIN persons b ON a.merged_into = b.person_id"
                " WHERE b.merged_into IS NOT NULL"
            )
            assert chains == []
        choose.shuffle(in_force)
        for gone in in_force:
            assert (await undo(office, gone)).status_code == 200
        assert merged > 1
        assert await snapshot(office) == before

    async def test_undone_once(self, office: Office, two: tuple[str, str]) -> None:
        """Goal: a second undo is refused and told by whom; the two may be merged anew."""
        done = (await merge(office, *two)).json()
        await undo(office, done["merge_id"])
        again = await undo(office, done["merge_id"])
        assert (again.status_code, again.json()["code"]) == (409, "merge_undone_already")
        assert again.json()["undone_by"] == "tester"
        anew = await merge(office, *reversed(two))
        assert anew.status_code == 200
        unknown = await undo(office, "019a0000-0000-7000-8000-00000000000b")
        assert (unknown.status_code, unknown.json()["code"]) == (404, "merge_unknown")


class TestRefused:
    async def test_no_chains_and_no_circles(self, office: Office) -> None:
        """Goal: stars only, each refusal with its cure. Method: every wrong way of three persons."""
        await office.register(PATIENT, OTHER, THIRD)
        a, b, c = [await person_id(office, each) for each in (PATIENT, OTHER, THIRD)]
        itself = await merge(office, a, a)
        assert (itself.status_code, itself.json()["code"]) == (422, "same_person_id")
        done = (await merge(office, a, b)).json()
        again = await merge(office, a, b)
        assert (again.json()["code"], again.json()["merge_id"]) == (
            "merged_already",
            done["merge_id"],
        )
        circle = await merge(office, b, a)
        assert (circle.json()["code"], circle.json()["kept_person_id"]) == ("person_absorbed", a)
        chain = await merge(office, c, a)
        assert (chain.status_code, chain.json()["code"]) == (409, "person_keeps_others")
        taken = await merge(office, c, b)
        assert (taken.json()["code"], taken.json()["kept_person_id"]) == ("person_absorbed", a)
        onto = await merge(office, b, c)
        assert (onto.json()["code"], onto.json()["kept_person_id"]) == ("person_absorbed", a)
        assert (await merge(office, a, c)).status_code == 200
        assert (await get_person(office, a))["absorbed_person_ids"] == sorted([b, c])

    async def test_who_may_merge(self, office: Office, two: tuple[str, str]) -> None:
        """Goal: nobody merges persons he cannot see; a reason is needed."""
        kept, other = two
        body = {"other_person_id": other, "reason": "核对后确认"}
        async with township(office, "别镇") as http:
            theirs = await http.post(f"/identity/v1/persons/{kept}/merge", json=body)
        assert (theirs.status_code, theirs.json()["code"]) == (404, "person_unknown")
        async with office.service.client(scopes=("identity:persons",)) as http:
            scope = await http.post(f"/identity/v1/persons/{kept}/merge", json=body)
        assert scope.status_code == 403
        blank = await office.http.post(
            f"/identity/v1/persons/{kept}/merge", json=body | {"reason": "      "}
        )
        assert (blank.status_code, blank.json()["code"]) == (422, "reason_missing")

    async def test_at_once(self, office: Office, two: tuple[str, str]) -> None:
        """Goal: identical merges at once: one wins; crossed ones never make a circle."""
        kept, other = two
        same = await asyncio.gather(*(merge(office, kept, other) for _ in range(5)))
        assert sorted(each.status_code for each in same) == [200] + [409] * 4
        (done,) = [each.json() for each in same if each.status_code == 200]
        undone = await asyncio.gather(*(undo(office, done["merge_id"]) for _ in range(3)))
        assert sorted(each.status_code for each in undone) == [200, 409, 409]
        crossed = await asyncio.gather(merge(office, kept, other), merge(office, other, kept))
        assert sorted(each.status_code for each in crossed) == [200, 409]
        in_force = await office.service.rows("SELECT 1 FROM merges WHERE undone_at IS NULL")
        assert len(in_force) == 1
