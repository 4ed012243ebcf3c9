"""The screens of the funds and of clearing: each state's one button, each refusal in words."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import openpyxl
import pytest

from shared.clock import FixedClock
from shared.security.default_users import DEFAULT_USERS
from tests.integration.claims.county import DISTRICT, Claims, person
from tests.support.browsing import Screen, screen, values, words
from tests.support.service import Running

DESKS = ("accountant", "health-bureau", "insurer", "poverty-a", "director")


@pytest.fixture
async def desks(
    claims: Claims, clock: FixedClock, tmp_path: Path
) -> AsyncIterator[dict[str, Screen]]:
    """The people of a first start, each before his screen."""
    await claims.deliver(person())
    running = Running(claims.context, claims.signer, clock)
    async with AsyncExitStack() as stack:
        yield {
            name: await stack.enter_async_context(
                screen(running, tmp_path, *DEFAULT_USERS[name].scopes, name=name)
            )
            for name in DESKS
        }


async def settled(claims: Claims, count: int = 1) -> None:
    """Worked example A: basic insurance 3344.90, medical aid 663.83."""
    for _ in range(count):
        visit = await claims.discharged(person_id="p-1")
        await claims.settled(visit["encounter_id"])


async def prepared(desk: Screen, **more: str) -> str:
    """A run of March 2016, as its address."""
    made = await desk.post("/claims/clearing", {"period": "2016年3月", "deposit": "0"} | more)
    assert made.status_code == 303, words(made)
    return str(made.headers["location"]).partition("?")[0]


async def test_a_run_goes_from_desk_to_desk(claims: Claims, desks: dict[str, Screen]) -> None:
    """Goal: one button per state for whoever's turn it is, the others are told whose turn it is;
    parts, deposit, files. Method: the first start's people take a run with 5 % held back from draft
    to released, each page read by both sides; every figure is the API's."""
    accountant, insurer = desks["accountant"], desks["insurer"]
    await settled(claims)
    here = await prepared(accountant, deposit="5")
    said = words(await accountant.get(here))
    for part in ("编制中", "4,008.73", "预留保证金 5%", "3,344.90", "663.83", "测试accountant"):
        assert part in said, part
    assert "核对下面的金额后申报" in said
    assert "您的账号不能申报" in words(await insurer.get(here))
    assert (await insurer.post(f"{here}/submit")).status_code == 403

    for _ in range(2):  # a double click
        assert (await accountant.post(f"{here}/submit", {"note": "已核对"})).status_code == 303
    waiting = await accountant.get(here)
    assert "等付款单位核准" in words(waiting)
    assert 'id="do-' not in waiting.text
    assert "等您：核准" in words(await insurer.get("/claims/clearing"))
    asked = await insurer.get(here)
    assert asked.text.count('id="do-') == asked.text.count("button-main") == 1
    assert (await insurer.get(f"{here}/bank-file.csv")).status_code == 409
    assert (await insurer.follow(await insurer.post(f"{here}/approve"))).status_code == 200

    page = await insurer.get(here)
    assert "登记已拨付 3,808.29 元" in words(page)
    bank = await insurer.get(f"{here}/bank-file.csv")
    assert "3177.65" in bank.content.decode("utf-8-sig")
    (reference, _) = values(page, "reference")
    part = {"partly": "1", "reference": reference, "paid_on": "2016-03-10"}
    empty = await insurer.post(f"{here}/paid", part)
    assert empty.status_code == 422
    assert "请至少填写一项金额" in words(empty)
    over = await insurer.post(f"{here}/paid", part | {"pay-0": "3,000.00", "pay-1": "9999"})
    assert over.status_code == 422
    assert 'id="pay-1-fault"' in over.text
    assert 'value="3,000.00"' in over.text
    for _ in range(2):  # the same reference pays once
        assert (await insurer.post(f"{here}/paid", part | {"pay-0": "3,000.00"})).is_redirect
    page = await insurer.get(here)
    assert "登记已拨付 808.29 元" in words(page)
    assert "撤销本批次" not in page.text
    (reference, _) = values(page, "reference")
    assert reference.endswith("-2")
    await insurer.post(f"{here}/paid", {"reference": reference, "paid_on": "2016-03-10"})
    page = await insurer.get(here)
    assert "登记已退保证金 200.44 元" in words(page)
    (reference,) = values(page, "reference")
    form = {"reference": reference, "paid_on": "2016-03-10"}
    done = await insurer.follow(await insurer.post(f"{here}/release", form))
    assert "本批次已全部付清" in words(done)

    run_id = here.rpartition("/")[2]
    api = await claims.good("GET", f"/clearing-runs/{run_id}")
    assert (api["status"], api["paid"]) == ("paid", "3808.29")
    book = openpyxl.load_workbook(
        io.BytesIO((await accountant.get(f"{here}/statement.xlsx")).content)
    )
    assert [cell.value for cell in book["付款"]["H"]][-1] == 4008.73
    english = words(await accountant.get(here, lang="en"))
    assert "Two persons" in english
    assert "Deposit released" in english


