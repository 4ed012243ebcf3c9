"""Contracts in bulk: a verdict for each row, the same file twice, a batch taken back."""

import asyncio
import io
from collections.abc import Sequence
from datetime import date
from typing import Any

import openpyxl
import pytest
from sqlalchemy import text

from tests.integration.contracts.stories import JINHE, JINHE_TEAM, YONGHE, entered
from tests.support.service import COUNTY, Running

HEADER = ("人员编号", "签约日期", "团队编码", "valid_to")
IN_FORCE = "SELECT count(*) AS n FROM contracts WHERE in_force @> date '2016-03-01'"


def workbook(rows: Sequence[Sequence[Any]], header: Sequence[str] = HEADER) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(list(header))
    for row in rows:
        sheet.append(list(row))
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


async def send(service: Running, content: bytes, organisation: str = COUNTY, **form: Any) -> Any:
    async with service.client(organisation) as client:
        return await client.post(
            "/contracts/v1/imports", data=form, files={"file": ("c.xlsx", content)}
        )


async def undo(service: Running, import_id: str) -> Any:
    async with service.client() as client:
        return await client.post(f"/contracts/v1/imports/{import_id}/undo")


async def in_force(service: Running) -> int:
    (row,) = await service.rows(IN_FORCE)
    return int(row["n"])


@pytest.fixture
async def people(contracts: Running) -> Running:
    """Sixty people of one township."""
    await contracts.deliver_together(*(entered(f"P{number:02}") for number in range(60)))
    return contracts


def panel() -> bytes:
    """Fifty-six good rows; a missing day, a stranger, an unknown team, a day in the future."""
    good: list[Sequence[Any]] = [(f"P{number:02}", date(2016, 1, 5)) for number in range(54)]
    good += [("P54", "2016/1/6", JINHE_TEAM), ("P55", "2016年1月7日", None, "2017-01-31")]
    bad = [("P56", None), ("nobody", "2016-01-05"), ("P57", "2016-01-05", "H0")]
    return workbook([*good, *bad, ("P58", "2016-03-11"), ()])


async def test_five_thousand_imported_twice_and_taken_back_once(contracts: Running) -> None:
    """Goal: one state however often, each bad row told, all gone by undoing.

    Method: 5,000 rows of which 50 are bad in four ways; tried, twice for good, undone twice, two
    of them once more; the events, the steps and the log of what is done together.
    """
    async with contracts.context.db.writing() as session:
        await session.execute(
            text(
                "INSERT INTO people (person_id, region, township, categories, registered,"
                " effective_on, sequence) SELECT 'P' || n, :region, :home, '[]', true,"
                " '2015-01-01', 1 FROM generate_series(1, 5000) AS n"
            ),
            {"region": contracts.context.region.region_code, "home": JINHE},
        )
    wrong = [("", None), ("nobody", "2016-01-05"), ("", "2016-01-05", "H0"), ("", "2016-03-11")]
    rows: list[Sequence[Any]] = [
        (f"P{n}", ("2016/1/6", "2016年1月7日", date(2016, 1, 5))[n % 3]) for n in range(1, 4951)
    ]
    for n in range(4951, 5001):
        person_id, *rest = wrong[n % 4]
        rows.append((person_id or f"P{n}", *rest))
    content = workbook(rows)

    tried = (await send(contracts, content, dry_run="true")).json()
    assert (tried["status"], tried["accepted"], tried["rejected"]) == ("dry_run", 4950, 50)
    assert await in_force(contracts) == 0
    assert await contracts.published() == []

    first = await send(contracts, content)
    assert first.status_code == 201, first.text
    done = first.json()
    assert [done[n] for n in ("rows", "accepted", "unchanged", "rejected")] == [5000, 4950, 0, 50]
    assert {(each["column"], each["code"]) for each in done["errors"]} == {
        ("signed_on", "missing"),
        ("person_id", "person_unknown"),
        ("team", "unknown_team"),
        ("signed_on", "in_the_future"),
    }
    assert all(each["message"] and each["message_zh"] for each in done["errors"])
    again = (await send(contracts, content)).json()
    assert [again[n] for n in ("accepted", "unchanged", "rejected")] == [0, 4950, 50]
    assert await in_force(contracts) == 4950

    assert (await undo(contracts, tried["import_id"])).json()["code"] == "import_dry_run"
    back = (await undo(contracts, done["import_id"])).json()
    assert (back["status"], back["kept_back"]) == ("undone", 0)
    assert await in_force(contracts) == 0
    assert (await undo(contracts, done["import_id"])).json()["code"] == "import_undone_already"
    assert (await send(contracts, workbook(rows[:2]))).json()["accepted"] == 2
    assert await in_force(contracts) == 2
    told = await contracts.rows(
        "SELECT type, count(*) AS n, count(DISTINCT aggregateid) AS contracts FROM outbox"
        " GROUP BY type ORDER BY type"
    )
    assert [(row["type"].split(".")[4], row["n"], row["contracts"]) for row in told] == [
        ("ended", 4950, 4950),
        ("signed", 4952, 4952),
    ]


