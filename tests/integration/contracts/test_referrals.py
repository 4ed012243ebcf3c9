"""Referrals: who may make, answer, hand back and close them; who sees who waits."""

import asyncio
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from services.contracts.people import waiting as waiting_for
from services.contracts.programme.domain import ReferralTarget
from services.contracts.programme.service import programme_of
from services.contracts.referrals import expiring
from shared.events.catalog import PersonMerged
from shared.policy.reading import Citation
from shared.policy.region import ReferralIssuers
from tests.integration.contracts.screens import P1
from tests.integration.contracts.stories import (
    DISTRICT_HOSPITAL,
    JINHE,
    JINHE_TEAM,
    YONGHE,
    YONGHE_TEAM,
    discharged,
    entered,
)
from tests.integration.contracts.test_plans import post, visit
from tests.support.browsing import Screen, words
from tests.support.service import COUNTY, Running, envelope

TEAM = f"facility:{JINHE_TEAM}"
CITY = "H51110200901"
UNRATED = "H51111300402"
PRIMARY = "H51111300401"
HOSPITAL = f"facility:{DISTRICT_HOSPITAL}"


def binding(service: Running, target: dict[str, Any]) -> None:
    """As if the region's document bound referrals so."""
    programme = programme_of(service.context)
    service.context.state["contracts.programme"] = programme.model_copy(
        update={"referral_targets": (ReferralTarget.model_validate(target),)}
    )


async def refer(service: Running, organisation: str = COUNTY, **changes: Any) -> Any:
    body = {
        "person_id": "P1",
        "direction": "up",
        "reason": "treatment",
        "to_facility": DISTRICT_HOSPITAL,
        **changes,
    }
    async with service.client(organisation) as client:
        return await client.post("/contracts/v1/referrals", json=body)


async def step(
    service: Running, organisation: str, referral_id: str, name: str, **body: Any
) -> Any:
    async with service.client(organisation) as client:
        return await client.post(f"/contracts/v1/referrals/{referral_id}/{name}", json=body)


async def waiting(service: Running, organisation: str, **query: Any) -> list[Any]:
    async with service.client(organisation) as client:
        answer = await client.get("/contracts/v1/referrals", params=query)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


