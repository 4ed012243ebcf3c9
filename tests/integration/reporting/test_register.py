"""The register 台账 in a running service: red lights, tasks, the way to 销号, what the month tells."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from services.reporting.register.watching import tell_overdue
from shared.clock import FixedClock
from shared.events.catalog import RegisterItemOverdue, TargetMissed
from tests.integration.reporting.county import JINHE, YONGHE
from tests.integration.reporting.half_year import half_year
from tests.integration.reporting.test_month_closes import call, good, signed
from tests.support.service import Running

PATH = "/reporting/v1/register-items"
CLOSES = "/reporting/v1/month-closes"
WANTED = {
    "title": "补配合格村医", "owner": "金河镇卫生院", "deadline": "2016-07-31", "area": JINHE,
}  # fmt: skip


async def tell(reporting: Running) -> int:
    async with reporting.context.db.writing() as session:
        return await tell_overdue(session, reporting.context)


async def test_from_opening_to_closing(reporting: Running, clock: FixedClock) -> None:
    """Goal: an item goes its whole way, and no step can be left out. Method: open, lose the
    deadline, be told once, go on only with the cause, evidence, submit, the same person's check,
    another's; then the list, the steps and the event."""
    past = WANTED | {"deadline": "2016-06-30"}
    bad = await call(reporting, "POST", PATH, past)
    assert (bad.status_code, bad.json()["errors"][0]["code"]) == (422, "cause_required")
    named = await call(reporting, "POST", PATH, WANTED | {"title": "联系13800138000"})
    assert (named.status_code, named.json()["errors"][0]["code"]) == (422, "identifier_in_text")
    item = await good(reporting, "POST", PATH, WANTED, who="a")
    path = f"{PATH}/{item['item_id']}"
    assert (item["status"], item["number"]) == ("open", "511113-T2016-000001")
    jinhe, yonghe = f"township:{JINHE}", f"township:{YONGHE}"
    assert (await call(reporting, "GET", path, organisation=yonghe)).status_code == 404
    mine = await good(reporting, "GET", PATH, organisation=jinhe)
    assert [each["item_id"] for each in mine["items"]] == [item["item_id"]]
    assert (await good(reporting, "GET", PATH, organisation=yonghe))["items"] == []

    assert await tell(reporting) == 0
    clock.advance(timedelta(days=31))  # 2016-08-01, the day after the deadline
    assert (await tell(reporting), await tell(reporting)) == (1, 0)
    (event,) = [
        RegisterItemOverdue.model_validate(r["payload"]) for r in await reporting.published()
    ]
    assert (event.item_id, event.days_late, event.cause_stated) == (item["item_id"], 1, False)
    late = await good(reporting, "GET", f"{PATH}?overdue=true")
    assert [each["cause_required"] for each in late["items"]] == [True]

    silent = await call(reporting, "POST", f"{path}/update", {"note": "仍在办理"})
    assert (silent.status_code, silent.json()["errors"][0]["code"]) == (422, "cause_required")
    cause = {"note": "仍在办理", "cause": "两次招聘无人报名"}
    await good(reporting, "POST", f"{path}/update", cause, who="b", organisation=jinhe)
    early = await call(reporting, "POST", f"{path}/submit")
    assert early.json()["errors"][0]["code"] == "evidence_required"
    proof = {"description": "聘用合同", "document": "金卫〔2016〕3号"}
    await good(reporting, "POST", f"{path}/evidence", proof, who="b", organisation=jinhe)
    submitted = await good(reporting, "POST", f"{path}/submit", who="c", organisation=jinhe)
    assert submitted["status"] == "submitted"
    for who in ("b", "c"):
        same = await call(reporting, "POST", f"{path}/close", who=who)
        assert (same.status_code, same.json()["code"]) == (409, "same_person_twice")
    back = await good(reporting, "POST", f"{path}/return", {"note": "照片不清"}, who="d")
    assert back["status"] == "open"
    await good(reporting, "POST", f"{path}/submit", who="b", organisation=jinhe)
    answers = await asyncio.gather(
        *(call(reporting, "POST", f"{path}/close", {"note": "属实"}, who=f"d{n}") for n in range(3))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409]
    closed = await good(reporting, "GET", path)
    assert (closed["status"], closed["closed_on"], closed["days_late"]) == (
        "closed", "2016-08-01", 1,
    )  # fmt: skip
    assert [each["step"] for each in closed["steps"]] == [
        "open", "update", "evidence", "submit", "return", "submit", "close",
    ]  # fmt: skip
    after = await call(reporting, "POST", f"{path}/update", {"note": "x"})
    assert (after.status_code, after.json()["code"]) == (409, "register_step_not_allowed")
    noted = await reporting.rows("SELECT 1 FROM audit_log WHERE action LIKE 'register_item.%'")
    assert len(noted) == 7


