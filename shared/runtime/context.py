"""What a running service holds: built once by its host, handed to endpoints and handlers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Depends, Request

from shared.clock import Clock
from shared.db.session import Database
from shared.policy.region import RegionPack
from shared.runtime.settings import RuntimeSettings
from shared.security.crypto import Vault
from shared.security.sessions import People
from shared.security.tokens import TokenVerifier

if TYPE_CHECKING:
    from shared.runtime.module import ServiceModule
    from shared.runtime.peers import Peers


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
