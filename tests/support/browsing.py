"""A person before identity's screens, without a browser: pages, forms, what stands on them."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any

import httpx

from tests.support.service import COUNTY, Running
from tests.support.signin import Person, person

_TAGS = re.compile(r"<[^>]+>")
_HIDDEN = re.compile(r"<(script|style|datalist)\b.*?</\1>", re.DOTALL)


@dataclass
class Screen:
    """One signed-in person's browser."""

    http: httpx.AsyncClient
    who: Person

    async def get(self, path: str, **query: Any) -> httpx.Response:
        return await self.http.get(path, params=query or None, headers=self.who.cookie)

    async def post(
        self, path: str, fields: dict[str, str] | None = None, *, token: bool = True, **more: Any
    ) -> httpx.Response:
        """Send a form, with the session's token as every form of ours has it."""
        data = dict(fields or {}) | ({"csrf_token": self.who.csrf_token} if token else {})
        return await self.http.post(path, data=data, headers=self.who.cookie, **more)

    async def follow(self, answer: httpx.Response) -> httpx.Response:
        assert answer.status_code == 303, (answer.status_code, words(answer)[:400])
        return await self.http.get(answer.headers["location"], headers=self.who.cookie)


@asynccontextmanager
async def screen(
    running: Running,
    folder: Path,
    *scopes: str,
    name: str = "tester",
    organisation: str = COUNTY,
) -> AsyncIterator[Screen]:
    """Somebody with these scopes, signed in."""
    who = person(running, folder, scopes=scopes, name=name, organisation=organisation)
    async with running.client() as client:
        client.headers.pop("authorization")
        yield Screen(client, who)


def words(answer: httpx.Response) -> str:
    """What a page says, without its markup."""
    return " ".join(unescape(_TAGS.sub(" ", _HIDDEN.sub(" ", answer.text))).split())


def assert_private(answer: httpx.Response, *secrets: str) -> None:
    """Nothing is kept by a browser, and no secret stands in an address."""
    assert answer.headers["cache-control"] == "no-store"
    addresses = [str(answer.url), answer.headers.get("location", "")]
    addresses += re.findall(r'(?:href|action|src)="([^"]*)"', answer.text)
    for secret in secrets:
        assert not any(secret in unescape(address) for address in addresses)


def values(answer: httpx.Response, name: str) -> Sequence[str]:
    """The values of the page's fields of that name."""
    return re.findall(rf'name="{re.escape(name)}" value="([^"]*)"', answer.text)
