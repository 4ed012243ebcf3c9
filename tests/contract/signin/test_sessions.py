"""Sessions and pages: who is let in, whose forms are taken, and how a session ends."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import httpx
import pytest

from shared.security.scopes import SCOPES
from shared.security.sessions import COOKIE, IDLE, LONGEST, SESSION_AUDIENCE
from shared.security.tokens import TokenSigner
from shared.security.users import UsersFile
from shared.web.navigation import Navigation, ScreenLink, learn_screens
from shared.web.signin import signed_in
from tests.contract.signin.conftest import GOOD, Browser, Host, hidden, make_host
from tests.contract.web.test_pages import Markup

PAGE = "/identity/reviews"


async def test_a_page_without_a_session_sends_to_the_form(browser: Browser) -> None:
    """Goal: GET is redirected, htmx is told where to go, a form is answered 401. Method: each."""
    asked = await browser.get(PAGE)
    assert (asked.status_code, asked.headers["location"]) == (303, f"/signin?next={PAGE}")
    assert asked.headers["cache-control"] == "no-store"
    piece = await browser.get(
        f"{PAGE}?page=3",
        headers={"hx-request": "true", "hx-current-url": f"http://yizhan.test{PAGE}"},
    )
    assert (piece.status_code, piece.headers["hx-redirect"]) == (401, f"/signin?next={PAGE}")
    sent = await browser.post(PAGE, headers={"referer": f"http://yizhan.test{PAGE}"})
    assert sent.status_code == 401
    assert "没有保存" in Markup(sent.text).text
    assert ("a", {"href": f"/signin?next={PAGE}"}) in Markup(sent.text).tags


async def test_a_scope_that_lacks_is_a_page_in_words(browser: Browser) -> None:
    """Goal: he learns what he may not, and whom to ask. Method: a window clerk at the reviews."""
    await browser.sign_in("window")
    answer = await browser.get(PAGE)
    assert answer.status_code == 403
    text = Markup(answer.text).text
    assert "复核存疑识别" in text
    assert "系统管理员" in text
    assert "decide doubtful recognitions" in (await browser.get(f"{PAGE}?lang=en")).text


async def test_forms_of_this_session_alone_are_taken(browser: Browser) -> None:
    """Goal: no other site acts in his name. Method: no token, a wrong one, a colleague's, his own."""
    await browser.sign_in("reviewer")
    other = browser.host.browser()
    await other.sign_in("reviewer")
    own = await browser.csrf()
    foreign = await other.csrf()
    assert own != foreign
    for token in ("", "x" * len(own), foreign, "é"):
        refused = await browser.post(PAGE, data={"csrf_token": token, "note": "same"})
        assert refused.status_code == 403, token
        assert "表单已过期" in Markup(refused.text).text
    assert (await browser.post(PAGE, json={"csrf_token": own})).status_code == 403
    taken = await browser.post(PAGE, data={"csrf_token": own, "note": "same"})
    assert taken.json() == {
        "by": "user:reviewer", "organisation": "region:511113", "note": "same",
    }  # fmt: skip
    by_header = await browser.post(PAGE, data={"note": "n"}, headers={"X-CSRF-Token": own})
    assert by_header.json()["note"] == "n"
    file = await browser.post(PAGE, data={"csrf_token": own}, files={"file": ("a.csv", b"1")})
    assert file.status_code == 200


async def test_htmx_finds_the_token_in_the_page(browser: Browser) -> None:
    """Goal: page authors need not think of it. Method: the body's attribute is the form's token."""
    await browser.sign_in("reviewer")
    body = next(a for t, a in Markup((await browser.get(PAGE)).text).tags if t == "body")
    assert body["hx-headers"] == f'{{"X-CSRF-Token": "{await browser.csrf()}"}}'
    nobody = Markup((await browser.host.browser().get("/identity/anybody")).text)
    assert "hx-headers" not in next(a for t, a in nobody.tags if t == "body")


async def test_an_unattended_screen_signs_out(browser: Browser) -> None:
    """Goal: an hour without a click ends it; clicks keep it, not beyond the working day."""
    host = browser.host
    await browser.sign_in("reviewer")
    worked = dt.timedelta(0)
    while worked + dt.timedelta(minutes=50) < LONGEST:
        host.clock.advance(dt.timedelta(minutes=50))
        worked += dt.timedelta(minutes=50)
        page = await browser.get(PAGE)
        assert page.status_code == 200, worked
        assert page.headers["set-cookie"].startswith(f"{COOKIE}=")
        assert "SameSite=strict" in page.headers["set-cookie"]
    assert "set-cookie" not in (await browser.get(PAGE)).headers, "once a minute is enough"
    host.clock.advance(LONGEST - worked)
    assert (await browser.get(PAGE)).status_code == 303
    await browser.sign_in("reviewer")
    host.clock.advance(IDLE + dt.timedelta(seconds=1))
    assert (await browser.get(PAGE)).status_code == 303


