"""Every shipped pack lived through: quotes and lifecycle say the same, and everything returns."""

import random
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from shared.clock import FixedClock
from shared.events.catalog import CategoryPeriod
from shared.policy.region import load_region
from tests.integration.claims.county import Claims, person

AMOUNTS = (
    "pack_version",
    "total",
    "waived",
    "out_of_catalogue",
    "over_limit",
    "self_first",
    "in_scope",
    "deductible",
    "payers",
    "patient_pays",
    "explanation",
    "gap",
    "assumptions",
)
KINDS = ("registration", "ct", "bed", "lab", "drug", "drug", "surgery", "other")
PROGRAMMES = (None, None, "major_14", "serious_34", "national_94", "chronic_4")


def random_lines(chance: random.Random) -> list[dict[str, Any]]:
    lines = []
    for number in range(chance.randint(1, 5)):
        line = {
            "line_no": number,
            "name": "项目",
            "kind": chance.choice(KINDS),
            "catalogue_class": chance.choice("AAABC"),
            "amount": f"{chance.randint(1, 1_500_000) / 100:.2f}",
        }
        if chance.random() < 0.2:
            line["price_limit"] = f"{chance.randint(1, 500_000) / 100:.2f}"
        lines.append(line)
    return lines


class Life:
    """One person's year under one pack."""

    def __init__(self, claims: Claims, pack: str, chance: random.Random, first_day: str) -> None:
        self.claims = claims
        self.pack = pack
        self.chance = chance
        self.region = load_region(pack)
        self.first = datetime.fromisoformat(f"{first_day}T09:00:00+08:00")
        self.settled: list[str] = []

    async def visit(self, number: int) -> None:
        """A visit of any kind at any institution; its settlement against a quote of the same."""
        chance = self.chance
        facility = chance.choice(self.region.facilities)
        kind = chance.choice(
            ["inpatient", "inpatient", "outpatient", "chronic_outpatient", "emergency"]
        )
        facts: dict[str, Any] = {
            "disease_programme": (
                "chronic_4" if kind == "chronic_outpatient" else chance.choice(PROGRAMMES)
            ),
            "referral": chance.random() < 0.5,
        }
        if kind == "inpatient" and chance.random() < 0.3:
            facts["disease_programme"] = chance.sample(PROGRAMMES[2:5], k=2)
        evidence: dict[str, Any] = {"card_presented": chance.random() < 0.5}
        if chance.random() < 0.4:
            evidence["stated_payments"] = {"commercial_insurance": "12.34"}
        issuers = self.region.referral_issuers
        admitted = self.first + timedelta(days=number)
        lines = random_lines(chance)
        encounter = await self.claims.opened(
            facility_code=facility.facility_code,
            visit_no=f"L{number}",
            type=kind,
            person_id="p-1",
            admitted_at=admitted.isoformat(),
            evidence=evidence,
            **facts,
            **(
                {"referral_issuer": min(issuers.facilities)}
                if issuers is not None and facts["referral"]
                else {}
            ),
        )
        path = f"/encounters/{encounter['encounter_id']}"
        for batch in range(0, len(lines), 2):
            await self.claims.good(
                "POST",
                f"{path}/charges",
                {"batch_no": f"B{batch}", "lines": lines[batch : batch + 2]},
            )
        left = admitted + timedelta(days=5 if kind == "inpatient" else 0)
        await self.claims.good("POST", f"{path}/discharge", {"discharged_at": left.isoformat()})
        standing = await self.claims.year_to_date("p-1", year=self.first.year)
        quote = await self.claims.good(
            "POST",
            "/settlements/quote",
            {
                "pack": self.pack,
                "visit": {
                    "type": kind,
                    "facility_level": facility.facility_level,
                    "in_region": facility.in_region,
                    "designated": facility.designated,
                    "admitted_on": admitted.date().isoformat(),
                    "discharged_on": left.date().isoformat() if kind == "inpatient" else None,
                    **facts,
                },
                "person": {"categories": ["registered_poor"]},
                "evidence": evidence,
                "year_to_date": standing,
                "lines": lines,
            },
        )
        preview = await self.claims.good("POST", f"{path}/settlement/preview")
        made = await self.claims.settled(encounter["encounter_id"])
        for name in AMOUNTS:
            assert quote[name] == preview[name] == made[name], (name, number, kind)
        assert quote.get("cuts") == made.get("cuts")
        self.settled.append(made["settlement_id"])


