"""The screens of indicators, entries, early warnings and data quality, without a browser."""

import re
from pathlib import Path

from services.reporting.dashboard.pages import slide_of
from services.reporting.rebuild.jobs import run_next
from tests.integration.reporting.county import DISTRICT, JINHE, YONGHE
from tests.integration.reporting.half_year import half_year
from tests.support.browsing import screen, words
from tests.support.service import Running

READ, ENTER, CONFIRM = "reporting:read", "reporting:close", "reporting:accept"


async def test_from_red_light_to_person(reporting: Running, tmp_path: Path) -> None:
    """Goal: red first; from a figure to its places and the list, which is masked, logged and a
    township's own. Method: the way of a director, then of two townships."""
    await reporting.deliver_together(*half_year())
    async with screen(reporting, tmp_path, READ) as director:
        page = await director.get("/reporting/indicators", period="2016-03")
        said = words(page)
        assert said.index("个人支付占比") < said.index("签约率") < said.index("参保率")
        assert "医保局" in said
        one = await director.get("/reporting/indicators/personal_share", period="2016-04")
        assert "900.00" in words(one)
        assert "45.00%" in words(one)
        assert "背后的名单(1 条)" in words(one)
        assert "/identity/persons/" not in one.text
        english = await director.get(
            "/reporting/indicators/personal_share", area=DISTRICT, lang="en"
        )
        assert "Patients' own share" in words(english)
        home = (await director.get("/")).text
        assert home.index("需要关注") < home.index('class="cards"')
        assert "(参照梁平区 2019)" in home
        moved = re.findall(r"比上月 (\S+) 个百分点", words(await director.get("/")))
        whole = words(await director.get("/reporting/indicators"))
        assert "2016-06 比 2016-05" in whole
        assert moved
        assert all(points in whole for points in moved), "one change on both pages"
        moved = re.findall(
            r"比上月 (\S+) 个百分点", words(await director.get("/", period="2016-04"))
        )
        listed = words(await director.get("/reporting/indicators", period="2016-04"))
        assert moved, "a month has one before it"
        assert all(points in listed for points in moved)
        assert 'href="/reporting/indicators/' in home
    async with screen(reporting, tmp_path, "contracts:read", name="nurse") as nurse:
        home = (await nurse.get("/")).text
        assert "需要关注" in home
        assert 'href="/reporting/indicators/' not in home, "a link that ends at a refusal"
    async with screen(
        reporting, tmp_path, READ, name="town", organisation=f"township:{YONGHE}"
    ) as town:
        foreign = words(await town.get("/reporting/indicators/personal_share", area=JINHE))
        assert "只能查看本单位" in foreign
        own = await town.get("/reporting/indicators/personal_share", area=YONGHE)
        assert "背后的名单(1 条)" in words(own)
        warned = await town.get("/reporting/early-warnings", threshold="500")
        assert "900.00" in words(warned)
        assert "1,031.27" not in words(warned)
        wrong = await town.get("/reporting/early-warnings", threshold="x")
        assert (wrong.status_code, "预警金额格式有误" in words(wrong)) == (422, True)
    async with screen(reporting, tmp_path, READ, "identity:persons", name="clerk") as clerk:
        one = await clerk.get("/reporting/indicators/personal_share", period="2016-04")
        assert "/identity/persons/P3" in one.text
    log = await reporting.rows("SELECT 1 FROM audit_log WHERE action = 'indicator_records.listed'")
    assert len(log) == 4