async def test_an_open_page_keeps_nobody_signed_in(browser: Browser) -> None:
    """Goal: a dashboard that re-reads itself is no click. Method: only the open page, for an hour."""
    await browser.sign_in("reviewer")
    for _ in range(3):
        browser.host.clock.advance(IDLE / 3 + dt.timedelta(seconds=1))
        assert "set-cookie" not in (await browser.get("/identity/anybody")).headers
    assert (await browser.get(PAGE)).status_code == 303


async def test_signing_out_ends_it_everywhere_and_survives_a_restart(
    host: Host, tmp_path: Path, first_start: Path
) -> None:
    """Goal: a kept copy of the cookie is worth nothing. Method: copy it, sign out, start anew."""
    browser = host.browser()
    await browser.sign_in("reviewer")
    copy = browser.http.cookies[COOKIE]
    colleague = host.browser()
    await colleague.sign_in("reviewer")
    refused = await browser.post("/signout", data={"csrf_token": "x"})
    assert refused.status_code == 403
    out = await browser.post("/signout", data={"csrf_token": await browser.csrf()})
    assert (out.status_code, out.headers["location"]) == (303, "/signin?bye=1")
    assert "已安全退出" in (await browser.get("/signin?bye=1")).text
    thief = {"cookie": f"{COOKIE}={copy}"}
    assert (await host.browser().get(PAGE, headers=thief)).status_code == 303
    again = make_host(tmp_path, first_start)
    assert (await again.browser().get(PAGE, headers=thief)).status_code == 303
    still = {"cookie": f"{COOKIE}={colleague.http.cookies[COOKIE]}"}
    assert (await again.browser().get(PAGE, headers=still)).status_code == 200


async def test_a_closed_account_is_out_at_the_next_click(browser: Browser) -> None:
    """Goal: disabling works at once, also for narrowed rights. Method: change the file meanwhile."""
    await browser.sign_in("reviewer")
    assert (await browser.get(PAGE)).status_code == 200
    UsersFile(browser.host.users.path).disable("reviewer")
    assert (await browser.get(PAGE)).status_code == 303
    browser.host.users.enable("reviewer")
    assert (await browser.get(PAGE)).status_code == 303, "the old session stays ended"
    await browser.sign_in("reviewer")
    assert (await browser.get(PAGE)).status_code == 200


async def test_a_new_password_ends_the_other_sessions(host: Host) -> None:
    """Goal: whoever was in with the old one is out. Method: two browsers, one changes."""
    here, there = host.browser(), host.browser()
    for each in (here, there):
        await each.sign_in("reviewer")
    form = {"current": host.drawn["reviewer"], "new": GOOD, "again": GOOD}
    changed = await here.post("/account", data={**form, "csrf_token": await here.csrf()})
    assert changed.status_code == 303
    assert (await here.get(PAGE)).status_code == 200
    assert (await there.get(PAGE)).status_code == 303
    assert (await there.sign_in("reviewer")).status_code == 401
    assert (await there.sign_in("reviewer", GOOD)).status_code == 303


@pytest.mark.parametrize(
    ("fields", "where", "words"),
    [
        ({"current": "wrong"}, "current", "当前密码不正确"),
        ({"new": "short", "again": "short"}, "new", "至少 10 个字符"),
        ({"new": "reviewer-2016", "again": "reviewer-2016"}, "new", "不能包含用户名"),
        ({"again": GOOD + "x"}, "again", "不一致"),
    ],
)
async def test_a_password_that_is_not_taken_says_why(
    browser: Browser, fields: dict[str, str], where: str, words: str
) -> None:
    """Goal: the error beside its field, focus there, nothing changed. Method: each fault."""
    await browser.sign_in("reviewer")
    drawn = browser.host.drawn["reviewer"]
    form = {"current": drawn, "new": GOOD, "again": GOOD, **fields}
    answer = await browser.post("/account", data={**form, "csrf_token": await browser.csrf()})
    assert answer.status_code == 422
    markup = Markup(answer.text)
    field = next(a for _, a in markup.tags if a.get("id") == where)
    assert (field["aria-invalid"], field["aria-describedby"]) == ("true", f"{where}-fault")
    assert "autofocus" in field
    assert words in markup.text
    assert GOOD not in answer.text
    assert browser.host.users.authenticate("reviewer", drawn) is not None


