"""The disease register on real PostgreSQL: found, managed by a plan, cured and closed."""

import asyncio
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.contracts.diseases.domain import (
    CaseState,
    CaseStep,
    CaseStepNotAllowed,
    after,
    possible,
)
from tests.integration.contracts.stories import YONGHE, entered
from tests.integration.contracts.test_balance_sheet import sheet
from tests.integration.contracts.test_contract_states import begin, get, post
from tests.support.merges import merged, unmerged
from tests.support.service import Running

PLAN = {"goal": "收缩压低于140", "measures": ["规律服药", "限盐"]}


async def found(
    service: Running,
    disease: str = "hypertension",
    person: str = "P1",
    expected: int = 201,
    **body: Any,
) -> Any:
    return await post(
        service,
        "disease-cases",
        expected,
        person_id=person,
        disease=disease,
        **{"found_on": "2016-01-10", **body},
    )


@settings(max_examples=60)
@given(st.lists(st.sampled_from(get_args(CaseStep)), max_size=12))
def test_no_walk_closes_what_was_not_managed(steps: list[CaseStep]) -> None:
    """Goal: found, managed, cured and closed, in that order only. Method: random walks."""
    state: CaseState = "found"
    path: list[CaseStep] = []
    for step in steps:
        if step not in possible(state):
            with pytest.raises(CaseStepNotAllowed):
                after(state, step)
            continue
        assert state not in ("closed", "withdrawn")
        state = after(state, step)
        path.append(step)
    assert (state == "closed") == (path == ["manage", "close"])


async def test_from_the_finding_to_the_cure(contracts: Running) -> None:
    """Goal: each found is managed by a plan of his own, each cured is closed on evidence (XB-30,
    XB-41). Method: the way through, with the steps that are refused; events, secrecy, log."""
    await contracts.deliver(entered())
    case = await found(contracts, "tuberculosis")
    assert (case["status"], case["batches"]) == ("found", ["serious_34", "chronic_4"])
    path = f"disease-cases/{case['case_id']}"
    cure = {"outcome": "cured", "evidence": "痰检阴性报告", "closed_on": "2016-03-09"}
    early = await post(contracts, f"{path}/close", 409, **cure)
    assert early["code"] == "step_not_allowed"
    managed = await post(contracts, f"{path}/manage", **PLAN, on="2016-01-20")
    assert (managed["status"], managed["managed_on"]) == ("managed", "2016-01-20")
    for without in ("evidence", "outcome"):
        body = {key: value for key, value in cure.items() if key != without}
        refused = await post(contracts, f"{path}/close", 422, **body)
        assert refused["errors"][0]["field"].endswith(without)
    not_cured = await post(contracts, f"{path}/close", 422, **{**cure, "outcome": "died"})
    assert not_cured["errors"][0]["field"].endswith("outcome")
    backwards = await post(contracts, f"{path}/close", 422, **{**cure, "closed_on": "2016-01-19"})
    assert backwards["errors"][0]["code"] == "before_last_step"
    await post(contracts, f"{path}/manage", goal="完成疗程", measures=["每月复查"])
    closed = await post(contracts, f"{path}/close", **{**cure, "closed_on": "2016-03-10"})
    assert (closed["status"], closed["next_steps"]) == ("closed", [])
    detail = await get(contracts, path)
    assert [(p["version"], p["goal"]) for p in detail["plans"]] == [
        (2, "完成疗程"), (1, "收缩压低于140"),
    ]  # fmt: skip
    assert detail["evidence"] == "痰检阴性报告"
    assert [(s["step"], s["on"]) for s in detail["steps"]] == [
        ("find", "2016-01-10"), ("manage", "2016-01-20"), ("close", "2016-03-10"),
    ]  # fmt: skip
    events = [e for e in await contracts.published() if ".disease_case." in e["type"]]
    assert [e["type"].split(".")[4] for e in events] == ["found", "managed", "closed"]
    assert events[0]["payload"]["batches"] == ["serious_34", "chronic_4"]
    assert "痰检" not in str(events)
    rows = await contracts.rows("SELECT plan AS secret FROM disease_plans")
    rows += await contracts.rows("SELECT evidence AS secret FROM disease_cases")
    assert not any("阴性".encode() in r["secret"] or b"140" in r["secret"] for r in rows)
    logged = await contracts.rows("SELECT 1 FROM audit_log WHERE action = 'disease_case.read'")
    assert len(logged) == 1
    again = await found(contracts, "tuberculosis", found_on="2016-03-10")
    assert again["status"] == "found"


