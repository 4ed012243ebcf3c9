"""Two registered persons are one, or two again: whose tasks, contract and home."""

import asyncio
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.dialects import postgresql

from services.contracts.merges.repository import MERGES
from services.contracts.models import Task
from services.contracts.module import MODULE
from shared.db.migrate import check
from tests.integration.contracts.stories import (
    JINHE,
    JINHE_TEAM,
    YONGHE,
    YONGHE_TEAM,
    discharged,
    entered,
)
from tests.support.merges import merged, unmerged
from tests.support.service import Running, shuffled

OPEN = (
    "SELECT encounter_id, rule, team, township, village FROM tasks WHERE status = 'open'"
    " ORDER BY encounter_id, rule"
)


async def sign(service: Running, person_id: str, *, status: int = 201, **changes: Any) -> Any:
    body = {"person_id": person_id, "signed_on": "2016-01-05", **changes}
    async with service.client() as client:
        answer = await client.post("/contracts/v1/contracts", json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


async def worklist(service: Running, organisation: str = "", **query: Any) -> list[Any]:
    async with service.client(*([organisation] if organisation else [])) as client:
        answer = await client.get("/contracts/v1/worklist", params=query)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


async def two(service: Running) -> None:
    """K lives in 金河镇, A in 永和镇."""
    await service.deliver(entered("K"), entered("A", YONGHE, "永乐村"))


async def test_models_and_migrations_agree(contracts: Running) -> None:
    """Goal: the models describe the migrated tables. Method: Alembic's comparison."""
    check(MODULE.migrations, contracts.context.db.url)


async def test_the_kept_persons_contract_answers_for_the_absorbed(contracts: Running) -> None:
    """Goal: no second signature, the follow-up is owed; exactly undone.

    Method: K has a contract, A comes home without one; merged, looked at, undone; twice.
    """
    await two(contracts)
    await sign(contracts, "K")
    await contracts.deliver(discharged("E1", "A", YONGHE))
    before = await contracts.rows(OPEN)
    assert [row["rule"] for row in before] == ["contract_to_sign"]
    tasks = set()
    for number in (1, 2):
        await contracts.deliver(merged("K", "A", number))
        (task,) = await worklist(contracts)
        assert (task["person_id"], task["rule"]) == ("K", "post_discharge_follow_up")
        assert (task["team"], task["township"]) == (JINHE_TEAM, JINHE)
        assert await worklist(contracts, f"township:{YONGHE}") == []
        tasks.add(task["task_id"])
        await contracts.deliver(unmerged("K", "A", number))
        assert await contracts.rows(OPEN) == before
        (own,) = await worklist(contracts)
        assert own["person_id"] == "A"
    assert len(tasks) == 1


async def test_the_absorbed_persons_contract_and_tasks_follow(contracts: Running) -> None:
    """Goal: his contract counts for K: in the list, against a second one, for new stays.

    Method: A has a contract; merged; K is listed with it, cannot sign another, comes home.
    """
    await two(contracts)
    theirs = await sign(contracts, "A", team=YONGHE_TEAM)
    await contracts.deliver(merged())
    async with contracts.client() as client:
        for who in ("K", "A"):
            listed = await client.get("/contracts/v1/contracts", params={"person_id": who})
            assert [(c["contract_id"], c["person_id"]) for c in listed.json()["items"]] == [
                (theirs["contract_id"], "K")
            ]
        one = await client.get(f"/contracts/v1/contracts/{theirs['contract_id']}")
        assert one.json()["person_id"] == "K"
    for who in ("K", "A"):
        refused = await sign(contracts, who, status=409)
        assert refused["code"] == "contract_overlaps"
    await contracts.deliver(discharged("E1", "K"))
    (task,) = await worklist(contracts)
    assert (task["rule"], task["team"]) == ("post_discharge_follow_up", YONGHE_TEAM)
    await contracts.deliver(unmerged())
    (task,) = await worklist(contracts)
    assert (task["rule"], task["team"], task["person_id"]) == ("contract_to_sign", JINHE_TEAM, "K")
    await sign(contracts, "K")


async def test_what_comes_later_under_the_absorbed_id_is_the_kept_persons(
    contracts: Running,
) -> None:
    """Goal: stays, follow-ups and signatures by either id. Method: merged first; then A's stay,
    a follow-up recorded for A on K's task, a signature given for A."""
    await two(contracts)
    await contracts.deliver(merged(), discharged("E1", "A", YONGHE))
    (task,) = await worklist(contracts)
    assert (task["person_id"], task["rule"], task["team"]) == ("K", "contract_to_sign", JINHE_TEAM)
    signed = await sign(contracts, "A", signed_on="2016-03-09")
    assert (signed["person_id"], signed["township"]) == ("K", JINHE)
    (task,) = await worklist(contracts)
    assert task["rule"] == "post_discharge_follow_up"
    body = {
        "person_id": "A",
        "task_id": task["task_id"],
        "performed_at": "2016-03-10T09:00:00+08:00",
        "way": "home",
        "outcome": "stable",
    }
    async with contracts.client() as client:
        done = await client.post("/contracts/v1/follow-ups", json=body)
    assert done.status_code == 201, done.text
    assert (done.json()["person_id"], done.json()["task"]["status"]) == ("K", "closed")
    assert await worklist(contracts) == []
    await contracts.deliver(unmerged())
    # What was done stays done: the stay and the signature were A's.
    assert await worklist(contracts) == []


async def test_a_new_home_of_the_kept_moves_the_absorbed_ones_tasks(contracts: Running) -> None:
    """Goal: one home. Method: A's stay, merged, K moves; then undone."""
    await two(contracts)
    await contracts.deliver(discharged("E1", "A", JINHE), merged())
    await contracts.deliver(entered("K", YONGHE, "永乐村", sequence=2))
    (task,) = await worklist(contracts)
    assert (task["team"], task["village"]) == (YONGHE_TEAM, "永乐村")
    await contracts.deliver(unmerged())
    (task,) = await worklist(contracts)
    assert (task["person_id"], task["team"], task["village"]) == ("A", JINHE_TEAM, "曙光村")


async def test_the_order_of_the_news_leaves_no_trace(contracts: Running) -> None:
    """Goal: the same open tasks whatever comes first. Method: two persons, four stays, a merge that
    was undone and one that stands; each event three times, shuffled across topics."""
    for who, team in (("K", JINHE_TEAM), ("B", YONGHE_TEAM)):
        await contracts.deliver(entered(who))
        await sign(contracts, who, team=team)
    events = [
        entered("A", YONGHE, "永乐村"),
        entered("K", JINHE, "解放村", sequence=2),
        discharged("E1", "A", YONGHE),
        discharged("E2", "A", None),
        discharged("E3", "K", None),
        discharged("E4", "B"),
        merged("B", "A", 1),
        unmerged("B", "A", 1),
        merged("K", "A", 2),
    ]
    seen = []
    for seed in range(8):
        for table in ("tasks", "discharges", "person_merges"):
            async with contracts.context.db.writing() as session:
                await session.execute(text(f"DELETE FROM {table}"))
        async with contracts.context.db.writing() as session:
            await session.execute(text("DELETE FROM people WHERE person_id = 'A'"))
            await session.execute(text("UPDATE people SET sequence = 0"))
        await contracts.deliver(*shuffled(events, seed), marked=False)
        seen.append(await contracts.rows(OPEN))
    assert all(rows == seen[0] for rows in seen), seen
    assert [(row["encounter_id"], row["rule"], row["team"], row["village"]) for row in seen[0]] == [
        ("E1", "post_discharge_follow_up", JINHE_TEAM, "解放村"),
        ("E2", "post_discharge_follow_up", JINHE_TEAM, "解放村"),
        ("E3", "post_discharge_follow_up", JINHE_TEAM, "解放村"),
        ("E4", "post_discharge_follow_up", YONGHE_TEAM, "曙光村"),
    ]


async def test_merging_while_two_clerks_sign(contracts: Running) -> None:
    """Goal: never two contracts signed for one person on one day. Method: the merge is known;
    five times, both ids are signed at once beside a merge of others."""
    for number in range(5):
        k, a = f"K{number}", f"A{number}"
        await contracts.deliver(entered(k), entered(a), merged(k, a, number))
        async with contracts.client() as client:
            bodies = [{"person_id": who, "signed_on": "2016-01-05"} for who in (k, a)]
            answers = await asyncio.gather(
                *(client.post("/contracts/v1/contracts", json=body) for body in bodies),
                contracts.deliver(merged(f"X{number}", f"Y{number}", 50 + number)),
            )
        assert sorted(answer.status_code for answer in answers[:2]) == [201, 409]


async def test_two_contracts_of_one_person_are_listed_until_one_ends(contracts: Running) -> None:
    """Goal: a merge that leaves two contracts is seen and settled by a clerk. Method: two pairs
    merged, in pages; who sees them; one contract ended; a merge undone."""
    await two(contracts)
    await contracts.deliver(entered("L"), entered("B", YONGHE, "永乐村"))
    made = {
        person: (await sign(contracts, person))["contract_id"] for person in ("K", "A", "L", "B")
    }

    async def doubled(organisation: str = "", **query: Any) -> Any:
        async with contracts.client(*([organisation] if organisation else [])) as client:
            answer = await client.get("/contracts/v1/double-contracts", params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    assert (await doubled())["items"] == []
    await contracts.deliver(merged("K", "A", 1), merged("L", "B", 2))
    first = await doubled(limit=1)
    rest = await doubled(limit=1, cursor=first["next_cursor"])
    assert [each["items"][0]["person_id"] for each in (first, rest)] == ["K", "L"]
    assert rest["next_cursor"] is None
    (pair,) = first["items"]
    assert {each["contract_id"] for each in pair["contracts"]} == {made["K"], made["A"]}
    for township, count in ((JINHE, 2), (YONGHE, 2), ("共安彝族乡", 0)):
        assert len((await doubled(f"township:{township}"))["items"]) == count
    async with contracts.client() as client:
        path = f"/contracts/v1/contracts/{made['A']}/terminate"
        body = {"reason": "moved_away", "ended_on": "2016-03-10"}
        assert (await client.post(path, json=body)).is_success
    await contracts.deliver(unmerged("L", "B", 2))
    assert (await doubled())["items"] == []


async def test_a_persons_rows_are_found_by_an_index(contracts: Running) -> None:
    """Goal: asking for one person does not read everybody's tasks. Method: PostgreSQL's plan."""
    asked = select(Task.task_id).where(MERGES.means(Task.person_id, "K"))
    statement = str(
        asked.compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True})
    )
    async with contracts.context.db.writing() as session:
        # Tables of a few rows are read whole whatever the statement says.
        await session.execute(text("SET LOCAL enable_seqscan = off"))
        plan = [str(row[0]) for row in await session.execute(text(f"EXPLAIN {statement}"))]
    assert any("ix_tasks_person_id" in line for line in plan), plan