async def test_tokens_of_one_kind_do_not_pass_for_the_other(host: Host) -> None:
    """Goal: a session opens no API, an access token no page. Method: swap them; change each part."""
    browser = host.browser()
    await browser.sign_in("poverty-a")
    cookie = browser.http.cookies[COOKIE]
    token, seen, mark = cookie.split("~")
    bearer = {"authorization": f"Bearer {token}"}
    assert (await browser.get("/identity/v1/persons", headers=bearer)).status_code == 401
    assert (await browser.get("/identity/v1/persons")).status_code == 401, "the API wants tokens"
    access = host.key.sign(client_id="user:poverty-a", organisation="x:y", scopes=SCOPES)
    granted = await host.browser().get(
        "/identity/v1/persons", headers={"authorization": f"Bearer {access}"}
    )
    assert granted.status_code == 200
    stranger = TokenSigner.generate(
        host.users.path.with_name("other.json"), clock=host.clock, audience=SESSION_AUDIENCE
    ).sign(client_id="user:poverty-a", organisation="x:y", scopes=(), more={"sid": "s", "gen": 1})
    for forged in (
        f"{access}~{seen}~{mark}", f"{token}~{int(seen) + 9}~{mark}", f"{token}~{seen}~",
        token, "~~", "", f"{stranger}~{seen}~{mark}", "é~1~x", "x" * 5_000,
    ):  # fmt: skip
        answer = await host.browser().get(PAGE, headers={"cookie": f"{COOKIE}={forged}".encode()})
        assert answer.status_code == 303, forged


async def test_the_menu_shows_what_he_may(host: Host) -> None:
    """Goal: no link that leads to a refusal. Method: the menus of three people and of nobody."""
    for user, shown in (
        ("reviewer", ["存疑复核"]), ("window", ["结算窗口"]), ("operator", ["存疑复核", "结算窗口"]),
    ):  # fmt: skip
        browser = host.browser()
        await browser.sign_in(user)
        text = Markup((await browser.get("/identity/anybody")).text).text
        assert [title for title in ("存疑复核", "结算窗口") if title in text] == shown
        assert host.users.get(user).name_zh in text
        assert "退出" in text
    nobody = Markup((await host.browser().get("/identity/anybody")).text)
    assert "存疑复核" not in nobody.text
    assert ("a", {"href": "/signin?next=/identity/anybody"}) in nobody.tags


async def test_the_account_page_says_what_he_may_do(browser: Browser) -> None:
    """Goal: who I am, for whom, what I may, in both languages. Method: read it."""
    await browser.sign_in("doctor")
    text = Markup((await browser.get("/account")).text).text
    for words in ("家庭医生", "doctor", "511113", "查看签约与任务", "签约与随访登记"):
        assert words in text, words
    english = Markup((await browser.get("/account?lang=en")).text).text
    assert "Township doctor" in english
    assert "worklists and contracts" in english
    assert (await host_without_session(browser)).headers["location"] == "/signin?next=/account"


async def host_without_session(browser: Browser) -> httpx.Response:
    return await browser.host.browser().get("/account")


async def test_a_container_learns_the_others_screens(host: Host) -> None:
    """Goal: one menu in the cluster form too. Method: ask a running host; one that is away waits."""
    link = ScreenLink("/claims/desk", "结算窗口", "Settlement", "claims:settle")
    navigation = Navigation()
    navigation.learn(
        "contracts", [ScreenLink("/contracts/", "随访", "Follow-up", "contracts:read")]
    )
    away = httpx.AsyncClient(
        transport=httpx.MockTransport(lambda _: httpx.Response(503)), base_url="http://x"
    )
    lying = httpx.AsyncClient(
        transport=httpx.MockTransport(
            lambda _: httpx.Response(200, json={"screens": [{"path": "//evil", "title_zh": "x",
                                                             "title_en": "x", "scope": None}]})
        ),
        base_url="http://x",
    )  # fmt: skip
    peers = {"claims": host.browser().http, "contracts": away, "reporting": lying}
    asked = learn_screens(navigation, peers, rounds=1, pause=no_pause)
    await asked
    assert navigation.of("claims") == (link,)
    assert navigation.of("contracts")[0].path == "/contracts/", "what was known stays"
    assert navigation.of("reporting") == ()
    assert navigation.home_of(frozenset({"claims:settle"})) == "/claims/desk"


async def no_pause(_seconds: float) -> None:
    return None


def test_a_page_with_a_misspelt_scope_does_not_start() -> None:
    """Goal: a page nobody may open is noticed at import. Method: a scope that there is not."""
    with pytest.raises(KeyError):
        signed_in("identity:reviews")


async def test_hidden_needs_a_form(browser: Browser) -> None:
    """Goal: every form of the frame carries the token. Method: the sign-out form of a plain page."""
    await browser.sign_in("reviewer")
    page = await browser.get(PAGE)
    assert hidden(page, "csrf_token") == await browser.csrf()
