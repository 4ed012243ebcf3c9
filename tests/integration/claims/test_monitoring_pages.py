"""The screens ``/claims/flags``: what was found in words, and the file of a question."""

from __future__ import annotations

from pathlib import Path

from shared.clock import FixedClock
from shared.security.default_users import DEFAULT_USERS
from tests.integration.claims.county import DISTRICT, TOWNSHIP, Claims
from tests.integration.claims.test_monitoring import irregular
from tests.support.browsing import screen, values, words
from tests.support.service import Running

HERE = "/claims/flags"
HALF = {"from": "2016-01-01", "to": "2016-06-30"}
HOSPITAL = ("claims:ledger", "claims:settle", "claims:encounters")


async def test_a_question_goes_from_desk_to_desk(
    claims: Claims, clock: FixedClock, tmp_path: Path
) -> None:
    """Goal: a period is looked at on the screen, a question reads as a sentence, the hospital
    explains, two desks uphold it, a third step is impossible; holding needs a reason; other
    hospitals and readers see nothing to press. Method: an irregular stay, each desk of a first
    start before its page, both languages."""
    await irregular(claims)
    running = Running(claims.context, claims.signer, clock)

    def desk(name: str) -> tuple[str, ...]:
        return DEFAULT_USERS[name].scopes

    async with (
        screen(running, tmp_path, *desk("insurer"), name="insurer") as insurer,
        screen(running, tmp_path, *desk("health-bureau"), name="health-bureau") as bureau,
        screen(
            running, tmp_path, *HOSPITAL, name="h", organisation=f"facility:{DISTRICT}"
        ) as hospital,
        screen(
            running, tmp_path, *HOSPITAL, name="o", organisation=f"facility:{TOWNSHIP}"
        ) as other,
        screen(running, tmp_path, "claims:ledger", name="reader") as reader,
    ):
        assert values(await insurer.get(HERE), "from") == ["2016-02-01"]
        wrong = await insurer.post(HERE, HALF | {"to": "2015-01-01"})
        assert (wrong.status_code, 'id="to-fault"' in wrong.text) == (422, True)
        unread = await insurer.post(HERE, {"from": "x", "to": ""})
        assert (unread.status_code, "请填写日期" in words(unread)) == (422, True)
        assert (await reader.post(HERE, HALF)).status_code == 403
        for new in (4, 0):
            said = words(await insurer.post(HERE, HALF))
            assert f"已检查 1 份费用：发现 4 处，其中 {new} 处是新的" in said
        for part in (
            "名册登记 2016-02-01 死亡，29 天后入院",
            "第 9 行“CT”单价 120.00 元，超过限价 100.00 元",
            "2016-03-02“CT”收费 2 次(第 9, 10 行)，共 240.00 元",
            "待处理 4",
        ):
            assert part in said, part
        assert "第 9 行" not in words(await insurer.get(HERE, rule="visit_after_death"))
        assert "没有符合条件的疑点" in words(await insurer.get(HERE, status="upheld"))
        assert "没有疑点" in words(await other.get(HERE))

        (flag,) = (await claims.good("GET", "/flags", rule="visit_after_death"))["items"]
        assert flag["message_zh"] == "名册登记 2016-02-01 死亡，29 天后入院(就诊)。"
        here = f"{HERE}/{flag['flag_id']}"
        assert (await other.get(here)).status_code == 404
        assert "您的账号只能查看" in words(await reader.get(here))
        page = await hospital.get(here)
        assert values(page, "step") == ["explain"]
        for part in ("死亡后就诊", "KZ-20", "取值为假定", "ZY1", "5,240.00", "还没有人处理"):
            assert part in words(page), part
        explained = await hospital.post(here, {"step": "explain", "note": "死亡日期登记有误"})
        assert "说明已记录" in words(await hospital.follow(explained))
        assert (await hospital.post(here, {"step": "dismiss", "note": "x"})).status_code == 422

        asked = await insurer.get(here)
        assert set(values(asked, "step")) == {"uphold", "dismiss", "hold"}
        assert "须由另一人复核" in words(asked)
        silent = await insurer.post(here, {"step": "hold", "note": " "})
        assert (silent.status_code, "请写明理由" in words(silent)) == (422, True)
        nothing = await insurer.post(here, {"note": "病历已调取"})
        assert (nothing.status_code, "请选择一项" in words(nothing)) == (422, True)
        assert 'value="病历已调取"' in nothing.text
        held = await insurer.follow(await insurer.post(here, {"step": "hold", "note": "核查"}))
        assert "已暂停清算" in words(held)
        assert set(values(held, "step")) == {"uphold", "dismiss", "release"}
        proposed = await insurer.post(here, {"step": "uphold", "note": "登记无误"})
        after = await insurer.follow(proposed)
        assert "您已提请认定，须由另一人复核" in words(after)
        assert "uphold" not in values(after, "step")
        done = await bureau.follow(await bureau.post(here, {"step": "uphold", "note": "同意"}))
        for part in ("已认定", "死亡日期登记有误", "测试health-bureau", "2016-03-10 09:00"):
            assert part in words(done), part
        assert values(done, "step") == ["release"]
        english = words(await bureau.get(here, lang="en"))
        for part in ("the visit began 29 days later", "Proposed to uphold", "Held from clearing"):
            assert part in english, part
        assert "flag." not in english
    reads = await claims.rows("SELECT 1 FROM audit_log WHERE action = 'flags.read'")
    assert len(reads) > 10
