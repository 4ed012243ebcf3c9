"""Drugs of a long prescription are reminded of before they run out (KZ-12)."""

import asyncio
from datetime import timedelta
from typing import Any

from services.contracts.plans.service import plan_everyone
from shared.events.catalog import PersonLeft
from tests.integration.contracts.stories import entered
from tests.integration.contracts.test_contract_states import told
from tests.integration.contracts.test_plans import enrol, listed, post, visit
from tests.support.service import Running

REFILLS = "SELECT due_on, status, outcome FROM tasks WHERE rule LIKE '%refill' ORDER BY due_on, 3"


async def drugs(service: Running, day: str, days: int | None = 30, **changes: Any) -> Any:
    body = {
        "person_id": "P1",
        "disease": "hypertension",
        "dispensed_on": day,
        "total": "30.00",
        "insurance_paid": "0.00",
        **({"days": days} if days is not None else {}),
        **changes,
    }
    return await post(service, "/dispensings", 201, **body)


async def taken_back(service: Running, dispensing: Any) -> Any:
    path = f"/dispensings/{dispensing['dispensing_id']}/withdraw"
    return await post(service, path, 200, reason="entered_in_error")


async def refills(service: Running) -> list[tuple[str, str | None]]:
    """Due day and outcome of each, None while it is open."""
    return [(f"{row['due_on']:%m-%d}", row["outcome"]) for row in await service.rows(REFILLS)]


async def on_list(service: Running) -> list[str]:
    return [each["rule"] for each in (await listed(service))["items"]]


async def test_reminded_a_week_before_and_done_by_the_next(contracts: Running) -> None:
    """Goal: a draft, then on the list, done by the next dispensing alone, which reminds anew.

    Method: 30 days from 10 March; a follow-up for it; a week's drugs meanwhile; the next 30 at once
    by eight; a supply whose length nobody said.
    """
    await contracts.deliver(entered())
    first = await drugs(contracts, "2016-03-10")
    assert (first["days"], first["next_due_on"]) == (30, "2016-04-09")
    assert await on_list(contracts) == []
    contracts.clock.advance(timedelta(days=23))
    await plan_everyone(contracts.context)
    (task,) = (await listed(contracts))["items"]
    assert (task["rule"], task["due_on"], task["opens_on"], task["closes_on"], task["state"]) == (
        "hypertension_refill", "2016-04-09", "2016-04-02", "2016-04-23", "ready",
    )  # fmt: skip
    refused = await visit(contracts, 409, task_id=task["task_id"], disease=None, measurements=None)
    assert refused["code"] == "task_wants_drugs"
    assert (await drugs(contracts, "2016-04-02", 7))["next_due_on"] == "2016-04-09"
    assert await on_list(contracts) == ["hypertension_refill"]
    await asyncio.gather(*(drugs(contracts, "2016-04-02") for _ in range(8)))
    done = [("04-09", "dispensed"), *[("05-02", "no_longer_due")] * 7, ("05-02", None)]
    assert sorted(await refills(contracts), key=str) == sorted(done, key=str)
    closed = [e["payload"] for e in await contracts.published() if e["type"].endswith("closed.v1")]
    assert [(each["rule"], each["outcome"]) for each in closed] == [
        ("hypertension_refill", "dispensed")
    ]
    contracts.clock.advance(timedelta(days=28))
    unsaid = await drugs(contracts, "2016-04-30", None)
    assert (unsaid["next_due_on"], await on_list(contracts)) == (None, [])


async def test_what_is_withdrawn_undoes_what_it_did(contracts: Running) -> None:
    """Goal: the supply before is reminded of again, and nothing of what was not handed out.

    Method: a refill withdrawn within the window; the supply itself withdrawn after its miss.
    """
    await contracts.deliver(entered())
    first = await drugs(contracts, "2016-03-10")
    contracts.clock.advance(timedelta(days=25))
    second = await drugs(contracts, "2016-04-04")
    assert await refills(contracts) == [("04-09", "dispensed"), ("05-04", None)]
    assert (await taken_back(contracts, second))["next_due_on"] == "2016-04-09"
    assert await refills(contracts) == [("04-09", None), ("05-04", "no_longer_due")]
    assert await on_list(contracts) == ["hypertension_refill"]
    contracts.clock.advance(timedelta(days=30))
    await plan_everyone(contracts.context)
    assert (await refills(contracts))[0] == ("04-09", "missed")
    await taken_back(contracts, first)
    assert await refills(contracts) == [("04-09", "no_longer_due"), ("05-04", "no_longer_due")]


async def test_a_miss_that_was_none_and_drugs_told_late(contracts: Running) -> None:
    """Goal: who came in time is not held for missing; what was used up when it was told reminds of
    nothing. Method: missed, then the dispensing of a day in the window; one of long ago."""
    await contracts.deliver(entered())
    await drugs(contracts, "2016-03-10")
    contracts.clock.advance(timedelta(days=60))
    await plan_everyone(contracts.context)
    assert await refills(contracts) == [("04-09", "missed")]
    late = await drugs(contracts, "2016-04-20", 14)
    assert (late["next_due_on"], await refills(contracts)) == (None, [("04-09", "dispensed")])
    assert (await drugs(contracts, "2016-01-04", disease="tuberculosis"))["next_due_on"] is None


async def test_nobody_is_reminded_of_what_he_no_longer_takes(contracts: Running) -> None:
    """Goal: no reminder once treatment has ended, the person is let go, or dead; each disease has
    its own. Method: tuberculosis ended at a visit; hypertension let go; diabetes until he dies."""
    await contracts.deliver(entered())
    held = await enrol(contracts)
    await enrol(contracts, programme="tuberculosis")
    for disease in ("hypertension", "tuberculosis", "type2_diabetes"):
        await drugs(contracts, "2016-03-10", disease=disease)
    contracts.clock.advance(timedelta(days=25))
    await plan_everyone(contracts.context)
    refill = {"hypertension_refill", "tuberculosis_refill", "diabetes_refill"}
    assert refill <= set(await on_list(contracts))
    ended = {"phase": "continuation", "supervision": "medical_staff", "treatment_ended": True}
    await visit(contracts, disease="tuberculosis", measurements=ended)
    await post(
        contracts, f"/enrolments/{held['enrolment_id']}/end", 200,
        ended_on="2016-04-04", reason="cured",
    )  # fmt: skip
    assert refill & set(await on_list(contracts)) == {"diabetes_refill"}
    await contracts.deliver(told(PersonLeft, 2, until="2016-04-03", reason="died"))
    assert refill & set(await on_list(contracts)) == set()
