"""What if: settled visits replayed under other rules; asked, followed, given up, begun again."""

import asyncio
import io
import os
import signal
import sys
import textwrap
from pathlib import Path
from typing import Any

from openpyxl import load_workbook

from services.claims.simulations import running
from tests.integration.claims.county import (
    BILL_A,
    DISTRICT,
    TOWNSHIP,
    Claims,
    merged,
    person,
)

OUTPATIENT = [
    {"line_no": 1, "name": "门诊药品", "kind": "drug", "catalogue_class": "A", "amount": "100.00"}
]


async def a_small_year(claims: Claims) -> list[dict[str, Any]]:
    """Two stays of one person, an outpatient of another, a stranger's stay, and one reversed."""
    for who in ("p-1", "p-2"):
        await claims.deliver(person(person_id=who))
    settled = []
    for facility, more, lines in (
        (DISTRICT, {"person_id": "p-1"}, None),
        (DISTRICT, {"person_id": "p-1"}, None),
        (TOWNSHIP, {"person_id": "p-2", "type": "outpatient"}, OUTPATIENT),
        (TOWNSHIP, {"person_id": "p-2", "type": "outpatient"}, OUTPATIENT),
        (DISTRICT, {}, None),
        (DISTRICT, {"person_id": "p-2"}, None),
    ):
        visit = await claims.discharged(lines, facility_code=facility, **more)
        settled.append(await claims.settled(visit["encounter_id"]))
    await claims.good(
        "POST", f"/settlements/{settled[-1]['settlement_id']}/reverse", {"reason": "x"}
    )
    return settled


async def simulated(claims: Claims, **body: Any) -> dict[str, Any]:
    asked = await claims.call("POST", "/simulations", {"pack": "jinkouhe-2016"} | body)
    assert asked.status_code == 202, asked.text
    assert asked.json()["status"] == "queued"
    assert await running.run_next(claims.context)
    found: dict[str, Any] = await claims.good(
        "GET", f"/simulations/{asked.json()['simulation_id']}"
    )
    return found


async def test_the_same_pack_changes_nothing(claims: Claims) -> None:
    """Goal: a replay under the rules in force is what was settled. Method: a small year, merged."""
    settled = await a_small_year(claims)
    await claims.deliver(merged("p-1", "p-2"))
    found = await simulated(claims, period="2016-H1")
    assert found["status"] == "done", found["fault"]
    assert (found["visits"], found["changed"], found["changed_count"]) == (5, [], 0)
    assert found["persons"] == 2
    assert found["before"] == found["after"]
    total = sum(round(float(each["total"]) * 100) for each in settled[:5])
    assert found["before"]["total"] == f"{total / 100:.2f}"
    patient = sum(round(float(each["patient_pays"]) * 100) for each in settled[:5])
    assert found["after"]["patient_pays"] == f"{patient / 100:.2f}"
    assert found["reported"]["patient_share"] == "0.2132"
    assert {group["visit_type"] for group in found["after"]["by_visit_type"]} == {
        "inpatient",
        "outpatient",
    }
    assert found["after"]["by_category"][0] == {
        "category": "registered_poor",
        "visits": 4,
        **{
            name: found["after"]["by_category"][0][name]
            for name in ("total", "patient_pays", "patient_share")
        },
    }


