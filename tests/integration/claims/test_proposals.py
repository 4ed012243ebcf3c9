"""Room that comes free under a cap is offered to the bills it had cut, and a clerk decides."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from shared.clock import FixedClock
from tests.integration.claims.county import (
    DISTRICT,
    TOWNSHIP,
    Claims,
    merged,
    pack_with,
    person,
)

PLAIN: list[dict[str, Any]] = [
    {"line_no": 1, "name": "甲类", "kind": "drug", "catalogue_class": "A", "amount": "5000.00"}
]
"""At the district hospital basic insurance pays 3984.00 of it, if its cap leaves that."""


@pytest.fixture
async def capped(start: Callable[..., Awaitable[Claims]], tmp_path: Path) -> Claims:
    """Room for one and a bit of such bills."""
    claims = await start(packs=str(pack_with(tmp_path / "packs", {"basic.annual_cap": "5000.00"})))
    await claims.deliver(person())
    return claims


async def bill(claims: Claims, **more: Any) -> dict[str, Any]:
    """A visit of p-1, settled."""
    visit = await claims.discharged(PLAIN, **({"person_id": "p-1"} | more))
    return await claims.settled(visit["encounter_id"])


async def proposals(claims: Claims, **params: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await claims.good("GET", "/settlement-proposals", **params))[
        "items"
    ]
    return items


def basic(settlement: dict[str, Any]) -> str:
    return str(settlement["payers"][0]["amount"])


async def reverse(claims: Claims, settlement: dict[str, Any]) -> None:
    await claims.good(
        "POST", f"/settlements/{settlement['settlement_id']}/reverse", {"reason": "sent twice"}
    )


async def test_a_reversal_offers_its_room_to_the_bills_it_had_cut_oldest_first(
    capped: Claims,
) -> None:
    """Goal: nobody stays cut for a bill that was undone; one room is promised once.

    Method: one bill takes the cap, two are cut; it is reversed; confirm out of order, then in.
    """
    first, second, third = [await bill(capped) for _ in range(3)]
    assert [basic(each) for each in (first, second, third)] == ["3984.00", "1016.00", "0.00"]
    assert second["cuts"] == [{"benefit": "basic_paid", "amount": "2968.00", "cap": "5000.00"}]
    assert "cuts" not in first
    read = await capped.good("GET", f"/settlements/{second['settlement_id']}")
    assert read == second
    assert await proposals(capped) == []

    await reverse(capped, first)
    older, younger = await proposals(capped)
    assert (older["settlement_id"], younger["settlement_id"]) == (
        second["settlement_id"],
        third["settlement_id"],
    )
    assert older["offers"] == [{"benefit": "basic_paid", "cut": "2968.00", "offered": "2968.00"}]
    assert younger["offers"][0]["offered"] == "1016.00"
    assert (older["older_first"], younger["older_first"]) == (False, True)

    path = f"/settlement-proposals/{younger['proposal_id']}/confirm"
    early = await capped.call("POST", path, {})
    assert (early.status_code, early.json()["code"]) == (409, "older_proposal_first")
    shown = await capped.good("POST", f"/settlements/{older['settlement_id']}/revise/preview")
    confirmed = await capped.call(
        "POST", f"/settlement-proposals/{older['proposal_id']}/confirm", {"note": "freed"}
    )
    assert confirmed.status_code == 201
    revised = confirmed.json()
    assert basic(revised) == "3984.00"
    assert revised["voucher"]["parts"] == shown["parts"]
    assert revised["voucher"]["to_patient"] == shown["to_patient"]
    assert (await capped.call("POST", path, {})).status_code == 201
    assert await proposals(capped) == []
    assert (await capped.year_to_date("p-1"))["basic_paid"] == "5000.00"

    done = await proposals(capped, status="confirmed", limit=1)
    assert (done[0]["settlement_id"], done[0]["replaced_by"]) == (
        second["settlement_id"],
        revised["settlement_id"],
    )
    again = await capped.call("POST", path, {})
    assert (again.status_code, again.json()["code"]) == (409, "proposal_decided")


async def test_a_proposal_lapses_by_itself_and_comes_back(capped: Claims) -> None:
    """Goal: an offer is as true as the room. Method: reverse, take the room, reverse again."""
    first = await bill(capped)
    cut = await bill(capped)
    await reverse(capped, first)
    assert [each["settlement_id"] for each in await proposals(capped)] == [cut["settlement_id"]]
    taking = await bill(capped, facility_code=TOWNSHIP)
    assert await proposals(capped) == []
    lapsed = await capped.call("POST", f"/settlement-proposals/{cut['settlement_id']}/confirm", {})
    assert (lapsed.status_code, lapsed.json()["code"]) == (409, "proposal_lapsed")
    await reverse(capped, taking)
    assert len(await proposals(capped)) == 1
    await reverse(capped, cut)
    assert await proposals(capped) == []
    for asked in ("confirm", "dismiss"):
        lapsed = await capped.call(
            "POST", f"/settlement-proposals/{cut['settlement_id']}/{asked}", {}
        )
        assert (lapsed.status_code, lapsed.json()["code"]) == (409, "proposal_lapsed")


async def test_the_end_of_a_reservation_offers_its_room(capped: Claims, clock: FixedClock) -> None:
    """Goal: a visit that waits too long starves nobody. Method: its time passes, by the clock."""
    holding = await capped.opened(person_id="p-1", estimated_cost="5000.00")
    cut = await bill(capped, facility_code=TOWNSHIP)
    assert basic(cut) == "1016.00"
    assert await proposals(capped) == []
    clock.advance(timedelta(days=31))
    (offered,) = await proposals(capped)
    assert offered["offers"][0]["offered"] == "3084.20"  # (5000 - 60) x 0.83 less 1016
    await capped.good(
        "POST",
        f"/encounters/{holding['encounter_id']}/reservation",
        {"estimated_cost": "5000.00"},
    )
    assert await proposals(capped) == []
    await capped.good(
        "POST", f"/encounters/{holding['encounter_id']}/cancel", {"reason": "went home"}
    )
    (offered,) = await proposals(capped)
    made = await capped.good("POST", f"/settlement-proposals/{offered['proposal_id']}/confirm", {})
    assert basic(made) == "4100.20"


async def test_a_dismissed_one_is_not_asked_again_and_the_next_moves_up(capped: Claims) -> None:
    """Goal: a decision stands. Method: dismiss the older, confirm the younger."""
    first, second, third = [await bill(capped) for _ in range(3)]
    await reverse(capped, first)
    path = f"/settlement-proposals/{second['settlement_id']}"
    await capped.good("POST", f"{path}/dismiss", {"note": "patient has moved away"})
    (left,) = await proposals(capped)
    assert (left["settlement_id"], left["older_first"]) == (third["settlement_id"], False)
    again = await capped.call("POST", f"{path}/confirm", {})
    assert (again.status_code, again.json()["code"]) == (409, "proposal_decided")
    (gone,) = await proposals(capped, status="dismissed")
    assert (gone["settlement_id"], gone["note"]) == (
        second["settlement_id"],
        "patient has moved away",
    )


async def test_a_merge_offers_across_both_ids(capped: Claims) -> None:
    """Goal: one year, one room. Method: the cut bill under one id, the reversed under the other."""
    await capped.deliver(person(person_id="p-2"))
    await capped.deliver(merged("p-1", "p-2"))
    first = await bill(capped, person_id="p-2")
    cut = await bill(capped)
    assert basic(cut) == "1016.00"
    await reverse(capped, first)
    (offered,) = await proposals(capped)
    assert (offered["settlement_id"], offered["person_id"]) == (cut["settlement_id"], "p-1")


async def test_two_clerks_who_confirm_at_once_make_one(capped: Claims) -> None:
    """Goal: decided once. Method: six calls at the same moment, one of them a dismissal."""
    first = await bill(capped)
    cut = await bill(capped)
    await reverse(capped, first)
    path = f"/settlement-proposals/{cut['settlement_id']}"
    answers = await asyncio.gather(
        *(capped.call("POST", f"{path}/confirm", {}) for _ in range(5)),
        capped.call("POST", f"{path}/dismiss", {}),
    )
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses[0] in {201, 204}
    assert statuses[1:] == [409] * 5


async def test_only_cut_bills_of_ones_own_hospital(capped: Claims) -> None:
    """Goal: rights hold here too. Method: another hospital lists and decides."""
    first = await bill(capped)
    cut = await bill(capped)
    await reverse(capped, first)
    other = f"facility:{TOWNSHIP}"
    assert await proposals(capped, organisation=other) == []
    assert len(await proposals(capped, organisation=f"facility:{DISTRICT}")) == 1
    path = f"/settlement-proposals/{cut['settlement_id']}/confirm"
    hidden = await capped.call("POST", path, {}, organisation=other)
    assert (hidden.status_code, hidden.json()["code"]) == (404, "settlement_not_found")
    whole = await capped.call("POST", f"/settlement-proposals/{first['settlement_id']}/confirm", {})
    assert (whole.status_code, whole.json()["code"]) == (404, "proposal_not_found")
