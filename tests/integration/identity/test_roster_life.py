"""A roster over the months: who leaves, what a correction changes, what was known then."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

import pytest

from shared.clock import FixedClock
from tests.integration.identity.office import HEADER, Office
from tests.support.people import NEIGHBOUR, PATIENT, RosterPerson, roster_csv

POOR = ["registered_poor"]
LIFTED = ["registered_poor_lifted"]
LEAVING_HEADER = f"{HEADER},离开原因"
BY_NUMBER = {"id_number": PATIENT.number, "name": PATIENT.name}


@pytest.fixture
def clock() -> FixedClock:
    """Tests move it from month to month."""
    return FixedClock(datetime(2016, 1, 4, 1, 0, tzinfo=UTC))


def today(office: Office, day: date) -> None:
    """Let it be nine in the morning of that day in the region."""
    moment = datetime(day.year, day.month, day.day, 1, 0, tzinfo=UTC)
    office.service.clock.advance(moment - office.service.clock.now())
    office.http.headers.update(office.service.bearer())


def codes(categories: Sequence[dict[str, Any]]) -> list[str]:
    return [category["code"] for category in categories]


async def asked(office: Office, person_id: str, **query: str) -> list[str]:
    """The codes that held ``as_of`` a day, as known on a day."""
    answer = await office.http.get(f"/identity/v1/persons/{person_id}/categories", params=query)
    assert answer.status_code == 200, answer.text
    return codes(answer.json()["categories"])


async def leave(office: Office, cells: str, **options: Any) -> dict[str, Any]:
    """A delta whose one row says why PATIENT leaves; ``cells``: start, end and reason."""
    row = PATIENT.row().rsplit(",", 2)[0] + "," + cells
    uploaded = await office.upload(f"{LEAVING_HEADER}\n{row}\n".encode(), mode="delta", **options)
    assert uploaded.json()["accepted"] == 1, uploaded.text
    applied = await office.apply(uploaded.json()["import_id"])
    assert applied.status_code == 200, applied.text
    return dict(applied.json())


class TestCorrections:
    async def test_a_correction_that_reaches_back(self, office: Office) -> None:
        """Goal: what is known now changes, what was answered then does not. Method: a full import,
        a full one that ends a membership on 05-31, visits on 05-10, 05-30 and 06-02, and in July
        the word that he had left poverty on 05-14 and kept the policy from 05-15 on."""
        await office.register(PATIENT, NEIGHBOUR, effective_on="2016-01-01")
        today(office, date(2016, 6, 6))
        left = await office.register(NEIGHBOUR, effective_on="2016-06-01")
        assert left["diff"]["removed"] == 1
        may, before, after = [
            await office.recognise(BY_NUMBER, on=f"2016-{day}", visit_no=f"V-{day}")
            for day in ("05-10", "05-30", "06-02")
        ]
        person = before["person_id"]
        assert codes(may["categories"]) == codes(before["categories"]) == POOR
        assert before["entitlements"]["one_stop_settlement"] is True
        assert after["categories"] == []
        assert not any(after["entitlements"].values())
        kept = await office.service.rows("SELECT * FROM recognitions ORDER BY recognition_id")

        today(office, date(2016, 7, 11))
        row = PATIENT.but(category="建档立卡;已脱贫", valid_from="2016-05-15").row()
        content = f"{LEAVING_HEADER}\n{row},脱贫\n".encode()
        uploaded = await office.upload(content, mode="delta", effective_on="2016-07-11")
        applied = (await office.apply(uploaded.json()["import_id"])).json()
        assert applied["recognitions_affected"] == 2

        for day, then, now in (
            ("2016-05-10", POOR, POOR),
            ("2016-05-30", POOR, LIFTED),
            ("2016-06-02", [], LIFTED),
        ):
            assert await asked(office, person, as_of=day) == now
            assert await asked(office, person, as_of=day, known_on="2016-07-10") == then
            assert await asked(office, person, as_of=day, known_on="2016-06-05") == POOR
        again = await office.recognise(BY_NUMBER, on="2016-05-30", visit_no="V-05-30")
        assert codes(again["categories"]) == LIFTED

        listed = await office.http.get(
            f"/identity/v1/roster-imports/{applied['import_id']}/affected-recognitions"
        )
        items = {item["visit_no"]: item for item in listed.json()["items"]}
        assert {
            visit: (codes(item["categories_then"]), codes(item["categories_now"]))
            for visit, item in items.items()
        } == {"V-05-30": (POOR, LIFTED), "V-06-02": ([], LIFTED)}
        june = items["V-06-02"]
        assert june["recognition_id"] == after["recognition_id"]
        assert june["entitlements_then"]["one_stop_settlement"] is False
        assert june["entitlements_now"]["one_stop_settlement"] is True

        events = await office.events("recognition.revised.v1")
        assert [event["aggregate_version"] for event in events] == [2, 2]
        payload = next(e["payload"] for e in events if e["payload"]["visit_no"] == "V-06-02")
        assert payload["recognition_id"] == after["recognition_id"]
        assert payload["reason"] == "roster_correction"
        assert (payload["from_person_id"], payload["to_person_id"]) == (person, person)
        assert (payload["from_grade"], payload["to_grade"]) == (after["grade"], after["grade"])
        assert payload["categories"] == [
            {"code": "registered_poor_lifted", "valid_from": "2016-05-15", "valid_to": None}
        ]
        assert payload["entitlements"] == june["entitlements_now"]
        assert payload["village"] == PATIENT.village

        unchanged = await office.service.rows(
            "SELECT * FROM recognitions WHERE recorded_at < '2016-07-01' ORDER BY recognition_id"
        )
        assert unchanged == kept

    async def test_a_correction_may_give_what_was_refused(self, office: Office) -> None:
        """Goal: both directions, and a second correction starts from the first. Method: a visit
        after the end; the end is taken back, then stated again."""
        await office.register(PATIENT.but(valid_to="2016-02-15"))
        today(office, date(2016, 3, 7))
        visit = await office.recognise(BY_NUMBER, on="2016-03-01")
        assert visit["categories"] == []
        for month, end, expected in ((4, "2016-12-31", POOR), (5, "2016-02-15", [])):
            today(office, date(2016, month, 4))
            applied = await office.register(
                PATIENT.but(valid_to=end), mode="delta", effective_on=f"2016-{month:02}-04"
            )
            assert applied["recognitions_affected"] == 1
            revised = (await office.events("recognition.revised.v1"))[-1]
            assert codes(revised["payload"]["categories"]) == expected
            assert revised["payload"]["entitlements"]["one_stop_settlement"] is bool(expected)
        assert [e["aggregate_version"] for e in await office.events("recognition.revised.v1")] == [
            2,
            3,
        ]

    async def test_nothing_is_told_anew_that_stays_as_it_was(self, office: Office) -> None:
        """Goal: no needless event. Method: a later membership, another village, another source
        that gives the same category: the visit's day keeps its codes."""
        await office.register(PATIENT)
        today(office, date(2016, 3, 7))
        await office.recognise(BY_NUMBER, on="2016-03-01")
        for options in (
            {"effective_on": "2016-03-07", "village": "新村"},
            {"effective_on": "2016-03-08", "valid_to": "2016-12-31"},
        ):
            changes = {k: v for k, v in options.items() if k != "effective_on"}
            await office.register(
                PATIENT.but(**changes), mode="delta", effective_on=options["effective_on"]
            )
        await office.register(PATIENT, source="civil_affairs", mode="delta")
        assert await office.events("recognition.revised.v1") == []

    async def test_an_import_that_fails_tells_nothing(self, office: Office) -> None:
        """Goal: revision and event with the change, or not at all. Method: two corrections compared
        with the same register; the second to be applied is refused."""
        await office.register(PATIENT)
        today(office, date(2016, 3, 7))
        await office.recognise(BY_NUMBER, on="2016-03-01")
        ended = roster_csv(PATIENT.but(valid_to="2016-02-01"))
        first, second = [
            (await office.upload(ended, mode="delta", effective_on="2016-03-07")).json()
            for _ in range(2)
        ]
        assert (await office.apply(first["import_id"])).status_code == 200
        refused = await office.apply(second["import_id"])
        assert refused.json()["code"] == "roster_changed_since_validation"
        assert len(await office.events("recognition.revised.v1")) == 1
        assert len(await office.service.rows("SELECT 1 AS one FROM recognition_revisions")) == 1