class TestUp:
    async def test_the_own_team_s_patient_is_received_first(self, contracts: Running) -> None:
        """Goal: SJ-31. Method: three referrals to one hospital, the least urgent first."""
        await contracts.deliver(entered(), entered("P2", YONGHE), entered("P3"))
        routine = await refer(contracts, f"facility:{YONGHE_TEAM}", person_id="P1")
        assert routine.json()["priority"] == "routine"
        own = await refer(contracts, f"township:{YONGHE}", person_id="P2")
        assert (own.json()["priority"], own.json()["from_facility"]) == ("priority", YONGHE_TEAM)
        found = await refer(contracts, TEAM, person_id="P3", reason="severe_found")
        assert found.json()["priority"] == "urgent"
        listed = await waiting(contracts, HOSPITAL, facility=DISTRICT_HOSPITAL, status="made")
        assert [each["person_id"] for each in listed] == ["P3", "P2", "P1"]
        assert [each["person_id"] for each in await waiting(contracts, f"township:{JINHE}")] == [
            "P3",
            "P1",
        ]

    async def test_pages_follow_one_another(self, contracts: Running) -> None:
        """Goal: no row twice or missing. Method: one a page over both ranks."""
        await contracts.deliver(*(entered(f"P{number}") for number in range(3)))
        for number, reason in enumerate(("treatment", "emergency", "diagnosis")):
            assert (await refer(contracts, person_id=f"P{number}", reason=reason)).is_success
        seen, cursor = [], None
        async with contracts.client() as client:
            for _ in range(3):
                query = {"limit": "1", **({"cursor": cursor} if cursor else {})}
                page = (await client.get("/contracts/v1/referrals", params=query)).json()
                seen += [each["person_id"] for each in page["items"]]
                cursor = page["next_cursor"]
        assert (seen, cursor) == (["P1", "P0", "P2"], None)

    async def test_accepted_handed_back_closed(self, contracts: Running) -> None:
        """Goal: each end's steps, told and kept. Method: the whole way, with wrong ends between."""
        await contracts.deliver(entered())
        made = (await refer(contracts, TEAM, note="血压 186/112")).json()
        referral_id = made["referral_id"]
        assert (await step(contracts, TEAM, referral_id, "accept")).json()["code"] == "other_end"
        accepted = await step(contracts, HOSPITAL, referral_id, "accept", note="内科二病区")
        assert accepted.json()["status"] == "accepted"
        again = await step(contracts, HOSPITAL, referral_id, "refuse", reason="无床位")
        assert (again.status_code, again.json()["code"]) == (409, "referral_step_refused")
        returned = await step(contracts, HOSPITAL, referral_id, "return", note="两周后复查")
        assert returned.json()["status"] == "returned"
        closed = (await step(contracts, TEAM, referral_id, "close")).json()
        assert (closed["status"], closed["outcome"]) == ("closed", "completed")
        assert [each["step"] for each in closed["steps"]] == ["make", "accept", "return", "close"]
        assert closed["note"] == "血压 186/112"
        told = await contracts.published()
        assert [each["type"].split(".")[-2] for each in told] == [
            "made",
            "accepted",
            "returned",
            "closed",
        ]
        assert [each["aggregate_version"] for each in told] == [1, 2, 3, 4]
        assert "血压" not in str(told)
        (row,) = await contracts.rows("SELECT note, refusal FROM referrals")
        assert "血压".encode() not in row["note"]

    async def test_what_was_measured_goes_with_the_patient(self, contracts: Running) -> None:
        """Goal: SJ-36: the hospital has the newest of each result up to that day and none that is
        too old. Method: a visit, one before it, a check-up of one merged into him, one after the
        referral, one of 91 days before; read by the hospital, and in the list without them."""
        await contracts.deliver(entered(), entered("P2"))
        for on, values in (
            ("2015-12-10", {"fasting_glucose": 7.0, "sbp": 150, "dbp": 90}),
            ("2016-03-01", {"sbp": 170, "dbp": 100, "weight": 61, "cigarettes": 20}),
            ("2016-03-09", {"sbp": 186.0, "dbp": 112}),
        ):
            disease = "type2_diabetes" if "fasting_glucose" in values else "hypertension"
            await visit(
                contracts, performed_at=f"{on}T09:00:00+08:00", disease=disease, measurements=values
            )
        examined = {"performed_on": "2016-03-05", "measurements": {"fasting_glucose": 6.2}}
        await post(contracts, "/check-ups", 201, person_id="P2", **examined)
        now = contracts.clock.now()
        merged = PersonMerged(
            merge_id="M1", kept_person_id="P1", absorbed_person_id="P2", recorded_at=now
        )
        await contracts.deliver(envelope(merged, at=now))
        made = (await refer(contracts, TEAM)).json()
        contracts.clock.advance(timedelta(days=1))
        await visit(contracts, measurements={"sbp": 140, "dbp": 88})
        async with contracts.client(HOSPITAL) as client:
            path = f"/contracts/v1/referrals/{made['referral_id']}"
            seen = (await client.get(path)).json()
        assert [(r["name"], r["value"], r["measured_on"]) for r in seen["results"]] == [
            ("sbp", "186", "2016-03-09"),
            ("dbp", "112", "2016-03-09"),
            ("fasting_glucose", "6.2", "2016-03-05"),
            ("weight", "61", "2016-03-01"),
        ]
        assert [each["results"] for each in await waiting(contracts, HOSPITAL)] == [None]

    async def test_a_refusal_has_its_reason(self, contracts: Running) -> None:
        """Goal: both ends see why. Method: refuse without and with a reason."""
        await contracts.deliver(entered())
        referral_id = (await refer(contracts, TEAM)).json()["referral_id"]
        assert (await step(contracts, HOSPITAL, referral_id, "refuse")).status_code == 422
        answer = await step(contracts, HOSPITAL, referral_id, "refuse", reason="无此专科")
        assert (answer.json()["status"], answer.json()["refusal"]) == ("refused", "无此专科")
        (seen,) = await waiting(contracts, TEAM, status="refused")
        assert seen["refusal"] == "无此专科"

    async def test_nobody_answered_in_time(self, contracts: Running) -> None:
        """Goal: expired the day after its last, then only withdrawn. Method: move the clock."""
        await contracts.deliver(entered())
        referral_id = (await refer(contracts, TEAM)).json()["referral_id"]
        contracts.clock.advance(timedelta(days=30))
        assert len(await waiting(contracts, HOSPITAL, status="made")) == 1
        contracts.clock.advance(timedelta(days=1))
        assert await waiting(contracts, HOSPITAL, status="made") == []
        assert len(await waiting(contracts, HOSPITAL, status="expired")) == 1
        late = await step(contracts, HOSPITAL, referral_id, "accept")
        assert (late.status_code, late.json()["code"]) == (409, "referral_expired")
        withdrawn = await step(contracts, TEAM, referral_id, "close")
        assert withdrawn.json()["outcome"] == "withdrawn"

    async def test_two_clerks_answer_at_once(self, contracts: Running) -> None:
        """Goal: one answer counts. Method: accept and refuse at the same time, four times each."""
        await contracts.deliver(entered())
        referral_id = (await refer(contracts, TEAM)).json()["referral_id"]
        answers = await asyncio.gather(
            *(step(contracts, HOSPITAL, referral_id, "accept") for _ in range(4)),
            *(step(contracts, HOSPITAL, referral_id, "refuse", reason="无床位") for _ in range(4)),
        )
        assert sorted(answer.status_code for answer in answers) == [200] + [409] * 7
        assert len(await contracts.published()) == 2

    async def test_one_waits_at_a_time(self, contracts: Running) -> None:
        """Goal: no twins. Method: the same referral from four clerks at once."""
        await contracts.deliver(entered())
        answers = await asyncio.gather(*(refer(contracts, TEAM) for _ in range(4)))
        assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]


