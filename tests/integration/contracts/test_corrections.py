"""A follow-up that was written down wrongly, or typed twice."""

import asyncio
import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from services.contracts.follow_up import repository
from tests.integration.contracts.screens import P1, P2
from tests.integration.contracts.stories import YONGHE, entered
from tests.integration.contracts.test_plans import enrol, post, visit
from tests.support.browsing import Screen, words
from tests.support.service import Running

OPEN = "SELECT rule, due_on::text FROM tasks WHERE status = 'open' AND programme = 'hypertension'"


async def correct(service: Running, found: Any, status: int = 200, **body: Any) -> Any:
    path = f"/follow-ups/{found['follow_up_id']}/correct"
    return await post(service, path, status, **body)


async def open_tasks(service: Running) -> list[tuple[str, str]]:
    return [(row["rule"], row["due_on"]) for row in await service.rows(OPEN)]


async def test_a_wrong_value_is_corrected_and_the_plan_follows(contracts: Running) -> None:
    """Goal: what follows is what would follow had it been right at once; what stood before is kept.

    Method: 186 for 136, late for its task; corrected, and back; the same again changes no task;
    then the emergency; a note twice; told, audited, and the API's second visit of a day stays one.
    """
    await contracts.deliver(entered())
    await enrol(contracts)
    contracts.clock.advance(timedelta(days=98))
    wrong = await visit(contracts, measurements={"sbp": 186, "dbp": 84}, note="在家")
    assert await open_tasks(contracts) == [("hypertension_referral_check", "2016-06-30")]
    right = await correct(contracts, wrong, measurements={"sbp": 136, "dbp": 84}, note="写错")
    assert (right["control_status"], right["referral_advised"]) == ("controlled", False)
    # A routine visit that came late does not move the rhythm: three months from 10 June.
    assert (await open_tasks(contracts), right["next_due_on"]) == (
        [("hypertension_routine", "2016-09-10")],
        "2016-09-10",
    )
    made = await contracts.rows("SELECT 1 FROM tasks")
    await correct(contracts, wrong, measurements={"sbp": 137, "dbp": 84}, outcome="improved")
    assert await contracts.rows("SELECT 1 FROM tasks") == made
    again = await correct(contracts, wrong, measurements={"sbp": 186, "dbp": 84})
    assert (again["classification"], again["next_due_on"]) == (
        wrong["classification"],
        "2016-06-30",
    )
    kept = await contracts.rows(
        "SELECT measurements->>'sbp' AS sbp FROM follow_up_corrections ORDER BY correction_id"
    )
    assert [row["sbp"] for row in kept] == ["186", "136", "137"]
    (row,) = await contracts.rows("SELECT note, outcome FROM follow_ups")
    note = contracts.context.vault.decrypt(row["note"], column="follow_ups.note")
    assert (note, row["outcome"]) == ("在家\n写错", "improved")
    told = [e["payload"] for e in await contracts.published() if "corrected" in e["type"]]
    assert [each["control_status"] for each in told] == ["controlled", "controlled", "uncontrolled"]
    audited = "SELECT 1 FROM audit_log WHERE action = 'follow_up.corrected'"
    assert len(await contracts.rows(audited)) == 3


