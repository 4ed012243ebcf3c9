"""Reconciliation: a hospital's day against ours over HTTP, and what becomes of differences."""

from __future__ import annotations

import asyncio
import io
from datetime import timedelta
from typing import Any

from openpyxl import load_workbook

from shared.clock import FixedClock
from shared.events.catalog import ReconciliationDiffered
from tests.integration.claims.county import BILL_A, DISTRICT, TOWNSHIP, Claims, person

DAY = "2016-03-08"
OWN = f"facility:{DISTRICT}"


async def settled_visits(claims: Claims, count: int, **more: Any) -> list[dict[str, Any]]:
    """Settled visits as the hospital knows them: its number, and the breakdown it was given."""
    await claims.deliver(person())
    found = []
    for _ in range(count):
        encounter = await claims.discharged(person_id="p-1", **more)
        settlement = await claims.settled(encounter["encounter_id"])
        found.append(settlement | {"visit_no": encounter["visit_no"]})
    return found


def record(settled: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {name: settled[name] for name in ("visit_no", "total", "patient_pays", "payers")} | more


async def reconciled(claims: Claims, **body: Any) -> dict[str, Any]:
    document = {"facility_code": DISTRICT, "date": DAY} | body
    answer: dict[str, Any] = await claims.good("POST", "/reconciliations", document)
    return answer


def named(answer: dict[str, Any]) -> set[tuple[str, str | None, str]]:
    return {(d["kind"], d["visit_no"], d["difference"]) for d in answer["differences"]}


async def test_a_day_with_a_fault_of_each_kind(claims: Claims) -> None:
    """Goal: every fault is named with its record and payer, none is invented, the differences come
    to the difference of the sums. Method: six settled visits, told with five faults."""
    clean, lost, twice, dearer, here, there = await settled_visits(claims, 6)
    await claims.good("POST", f"/settlements/{here['settlement_id']}/reverse", {"reason": "误结"})
    payers = {p["payer"]: p["amount"] for p in dearer["payers"]}
    more = f"{float(dearer['patient_pays']) + 61:.2f}"
    records = [
        record(clean),
        record(twice),
        record(twice),
        record(dearer, total="5061.00", patient_pays=more, payers=payers),
        record(here),
        {"settlement_id": there["settlement_id"], "status": "reversed", "total": "5000.00"},
        {"visit_no": "ZY900", "total": "180.00"},
    ]
    answer = await reconciled(claims, records=records)
    assert named(answer) == {
        ("missing_there", lost["visit_no"], "-5000.00"),
        ("duplicate", twice["visit_no"], "5000.00"),
        ("amount_differs", dearer["visit_no"], "61.00"),
        ("reversed_here", here["visit_no"], "5000.00"),
        ("reversed_there", there["visit_no"], "-5000.00"),
        ("missing_here", "ZY900", "180.00"),
    }
    assert (answer["difference"], answer["explained"]) == ("241.00", "241.00")
    (found,) = [d for d in answer["differences"] if d["kind"] == "amount_differs"]
    assert found["record"] == 3
    assert {p["part"]: p["difference"] for p in found["parts"]} == {
        "total": "61.00",
        "patient": "61.00",
    }
    assert "个人支付多 61.00 元" in found["message_zh"]
    (event,) = [e for e in await claims.events() if isinstance(e, ReconciliationDiffered)]
    assert {(one.kind, one.count) for one in event.differences} == {
        (kind, 1) for kind, _, _ in named(answer)
    }

    workbook = load_workbook(
        io.BytesIO(
            (
                await claims.call(
                    "GET", f"/reconciliations/{answer['reconciliation_id']}/report.xlsx"
                )
            ).content
        )
    )
    sums = {row[0]: row[1:] for row in workbook.worksheets[0].iter_rows(2, values_only=True)}
    assert sums["合计"] == ("25000.00", "25241.00", "241.00")
    listed = [str(row[4]) for row in workbook.worksheets[1].iter_rows(2, values_only=True)]
    assert sorted(listed) == sorted(d["difference"] for d in answer["differences"])


async def test_the_seeded_sixty_one_yuan(claims: Claims) -> None:
    """Goal: 171,239.20 against funds of 128,026.42 + 180.00 + 42,971.78 is 61.00 too much, found
    from the totals, then in the record. Method: totals alone that contradict themselves; then the
    totals of a real day that are 61.00 above ours, and its records."""
    alone = await reconciled(
        claims,
        totals={
            "total": "171239.20",
            "payers": {"basic_insurance": "128026.42", "medical_aid": "180.00"},
            "patient_pays": "42971.78",
        },
        records=[],
    )
    assert alone["status"] == "differs"
    assert alone["scope"] == "totals"
    first, second = await settled_visits(claims, 2)
    totals = {"total": "10061.00"}
    narrowing = await reconciled(claims, totals=totals)
    assert [(d["kind"], d["difference"]) for d in narrowing["differences"]] == [
        ("totals_differ", "61.00")
    ]
    wanted = narrowing["next"]["subtotals"]
    assert {one["payer"] for one in wanted} >= {"basic_insurance", "patient", "total"}
    records = [record(first), record(second, total="5061.00")]
    answer = await reconciled(claims, totals=totals, records=records)
    assert named(answer) == {("amount_differs", second["visit_no"], "61.00")}
    assert answer["difference"] == answer["explained"] == "61.00"
    clean = await reconciled(claims, totals={"total": "10000.00"}, records=[record(first), second])
    assert (clean["status"], clean["differences"], clean["matched"]) == ("balanced", [], 2)
    assert (await claims.good("GET", "/reconciliation-differences"))["items"] == []
    wrong_sum = await reconciled(claims, totals=totals, records=[record(first), second])
    assert named(wrong_sum) == {("totals_against_records", None, "61.00")}


async def test_only_documents_give_a_tolerance(claims: Claims) -> None:
    """Goal: JK-36: figures in 10,000 CNY may be off by 1.00, others by nothing. Method: both."""
    await settled_visits(claims, 1)
    rounded = await reconciled(claims, totals={"unit": "CNY_10000", "total": "0.5001"})
    assert rounded["status"] == "balanced"
    beyond = await reconciled(claims, totals={"unit": "CNY_10000", "total": "0.5002"})
    assert beyond["status"] == "differs"
    exact = await reconciled(claims, totals={"total": "5000.01"})
    assert exact["status"] == "differs"


async def test_narrowing_by_halves_of_the_day(claims: Claims, clock: FixedClock) -> None:
    """Goal: sums of hours lead to the hour, its records to the record. Method: bills settled at
    9, 13 and 16 o'clock; the hospital lost the one of 13 and answers what it is asked."""
    bills = []
    for step in (0, 4, 3):
        clock.advance(timedelta(hours=step))
        bills += await settled_visits(claims, 1)
    hours = {9: bills[0], 16: bills[2]}

    def theirs(window: dict[str, Any]) -> str:
        held = [b for h, b in hours.items() if window["from_hour"] <= h < window["to_hour"]]
        fen = sum(int(b["total"].replace(".", "")) for b in held)
        return f"{fen // 100}.{fen % 100:02}"

    totals = {"total": "10000.00"}
    given: list[dict[str, Any]] = []
    answer = await reconciled(claims, totals=totals)
    for _ in range(5):
        wanted = [w for w in answer["next"]["subtotals"] if w["payer"] == "total"]
        if not wanted:
            break
        given += [window | {"amount": theirs(window)} for window in wanted]
        answer = await reconciled(claims, totals=totals, subtotals=given)
    (suspect,) = answer["next"]["suspects"]
    assert (suspect["from_hour"], suspect["to_hour"], suspect["difference"]) == (13, 14, "-5000.00")
    assert suspect["candidates"] == [bills[1]["settlement_id"]]
    final = await reconciled(claims, records=[], window={"from_hour": 13, "to_hour": 14})
    assert named(final) == {("missing_there", bills[1]["visit_no"], "-5000.00")}


async def test_differences_age_and_are_closed(claims: Claims, clock: FixedClock) -> None:
    """Goal: found again it is the same difference; it ages; closed with a reason it stays closed
    while unchanged; gone, it is cleared; events tell only news. Method: the same day five times."""
    one, two = await settled_visits(claims, 2)
    first = await reconciled(claims, records=[record(one)])
    clock.advance(timedelta(days=3))
    second = await reconciled(claims, records=[record(one)])
    (difference,) = second["differences"]
    assert difference["difference_id"] == first["differences"][0]["difference_id"]
    assert difference["age_days"] == 3
    old = await claims.good("GET", "/reconciliation-differences", older_than_days=2)
    assert [each["difference_id"] for each in old["items"]] == [difference["difference_id"]]
    path = f"/reconciliation-differences/{difference['difference_id']}/resolve"
    empty = await claims.call("POST", path, {"reason": "  "})
    assert empty.status_code == 422
    closed = await claims.good("POST", path, {"reason": "医院补传"})
    assert (closed["status"], closed["closed_by"]) == ("resolved", "operator")
    assert (await claims.call("POST", path, {"reason": "x"})).json()["code"] == "difference_closed"
    third = await reconciled(claims, records=[record(one)])
    assert (third["status"], third["differences"][0]["status"]) == ("balanced", "resolved")
    changed = await reconciled(claims, records=[record(one, total="5000.01")])
    assert changed["status"] == "differs"
    clean = await reconciled(claims, records=[record(one), record(two)])
    assert (clean["status"], clean["differences"]) == ("balanced", [])
    states = await claims.rows("SELECT kind, status FROM reconciliation_differences ORDER BY id")
    assert [tuple(row.values()) for row in states] == [
        ("missing_there", "resolved"),
        ("amount_differs", "cleared"),
    ]
    told = [e for e in await claims.events() if isinstance(e, ReconciliationDiffered)]
    assert len(told) == 2


async def test_the_day_by_which_the_hospital_goes(claims: Claims) -> None:
    """Goal: a hospital that closes its books by the day of settling is understood, and one that is
    a day off is told. Method: visits discharged on the 8th and settled on the 10th."""
    visits = await settled_visits(claims, 2)
    records = [record(each) for each in visits]
    for day, basis in ((DAY, "booked_on"), ("2016-03-10", "settled_on")):
        answer = await reconciled(claims, date=day, records=records)
        assert (answer["date_basis"], answer["differences"]) == (basis, [])
        lost = await reconciled(claims, date=day, records=records[:1])
        assert named(lost) == {("missing_there", visits[1]["visit_no"], "-5000.00")}
    off = await reconciled(claims, date="2016-03-09", records=records)
    assert {d["kind"] for d in off["differences"]} == {"other_day"}
    assert {d["our_date"] for d in off["differences"]} == {DAY}


async def test_a_hospital_reconciles_its_own_days(claims: Claims) -> None:
    """Goal: nobody compares or sees another's books; faults name their field. Method: refusals."""
    await settled_visits(claims, 1)
    mine = await claims.good(
        "POST",
        "/reconciliations",
        {"facility_code": DISTRICT, "date": DAY, "records": []},
        client="hospital",
        organisation=OWN,
    )
    assert len(mine["differences"]) == 1
    other = f"facility:{TOWNSHIP}"
    path = f"/reconciliations/{mine['reconciliation_id']}"
    assert (await claims.call("GET", path, organisation=other)).status_code == 404
    for path in ("/reconciliations", "/reconciliation-differences"):
        assert (await claims.good("GET", path, organisation=other))["items"] == []
        assert len((await claims.good("GET", path, organisation=OWN))["items"]) == 1
    difference = mine["differences"][0]["difference_id"]
    hidden = await claims.call(
        "POST",
        f"/reconciliation-differences/{difference}/resolve",
        {"reason": "x"},
        organisation=other,
    )
    assert hidden.status_code == 404
    day = {"facility_code": DISTRICT, "date": DAY}
    for body, status, field in (
        (day, 422, "body"),
        (day | {"records": [{"total": "1.00"}]}, 422, "records[0]"),
        (day | {"records": [{"visit_no": "A", "total": "1.001"}]}, 422, "records[0].total"),
        (day | {"records": [{"visit_no": "A", "total": 1.5}]}, 422, "records[0].total"),
        (day | {"records": [{"visit_no": "A", "payers": {"x": "1.00"}}]}, 422, "records[0].payers"),
        (day | {"totals": {"total": "1.0001"}}, 422, "totals"),
        (day | {"date": "2016-03-11", "records": []}, 422, "date"),
        (day | {"facility_code": "H0", "records": []}, 422, "facility_code"),
    ):
        answer = await claims.call("POST", "/reconciliations", body)
        assert answer.status_code == status, body
        assert answer.json()["errors"][0]["field"] == field, answer.text
    refused = await claims.call(
        "POST", "/reconciliations", day | {"records": []}, organisation=other
    )
    assert refused.status_code == 403
    assert len(await claims.rows("SELECT 1 FROM reconciliations")) == 1


async def test_the_same_day_from_two_desks(claims: Claims) -> None:
    """Goal: at once, a difference is opened once. Method: eight calls at the same moment, and one
    with an idempotency key sent twice."""
    (one,) = await settled_visits(claims, 1, lines=BILL_A)
    answers = await asyncio.gather(*(reconciled(claims, records=[]) for _ in range(8)))
    assert len({a["differences"][0]["difference_id"] for a in answers}) == 1
    body = {"facility_code": DISTRICT, "date": DAY, "records": [record(one)]}
    twice = [await claims.good("POST", "/reconciliations", body, key="k-1") for _ in range(2)]
    assert twice[0] == twice[1]
    assert len(await claims.rows("SELECT 1 FROM reconciliations")) == 9
    assert [
        row["status"] for row in await claims.rows("SELECT status FROM reconciliation_differences")
    ] == ["cleared"]
