"""The county's page and the kit under it: strict headers, two languages, whole without scripts."""

from __future__ import annotations

import copy
import json
import re
from contextlib import asynccontextmanager
from html.parser import HTMLParser
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request

from services.reporting.dashboard import pages
from services.reporting.dashboard.texts import TEXTS
from services.reporting.screens.kit import kit
from shared.http.problem import NotFound, Unauthorized
from shared.security.principal import Principal
from shared.web import docs_router
from shared.web.assets import shared_assets
from shared.web.language import COMMON, Language, TextMissing, Texts

FIRST_VIEW_BYTES = 150_000
MONEY_ROW = {
    "visits": 1200,
    "total": "125878.00",
    "patient_pays": "26840.00",
    "personal_share": "0.2132",
    "recognition_rate": "0.9731",
    "one_stop_rate": None,
}
AS_OF = "2016-06-30T10:05:00Z"


def card(code: str, name_zh: str, name_en: str, **more: Any) -> dict[str, Any]:
    return {
        "code": code,
        "name_zh": name_zh,
        "name_en": name_en,
        "kind": "ratio",
        "value": "0.2132",
        "target": None,
        "target_own": None,
        "direction": None,
        "status": "none",
        "numerator": None,
        "denominator": None,
        "exclusions_zh": "按出院月份统计。",
        "exclusions_en": "By month of discharge.",
        "citation": None,
        "as_of": AS_OF,
        "provisional": True,
        **more,
    }


def part(zh: str, en: str, value: str) -> dict[str, Any]:
    return {"label_zh": zh, "label_en": en, "kind": "money", "value": value}


DOCUMENT: dict[str, Any] = {
    "area": {"code": "county", "level": "county", "name_zh": "金口河区", "name_en": "Jinkouhe"},
    "crumbs": [{"code": "county", "name_zh": "金口河区", "name_en": "Jinkouhe"}],
    "period": {"code": "2016-H1", "first_day": "2016-01-01", "last_day": "2016-06-30"},
    "periods": [
        {"code": "all", "label_zh": "全部", "label_en": "Everything so far"},
        {"code": "2016-H1", "label_zh": "2016年上半年", "label_en": "2016, half 1"},
    ],
    "as_of": AS_OF,
    "provisional": True,
    "revision": 41,
    "people": {"day": "2016-06-30", "persons": 3793, "households": 1438, "contracted": 3224},
    "attention": [
        {
            "code": "personal_share", "name_zh": "个人支付占比", "name_en": "Patients' own share",
            "value": "0.2132", "target": "0.10", "direction": "at_most", "status": "missed",
            "change": "+1.20", "owner_zh": "医保局", "target_own": True,
        }
    ],
    "cards": [
        card(
            "personal_share", "个人支付占比", "Patients' own share", target="0.10",
            direction="at_most", status="missed", citation="JK-15",
            numerator=part("个人支付", "paid by patients", "26840.00"),
            denominator=part("总费用", "total cost", "125878.00"),
        ),
        card("visits", "就诊人次", "Visits", kind="count", value=2549),
        card("one_stop_rate", "一站式结算率", "One-stop rate", value=None, status="not_applicable"),
    ],
    "payers": [
        {"payer": "basic_insurance", "amount": "79290.00"},
        {"payer": "medical_aid", "amount": "19748.00"},
        {"payer": "patient", "amount": "26840.00"},
    ],
    "places": [
        {"code": "金河镇", "name_zh": "金河镇", "name_en": "Jinhe Town", "drillable": True, **MONEY_ROW},
        {"code": "unknown", "name_zh": "住址未知", "name_en": "home not known", "drillable": False,
         **MONEY_ROW},
    ],
    "months": [{"month": "2016-06", **MONEY_ROW}],
    "live": [
        {"id": "e1", "time": AS_OF, "type": "settlement.made", "facility_zh": "区人民医院",
         "facility_en": "District Hospital", "grade": None, "total": "5000.00", "patient_pays": "991.27"},
        {"id": "e2", "time": AS_OF, "type": "recognition.made", "facility_zh": "区人民医院",
         "facility_en": "District Hospital", "grade": "certain", "total": None, "patient_pays": None},
    ],
}  # fmt: skip