class TestLeaving:
    @pytest.mark.parametrize(
        ("word", "code"), [("死亡", "died"), ("户口迁出", "moved"), ("其他", "other")]
    )
    async def test_a_reason_ends_what_the_source_gave(
        self, office: Office, word: str, code: str
    ) -> None:
        """Goal: leaving with a day and a reason. Method: a delta row with both; category kept until
        that day, event says that he left and why."""
        await office.register(PATIENT, NEIGHBOUR)
        today(office, date(2016, 6, 6))
        await leave(office, f",2016-05-31,{word}", effective_on="2016-06-06")
        (left,) = await office.events("person.left.v1")
        assert left["payload"]["reason"] == code
        assert left["payload"]["categories"][0]["valid_to"] == "2016-05-31"
        answer = await office.http.get(
            f"/identity/v1/persons/{left['payload']['person_id']}/categories",
            params={"as_of": "2016-05-31"},
        )
        (category,) = answer.json()["categories"]
        assert (category["reason"], category["valid_to"]) == (code, "2016-05-31")
        assert await asked(office, left["payload"]["person_id"], as_of="2016-06-01") == []

    async def test_without_a_day_it_is_the_day_before_the_rosters(self, office: Office) -> None:
        """Goal: a reason without a last day. Method: a delta of 06-06; it holds until 06-05."""
        await office.register(PATIENT)
        today(office, date(2016, 6, 6))
        await leave(office, ",,死亡", effective_on="2016-06-06")
        (left,) = await office.events("person.left.v1")
        assert left["payload"]["categories"][0]["valid_to"] == "2016-06-05"

    async def test_leaving_poverty_keeps_the_policy(self, office: Office) -> None:
        """Goal: 脱贫 ends the one category and begins the other. Method: a row with the reason and
        both categories."""
        await office.register(PATIENT)
        today(office, date(2016, 6, 6))
        both = PATIENT.but(category="建档立卡;已脱贫", valid_from="")
        content = f"{LEAVING_HEADER}\n{both.row()},脱贫\n".encode()
        uploaded = await office.upload(content, mode="delta", effective_on="2016-06-06")
        await office.apply(uploaded.json()["import_id"])
        (changed,) = await office.events("person.changed.v1")
        person = changed["payload"]["person_id"]
        assert await asked(office, person, as_of="2016-06-05") == POOR
        assert await asked(office, person, as_of="2016-06-06") == LIFTED

    async def test_whoever_a_full_roster_leaves_out_left_by_that(self, office: Office) -> None:
        """Goal: the reason of an absence. Method: a full roster without him."""
        await office.register(PATIENT, NEIGHBOUR)
        await office.register(NEIGHBOUR, effective_on="2016-06-01")
        (left,) = await office.events("person.left.v1")
        assert left["payload"]["reason"] == "not_listed"
        (row,) = await office.service.rows(
            "SELECT reason, valid_to::text FROM memberships WHERE reason IS NOT NULL"
        )
        assert row == {"reason": "not_listed", "valid_to": "2016-05-31"}

    async def test_somebody_unknown_cannot_leave(self, office: Office) -> None:
        """Goal: no entry of somebody who is already gone. Method: a leaving row of a stranger."""
        applied = await leave(office, ",2016-05-31,死亡")
        assert (applied["diff"]["unchanged"], applied["passed_over"]) == (1, 1)
        assert await office.service.rows("SELECT 1 AS one FROM persons") == []

    async def test_a_reason_nobody_knows_is_told(self, office: Office) -> None:
        """Goal: a cure in words. Method: an unknown reason."""
        row = PATIENT.row() + ",不知道"
        body = (await office.upload(f"{LEAVING_HEADER}\n{row}\n".encode())).json()
        assert [(e["column"], e["code"]) for e in body["errors"]] == [("reason", "reason_unknown")]


