"""Drugs handed out by family-doctor teams: the special fund, the year's cap, the ledger, clearing."""

import asyncio
import io
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from openpyxl import load_workbook

from services.claims.ledger import sealing
from shared.clock import FixedClock
from shared.events.catalog import DispensingRecorded, DispensingWithdrawn, DrugPaymentDecided
from shared.money import Fen
from tests.integration.claims.county import Claims, merged, person, unmerged
from tests.integration.claims.test_simulations import simulated
from tests.support.service import envelope

TEAM = "H21042200201"
OWED = f"payer:special_fund:{TEAM}"
SPECIAL = {"period": "2018-12", "fund": "special_fund"}
AT = datetime(2018, 9, 12, 2, 0, tzinfo=UTC)


def handed_out(number: int, fund: str, *, person_id: str = "p-1", withdrawn: bool = False) -> Any:
    """Drugs of which the window was told that the fund pays so much; the patient paid 100.00."""
    pays = Fen(round(float(fund) * 100))
    facts: dict[str, Any] = {
        "dispensing_id": f"D{number}",
        "person_id": person_id,
        "disease": "hypertension",
        "facility_code": TEAM,
        "team": TEAM,
        "dispensed_on": date(2018, 9, 12),
        "total": Fen(pays + 40_000),
        "insurance_paid": Fen(30_000),
        "fund_pays": pays,
        "patient_pays": Fen(10_000),
    }
    if withdrawn:
        return envelope(
            DispensingWithdrawn(**facts, reason="not_collected", withdrawn_at=AT),
            sequence=2,
            at=AT + timedelta(hours=1),
        )
    return envelope(DispensingRecorded(**facts), at=AT)


async def xinbin(start: Callable[..., Awaitable[Claims]], clock: FixedClock) -> Claims:
    clock.advance(timedelta(days=5 * 365))
    claims = await start(pack="xinbin-2018")
    for each in ("p-1", "p-2"):
        await claims.deliver(person(person_id=each))
    return claims


async def visit(claims: Claims, amount: str, **more: Any) -> Any:
    """A chronic outpatient's bill, ready to be settled; the insurance pays a fifth (XB-25)."""
    encounter = await claims.opened(
        facility_code=TEAM,
        type="chronic_outpatient",
        person_id="p-1",
        disease_programme="chronic_4",
        admitted_at="2018-09-12T09:00:00+08:00",
        **more,
    )
    path = f"/encounters/{encounter['encounter_id']}"
    line = {
        "line_no": 1,
        "name": "降压药",
        "kind": "drug",
        "catalogue_class": "A",
        "amount": amount,
    }
    await claims.good("POST", f"{path}/charges", {"batch_no": "B1", "lines": [line]})
    await claims.good("POST", f"{path}/discharge", {"discharged_at": "2018-09-12T10:00:00+08:00"})
    return encounter


async def decided(claims: Claims) -> dict[str, str]:
    return {
        each.dispensing_id: f"{int(each.fund_pays) / 100:.2f}"
        for each in await claims.events()
        if isinstance(each, DrugPaymentDecided)
    }


async def sound(claims: Claims) -> None:
    """The year is the sum of what used it, the ledger is what it books."""
    assert await claims.differences() == []
    async with claims.context.db.writing() as session:
        await sealing.seal(session)
    async with claims.context.db.reading() as session:
        assert (await sealing.verify(session)).faults == ()


