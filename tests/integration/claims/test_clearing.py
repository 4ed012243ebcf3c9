"""Clearing: everything owed is paid, by the right hands, once."""

import csv
import io
from collections.abc import Awaitable, Callable
from datetime import date, datetime, timedelta
from typing import Any

import openpyxl

from services.claims.ledger import sealing
from shared.clock import FixedClock
from shared.events.catalog import CategoryPeriod, ClearingPaid
from shared.money import fen_from_text, text_from_fen
from tests.integration.claims.county import DISTRICT, TOWNSHIP, Claims, person

MARCH = {"period": "2016-03"}


async def settled(claims: Claims, count: int = 1, facility: str = DISTRICT) -> list[str]:
    """Bills of worked example A: basic insurance 3344.90, medical aid at the district 663.83."""
    made = []
    for _ in range(count):
        visit = await claims.discharged(person_id="p-1", facility_code=facility)
        made.append((await claims.settled(visit["encounter_id"]))["settlement_id"])
    return made


async def collected(claims: Claims, **more: Any) -> dict[str, Any]:
    run: dict[str, Any] = await claims.good(
        "POST", "/clearing-runs", MARCH | more, client="hospital"
    )
    return run


async def stepped(claims: Claims, run: dict[str, Any], step: str, client: str, **body: Any) -> Any:
    return await claims.call(
        "POST", f"/clearing-runs/{run['run_id']}/{step}", body or None, client=client
    )


async def approved(claims: Claims, **more: Any) -> dict[str, Any]:
    run = await collected(claims, **more)
    for step, client in (("submit", "hospital"), ("approve", "insurer")):
        answer = await stepped(claims, run, step, client)
        assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def owed(claims: Claims) -> dict[str, str]:
    """What the ledger says funds still owe, by account."""
    return {
        code: balance
        for code, balance in (await claims.balances()).items()
        if code.startswith(("payer:", "held:")) and balance != "0.00"
    }


async def test_a_month_is_cleared_to_the_fen(county: Claims) -> None:
    """Goal: Σ paid = Σ payable for each fund; run, ledger, files and event say the same.

    Method: bills at two hospitals, one of them reversed; collect, submit, approve, pay; the
    statement and the bank's file are opened again.
    """
    await settled(county, 2)
    await settled(county, 1, TOWNSHIP)
    (gone,) = await settled(county, 1)
    await county.good("POST", f"/settlements/{gone}/reverse", {"reason": "test"})
    payable = await owed(county)

    run = await approved(county)
    parts = {
        f"payer:{part['fund']}:{part['facility_code']}": part["amount"] for part in run["parts"]
    }
    assert parts == payable
    path = f"/clearing-runs/{run['run_id']}"
    bank = await county.call("GET", f"{path}/bank-file.csv", client="insurer")
    lines = list(csv.reader(io.StringIO(bank.content.decode("utf-8-sig"))))
    assert sum(fen_from_text(line[-1]) for line in lines[1:]) == fen_from_text(run["amount"])

    paid = (await stepped(county, run, "paid", "insurer", reference="B-1")).json()
    assert (paid["status"], paid["paid"], paid["open"]) == ("paid", run["amount"], "0.00")
    assert await owed(county) == {}
    balances = await county.balances()
    assert balances["spent:medical_aid:benefits"] == text_from_fen(
        sum(fen_from_text(amount) for code, amount in payable.items() if "medical_aid" in code)
    )
    assert balances[f"facility:{DISTRICT}"] == "-" + balances[f"patient:{DISTRICT}"]

    answer = await county.call("GET", f"{path}/statement.xlsx", client="insurer")
    payments = await county.good("GET", f"{path}/payments")
    check_statement(answer.content, paid, payments["items"])
    items = await county.good("GET", f"{path}/items", limit=3)
    assert len(items["items"]) == 3
    rest = await county.good("GET", f"{path}/items", cursor=items["next_cursor"])
    assert sum(
        fen_from_text(item["amount"]) for item in items["items"] + rest["items"]
    ) == fen_from_text(paid["amount"])

    (event,) = [each for each in await county.events() if isinstance(each, ClearingPaid)]
    assert event.complete
    assert sum(share.amount for share in event.shares) == fen_from_text(paid["amount"])
    async with county.context.db.writing() as session:
        await sealing.seal(session)
    assert await faults_of(county) == ()
    again = await county.call("POST", "/clearing-runs", MARCH, client="hospital")
    assert (again.status_code, again.json()["code"]) == (409, "nothing_to_clear")


