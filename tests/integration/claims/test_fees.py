"""Fees of family-doctor teams: told by contracts, owed by the special fund, paid through clearing."""

import io
from datetime import date
from typing import Any

import openpyxl

from services.claims.ledger import sealing
from shared.events.catalog import FeeDue, FeeShare
from shared.money import Fen
from tests.integration.claims.county import NOW, TOWNSHIP, Claims, person
from tests.support.service import envelope

OWED = f"payer:special_fund:{TOWNSHIP}"
OPENING = {
    "amount": "1000.00",
    "year": 2016,
    "document": "金财发〔2016〕3号",
    "booked_on": "2016-01-05",
}


def due(statement_id: str = "F1", **changes: Any) -> FeeDue:
    """Ten contracts and two check-ups of February."""
    return FeeDue(
        **{
            "statement_id": statement_id,
            "team": TOWNSHIP,
            "period": "2016-02",
            "count": 12,
            "amount": Fen(38_000),
            "issued_on": date(2016, 3, 1),
            "shares": (
                FeeShare(use="contract_fee", count=10, amount=Fen(8_000)),
                FeeShare(use="check_up", count=2, amount=Fen(30_000)),
            ),
            **changes,
        }
    )


async def step(claims: Claims, run: Any, name: str, client: str) -> Any:
    return await claims.call("POST", f"/clearing-runs/{run['run_id']}/{name}", client=client)


async def collected(claims: Claims, **more: Any) -> Any:
    return await claims.good("POST", "/clearing-runs", {"period": "2016-03", **more})


async def test_a_statement_is_owed_and_paid_once(claims: Claims) -> None:
    """Goal: from the event to the money, each statement once, the ledger in balance.

    Method: the event three times, beside a bill of the same hospital; collect, cancel, collect
    again, approve, pay; the special fund is opened only then; a second run finds nothing.
    """
    told = envelope(due(), at=NOW)
    for _ in range(3):
        await claims.hand_over(told)
    await claims.deliver(person())
    visit = await claims.discharged(person_id="p-1", facility_code=TOWNSHIP)
    await claims.settled(visit["encounter_id"])
    assert (await claims.balances())[OWED] == "380.00"

    draft = await collected(claims)
    path = f"/clearing-runs/{draft['run_id']}/cancel"
    await claims.good("POST", path, {"reason": "test"})
    run = await collected(claims)
    fees = {part["use"]: part for part in run["parts"] if part["fund"] == "special_fund"}
    assert {use: part["amount"] for use, part in fees.items()} == {
        "contract_fee": "80.00",
        "check_up": "300.00",
    }
    assert len(run["parts"]) > 2
    listed = await claims.good("GET", f"/clearing-runs/{run['run_id']}/fees")
    assert [(each["use"], each["count"], each["amount"]) for each in listed["items"]] == [
        ("check_up", 2, "300.00"),
        ("contract_fee", 10, "80.00"),
    ]
    for name, client in (("submit", "hospital"), ("approve", "insurer")):
        assert (await step(claims, run, name, client)).status_code == 200
    short = await step(claims, run, "paid", "insurer")
    assert short.json()["code"] == "fund_insufficient"
    opened = await claims.call("POST", "/funds/special_fund/opening", OPENING)
    assert opened.status_code == 201, opened.text
    assert (await step(claims, run, "paid", "insurer")).json()["status"] == "paid"

    balances = await claims.balances()
    assert balances.get(OWED, "0.00") == "0.00"
    assert balances["spent:special_fund:contract_fee"] == "80.00"
    assert balances["spent:special_fund:check_up"] == "300.00"
    assert balances["fund:special_fund"] == "620.00"
    answer = await claims.call("GET", f"/clearing-runs/{run['run_id']}/statement.xlsx")
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content))["服务费"]
    assert [row[6:] for row in sheet.iter_rows(min_row=2, values_only=True)] == [
        (2, 300),
        (10, 80),
        (None, 380),
    ]
    async with claims.context.db.writing() as session:
        await sealing.seal(session)
    async with claims.context.db.reading() as session:
        assert (await sealing.verify(session)).faults == ()
    again = await claims.call("POST", "/clearing-runs", {"period": "2016-03"})
    assert again.json()["code"] == "nothing_to_clear"
    await claims.hand_over(envelope(due("F2", count=10, shares=due().shares[:1]), at=NOW))
    assert [part["amount"] for part in (await collected(claims))["parts"]] == ["80.00"]
    position = await claims.good("GET", "/funds/special_fund", as_of="2016-03-10")
    assert (position["balance"], position["owed"]) == ("620.00", "80.00")


async def test_a_run_of_one_fund_or_facility(claims: Claims) -> None:
    """Goal: the filters hold for fees. Method: another fund's, another hospital's, an earlier
    month's run find nothing; the right one does."""
    await claims.hand_over(envelope(due(), at=NOW))
    for wrong in (
        {"fund": "medical_aid"},
        {"facility_code": "H51111300101"},
        {"period": "2016-02"},
    ):
        answer = await claims.call("POST", "/clearing-runs", {"period": "2016-03", **wrong})
        assert answer.json()["code"] == "nothing_to_clear", wrong
    run = await collected(claims, fund="special_fund", facility_code=TOWNSHIP)
    assert run["amount"] == "380.00"
