"""``python -m services.<name> {serve,relay,consume,worker,migrate,openapi}``: one service alone."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import sys
from contextlib import AsyncExitStack

import uvicorn

from shared.clock import SystemClock
from shared.db.migrate import upgrade
from shared.messaging.kafka import KafkaOptions, KafkaSettingsRefused, answers
from shared.observability.logging import configure as configure_logging
from shared.runtime.asgi import openapi_of, root_app
from shared.runtime.build import (
    build_context,
    connect_peers,
    make_bus,
    sign_in_pages,
    token_endpoint,
)
from shared.runtime.context import ServiceContext, ServiceModule
from shared.runtime.database import database_settings
from shared.runtime.loop import run as run_loop
from shared.runtime.memory import settle
from shared.runtime.probe import WORKER_PORT
from shared.runtime.settings import RuntimeSettings
from shared.runtime.tasks import alongside
from shared.runtime.watchdog import watch
from shared.runtime.worker import Worker, worker_app
from shared.web.navigation import Navigation, learn_screens

GRACE_S = 10


def main(module: ServiceModule, argv: list[str] | None = None) -> int:
    """Run one service; the compose form starts its containers with this.

    Ends with 78 (EX_CONFIG) and one sentence when settings do not go together.
    """
    parser = argparse.ArgumentParser(prog=f"python -m services.{module.name}")
    parser.add_argument(
        "command",
        choices=["serve", "relay", "consume", "worker", "migrate", "openapi"],
        help="serve HTTP; relay the outbox; consume events; worker does both; migrate the database",
    )
    command = parser.parse_args(argv).command
    settings = RuntimeSettings()
    configure_logging(json=settings.log_json, level=settings.log_level)
    if command == "migrate":
        url, _ = database_settings(module.name)
        upgrade(module.name, module.migrations, url)
        logging.getLogger("yizhan").info("migrated")
        return 0
    if command == "openapi":
        print(json.dumps(openapi_of(module), ensure_ascii=False, indent=2))  # noqa: T201
        return 0
    if command == "serve":
        run_loop(serve(module, settings))
        return 0
    try:
        run_loop(
            work(
                module,
                settings,
                relay=command in ("relay", "worker"),
                consume=command in ("consume", "worker"),
            )
        )
    except KafkaSettingsRefused as refusal:
        print(refusal, file=sys.stderr)  # noqa: T201
        return os.EX_CONFIG
    return 0


async def serve(module: ServiceModule, settings: RuntimeSettings) -> None:
    """Serve one service's HTTP until told to stop."""
    url, pool_size = database_settings(module.name)
    context = build_context(module, settings, url=url, clock=SystemClock(), pool_size=pool_size)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(context.db.close)
        await connect_peers(context, stack)
        navigation = Navigation()
        app = root_app(
            [context],
            token_router=token_endpoint(settings, context.clock),
            sign_in=sign_in_pages(settings, context.clock),
            navigation=navigation,
        )
        await stack.enter_async_context(alongside(_learn_screens(context, navigation)))
        await _run_server(app, settings.host, settings.port, proxies=settings.proxies)


async def _learn_screens(context: ServiceContext, navigation: Navigation) -> None:
    others = [name for name in context.peers.known() if name != context.name]
    await learn_screens(navigation, {name: context.peers.client(name) for name in others})


async def work(
    module: ServiceModule, settings: RuntimeSettings, *, relay: bool, consume: bool
) -> None:
    """Run the service's background work, with its own small readiness address."""
    url, pool_size = database_settings(module.name)
    context = build_context(module, settings, url=url, clock=SystemClock(), pool_size=pool_size)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(context.db.close)
        await connect_peers(context, stack)
        bus = make_bus(settings, [module])
        await bus.start()
        stack.push_async_callback(bus.stop)
        worker = Worker(context, bus, relay=relay, consume=consume)
        await stack.enter_async_context(worker.running())
        if worker.consumer is not None and settings.bus == "kafka":
            options = KafkaOptions.from_settings(settings)
            watching = asyncio.create_task(
                watch(worker.consumer.progress, lambda: answers(options))
            )
            # Not waited for: it may be in a call of aiokafka that does not end when cancelled.
            stack.callback(watching.cancel)
        await _run_server(worker_app(worker), settings.host, WORKER_PORT)


async def _run_server(app: object, host: str, port: int, *, proxies: str = "") -> None:
    config = uvicorn.Config(
        app,  # type: ignore[arg-type]
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=GRACE_S,
        server_header=False,
        proxy_headers=bool(proxies),
        forwarded_allow_ips=proxies or None,
    )
    settle()
    await uvicorn.Server(config).serve()