def check_statement(content: bytes, run: dict[str, Any], payments: list[dict[str, Any]]) -> None:
    """The workbook opened again: Chinese heads, numbers as numbers, the figures of the API."""
    book = openpyxl.load_workbook(io.BytesIO(content))
    assert book.sheetnames == ["基金汇总", "机构汇总", "明细", "付款"]
    amounts = ("amount", "held", "paid", "released", "open")

    def lines(sheet: str, head: int) -> list[tuple[Any, ...]]:
        first, *rows = book[sheet].iter_rows(min_row=head, values_only=True)
        assert all("\u4e00" <= name[0] <= "\u9fff" for name in first), first
        assert rows[-1][0] == "合计"
        return rows

    def fen(value: Any) -> int:
        assert isinstance(value, int | float), value
        return round(value * 100)

    *parts, total = lines("机构汇总", 1)
    assert [(row[0], *map(fen, row[4:])) for row in parts] == [
        (part["facility_code"], *(fen_from_text(part[name]) for name in amounts))
        for part in run["parts"]
    ]
    sums = [sum(fen_from_text(part[name]) for part in run["parts"]) for name in amounts]
    assert [fen(value) for value in total[4:]] == sums
    *funds, total = lines("基金汇总", 2)
    by_fund: dict[str, int] = {}
    for part in run["parts"]:
        name = part["fund_zh"]
        by_fund[name] = by_fund.get(name, 0) + fen_from_text(part["amount"])
    assert {row[0]: fen(row[1]) for row in funds} == by_fund
    assert [fen(value) for value in total[1:]] == sums
    *items, total = lines("明细", 1)
    assert sum(fen(row[8]) for row in items) == fen(total[8]) == fen_from_text(run["amount"])
    assert all(isinstance(row[3], datetime) for row in items)
    *moves, total = lines("付款", 1)
    assert [(row[0].date().isoformat(), row[2], fen(row[7])) for row in moves] == [
        (each["paid_on"], each["reference"], fen_from_text(each["amount"])) for each in payments
    ]
    assert fen(total[7]) == sum(fen_from_text(each["amount"]) for each in payments)


async def faults_of(claims: Claims) -> tuple[str, ...]:
    async with claims.context.db.reading() as session:
        return (await sealing.verify(session)).faults


async def test_money_told_otherwise_than_booked_is_found(county: Claims) -> None:
    """Goal: a fund's balance and a payment cannot be told otherwise than the ledger has them.

    Method: a fund opened, a month paid, everything sealed; then, as an intruder, the balance and a
    payment's amount changed, and an opening balance removed.
    """
    opening = {"amount": "9000.00", "year": 2016, "document": "决算", "booked_on": "2016-01-01"}
    await county.good("POST", "/funds/medical_aid/opening", opening)
    await settled(county)
    await stepped(county, await approved(county), "paid", "insurer")
    async with county.context.db.writing() as session:
        await sealing.seal(session)
    assert await faults_of(county) == ()
    psql = await county.psql()
    try:
        await psql.execute("UPDATE fund_balances SET balance_fen = balance_fen + 1")
        for table, change in (
            ("clearing_payments", "UPDATE clearing_payments SET amount_fen = amount_fen - 1"),
            ("fund_movements", "DELETE FROM fund_movements"),
        ):
            await psql.execute(f"GRANT ALL ON {table} TO CURRENT_USER")
            await psql.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            await psql.execute(change)
    finally:
        await psql.close()
    found = await faults_of(county)
    assert len([fault for fault in found if "medical_aid" in fault and "by 1 fen" in fault]) == 1
    assert len([fault for fault in found if "differs from its entry" in fault]) == 3


