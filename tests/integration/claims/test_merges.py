"""Two registered persons are one, or two again: whose year a bill counts against."""

import asyncio
import random
from collections import Counter
from typing import Any

import pytest

from services.claims.models import BENEFITS
from services.claims.module import MODULE
from shared.clock import FixedClock
from shared.db.migrate import check
from shared.events.catalog import EncounterDischarged, SettlementMade
from tests.integration.claims.county import (
    NOW,
    Claims,
    merged,
    person,
    recognition,
    unmerged,
)
from tests.support.service import envelope, shuffled

YEARS = "SELECT * FROM standings ORDER BY area, person_id, year"


async def years(claims: Claims) -> dict[tuple[str, int], dict[str, int]]:
    """What each person's years hold; a year that holds nothing is as good as none."""
    found = {}
    for row in await claims.rows(YEARS):
        held = {name: row[f"{name}_fen"] for name in BENEFITS if row[f"{name}_fen"]}
        if held:
            found[row["person_id"], row["year"]] = held
    return found


async def settled_for(claims: Claims, person_id: str, **more: Any) -> dict[str, Any]:
    encounter = await claims.discharged(person_id=person_id, **more)
    return await claims.settled(encounter["encounter_id"])


async def test_models_and_migrations_agree(claims: Claims) -> None:
    """Goal: the models describe the migrated tables. Method: Alembic's comparison."""
    check(MODULE.migrations, claims.context.db.url)


async def test_both_ids_visits_count_against_one_year(claims: Claims) -> None:
    """Goal: one person, one year, one name for it. Method: each settles a visit; merged; the year
    by either id; the earlier settlements stay as they are."""
    for who in ("k", "a"):
        await claims.deliver(person(person_id=who))
    kept, absorbed = await settled_for(claims, "k"), await settled_for(claims, "a")
    alone = await claims.year_to_date("k")
    await claims.deliver(merged("k", "a"))
    together = await claims.year_to_date("k")
    assert together == await claims.year_to_date("a")
    assert float(together["basic_paid"]) == 2 * float(alone["basic_paid"])
    standing = await claims.good("GET", "/persons/a/standing", year=2016)
    assert standing["person_id"] == "k"
    assert list(await years(claims)) == [("k", 2016)]
    for settlement, who in ((kept, "k"), (absorbed, "a")):
        again = await claims.good("GET", f"/settlements/{settlement['settlement_id']}")
        assert (again["person_id"], again["patient_pays"]) == (who, settlement["patient_pays"])


async def test_an_open_visit_of_the_absorbed_settles_for_the_kept(claims: Claims) -> None:
    """Goal: the cap and the home are the kept one's. Method: a visit under the absorbed id is
    merged before its settlement; answer, event, year; the visit's own events keep the told id."""
    await claims.deliver(person(person_id="k", village="解放村"))
    await claims.deliver(person(person_id="a"))
    encounter = await claims.discharged(person_id="a")
    await claims.deliver(merged("k", "a"))
    path = f"/encounters/{encounter['encounter_id']}"
    seen = await claims.good("GET", path)
    assert (seen["person_id"], seen["village"]) == ("k", "解放村")
    preview = await claims.good("POST", f"{path}/settlement/preview")
    settlement = await claims.settled(encounter["encounter_id"])
    assert settlement["person_id"] == "k"
    assert settlement["patient_pays"] == preview["patient_pays"]
    assert list(await years(claims)) == [("k", 2016)]
    told = await claims.events()
    assert [e.person_id for e in told if isinstance(e, SettlementMade)] == ["k"]
    assert {e.person_id for e in told if isinstance(e, EncounterDischarged)} == {"a"}
    await claims.deliver(unmerged("k", "a"))
    stays = await claims.good("GET", path)
    assert (stays["person_id"], stays["recognition_pending"]) == ("k", False)
    assert list(await years(claims)) == [("k", 2016)]
    await claims.good(
        "POST", f"/settlements/{settlement['settlement_id']}/reverse", {"reason": "x"}
    )
    assert (await claims.good("GET", path))["person_id"] == "a"
    assert await years(claims) == {}
    await claims.settled(encounter["encounter_id"])
    assert list(await years(claims)) == [("a", 2016)]


