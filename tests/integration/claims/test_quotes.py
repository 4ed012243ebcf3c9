"""Quotes over HTTP with the shipped packs: settlements of three counties, enrolment subsidies."""

from __future__ import annotations

from typing import Any

from tests.integration.claims.county import Claims

CHAIN: dict[str, Any] = {
    "pack": "liangping-2019",
    "visit": {
        "type": "inpatient",
        "facility_level": "secondary",
        "in_region": True,
        "discharged_on": "2019-11-20",
    },
    "person": {"categories": ["registered_poor"]},
    "lines": [
        {
            "line_no": 1,
            "name": "住院",
            "kind": "other",
            "catalogue_class": "A",
            "amount": "10400.00",
        }
    ],
}
SERIOUS: dict[str, Any] = {
    "pack": "xinbin-2018",
    "visit": {
        "type": "inpatient",
        "facility_level": "secondary",
        "discharged_on": "2018-09-12",
        "disease_programme": "serious_34",
    },
    "person": {"categories": ["registered_poor"]},
    "lines": [
        {
            "line_no": 1,
            "name": "合规",
            "kind": "other",
            "catalogue_class": "A",
            "amount": "2000.00",
        },
        {"line_no": 2, "name": "外", "kind": "other", "catalogue_class": "C", "amount": "300.00"},
    ],
}
ENROLMENT: dict[str, Any] = {
    "pack": "liangping-2019",
    "person": {"categories": ["registered_poor"], "poverty_status": "not_lifted"},
    "insurance_tier": 2,
    "insurance_year": 2020,
}


def payers_of(breakdown: dict[str, Any]) -> dict[str, str]:
    return {share["payer"]: share["amount"] for share in breakdown["payers"]}


async def test_a_quote_by_another_countys_pack(claims: Claims) -> None:
    """Goal: every shipped pack answers through the contract's fields, evidence and several
    programmes included. Method: Liangping's chain; Xinbin's 34 diseases without the card, with it,
    and together with one of the 14."""
    chain = await claims.good("POST", "/settlements/quote", CHAIN)
    assert chain["patient_pays"] == "519.00"
    assert payers_of(chain)["basic_insurance"] == "8670.00"
    assert "medical_aid.annual_cap" in chain["assumptions"]
    # In scope 2000: deductible 400, basic 1200, aid 560 of 800, so 240 are left of it.
    without = await claims.good("POST", "/settlements/quote", SERIOUS)
    assert without["patient_pays"] == "540.00"
    told = [step["text_zh"] for step in without["explanation"] if step["rule"] == "XB-06"]
    assert len(told) == 1
    assert "事后申请" in told[0]
    card = {"evidence": {"card_presented": True}}
    shown = await claims.good("POST", "/settlements/quote", SERIOUS | card)
    assert shown["patient_pays"] == "0.00"
    assert payers_of(shown)["special_fund"] == "240.00"
    assert payers_of(shown)["hospital"] == "300.00"
    both = SERIOUS["visit"] | {"disease_programme": ["serious_34", "major_14"]}
    several = await claims.good("POST", "/settlements/quote", SERIOUS | {"visit": both})
    assert several["patient_pays"] == "0.00"
    told_by = {"evidence": {"stated_payments": {"bank": "1.00"}}}
    refused = await claims.call("POST", "/settlements/quote", CHAIN | told_by)
    assert (refused.status_code, refused.json()["code"]) == (422, "unknown_value")


async def test_a_subsidy_is_quoted_with_its_article(claims: Claims) -> None:
    """Goal: the subsidy contract; a missing contribution is refused, as is every other fault.
    Method: LP-05 in tier 2, then one fault at a time."""
    quoted = await claims.good("POST", "/subsidies/quote", ENROLMENT, client="insurer")
    assert (quoted["subsidy"], quoted["person_pays"]) == ("250.00", "375.00")
    assert quoted["rule"] == "LP-05"
    assert quoted["citation"].endswith("LP-05")
    assert quoted["assumptions"] == ["subsidy.tier1_contribution", "subsidy.tier2_contribution"]
    assert quoted["explanation"][0]["ratio"] == "1.00"
    for change, code in (
        ({"insurance_year": 2031}, "missing_parameter"),
        ({"parameters": {"subsidy.tier2_contribution": None}}, "missing_parameter"),
        ({"pack": "atlantis-1999"}, "unknown_pack"),
        ({"pack": "jinkouhe-2016"}, "no_subsidies"),
        ({"insurance_tier": 3}, "unknown_value"),
        ({"insurance_tier": "one"}, "validation_failed"),
        ({"person": {"categories": ["rich"]}}, "unknown_value"),
        ({"person": {"poverty_status": "unsure"}}, "unknown_value"),
    ):
        refused = await claims.call("POST", "/subsidies/quote", ENROLMENT | change)
        assert (refused.status_code, refused.json()["code"]) == (422, code), refused.text
        assert refused.json()["errors"]
