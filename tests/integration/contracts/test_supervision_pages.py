"""The supervisor's screens of contracts: the sheet, the fees, teams, registers, findings."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from shared.security.default_users import DEFAULT_USERS
from tests.integration.contracts.screens import DOCTOR, P1, P2, act, load
from tests.integration.contracts.stories import (
    DISTRICT_HOSPITAL,
    JINHE_TEAM,
    discharged,
)
from tests.support.browsing import Screen, screen, words
from tests.support.service import Running


async def test_the_sheet_and_the_fees_are_the_services_figures(
    contracts: Running, doctor: Screen, tmp_path: Path
) -> None:
    """Goal: every number opens the list behind it, files hold what the page shows, fees are submitted
    once. Method: one signed and served, one away; the pages, the workbooks, a second submission."""
    await act(doctor, P1, "sign", signed_on="2016-03-01")
    await act(doctor, P2, "exempt", reason="long_absence", valid_from="2016-03-01", evidence="务工")
    page = await doctor.get("/contracts/balance")
    said = words(page)
    assert "2 名册 = 1 已签约 + 1 长期外出 + 0 待签约" in said
    assert "bucket=long_absence" in page.text
    people = words(await doctor.get("/contracts/balance/persons", bucket="long_absence"))
    assert "测*乙" in people
    assert "测*甲" not in people
    ahead = await doctor.get("/contracts/balance", month="2016-04")
    assert ahead.status_code == 422
    assert 'id="month-fault"' in ahead.text
    sheet = load(await doctor.get("/contracts/balance/sheet.xlsx"))
    assert sheet[0][:5] == ("乡镇", "村", "名册人数", "已签约", "长期外出")
    assert sheet[-1][2:6] == (2, 1, 1, 0)

    waiting = words(await doctor.get(f"/contracts/fees/{JINHE_TEAM}", period="2016-03"))
    head = "无服务记录的签约 没有服务就不付费 服务对象 住处 有效期"
    assert f"{head} 测*甲 金河镇 曙光村 2016-03-01 至 2017-02-28" in waiting
    visit = {"way": "home", "outcome": "stable", "performed_at": "2016-03-09T09:00"}
    (task,) = await contracts.rows("SELECT task_id FROM tasks WHERE rule LIKE 'post%'")
    await doctor.follow(await doctor.post(f"/contracts/tasks/{task['task_id']}", visit))
    assert "1 8.00 0.00 8.00 0" in words(await doctor.get("/contracts/fees", period="2016-03"))
    team = f"/contracts/fees/{JINHE_TEAM}"
    before = await doctor.get(team, period="2016-03")
    assert "申报 8.00 元到清算" in words(before)
    lines = load(await doctor.get(f"{team}/statement.xlsx", period="2016-03"))
    assert [row[3] for row in lines[1:]] == [8, 8]
    for said in ("已申报 1 份", "没有新的可申报"):
        issued = await doctor.follow(await doctor.post(f"{team}/issue", {"period": "2016-03"}))
        assert said in words(issued)
    assert "第 1 号" in words(await doctor.get(team, period="2016-03"))
    exported = await contracts.rows("SELECT action FROM audit_log WHERE action LIKE '%.exported'")
    assert len(exported) == 2
    (away,) = await contracts.rows("SELECT exemption_id FROM exemptions")
    back = await act(
        doctor, P2, f"exempt-end/{away['exemption_id']}", reason="returned", ended_on="2016-03-05"
    )
    assert "长期外出 2016-03-01 起，到 2016-03-04 · 已结束" in back


async def test_the_sheet_opens_where_the_county_stood_still(
    contracts: Running, doctor: Screen
) -> None:
    """Goal: a county without a contract today is not shown as one that never signed. Method: a
    contract that has run out, the roster after it; the page, its links, the present, one that holds."""
    await act(doctor, P1, "sign", signed_on="2015-02-01")
    page = await doctor.get("/contracts/balance")
    said = words(page)
    assert "今天没有在期的签约，先显示最近有变动的月份 2016-01。 看本月(2016-03)" in said
    assert "截至 2016-01-31 月末数 2 名册 = 1 已签约 + 1 待签约" in said
    assert "persons?month=2016-01&amp;bucket=signed" in page.text
    assert "sheet.xlsx?month=2016-01" in page.text
    still = "今天没有在期的签约；最近有变动的月份是 2016-01。"
    assert still in words(await doctor.get("/contracts/teams"))
    present = words(await doctor.get("/contracts/balance", month="2016-03"))
    assert "2 名册 = 0 已签约 + 2 待签约" in present
    assert "先显示" not in present
    await act(doctor, P2, "sign", signed_on="2016-02-01")
    assert "1 已签约" in words(await doctor.get("/contracts/balance"))
    assert "没有在期的签约" not in words(await doctor.get("/contracts/teams"))


async def test_the_supervisor_sees_teams_registers_referrals_and_who_did_not_come(
    contracts: Running, doctor: Screen, tmp_path: Path
) -> None:
    """Goal: the supervisor's pages. Method: one task that is overdue since long, a disease that was
    found, a referral that the hospital at the other end takes, a call that ends in an agreed day."""
    await act(doctor, P2, "sign", signed_on="2016-01-20")
    await contracts.deliver(discharged("E9", P2, on=date(2016, 2, 1)))
    await act(doctor, P1, "found", disease="hypertension", found_on="2016-01-10")
    await act(doctor, P1, "refer", reason="treatment", to_facility=DISTRICT_HOSPITAL)
    assert "task-do" in (await doctor.get("/contracts/")).text
    async with screen(contracts, tmp_path, "contracts:read", name="supervisor") as supervisor:
        list_ = await supervisor.get("/contracts/")
        assert "出院后随访" in words(list_)
        assert "task-do" not in list_.text, "who only looks has no button that is refused"
    assert "▼ 1" in words(await doctor.get("/contracts/teams"))
    assert "高血压 应签约 1 0 0" in words(await doctor.get("/contracts/registers"))
    cases = await doctor.get("/contracts/registers", disease="hypertension", status="found")
    assert "测*甲" in words(cases)

    async with screen(
        contracts, tmp_path, *DOCTOR, name="hospital", organisation=f"facility:{DISTRICT_HOSPITAL}"
    ) as hospital:
        asked = await hospital.get("/contracts/referrals")
        assert "等您答复" in words(asked)
        (row,) = await contracts.rows("SELECT referral_id FROM referrals")
        one = f"/contracts/referrals/{row['referral_id']}"
        silent = await hospital.post(f"{one}/refuse", {"status": "made"})
        assert "请写明拒绝原因" in words(silent)
        taken = await hospital.follow(await hospital.post(f"{one}/accept", {"status": "made"}))
        assert "已接收" in words(taken)
    assert "没有这样的转诊" in words(await doctor.get("/contracts/referrals"))
    assert (await doctor.post(f"{one}/jump")).status_code == 404

    assert "测*乙" in words(await doctor.get("/contracts/overdue"))
    call = f"/contracts/overdue/{P2}"
    typed = {"outcome": "agreed", "called_at": "2016-03-10T09:00", "consent": "given"}
    no_day = await doctor.post(call, typed)
    assert 'id="agreed_on-fault"' in no_day.text
    done = await doctor.follow(await doctor.post(call, typed | {"agreed_on": "2016-03-12"}))
    assert "已约定，等待返回" in words(done)
    assert "约定 2016-03-12" in words(done)


async def test_a_team_is_complete_and_its_card_is_printed(
    contracts: Running, doctor: Screen
) -> None:
    """Goal: who joins stands on the contact card, without a doctor it is not printed. Method: a
    contract, the card before and after a doctor joins, a wrong telephone, leaving."""
    await act(doctor, P1, "sign", signed_on="2016-03-01")
    (row,) = await contracts.rows("SELECT contract_id FROM contracts")
    card = f"/contracts/persons/{P1}/card/{row['contract_id']}.pdf"
    assert "联系卡缺少内容" in words(await doctor.get(card))
    team = f"/contracts/teams/{JINHE_TEAM}"
    assert "团队还缺：家庭医生" in words(await doctor.get(team)).replace("： ", "：")
    typed = {"role": "doctor", "name": "李医生", "joined_on": "2016-01-01"}
    wrong = await doctor.post(team, typed | {"phone": "没有"})
    assert 'id="phone-fault"' in wrong.text
    joined = await doctor.follow(await doctor.post(team, typed | {"phone": "0833-1234567"}))
    assert "李医生 家庭医生 · 0833-1234567" in words(joined)
    assert (await doctor.get(card)).content.startswith(b"%PDF-")
    (member,) = await contracts.rows("SELECT member_id FROM team_members")
    leaving = f"{team}/leave/{member['member_id']}"
    early = await doctor.post(leaving, {"left_on": "2015-12-31"})
    assert 'id="left_on-fault"' in early.text
    gone = await doctor.follow(await doctor.post(leaving, {"left_on": "2016-03-10"}))
    assert "还没有登记成员" in words(gone)
    assert (await doctor.get("/contracts/teams/H00000000000")).status_code == 404


async def test_a_visit_that_is_hard_to_believe_is_explained_and_decided(
    contracts: Running, doctor: Screen, tmp_path: Path
) -> None:
    """Goal: a finding reads as a sentence, the team explains, the bureau decides, neither the other's
    step. Method: three visits with the same values, one during a stay; look at the month, explain, dismiss."""
    form = f"/contracts/persons/{P1}/visits/hypertension"
    for day in ("2016-03-01", "2016-03-05", "2016-03-09"):
        typed = {"way": "home", "outcome": "continue", "performed_at": f"{day}T09:00"}
        answer = await doctor.post(form, typed | {"m-sbp": "138", "m-dbp": "84"})
        assert answer.status_code == 303, words(answer)
    async with screen(contracts, tmp_path, *DEFAULT_USERS["health-bureau"].scopes) as bureau:
        wrong = await bureau.post("/contracts/flags", {"from": "3月", "to": "2016-03-31"})
        assert 'id="from-fault"' in wrong.text
        looked = await bureau.post("/contracts/flags", {"from": "2016-03-01", "to": "2016-03-31"})
        assert "新疑点 2 个" in words(looked)
        assert "随访时正在住院" in words(looked)
        assert "测量值都是 收缩压 138, 舒张压 84" in words(looked)
        (row,) = await contracts.rows("SELECT flag_id FROM visit_flags WHERE rule LIKE 'copied%'")
        one = f"/contracts/flags/{row['flag_id']}"
        assert (await doctor.post(f"{one}/dismiss", {"note": "我说了算"})).status_code == 403
        assert (await bureau.post(f"{one}/explain", {"note": "不是我"})).status_code == 403
        silent = await doctor.post(f"{one}/explain", {"status": "open"})
        assert "请写明情况" in words(silent)
        told = await doctor.follow(await doctor.post(f"{one}/explain", {"note": "血压计已校准"}))
        assert "血压计已校准" in words(told)
        ended = await bureau.follow(await bureau.post(f"{one}/dismiss", {"note": "已核对"}))
        assert "已排除" in words(ended)
    assert (await doctor.post(f"{one}/explain", {"note": "再说"})).status_code == 409