async def test_merged_and_apart_again_is_as_if_nothing_had_been(claims: Claims) -> None:
    """Goal: exactly reversible. Method: two years of two persons; merged thrice, undone thrice;
    rows as before, and the record of what moved."""
    await settled_for(claims, "k")
    await settled_for(claims, "a")
    async with claims.context.db.writing() as session:
        connection = await session.connection()
        columns = ", ".join(f"{name}_fen" for name in BENEFITS)
        await connection.exec_driver_sql(
            f"INSERT INTO standings (area, person_id, year, version, {columns})"
            " VALUES ('other', 'a', 2015, 1, 1, 2, 3, 4, 5, 6, 7)"
        )
    before = await years(claims)
    for _ in range(3):
        await claims.deliver(merged("k", "a"))
    assert set(await years(claims)) == {("k", 2015), ("k", 2016)}
    for _ in range(3):
        await claims.deliver(unmerged("k", "a"))
        assert await years(claims) == before
    await claims.deliver(merged("k", "a"))  # an old event, delivered again
    assert await years(claims) == before
    moves = await claims.rows("SELECT area, year FROM standing_moves ORDER BY year")
    assert [(row["area"], row["year"]) for row in moves] == [("other", 2015), ("511100", 2016)]


async def test_what_was_spent_meanwhile_stays_and_what_was_reversed_is_not_given_back(
    claims: Claims,
) -> None:
    """Goal: no fen twice, none lost. Method: the absorbed one's earlier bill is reversed and the
    kept one settles, both under the merge; then apart again."""
    first = await settled_for(claims, "a")
    second = await settled_for(claims, "a")
    remaining = await claims.good("GET", f"/settlements/{second['settlement_id']}")
    await claims.deliver(merged("k", "a"))
    spent = await settled_for(claims, "k")
    await claims.good("POST", f"/settlements/{first['settlement_id']}/reverse", {"reason": "x"})
    await claims.deliver(unmerged("k", "a"))
    paid = {who: (await years(claims))[who, 2016]["basic_paid"] for who in ("a", "k")}
    by_payer = {
        who: next(round(float(p["amount"]) * 100) for p in bill["payers"]
                  if p["payer"] == "basic_insurance")
        for who, bill in (("a", remaining), ("k", spent))
    }  # fmt: skip
    assert paid == by_payer


async def test_a_chain_or_circle_under_way_moves_nothing_wrongly(claims: Claims) -> None:
    """Goal: events of different kept persons may overtake each other. Method: a into k, undone,
    then k into x: the last one comes first, second and third; the end is the same."""
    first, undone, later = merged("k", "a", 1), unmerged("k", "a", 1), merged("x", "k", 2)
    circle = merged("a", "k", 3)
    for number, order in enumerate(
        ((later, first, undone), (first, later, undone), (first, undone, later))
    ):
        a, k, x = f"a{number}", f"k{number}", f"x{number}"
        names = {"a": a, "k": k, "x": x}
        for who in names.values():
            await settled_for(claims, who)
        start = await years(claims)
        for event in order:
            told = event.model_copy(
                update={
                    "merge_id": f"{event.merge_id}-{number}",
                    "kept_person_id": names[event.kept_person_id],
                    "absorbed_person_id": names[event.absorbed_person_id],
                }
            )
            await claims.deliver(told)
        now = await years(claims)
        assert now[a, 2016] == start[a, 2016]
        assert (k, 2016) not in now
        assert Counter(now[x, 2016]) == Counter(start[x, 2016]) + Counter(start[k, 2016])
    await claims.deliver(first)
    before = await years(claims)
    await claims.deliver(circle)  # k into a, while the news of the first one's end is under way
    await claims.deliver(unmerged("k", "a", 1))
    assert await years(claims) == before