class TestDown:
    async def test_each_class_goes_to_the_own_team(self, contracts: Running) -> None:
        """Goal: SJ-32, the default target. Method: a hospital hands one of each class down."""
        await contracts.deliver(*(entered(f"P{number}") for number in range(3)))
        for number, reason in enumerate(
            ("acute_recovery", "post_operative_recovery", "critical_stable")
        ):
            made = await refer(
                contracts,
                HOSPITAL,
                person_id=f"P{number}",
                direction="down",
                reason=reason,
                to_facility=None,
            )
            assert made.status_code == 201, made.text
            assert made.json()["to_facility"] == JINHE_TEAM
        accepted = await step(contracts, f"township:{JINHE}", made.json()["referral_id"], "accept")
        assert accepted.json()["status"] == "accepted"

    async def test_the_receiving_team_follows_up(self, contracts: Running) -> None:
        """Goal: SJ-33, by class; one visit does the stay's task as well; refused, it is not owed.

        Method: P0 home from a stay and handed down, then visited; P1 critical and refused; P2
        withdrawn; P3 to the other township's team.
        """
        await contracts.deliver(*(entered(f"P{number}") for number in range(4)))
        async with contracts.client() as client:
            body = {"person_id": "P0", "signed_on": "2016-01-05"}
            assert (await client.post("/contracts/v1/contracts", json=body)).status_code == 201
        await contracts.deliver(discharged("E1", "P0"))
        down = {"direction": "down", "to_facility": None, "issued_on": "2016-03-08"}
        made = []
        for person_id, reason, changes in (
            ("P0", "acute_recovery", {}),
            ("P1", "critical_stable", {}),
            ("P2", "post_operative_recovery", {}),
            ("P3", "post_operative_recovery", {"to_facility": YONGHE_TEAM}),
        ):
            answer = await refer(
                contracts, HOSPITAL, person_id=person_id, reason=reason, **{**down, **changes}
            )
            assert answer.status_code == 201, answer.text
            made.append(answer.json()["referral_id"])
        told = (
            "SELECT person_id, team, due_on, status, outcome FROM tasks"
            " WHERE rule = 'down_referral_follow_up' ORDER BY person_id"
        )
        assert [(r["team"], str(r["due_on"])) for r in await contracts.rows(told)] == [
            (JINHE_TEAM, "2016-03-15"),
            (JINHE_TEAM, "2016-03-11"),
            (JINHE_TEAM, "2016-03-15"),
            (YONGHE_TEAM, "2016-03-15"),
        ]
        assert (await step(contracts, TEAM, made[1], "refuse", reason="床位已满")).is_success
        assert (await step(contracts, HOSPITAL, made[2], "close")).is_success
        async with contracts.client(TEAM) as client:
            tasks = (await client.get("/contracts/v1/worklist")).json()["items"]
            own = next(task for task in tasks if task["rule"] == "down_referral_follow_up")
            assert (own["title_zh"], own["person_id"]) == ("下转后随访", "P0")
            seen = {
                "person_id": "P0",
                "task_id": own["task_id"],
                "performed_at": "2016-03-10T09:00:00+08:00",
                "way": "home",
                "outcome": "stable",
            }
            assert (await client.post("/contracts/v1/follow-ups", json=seen)).status_code == 201
        assert [r["outcome"] for r in await contracts.rows(told)] == [
            "stable",
            "not_handed_down",
            "not_handed_down",
            None,
        ]
        (stay,) = await contracts.rows("SELECT outcome FROM tasks WHERE encounter_id = 'E1'")
        assert stay["outcome"] == "stable"


