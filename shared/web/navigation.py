"""The menu: every screen that some service has, shown to those who may use it.

A service names its screens in its manifest. The one-machine host knows every manifest; a container
knows its own and asks the other services for theirs (:func:`learn_screens`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import httpx
import structlog
from fastapi import APIRouter, Request

log = structlog.get_logger(__name__)

ASK_AGAIN_S = 300.0
ASK_SOON_S = 5.0
_ORDER = ("reporting", "identity", "claims", "contracts")
_MOST_SCREENS = 20


@dataclass(frozen=True)
class ScreenLink:
    """One entry of the menu."""

    path: str
    """Begins with ``/``; as the browser asks for it (``/identity/reviews``)."""
    title_zh: str
    title_en: str
    scope: str | None
    """Who sees it; None: everybody, signed in or not."""


class Navigation:
    """The screens of the services that this host knows of."""

    def __init__(self) -> None:
        self._screens: dict[str, tuple[ScreenLink, ...]] = {}

    def learn(self, service: str, screens: Iterable[ScreenLink]) -> None:
        """Take a service's screens in, in place of those known before."""
        self._screens[service] = tuple(screens)

    def of(self, service: str) -> tuple[ScreenLink, ...]:
        return self._screens.get(service, ())

    def shown_to(self, scopes: frozenset[str]) -> list[ScreenLink]:
        """What someone with these scopes may open, in the menu's order."""
        known = [*_ORDER, *sorted(self._screens.keys() - set(_ORDER))]
        return [
            link
            for service in known
            for link in self.of(service)
            if link.scope is None or link.scope in scopes
        ]

    def home_of(self, scopes: frozenset[str]) -> str:
        """Where a person's work begins: the first screen that not everybody sees, else ``/``."""
        own = (link.path for link in self.shown_to(scopes) if link.scope is not None)
        return next(own, "/")


def navigation_of(request: Request) -> Navigation:
    """The host's menu; an empty one where an application was put together without."""
    found: Navigation | None = getattr(request.app.state, "navigation", None)
    return found if found is not None else Navigation()


def screens_router(service: str) -> APIRouter:
    """``GET /<service>/screens.json``: the service's part of the menu, for the other services."""
    router = APIRouter(include_in_schema=False)

    @router.get("/screens.json")
    async def screens(request: Request) -> dict[str, list[dict[str, Any]]]:
        return {"screens": [asdict(link) for link in navigation_of(request).of(service)]}

    return router


async def learn_screens(
    navigation: Navigation,
    peers: Mapping[str, httpx.AsyncClient],
    *,
    rounds: int | None = None,
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Ask the other services for their screens until cancelled.

    Args:
        navigation: learns them.
        peers: an HTTP client per service.
        rounds: how often at most; None: for ever.
        pause: waits some seconds.
    """
    done = 0
    while rounds is None or done < rounds:
        answers = [await _ask(navigation, name, client) for name, client in peers.items()]
        done += 1
        await pause(ASK_AGAIN_S if all(answers) else ASK_SOON_S)


async def _ask(navigation: Navigation, service: str, client: httpx.AsyncClient) -> bool:
    try:
        answer = await client.get(f"/{service}/screens.json")
        navigation.learn(service, _links(answer.raise_for_status().json()["screens"]))
    except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
        # What was known before stays: a service that restarts keeps its entries.
        log.debug("screens_not_learned", service=service, fault=type(error).__name__)
        return False
    return True


def _links(rows: Sequence[Mapping[str, Any]]) -> tuple[ScreenLink, ...]:
    links = tuple(
        ScreenLink(
            str(row["path"]),
            str(row["title_zh"]),
            str(row["title_en"]),
            None if row["scope"] is None else str(row["scope"]),
        )
        for row in rows[:_MOST_SCREENS]
    )
    if not all(link.path.startswith("/") and not link.path.startswith("//") for link in links):
        raise ValueError("a screen's path begins with one slash")
    return links