class TestTimes:
    async def test_both_times_by_default_now(self, office: Office) -> None:
        """Goal: as of today, as known now. Method: no query; a future day of knowing is refused."""
        await office.register(PATIENT)
        person = (await office.recognise(BY_NUMBER, on="2016-01-04"))["person_id"]
        assert await asked(office, person) == POOR
        answer = await office.http.get(
            f"/identity/v1/persons/{person}/categories", params={"known_on": "2016-01-05"}
        )
        assert (answer.status_code, answer.json()["code"]) == (422, "known_on_in_the_future")
        assert await asked(office, person, known_on="2016-01-03") == []

    async def test_a_township_asks_about_its_own(self, office: Office) -> None:
        """Goal: nobody else's people. Method: two townships ask."""
        await office.register(PATIENT)
        person = (await office.recognise(BY_NUMBER, on="2016-01-04"))["person_id"]
        for township, status in (("金河镇", 200), ("永和镇", 404)):
            async with office.service.client(f"township:{township}") as http:
                for path in ("categories", "differences"):
                    answer = await http.get(f"/identity/v1/persons/{person}/{path}")
                    assert answer.status_code == status


class TestDifferences:
    NAMED = PATIENT.but(category="低保", village="别村", phone="10000000077")

    async def differences(self, office: Office, person_id: str) -> list[dict[str, Any]]:
        answer = await office.http.get(f"/identity/v1/persons/{person_id}/differences")
        assert answer.status_code == 200
        return list(answer.json()["items"])

    async def test_differing_values_are_journaled_and_not_taken_over(self, office: Office) -> None:
        """Goal: both values known, one shown, none in clear. Method: two sources differ in village
        and telephone; then they agree on one of them."""
        await office.register(PATIENT)
        await office.register(self.NAMED, source="civil_affairs")
        person = (await office.recognise(BY_NUMBER, on="2016-01-04"))["person_id"]
        items = await self.differences(office, person)
        assert {(i["field"], i["masked_value"], i["other_masked_value"]) for i in items} == {
            ("village", "测试村", "别村"),
            ("phone", "100****0001", "100****0077"),
        }
        assert {(i["source"], i["other_source"]) for i in items} == {
            ("poverty_office", "civil_affairs")
        }
        shown = await office.http.get(f"/identity/v1/persons/{person}")
        assert shown.json()["village"] == "测试村"
        rows = await office.service.rows("SELECT t::text AS line FROM value_differences t")
        assert all(self.NAMED.phone.encode().hex() not in row["line"] for row in rows)

        today(office, date(2016, 2, 1))
        agreed = self.NAMED.but(village="测试村")
        await office.register(agreed, source="civil_affairs", effective_on="2016-02-01")
        items = await self.differences(office, person)
        assert {i["field"]: bool(i["ended_at"]) for i in items} == {"village": True, "phone": False}

    async def test_the_same_difference_is_journaled_once(self, office: Office) -> None:
        """Goal: a journal, not a log of imports. Method: the leading source changes something else;
        the difference stands since it was first known."""
        await office.register(PATIENT)
        await office.register(self.NAMED, source="civil_affairs")
        today(office, date(2016, 2, 1))
        await office.register(PATIENT.but(relation="之子"), effective_on="2016-02-01")
        rows = await office.service.rows("SELECT superseded_at FROM value_differences")
        assert [row["superseded_at"] for row in rows] == [None, None]

    async def test_they_end_when_a_source_drops_the_person(self, office: Office) -> None:
        """Goal: no difference with who says nothing. Method: civil affairs leaves him out."""
        await office.register(PATIENT)
        await office.register(self.NAMED, source="civil_affairs")
        await office.register(NEIGHBOUR, source="civil_affairs", effective_on="2016-03-01")
        rows = await office.service.rows(
            "SELECT 1 AS one FROM value_differences WHERE superseded_at IS NULL"
        )
        assert rows == []