class TestExpiry:
    async def test_both_ends_are_told_once(self, contracts: Running) -> None:
        """Goal: nobody waits for an answer that does not come. Method: one of two runs out; two
        nights at once and a third; it is read by both ends, and withdrawn."""
        await contracts.deliver(entered("P1"), entered("P2"))
        first = (await refer(contracts, TEAM, person_id="P1", valid_to="2016-03-11")).json()
        await refer(contracts, TEAM, person_id="P2")
        night = date(2016, 3, 12)
        contracts.clock.advance(timedelta(days=2))
        counts = await asyncio.gather(
            *(expiring.expire(contracts.context, today=night) for _ in range(2))
        )
        assert sorted([*counts, await expiring.expire(contracts.context, today=night)]) == [0, 0, 1]
        told = [e for e in await contracts.published() if e["type"].endswith("referral.expired.v1")]
        assert [each["payload"]["to_facility"] for each in told] == [DISTRICT_HOSPITAL]
        for end in (TEAM, HOSPITAL):
            async with contracts.client(end) as client:
                path = f"/contracts/v1/referrals/{first['referral_id']}"
                seen = (await client.get(path)).json()
            assert seen["status"] == "expired"
            assert [each["step"] for each in seen["steps"]] == ["make", "expire"]
        closed = await step(contracts, TEAM, first["referral_id"], "close")
        assert closed.json()["outcome"] == "withdrawn"


