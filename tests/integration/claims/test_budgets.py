"""A community's year: agreement, advances, members treated elsewhere, the year's end, the ledger."""

import asyncio
from datetime import timedelta
from typing import Any

from services.claims.ledger import repository as ledger
from shared.clock import FixedClock
from tests.integration.claims.county import DISTRICT, OUTSIDE, TOWNSHIP, Claims, person

TERMS = {
    "year": 2016,
    "community": "金口河区医共体",
    "insurance_plan": "390",
    "lead_facility_code": DISTRICT,
    "approved": "12000.00",
    "risk_reserve_ratio": "0.05",
    "critical_illness": "400.00",
}
SIGNED = {"document": "协议2016-1", "signed_on": "2016-01-05"}


async def signed(claims: Claims, **more: Any) -> str:
    made = await claims.good("POST", "/budgets", TERMS | more)
    path = f"/budgets/{made['agreement_id']}"
    await claims.good("POST", f"{path}/sign", SIGNED, client="insurer")
    return path


async def faults(claims: Claims) -> list[str]:
    async with claims.context.db.reading() as session:
        return await ledger.faults_of(session, 10)


async def settle(claims: Claims, who: str, facility: str) -> dict[str, Any]:
    visit = await claims.discharged(person_id=who, facility_code=facility)
    return await claims.settled(visit["encounter_id"])


async def test_a_year_with_a_surplus(claims: Claims, clock: FixedClock) -> None:
    """Goal: figures by hand, the ledger in balance, nothing cleared twice.

    Method: 12,000.00 less 5 % and 400.00 leaves 11,000.00. A member's stay at home and one in
    another city; the first is not cleared any more, the second is, and is charged to the community.
    """
    await claims.deliver(person(person_id="p-1"))
    path = await signed(claims)
    home = await settle(claims, "p-1", DISTRICT)
    away = await settle(claims, "p-1", OUTSIDE)
    paid = {
        name: next(p["amount"] for p in each["payers"] if p["payer"] == "basic_insurance")
        for name, each in (("home", home), ("away", away))
    }
    assert paid == {"home": "3344.90", "away": "3344.90"}
    run = await claims.good(
        "POST", "/clearing-runs", {"period": "2016-03", "fund": "basic_insurance"}
    )
    assert {part["facility_code"] for part in run["parts"]} == {OUTSIDE}

    await claims.good("POST", "/funds/basic_insurance/opening", {
        "amount": "20000.00", "year": 2016, "document": "金财〔2016〕1号", "booked_on": "2016-01-01",
    })  # fmt: skip
    for month in (1, 2):
        answers = await asyncio.gather(
            *(
                claims.call("POST", f"{path}/advances", {"month": month}, client="insurer")
                for _ in range(3)
            )
        )
        assert sorted(answer.status_code for answer in answers) == [201, 409, 409]
    seen = await claims.good("GET", path)
    assert (seen["bundled"], seen["advanced"]) == ("11000.00", "1833.34")
    assert (seen["actual"], seen["elsewhere"]) == ("6689.80", "3344.90")
    assert seen["months"][11] == {"month": 12, "amount": "916.63", "paid_on": None}

    early = await claims.call("POST", f"{path}/year-end", {}, client="insurer")
    assert early.json()["code"] == "year_not_over"
    clock.advance(timedelta(days=310))
    ended = (await claims.good("POST", f"{path}/year-end", {}, client="insurer"))["year_end"]
    # Surplus 11,000.00 − 6,689.80 = 4,310.20, kept; of 11,000.00 due, 1,833.34 were advanced and
    # 3,344.90 go to the other city.
    assert {name: ended[name] for name in ("surplus", "kept", "due", "direct", "final")} == {
        "surplus": "4310.20",
        "kept": "4310.20",
        "due": "11000.00",
        "direct": "3344.90",
        "final": "5821.76",
    }
    balances = await claims.balances()
    assert balances["fund:basic_insurance"] == "12344.90"
    assert balances["spent:basic_insurance:benefits"] == "7655.10"
    assert balances.get(f"advance:basic_insurance:{DISTRICT}", "0.00") == "0.00"
    assert balances.get(f"payer:basic_insurance:{DISTRICT}", "0.00") == "0.00"
    assert balances[f"payer:basic_insurance:{OUTSIDE}"] == "3344.90"
    again = await claims.call("POST", f"{path}/year-end", {}, client="insurer")
    assert again.json()["code"] == "year_settled"
    late = await claims.call("POST", f"{path}/advances", {"month": 3}, client="insurer")
    assert late.json()["code"] == "year_settled"
    assert await faults(claims) == []


