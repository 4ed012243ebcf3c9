"""Treat first, pay later: room under the yearly caps is kept, counted, given back or used."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from shared.clock import FixedClock
from shared.money import fen_from_text
from tests.integration.claims.county import (
    DISTRICT,
    TOWNSHIP,
    Claims,
    merged,
    pack_with,
    person,
    recognition,
    revision,
)

PLAIN: list[dict[str, Any]] = [
    {"line_no": 1, "name": "甲类", "kind": "drug", "catalogue_class": "A", "amount": "5000.00"}
]
"""At the district hospital basic insurance pays 3984.00 of it, medical aid 762.00."""
MORE = [PLAIN[0] | {"line_no": 2, "amount": "1000.00"}]


@pytest.fixture
async def capped(start: Callable[..., Awaitable[Claims]], tmp_path: Path) -> Claims:
    """Room for one such bill, and a little more."""
    packs = pack_with(
        tmp_path / "packs", {"basic.annual_cap": "4500.00", "medical_aid.annual_cap": "900.00"}
    )
    claims = await start(packs=str(packs))
    await claims.deliver(person())
    return claims


async def standing(claims: Claims, person_id: str = "p-1") -> dict[str, Any]:
    found: dict[str, Any] = await claims.good("GET", f"/persons/{person_id}/standing", year=2016)
    return found


def basic(answer: dict[str, Any]) -> str:
    amounts = {payer["payer"]: payer["amount"] for payer in answer["payers"]}
    return str(amounts["basic_insurance"])


async def charge(claims: Claims, encounter: dict[str, Any], lines: Any, batch: str = "B1") -> Any:
    path = f"/encounters/{encounter['encounter_id']}"
    await claims.good("POST", f"{path}/charges", {"batch_no": batch, "lines": lines})
    return await claims.good("GET", path)


async def preview(claims: Claims, encounter: dict[str, Any]) -> Any:
    return await claims.good("POST", f"/encounters/{encounter['encounter_id']}/settlement/preview")


async def test_room_is_kept_from_the_estimate_to_the_settlement(capped: Claims) -> None:
    """Goal: a real reservation, seen wherever it matters.

    Method: an estimate at the opening, charges beyond it, another visit's preview, the settlement.
    """
    first = await capped.opened(person_id="p-1", estimated_cost="2000.00")
    held = first["reservation"]
    assert (held["state"], held["year"]) == ("held", 2016)
    assert held["amounts"]["basic_paid"] == "1494.00"  # (2000 - 200) x 0.83
    assert (await standing(capped))["reserved"] == held["amounts"]
    assert set((await standing(capped))["year_to_date"].values()) == {"0.00"}

    lower = await charge(capped, first, [PLAIN[0] | {"amount": "500.00"}])
    assert lower["reservation"]["amounts"] == held["amounts"], "the estimate still stands"
    topped = await charge(capped, first, [PLAIN[0] | {"line_no": 3}], "B2")
    assert topped["reservation"]["amounts"]["basic_paid"] == "4399.00"

    other = await capped.opened(person_id="p-1", facility_code=TOWNSHIP)
    await charge(capped, other, PLAIN)
    assert basic(await preview(capped, other)) == "101.00", "4500 less what the first one keeps"
    assert basic(await preview(capped, first)) == "4399.00", "his own room is his"

    path = f"/encounters/{first['encounter_id']}"
    await capped.good("POST", f"{path}/discharge", {"discharged_at": "2016-03-08T10:00:00+08:00"})
    settled = await capped.settled(first["encounter_id"])
    assert basic(settled) == "4399.00"
    assert (await capped.good("GET", path))["reservation"]["state"] == "consumed"
    after = await standing(capped)
    assert after["year_to_date"]["basic_paid"] == "4399.00"
    assert after["reserved"]["basic_paid"] == "101.00", "the other visit's alone is left"


async def test_a_bill_settled_meanwhile_is_cut_and_the_release_gives_the_room_back(
    capped: Claims,
) -> None:
    """Goal: the reservation holds against others, not for ever. Method: settle, cancel, look."""
    holding = await capped.opened(person_id="p-1")
    await charge(capped, holding, PLAIN)
    late = await capped.discharged(PLAIN, person_id="p-1", facility_code=TOWNSHIP)
    cut = await capped.settled(late["encounter_id"])
    assert basic(cut) == "516.00"
    path = f"/encounters/{holding['encounter_id']}"
    await capped.good("POST", f"{path}/cancel", {"reason": "registered twice"})
    assert (await capped.good("GET", path))["reservation"]["state"] == "released"
    assert set((await standing(capped))["reserved"].values()) == {"0.00"}
    third = await capped.opened(person_id="p-1")
    await charge(capped, third, PLAIN)
    assert basic(await preview(capped, third)) == "3984.00"


async def test_a_reservation_ends_by_the_clock_and_new_charges_renew_it(
    capped: Claims, clock: FixedClock
) -> None:
    """Goal: nobody blocks a fund for ever. Method: move the clock past the time, then charge."""
    holding = await capped.opened(person_id="p-1")
    await charge(capped, holding, PLAIN)
    other = await capped.opened(person_id="p-1", facility_code=TOWNSHIP)
    await charge(capped, other, [PLAIN[0] | {"amount": "100.00"}])
    assert (await standing(capped))["reserved"]["basic_paid"] == "4017.20"

    clock.advance(timedelta(days=31))
    found = await capped.good("GET", f"/encounters/{holding['encounter_id']}")
    assert found["reservation"]["state"] == "expired"
    assert set((await standing(capped))["reserved"].values()) == {"0.00"}
    renewed = await charge(capped, other, MORE, "B2")
    assert renewed["reservation"]["state"] == "held"
    again = await charge(capped, holding, MORE, "B2")
    # (100 + 1000 - 60) x 0.83 for the other; what 4500 leaves is his.
    assert renewed["reservation"]["amounts"]["basic_paid"] == "863.20"
    assert again["reservation"]["amounts"]["basic_paid"] == "3636.80"


async def test_only_who_pays_later_reserves(capped: Claims) -> None:
    """Goal: an ordinary patient's visit keeps no room. Method: nobody, an unlisted person, outside."""
    for more in ({}, {"person_id": "p-2"}, {"person_id": "p-1", "facility_code": "H51110200901"}):
        encounter = await capped.opened(estimated_cost="5000.00", **more)
        assert (await charge(capped, encounter, PLAIN))["reservation"] is None, more
    wrong = await capped.call(
        "POST", f"/encounters/{encounter['encounter_id']}/reservation", {"estimated_cost": "-1.00"}
    )
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "estimated_cost")