class Markup(HTMLParser):
    """Every start tag with its attributes, and the text outside scripts."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._script = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._script = tag == "script"

    def handle_endtag(self, tag: str) -> None:
        self._script = False

    def handle_data(self, data: str) -> None:
        if not self._script:
            self.text += data


@pytest.fixture
async def http():
    app = FastAPI(docs_url=None)
    app.include_router(docs_router("claims", "结算"), prefix="/claims")

    @app.get("/")
    async def page(request: Request, by: str = "personal_share", wall: bool = False):
        document = copy.deepcopy(DOCUMENT)
        if request.query_params.get("hostile"):
            document["places"][0]["name_zh"] = "</script><img src=x onerror=alert(1)>"
        if request.query_params.get("empty"):
            document |= {"payers": [{"payer": "patient", "amount": "0.00"}], "places": [],
                         "months": [], "live": [], "as_of": None}  # fmt: skip
        return pages.draw(request, document, measure=by, wall=wall, heartbeat_s=10)

    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app), base_url="http://x"
    ) as client:
        yield client


@pytest.mark.parametrize("path", ["/", "/claims/docs"])
async def test_strict_policy_and_nothing_inline(http: httpx.AsyncClient, path: str) -> None:
    """Goal: the policy holds. Method: headers, and no inline script, style or handler in the page."""
    answer = await http.get(path)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    for tag, attributes in Markup(answer.text).tags:
        assert tag != "style"
        assert "style" not in attributes
        assert not [name for name in attributes if name.startswith("on")]
        if tag == "script" and "src" not in attributes:
            assert attributes["type"] == "application/json"
        for name in ("src", "href", "action"):
            if (target := attributes.get(name)) is not None:
                assert target.startswith(("/", "?", "#")), target


async def test_the_figures_stand_without_scripts(http: httpx.AsyncClient) -> None:
    """Goal: numbers for everybody. Method: read them from the page's text alone."""
    text = Markup((await http.get("/")).text).text
    for figure in ("21.32", "2,549", "79,290.00", "19,748.00", "125,878.00", "3,793", "991.27"):
        assert figure in text, figure
    for words in (
        "个人支付占比",
        "未达标",
        "目标 ≤ 10 %",
        "截至 2016-06-30 18:05",
        "暂定",
        "基本医保",
    ):
        assert words in text, words
    assert "▼" in text
    assert "—" in text, "a figure that does not apply is a dash, not a zero"


async def test_english_by_a_switch_that_is_kept(http: httpx.AsyncClient) -> None:
    """Goal: the user's language. Method: switch once; the cookie decides from then on."""
    chinese = await http.get("/")
    assert '<html lang="zh-CN"' in chinese.text
    assert "set-cookie" not in chinese.headers
    english = await http.get("/", params={"lang": "en", "period": "2016-H1"})
    assert '<html lang="en"' in english.text
    assert "HttpOnly" in english.headers["set-cookie"]
    assert "SameSite=lax" in english.headers["set-cookie"]
    again = await http.get("/")
    assert "Patients' own share" in Markup(again.text).text
    switch = next(a for t, a in Markup(english.text).tags if a.get("class") == "language")
    assert switch["href"] == "?period=2016-H1&lang=zh"
    assert '<html lang="zh-CN"' in (await http.get("/", params={"lang": "zh"})).text
    assert '<html lang="zh-CN"' in (await http.get("/", params={"lang": "xx"})).text


async def test_drill_links_keep_period_and_measure(http: httpx.AsyncClient) -> None:
    """Goal: the address is the state. Method: links of the table of places."""
    html = (await http.get("/", params={"by": "visits"})).text
    links = [a["href"] for t, a in Markup(html).tags if t == "a" and "data-turn" in a]
    assert "/?area=%E9%87%91%E6%B2%B3%E9%95%87&period=2016-H1&by=visits" in links
    assert not [link for link in links if "unknown" in str(link)]
    assert "/?period=2016-H1" in links, "the first measure needs no word in the address"


