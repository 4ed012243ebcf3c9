"""Parts that add up, early warnings, data quality."""

from datetime import date
from decimal import Decimal
from typing import Any

from tests.integration.reporting.county import DISTRICT, JINHE, JINHE_HOSPITAL, YONGHE, bill, visit
from tests.integration.reporting.half_year import half_year
from tests.support.service import COUNTY, Running


async def test_the_parts_of_an_indicator(reporting: Running) -> None:
    """Goal: county → township → village → facility by the codes that are told. Method: go down
    for a figure of money; numerators and denominators add up at each step."""
    await reporting.deliver_together(*half_year())
    async with reporting.client() as client:
        way = ["county", JINHE, f"{JINHE}/曙光村"]
        for area in way:
            base = "/reporting/v1/indicators/personal_share"
            whole = (await client.get(base, params={"area": area})).json()
            parts = (await client.get(f"{base}/parts", params={"area": area})).json()["items"]
            for name in ("numerator", "denominator"):
                assert sum(Decimal(part[name]) for part in parts) == Decimal(whole[name]), area
        assert [part["area"] for part in parts] == [DISTRICT]
        people = await client.get(
            "/reporting/v1/indicators/contract_rate/parts", params={"area": way[-1]}
        )
        assert people.json()["items"] == []


async def test_early_warnings(reporting: Running) -> None:
    """Goal: households over the threshold, the highest first, each look logged, townships their
    own. Method: the half-year by hand: H1 (P1, P2) paid 1,031.27, P3's household 900.00."""
    await reporting.deliver_together(*half_year())
    path = "/reporting/v1/early-warnings"
    async with reporting.client() as client:
        told = (await client.get(path, params={"period": "2016"})).json()
        assert (told["threshold"], told["assumed"], told["items"]) == ("3000.00", True, [])
        some = await client.get(path, params={"period": "2016", "threshold": "900.00"})
        assert [(each["household_id"], each["paid"], each["patients"]) for each in some.json()["items"]] == [
            ("H1", "1031.27", 2)
        ]  # fmt: skip
        first = await client.get(path, params={"threshold": "0.00", "limit": 2})
        assert first.json()["period"] == "2016", "the threshold is a year's"
        rest = await client.get(
            path, params={"threshold": "0.00", "limit": 2, "cursor": first.json()["next_cursor"]}
        )
        items = first.json()["items"] + rest.json()["items"]
        assert [each["household_id"] for each in items] == ["H1", "H-P3", "H-P4"]
        for wrong in ("x", "-1.00", "1.001"):
            refused = await client.get(path, params={"threshold": wrong})
            assert refused.json()["code"] == "threshold_malformed", wrong
    async with reporting.client(f"township:{YONGHE}") as client:
        assert (await client.get(path)).json()["code"] == "area_not_yours"
        own = await client.get(path, params={"area": YONGHE, "threshold": "0.00"})
        assert [each["household_id"] for each in own.json()["items"]] == ["H-P3"]
    log = await reporting.rows("SELECT 1 FROM audit_log WHERE action = 'early_warnings.listed'")
    assert len(log) == 5


async def quality(service: Running, period: str) -> dict[str, Any]:
    async with service.client() as client:
        answer = await client.get("/reporting/v1/data-quality", params={"period": period})
    assert answer.status_code == 200, answer.text
    return {each["code"]: each for each in answer.json()["items"]}


async def test_data_quality(reporting: Running) -> None:
    """Goal: each kind of fault is found, and nothing else is. Method: the half-year has a person
    without a home and silent townships; then one fault of each kind."""
    await reporting.deliver_together(*half_year())
    clean = await quality(reporting, "2016-05")
    assert {code for code, check in clean.items() if check["count"]} == {
        "home_unknown", "entry_missing",
    }  # fmt: skip
    june = (await quality(reporting, "2016-06"))["township_silent"]
    assert [each["township"] for each in june["findings"]] == [YONGHE, JINHE]
    # P1 lies in two beds; E1 is billed twice; a bill of an unended stay; a month far off.
    may = [date(2016, 5, n) for n in range(1, 32)]
    twice = bill("E1", "P1", DISTRICT, "inpatient", date(2016, 3, 8), {}, 1_00)
    object.__setattr__(twice.data, "settlement_id", "S-E1-again")
    await reporting.deliver_together(
        *visit("Z1", "P1", JINHE_HOSPITAL, "inpatient", may[16], may[18]),
        *visit("Z2", "P2", DISTRICT, "inpatient", may[2], None),
        bill("Z2", "P2", DISTRICT, "inpatient", may[9], {}, 90_000_00),
        twice,
        *(
            each
            for month in (1, 2)
            for each in (
                *visit(f"Y{month}", "P2", DISTRICT, "outpatient", date(2016, month, 3), date(2016, month, 3)),
                bill(f"Y{month}", "P2", DISTRICT, "outpatient", date(2016, month, 3), {}, 900_00),
            )
        ),
    )  # fmt: skip
    async with reporting.client(COUNTY) as client:
        entry = {
            "code": "insurance_coverage", "period": "2016-05", "area": "county",
            "numerator": "9", "denominator": "10", "evidence": "名册",
        }  # fmt: skip
        headers = {"idempotency-key": "one"}
        await client.post("/reporting/v1/indicator-entries", json=entry, headers=headers)
    faulty = await quality(reporting, "2016-05")
    assert faulty["two_beds"]["findings"][0]["detail"]["other"] in ("Z1", "E5")
    assert faulty["impossible_visit"]["findings"][0]["detail"] == {"what": "settled_but_not_ended"}
    assert faulty["outlier"]["findings"][0]["township"] == JINHE
    assert (
        faulty["entry_unconfirmed"]["count"] == faulty["entry_contradicts_registry"]["count"] == 1
    )
    assert faulty["entry_missing"]["count"] == clean["entry_missing"]["count"] - 1
    ever = await quality(reporting, "all")
    assert ever["entry_missing"]["count"] == faulty["entry_missing"]["count"]
    march = await quality(reporting, "2016-03")
    assert march["bill_twice"]["findings"][0]["encounter_id"] == "E1"
    assert march["two_beds"]["count"] == 0