async def test_other_values_to_the_fen(claims: Claims) -> None:
    """Goal: before and after, winners and losers, by hand.

    Method: medical aid's floor of 0.90 on two stays of example A: the burden of 885.10 leaves
    88.51 instead of 221.27, so the patient pays 858.51 instead of 991.27 each; the stranger has no
    aid. A cap of 700.00 a year then cuts the second.
    """
    await a_small_year(claims)
    found = await simulated(claims, period="2016", parameters={"medical_aid.floor": "0.90"})
    assert found["changed_count"] == 2
    assert {each["difference"] for each in found["changed"]} == {"-132.76"}
    assert found["changed"][0]["payers"] == [
        {"payer": "medical_aid", "before": "663.83", "after": "796.59"}
    ]
    assert found["winners"] == {"visits": 2, "persons": 1, "amount": "265.52"}
    assert found["losers"] == {"visits": 0, "persons": 0, "amount": "0.00"}
    target = found["after"]["target"]
    parts = [round(float(part["excess"]) * 100) for part in target["by_reason"]]
    assert sum(parts) == round(float(target["excess"]) * 100)

    path = f"/simulations/{found['simulation_id']}/report.xlsx"
    book = load_workbook(io.BytesIO((await claims.call("GET", path)).content))
    sums = {row[0]: row[1:] for row in book["总览 Summary"].values}
    for name, said in (
        ("总费用(元) Total", "total"),
        ("患者自付(元) Patients pay", "patient_pays"),
    ):
        assert [f"{each:.2f}" for each in sums[name][:2]] == [
            found[side][said] for side in ("before", "after")
        ]
    assert f"{sums['自付比例 Share'][1]:.4f}" == found["after"]["patient_share"]
    payers = {row[0].split()[0]: row[1:] for row in book["支付方 Payers"].values}
    for side, place in (("before", 0), ("after", 1)):
        told = {p["payer"]: p["amount"] for p in found[side]["payers"]}
        assert f"{payers['医疗救助'][place]:.2f}" == told["medical_aid"]
    rows = list(book["变动 Changed"].values)[1:]
    assert [(row[0], f"{row[3]:.2f}") for row in rows] == [
        (each["settlement_id"], each["difference"]) for each in found["changed"]
    ]
    groups = list(book["分组 Groups"].values)[1:]
    townships = [row for row in groups if "乡镇" in row[0]]
    assert sum(round(row[3] * 100) for row in townships) == round(
        float(found["after"]["total"]) * 100
    )

    capped = await simulated(claims, period="2016", parameters={"medical_aid.annual_cap": "700.00"})
    assert [(each["before"], each["after"]) for each in capped["changed"]] == [
        ("991.27", "1618.93")
    ]
    assert capped["losers"]["amount"] == "627.66"
    narrowed = await simulated(
        claims,
        period="2016",
        parameters={"medical_aid.annual_cap": "700.00"},
        population={"facility_levels": ["township"]},
    )
    assert (narrowed["visits"], narrowed["changed_count"]) == (2, 0)


async def test_a_later_pack_and_stated_persons(claims: Claims) -> None:
    """Goal: last year under a later pack; persons stated in the request. Method: both ways."""
    await a_small_year(claims)
    later = await simulated(claims, pack="liangping-2019", period="2016-03")
    assert (later["status"], later["moved_years"]) == ("done", 4), later["fault"]
    assert later["visits"] + sum(each["visits"] for each in later["refused"]) >= 5
    bill = {
        "visit": {
            "type": "inpatient", "facility_level": "secondary", "discharged_on": "2016-03-08",
        },
        "lines": BILL_A,
    }  # fmt: skip
    stated = await simulated(
        claims,
        population={
            "persons": [
                {
                    "person_id": "anyone",
                    "person": {"categories": ["registered_poor"]},
                    "visits": [bill, bill],
                }
            ]
        },
        parameters={"medical_aid.floor": "0.90"},
    )
    assert stated["before"]["patient_pays"] == "1982.54"
    assert stated["after"]["patient_pays"] == "1717.02"
    assert [each["settlement_id"] for each in stated["changed"]] == [
        "persons[0].visits[0]",
        "persons[0].visits[1]",
    ]
    rows = await claims.rows(
        "SELECT request::text AS said FROM simulations ORDER BY id DESC LIMIT 1"
    )
    assert "甲类药品" not in rows[0]["said"]


async def test_what_is_refused(claims: Claims) -> None:
    """Goal: every bad request names its field. Method: one by one; nothing is queued."""
    for body, code, field in (
        ({}, "simulation_refused", "period"),
        ({"period": "soon"}, "simulation_refused", "period"),
        ({"period": "2016-13"}, "simulation_refused", "period"),
        ({"period": {"from": "2016-06-30", "to": "2016-01-01"}}, "simulation_refused", "period"),
        ({"period": "2016", "pack": "nowhere"}, "unknown_pack", "pack"),
        ({"period": "2016", "parameters": {"no": "1"}}, None, "parameters.no"),
        ({"period": "2016", "more": 1}, "validation_failed", "more"),
        (
            {"population": {"persons": [{"person_id": "511113199001011234", "visits": []}]}},
            "validation_failed",
            None,
        ),
    ):
        answer = await claims.call("POST", "/simulations", {"pack": "jinkouhe-2016"} | body)
        assert answer.status_code == 422, (body, answer.text)
        refused = answer.json()
        assert code in {None, refused["code"]}, refused
        assert field is None or field in {each["field"] for each in refused["errors"]}, refused
    assert await claims.rows("SELECT 1 FROM simulations") == []
    own = f"facility:{DISTRICT}"
    asked = {"pack": "jinkouhe-2016", "period": "2016"}
    assert (await claims.call("POST", "/simulations", asked, organisation=own)).status_code == 403
    job = await claims.good("POST", "/simulations", asked, key="one")
    again = await claims.good("POST", "/simulations", asked, key="one")
    assert again == job
    path = f"/simulations/{job['simulation_id']}"
    assert (await claims.call("GET", path, organisation=own)).status_code == 404