async def test_care_begins_and_ends_with_the_case(contracts: Running) -> None:
    """Goal: the register feeds the follow-ups. Method: manage hypertension; close it; withdraw a
    second one; a disease without a programme of care."""
    await contracts.deliver(entered())
    case = await found(contracts)
    path = f"disease-cases/{case['case_id']}"
    await post(contracts, f"{path}/manage", **PLAN)
    programmes = "SELECT programme, ended_on, end_reason FROM enrolments ORDER BY enrolment_id"
    (row,) = await contracts.rows(programmes)
    assert (row["programme"], row["ended_on"]) == ("hypertension", None)
    await post(contracts, f"{path}/withdraw")
    (row,) = await contracts.rows(programmes)
    assert row["end_reason"] == "entered_in_error"
    other = await found(contracts, "stomach_cancer")
    await post(contracts, f"disease-cases/{other['case_id']}/manage", **PLAN)
    assert len(await contracts.rows(programmes)) == 1


async def test_one_open_case_per_person_and_disease(contracts: Running) -> None:
    """Goal: precise to person and disease, by either id, whoever is first. Method: five at once;
    the same for a merged person; two ids that had one each before they were one."""
    await contracts.deliver(entered("K"), entered("A"))
    body = {"person_id": "K", "disease": "hypertension", "found_on": "2016-01-10"}
    async with contracts.client() as client:
        answers = await asyncio.gather(
            *(client.post("/contracts/v1/disease-cases", json=body) for _ in range(5))
        )
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409]
    await contracts.deliver(merged())
    assert (await found(contracts, person="A", expected=409))["code"] == "disease_case_open_already"
    (listed,) = (await get(contracts, "disease-cases", person_id="A"))["items"]
    assert listed["person_id"] == "K"
    await contracts.deliver(unmerged())
    await found(contracts, person="A")
    assert len((await get(contracts, "disease-cases", batch="chronic_4"))["items"]) == 2
    assert (await get(contracts, "disease-cases", batch="major_14"))["items"] == []


async def test_wrong_input_is_told(contracts: Running) -> None:
    """Goal: field, fault and cure; goitre of grade I is not registered (LP-38); a foreign township
    sees nothing. Method: one wrong thing at a time."""
    await contracts.deliver(entered())
    for field, disease, body in (
        ("disease", "plague", {}),
        ("found_on", "hypertension", {"found_on": "2016-03-11"}),
        ("grade", "goitre", {"grade": 1}),
        ("grade", "goitre", {}),
    ):
        wrong = await found(contracts, disease, expected=422, **body)
        assert wrong["errors"][0]["field"] == field
    assert (await found(contracts, "goitre", grade=2))["grade"] == 2
    case = await found(contracts)
    async with contracts.client(f"township:{YONGHE}") as client:
        path = f"/contracts/v1/disease-cases/{case['case_id']}"
        assert (await client.get(path)).status_code == 404
        assert (await client.get("/contracts/v1/disease-cases")).json()["items"] == []
    lists = (await get(contracts, "disease-lists"))["items"]
    assert {each["batch"]: (each["size"], len(each["diseases"])) for each in lists} == {
        "major_14": (14, 14), "serious_34": (34, 34), "chronic_4": (4, 4),
    }  # fmt: skip


async def test_the_four_chronic_diseases_are_all_to_be_contracted(contracts: Running) -> None:
    """Goal: XB-20 on the balance sheet, and who is missing. Method: three ill, one signed, one
    withdrawn; a closed case no longer counts from its day."""
    await contracts.deliver(*(entered(f"P{i}") for i in range(5)))
    for i, disease in enumerate(("hypertension", "type2_diabetes", "severe_mental_disorder")):
        await found(contracts, disease, f"P{i}")
    wrong = await found(contracts, "hypertension", "P3")
    await post(contracts, f"disease-cases/{wrong['case_id']}/withdraw")
    await found(contracts, "stomach_cancer", "P4")
    await begin(contracts, "P0")
    four = (await sheet(contracts))["chronic_four"]
    assert (four["persons"], four["signed"], four["rate"]) == (3, 1, "0.3333")
    listed = await get(contracts, "balance-sheet/persons", bucket="unresolved")
    assert [p["person_id"] for p in listed["items"] if p["must_be_contracted"]] == ["P1", "P2"]
    before = (await sheet(contracts, month="2015-12"))["chronic_four"]
    assert (before["persons"], before["rate"]) == (0, None)