async def test_the_reservation_follows_the_patient(capped: Claims) -> None:
    """Goal: the right person's year. Method: recognised, recognised as another, withdrawn."""
    await capped.deliver(person(person_id="p-2"))
    await capped.deliver(recognition("V1", recognition_id="r-1", grade="probable"))
    (encounter,) = (await capped.good("GET", "/encounters", visit_no="V1"))["items"]
    assert encounter["reservation"] is None, "no charges and no estimate yet"
    path = f"/encounters/{encounter['encounter_id']}"
    estimated = await capped.good("POST", f"{path}/reservation", {"estimated_cost": "1000.00"})
    assert estimated["reservation"]["amounts"]["basic_paid"] == "664.00"
    await charge(capped, encounter, PLAIN)
    assert (await standing(capped))["reserved"]["basic_paid"] == "3984.00"

    await capped.deliver(revision("V1", "r-1", "p-2"), sequence=2)
    assert (await standing(capped))["reserved"]["basic_paid"] == "0.00"
    assert (await standing(capped, "p-2"))["reserved"]["basic_paid"] == "3984.00"
    await capped.deliver(revision("V1", "r-1", None, to_grade="none"), sequence=3)
    assert (await standing(capped, "p-2"))["reserved"]["basic_paid"] == "0.00"
    assert (await capped.good("GET", path))["reservation"]["state"] == "released"


async def test_a_merge_counts_both_ids_reservations(capped: Claims) -> None:
    """Goal: one year for both ids, reservations included. Method: one visit each, then a merge."""
    await capped.deliver(person(person_id="p-2"))
    for person_id in ("p-1", "p-2"):
        visit = await capped.opened(person_id=person_id)
        await charge(capped, visit, [PLAIN[0] | {"amount": "2200.00"}])
        assert (await standing(capped, person_id))["reserved"]["basic_paid"] == "1660.00"
    await capped.deliver(merged("p-1", "p-2"))
    for person_id in ("p-1", "p-2"):
        found = await standing(capped, person_id)
        assert (found["person_id"], found["reserved"]["basic_paid"]) == ("p-1", "3320.00")
    third = await capped.opened(person_id="p-1")
    await charge(capped, third, PLAIN)
    assert basic(await preview(capped, third)) == "1180.00"


async def test_what_cannot_be_calculated_yet_is_charged_all_the_same(capped: Claims) -> None:
    """Goal: no bill is refused for the reservation's sake. Method: an implant without its share."""
    encounter = await capped.opened(person_id="p-1")
    await charge(capped, encounter, PLAIN)
    implant = PLAIN[0] | {"line_no": 5, "kind": "implant"}
    after = await charge(capped, encounter, [implant], "B2")
    assert after["totals"]["amount"] == "10000.00"
    assert after["reservation"]["amounts"]["basic_paid"] == "3984.00"


async def test_hospitals_that_charge_at_once_never_reserve_a_cap_twice(capped: Claims) -> None:
    """Goal: used and reserved stay below the cap at every moment.

    Method: eight visits charged, discharged and settled in parallel; the sums at each stage.
    """
    visits = [
        await capped.opened(person_id="p-1", facility_code=facility)
        for facility in (DISTRICT, TOWNSHIP) * 4
    ]
    await asyncio.gather(*(charge(capped, visit, PLAIN) for visit in visits))
    found = await standing(capped)
    assert found["reserved"]["basic_paid"] == "4500.00"
    assert fen_from_text(found["reserved"]["medical_aid_paid"]) <= 90_000

    async def finish(visit: dict[str, Any]) -> None:
        path = f"/encounters/{visit['encounter_id']}"
        await capped.good(
            "POST", f"{path}/discharge", {"discharged_at": "2016-03-08T10:00:00+08:00"}
        )
        await capped.settled(visit["encounter_id"])

    await asyncio.gather(*(finish(visit) for visit in visits))
    found = await standing(capped)
    assert found["year_to_date"]["basic_paid"] == "4500.00"
    assert fen_from_text(found["year_to_date"]["medical_aid_paid"]) <= 90_000
    assert set(found["reserved"].values()) == {"0.00"}