async def test_together_and_singly_are_the_same(people: Running) -> None:
    """Goal: one rule, two ways. Method: P00 goes with others; P01 alone, for an exempt reason of
    his stands, and P02 for he was invited; P03 twice in one file; two imports at once of the rest;
    steps, log and events of P00 and P01 are compared."""
    async with people.client() as client:
        reason = {"person_id": "P01", "reason": "temporary_absence", "valid_from": "2016-03-01"}
        reason |= {"evidence": "电话"}
        assert (await client.post("/contracts/v1/exemptions", json=reason)).status_code == 201
        offer = {"person_id": "P02", "status": "invited", "on": "2016-01-02"}
        assert (await client.post("/contracts/v1/contracts", json=offer)).status_code == 201
    rows = [(f"P{n:02}", "2016-01-05") for n in (0, 1, 2, 3, 3)] + [("P03", "2016-02-05")]
    done = (await send(people, workbook(rows))).json()
    assert [done[n] for n in ("accepted", "unchanged", "rejected")] == [4, 1, 1]
    assert done["errors"][0]["code"] == "contract_overlaps"
    kept = {}
    for person_id in ("P00", "P01"):
        (contract,) = await people.rows(
            "SELECT contract_id, team, township, village, stage, package, signed_on, valid_from,"
            " valid_to, renewals, signed_by, recorded_at FROM contracts WHERE person_id = :id",
            id=person_id,
        )
        contract_id = contract.pop("contract_id")
        steps = await people.rows(
            'SELECT number, step, stage, "on", reason, valid_to, recorded_by, organisation'
            " FROM contract_steps WHERE contract_id = :id",
            id=contract_id,
        )
        logged = await people.rows(
            "SELECT actor, organisation, action, detail - 'person_id' AS detail FROM audit_log"
            " WHERE subject = :id",
            id=str(contract_id),
        )
        told = await people.rows(
            "SELECT type, payload - 'person_id' - 'contract_id' AS payload FROM outbox"
            " WHERE aggregateid = :id OR payload->>'contract_id' = :id",
            id=str(contract_id),
        )
        kept[person_id] = (contract, steps, logged, told)
    assert kept["P00"] == kept["P01"]
    assert [len(part) for part in kept["P00"][1:]] == [1, 1, 1]

    content = workbook([(f"P{n}", "2016-01-05") for n in range(10, 60)])
    both = await asyncio.gather(*(send(people, content) for _ in range(2)))
    assert sorted(each.json()["accepted"] for each in both) == [0, 50]
    assert await in_force(people) == 54


async def test_what_has_gone_on_is_left(people: Running) -> None:
    """Goal: undoing destroys no later work. Method: one contract ended, one paid for, one left."""
    done = (await send(people, workbook([(f"P0{n}", "2016-01-05") for n in range(3)]))).json()
    async with people.client() as client:
        listed = await client.get("/contracts/v1/contracts", params={"person_id": "P00"})
        contract_id = listed.json()["items"][0]["contract_id"]
        ended = await client.post(
            f"/contracts/v1/contracts/{contract_id}/terminate",
            json={"reason": "moved_away", "ended_on": "2016-03-01"},
        )
        assert ended.is_success, ended.text
        body = {"person_id": "P01", "performed_at": "2016-03-02T09:00:00+08:00", "way": "home"}
        assert (
            await client.post("/contracts/v1/follow-ups", json={**body, "outcome": "stable"})
        ).is_success
        paid = {"team": JINHE_TEAM, "period": "2016-03"}
        assert (await client.post("/contracts/v1/fee-statements", json=paid)).json()["count"] == 1
    assert (await undo(people, done["import_id"])).json()["kept_back"] == 2
    reasons = await people.rows("SELECT person_id, end_reason FROM contracts ORDER BY person_id")
    assert [row["end_reason"] for row in reasons] == ["moved_away", None, "entered_in_error"]


async def test_files_and_rows_that_cannot_be(people: Running) -> None:
    """Goal: each whole-file fault and whose rows. Method: no workbook, no column, no row; another
    township's people; the verdicts as a workbook."""
    for content, code in (
        (b"not a workbook", "import_unreadable"),
        (workbook([("P01",)], ("人员编号",)), "import_columns_missing"),
        (workbook([]), "import_empty"),
    ):
        answer = await send(people, content)
        assert (answer.status_code, answer.json()["code"]) == (422, code)
    other = (await send(people, panel(), f"township:{YONGHE}")).json()
    assert (other["accepted"], other["rejected"]) == (0, 60)
    async with people.client(f"township:{JINHE}") as client:
        path = f"/contracts/v1/imports/{other['import_id']}"
        assert (await client.get(path)).json()["code"] == "import_unknown"
    async with people.client() as client:
        answer = await client.get(f"{path}/verdicts.xlsx")
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).active
    assert sheet is not None
    assert sheet.max_row == 61


async def test_the_template_comes_back_as_it_went_out(people: Running) -> None:
    """Goal: out and in again. Method: the template with the people still to sign, filled in."""
    async with people.client(f"township:{JINHE}") as client:
        answer = await client.get("/contracts/v1/imports/template.xlsx", params={"people": "true"})
    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    sheet = book.worksheets[0]
    assert sheet.max_row == 61
    for row in range(2, 62):
        sheet.cell(row, 2).value = "2016-01-05"
    content = io.BytesIO()
    book.save(content)
    done = (await send(people, content.getvalue(), f"township:{JINHE}")).json()
    assert (done["accepted"], done["rejected"]) == (60, 0)