async def test_two_hands_and_a_reason(claims: Claims, desks: dict[str, Screen]) -> None:
    """Goal: who prepared is told that another must go on; a run is given up with a reason only.
    Method: somebody with every right, then the accountant."""
    await settled(claims)
    running = Running(claims.context, claims.signer, claims.context.clock)  # type: ignore[arg-type]
    folder = claims.context.people.users.path.parent  # type: ignore[union-attr]
    async with screen(running, folder, *DEFAULT_USERS["accountant"].scopes,
                      *DEFAULT_USERS["insurer"].scopes, name="everything") as both:  # fmt: skip
        here = await prepared(both)
        await both.post(f"{here}/submit")
        page = await both.get(here)
        assert "您已办过前面的步骤，须由另一人核准" in words(page)
        refused = await both.post(f"{here}/approve")
        assert refused.status_code == 409
        assert "须由另一人" in words(refused)
    silent = await desks["accountant"].post(f"{here}/cancel", {"reason": " "})
    assert silent.status_code == 422
    assert "请写明撤销原因" in words(silent)
    gone = await desks["accountant"].follow(
        await desks["accountant"].post(f"{here}/cancel", {"reason": "月份有误"})
    )
    for part in ("已撤销", "月份有误", "可列入新的批次"):
        assert part in words(gone), part
    nothing = await desks["accountant"].post(
        "/claims/clearing", {"period": "2016-03", "fund": "medical_aid"}
    )
    assert nothing.is_redirect
    again = await desks["accountant"].post(
        "/claims/clearing", {"period": "2016-03", "fund": "medical_aid"}
    )
    assert again.status_code == 409
    assert "没有未列入清算批次的应付款" in words(again)
    wrong = await desks["accountant"].post("/claims/clearing", {"period": "三月", "deposit": "40"})
    assert wrong.status_code == 422
    for part in ("请填写已开始的月份", "0 到 30"):
        assert part in words(wrong), part
    assert (await desks["director"].get("/claims/clearing")).status_code == 403


async def test_money_comes_into_a_fund_after_a_second_look(
    claims: Claims, desks: dict[str, Screen]
) -> None:
    """Goal: position, pace and rule in words; income is shown once more, booked once, refused by
    its rule at its field. Method: medical aid opens with 700.00 while a bill costs it 663.83."""
    await settled(claims)
    desk, here = desks["accountant"], "/claims/funds/medical_aid"
    assert "未登记资金" in words(await desk.get("/claims/funds"))
    page = await desk.get(here)
    for part in ("民政局", "民政拨款", "待遇支付", "XB-57", "期初余额"):
        assert part in words(page), part
    (movement_id,) = values(page, "movement_id")
    form = {
        "where": "opening:", "amount": "7００.00 元", "year": "2016", "document": "2015年度决算",
        "booked_on": "2016-01-05", "movement_id": movement_id,
    }  # fmt: skip
    bad = await desk.post(here, form | {"amount": "0", "where": ""})
    assert bad.status_code == 422
    assert 'id="amount-fault"' in bad.text
    assert 'id="where-fault"' in bad.text
    asked = await desk.post(here, form)
    assert "请核对：700.00 元记入医疗救助资金，来源：期初余额" in words(asked)
    assert await claims.rows("SELECT 1 FROM fund_movements") == []
    for _ in range(2):  # a double click
        assert (await desk.post(here, form | {"sure": "1"})).is_redirect
    assert len(await claims.rows("SELECT 1 FROM fund_movements")) == 1
    page = words(await desk.get(here))
    for part in ("预计 2016-03-14 用完", "700.00", "663.83", "36.17", "7.38", "2015年度决算"):
        assert part in page, part
    second = await desk.post(here, form | {"movement_id": ""})
    assert second.status_code == 409
    assert "已登记期初余额" in words(second)
    foreign = await desk.post("/claims/funds/special_fund", form | {"where": "from:fiscal"})
    assert foreign.status_code == 422
    assert 'id="where-fault"' in foreign.text
    special = words(await desks["health-bureau"].get("/claims/funds/special_fund"))
    for part in (
        "封闭运行",
        "重病和大病兜底保障",
        "慢病签约",
        "健康体检",
        "慢病门诊投药治疗",
        "XB-54",
    ):
        assert part in special, part
    assert "核对" not in special
    assert (await desks["health-bureau"].post(here, form)).status_code == 403
    assert "▼ 预计 2016-03-14 用完" in words(await desk.get("/claims/funds"))
    before = words(await desk.get("/claims/funds", as_of="2016-01-04"))
    assert "医疗救助资金 ○ 未登记资金 — 0.00" in before
    assert (await desk.get("/claims/funds", as_of="x")).status_code == 422


async def test_a_hospital_sees_its_own_runs_and_no_fund(
    claims: Claims, tmp_path: Path, clock: FixedClock
) -> None:
    """Goal: screens keep the organisations apart. Method: a hospital's accountant."""
    await claims.deliver(person())
    await settled(claims)
    running = Running(claims.context, claims.signer, clock)
    scopes = ("claims:ledger", "claims:clearing")
    async with screen(
        running, tmp_path, *scopes, name="h", organisation="facility:H51111300201"
    ) as other:
        assert "您的账号属于单个医疗机构" in words(await other.get("/claims/funds"))
        assert (await other.get("/claims/funds/medical_aid")).status_code == 404
        everyones = await claims.good(
            "POST", "/clearing-runs", {"period": "2016-03"}, client="hospital"
        )
        assert (await other.get(f"/claims/clearing/{everyones['run_id']}")).status_code == 404
        assert (
            await other.get(f"/claims/clearing/{everyones['run_id']}/statement.xlsx")
        ).status_code == 404
        listed = await other.get("/claims/clearing")
        assert "还没有清算批次" in words(listed)
        assert DISTRICT not in listed.text