async def test_red_lights_open_items_and_overdue_ones_enter_the_report(
    reporting: Running, clock: FixedClock
) -> None:
    """Goal: red figures open items by themselves, once; what is late stands in the next month's
    report. Method: sign March, look at what opened; the same month again; April's red is
    noted; three months later May's closing lists them as overdue, in figures and CSV."""
    await reporting.deliver_together(*half_year())
    march = await signed(reporting, "2016-03")
    red = {each["code"] for each in march["figures"]["indicators"] if each["status"] == "missed"}
    opened = await good(reporting, "GET", f"{PATH}?kind=red_light&limit=200")
    county = {e["source"]["indicator"] for e in opened["items"] if e["area"] == "county"}
    assert county == red != set()
    share = next(e for e in opened["items"] if e["source"]["indicator"] == "personal_share")
    assert (share["owner"], share["deadline"]) == ("医保局", "2016-07-31")
    assert share["citation"].endswith("JK-15「贫困患者费用支出控制在10%以内」")
    again = await good(reporting, "POST", f"{PATH}/red-lights", {"month": "2016-03"})
    assert (again["opened"], again["noted"]) == ([], [])
    april = await good(reporting, "POST", f"{PATH}/red-lights", {"month": "2016-04"})
    assert share["item_id"] in {each["item_id"] for each in april["noted"]}
    told = [
        TargetMissed.model_validate(each["payload"])
        for each in await reporting.published()
        if each["type"] == TargetMissed.type_name()
    ]
    shares = [each for each in told if (each.indicator, each.area) == ("personal_share", "county")]
    assert [(each.month, each.register_item) for each in shares] == [
        ("2016-03", share["number"]), ("2016-04", share["number"]),
    ]  # fmt: skip
    assert shares[0].citation == share["citation"]
    assert len(told) == len({(each.indicator, each.area, each.month) for each in told})
    early = await call(reporting, "POST", f"{PATH}/red-lights", {"month": "2016-07"})
    assert (early.status_code, early.json()["errors"][0]["code"]) == (422, "month_not_over")

    clock.advance(timedelta(days=100))
    august = await good(reporting, "POST", CLOSES, {"month": "2016-08"})
    register = august["figures"]["register"]
    assert share["number"] in {each["number"] for each in register["overdue"]}
    assert register["open"] == len(register["overdue"]) > 0
    assert {each["days_late"] for each in register["overdue"]} == {31}
    table = await call(reporting, "GET", f"{CLOSES}/{august['close_id']}/tables/register.csv")
    assert table.text.count(share["number"]) == 1
    # Earlier months are told as they stood: nothing was open, or late, at the end of May.
    may = await good(reporting, "POST", CLOSES, {"month": "2016-05"})
    assert may["figures"]["register"] == {
        "day": "2016-05-31", "opened": 0, "closed": 0, "open": 0, "overdue": [],
    }  # fmt: skip


async def test_reform_tasks_are_loaded_once(reporting: Running) -> None:
    """Goal: 26 items with their leads, however often and by however many they are loaded; a list
    without a deadline asks for one. Method: two clients at once, then pages of the list."""
    body: dict[str, Any] = {"task_list": "tasks-kaizhou-2020"}
    path = f"{PATH}/reform-tasks"
    one, two = await asyncio.gather(*(good(reporting, "POST", path, body) for _ in range(2)))
    assert sorted((len(one["opened"]), len(two["opened"]))) == [0, 26]
    first = await good(reporting, "GET", f"{PATH}?kind=reform_task&limit=20")
    rest = await good(
        reporting, "GET", f"{PATH}?kind=reform_task&limit=20&cursor={first['next_cursor']}"
    )
    items = first["items"] + rest["items"]
    assert len({each["number"] for each in items}) == 26
    eleven = next(each for each in items if each["source"]["task_no"] == 11)
    assert (eleven["owner"], eleven["deadline"]) == ("卫生健康委、医保局", "2020-12-31")
    on_file = {each["source"]["task_no"]: each["source"] for each in items if each["file_required"]}
    assert on_file.keys() == {4, 19}
    assert "KZ-26" in on_file[19]["paper"]["citation"]
    bare = await call(reporting, "POST", path, {"task_list": "tasks-shijiazhuang-2023"})
    assert (bare.status_code, bare.json()["errors"][0]["field"]) == (422, "deadline")
    unknown = await call(reporting, "POST", path, {"task_list": "none"})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "task_list_unknown")
    lists = await good(reporting, "GET", "/reporting/v1/reform-tasks")
    assert [len(each["tasks"]) for each in lists["items"]] == [26, 22]


async def test_steps_are_written_once(reporting: Running) -> None:
    """Goal: what was said stays said. Method: the service's own role changes and deletes a step."""
    await good(reporting, "POST", PATH, WANTED)
    for statement in ("UPDATE register_steps SET note = 'x'", "DELETE FROM register_steps"):
        with pytest.raises(DBAPIError):
            async with reporting.context.db.writing() as session:
                await session.execute(text(statement))
