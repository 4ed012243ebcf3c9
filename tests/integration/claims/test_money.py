"""Caps, reversals and the ledger: nothing twice, nothing lost, nothing unbalanced."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from shared.events.catalog import SettlementReversed
from shared.money import fen_from_text
from tests.integration.claims.county import (
    DISTRICT,
    TOWNSHIP,
    Claims,
    pack_with,
    person,
    recognition,
)

PLAIN: list[dict[str, Any]] = [
    {"line_no": 1, "name": "甲类", "kind": "drug", "catalogue_class": "A", "amount": "5000.00"}
]


@pytest.mark.parametrize("count", [2, 8])
async def test_parallel_visits_share_one_annual_cap(
    start: Callable[..., Awaitable[Claims]], tmp_path: Path, count: int
) -> None:
    """Goal: hospitals settling at once never spend a cap twice.

    Method: caps below the bills; the settlements in parallel; sums against the caps.
    """
    packs = pack_with(
        tmp_path / "packs", {"basic.annual_cap": "6000.00", "medical_aid.annual_cap": "1000.00"}
    )
    claims = await start(packs=str(packs))
    await claims.deliver(person())
    visits = [
        await claims.discharged(PLAIN, person_id="p-1", facility_code=facility)
        for facility in (DISTRICT, TOWNSHIP) * (count // 2)
    ]
    settlements = await asyncio.gather(*(claims.settled(visit["encounter_id"]) for visit in visits))
    paid = [
        {payer["payer"]: payer["amount"] for payer in settlement["payers"]}
        for settlement in settlements
    ]
    total = {
        payer: sum(fen_from_text(shares[payer]) for shares in paid)
        for payer in ("basic_insurance", "medical_aid")
    }
    assert total == {"basic_insurance": 600_000, "medical_aid": 100_000}
    standing = await claims.year_to_date("p-1")
    assert (standing["basic_paid"], standing["medical_aid_paid"]) == ("6000.00", "1000.00")


async def test_a_reversal_returns_everything_and_the_visit_can_be_settled_again(
    claims: Claims,
) -> None:
    """Goal: an exact opposite. Method: settle twice, reverse the first, compare, settle again."""
    await claims.deliver(recognition("ZY1"))
    await claims.deliver(person())
    other = await claims.discharged(PLAIN, visit_no="OTHER", person_id="p-1")
    await claims.settled(other["encounter_id"])
    balances, standing = await claims.balances(), await claims.year_to_date("p-1")

    encounter = await claims.discharged(visit_no="ZY1")
    made = await claims.settled(encounter["encounter_id"])
    assert await claims.balances() != balances
    path = f"/settlements/{made['settlement_id']}"
    answer = await claims.call("POST", f"{path}/reverse", {"reason": "charges were sent twice"})
    assert answer.status_code == 201
    reversal = answer.json()

    assert reversal["reverses"] == made["settlement_id"]
    assert reversal["patient_pays"] == "-" + made["patient_pays"]
    for was, now in zip(made["payers"], reversal["payers"], strict=True):
        assert float(now["amount"]) == -float(was["amount"])
    assert await claims.balances() == balances
    assert await claims.year_to_date("p-1") == standing
    undone = await claims.good("GET", path)
    assert (undone["status"], undone["reversed_by"]) == ("reversed", reversal["settlement_id"])
    told = [e for e in await claims.events() if isinstance(e, SettlementReversed)]
    assert [(event.reverses, event.total) for event in told] == [(made["settlement_id"], -500000)]

    again = await claims.call("POST", f"{path}/reverse", {"reason": "once more"})
    assert (again.status_code, again.json()["code"]) == (409, "reversed_already")
    back = await claims.call(
        "POST", f"/settlements/{reversal['settlement_id']}/reverse", {"reason": "undo"}
    )
    assert (back.status_code, back.json()["code"]) == (409, "not_reversible")

    second = await claims.call("POST", f"/encounters/{encounter['encounter_id']}/settlement")
    assert second.status_code == 201
    assert second.json()["supersedes"] == made["settlement_id"]
    assert second.json()["patient_pays"] == made["patient_pays"]


async def test_ten_parallel_reversals_make_one(claims: Claims) -> None:
    """Goal: exactly one reversal wins. Method: ten at the same moment."""
    encounter = await claims.discharged(person_id="p-1")
    made = await claims.settled(encounter["encounter_id"])
    path = f"/settlements/{made['settlement_id']}/reverse"
    answers = await asyncio.gather(
        *(claims.call("POST", path, {"reason": "sent twice"}) for _ in range(10))
    )
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 9
    assert set((await claims.balances()).values()) == {"0.00"}
    assert set((await claims.year_to_date("p-1")).values()) == {"0.00"}
