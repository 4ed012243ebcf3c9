"""The menu is made of the manifests: every entry leads to a page that is there."""

from __future__ import annotations

from types import SimpleNamespace

import httpx
import pytest
from fastapi import FastAPI
from starlette.routing import Match

from services.claims.module import MODULE as CLAIMS
from services.contracts.module import MODULE as CONTRACTS
from services.identity.module import MODULE as IDENTITY
from services.reporting.dashboard import pages
from services.reporting.module import MODULE as REPORTING
from shared.runtime.context import ServiceModule
from shared.security.scopes import SCOPES
from shared.web.navigation import ScreenLink
from tests.contract.signin.conftest import Host, module
from tests.contract.web.test_pages import DOCUMENT, NoDatabase
from tests.support.signin import session_maker

MODULES = (IDENTITY, CLAIMS, CONTRACTS, REPORTING)


def faults(service: ServiceModule) -> list[str]:
    """What is wrong with a service's part of the menu."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    for router in service.pages:
        app.include_router(router, prefix=f"/{service.name}")
    for router in service.root_pages:
        app.include_router(router)
    found = []
    for link in service.screens:
        asked = {"type": "http", "method": "GET", "path": link.path, "root_path": "", "headers": []}
        if not any(route.matches(asked)[0] is Match.FULL for route in app.routes):
            found.append(f"{link.path} is no page")
        if link.scope is not None and link.scope not in SCOPES:
            found.append(f"{link.path} asks for a scope that there is not")
        if not link.title_zh or not link.title_en:
            found.append(f"{link.path} has no title")
    return found


@pytest.mark.parametrize("service", MODULES, ids=lambda service: service.name)
def test_each_entry_leads_to_a_page(service: ServiceModule) -> None:
    """Goal: no dead link in the menu. Method: match each path against the service's own routes."""
    assert faults(service) == []


def test_a_dead_link_is_noticed() -> None:
    """Goal: the check can fail. Method: a path and a scope that are not there."""
    broken = module("identity", ScreenLink("/identity/nowhere", "无", "None", "identity:none"))
    assert len(faults(broken)) == 2
    assert (
        faults(module("identity", ScreenLink("/identity/reviews", "复核", "Reviews", None))) == []
    )


def test_no_two_entries_lead_to_one_page() -> None:
    """Goal: each place once. Method: all paths together."""
    paths = [link.path for service in MODULES for link in service.screens]
    assert "/" in paths
    assert len(paths) == len(set(paths))


@pytest.mark.parametrize(("user", "status"), [("director", 200), ("reviewer", 401), (None, 401)])
async def test_a_closed_county_page_opens_for_those_who_read_figures(
    host: Host, monkeypatch: pytest.MonkeyPatch, user: str | None, status: int
) -> None:
    """Goal: a county that closes its page still has a director. Method: two people and nobody."""

    async def dashboard(context, *, area, period):
        return DOCUMENT

    monkeypatch.setattr(pages.service, "dashboard", dashboard)
    maker = session_maker(host.key, host.users, host.clock)
    app = FastAPI()
    app.include_router(pages.root_router)
    app.state.context = SimpleNamespace(
        settings=SimpleNamespace(open_dashboard=False),
        db=NoDatabase(),
        people=maker.people,
        state={},
    )
    found = host.users.get(user) if user else None
    session = maker.begin(found) if found else None
    cookie = {"cookie": f"yizhan_session={session.cookie(session.seen_s)}"} if session else {}
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app), base_url="http://x"
    ) as client:
        answer = await client.get("/", headers=cookie)
    assert answer.status_code == status
    assert ("21.32" in answer.text) == (status == 200)
