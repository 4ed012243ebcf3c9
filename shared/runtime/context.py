"""A service, for its host: its manifest, and what it holds while it runs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, Request
from sqlalchemy import MetaData

from shared.clock import Clock
from shared.db.session import Database, WriteSession
from shared.events.base import Envelope, Event
from shared.http.limits import BodyLimit
from shared.policy.region import RegionPack
from shared.runtime.settings import RuntimeSettings
from shared.security.crypto import Vault
from shared.security.sessions import People
from shared.security.tokens import TokenVerifier
from shared.web.navigation import ScreenLink

if TYPE_CHECKING:
    from shared.runtime.peers import Peers


Handler = Callable[[Envelope[Any], WriteSession, "ServiceContext"], Awaitable[None]]
"""Handles one event inside the transaction that also marks it handled. Never commits."""

Seal = Callable[[WriteSession], Awaitable[int]]
"""Seals committed rows into a chain of the service's own; gives how many. Never commits."""

Watch = Callable[["ServiceContext"], Awaitable[None]]
"""Looks at the service's own data; sets gauges by it, or tells what it found."""

Job = Callable[["ServiceContext"], Awaitable[None]]
"""Long work of the service's own, run for as long as its worker runs; waits for itself."""


@dataclass(frozen=True)
class Subscription:
    """One event type that a service reads, and why."""

    event: type[Event]
    handler: Handler
    why: str


@dataclass(frozen=True, eq=False)
class ServiceModule:
    """What a service owns and offers, read by the standalone host and by the embedded one.

    Equal only to itself: a host holds one of each service.
    """

    name: str
    """Also the path it is mounted under, its consumer group and its database's suffix."""
    title: str
    title_zh: str
    metadata: MetaData
    migrations: Path
    """Alembic folder (``versions`` inside); the service has its own history."""
    routers: tuple[APIRouter, ...]
    """Mounted under ``/<name>/v1``."""
    upload_limits: Callable[[], Mapping[str, BodyLimit]] = dict
    """Its addresses, without its name, whose uploads have a limit of their own."""
    pages: tuple[APIRouter, ...] = ()
    """Screens, mounted under ``/<name>``."""
    root_pages: tuple[APIRouter, ...] = ()
    """Screens at the host's root (only reporting: the county's dashboard at ``/``)."""
    screens: tuple[ScreenLink, ...] = ()
    """Its entries in the menu of every page; each path is one of its own pages."""
    subscriptions: tuple[Subscription, ...] = ()
    publishes: tuple[type[Event], ...] = ()
    seals: tuple[Seal, ...] = ()
    """Run again and again by the service's worker, as the audit log's is."""
    watches: tuple[Watch, ...] = ()
    """Run every few minutes by the service's worker."""
    jobs: tuple[Job, ...] = ()
    """Run by the service's worker, beside the events."""
    lifespan: Callable[[ServiceContext], AbstractAsyncContextManager[None]] | None = None
    """Entered by the host for a serving process, after the database is reachable."""


@dataclass
class ServiceContext:
    """One service, running: its database, keys, clock, region, and the way to its peers."""

    module: ServiceModule
    settings: RuntimeSettings
    db: Database
    vault: Vault
    clock: Clock
    tokens: TokenVerifier
    region: RegionPack
    peers: Peers
    people: People | None = None
    """Who may sign in; None where the host was told of no users file."""
    state: dict[str, Any] = field(default_factory=dict)
    """Singletons of the service itself (a broadcaster, a cache), made in its ``lifespan``."""

    @property
    def name(self) -> str:
        return self.module.name


async def _context(request: Request) -> ServiceContext:
    # "async" although it awaits nothing: FastAPI runs a plain function in a thread, which costs
    # more than all the rest of a small request.
    context: ServiceContext = request.app.state.context
    return context


Context = Annotated[ServiceContext, Depends(_context)]
"""Endpoint parameter: the service's context."""
