"""Building a service's context and its bus from the settings; both hosts use it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
from fastapi import APIRouter

from shared.clock import Clock
from shared.db.session import Database
from shared.messaging.bus import Bus
from shared.messaging.kafka import KafkaBus
from shared.messaging.memory import MemoryBus
from shared.policy.region import RegionPack, load_region
from shared.runtime.context import ServiceContext, ServiceModule
from shared.runtime.peer_auth import ClientCredentials
from shared.runtime.peers import Peers
from shared.runtime.settings import SERVICES, RuntimeSettings
from shared.security.clients import ClientsFile
from shared.security.crypto import Vault
from shared.security.oauth import oauth_router
from shared.security.sessions import LONGEST, SESSION_AUDIENCE, People, SessionMaker
from shared.security.tokens import AUDIENCE, TokenSigner, TokenVerifier
from shared.security.users import UsersFile
from shared.web.signin.pages import SignInPages

_PEER_TIMEOUT_S = 30


class SettingMissing(RuntimeError):
    """A file that the host needs was not named."""


def region_of(settings: RuntimeSettings) -> RegionPack:
    """The region's pack in force."""
    return load_region(settings.pack, settings.pack_dirs)


def build_context(
    module: ServiceModule,
    settings: RuntimeSettings,
    *,
    url: str,
    clock: Clock,
    pool_size: int = 10,
) -> ServiceContext:
    """Put a service together; opens no connection yet.

    Raises:
        SettingMissing: no key files are named.
    """
    return ServiceContext(
        module=module,
        settings=settings,
        db=Database(url, service=module.name, pool_size=pool_size),
        vault=Vault.from_file(_named(settings.keys_file, "YIZHAN_KEYS_FILE")),
        clock=clock,
        tokens=_verifier(settings, clock),
        region=region_of(settings),
        peers=Peers({}),
        people=_people(settings, clock),
    )


def make_bus(settings: RuntimeSettings, modules: Sequence[ServiceModule]) -> Bus:
    """The transport that the settings name; ``modules`` are those that this process runs."""
    if settings.bus == "memory":
        return MemoryBus.for_modules(modules)
    return KafkaBus.from_settings(settings)


def token_endpoint(settings: RuntimeSettings, clock: Clock) -> APIRouter | None:
    """``/oauth/token`` where this host holds the signing key, else None."""
    if settings.token_key_file is None or settings.clients_file is None:
        return None
    signer = TokenSigner.from_file(settings.token_key_file, clock=clock)
    return oauth_router(ClientsFile(settings.clients_file), signer, clock)


def sign_in_pages(settings: RuntimeSettings, clock: Clock) -> APIRouter | None:
    """``/signin``, ``/signout``, ``/account`` where this host holds the signing key, else None."""
    people = _people(settings, clock)
    if people is None or settings.token_key_file is None:
        return None
    signer = TokenSigner.from_file(
        settings.token_key_file,
        clock=clock,
        audience=SESSION_AUDIENCE,
        lifetime_s=int(LONGEST.total_seconds()),
    )
    return SignInPages(SessionMaker(signer, people), settings, clock).router


async def connect_peers(context: ServiceContext, stack: AsyncExitStack) -> None:
    """Give a standalone service its clients to the services whose addresses it was told."""
    settings = context.settings
    urls: dict[str, str] = {
        name: url for name in SERVICES if (url := getattr(settings, f"{name}_url"))
    }
    auth: httpx.Auth | None = None
    if settings.client_id and settings.client_secret_file and settings.identity_url:
        tokens = httpx.AsyncClient(base_url=settings.identity_url, timeout=_PEER_TIMEOUT_S)
        stack.push_async_callback(tokens.aclose)
        secret = settings.client_secret_file.read_text(encoding="utf-8").strip()
        auth = ClientCredentials(tokens, settings.client_id, secret)
    context.peers = Peers(
        {
            name: httpx.AsyncClient(base_url=url, auth=auth, timeout=_PEER_TIMEOUT_S)
            for name, url in urls.items()
        }
    )
    stack.push_async_callback(context.peers.close)


def _people(settings: RuntimeSettings, clock: Clock) -> People | None:
    if settings.users_file is None:
        return None
    verifier = _verifier(settings, clock, audience=SESSION_AUDIENCE)
    return People(UsersFile(settings.users_file), verifier, clock)


def _verifier(
    settings: RuntimeSettings, clock: Clock, *, audience: str = AUDIENCE
) -> TokenVerifier:
    if settings.token_jwks_file is not None:
        return TokenVerifier.from_file(settings.token_jwks_file, clock=clock, audience=audience)
    key = _named(settings.token_key_file, "YIZHAN_TOKEN_JWKS_FILE")
    return TokenSigner.from_file(key, clock=clock, audience=audience).verifier()


def _named(path: Path | None, variable: str) -> Path:
    if path is None:
        raise SettingMissing(f"set {variable} to the file that holds it")
    return path