@pytest.mark.parametrize("seed", range(4))
async def test_any_story_keeps_every_fen(claims: Claims, seed: int) -> None:
    """Goal: whatever happens, each standing is the sum of the bills that count for it.

    Method: settle, reverse, merge and undo at random; a model that only adds up settlements is
    compared after every step; the ledger balances; in the end everything is undone and each
    person holds exactly the bills that were settled for him.
    """
    choose = random.Random(seed)
    persons = ("a", "b", "c")
    bills: dict[str, str] = {}  # settlement → for whom
    into: dict[str, tuple[int, str]] = {}  # absorbed → (merge, kept)
    number = 0
    lines = {
        "lines": [
            {
                "line_no": 1,
                "name": "药",
                "kind": "drug",
                "catalogue_class": "A",
                "amount": "1700.00",
            }
        ]
    }

    async def expected(*, apart: bool = False) -> dict[tuple[str, int], dict[str, int]]:
        found: dict[tuple[str, int], Counter[str]] = {}
        rows = await claims.rows("SELECT id, person_id, standing_delta FROM settlements")
        for row in rows:
            who = row["person_id"]
            if not apart and who in into:
                who = into[who][1]
            found.setdefault((who, 2016), Counter()).update(row["standing_delta"])
        held = {key: {n: v for n, v in sums.items() if v} for key, sums in found.items()}
        return {key: sums for key, sums in held.items() if sums}

    for _ in range(14):
        step = choose.choice(["settle", "settle", "reverse", "merge", "undo"])
        who, other = choose.sample(persons, 2)
        if step == "settle":
            made = await settled_for(claims, who, **lines)
            bills[made["settlement_id"]] = made["person_id"]
            assert made["person_id"] == (into[who][1] if who in into else who)
        elif step == "reverse" and bills:
            settlement_id = choose.choice(sorted(bills))
            del bills[settlement_id]
            await claims.good("POST", f"/settlements/{settlement_id}/reverse", {"reason": "x"})
        elif step == "merge" and not {who, other} & set(into):
            if other not in {kept for _, kept in into.values()}:
                number += 1
                into[other] = (number, who)
                await claims.deliver(merged(who, other, number))
        elif step == "undo" and who in into:
            which, kept = into.pop(who)
            await claims.deliver(unmerged(kept, who, which))
        assert await years(claims) == await expected()
        assert await claims.differences() == []
    for absorbed, (which, kept) in into.items():
        await claims.deliver(unmerged(kept, absorbed, which))
    assert await years(claims) == await expected(apart=True)
    assert await claims.differences() == []
    await claims.balances()


@pytest.mark.parametrize("attempt", range(3))
async def test_a_merge_at_the_moment_of_settling_loses_nothing(
    claims: Claims, attempt: int
) -> None:
    """Goal: no standing is left behind under an absorbed id. Method: no year has a row yet; six
    visits of both persons are settled while they are merged; then apart while two more are."""
    ready = [
        (await claims.discharged(person_id=who))["encounter_id"]
        for who in ("a", "k", "a", "k", "a", "a")
    ]

    async def later(event: Any, steps: int) -> None:
        for _ in range(steps):
            await asyncio.sleep(0.004)
        await claims.deliver(event)

    await asyncio.gather(
        *(claims.settled(each) for each in ready), later(merged("k", "a"), 2 * attempt)
    )
    deltas: Counter[str] = Counter()
    for row in await claims.rows("SELECT standing_delta FROM settlements"):
        deltas.update(row["standing_delta"])
    assert await years(claims) == {("k", 2016): {n: v for n, v in deltas.items() if v}}

    more = [(await claims.discharged(person_id=who))["encounter_id"] for who in ("a", "k")]
    await asyncio.gather(
        *(claims.settled(each) for each in more), later(unmerged("k", "a"), 2 * attempt)
    )
    by_person: dict[str, Counter[str]] = {}
    for row in await claims.rows("SELECT person_id, standing_delta FROM settlements"):
        by_person.setdefault(row["person_id"], Counter()).update(row["standing_delta"])
    assert await years(claims) == {
        (who, 2016): {n: v for n, v in sums.items() if v} for who, sums in by_person.items()
    }