class TestMerged:
    async def test_a_change_of_an_absorbed_person_is_told_of_the_kept_one(
        self, office: Office
    ) -> None:
        """Goal: a merge holds through later rosters. Method: one man stands twice, is recognised
        by his second entry, merged; that entry ends; the kept person's history is told whole and
        the visit told anew."""
        await office.register(PATIENT.but(valid_to="2016-01-31"))
        await office.register(PATIENT.but(name="测试假", category="低保"), source="civil_affairs")
        kept, other = [
            row["payload"]["person_id"] for row in await office.events("person.entered.v1")
        ]
        today(office, date(2016, 3, 7))
        visit = await office.recognise(
            {"id_number": PATIENT.number, "name": "测试假"}, on="2016-03-01"
        )
        assert (visit["person_id"], codes(visit["categories"])) == (other, ["subsistence"])
        merged = await office.http.post(
            f"/identity/v1/persons/{kept}/merge",
            json={"other_person_id": other, "reason": "同一人两条记录"},
        )
        assert merged.status_code in (200, 201), merged.text
        assert await asked(office, kept, as_of="2016-01-10") == [*POOR, "subsistence"]
        await office.register(NEIGHBOUR, source="civil_affairs", effective_on="2016-02-01")
        told = [
            event["payload"]
            for ending in ("person.changed.v1", "person.left.v1")
            for event in await office.events(ending)
        ]
        assert {payload["person_id"] for payload in told} == {kept}
        last = (await office.events("person.left.v1"))[-1]
        assert {c["code"]: c["valid_to"] for c in last["payload"]["categories"]} == {
            "registered_poor": "2016-01-31",
            "subsistence": "2016-01-31",
        }
        (revised,) = [
            e
            for e in await office.events("recognition.revised.v1")
            if e["payload"]["reason"] == "roster_correction"
        ]
        assert revised["payload"]["to_person_id"] in {kept, other}
        assert revised["payload"]["categories"] == []


class TestHouseholds:
    async def test_members_that_a_full_file_leaves_out_are_named(self, office: Office) -> None:
        """Goal: half a household is often a slip. Method: of two households one lacks a member, one
        is gone whole; one more has a rejected row."""
        wife = RosterPerson("测试妻", date(1965, 5, 5), 44, phone="", relation="配偶")
        gone = RosterPerson("测试丁", date(1955, 5, 5), 45, household="H4", phone="")
        await office.register(PATIENT, wife, NEIGHBOUR, gone)
        uploaded = await office.upload(roster_csv(PATIENT, NEIGHBOUR), effective_on="2016-06-01")
        body = uploaded.json()
        assert (body["diff"]["removed"], body["households_incomplete"]) == (2, 1)
        path = f"/identity/v1/roster-imports/{body['import_id']}/households-incomplete"
        for _ in range(2):
            (household,) = (await office.http.get(path)).json()["items"]
            assert (household["listed"], household["missing"]) == (1, 1)
            (member,) = household["members_missing"]
            assert (member["masked_name"], member["birth_year"]) == ("测*妻", 1965)
            await office.apply(body["import_id"])
