"""The pack browser ``/claims/packs``: rules with their sources, a bill tried, earlier versions."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from shared.clock import FixedClock
from shared.policy.folders import pack_folders
from tests.integration.claims.county import Claims
from tests.support.browsing import Screen, screen, words
from tests.support.service import Running

PACK = "/claims/packs/jinkouhe-2016"
STAY = {
    "day": "2016-03-08",
    "type": "inpatient",
    "level": "secondary",
    "in_region": "1",
    "designated": "1",
    "category-registered_poor": "1",
    "kind-0": "bed",
    "class-0": "A",
    "amount-0": "3,000.00 元",
    "kind-2": "drug",
    "class-2": "B",
    "amount-2": "1000",
}


@pytest.fixture
async def author(claims: Claims, clock: FixedClock, tmp_path: Path) -> AsyncIterator[Screen]:
    async with screen(
        Running(claims.context, claims.signer, clock), tmp_path, "claims:quote"
    ) as one:
        yield one


async def test_every_pack_has_its_page(author: Screen) -> None:
    """Goal: no pack or kind of tier without words. Method: the list, then each page in both
    languages; no key of a text is left standing."""
    listed = words(await author.get("/claims/packs"))
    assert "本地正在使用" in listed
    for pack in pack_folders():
        assert pack in listed
        for language in ("zh", "en"):
            page = await author.get(f"/claims/packs/{pack}?lang={language}")
            assert page.status_code == 200, pack
            for prefix in ("pack.", "calculates.", "kind.", "category.", "year."):
                assert f">{prefix}" not in page.text, (pack, prefix)
    # A value of which the document is silent is the county's to fill in, and none that it states.
    silent = await author.get("/claims/packs/kaizhou-2020?lang=zh")
    assert "待本县填写" in silent.text
    assert ">文件规定<" not in silent.text


async def test_a_pack_in_plain_chinese(author: Screen) -> None:
    """Goal: order, conditions, values, sources and what is assumed. Method: the page's words."""
    said = words(await author.get(PACK))
    for part in (
        "支付先后",
        "就诊类型为住院；就诊之日属于任一救助对象类别",
        "支付比例不低于 「建档立卡贫困人口医疗救助最低比例」",
        "二级医院住院起付线(每次住院)",
        "¥ 200.00 自 2016-01-01 起",
        "83%",
        "10,000.00 元以上 55%",
        "金口河区卫计局2016年半年卫生计生专项扶贫工作总结 · JK-11",
        "假定，未确认",
        "尚未启用 医药爱心扶贫基金的减免标准尚未出台。",
        "尚无结算",
    ):
        assert part in said, part


async def test_a_tier_that_needs_others_says_so(author: Screen) -> None:
    """Goal: no condition is hidden. Method: the hospital's share and the chronic drugs of Xinbin."""
    said = words(await author.get("/claims/packs/xinbin-2018"))
    assert "仅在以下层次支付之后：第 7、8、10 层" in said
    assert "只看这些明细：药品" in said
    assert "同组(special_fund)只由先适用的一层支付" in said


async def test_a_bill_is_tried(claims: Claims, author: Screen) -> None:
    """Goal: the breakdown as at the window, nothing kept. Method: a stay of 4,000.00 by the form:
    (3,820.00 − 200.00) × 83 %, then 75 % of what is left; an ordinary resident without aid."""
    poor = words(await author.post(f"{PACK}/try", STAY))
    for part in ("患者应付 383.85 元", "基本医保 3,004.60", "医疗救助 611.55", "JK-10"):
        assert part in poor, part
    ordinary = {k: v for k, v in STAY.items() if not k.startswith("category-")}
    assert "患者应付 995.40 元" in words(await author.post(f"{PACK}/try", ordinary))
    year = STAY | {"medical_aid_paid": "29999.00"}
    capped = words(await author.post(f"{PACK}/try", year))
    assert "医疗救助 1.00" in capped
    assert await claims.rows("SELECT 1 FROM settlements") == []


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"amount-2": "-5"}, "金额为负"),
        ({"amount-2": "abc"}, "amount-2-fault"),
        ({"first-2": "many"}, "请填写百分数"),
        ({"kind-2": "implant"}, "植入材料须注明先行自付比例"),
        ({"kind-2": "implant", "first-2": "65"}, "应在 0.18 至 0.60 之间"),
        ({"day": "2015-01-01"}, "适用于 2016-01-01"),
        ({"day": ""}, "day-fault"),
        ({"basic_paid": "-1"}, "basic_paid-fault"),
        ({"amount-0": "", "amount-2": ""}, "请至少填写一行金额"),
    ],
)
async def test_what_was_wrong_stands_at_its_field(
    author: Screen, change: dict[str, str], part: str
) -> None:
    """Goal: the fault beside the field, what was typed is kept. Method: one fault each."""
    answer = await author.post(f"{PACK}/try", STAY | change)
    assert answer.status_code == 422
    assert part in answer.text
    assert 'value="2016-03-08"' in answer.text or "day" in change


async def test_the_rules_of_an_earlier_bill(claims: Claims, author: Screen) -> None:
    """Goal: a version by which a bill was settled is a link. Method: settle, open the version."""
    encounter = await claims.discharged()
    settled = await claims.settled(encounter["encounter_id"])
    version = settled["pack_version"]
    assert f"{PACK}?version={version}" in (await author.get(PACK)).text
    then = await author.get(f"{PACK}?version={version}")
    assert "当时的规定" in words(then)
    assert 'id="try"' not in then.text
    missing = await author.get(f"{PACK}?version={'0' * 64}")
    assert missing.status_code == 404
    assert "没有按该版本政策包结算的记录" in words(missing)


async def test_an_unknown_pack(author: Screen) -> None:
    """Goal: a page that says so. Method: a pack that is not there, read and tried."""
    for answer in (
        await author.get("/claims/packs/atlantis-1999"),
        await author.post("/claims/packs/atlantis-1999/try", STAY),
    ):
        assert answer.status_code in {404, 422}
        assert "没有这个政策包" in words(answer)


async def test_in_production_a_pack_is_read_and_not_tried(
    start: Callable[..., Awaitable[Claims]], clock: FixedClock, tmp_path: Path
) -> None:
    """Goal: an author sees what is to be confirmed. Method: the shipped pack in production."""
    claims = await start(production=True)
    async with screen(
        Running(claims.context, claims.signer, clock), tmp_path, "claims:quote"
    ) as one:
        said = words(await one.get(PACK))
        assert "以下假定未确认" in said
        assert "基本医疗保险住院年度支付限额" in said
        assert "试算一张账单" not in said
        assert "不能使用的政策包" in words(await one.get("/claims/packs"))
        assert (await one.post(f"{PACK}/try", STAY)).status_code == 409