async def test_no_step_is_skipped_nor_done_twice_by_one(county: Claims) -> None:
    """Goal: every illegal step is refused and changes nothing. Method: each in each state."""
    await settled(county)
    run = await collected(county)
    for step, client, code in (
        ("approve", "insurer", "clearing_step_not_allowed"),
        ("paid", "insurer", "clearing_step_not_allowed"),
        ("review", "director", "clearing_step_not_allowed"),
        ("submit", "insurer", "forbidden"),
        ("approve", "hospital", "forbidden"),
        ("release-deposit", "insurer", "clearing_step_not_allowed"),
    ):
        refused = await stepped(county, run, step, client)
        assert refused.json()["code"] == code, step
    assert (await stepped(county, run, "submit", "operator")).status_code == 200
    for step in ("submit", "review", "approve"):
        code = (await stepped(county, run, step, "operator")).json()["code"]
        expected = "clearing_step_not_allowed" if step == "submit" else "same_person_twice"
        assert code == expected, step
    early = await county.call(
        "GET", f"/clearing-runs/{run['run_id']}/bank-file.csv", client="insurer"
    )
    assert early.json()["code"] == "clearing_step_not_allowed"
    assert (await stepped(county, run, "review", "director")).status_code == 200
    assert (await stepped(county, run, "approve", "insurer")).status_code == 200
    assert (await stepped(county, run, "paid", "operator")).json()["code"] == "same_person_twice"
    for more in (
        {"payments": [{"facility_code": TOWNSHIP, "fund": "medical_aid", "amount": "1.00"}]},
        {"payments": [{"facility_code": DISTRICT, "fund": "medical_aid", "amount": "663.84"}]},
        {"payments": [{"facility_code": DISTRICT, "fund": "medical_aid", "amount": "0.00"}]},
    ):
        refused = await stepped(county, run, "paid", "insurer", **more)
        assert refused.status_code == 422, more
    for document in (
        {"period": "2016-13"},
        {"period": "2016-04"},
        MARCH | {"deposit_ratio": "0.31"},
    ):
        refused = await county.call("POST", "/clearing-runs", document, client="hospital")
        assert refused.status_code == 422, document
    assert (await county.good("GET", f"/clearing-runs/{run['run_id']}"))["paid"] == "0.00"


async def test_parts_deposits_and_retries(county: Claims) -> None:
    """Goal: instalments and a deposit, each transfer once, whatever is retried.

    Method: 5 % held back; one fund paid, the same again, the rest, the deposit; every call twice.
    """
    await settled(county)
    run = await approved(county, deposit_ratio="0.05")
    aid = next(part for part in run["parts"] if part["fund"] == "medical_aid")
    assert (aid["amount"], aid["held"], aid["open"]) == ("663.83", "33.19", "630.64")
    some = {
        "reference": "B-1",
        "payments": [{"facility_code": DISTRICT, "fund": "medical_aid", "amount": "600.00"}],
    }
    first = await stepped(county, run, "paid", "insurer", **some)
    retried = await stepped(county, run, "paid", "insurer", **some)
    assert first.json()["status"] == "approved"
    assert retried.headers["idempotency-replayed"] == "true"
    assert retried.json()["paid"] == first.json()["paid"] == "600.00"
    assert (await owed(county))[f"held:medical_aid:{DISTRICT}"] == "33.19"
    other = await stepped(
        county,
        run,
        "paid",
        "insurer",
        reference="B-1",
        payments=[{"facility_code": DISTRICT, "fund": "medical_aid", "amount": "1.00"}],
    )
    assert other.json()["code"] == "reference_used"
    assert (await stepped(county, run, "cancel", "hospital", reason="test")).status_code == 409

    rest = await stepped(county, run, "paid", "insurer", reference="B-2")
    assert (rest.json()["status"], rest.json()["open"]) == ("paid", "0.00")
    again = await stepped(county, run, "paid", "insurer", reference="B-2")
    assert again.json() == rest.json()
    third = await stepped(county, run, "paid", "insurer", reference="B-3")
    assert third.json()["code"] == "clearing_step_not_allowed"
    for _ in range(2):
        released = await stepped(county, run, "release-deposit", "insurer", reference="B-4")
        assert released.status_code == 200
    assert await owed(county) == {}
    listed = await county.good("GET", f"/clearing-runs/{run['run_id']}/payments")
    assert sum(fen_from_text(each["amount"]) for each in listed["items"]) == fen_from_text(
        run["amount"]
    )