async def test_one_cap_for_dispensings_and_visits_and_everything_returns(
    start: Callable[..., Awaitable[Claims]], clock: FixedClock
) -> None:
    """Goal: XB-25's cap is the person's, whichever way it is used; booked, cleared, reversible.

    Method: 700 handed out (told three times), a visit that would use 1,200, 500 handed out though
    nothing is left; the year, the ledger, the clearing run; then the first is withdrawn (twice),
    one is withdrawn before it is told; a merge and its undoing between.
    """
    claims = await xinbin(start, clock)
    for _ in range(3):
        await claims.hand_over(handed_out(1, "700.00"))
    bill = await visit(claims, "1500.00")
    made = await claims.settled(bill["encounter_id"])
    assert {each["payer"]: each["amount"] for each in made["payers"]}["special_fund"] == "300.00"
    await claims.hand_over(handed_out(2, "500.00"))
    assert await decided(claims) == {"D1": "700.00", "D2": "0.00"}
    assert (await claims.year_to_date("p-1", 2018))["chronic_drug_fund_paid"] == "1000.00"
    assert (await claims.balances())[OWED] == "1000.00"
    await sound(claims)

    run = await claims.good("POST", "/clearing-runs", SPECIAL)
    assert [(part["use"], part["amount"]) for part in run["parts"]] == [
        ("chronic_drugs", "1000.00")
    ]
    await claims.deliver(merged("p-2", "p-1"))
    for _ in range(2):
        await claims.hand_over(handed_out(1, "700.00", withdrawn=True))
    assert (await claims.year_to_date("p-2", 2018))["chronic_drug_fund_paid"] == "300.00"
    await sound(claims)
    await claims.deliver(unmerged("p-2", "p-1"))
    assert (await claims.year_to_date("p-1", 2018))["chronic_drug_fund_paid"] == "300.00"
    assert (await claims.balances())[OWED] == "300.00"
    await claims.hand_over(handed_out(3, "100.00", withdrawn=True))
    await claims.hand_over(handed_out(3, "100.00"))
    assert "D3" not in await decided(claims)
    await sound(claims)
    # What was taken off waits for the facility's next claim: it is nobody's debt in money.
    none = await claims.call("POST", "/clearing-runs", SPECIAL)
    assert none.json()["code"] == "nothing_to_clear"
    await claims.hand_over(handed_out(4, "700.00"))
    again = await claims.good("POST", "/clearing-runs", SPECIAL)
    assert [(part["use"], part["amount"]) for part in again["parts"]] == [("chronic_drugs", "0.00")]


async def test_a_replay_counts_what_was_handed_out(
    start: Callable[..., Awaitable[Claims]], clock: FixedClock
) -> None:
    """Goal: a simulation takes dispensings in their turn among the bills of whoever he is now.

    Method: 700 handed out to one id, 500 taken back, a bill of 1,200 after the insurance under
    another id of his, 200 handed out. The same pack changes nothing; with a limit of 900 the first
    rest of 800 is paid and the bill has 100; a pack without a limit takes them as paid.
    """
    claims = await xinbin(start, clock)
    await claims.deliver(merged("p-1", "p-2"))
    await claims.hand_over(handed_out(1, "700.00", person_id="p-2"))
    await claims.hand_over(handed_out(2, "100.00"))
    await claims.hand_over(handed_out(2, "100.00", withdrawn=True))
    await claims.settled((await visit(claims, "1500.00"))["encounter_id"])
    await claims.hand_over(handed_out(3, "200.00"))

    same = await simulated(claims, pack="xinbin-2018", period="2018")
    assert (same["status"], same["changed_count"]) == ("done", 0), same["fault"]
    assert same["dispensings"] | {"assumptions": None} == {
        "count": 2,
        "total": "1700.00",
        "basic_insurance": "600.00",
        "before": {"special_fund": "700.00", "patient_pays": "400.00"},
        "after": {"special_fund": "700.00", "patient_pays": "400.00"},
        "changed": 0,
        "as_paid": 0,
        "assumptions": None,
    }
    less = await simulated(
        claims, pack="xinbin-2018", period="2018", parameters={"chronic_drugs.annual_cap": "900.00"}
    )
    assert less["changed"][0]["payers"] == [
        {"payer": "special_fund", "before": "300.00", "after": "100.00"}
    ]
    assert less["dispensings"]["after"]["special_fund"] == "800.00"
    page = await claims.call("GET", f"/simulations/{less['simulation_id']}/report.xlsx")
    rows = list(load_workbook(io.BytesIO(page.content))["总览 Summary"].values)
    told = next(row for row in rows if row[0] and "Special fund for dispensings" in row[0])
    assert [f"{each:.2f}" for each in told[1:3]] == ["700.00", "800.00"]
    other = await simulated(claims, period="2018", population={"facility_levels": ["township"]})
    codes = {each["code"] for each in other["dispensings"]["assumptions"]}
    assert codes == {"dispensing_insurance_as_told", "dispensings_as_paid"}
    assert other["dispensings"]["after"]["special_fund"] == "700.00"


async def test_many_ways_at_once_never_pass_the_cap(
    start: Callable[..., Awaitable[Claims]], clock: FixedClock
) -> None:
    """Goal: concurrency. Method: eight dispensings and four settlements of one person at once."""
    claims = await xinbin(start, clock)
    bills = [await visit(claims, "250.00") for _ in range(4)]
    await asyncio.gather(
        *(claims.hand_over(handed_out(number, "200.00")) for number in range(8)),
        *(claims.settled(bill["encounter_id"]) for bill in bills),
    )
    assert (await claims.year_to_date("p-1", 2018))["chronic_drug_fund_paid"] == "1000.00"
    assert (await claims.balances())[OWED] == "1000.00"
    await sound(claims)
