"""A year that shifts under its later bills: critical illness is proposed anew, confirmed by a clerk."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.integration.claims.county import Claims, pack_with, person
from tests.support.browsing import screen, words
from tests.support.service import Running

VALUES = {"critical_illness.deductible": "1000.00"}


@pytest.fixture
async def shifting(start: Callable[..., Awaitable[Claims]], tmp_path: Path) -> Claims:
    """Critical illness pays above a burden of 1,000.00 a year."""
    claims = await start(packs=str(pack_with(tmp_path / "packs", VALUES)))
    for who in ("p-1", "p-2", "p-3"):
        await claims.deliver(person(person_id=who))
    return claims


async def bill(claims: Claims, who: str, amount: str) -> dict[str, Any]:
    line = {"line_no": 1, "name": "甲类", "kind": "drug", "catalogue_class": "A", "amount": amount}
    visit = await claims.discharged([line], person_id=who)
    return await claims.settled(visit["encounter_id"])


async def reverse(claims: Claims, settlement: dict[str, Any]) -> None:
    await claims.good(
        "POST", f"/settlements/{settlement['settlement_id']}/reverse", {"reason": "sent twice"}
    )


async def proposals(claims: Claims, **params: Any) -> list[dict[str, Any]]:
    found = await claims.good("GET", "/settlement-proposals", **params)
    items: list[dict[str, Any]] = found["items"]
    return items


def paid(settlement: dict[str, Any], payer: str) -> str:
    return next((p["amount"] for p in settlement["payers"] if p["payer"] == payer), "0.00")


async def test_a_later_bill_is_proposed_with_its_difference(
    shifting: Claims, tmp_path: Path
) -> None:
    """Goal: what an earlier bill's reversal shifts is offered, told, confirmed once, dismissed for
    good; a bill that would come out the same is not. Method: at 83 % above 200.00 a bill of
    5,000.00 leaves a burden of 1,016.00: the first is 16.00 above the line, the second wholly;
    with the first reversed the second is where the first was."""
    first = await bill(shifting, "p-1", "5000.00")
    second = await bill(shifting, "p-1", "5000.00")
    small = await bill(shifting, "p-2", "400.00")
    smaller = await bill(shifting, "p-2", "300.00")
    assert float(paid(first, "critical_illness")) < float(paid(second, "critical_illness"))
    assert await proposals(shifting) == []
    await reverse(shifting, first)
    await reverse(shifting, small)
    (offered,) = await proposals(shifting)
    assert offered["settlement_id"] == second["settlement_id"]
    assert (offered["reason"], offered["burden_then"], offered["burden_now"]) == (
        "year_shifted",
        "1016.00",
        "0.00",
    )
    more = float(first["patient_pays"]) - float(second["patient_pays"])
    assert offered["patient_difference"] == f"{more:.2f}"
    assert more > 0
    assert (await proposals(shifting))[0] == offered, "looking changes nothing"
    for settlement in (smaller, small):
        path = f"/settlement-proposals/{settlement['settlement_id']}/confirm"
        refused = await shifting.call("POST", path, {})
        assert refused.json()["code"] == "proposal_not_found"

    running = Running(shifting.context, shifting.signer, shifting.context.clock)  # type: ignore[arg-type]
    scopes = ("claims:encounters", "claims:settle")
    async with screen(running, tmp_path, *scopes, name="clerk") as clerk:
        assert "同年较早结算有变的账单" in words(await clerk.get("/claims/"))
        case = await clerk.get(f"/claims/cases/{second['encounter_id']}")
        assert "大病保险的年度累计随之改变" in words(case)
        assert f"{more:.2f}" in words(case)
        form = {"settlement_id": second["settlement_id"], "do": "shifted"}
        done = await clerk.post(f"/claims/cases/{second['encounter_id']}/revise", form)
        assert done.is_redirect, words(done)
    assert await proposals(shifting) == []
    again = await shifting.call(
        "POST", f"/settlement-proposals/{second['settlement_id']}/confirm", {}
    )
    assert again.json()["code"] == "proposal_decided"

    third = await bill(shifting, "p-1", "5000.00")
    standing = await shifting.good("GET", f"/encounters/{second['encounter_id']}")
    await reverse(shifting, {"settlement_id": standing["settlement_id"]})
    (offered,) = await proposals(shifting)
    path = f"/settlement-proposals/{third['settlement_id']}/dismiss"
    assert offered["settlement_id"] == third["settlement_id"]
    assert (await shifting.call("POST", path, {})).status_code == 204
    assert await proposals(shifting) == []


async def test_all_confirmed_the_year_is_as_from_the_start(shifting: Claims) -> None:
    """Goal: after every proposal is confirmed a year equals that of a person who never had the
    reversed bills. Method: three seeded years of bills across the line, some reversed between
    later ones and after them; confirmed in the order that is offered; then the remaining bills
    settled for another person from the start, bill by bill the same."""
    confirmed = 0
    for number, who in enumerate(("p-1", "p-2", "p-3")):
        chance = random.Random(number)
        bills = []
        for _ in range(5):
            amount = f"{chance.randint(30_000, 900_000) / 100:.2f}"
            bills.append((amount, await bill(shifting, who, amount)))
            if chance.random() < 0.3 and len(bills) > 1:
                _, undone = bills.pop(chance.randrange(len(bills)))
                await reverse(shifting, undone)
        while len(bills) > 3:
            _, undone = bills.pop(chance.randrange(len(bills) - 1))
            await reverse(shifting, undone)
        for offered in await proposals(shifting):
            await shifting.good(
                "POST", f"/settlement-proposals/{offered['proposal_id']}/confirm", {}
            )
            confirmed += 1
        assert await proposals(shifting) == []
        other = f"q-{number}"
        await shifting.deliver(person(person_id=other))
        for amount, settlement in bills:
            fresh = await bill(shifting, other, amount)
            now = await shifting.good("GET", f"/encounters/{settlement['encounter_id']}")
            stands = await shifting.good("GET", f"/settlements/{now['settlement_id']}")
            assert stands["payers"] == fresh["payers"]
            assert stands["patient_pays"] == fresh["patient_pays"]
        assert await shifting.year_to_date(who) == await shifting.year_to_date(other)
    assert confirmed > 2
    assert await shifting.differences() == []
    assert (await shifting.good("GET", "/ledger/trial-balance"))["total"] == "0.00"
