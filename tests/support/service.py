"""A service of ours, running for a test: its database, keys and clock; events as it gets them."""

import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import text
from starlette.types import ASGIApp

from shared.clock import FixedClock
from shared.db.migrate import upgrade
from shared.db.session import Database
from shared.events.base import Envelope, Event
from shared.ids import new_id
from shared.policy.region import load_region
from shared.runtime.asgi import root_app
from shared.runtime.context import ServiceContext, ServiceModule
from shared.runtime.peers import Peers
from shared.runtime.settings import RuntimeSettings
from shared.security.crypto import Vault
from shared.security.scopes import SCOPES
from shared.security.tokens import TokenSigner
from tests.support.postgres import database, template_database

REGION = "511113"
COUNTY = f"region:{REGION}"


@dataclass
class Running:
    """One service and the means to use it."""

    context: ServiceContext
    signer: TokenSigner
    clock: FixedClock

    @cached_property
    def app(self) -> ASGIApp:
        """The service's root application; every client speaks to the same one."""
        return root_app([self.context])

    def bearer(
        self, organisation: str = COUNTY, scopes: Sequence[str] = tuple(SCOPES)
    ) -> dict[str, str]:
        token = self.signer.sign(client_id="tester", organisation=organisation, scopes=scopes)
        return {"authorization": f"Bearer {token}"}

    @asynccontextmanager
    async def client(
        self, organisation: str = COUNTY, **options: Any
    ) -> AsyncIterator[httpx.AsyncClient]:
        """A client of the service's root application, signed in."""
        transport = httpx.ASGITransport(app=self.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(
            transport=transport,
            base_url="http://test",
            headers=self.bearer(organisation, **options),
        ) as client:
            yield client

    async def deliver(self, *events: Envelope[Any], marked: bool = True) -> None:
        """Hand events to the service's handlers as the consumer loop does, one transaction each."""
        handlers = {s.event.type_name(): s.handler for s in self.context.module.subscriptions}
        for event in events:
            async with self.context.db.writing() as session:
                if marked:
                    done = await session.execute(
                        text(
                            "INSERT INTO inbox (consumer_group, event_id) VALUES (:g, :e) "
                            "ON CONFLICT DO NOTHING RETURNING event_id"
                        ),
                        {"g": self.context.name, "e": event.id},
                    )
                    if done.first() is None:
                        continue
                await handlers[event.type](event, session, self.context)

    async def deliver_together(self, *events: Envelope[Any]) -> None:
        """Events in one transaction, for tests that only need their effect."""
        handlers = {s.event.type_name(): s.handler for s in self.context.module.subscriptions}
        async with self.context.db.writing() as session:
            for event in events:
                await session.execute(
                    text("INSERT INTO inbox (consumer_group, event_id) VALUES (:g, :e)"),
                    {"g": self.context.name, "e": event.id},
                )
                await handlers[event.type](event, session, self.context)

    async def rows(self, query: str, **values: Any) -> list[dict[str, Any]]:
        async with self.context.db.reading() as session:
            found = await session.execute(text(query), values)
            return [dict(row) for row in found.mappings()]

    async def published(self) -> list[dict[str, Any]]:
        """The outbox: what the service has told, in order."""
        return await self.rows("SELECT type, payload, aggregate_version FROM outbox ORDER BY seq")


def migrated(module: ServiceModule) -> str:
    """The name of a template database with the service's newest schema."""
    return template_database(
        f"migrated_{module.name}", lambda url: upgrade(module.name, module.migrations, url)
    )


@asynccontextmanager
async def running(
    module: ServiceModule,
    folder: Path,
    clock: FixedClock,
    *,
    template: str | None = None,
    **settings: Any,
) -> AsyncIterator[Running]:
    """The service on a fresh, migrated database, or on a copy of a template."""
    with database(template or migrated(module)) as url:
        async with running_on(url, module, folder, clock, **settings) as service:
            yield service


@asynccontextmanager
async def running_on(
    url: str, module: ServiceModule, folder: Path, clock: FixedClock, **settings: Any
) -> AsyncIterator[Running]:
    """The service on this database."""
    signer = TokenSigner.generate(folder / f"{module.name}-token.json", clock=clock)
    context = ServiceContext(
        module=module,
        settings=RuntimeSettings(**settings),
        db=Database(url, service=module.name),
        vault=Vault.generate(folder / f"{module.name}-keys.json"),
        clock=clock,
        tokens=signer.verifier(),
        region=load_region("jinkouhe-2016"),
        peers=Peers({}),
    )
    try:
        yield Running(context, signer, clock)
    finally:
        await context.db.close()


def envelope(
    data: Event, *, sequence: int = 1, at: datetime, event_id: UUID | None = None
) -> Envelope[Any]:
    """An event as the consumer loop hands it over."""
    return Envelope(
        id=event_id or new_id(),
        type=data.type_name(),
        source=f"/yizhan/{REGION}/{data.producer}",
        time=at,
        subject=data.key,
        key=data.key,
        sequence=sequence,
        data=data,
    )


def shuffled(events: Sequence[Envelope[Any]], seed: int, *, times: int = 3) -> list[Envelope[Any]]:
    """Each event several times, order kept within a topic's key and shuffled across them.

    A repeated delivery may come long after later events of the same key, as after a crash.
    """
    choose = random.Random(seed)
    queues: dict[tuple[str, str], list[Envelope[Any]]] = {}
    for event in events:
        queues.setdefault((event.data.topic(), event.key), []).append(event)
    order: list[Envelope[Any]] = []
    for _ in range(times):
        waiting = {key: list(queue) for key, queue in queues.items()}
        while waiting:
            key = choose.choice(list(waiting))
            order.append(waiting[key].pop(0))
            if not waiting[key]:
                del waiting[key]
    return order