async def test_overspent_by_terms(claims: Claims, clock: FixedClock) -> None:
    """Goal: an overspend is shared by the agreement. Method: 6,000.00 against 6,689.80, half each."""
    await claims.deliver(person(person_id="p-1"))
    path = await signed(
        claims, approved="6000.00", risk_reserve_ratio="0", critical_illness="0.00",
        overspend_ratio="0.5",
    )  # fmt: skip
    await settle(claims, "p-1", DISTRICT)
    await settle(claims, "p-1", TOWNSHIP)
    actual = (await claims.good("GET", path))["actual"]
    clock.advance(timedelta(days=310))
    refused = await claims.call(
        "POST", f"{path}/year-end", {"unreasonable": "5000.00"}, client="insurer"
    )
    assert refused.json()["code"] == "budget_refused"
    ended = (await claims.good("POST", f"{path}/year-end", {}, client="insurer"))["year_end"]
    over = round(float(actual) * 100) - 600_000
    assert ended["overspend"] == f"{over / 100:.2f}"
    assert round(float(ended["borne"]) * 100) == (over + 1) // 2
    assert await faults(claims) == []


async def test_only_its_own_people(claims: Claims) -> None:
    """Goal: two communities, each answers for its townships' people. Method: p-1 lives in 永和镇."""
    await claims.deliver(person(person_id="p-1"))
    ours = await signed(claims, townships=["永和镇"], facilities=[DISTRICT])
    other = {"community": "金河医共体", "townships": ["金河镇"], "lead_facility_code": TOWNSHIP}
    theirs = await signed(claims, **other, facilities=[TOWNSHIP])
    await settle(claims, "p-1", TOWNSHIP)
    assert (await claims.good("GET", ours))["elsewhere"] != "0.00"
    assert (await claims.good("GET", theirs))["actual"] == "0.00"
    third = await claims.good("POST", "/budgets", TERMS | other | {"community": "第三医共体"})
    overlapping = await claims.call(
        "POST", f"/budgets/{third['agreement_id']}/sign", SIGNED, client="insurer"
    )
    assert overlapping.json()["code"] == "budget_overlaps"
    employees = await signed(claims, insurance_plan="310", community="职工")
    assert (await claims.good("GET", employees))["actual"] == "0.00"
    assert len((await claims.good("GET", "/budgets", year=2016))["items"]) == 4


async def test_what_is_refused(claims: Claims) -> None:
    """Goal: nothing is paid without an agreement, and each fault is named. Method: one by one."""
    made = await claims.good("POST", "/budgets", TERMS)
    path = f"/budgets/{made['agreement_id']}"
    for step, body in (("advances", {"month": 1}), ("year-end", {})):
        refused = await claims.call("POST", f"{path}/{step}", body, client="insurer")
        assert (refused.status_code, refused.json()["code"]) == (409, "no_agreement")
    own = await claims.call("POST", f"{path}/sign", SIGNED)
    assert own.json()["code"] == "same_person_twice"
    nobody = "/budgets/01890a5d-ac96-774b-bcce-b302099a8057/advances"
    assert (await claims.call("POST", nobody, {"month": 1})).status_code == 404
    for body, code in (
        ({"approved": "400.00"}, "budget_refused"),
        ({"lead_facility_code": "nowhere"}, "budget_refused"),
        ({"townships": ["nowhere"]}, "budget_refused"),
        ({"facilities": [TOWNSHIP]}, "budget_refused"),
        ({"deposit_ratio": "1.5"}, "validation_failed"),
        ({"community": "金口河区医共体"}, "budget_overlaps"),
    ):
        answer = await claims.call("POST", "/budgets", TERMS | body)
        assert answer.json()["code"] == code, (body, answer.text)
    hidden = await claims.call("GET", path, organisation=f"facility:{DISTRICT}")
    assert hidden.status_code == 404
    await claims.good("POST", f"{path}/sign", SIGNED, client="insurer")
    await claims.good("POST", f"{path}/advances", {"month": 1}, client="insurer")
    document = {"approved": "13000.00", "document": "医保〔2016〕9号"}
    early = await claims.call("POST", f"{path}/adjust", document | {"from_month": 2})
    assert early.is_success
    twice = await claims.call("POST", f"{path}/adjust", document | {"from_month": 2})
    assert twice.json()["code"] == "budget_refused"
    adjusted = await claims.good("GET", path)
    total = sum(round(float(each["amount"]) * 100) for each in adjusted["months"])
    assert total == 1_195_000
    await claims.good("POST", "/funds/basic_insurance/opening", {
        "amount": "1.00", "year": 2016, "document": "金财〔2016〕1号", "booked_on": "2016-01-01",
    })  # fmt: skip
    poor = await claims.call("POST", f"{path}/advances", {"month": 2}, client="insurer")
    assert poor.json()["code"] == "fund_insufficient"