class TestRefusedAsWritten:
    async def test_each_fault_names_its_field(self, contracts: Running) -> None:
        """Goal: field, code and cure. Method: one fault a request."""
        await contracts.deliver(entered())
        for changes, field, code in (
            ({"reason": "acute_recovery"}, "reason", "reason_of_other_direction"),
            ({"to_facility": "H99999999999"}, "to_facility", "unknown_facility"),
            ({"to_facility": JINHE_TEAM}, "to_facility", "same_facility"),
            ({"to_facility": YONGHE_TEAM}, "direction", "direction_wrong"),
            ({"issued_on": "2016-03-11"}, "issued_on", "in_the_future"),
            ({"valid_to": "2016-03-01"}, "valid_to", "validity_wrong"),
            ({"to_facility": None}, "to_facility", "missing"),
        ):
            answer = await refer(contracts, TEAM, **changes)
            assert answer.status_code == 422, (changes, answer.text)
            (fault,) = answer.json()["errors"]
            assert (fault["field"], fault["code"]) == (field, code)
            assert fault["message_zh"]

    async def test_out_of_the_region_only_the_named_hospital_refers(
        self, contracts: Running
    ) -> None:
        """Goal: XB-08. Method: a region that names the issuer; a township, then that hospital."""
        await contracts.deliver(entered())
        contracts.context.region = replace(
            contracts.context.region,
            referral_issuers=ReferralIssuers(
                frozenset({DISTRICT_HOSPITAL}), Citation("新政办发〔2018〕50号", "XB-08")
            ),
        )
        refused = await refer(contracts, TEAM, to_facility=CITY)
        (fault,) = refused.json()["errors"]
        assert (fault["field"], fault["code"]) == ("from_facility", "referral_issuer_not_allowed")
        assert DISTRICT_HOSPITAL in fault["message_zh"]
        assert (await refer(contracts, HOSPITAL, to_facility=CITY)).status_code == 201

    async def test_a_document_names_where_patients_go(self, contracts: Running) -> None:
        """Goal: XB-09, XB-10: the fault says where to; who is not bound is not refused.

        Method: a region that binds townships, by diagnosis and for one list; another institution;
        the disease from the slip, from the register; an emergency; a hospital that is not bound.
        """
        await contracts.deliver(entered())
        bound = {"from_levels": ["township"], "facilities": [DISTRICT_HOSPITAL]}
        binding(contracts, bound | {"reasons": ["diagnosis"], "citation": "XB-10"})
        refused = await refer(contracts, TEAM, to_facility=CITY, reason="diagnosis")
        (fault,) = refused.json()["errors"]
        assert (fault["field"], fault["code"]) == ("to_facility", "referral_target_not_allowed")
        assert DISTRICT_HOSPITAL in fault["message"]
        assert "金口河区人民医院" in fault["message_zh"]
        assert (await refer(contracts, TEAM, to_facility=CITY)).status_code == 201
        binding(
            contracts,
            bound | {"reasons": ["treatment"], "batch": "major_14", "citation": "XB-09"},
        )
        cancer = {"to_facility": UNRATED, "diagnoses": ["C16.9"]}
        assert (await refer(contracts, TEAM, **cancer)).json()["errors"][0][
            "field"
        ] == "to_facility"
        for changes in ({"reason": "emergency"}, {"diagnoses": ["I10"]}):
            answer = await refer(contracts, TEAM, **(cancer | changes))
            assert answer.status_code == 201, answer.text
            await step(contracts, TEAM, answer.json()["referral_id"], "close")
        async with contracts.client() as client:
            case = {"person_id": "P1", "disease": "stomach_cancer", "found_on": "2016-03-01"}
            assert (await client.post("/contracts/v1/disease-cases", json=case)).status_code == 201
        assert (await refer(contracts, TEAM, to_facility=UNRATED)).status_code == 422
        assert (await refer(contracts, HOSPITAL, **(cancer | {"to_facility": CITY}))).is_success
        assert (await refer(contracts, TEAM, diagnoses=["C16.9"])).status_code == 201

    async def test_the_form_says_where_to(self, contracts: Running, doctor: Screen) -> None:
        """Goal: the same rules on the screen, before and after: at the field, and where the form has
        no field all the same with the cure. Method: a bound target; a wrong way; an issuer."""
        bound = {"from_levels": ["township"], "facilities": [DISTRICT_HOSPITAL]}
        binding(contracts, bound | {"reasons": ["diagnosis"], "citation": "XB-10"})
        page = words(await doctor.get(f"/contracts/persons/{P1}"))
        assert "本机构不能确诊，申请诊断：转至金口河区人民医院(XB-10)" in page
        contracts.context.region = replace(
            contracts.context.region,
            referral_issuers=ReferralIssuers(
                frozenset({DISTRICT_HOSPITAL}), Citation("新政办发〔2018〕50号", "XB-08")
            ),
        )
        form = f"/contracts/persons/{P1}/refer"
        for reason, to_facility, told in (
            ("diagnosis", PRIMARY, "此类患者应转至 金口河区人民医院"),
            ("treatment", PRIMARY, "转诊方向与两端机构级别不符；请核对方向或机构"),
            ("treatment", CITY, "转往区域外须由"),
        ):
            answer = await doctor.post(form, {"reason": reason, "to_facility": to_facility})
            assert (answer.status_code, told in words(answer)) == (422, True), words(answer)
            at_field = 'id="refer-to_facility-fault"' in answer.text
            assert at_field == (reason == "diagnosis")

    async def test_strangers(self, contracts: Running, monkeypatch: pytest.MonkeyPatch) -> None:
        """Goal: neither made nor seen by others. Method: another township's hospital."""
        monkeypatch.setattr(waiting_for, "_WAIT_S", 0.2)
        await contracts.deliver(entered())
        other = f"facility:{YONGHE_TEAM}"
        assert (await refer(contracts, other, from_facility=JINHE_TEAM)).status_code == 403
        assert (await refer(contracts, person_id="nobody")).json()["code"] == "person_unknown"
        referral_id = (await refer(contracts, TEAM)).json()["referral_id"]
        assert await waiting(contracts, other) == []
        assert (await step(contracts, other, referral_id, "close")).status_code == 404