async def test_a_cancelled_run_frees_and_a_late_reversal_is_taken_back(county: Claims) -> None:
    """Goal: nothing is lost by a cancelled run; what was paid for a bill reversed later comes back.

    Method: cancel and collect again; pay; reverse one bill: the hospital owes the fund, so no run
    is made of that alone; with a new bill, the next run pays the difference only.
    """
    first, _ = await settled(county, 2)
    run = await collected(county)
    assert (await stepped(county, run, "cancel", "hospital", reason="test")).status_code == 200
    assert (await stepped(county, run, "submit", "hospital")).status_code == 409
    again = await approved(county)
    assert again["amount"] == run["amount"]
    await stepped(county, again, "paid", "insurer")
    await county.good("POST", f"/settlements/{first}/reverse", {"reason": "test"})
    alone = await county.call("POST", "/clearing-runs", MARCH, client="hospital")
    assert alone.json()["code"] == "nothing_to_clear"
    await settled(county, 2)
    last = await approved(county)
    await stepped(county, last, "paid", "insurer")
    assert await owed(county) == {}
    assert last["amount"] == text_from_fen(fen_from_text(run["amount"]) // 2)


async def test_a_hospital_clears_its_own(county: Claims) -> None:
    """Goal: a facility's client collects and sees its own run only. Method: two hospitals."""
    await settled(county)
    await settled(county, 1, TOWNSHIP)
    own = f"facility:{TOWNSHIP}"
    run = await county.good("POST", "/clearing-runs", MARCH, client="hospital", organisation=own)
    assert {part["facility_code"] for part in run["parts"]} == {TOWNSHIP}
    foreign = await county.call(
        "POST",
        "/clearing-runs",
        MARCH | {"facility_code": DISTRICT},
        client="hospital",
        organisation=own,
    )
    assert foreign.status_code == 403
    everyones = await collected(county)
    assert {part["facility_code"] for part in everyones["parts"]} == {DISTRICT}
    hidden = await county.call(
        "GET", f"/clearing-runs/{everyones['run_id']}", client="hospital", organisation=own
    )
    assert hidden.status_code == 404
    listed = await county.good("GET", "/clearing-runs", organisation=own)
    assert [each["run_id"] for each in listed["items"]] == [run["run_id"]]


async def test_waivers_go_through_the_health_bureau_and_their_own_fund(
    start: Callable[..., Awaitable[Claims]], clock: FixedClock
) -> None:
    """Goal: XB-28 and XB-55. Method: Xinbin's pack, a waived registration fee; approving without
    the review is refused, so is another agency, and paying more than the waiver fund holds; a run
    of every fund with waivers in it is the poverty office's too, unless they have their own."""
    clock.advance(timedelta(days=920))
    claims = await start(pack="xinbin-2018")
    await claims.deliver(
        person(categories=(CategoryPeriod(code="registered_poor", valid_from=date(2014, 1, 1)),))
    )
    facility = next(
        each.facility_code
        for each in claims.context.region.facilities
        if each.facility_level == "township" and each.in_region
    )
    encounter = await claims.opened(
        facility_code=facility, person_id="p-1", admitted_at="2018-08-01T09:00:00+08:00"
    )
    path = f"/encounters/{encounter['encounter_id']}"
    lines = [
        {"line_no": 1, "name": "挂号费", "kind": "registration", "catalogue_class": "A",
         "amount": "5.00"},
        {"line_no": 2, "name": "床位费", "kind": "bed", "catalogue_class": "A", "amount": "400.00"},
    ]  # fmt: skip
    await claims.good("POST", f"{path}/charges", {"batch_no": "B1", "lines": lines})
    await claims.good(
        "POST",
        f"{path}/discharge",
        {"discharged_at": "2018-08-08T10:00:00+08:00", "diagnoses": ["J18.900"]},
    )
    await claims.settled(encounter["encounter_id"])

    run = await claims.good(
        "POST", "/clearing-runs", {"period": "2018-08", "fund": "waiver_fund"}, client="hospital"
    )
    assert (run["amount"], run["must_be_reviewed"]) == ("85.00", True)
    await stepped(claims, run, "submit", "hospital")
    skipped = await stepped(claims, run, "approve", "poverty-office")
    assert (skipped.status_code, skipped.json()["code"]) == (409, "review_skipped")
    assert (await stepped(claims, run, "review", "poverty-office")).json()["code"] == "forbidden"
    assert (await stepped(claims, run, "review", "director")).status_code == 200
    foreign = await stepped(claims, run, "approve", "insurer")
    assert (foreign.status_code, foreign.json()["code"]) == (403, "not_your_fund")
    assert "Poverty office" in foreign.json()["detail"]
    assert (await stepped(claims, run, "approve", "poverty-office")).status_code == 200
    assert (await stepped(claims, run, "paid", "insurer")).json()["code"] == "not_your_fund"
    empty = await stepped(claims, run, "paid", "poverty-office")
    assert (empty.status_code, empty.json()["code"]) == (409, "fund_insufficient")
    await claims.good(
        "POST",
        "/funds/waiver_fund/appropriations",
        {"source": "poverty_office", "amount": "100.00", "year": 2018,
         "document": "新扶办发〔2018〕12号", "booked_on": "2018-08-09"},
        client="poverty-office",
    )  # fmt: skip
    paid = await stepped(claims, run, "paid", "poverty-office")
    assert paid.json()["status"] == "paid"
    held = await claims.good("GET", "/funds/waiver_fund")
    assert (held["balance"], held["owed"]) == ("15.00", "0.00")