async def test_the_first_view_is_light(http: httpx.AsyncClient) -> None:
    """Goal: under 150 kB without the chart library. Method: add up what the page asks for."""
    html = (await http.get("/")).text
    urls = [str(a.get("src") or a.get("href")) for t, a in Markup(html).tags
            if t in {"script", "link", "img"} and (a.get("src") or a.get("href"))]  # fmt: skip
    own = {url.split("?")[0].removeprefix("/static/") for url in urls if "/vendor/" not in url}
    bytes_needed = len(html.encode())
    for path in own:
        assets = kit.assets if path.startswith("/reporting") else shared_assets()
        bytes_needed += len(assets.get(path.removeprefix("/reporting/assets/")).body)
    assert len(own) >= 5
    assert bytes_needed < FIRST_VIEW_BYTES


async def test_landmarks_labels_and_a_polite_voice(http: httpx.AsyncClient) -> None:
    """Goal: usable by keyboard and ear. Method: landmarks, labels, one h1, table headers, regions."""
    markup = Markup((await http.get("/")).text)
    names = [tag for tag, _ in markup.tags]
    assert {"header", "nav", "main", "footer"} <= set(names)
    assert names.count("h1") == 1
    assert any(a.get("aria-live") == "polite" for _, a in markup.tags)
    assert all(a.get("scope") == "col" for tag, a in markup.tags if tag == "th")
    labels = {a.get("for") for tag, a in markup.tags if tag == "label"}
    assert {a["id"] for tag, a in markup.tags if tag == "select"} <= labels
    ids = [a["id"] for _, a in markup.tags if "id" in a]
    assert len(ids) == len(set(ids))
    charts = [a for _, a in markup.tags if str(a.get("class", "")).startswith("chart ")]
    assert len(charts) == 3
    assert all(a["role"] == "img" and a["aria-label"] for a in charts)
    assert names.count("table") == 3


async def test_a_hostile_name_stays_text(http: httpx.AsyncClient) -> None:
    """Goal: escaping everywhere, in the embedded data too. Method: a name that closes a script."""
    html = (await http.get("/", params={"hostile": "1"})).text
    assert "<img src=x" not in html
    assert html.count("</script>") == html.count("<script")
    embedded = re.search(r'id="chart-data">(.*?)</script>', html, re.DOTALL)
    assert embedded is not None
    assert json.loads(embedded[1])["places"][0]["name"].startswith("</script>")


async def test_an_empty_county_is_no_error(http: httpx.AsyncClient) -> None:
    """Goal: the first minute. Method: a document without any visit."""
    text = Markup((await http.get("/", params={"empty": "1"})).text).text
    assert "本时段还没有结算" in text
    assert "截至 —" not in text


async def test_the_patient_stands_last_and_shares_add_up(http: httpx.AsyncClient) -> None:
    """Goal: the stacked bar is the bill. Method: the embedded data of the chart."""
    html = (await http.get("/", params={"lang": "en"})).text
    data = json.loads(re.search(r'id="chart-data">(.*?)</script>', html, re.DOTALL)[1])
    assert [payer["name"] for payer in data["payers"]] == [
        "Basic insurance", "Medical aid", "Patient",
    ]  # fmt: skip
    assert sum(payer["share"] for payer in data["payers"]) == pytest.approx(100, abs=0.02)
    assert data["target"] == 10


async def test_the_wall_is_dark_by_address(http: httpx.AsyncClient) -> None:
    """Goal: a screen on a wall. Method: the view is told to the style sheet."""
    assert 'data-view="wall"' in (await http.get("/", params={"wall": "1"})).text
    assert "data-view" not in (await http.get("/")).text