async def test_given_up(claims: Claims, monkeypatch: Any) -> None:
    """Goal: a cancelled simulation ends and leaves nothing. Method: while waiting, and while running."""
    await a_small_year(claims)
    asked = {"pack": "jinkouhe-2016", "period": "2016"}
    waiting = await claims.good("POST", "/simulations", asked)
    path = f"/simulations/{waiting['simulation_id']}"
    assert (await claims.good("POST", f"{path}/cancel"))["status"] == "cancelled"
    assert (await claims.good("POST", f"{path}/cancel"))["status"] == "cancelled"
    assert not await running.run_next(claims.context)
    nothing = await claims.call("GET", f"{path}/report.xlsx")
    assert nothing.json()["code"] == "simulation_not_done"

    monkeypatch.setattr(running, "PROGRESS_EVERY_S", 0.01)
    quick, entered = running.replay, asyncio.Event()
    loop = asyncio.get_running_loop()

    def slow(*args: Any, progress: Any, **more: Any) -> Any:
        loop.call_soon_threadsafe(entered.set)
        while True:  # until it is told to stop
            progress(0, 1)

    monkeypatch.setattr(running, "replay", slow)
    job = await claims.good("POST", "/simulations", asked)
    path = f"/simulations/{job['simulation_id']}"
    run = asyncio.create_task(running.run_next(claims.context))
    await entered.wait()
    assert (await claims.good("GET", path))["status"] == "running"
    assert not await running.run_next(claims.context), "one at a time"
    assert (await claims.good("POST", f"{path}/cancel"))["status"] == "cancelled"
    assert await run
    found = await claims.good("GET", path)
    assert (found["status"], found["before"]) == ("cancelled", None)
    monkeypatch.setattr(running, "replay", quick)
    done = await simulated(claims, period="2016")
    ended = await claims.call("POST", f"/simulations/{done['simulation_id']}/cancel")
    assert ended.json()["code"] == "simulation_ended"
    listed = await claims.good("GET", "/simulations", limit=2)
    assert [each["status"] for each in listed["items"]] == ["done", "cancelled"]


KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from services.claims.simulations import repository, running
from shared.clock import SystemClock
from shared.security.tokens import TokenSigner
from tests.integration.claims.county import claims_context

async def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

repository.finish = die
folder = Path(sys.argv[2])
signer = TokenSigner.generate(folder / "other-key.json", clock=SystemClock())
asyncio.run(running.run_next(claims_context(sys.argv[1], folder, signer, SystemClock())))
"""


async def test_killed_and_begun_again(claims: Claims, tmp_path: Path) -> None:
    """Goal: kill -9 in a simulation loses and doubles nothing.

    Method: a process of its own dies by SIGKILL when everything is calculated and nothing written;
    another then runs the same job to its end. One that always dies is given up.
    """
    await a_small_year(claims)
    job = await claims.good("POST", "/simulations", {"pack": "jinkouhe-2016", "period": "2016"})
    path = f"/simulations/{job['simulation_id']}"
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", textwrap.dedent(KILLED), claims.context.db.url, str(tmp_path),
        cwd=Path(__file__).parents[3], env=os.environ,
    )  # fmt: skip
    assert await child.wait() == -signal.SIGKILL
    assert (await claims.good("GET", path))["status"] == "running"
    assert await running.run_next(claims.context)
    found = await claims.good("GET", path)
    assert (found["status"], found["visits"], found["changed_count"]) == ("done", 5, 0)
    rows = await claims.rows("SELECT attempts, status FROM simulations")
    assert [(row["attempts"], row["status"]) for row in rows] == [(2, "done")]
    assert not await running.run_next(claims.context)
    await claims.good("POST", "/simulations", {"pack": "jinkouhe-2016", "period": "2016"})
    psql = await claims.psql()
    try:
        await psql.execute(
            "UPDATE simulations SET status = 'running', attempts = 3 WHERE result IS NULL"
        )
    finally:
        await psql.close()
    assert await running.run_next(claims.context)
    given_up = (await claims.good("GET", "/simulations"))["items"][0]
    assert (given_up["status"], given_up["fault"]["code"]) == ("failed", "given_up")
