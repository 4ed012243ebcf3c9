"""The screens ``/claims/budgets`` and ``/claims/drg``: a community's year, a pilot's cases."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from shared.clock import FixedClock
from shared.security.default_users import DEFAULT_USERS
from tests.integration.claims.county import DISTRICT, OUTSIDE, Claims, person
from tests.integration.claims.test_budgets import settle
from tests.integration.claims.test_drg import PILOT, grouped
from tests.support.browsing import screen, words
from tests.support.service import Running

HERE = "/claims/budgets"
FORM = {
    "year": "2016", "community": "金口河区医共体", "plan": "390",
    "lead_facility_code": DISTRICT, "approved": "12,000.00", "risk_reserve_ratio": "5%",
    "critical_illness": "400", "retained_ratio": "100",
}  # fmt: skip


async def test_a_year_from_desk_to_desk(claims: Claims, clock: FixedClock, tmp_path: Path) -> None:
    """Goal: draft, sign by another, advance, adjust, settle, each with its faults at its field; the
    page's figures are those worked out by hand. Method: the year with a surplus of the budgets'
    test, on the screen: 12,000.00 less 5 % and 400.00, a stay at home and one in another city."""
    await claims.deliver(person(person_id="p-1"))
    running = Running(claims.context, claims.signer, clock)
    async with (
        screen(running, tmp_path, *DEFAULT_USERS["accountant"].scopes, name="accountant") as keeper,
        screen(running, tmp_path, *DEFAULT_USERS["insurer"].scopes, name="insurer") as payer,
        screen(running, tmp_path, "claims:ledger", name="reader") as reader,
    ):
        faulty = {"approved": "x", "risk_reserve_ratio": "120", "facilities": DISTRICT}
        wrong = await keeper.post(HERE, FORM | faulty)
        assert wrong.status_code == 422
        assert wrong.text.count(" checked>") == 1, "what was ticked stays ticked"
        for fault in ("approved-fault", "risk_reserve_ratio-fault"):
            assert f'id="{fault}"' in wrong.text, fault
        nothing = await keeper.post(HERE, FORM | {"approved": "400"})
        assert (nothing.status_code, 'id="approved-fault"' in nothing.text) == (422, True)
        made = await keeper.post(HERE, FORM)
        here = str(made.headers["location"]).partition("?")[0]
        assert "等基金管理部门签订" in words(await keeper.get(here))
        assert (await reader.post(f"{here}/sign")).status_code == 403
        early = await payer.post(f"{here}/advance", {"month": "1"})
        assert (early.status_code, "先签订" in words(early) or "协议" in words(early)) == (
            409,
            True,
        )
        missing = await payer.post(f"{here}/sign", {"document": " ", "signed_on": ""})
        assert (missing.status_code, 'id="document-fault"' in missing.text) == (422, True)
        signing = {"document": "协议2016-1", "signed_on": "2016-01-05"}
        assert "协议已签订" in words(await payer.follow(await payer.post(f"{here}/sign", signing)))

        await settle(claims, "p-1", DISTRICT)
        await settle(claims, "p-1", OUTSIDE)
        asked = words(await payer.get(here))
        assert "登记 1 月预拨 916.67 元" in asked
        for month in ("1", "2"):
            advanced = await payer.post(f"{here}/advance", {"month": month, "paid_on": ""})
            assert "预拨已登记" in words(await payer.follow(advanced))
        again = await payer.post(f"{here}/advance", {"month": "2"})
        assert again.status_code == 409
        page = words(await keeper.get(here))
        for part in ("11,000.00", "1,833.34", "6,689.80", "3,344.90", "4,310.20", "5,821.76",
                     "在外就医", "按目前费用推算", "协议2016-1"):  # fmt: skip
            assert part in page, part
        late = await keeper.post(
            f"{here}/adjust", {"approved": "13000", "from_month": "2", "document": "医保9号"}
        )
        assert (late.status_code, 'id="from_month-fault"' in late.text) == (422, True)
        assert "办理年终结算" not in words(await payer.get(here))

    clock.advance(timedelta(days=310))
    async with (
        screen(running, tmp_path, *DEFAULT_USERS["insurer"].scopes, name="payer") as payer,
        screen(running, tmp_path, "claims:ledger", name="later") as reader,
    ):
        form = {"factor": "100", "unreasonable": ""}
        unsure = await payer.post(f"{here}/year-end", form)
        assert (unsure.status_code, "请核对后勾选" in words(unsure)) == (422, True)
        over = await payer.post(f"{here}/year-end", form | {"unreasonable": "1", "sure": "1"})
        assert (over.status_code, 'id="unreasonable-fault"' in over.text) == (422, True)
        done = await payer.follow(await payer.post(f"{here}/year-end", form | {"sure": "1"}))
        for part in ("年终结算已完成", "已年终结算", "5,821.76", "4,310.20"):
            assert part in words(done), part
        english = words(await reader.get(here, lang="en"))
        assert "Still to pay (negative: to give back) 5,821.76" in english
        assert "budget." not in english
        assert "金口河区医共体" in words(await reader.get(HERE))

    hospital = f"facility:{DISTRICT}"
    async with screen(running, tmp_path, "claims:ledger", name="h", organisation=hospital) as other:
        assert (await other.get(here)).status_code == 404
        assert "还没有协议" in words(await other.get(HERE))


async def test_a_pilots_cases(claims: Claims, clock: FixedClock, tmp_path: Path) -> None:
    """Goal: a stay is grouped by its number, by group beside by item, the difference told. Method:
    the pilot of the drg's test: 3,427.90 by group, 3,344.90 by item."""
    await claims.deliver(person())
    home = await settle(claims, "p-1", DISTRICT)
    away = await settle(claims, "p-1", OUTSIDE)
    running = Running(claims.context, claims.signer, clock)
    async with screen(
        running, tmp_path, "claims:ledger", "claims:settle", name="h",
        organisation=f"facility:{DISTRICT}",
    ) as hospital:  # fmt: skip
        assert "还没有试点" in words(await hospital.get("/claims/drg"))
        await claims.good("POST", "/drg/pilots", PILOT)
        assert "还没有入组病例" in words(await hospital.get("/claims/drg"))
        for number in ("ZY2", "ZY99"):
            unknown = await hospital.post("/claims/drg", {"visit_no": number, "group_code": "ES15"})
            assert (unknown.status_code, 'id="visit_no-fault"' in unknown.text) == (422, True)
        wrong = await hospital.post("/claims/drg", {"visit_no": "ZY1", "group_code": "GB15"})
        assert (wrong.status_code, 'id="group_code-fault"' in wrong.text) == (422, True)
        form = {"visit_no": "ZY1", "group_code": "es15"}
        kept = await hospital.follow(await hospital.post("/claims/drg", form))
        for part in ("病组已登记", "ZY1", "5,100.00", "3,427.90", "3,344.90", "83.00", "0.8500"):
            assert part in words(kept), part
    assert (await grouped(claims, home)).is_success
    assert (await grouped(claims, away)).json()["code"] == "not_in_pilot"