async def test_api_documents_are_offline(http: httpx.AsyncClient) -> None:
    """Goal: /<service>/docs without another site. Method: what it loads, and from where it reads."""
    markup = Markup((await http.get("/claims/docs")).text)
    assert ("div", {"id": "swagger", "data-openapi": "/claims/openapi.json"}) in markup.tags
    sources = [str(a.get("src")) for tag, a in markup.tags if tag == "script"]
    assert any("vendor/swagger-ui/swagger-ui-bundle.js" in source for source in sources)


class NoDatabase:
    """Reading sessions that nothing is read from."""

    @asynccontextmanager
    async def reading(self):
        yield None


class OneToken:
    """Knows one token, with the given scopes."""

    def __init__(self, *scopes: str) -> None:
        self.scopes = frozenset(scopes)

    def verify(self, token: str) -> Principal:
        if token != "known":
            raise Unauthorized
        return Principal("director", "region:511113", self.scopes)


def county_app(*, is_open: bool, scopes: tuple[str, ...] = ()) -> httpx.AsyncClient:
    app = FastAPI()
    app.include_router(pages.root_router)
    app.include_router(kit.router, prefix="/reporting")
    app.state.context = SimpleNamespace(
        settings=SimpleNamespace(open_dashboard=is_open),
        db=NoDatabase(),
        tokens=OneToken(*scopes),
        state={},
    )
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://x")


async def test_the_address_is_handed_to_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    """Goal: the state in the address is what is shown. Method: a service that notes its question."""
    asked = []

    async def dashboard(context, *, area, period):
        asked.append((area, period))
        return DOCUMENT

    monkeypatch.setattr(pages.service, "dashboard", dashboard)
    async with county_app(is_open=True) as http:
        assert (await http.get("/")).status_code == 200
        page = await http.get("/", params={"area": "金河镇", "period": "2016-03", "by": "nonsense"})
        assert page.status_code == 200
        assert "各乡镇 · 个人支付占比" in Markup(page.text).text
        script = await http.get(kit.assets.url("dashboard.js"))
        assert script.headers["content-type"].startswith("text/javascript")
    assert asked == [(None, None), ("金河镇", "2016-03")]


async def test_a_problem_is_a_page_with_a_way_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Goal: an unknown place is told in words. Method: a service that refuses."""

    async def dashboard(context, *, area, period):
        raise NotFound("no such place; leave it out")

    monkeypatch.setattr(pages.service, "dashboard", dashboard)
    async with county_app(is_open=True) as http:
        answer = await http.get("/", params={"area": "nowhere"})
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")
    assert "没有这条记录" in answer.text
    assert ("a", {"href": "/"}) in Markup(answer.text).tags


@pytest.mark.parametrize(
    ("token", "scopes", "status"),
    [(None, (), 401), ("wrong", ("reporting:read",), 401), ("known", (), 403),
     ("known", ("reporting:read",), 200)],
)  # fmt: skip
async def test_a_closed_page_asks_for_a_token(
    monkeypatch: pytest.MonkeyPatch, token: str | None, scopes: tuple[str, ...], status: int
) -> None:
    """Goal: open_dashboard=false closes it. Method: no token, a wrong one, too few scopes, enough."""

    async def dashboard(context, *, area, period):
        return DOCUMENT

    monkeypatch.setattr(pages.service, "dashboard", dashboard)
    headers = {} if token is None else {"authorization": f"Bearer {token}"}
    async with county_app(is_open=False, scopes=scopes) as http:
        answer = await http.get("/", headers=headers)
    assert answer.status_code == status
    assert ("21.32" in answer.text) == (status == 200)


def test_every_text_is_there_in_both_languages() -> None:
    """Goal: no bare key, no missing half. Method: every pair; placeholders agree; unknown keys fail."""
    for key, (zh, en) in {**COMMON, **TEXTS}.items():
        assert (zh == "") == (en == ""), key
        assert set(re.findall(r"\{(\w+)\}", zh)) == set(re.findall(r"\{(\w+)\}", en)), key
    with pytest.raises(TextMissing):
        Texts(COMMON).get(Language.EN, "no.such.key")
