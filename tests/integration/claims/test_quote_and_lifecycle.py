"""A year of visits settled through the lifecycle, each beside a stateless quote of the same facts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from shared.clock import SHANGHAI, FixedClock
from shared.events.catalog import CategoryPeriod
from tests.integration.claims.county import Claims, person

Start = Callable[..., Awaitable[Claims]]

PERSON = "p-1"
COUNTY, TOWNSHIP, CITY = "H21042200101", "H21042200201", "H21040200901"
LEVEL = {COUNTY: "secondary", TOWNSHIP: "township", CITY: "tertiary"}
POOR = CategoryPeriod(code="registered_poor", valid_from=date(2017, 1, 1))


def line(number: int, amount: str, kind: str = "other", **more: Any) -> dict[str, Any]:
    facts = {"line_no": number, "name": "项目", "kind": kind, "catalogue_class": "A"}
    return facts | {"amount": amount} | more


STAY = [
    line(1, "23456.78"),
    line(2, "1234.56", "ct"),
    line(3, "2345.67", "drug", catalogue_class="B"),
    line(4, "345.67", "material", catalogue_class="C"),
    line(5, "4567.89", "implant", self_first_ratio="0.33", catalogue_class="B"),
]
DRUGS = [
    line(1, "999.99", "drug"),
    line(2, "88.88", "drug", catalogue_class="C"),
    line(3, "77.77", "lab"),
]
VISITS: list[tuple[str, dict[str, Any], list[dict[str, Any]]]] = [
    (COUNTY, {"type": "inpatient"}, STAY),
    (CITY, {"type": "inpatient", "referral": True, "disease_programme": "major_14"}, STAY),
    (COUNTY, {"type": "inpatient", "disease_programme": "serious_34"}, STAY),
    (
        COUNTY,
        {
            "type": "inpatient",
            "disease_programme": "serious_34",
            "evidence": {"card_presented": True},
        },
        STAY,
    ),
    (TOWNSHIP, {"type": "chronic_outpatient", "disease_programme": "chronic_4"}, DRUGS),
    (TOWNSHIP, {"type": "chronic_outpatient", "disease_programme": "chronic_4"}, DRUGS),
    (TOWNSHIP, {"type": "outpatient"}, [line(1, "10.00", "registration"), line(2, "33.33", "lab")]),
]
SAME = ("total", "waived", "in_scope", "deductible", "payers", "patient_pays", "gap")


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(_at(date(2019, 12, 20)))


def _at(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 10, tzinfo=SHANGHAI)


async def test_the_stateless_quote_and_the_lifecycle_agree(start: Start) -> None:
    """Goal: one engine: preview, settlement and quote say the same to the fen, all year long.

    Method: a year of a poor person in Xinbin, of every kind of visit and payer; before each
    settlement the person's standing and the visit's facts are sent as a quote.
    """
    claims = await start(pack="xinbin-2018")
    region = {"organisation": "region:210422"}
    await claims.deliver(person(person_id=PERSON, categories=(POOR,)))
    day = date(2019, 1, 10)
    payers: set[str] = set()
    for facility, facts, lines in VISITS:
        day += timedelta(days=20)
        left = day + timedelta(days=5 if facts["type"] == "inpatient" else 0)
        standing = await claims.good("GET", f"/persons/{PERSON}/standing", year=2019, **region)
        opened = await claims.good(
            "POST",
            "/encounters",
            {
                "facility_code": facility,
                "visit_no": f"ZY{day:%Y%m%d}",
                "person_id": PERSON,
                "admitted_at": _at(day).isoformat(),
                **facts,
                **({"referral_issuer": COUNTY} if facility == CITY else {}),
            },
            **region,
        )
        path = f"/encounters/{opened['encounter_id']}"
        batches = {"B1": lines[:2], "B2": lines[2:]}
        for batch, part in batches.items():
            if part:
                await claims.good(
                    "POST", f"{path}/charges", {"batch_no": batch, "lines": part}, **region
                )
        gone = {"discharged_at": _at(left).isoformat(), "diagnoses": ["J18.900"]}
        await claims.good("POST", f"{path}/discharge", gone, **region)
        quoted = await claims.good(
            "POST",
            "/settlements/quote",
            {
                "pack": "xinbin-2018",
                "visit": {
                    "type": facts["type"],
                    "facility_level": LEVEL[facility],
                    "in_region": facility != CITY,
                    "referral": facts.get("referral", False),
                    "disease_programme": facts.get("disease_programme"),
                    "admitted_on": day.isoformat(),
                    "discharged_on": left.isoformat() if facts["type"] == "inpatient" else None,
                },
                "person": {"categories": ["registered_poor"]},
                "evidence": facts.get("evidence"),
                "year_to_date": standing["year_to_date"],
                "lines": lines,
            },
            **region,
        )
        shown = await claims.good("POST", f"{path}/settlement/preview", **region)
        settled = await claims.good("POST", f"{path}/settlement", **region)
        for field in SAME:
            assert quoted[field] == shown[field] == settled[field], (facts, field)
        payers |= {share["payer"] for share in settled["payers"] if share["amount"] != "0.00"}
    assert payers == {
        "waiver_fund",
        "basic_insurance",
        "critical_illness",
        "medical_aid",
        "special_fund",
        "hospital",
    }
    trial = await claims.good("GET", "/ledger/trial-balance", **region)
    assert trial["total"] == "0.00"