async def test_a_settlement_waits_for_the_merge_under_way(claims: Claims) -> None:
    """Goal: the race itself. Method: the merge has moved everything but is not committed when the
    absorbed person's first bill of the year is settled; the bill waits and counts for the kept."""
    encounter = await claims.discharged(person_id="a")
    handlers = {s.event: s.handler for s in MODULE.subscriptions}
    event = merged("k", "a")
    async with claims.context.db.writing() as session:
        await handlers[type(event)](envelope(event, at=NOW), session, claims.context)
        settling = asyncio.create_task(claims.settled(encounter["encounter_id"]))
        await asyncio.sleep(0.3)
        assert not settling.done()
    assert (await settling)["person_id"] == "k"
    assert list(await years(claims)) == [("k", 2016)]


async def test_the_hospital_may_name_either_id(claims: Claims) -> None:
    """Goal: both ids mean one person. Method: recognised under one, registered under the other;
    before the merge refused, after it not, and no conflict is shown until it is undone."""
    await claims.deliver(recognition("ZY1", person_id="a"))
    body = {
        "facility_code": "H51111300101",
        "visit_no": "ZY1",
        "type": "inpatient",
        "admitted_at": "2016-03-01T09:00:00+08:00",
        "person_id": "k",
    }
    refused = await claims.call("POST", "/encounters", body)
    assert refused.json()["code"] == "person_differs"
    await claims.deliver(merged("k", "a"))
    await claims.good("POST", "/encounters", body)
    await claims.deliver(recognition("ZY1", person_id="k", grade="probable", recognition_id="r-2"))
    seen = await claims.good("GET", "/encounters")
    assert [(e["person_id"], e["recognition_conflict"]) for e in seen["items"]] == [("k", False)]
    await claims.deliver(unmerged("k", "a"))
    seen = await claims.good("GET", "/encounters")
    assert [(e["person_id"], e["recognition_conflict"]) for e in seen["items"]] == [("a", True)]


async def test_any_order_across_topics_ends_alike(claims: Claims, clock: FixedClock) -> None:
    """Goal: late, repeated, shuffled: one end state. Method: two visits, two persons, a merge that
    is undone and one that holds; four shuffles on visits of their own; each event three times."""
    seen = []
    for seed in range(4):
        s = f"-{seed}"
        events = [
            envelope(person(person_id=f"a{s}"), at=clock.now()),
            envelope(person(person_id=f"k{s}", village="解放村"), at=clock.now()),
            envelope(merged(f"k{s}", f"a{s}", 10 * seed + 1), sequence=2, at=clock.now()),
            envelope(unmerged(f"k{s}", f"a{s}", 10 * seed + 1), sequence=3, at=clock.now()),
            envelope(merged(f"a{s}", f"k{s}", 10 * seed + 2), sequence=2, at=clock.now()),
            envelope(
                recognition(f"V1{s}", person_id=f"k{s}", recognition_id=f"r1{s}"), at=clock.now()
            ),
            envelope(
                recognition(f"V2{s}", person_id=f"a{s}", recognition_id=f"r2{s}"), at=clock.now()
            ),
            envelope(
                recognition(f"V2{s}", person_id=f"k{s}", recognition_id=f"r3{s}"), at=clock.now()
            ),
        ]
        for event in shuffled(events, seed):
            await claims.hand_over(event)
        listed = (await claims.good("GET", "/encounters", limit=100))["items"]
        seen.append(
            sorted(
                (
                    e["visit_no"][:2],
                    e["person_id"].split("-")[0],
                    e["recognition_conflict"],
                    e["categories"][0]["code"],
                )
                for e in listed
                if e["visit_no"].endswith(s)
            )
        )
    assert (
        seen == [[("V1", "a", False, "registered_poor"), ("V2", "a", False, "registered_poor")]] * 4
    )
