"""What is learned after a settlement settles it anew: vouchers, places in the year, many at once."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from shared.events.catalog import (
    CategoryPeriod,
    PersonChanged,
    SettlementMade,
    SettlementReversed,
)
from shared.money import fen_from_text
from tests.integration.claims.county import (
    BILL_A,
    DISTRICT,
    Claims,
    pack_with,
    person,
    recognition,
    revision,
)

AMOUNTS = (
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
)


def statement(settlement: dict[str, Any]) -> dict[str, Any]:
    """What the patient is shown, without ids."""
    return {name: settlement[name] for name in AMOUNTS}


def fen(balances: dict[str, str]) -> dict[str, int]:
    return {code: fen_from_text(amount) for code, amount in balances.items()}


async def settled_as_ordinary(
    claims: Claims, visit_no: str, lines: Any = None, **more: Any
) -> dict[str, Any]:
    visit = await claims.discharged(lines, visit_no=visit_no, **more)
    return await claims.settled(visit["encounter_id"])


async def test_a_late_recognition_ends_as_if_he_had_been_poor_from_the_start(
    claims: Claims,
) -> None:
    """Goal: issue's late identity, on ledger, statement and year.

    Method: one patient recognised before, the same bill of another recognised a week after his
    settlement; the voucher against the difference of the two, the ledger against both.
    """
    await claims.deliver(recognition("POOR", person_id="p-2"))
    visit = await claims.discharged(visit_no="POOR")
    empty = await claims.balances()
    from_the_start = await claims.settled(visit["encounter_id"])
    after_poor = fen(await claims.balances())

    ordinary = await settled_as_ordinary(claims, "LATE")
    before = fen(await claims.balances())
    path = f"/settlements/{ordinary['settlement_id']}"
    for asked in ("revise/preview", "revise"):
        nothing = await claims.call("POST", f"{path}/{asked}", {"reason": "looked again"})
        assert (nothing.status_code, nothing.json()["code"]) == (409, "nothing_to_revise")
    assert fen(await claims.balances()) == before

    await claims.deliver(recognition("LATE", person_id="p-1"))
    (pending,) = (await claims.good("GET", "/encounters", recognition_pending=True))["items"]
    assert pending["settlement_id"] == ordinary["settlement_id"]
    shown = await claims.good("POST", f"{path}/revise/preview")
    assert fen(await claims.balances()) == before, "a preview keeps nothing"
    assert (await claims.good("GET", path))["status"] == "settled"

    made = await claims.call(
        "POST", f"{path}/revise", {"reason": "recognised a week later"}, client="hospital"
    )
    assert made.status_code == 201
    revised = made.json()
    voucher = revised.pop("voucher")
    assert statement(revised) == statement(from_the_start)
    assert revised["supersedes"] == ordinary["settlement_id"]
    assert revised["person_id"] == "p-1"
    assert await claims.good("GET", f"/settlements/{revised['settlement_id']}/voucher") == voucher
    assert shown["parts"] == voucher["parts"]
    assert shown["voucher_id"] is None

    was = dict.fromkeys([share["payer"] for share in from_the_start["payers"]], "0.00") | {
        share["payer"]: share["amount"] for share in ordinary["payers"]
    }
    for part in voucher["parts"]:
        then, now = (
            (ordinary["patient_pays"], from_the_start["patient_pays"])
            if part["party"] == "patient"
            else (
                was[part["party"]],
                next(p["amount"] for p in from_the_start["payers"] if p["payer"] == part["party"]),
            )
        )
        assert (part["before"], part["after"]) == (then, now)
        moved = fen_from_text(now) - fen_from_text(then)
        assert fen_from_text(part["difference"]) == moved
        code = "patient" if part["party"] == "patient" else f"payer:{part['party']}"
        ledger = fen(await claims.balances()).get(f"{code}:{DISTRICT}", 0)
        assert ledger - before.get(f"{code}:{DISTRICT}", 0) == moved
    assert voucher["to_patient"] == "663.83"

    once = {code: amount - fen(empty).get(code, 0) for code, amount in after_poor.items()}
    assert fen(await claims.balances()) == {code: 2 * amount for code, amount in once.items()}
    assert await claims.year_to_date("p-1") == await claims.year_to_date("p-2")
    encounter = await claims.good("GET", f"/encounters/{ordinary['encounter_id']}")
    assert (encounter["recognition_pending"], encounter["person_id"]) == (False, "p-1")
    told = [e for e in await claims.events() if isinstance(e, SettlementReversed | SettlementMade)]
    assert [type(event).__name__ for event in told[-2:]] == ["SettlementReversed", "SettlementMade"]
    assert isinstance(told[-1], SettlementMade)
    assert told[-1].supersedes == ordinary["settlement_id"]


async def test_many_at_once_keep_their_places_in_the_year(
    start: Callable[..., Awaitable[Claims]], tmp_path: Path
) -> None:
    """Goal: a roster that reaches back is carried through, in the end as from the start.

    Method: critical illness from 1000 CNY on; three bills of p-1 settled as another's visits, of
    p-2 as his own; then the roster's news, and one call, repeated with its key and without.
    """
    packs = pack_with(
        tmp_path / "packs",
        {"critical_illness.deductible": "1000.00", "medical_aid.annual_cap": "1200.00"},
    )
    claims = await start(packs=str(packs))
    await claims.deliver(person(person_id="p-2"))
    ids: dict[str, list[str]] = {"p-1": [], "p-2": []}
    for number in range(3):
        await claims.deliver(
            recognition(f"A{number}", recognition_id=f"r{number}", categories=(), person_id="p-1")
        )
        for person_id, visit_no, more in (
            ("p-1", f"A{number}", {}),
            ("p-2", f"B{number}", {"person_id": "p-2"}),
        ):
            made = await settled_as_ordinary(claims, visit_no, BILL_A, **more)
            ids[person_id].append(made["encounter_id"])
    for number in (2, 0, 1):
        await claims.deliver(revision(f"A{number}", f"r{number}", "p-1"), sequence=2)

    first = await claims.call("POST", "/revisions", {"limit": 2}, key="roster")
    again = await claims.call("POST", "/revisions", {"limit": 2}, key="roster")
    assert first.json() == again.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    answer = first.json()
    assert [each["encounter_id"] for each in answer["revised"]] == ids["p-1"][:2]
    assert (answer["refused"], answer["more"]) == ([], True)
    rest = await claims.good("POST", "/revisions", {"encounter_ids": ids["p-1"]})
    assert [each["encounter_id"] for each in rest["revised"]] == ids["p-1"][2:]
    assert (await claims.good("POST", "/revisions", {}))["revised"] == []

    assert await claims.year_to_date("p-1") == await claims.year_to_date("p-2")
    assert await claims.differences() == []
    for mine, theirs in zip(ids["p-1"], ids["p-2"], strict=True):
        pair = [statement(await claims.settled(encounter_id)) for encounter_id in (mine, theirs)]
        for each in pair:
            for step in each["explanation"]:
                # The room under a cap is told as it is now, after the year's later bills.
                step.pop("cap", None)
        assert pair[0] == pair[1]


async def test_parallel_revisions_make_one(claims: Claims) -> None:
    """Goal: once, whoever confirms. Method: eight clerks at the same moment."""
    ordinary = await settled_as_ordinary(claims, "LATE")
    await claims.deliver(recognition("LATE"))
    path = f"/settlements/{ordinary['settlement_id']}"
    answers = await asyncio.gather(
        *(claims.call("POST", f"{path}/revise", {"reason": "late"}) for _ in range(6)),
        claims.call("POST", "/revisions", {}),
        claims.call("POST", f"{path}/reverse", {"reason": "x"}),
    )
    singles = [a for a in answers if a.status_code != 200]
    assert {a.json().get("code") for a in singles if a.status_code == 409} <= {"reversed_already"}
    won = [a for a in singles if a.status_code == 201]
    bulk = next(a for a in answers if a.status_code == 200).json()
    assert len(won) + len(bulk["revised"]) == 1
    (counted,) = await claims.rows("SELECT count(*) AS n FROM settlements WHERE kind = 'reversal'")
    assert counted["n"] == 1


async def test_a_corrected_bill_has_a_voucher_too(claims: Claims) -> None:
    """Goal: whatever replaces a settlement says what changed. Method: reverse, correct, settle."""
    made = await settled_as_ordinary(claims, "WRONG")
    assert (await claims.call("GET", f"/settlements/{made['settlement_id']}/voucher")).json()[
        "code"
    ] == "voucher_not_found"
    await claims.good(
        "POST", f"/settlements/{made['settlement_id']}/reverse", {"reason": "a line too many"}
    )
    path = f"/encounters/{made['encounter_id']}"
    await claims.good("DELETE", f"{path}/charges/B1")
    await claims.good("POST", f"{path}/charges", {"batch_no": "B1", "lines": BILL_A[:3]})
    second = await claims.settled(made["encounter_id"])
    voucher = await claims.good("GET", f"/settlements/{second['settlement_id']}/voucher")
    assert voucher["reason"] == "a line too many"
    assert voucher["to_patient"] == "500.00"
    assert sum(fen_from_text(part["difference"]) for part in voucher["parts"]) == -50_000


@pytest.mark.parametrize(
    "statement", ["UPDATE vouchers SET reason = 'x'", "DELETE FROM voucher_parts"]
)
async def test_a_voucher_is_written_once(claims: Claims, statement: str) -> None:
    """Goal: a record. Method: try to change it by hand."""
    ordinary = await settled_as_ordinary(claims, "LATE")
    await claims.deliver(recognition("LATE"))
    await claims.good(
        "POST", f"/settlements/{ordinary['settlement_id']}/revise", {"reason": "late"}
    )
    psql = await claims.psql()
    try:
        with pytest.raises(asyncpg.IntegrityConstraintViolationError, match="written once"):
            await psql.execute(statement)
    finally:
        await psql.close()


async def test_a_roster_that_reaches_back_reaches_visits_the_hospital_registered(
    claims: Claims,
) -> None:
    """Goal: nobody loses what a late roster gives him because no window recognised him.

    Method: settled as ordinary; entered with a category from before the visit, in either order of
    the events; changed again to what was settled; entered from after the visit; revised.
    """
    await settled_as_ordinary(claims, "V1", person_id="p-1")
    await settled_as_ordinary(claims, "V2", person_id="p-2")

    async def waiting() -> list[str]:
        items = (await claims.good("GET", "/encounters", recognition_pending=True))["items"]
        return [item["visit_no"] for item in items]

    later = CategoryPeriod(code="registered_poor", valid_from=date(2016, 3, 5))
    await claims.deliver(person(person_id="p-2", categories=(later,)))
    assert await waiting() == []
    entered = person(person_id="p-1")
    for _ in range(2):
        await claims.deliver(entered)
        assert await waiting() == ["V1"]
    left = person(
        PersonChanged, person_id="p-1", categories=(), recorded_at="2016-02-01T09:00:00+08:00"
    )
    await claims.deliver(left, sequence=2)
    assert await waiting() == []
    await claims.deliver(entered)  # an older word, delivered again
    assert await waiting() == []
    again = person(PersonChanged, person_id="p-1", recorded_at="2016-02-02T09:00:00+08:00")
    await claims.deliver(again, sequence=3)
    assert await waiting() == ["V1"]
    (revised,) = (await claims.good("POST", "/revisions", {}))["revised"]
    assert revised["to_patient"] == "663.83"
    assert await waiting() == []