async def test_a_figure_is_entered_and_confirmed(reporting: Running, tmp_path: Path) -> None:
    """Goal: the form keeps what was typed, a second person confirms, the page of the data's
    quality no longer asks for it. Method: a wrong figure, the right one, a file, both hands."""
    figure = {
        "code": "folic_acid_rate", "period": "2016-H1", "area": "", "numerator": "446",
        "denominator": "445", "stated": "", "evidence": "上半年总结",
    }  # fmt: skip
    async with (
        screen(reporting, tmp_path, READ, ENTER, CONFIRM, name="anna") as anna,
        screen(reporting, tmp_path, READ, ENTER, CONFIRM, name="bao") as bao,
    ):
        wrong = await anna.post("/reporting/entries", figure)
        assert wrong.status_code == 422
        assert "分子不能大于分母" in words(wrong)
        assert 'value="446"' in wrong.text
        kept = await anna.follow(
            await anna.post("/reporting/entries", figure | {"numerator": "439"})
        )
        assert "待另一人确认" in words(kept)
        assert "/confirm" not in kept.text
        listed = await bao.get("/reporting/entries")
        (path,) = {part for part in listed.text.split('"') if part.endswith("/confirm")}
        done = await bao.follow(await bao.post(path))
        assert "现已计入指标" in words(done)
        bad = "指标,时段,分子,依据\nfolic_acid_rate,2016-H1,1,总结\n"
        refused = await anna.post(
            "/reporting/entries/imports", files={"file": ("a.csv", bad.encode())}
        )
        assert "第 2 行" in words(refused)
        quality = words(await anna.get("/reporting/quality", period="2016-H1"))
        assert "本时段未填报的指标" in quality
        assert "叶酸服用率" not in quality
        value = await anna.get("/reporting/indicators/folic_acid_rate", period="2016-H1")
        assert "98.65%" in words(value)


async def test_the_wall_turns(reporting: Running) -> None:
    """Goal: every township is shown in turn, and the county again. Method: follow the slides."""
    seen, number = [], 0
    while not seen or number:
        area, measure, number = slide_of(reporting.context.region, number)
        seen.append((area, measure))
    assert seen[0] == ("", "personal_share")
    assert {area for area, _ in seen} > {JINHE, YONGHE}
    async with reporting.client() as client:
        page = await client.get("/", params={"wall": "1", "slide": "3"})
        # By the page's script, which waits for a slide that is there; without scripts by the browser.
        assert 'data-next="/?wall=1&amp;slide=4" data-slide-ms="20000"' in page.text
        assert 'content="20; url=/?wall=1&amp;slide=4"' in page.text
        assert "data-next" not in (await client.get("/")).text


async def test_an_empty_county_says_so(reporting: Running) -> None:
    """Goal: no axes without words, and a refusal in the reader's language. Method: no event at all;
    a place that there is not, a period that cannot be read."""
    async with reporting.client() as client:
        for by, said in (("personal_share", "还没有结算"), ("visits", "还没有就诊")):
            page = await client.get("/", params={"by": by})
            assert page.text.count(said) >= 2
            assert 'id="chart-places"' not in page.text
            assert 'id="chart-months"' not in page.text
            assert "截至" not in page.text
        refused = await client.get("/", params={"area": "无此乡"})
        assert refused.status_code == 404
        assert "没有此地点" in words(refused)
        assert "give 'county'" not in refused.text
        english = await client.get("/", params={"period": "x", "lang": "en"})
        assert "write 2016" in words(english)
        assert "请填写" not in english.text


async def test_the_figures_are_made_again_from_a_page(reporting: Running, tmp_path: Path) -> None:
    """Goal: an operator starts a rebuild once and sees how far it is, and why it failed; nobody
    else. Method: the page, its form, its line of progress; a worker that reaches no service."""
    async with screen(reporting, tmp_path, READ, name="reader") as reader:
        assert (await reader.get("/reporting/rebuilds")).status_code == 403
        assert "/reporting/rebuilds" not in (await reader.get("/reporting/indicators")).text
    async with screen(reporting, tmp_path, READ, "reporting:rebuild", name="ops") as ops:
        assert "尚未重建过" in words(await ops.get("/reporting/rebuilds"))
        assert 'href="/reporting/rebuilds"' in (await ops.get("/reporting/indicators")).text
        for _ in range(2):
            assert (await ops.post("/reporting/rebuilds")).status_code == 303
        page = await ops.get("/reporting/rebuilds")
        assert 'data-poll="/reporting/rebuilds/progress"' in page.text
        assert "等待中" in words(await ops.get("/reporting/rebuilds/progress"))
        assert await run_next(reporting.context)
        assert words(await ops.get("/reporting/rebuilds/progress")).strip() == ""
        said = words(await ops.get("/reporting/rebuilds"))
    assert said.count("未更改任何数据") == 1
    assert "开始重建" in said
