"""Who cannot come is visited at home (KZ-16)."""

from datetime import timedelta

from services.contracts.plans.service import plan_everyone
from tests.integration.contracts.screens import P1, act
from tests.integration.contracts.test_plans import visit
from tests.support.browsing import Screen, words
from tests.support.service import Running

OPEN = "SELECT rule, due_on::text FROM tasks WHERE programme = 'home_care' AND status = 'open'"


async def test_visited_at_home_until_he_walks_again(contracts: Running, doctor: Screen) -> None:
    """Goal: taken in on the person's page, half-yearly at home alone, over when he walks.

    Method: the form with a day in the future, then well; a visit at the clinic, one at home, one that
    finds him walking.
    """
    page = f"/contracts/persons/{P1}"
    late = await doctor.post(f"{page}/home-care", {"started_on": "2016-03-11"})
    assert (late.status_code, 'id="home-care-started_on-fault"' in late.text) == (422, True)
    said = await act(doctor, P1, "home-care", started_on="2016-03-10")
    assert "已纳入上门服务" in said
    assert "登记行动不便" not in words(await doctor.get(page))
    assert "记录一次随访：行动不便老年人上门服务" in said
    assert [tuple(row.values()) for row in await contracts.rows(OPEN)] == [
        ("home_care_half_yearly", "2016-09-10")
    ]
    contracts.clock.advance(timedelta(days=160))
    await plan_everyone(contracts.context)
    care = {"person_id": P1, "disease": "home_care"}
    await visit(contracts, **care, way="clinic", measurements={"mobility": "helped"})
    assert len(await contracts.rows(OPEN)) == 1
    seen = await visit(contracts, **care, measurements={"mobility": "bedridden", "fallen": True})
    assert (seen["classification"], seen["control_status"], seen["next_due_on"]) == (
        "seen", None, "2017-02-17",
    )  # fmt: skip
    over = await visit(contracts, **care, measurements={"mobility": "walks"})
    assert (over["classification"], over["next_due_on"]) == ("mobile", None)
    assert await contracts.rows(OPEN) == []
