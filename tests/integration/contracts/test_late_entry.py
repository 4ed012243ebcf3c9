"""A service that was entered long after it is kept and marked (XB-29)."""

from typing import Any

from services.contracts.programme.domain import LateEntry
from services.contracts.programme.service import programme_of
from tests.integration.contracts.screens import P1, P2
from tests.integration.contracts.stories import entered
from tests.integration.contracts.test_plans import post, visit
from tests.support.browsing import Screen, words
from tests.support.service import Running


async def test_what_was_entered_late_is_marked(contracts: Running, doctor: Screen) -> None:
    """Goal: kept, marked to the day, counted for the supervisor, asked of nobody without a document.

    Method: on 10 March seven days allowed: a visit, a check-up and drugs of the 2nd, of the 3rd, one
    of 31 January; a region that has no such rule.
    """
    await contracts.deliver(entered(P1, birth_year=1960), entered(P2))
    at = "2016-03-02T23:30:00+08:00"
    assert (await visit(contracts, person_id=P1, performed_at=at))["entered_late"] is False
    assert "补录" not in words(await doctor.get("/contracts/teams"))
    known = programme_of(contracts.context)
    rule = LateEntry(after_days=7, citation="XB-29", assumed=True)
    contracts.context.state["contracts.programme"] = known.model_copy(update={"late_entry": rule})

    drug: dict[str, Any] = {"disease": "hypertension", "total": "1.00"}
    for on, late in (("2016-03-02", True), ("2016-03-03", False), ("2016-01-31", True)):
        told = [
            await visit(contracts, person_id=P2, performed_at=f"{on}T00:30:00+08:00"),
            await post(contracts, "/check-ups", 201, person_id=P2, performed_on=on),
            await post(contracts, "/dispensings", 201, person_id=P2, dispensed_on=on, **drug),
        ]
        assert [each["entered_late"] for each in told] == [late] * 3
    async with contracts.client() as client:
        path = f"/contracts/v1/dispensings/{told[-1]['dispensing_id']}"
        assert (await client.get(path)).json()["entered_late"] is True
    page = words(await doctor.get(f"/contracts/persons/{P2}"))
    assert page.count(" 补录 ") == 6
    said = words(await doctor.get("/contracts/teams"))
    assert "补录：2016-02-01 以来的随访、体检和投药，7 天之后才录入(XB-29)" in said
    assert "此天数待县里确认" in said
    (sums,) = [row for row in said.split("合计") if row.strip().startswith("0 ")][:1]
    assert sums.split()[6] == "4"