@pytest.mark.parametrize(
    ("pack", "first_day"),
    [
        ("jinkouhe-2016", "2016-04-01"),
        ("liangping-2019", "2019-10-20"),
        ("xinbin-2018", "2018-08-01"),
    ],
)
async def test_a_year_under_each_pack(
    start: Callable[..., Awaitable[Claims]], clock: FixedClock, pack: str, first_day: str
) -> None:
    """Goal: the stateless quote and the lifecycle agree; reversals return every account and year.

    Method: random visits of one poor person at all kinds of institutions, each quoted with the
    year so far and settled; then all reversed in another order.
    """
    clock.advance(timedelta(days=5 * 365))
    claims = await start(pack=pack)
    chance = random.Random(pack)
    poor = CategoryPeriod.model_validate({"code": "registered_poor", "valid_from": "2014-01-01"})
    await claims.deliver(person(categories=(poor,)))
    life = Life(claims, pack, chance, first_day)
    for number in range(12):
        await life.visit(number)
    assert await claims.differences() == []
    balances = await claims.balances()
    assert any(amount != "0.00" for amount in balances.values())
    chance.shuffle(life.settled)
    for settlement_id in life.settled:
        await claims.good("POST", f"/settlements/{settlement_id}/reverse", {"reason": "x"})
    assert set((await claims.balances()).values()) == {"0.00"}
    year = await claims.year_to_date("p-1", year=life.first.year)
    assert set(year.values()) == {"0.00"}
    assert await claims.differences() == []


async def test_the_card_may_be_shown_after_the_settlement(
    start: Callable[..., Awaitable[Claims]], clock: FixedClock
) -> None:
    """Goal: XB-06, "may be applied later". Method: settled without the card, noted, revised."""
    clock.advance(timedelta(days=5 * 365))
    claims = await start(pack="xinbin-2018")
    await claims.deliver(person())
    stay = {
        "facility_code": "H21042200101",
        "person_id": "p-1",
        "admitted_at": "2018-09-03T09:00:00+08:00",
        "disease_programme": "serious_34",
    }
    lines = [
        {
            "line_no": 1,
            "name": "合规",
            "kind": "other",
            "catalogue_class": "A",
            "amount": "26000.00",
        },
        {
            "line_no": 2,
            "name": "自费",
            "kind": "other",
            "catalogue_class": "C",
            "amount": "4000.00",
        },
    ]
    made = []
    for visit_no, card in (("WITH", True), ("WITHOUT", False)):
        encounter = await claims.opened(
            **stay, visit_no=visit_no, evidence={"card_presented": card}
        )
        path = f"/encounters/{encounter['encounter_id']}"
        await claims.good("POST", f"{path}/charges", {"batch_no": "B1", "lines": lines})
        await claims.good(
            "POST", f"{path}/discharge", {"discharged_at": "2018-09-10T09:00:00+08:00"}
        )
        made.append(await claims.settled(encounter["encounter_id"]))
        if card:
            await claims.good(
                "POST", f"/settlements/{made[0]['settlement_id']}/reverse", {"reason": "compare"}
            )
    with_card, without = made
    assert with_card["patient_pays"] == "0.00"
    assert float(without["patient_pays"]) > 4000
    await claims.good(
        "POST", f"/encounters/{without['encounter_id']}/evidence", {"card_presented": True}
    )
    revised = await claims.good(
        "POST", f"/settlements/{without['settlement_id']}/revise", {"reason": "card shown later"}
    )
    assert revised["payers"] == with_card["payers"]
    assert revised["voucher"]["to_patient"] == without["patient_pays"]
