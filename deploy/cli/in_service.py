"""Work with one service's whole context from the command line: its database, keys, clock, region."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import typer

from deploy.cli.console import console, data_dir_of
from deploy.cli.reach import faults_told, reach_databases
from shared.clock import SystemClock
from shared.http.problem import Problem
from shared.observability.logging import configure as configure_logging
from shared.runtime.build import build_context, region_of
from shared.runtime.context import ServiceContext, ServiceModule
from shared.runtime.database import database_settings
from shared.runtime.settings import RuntimeSettings
from shared.security.principal import Principal
from shared.security.scopes import SCOPES

OPERATOR = "cli:operator"
T = TypeVar("T")


@contextmanager
def refusals_told() -> Iterator[None]:
    """What a service refuses is told in its words, English and Chinese; the program ends with 1."""
    try:
        yield
    except Problem as refused:
        faults = [(fault.message, fault.message_zh) for fault in refused.errors]
        for words in faults or [(refused.detail, refused.title_zh)]:
            console.print("\n".join(words), soft_wrap=True, markup=False)
        raise typer.Exit(1) from None


def in_service(
    module: ServiceModule, work: Callable[[ServiceContext, Principal], Awaitable[T]]
) -> T:
    """Do some work with a service's database, of the cluster form or of the embedded one.

    Settings that are incomplete, a database that does not answer, and what the service refuses are
    told; it ends with 1.
    """
    settings = RuntimeSettings()
    # The command has the screen to itself; what is wrong is still told.
    configure_logging(json=settings.log_json, level="warning", stream=sys.stderr)
    region = region_of(settings).region_code
    caller = Principal(OPERATOR, f"region:{region}", frozenset(SCOPES))

    async def within(url: str, told: RuntimeSettings) -> T:
        context = build_context(module, told, url=url, clock=SystemClock(), pool_size=2)
        try:
            return await work(context, caller)
        finally:
            await context.db.close()

    if f"{module.name.upper()}_DATABASE_URL" in os.environ:
        with faults_told(), refusals_told():
            return asyncio.run(within(database_settings(module.name)[0], settings))
    from deploy.embedded.host import prepare_files  # reads every service; a container has one

    with reach_databases() as databases, refusals_told():
        files = prepare_files(data_dir_of(settings), settings, region, SystemClock())
        return asyncio.run(within(databases.url(module.name), files))
