"""Those at risk of an illness: taken in by what was measured, on the register when it is found."""

import asyncio
from typing import Any

from tests.integration.contracts.stories import entered
from tests.integration.contracts.test_plans import enrol, post, visit
from tests.support.service import Running

ENROLMENTS = (
    "SELECT person_id, programme, found_as, end_reason FROM enrolments "
    "WHERE person_id = :id ORDER BY programme"
)
OPEN = (
    "SELECT rule, due_on::text AS due_on FROM tasks "
    "WHERE person_id = :id AND programme LIKE '%risk' AND status = 'open' ORDER BY rule"
)


async def check_up(service: Running, status: int, person: str, **body: Any) -> Any:
    asked = {"person_id": person, "performed_on": "2016-03-10", **body}
    return await post(service, "/check-ups", status, **asked)


async def test_taken_in_by_a_measurement_and_found(contracts: Running) -> None:
    """Goal: 1.1, 1.2: who is measured at risk is asked again in half a year or a year, who is high
    in two weeks; the illness, once found, is on the register and the risk is over. Method: a
    diabetic's visit, a check-up, the visit that finds it, a further check-up, the plan."""
    await contracts.deliver(entered("P1"), entered("P2"))
    await enrol(contracts, "P1", "type2_diabetes")
    high_normal = {"fasting_glucose": 6.5, "sbp": 135, "dbp": 84}
    await visit(contracts, disease="type2_diabetes", measurements=high_normal)
    assert await contracts.rows(ENROLMENTS, id="P1") == [
        {
            "person_id": "P1",
            "programme": "hypertension_risk",
            "found_as": "at_risk",
            "end_reason": None,
        },
        {"person_id": "P1", "programme": "type2_diabetes", "found_as": None, "end_reason": None},
    ]
    assert await contracts.rows(OPEN, id="P1") == [
        {"rule": "hypertension_risk_half_yearly", "due_on": "2016-09-10"}
    ]

    high = {"sbp": 230, "dbp": 95, "fasting_glucose": 6.3}
    asked = await check_up(contracts, 422, "P2", measurements=high)
    assert asked["errors"][0]["field"] == "measurements.sbp"
    assert await contracts.rows("SELECT 1 FROM check_ups") == []
    await check_up(contracts, 201, "P2", measurements=high, confirmed=["sbp"])
    assert await contracts.rows(OPEN, id="P2") == [
        {"rule": "diabetes_risk_yearly", "due_on": "2017-03-10"},
        {"rule": "hypertension_risk_again", "due_on": "2016-03-24"},
    ]

    found = await visit(
        contracts,
        person_id="P2",
        disease="hypertension_risk",
        measurements={"sbp": 152, "dbp": 95, "diagnosed": True},
    )
    assert (found["classification"], found["next_due_on"]) == ("disease_found", None)
    (case,) = await contracts.rows("SELECT case_id, disease, state FROM disease_cases")
    assert (case["disease"], case["state"]) == ("hypertension", "found")
    await check_up(contracts, 201, "P2", measurements={"sbp": 150, "dbp": 95})
    await check_up(contracts, 201, "P2")
    nothing = await contracts.rows("SELECT 1 FROM check_ups WHERE measurements IS NULL")
    assert len(nothing) == 1
    assert [
        (row["programme"], row["end_reason"]) for row in await contracts.rows(ENROLMENTS, id="P2")
    ] == [("diabetes_risk", None), ("hypertension_risk", "disease_found")]
    assert [row["rule"] for row in await contracts.rows(OPEN, id="P2")] == ["diabetes_risk_yearly"]
    plan = {"goal": "收缩压低于140", "measures": ["限盐"], "on": "2016-03-10"}
    await post(contracts, f"/disease-cases/{case['case_id']}/manage", 200, **plan)
    assert "hypertension" in {row["programme"] for row in await contracts.rows(ENROLMENTS, id="P2")}


async def test_every_way_into_the_illness_ends_the_risk(contracts: Running) -> None:
    """Goal: nobody is at risk of what he has, nor taken in twice. Method: eight check-ups at once;
    the register by hand; a suspect of tuberculosis whose case is confirmed."""
    await contracts.deliver(entered("P1"))
    near = {"sbp": 132, "dbp": 80}
    await asyncio.gather(*(check_up(contracts, 201, "P1", measurements=near) for _ in range(8)))
    assert len(await contracts.rows(ENROLMENTS, id="P1")) == 1
    case = {"person_id": "P1", "disease": "hypertension", "found_on": "2016-03-10"}
    await post(contracts, "/disease-cases", 201, **case)
    (risk,) = await contracts.rows(ENROLMENTS, id="P1")
    assert risk["end_reason"] == "disease_found"
    assert await contracts.rows(OPEN, id="P1") == []

    await enrol(contracts, "P1", "tuberculosis_suspect")
    went = {"went": True, "confirmed": True}
    await visit(contracts, way="phone", disease="tuberculosis_suspect", measurements=went)
    diseases = await contracts.rows("SELECT disease FROM disease_cases ORDER BY disease")
    assert [row["disease"] for row in diseases] == ["hypertension", "tuberculosis"]
    assert {row["end_reason"] for row in await contracts.rows(ENROLMENTS, id="P1")} == {
        "disease_found"
    }
