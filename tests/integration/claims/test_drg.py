"""The DRG pilot: exactly the named hospitals, the hospital's group, the difference shown."""

from typing import Any

from tests.integration.claims.county import DISTRICT, TOWNSHIP, Claims, person

PILOT = {
    "facilities": [DISTRICT],
    "weights": {"ES15": "0.85"},
    "rate": "6000.00",
    "valid_from": "2016-01-01",
    "document": "医保〔2016〕12号",
}


async def settled(claims: Claims, facility: str) -> dict[str, Any]:
    visit = await claims.discharged(person_id="p-1", facility_code=facility)
    return await claims.settled(visit["encounter_id"])


async def grouped(claims: Claims, settlement: dict[str, Any], group: str = "ES15") -> Any:
    body = {"settlement_id": settlement["settlement_id"], "group_code": group}
    return await claims.call("POST", "/drg/cases", body)


async def test_a_pilot_of_one_hospital(claims: Claims) -> None:
    """Goal: the price by group beside the items'; nobody else's stay is grouped (KZ-08).

    Method: example A, 5,000.00: 500.00 out of catalogue, 270.00 self-first, 200.00 deductible.
    The standard is 5,100.00: the fund pays (5,100 − 970) × 0.83 = 3,427.90, by item 3,344.90.
    """
    await claims.deliver(person(person_id="p-1"))
    home, other = await settled(claims, DISTRICT), await settled(claims, TOWNSHIP)
    assert (await grouped(claims, home)).json()["code"] == "not_in_pilot"
    await claims.good("POST", "/drg/pilots", PILOT)
    assert (await claims.call("POST", "/drg/pilots", PILOT)).json()["code"] == "pilot_overlaps"
    wrong = await claims.call("POST", "/drg/pilots", PILOT | {"facilities": ["nowhere"]})
    assert wrong.json()["code"] == "pilot_refused"

    found = await grouped(claims, home)
    assert found.status_code == 201, found.text
    case = found.json()
    assert (case["standard"], case["before_insurance"], case["ratio"]) == (
        "5100.00",
        "970.00",
        "0.83",
    )
    assert (case["fund_by_group"], case["fund_by_item"], case["difference"]) == (
        "3427.90",
        "3344.90",
        "83.00",
    )
    assert (await grouped(claims, home)).json() == case
    assert (await grouped(claims, home, "GB15")).json()["code"] == "unknown_group"
    assert (await grouped(claims, other)).json()["code"] == "not_in_pilot"
    assert (await grouped(claims, {"settlement_id": "0" * 36})).status_code == 404
    listed = await claims.good("GET", "/drg/cases")
    assert (listed["cases"], listed["difference"], listed["case_mix_index"]) == (
        1,
        "83.00",
        "0.8500",
    )
    elsewhere = await claims.good("GET", "/drg/cases", organisation=f"facility:{TOWNSHIP}")
    assert elsewhere["cases"] == 0
    await claims.good("POST", f"/settlements/{home['settlement_id']}/reverse", {"reason": "x"})
    assert (await claims.good("GET", "/drg/cases"))["cases"] == 0
    assert (await grouped(claims, home)).json()["code"] == "not_grouped"