async def test_a_note_encrypted_anew_meanwhile_stays_so(
    contracts: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Goal: no value comes back under a key that was given up. Method: a correction without a note,
    while another process encrypts the note anew under a new key."""
    await contracts.deliver(entered())
    await enrol(contracts)
    wrong = await visit(contracts, note="在家")
    looked = repository.is_last_visit

    async def meanwhile(*args: Any) -> bool:
        async with contracts.context.db.writing() as session:
            await session.execute(text("UPDATE follow_ups SET note = 'anew'"))
        return await looked(*args)

    monkeypatch.setattr(repository, "is_last_visit", meanwhile)
    await correct(contracts, wrong, measurements={"sbp": 136, "dbp": 84})
    assert await contracts.rows("SELECT note FROM follow_ups") == [{"note": b"anew"}]


async def test_whom_a_wrong_value_put_at_risk_is_so_no_longer(contracts: Running) -> None:
    """Goal: nobody stays at risk, with its tasks, by what was never measured. Method: a diabetic's 186
    for 136, then for 118; another's, of whom a check-up was told since; one who was at risk before."""
    people = ("P1", "P2", "P3")
    await contracts.deliver(*(entered(each) for each in people))
    for each in people:
        await enrol(contracts, each, "type2_diabetes")

    def values(sbp: int) -> dict[str, float]:
        return {"fasting_glucose": 6.5, "sbp": sbp, "dbp": 84}

    async def measured(person: str, sbp: int) -> Any:
        return await visit(
            contracts, person_id=person, disease="type2_diabetes", measurements=values(sbp)
        )

    async def at_risk(person: str) -> list[tuple[str, str | None]]:
        rows = await contracts.rows(
            "SELECT found_as, end_reason FROM enrolments WHERE person_id = :id"
            " AND programme = 'hypertension_risk' ORDER BY recorded_at, end_reason NULLS LAST",
            id=person,
        )
        return [(row["found_as"], row["end_reason"]) for row in rows]

    async def due(person: str) -> list[str]:
        rows = await contracts.rows(
            "SELECT rule FROM tasks WHERE person_id = :id AND status = 'open'"
            " AND programme = 'hypertension_risk'",
            id=person,
        )
        return [row["rule"] for row in rows]

    wrong = await measured("P1", 186)
    assert await due("P1") == ["hypertension_risk_again"]
    error = ("raised", "entered_in_error")
    await correct(contracts, wrong, measurements=values(186), note="再看")
    assert await at_risk("P1") == [("raised", None)]
    await correct(contracts, wrong, measurements=values(136))
    assert await at_risk("P1") == [error, ("at_risk", None)]
    assert await due("P1") == ["hypertension_risk_half_yearly"]
    await correct(contracts, wrong, measurements=values(118))
    assert sorted(await at_risk("P1")) == [("at_risk", "entered_in_error"), error]
    assert await due("P1") == []

    wrong = await measured("P2", 186)
    check_up = {"person_id": "P2", "performed_on": "2016-03-10"}
    await post(contracts, "/check-ups", 201, **check_up, measurements={"sbp": 152, "dbp": 84})
    await correct(contracts, wrong, measurements=values(118))
    assert await at_risk("P2") == [("raised", None)]

    await measured("P3", 150)
    contracts.clock.advance(timedelta(days=3))
    await correct(contracts, await measured("P3", 186), measurements=values(118))
    assert await at_risk("P3") == [("raised", None)]


async def test_an_illness_that_only_a_wrong_tick_found_goes_off_the_register(
    contracts: Running,
) -> None:
    """Goal: nobody stays on the register by a slip; what was built on it is a person's to take back.

    Method: five at risk, found by their visit; one corrected at once, and found after all; one after
    his case was managed, one after a check-up, then withdrawn, one whose case had been registered by
    hand, one while his case is being managed."""
    people = ("P1", "P2", "P3", "P4", "P5")
    await contracts.deliver(*(entered(each) for each in people))
    values = {"sbp": 152, "dbp": 95}
    ticked = values | {"diagnosed": True}

    async def found(person: str) -> Any:
        await enrol(contracts, person, "hypertension_risk")
        return await visit(
            contracts, person_id=person, disease="hypertension_risk", measurements=ticked
        )

    async def standing(person: str) -> tuple[list[str], list[str]]:
        cases = "SELECT state FROM disease_cases WHERE person_id = :id ORDER BY case_id"
        due = "SELECT rule FROM tasks WHERE person_id = :id AND status = 'open'"
        return (
            [row["state"] for row in await contracts.rows(cases, id=person)],
            [row["rule"] for row in await contracts.rows(due, id=person)],
        )

    wrong = await found("P1")
    assert (wrong["disease_case"], await standing("P1")) == (None, (["found"], []))
    right = await correct(contracts, wrong, measurements=values)
    assert (right["disease_case"]["status"], right["classification"]) == ("withdrawn", "raised")
    assert right["disease_case"]["disease_zh"] == "高血压"
    assert await standing("P1") == (["withdrawn"], ["hypertension_risk_again"])
    assert (await correct(contracts, wrong, measurements=values))["disease_case"] is None
    assert (await correct(contracts, wrong, measurements=ticked))["disease_case"] is None
    assert await standing("P1") == (["withdrawn", "found"], [])
    told = [e["type"] for e in await contracts.published() if "disease_case" in e["type"]]
    assert [each.split(".")[-2] for each in told] == ["found", "withdrawn", "found"]

    wrong = await found("P2")
    (case,) = await contracts.rows("SELECT case_id FROM disease_cases WHERE person_id = 'P2'")
    plan = {"goal": "收缩压低于140", "measures": ["限盐"], "on": "2016-03-10"}
    await post(contracts, f"/disease-cases/{case['case_id']}/manage", 200, **plan)
    right = await correct(contracts, wrong, measurements=values)
    assert (right["disease_case"]["case_id"], right["disease_case"]["status"]) == (
        str(case["case_id"]),
        "managed",
    )

    wrong = await found("P3")
    check_up = {"person_id": "P3", "performed_on": "2016-03-10", "measurements": values}
    await post(contracts, "/check-ups", 201, **check_up)
    right = await correct(contracts, wrong, measurements=values)
    assert (right["disease_case"]["status"], await standing("P3")) == ("found", (["found"], []))
    withdraw = f"/disease-cases/{right['disease_case']['case_id']}/withdraw"
    await post(contracts, withdraw, 200, on="2016-03-10")
    assert await standing("P3") == (["withdrawn"], ["hypertension_risk_again"])

    by_hand = {"person_id": "P4", "disease": "hypertension", "found_on": "2016-03-10"}
    await enrol(contracts, "P4", "hypertension_risk")
    await post(contracts, "/disease-cases", 201, **by_hand)
    wrong = await visit(contracts, person_id="P4", disease="hypertension_risk", measurements=ticked)
    right = await correct(contracts, wrong, measurements=values)
    assert (right["disease_case"]["status"], await standing("P4")) == ("found", (["found"], []))

    wrong = await found("P5")
    (case,) = await contracts.rows("SELECT case_id FROM disease_cases WHERE person_id = 'P5'")
    path = f"/contracts/v1/follow-ups/{wrong['follow_up_id']}/correct"
    async with contracts.client() as client:
        right, managed = await asyncio.gather(
            client.post(path, json={"measurements": values}),
            client.post(f"/contracts/v1/disease-cases/{case['case_id']}/manage", json=plan),
        )
    # Whichever came first: never a plan for what is withdrawn.
    after = (right.json()["disease_case"]["status"], managed.status_code)
    assert after in {("withdrawn", 409), ("managed", 200)}


async def test_a_row_of_the_person_s_page_is_corrected(contracts: Running, doctor: Screen) -> None:
    """Goal: correcting does not need the browser's way back. Method: two visits and an attempt; only
    the last visit has the button; its form has what stands there; a wrong value; the correction; a
    visit that found an illness, corrected before and after more was recorded."""
    page = f"/contracts/persons/{P1}"
    await enrol(contracts, P1)
    before = (contracts.clock.now() - timedelta(hours=2)).isoformat()
    await visit(contracts, person_id=P1, measurements={"sbp": 150, "dbp": 84}, performed_at=before)
    last = await visit(contracts, person_id=P1, measurements={"sbp": 186, "dbp": 84})
    await visit(contracts, person_id=P1, outcome="not_reached", measurements=None)
    form = f"/contracts/follow-ups/{last['follow_up_id']}/correct"
    shown = (await doctor.get(page)).text
    assert re.findall(r'href="(/contracts/follow-ups/[^"]+)"', shown) == [form]
    seen = await doctor.get(form)
    assert 'maxlength="8" value="186"' in seen.text
    assert ('name="way"' in seen.text, 'name="performed_at"' in seen.text) == (False, False)
    wrong = await doctor.post(form, {"m-sbp": "900", "m-dbp": "84", "outcome": "continue"})
    assert (wrong.status_code, 'id="m-sbp-fault"' in wrong.text) == (422, True)
    done = await doctor.post(form, {"m-sbp": "136", "m-dbp": "84", "outcome": "continue"})
    assert "已更正 测*甲 的随访。 控制满意。" in words(await doctor.follow(done))

    await enrol(contracts, P2, "hypertension_risk")
    typed = {"m-sbp": "152", "m-dbp": "95", "outcome": "continue"}
    found = await visit(
        contracts,
        person_id=P2,
        disease="hypertension_risk",
        measurements={"sbp": 152, "dbp": 95, "diagnosed": True},
    )
    form = f"/contracts/follow-ups/{found['follow_up_id']}/correct"
    seen = await doctor.get(form)
    assert '<option value="yes" selected>' in seen.text
    assert '<details class="act" open><summary>更多项目' in seen.text
    said = words(await doctor.follow(await doctor.post(form, typed)))
    assert "更正前登记的“已确诊”已从病种台账撤销。" in said
    await doctor.post(form, typed | {"m-diagnosed": "yes"})
    check_up = {
        "person_id": P2,
        "performed_on": "2016-03-10",
        "measurements": {"sbp": 150, "dbp": 95},
    }
    await post(contracts, "/check-ups", 201, **check_up)
    answer = await doctor.follow(await doctor.post(form, typed))
    assert "病种台账上仍有此病" in words(answer)
    assert f'href="/contracts/persons/{P2}#diseases"' in answer.text


async def test_what_cannot_be_corrected(contracts: Running) -> None:
    """Goal: each refusal with its code, and nothing changed. Method: another township; impossible,
    missing and unasked-for values; an attempt; one with a later visit; eight at once with that."""
    await contracts.deliver(entered())
    await enrol(contracts)
    first = await visit(contracts)
    values = {"sbp": 150, "dbp": 84}
    path = f"/follow-ups/{first['follow_up_id']}/correct"
    await post(contracts, path, 404, f"township:{YONGHE}", measurements=values)
    for body, field in (
        ({}, "measurements"),
        ({"measurements": {"sbp": 900, "dbp": 84}}, "measurements.sbp"),
        ({"measurements": values, "outcome": "not_reached"}, "outcome"),
    ):
        assert (await correct(contracts, first, 422, **body))["errors"][0]["field"] == field
    called = await visit(contracts, way="phone", measurements=None, disease="hypertension")
    refused = await correct(contracts, called, 422, measurements=values)
    assert refused["errors"][0]["code"] == "measured_nothing"
    missed = await visit(contracts, outcome="not_reached", measurements=None)
    assert (await correct(contracts, missed, 409, measurements=values))["code"] == "attempt_stands"
    contracts.clock.advance(timedelta(days=1))

    async def either(number: int) -> int:
        async with contracts.client() as client:
            if number:
                answer = await client.post(f"/contracts/v1{path}", json={"measurements": values})
            else:
                answer = await client.post(
                    "/contracts/v1/follow-ups",
                    json={"person_id": "P1", "way": "home", "disease": "hypertension",
                          "performed_at": contracts.clock.now().isoformat(),
                          "measurements": values},
                )  # fmt: skip
        return answer.status_code

    codes = await asyncio.gather(*(either(number) for number in range(8)))
    assert codes[0] == 201
    assert set(codes[1:]) <= {200, 409}
    assert (await correct(contracts, first, 409, measurements=values))["code"] == "follow_up_stands"
    corrected = await contracts.rows("SELECT 1 FROM follow_up_corrections")
    assert len(corrected) == codes.count(200)
    judged = "SELECT classification FROM follow_ups WHERE classification IS NOT NULL ORDER BY 1"
    # The later visit was judged by what then stood in the first: high once, or twice.
    second = "referral" if codes.count(200) else "uncontrolled_first"
    assert second in {row["classification"] for row in await contracts.rows(judged)}


async def test_typed_twice_is_noticed_by_the_form(contracts: Running, doctor: Screen) -> None:
    """Goal: no second visit by going back, and a true one is not refused.

    Method: a visit for its task; the same form sent again from the browser's history: noticed;
    corrected; sent again as another; an attempt and the day before are no twin.
    """
    await enrol(contracts, P1)
    (task,) = await contracts.rows("SELECT task_id FROM tasks WHERE programme = 'hypertension'")
    form = f"/contracts/tasks/{task['task_id']}"
    now = contracts.clock.now() + timedelta(hours=8)
    typed = {
        "m-sbp": "186", "m-dbp": "84", "way": "home", "outcome": "continue",
        "performed_at": f"{now:%Y-%m-%dT%H:%M}",
    }  # fmt: skip
    assert "建议转诊" in words(await doctor.follow(await doctor.post(form, typed)))
    typed["m-sbp"] = "136"
    seen = await doctor.post(form, typed)
    assert seen.status_code == 409
    assert "这一天已记录过一次" in words(seen)
    assert "收缩压 186 mmHg" in words(seen)
    assert re.findall(r'name="again" value="(\w+)"', seen.text) == ["correct", "another"]
    assert 'name="m-sbp" inputmode="decimal" maxlength="8" value="136"' in seen.text
    action = re.findall(r'class="panel" method="post" action="([^"]+)"', seen.text)[0]
    assert "控制满意" in words(
        await doctor.follow(await doctor.post(action, typed | {"again": "correct"}))
    )
    count = "SELECT measurements->>'sbp' AS sbp FROM follow_ups ORDER BY recorded_at, 1"
    assert [row["sbp"] for row in await contracts.rows(count)] == ["136"]
    wrong = await doctor.post(action, typed | {"again": "correct", "m-sbp": "900"})
    assert (wrong.status_code, 'id="m-sbp-fault"' in wrong.text) == (422, True)
    assert 'id="correct"' in wrong.text
    await doctor.follow(await doctor.post(action, typed | {"again": "another", "m-sbp": "138"}))
    assert [row["sbp"] for row in await contracts.rows(count)] == ["136", "138"]
    await doctor.follow(await doctor.post(action, typed | {"outcome": "not_reached"}))
    day_before = {"performed_at": f"{now - timedelta(days=1):%Y-%m-%dT%H:%M}"}
    await doctor.follow(await doctor.post(action, typed | day_before))
    assert len(await contracts.rows(count)) == 4
