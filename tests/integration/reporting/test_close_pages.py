"""The screens of month closes: from the list to the signature, and what is told of it."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

from services.reporting.exports.report import DATASET_WORDS
from services.reporting.figures.repository import DATASETS
from services.reporting.month_closes.cuts_repository import FLOWS
from services.reporting.screens.texts import TEXTS
from tests.integration.reporting.county import DISTRICT, JINHE, JINHE_HOSPITAL, YONGHE, bill
from tests.integration.reporting.half_year import half_year
from tests.support.browsing import assert_private, screen, words
from tests.support.service import Running

LIST = "/reporting/closes"
TOWNSHIP = ("reporting:read", "reporting:close")
COUNTY = (*TOWNSHIP, "reporting:accept")


def test_every_kind_of_row_has_its_word() -> None:
    """Goal: no code on a screen or paper. Method: the kinds of rows that are kept against the
    texts."""
    assert {f"rows.dataset.{each}" for each in DATASETS} <= TEXTS.keys()
    assert set(FLOWS) <= DATASET_WORDS.keys()


async def test_a_month_goes_through_the_screens(reporting: Running, tmp_path: Path) -> None:
    """Goal: two townships submit, one is returned and submits again, the county accepts, the
    director signs, a late bill adjusts the next month; each sees whose turn it is.

    Method: four people's pages and forms; wrong forms; double clicks; the words in both languages;
    changes since the approval; verification of the file and of an altered one; another closing's
    reopening by two."""
    await reporting.deliver_together(*half_year())
    async with (
        screen(reporting, tmp_path, *COUNTY, name="county") as county,
        screen(
            reporting, tmp_path, *TOWNSHIP, name="jinhe", organisation=f"township:{JINHE}"
        ) as jinhe,
        screen(
            reporting, tmp_path, *TOWNSHIP, name="yonghe", organisation=f"township:{YONGHE}"
        ) as yonghe,
        screen(reporting, tmp_path, *COUNTY, "reporting:sign", name="director") as director,
    ):
        assert "2016-06 还没有开始月结" in words(await county.get(LIST))
        for wrong, said in (("2016-13", "请填写已结束的月份"), ("2016-07", "请填写已结束的月份")):
            answer = await county.post(LIST, {"month": wrong})
            assert (answer.status_code, said in words(answer)) == (422, True)
        begun = await county.post(LIST, {"month": "2016年3月"})
        here = begun.headers["location"].partition("?")[0]
        page = words(await county.follow(begun))
        for part in ("2016 年 3 月月结", "暂定数据", "等待乡镇报送", "511113-2016-03-1"):
            assert part in page, part
        again = await county.post(LIST, {"month": "2016-03"})
        assert again.headers["location"] == here

        assert "轮到您：报送本乡镇数据" in words(await jinhe.get(LIST))
        for who in (jinhe, yonghe):
            await who.follow(await who.post(f"{here}/submit", {"note": "已核对"}))
        twice = await jinhe.post(f"{here}/submit", {})
        assert twice.headers["location"].endswith("done=submit")
        mine = words(await jinhe.get(here))
        assert "报送本乡镇数据" not in mine
        assert "等待乡镇报送" in mine

        silent = await county.post(f"{here}/return", {"township": YONGHE})
        assert (silent.status_code, "请写明原因" in words(silent)) == (422, True)
        number = await county.post(
            f"{here}/return", {"township": YONGHE, "reason": "11010519491231002X"}
        )
        assert (number.status_code, "证件号码" in words(number)) == (422, True)
        await county.follow(
            await county.post(f"{here}/return", {"township": YONGHE, "reason": "缺三笔结算"})
        )
        returned = words(await yonghe.get(here))
        assert "已退回" in returned
        assert "缺三笔结算" in returned
        await yonghe.follow(await yonghe.post(f"{here}/submit", {}))
        await county.follow(await county.post(f"{here}/submit", {}))
        assert "轮到您：审核通过" in words(await county.get(LIST))
        refused = await jinhe.post(f"{here}/accept", {})
        assert refused.status_code == 403
        await county.follow(await county.post(f"{here}/accept", {"note": "同意"}))
        assert "等待主任签发" in words(await county.get(here))

        unsure = await director.post(f"{here}/sign", {})
        assert (unsure.status_code, "请先勾选确认" in words(unsure)) == (422, True)
        signed = await director.follow(await director.post(f"{here}/sign", {"sure": "1"}))
        for part in ("已签发，数字不再改动", "已签发数据，不再改动", "SHA-256", "没有要做的了"):
            assert part in words(signed), part
        assert (await director.post(f"{here}/sign", {"sure": "1"})).status_code == 303
        assert_private(signed)

        assert "没有变化" in words(await jinhe.get(f"{here}/changes"))
        await reporting.deliver_together(
            bill("L1", "P2", JINHE_HOSPITAL, "outpatient", date(2016, 3, 9), {}, 12_34),
            bill("L2", "P1", DISTRICT, "inpatient", date(2016, 3, 20), {}, 700_00),
        )
        changed = words(await county.get(f"{here}/changes"))
        for part in ("迟到补记", "费用 700.00", "下一个月结的调整"):
            assert part in changed, part
        own = words(await jinhe.get(f"{here}/changes?lang=en"))
        assert "Late" in own
        april = await county.post(LIST, {"month": "2016-04"})
        there = april.headers["location"].partition("?")[0]
        adjusted = words(await county.follow(april))
        assert "712.34" in adjusted
        rows = words(await county.get(f"{there}/records?view=corrections"))
        assert "2016-03" in rows
        assert "12.34" in rows
        assert "在册人员" in words(await county.get(f"{there}/records"))

        good = words(await county.post(f"{here}/verify"))
        assert "核验通过" in good

        await county.follow(await county.post(f"{here}/reopen", {"reason": "补传费用"}))
        assert "等待另一人确认" in words(await county.get(here))
        same = await county.post(f"{here}/reopen", {"reason": "补传费用"})
        assert same.status_code == 409
        assert "确认重开" in words(await director.get(here))
        done = await director.follow(await director.post(f"{here}/reopen", {"reason": "同意"}))
        assert "已作废" in words(done)

        for page_of in (LIST, here, there):
            english = await county.get(f"{page_of}?lang=en")
            assert not re.findall(r"\b(?:close|closes|rows)\.[a-z_.]+", words(english))

        for form, start in (("pdf", b"%PDF-"), ("xlsx", b"PK"), ("docx", b"PK")):
            file = await county.get(f"{here}/report.{form}")
            assert file.content.startswith(start)
        listed = await county.get(f"{here}/tables/indicators.csv")
        assert listed.content.startswith(b"\xef\xbb\xbf")
        assert (await county.get(f"{here}/file")).content.startswith(b"{")
        assert (await jinhe.get(f"{here}/file")).status_code == 403
    takers = await reporting.rows(
        "SELECT DISTINCT actor FROM audit_log WHERE action = 'month_close.exported'"
    )
    assert takers == [{"actor": "user:county"}]


async def test_an_altered_file_is_told_on_the_screen(reporting: Running, tmp_path: Path) -> None:
    """Goal: whoever changes the database behind the service is found. Method: a byte of the
    signed file is changed past the guards."""
    from sqlalchemy import text

    from tests.integration.reporting.test_month_closes import signed

    await reporting.deliver_together(*half_year())
    close = await signed(reporting, "2016-03")
    async with reporting.context.db.writing() as session:
        await session.execute(text("ALTER TABLE month_closes DISABLE TRIGGER month_closes_guard"))
        await session.execute(
            text("UPDATE month_closes SET file = set_byte(file, 300, get_byte(file, 300) # 1)")
        )
    async with screen(reporting, tmp_path, "reporting:read") as reader:
        answer = await reader.post(f"{LIST}/{close['close_id']}/verify")
        assert "核验不通过" in words(answer)
