"""A host with two services' pages and signing in, put together as in earnest; no database."""

from __future__ import annotations

import datetime as dt
import re
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import httpx
import pytest
from fastapi import APIRouter, Form, Request
from sqlalchemy import MetaData
from starlette.responses import HTMLResponse
from starlette.types import ASGIApp

from services.reporting.module import MODULE as REPORTING
from shared.clock import FixedClock
from shared.runtime.asgi import root_app
from shared.runtime.build import build_context, sign_in_pages
from shared.runtime.context import Context, ServiceModule
from shared.runtime.settings import RuntimeSettings
from shared.security import passwords
from shared.security.crypto import Vault
from shared.security.principal import Principal, requires
from shared.security.tokens import TokenSigner
from shared.security.users import UsersFile
from shared.web.navigation import ScreenLink
from shared.web.screens import TEMPLATES, Screens
from shared.web.signin import signed_in

GOOD = "river-and-mountain"
NOWHERE = "postgresql+asyncpg://nobody@127.0.0.1:9/none"

_screens = Screens(TEMPLATES, {})
pages = APIRouter()
api = APIRouter()


@pages.get("/reviews")
async def reviews(
    request: Request, _: Annotated[Principal, signed_in("identity:review")]
) -> HTMLResponse:
    return _screens.render(request, "base.html", {})


@pages.post("/reviews")
async def decide(
    caller: Annotated[Principal, signed_in("identity:review")],
    note: Annotated[str, Form()] = "",
) -> dict[str, Any]:
    return {"by": caller.client_id, "organisation": caller.organisation, "note": note}


@pages.get("/anybody")
async def anybody(request: Request) -> HTMLResponse:
    return _screens.render(request, "base.html", {})


@api.get("/persons")
async def persons(_: Annotated[Principal, requires("identity:persons")], context: Context) -> str:
    return context.name


def module(name: str, *links: ScreenLink, **more: Any) -> ServiceModule:
    return ServiceModule(
        name=name, title=name, title_zh=name, metadata=MetaData(), migrations=REPORTING.migrations,
        routers=(api,), pages=(pages,), screens=links, **more,
    )  # fmt: skip


IDENTITY = module(
    "identity", ScreenLink("/identity/reviews", "存疑复核", "Reviews", "identity:review")
)
CLAIMS = module("claims", ScreenLink("/claims/desk", "结算窗口", "Settlement", "claims:settle"))


@dataclass
class Host:
    """The application and the means to use it."""

    app: ASGIApp
    users: UsersFile
    clock: FixedClock
    key: TokenSigner
    drawn: dict[str, str] = field(default_factory=dict)

    def browser(self, *, address: str = "10.0.0.1", scheme: str = "http") -> Browser:
        transport = httpx.ASGITransport(app=self.app, client=(address, 1234))
        return Browser(
            httpx.AsyncClient(transport=transport, base_url=f"{scheme}://yizhan.test"), self
        )


@dataclass
class Browser:
    """One person's browser."""

    http: httpx.AsyncClient
    host: Host

    async def get(self, path: str, **options: Any) -> httpx.Response:
        return await self.http.get(path, **options)

    async def post(self, path: str, **options: Any) -> httpx.Response:
        return await self.http.post(path, **options)

    async def sign_in(self, user: str, password: str | None = None, **form: str) -> httpx.Response:
        """Fill in the form that the page shows."""
        page = await self.get("/signin")
        given = self.host.drawn[user] if password is None else password
        fields = {"user": user, "password": given, "form_token": hidden(page, "form_token")}
        return await self.post("/signin", data={**fields, **form})

    async def csrf(self) -> str:
        return hidden(await self.get("/account"), "csrf_token")


def hidden(page: httpx.Response, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]+)"', page.text)
    assert found is not None, page.text
    return found[1]


@pytest.fixture(autouse=True)
def quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a trial costs has tests of its own (tests/unit/security/test_passwords.py)."""
    monkeypatch.setattr(passwords, "CHOSEN", passwords.DRAWN)


@pytest.fixture(scope="session")
def first_start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that a host's first start makes: its users take a tenth of a second to draw."""
    folder = tmp_path_factory.mktemp("first-start")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(passwords, "CHOSEN", passwords.DRAWN)
        UsersFile.ensure(folder / "users.json", "511113")
    Vault.generate(folder / "keys.json")
    TokenSigner.generate(folder / "token-key.json")
    return folder


def make_host(folder: Path, first_start: Path, **settings: Any) -> Host:
    for file in first_start.iterdir():
        if not (folder / file.name).exists():
            shutil.copy2(file, folder)
    clock = FixedClock(dt.datetime(2016, 3, 1, 9, 30, tzinfo=dt.UTC))
    users = UsersFile(folder / "users.json")
    given = RuntimeSettings(
        users_file=users.path,
        keys_file=folder / "keys.json",
        token_key_file=folder / "token-key.json",
        **settings,
    )
    contexts = [build_context(m, given, url=NOWHERE, clock=clock) for m in (IDENTITY, CLAIMS)]
    app = root_app(contexts, sign_in=sign_in_pages(given, clock))
    key = TokenSigner.from_file(folder / "token-key.json", clock=clock)
    return Host(app, users, clock, key, users.initial_passwords())


@pytest.fixture
def host(tmp_path: Path, first_start: Path) -> Host:
    return make_host(tmp_path, first_start)


@pytest.fixture
async def browser(host: Host) -> AsyncIterator[Browser]:
    made = host.browser()
    yield made
    await made.http.aclose()
