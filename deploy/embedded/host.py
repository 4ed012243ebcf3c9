"""The one-machine host: every service in one process, PostgreSQL beside it, one port.

``make run`` ends here. A kill -9 loses nothing committed: PostgreSQL recovers, unpublished events
are published again, handled ones are skipped.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import uvicorn
from starlette.types import ASGIApp

from deploy.embedded.databases import Databases
from services.claims.module import MODULE as CLAIMS
from services.contracts.module import MODULE as CONTRACTS
from services.identity.module import MODULE as IDENTITY
from services.reporting.module import MODULE as REPORTING
from shared.clock import Clock, SystemClock
from shared.db.migrate import upgrade
from shared.messaging.bus import Bus
from shared.runtime.asgi import root_app
from shared.runtime.build import build_context, make_bus, sign_in_pages, token_endpoint
from shared.runtime.context import ServiceContext, ServiceModule
from shared.runtime.memory import settle
from shared.runtime.peer_auth import ClientCredentials
from shared.runtime.peers import Peers
from shared.runtime.settings import RuntimeSettings
from shared.runtime.worker import Worker
from shared.security.clients import ClientsFile
from shared.security.crypto import Vault
from shared.security.tokens import TokenSigner
from shared.security.users import UsersFile

MODULES: tuple[ServiceModule, ...] = (IDENTITY, CLAIMS, CONTRACTS, REPORTING)
GRACE_S = 3
_INTERNAL_BASE = "http://yizhan.internal"

Say = Callable[[str], None]


@dataclass
class EmbeddedHost:
    """Everything that runs, while it runs."""

    app: ASGIApp
    contexts: dict[str, ServiceContext]
    workers: tuple[Worker, ...]
    settings: RuntimeSettings


def prepare_files(
    data_dir: Path, settings: RuntimeSettings, region_code: str, clock: Clock
) -> RuntimeSettings:
    """Make keys, API clients and users on the first start; gives settings that name them."""
    keys = settings.keys_file or data_dir / "keys.json"
    clients = settings.clients_file or data_dir / "clients.json"
    users = settings.users_file or data_dir / "users.json"
    token_key = settings.token_key_file or data_dir / "token_key.json"
    if not keys.exists():
        Vault.generate(keys)
    if not token_key.exists():
        TokenSigner.generate(token_key, clock=clock)
    ClientsFile.ensure(clients, region_code)
    # On one machine the drawn passwords serve like the API clients' secrets; real work begins
    # with one's own.
    UsersFile.ensure(users, region_code, must_change=settings.production)
    return settings.model_copy(
        update={
            "keys_file": keys,
            "clients_file": clients,
            "users_file": users,
            "token_key_file": token_key,
        }
    )


def migrate_all(databases: Databases, say: Say) -> None:
    """Bring each service's database to the newest version."""
    for module in MODULES:
        say(f"preparing the database of {module.name}")
        upgrade(module.name, module.migrations, databases.url(module.name))


@asynccontextmanager
async def embedded(
    settings: RuntimeSettings,
    databases: Databases,
    *,
    clock: Clock | None = None,
    modules: Sequence[ServiceModule] = MODULES,
) -> AsyncIterator[EmbeddedHost]:
    """Build and start everything but the HTTP port; the application is ready to be served."""
    async with AsyncExitStack() as stack:
        contexts = {
            module.name: build_context(
                module, settings, url=databases.url(module.name), clock=clock or SystemClock()
            )
            for module in modules
        }
        for context in contexts.values():
            stack.push_async_callback(context.db.close)
        bus: Bus = make_bus(settings, modules)
        await bus.start()
        stack.push_async_callback(bus.stop)
        workers = tuple(Worker(context, bus) for context in contexts.values())
        app = root_app(
            tuple(contexts.values()),
            token_router=token_endpoint(settings, clock or SystemClock()),
            sign_in=sign_in_pages(settings, clock or SystemClock()),
            checks={worker.context.name: worker.checks() for worker in workers},
        )
        peers = _internal_peers(app, settings, stack)
        for context in contexts.values():
            context.peers = peers
        for worker in workers:
            await stack.enter_async_context(worker.running())
        yield EmbeddedHost(app, contexts, workers, settings)


def _internal_peers(app: ASGIApp, settings: RuntimeSettings, stack: AsyncExitStack) -> Peers:
    """Calls between services stay in the process, but pass the same doors as any client's."""

    def client(auth: httpx.Auth | None) -> httpx.AsyncClient:
        made = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app), base_url=_INTERNAL_BASE, auth=auth, timeout=60
        )
        stack.push_async_callback(made.aclose)
        return made

    clients_file = settings.clients_file
    secret = ClientsFile(clients_file).secret_of("operator") if clients_file else None
    if secret is None:
        raise ValueError("the embedded host needs the client 'operator' with its secret in clear")
    auth = ClientCredentials(client(None), "operator", secret)
    return Peers({module.name: client(auth) for module in MODULES})


class _Server(uvicorn.Server):
    """Says when the port is open."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._on_ready()


async def serve_until_stopped(
    host: EmbeddedHost,
    *,
    on_ready: Callable[[], None],
    beside: Callable[[], Coroutine[None, None, None]] | None = None,
) -> None:
    """Serve the port until Ctrl-C or SIGTERM.

    Args:
        on_ready: called once when the port accepts connections.
        beside: work to do while serving (the demo's loading); cancelled at the end.
    """
    config = uvicorn.Config(
        host.app,
        host=host.settings.host,
        port=host.settings.port,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=GRACE_S,
        server_header=False,
        proxy_headers=bool(host.settings.proxies),
        forwarded_allow_ips=host.settings.proxies or None,
    )
    extra: list[asyncio.Task[None]] = []

    def ready() -> None:
        on_ready()
        if beside is not None:
            extra.append(asyncio.get_running_loop().create_task(beside()))

    settle()
    try:
        await _Server(config, ready).serve()
    finally:
        for task in extra:
            task.cancel()
        await asyncio.gather(*extra, return_exceptions=True)
