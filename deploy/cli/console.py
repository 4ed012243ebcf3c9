"""What the command line shares: its console, its settings, its data folder."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import typer
from rich.console import Console

from deploy.embedded.databases import (
    Databases,
    databases,
    default_data_dir,
    of_running_server,
)
from deploy.embedded.errors import DataDirInUse
from shared.db.session import Database, WriteSession
from shared.runtime.build import SERVICES
from shared.runtime.database import database_settings
from shared.runtime.settings import RuntimeSettings

console = Console(highlight=False)

T = TypeVar("T")


def data_dir_of(settings: RuntimeSettings) -> Path:
    """The embedded data folder: ``YIZHAN_DATA_DIR``, else the user's own."""
    return (settings.data_dir or default_data_dir()).expanduser().absolute()


def clients_file_of(settings: RuntimeSettings) -> Path:
    return settings.clients_file or data_dir_of(settings) / "clients.json"


def users_file_of(settings: RuntimeSettings) -> Path:
    return settings.users_file or data_dir_of(settings) / "users.json"


@contextmanager
def reach_databases() -> Iterator[Databases]:
    """Every service's database: of the server that runs on the data folder, or started for this."""
    data_dir = data_dir_of(RuntimeSettings())
    try:
        with databases(data_dir) as found:
            yield found
    except DataDirInUse:
        yield of_running_server(data_dir)


def with_session(
    service: str,
    work: Callable[[WriteSession], Awaitable[T]],
    *,
    told: tuple[type[Exception], ...] = (),
) -> T:
    """Do something in a transaction of a service's database.

    Args:
        told: errors whose text is the answer; the program then ends with 1.
    """
    if service not in SERVICES:
        raise typer.BadParameter(f"write one of {', '.join(SERVICES)}")

    async def body(url: str) -> T:
        database = Database(url, service=service)
        try:
            async with database.writing() as session:
                return await work(session)
        finally:
            await database.close()

    try:
        if f"{service.upper()}_DATABASE_URL" in os.environ:  # one service's is enough here
            return asyncio.run(body(database_settings(service)[0]))
        with reach_databases() as databases:
            return asyncio.run(body(databases.url(service)))
    except told as error:
        console.print(str(error))
        raise typer.Exit(1) from None


def write_private(target: Path, content: bytes) -> None:
    """Write a file that tells of people: for its owner alone, from its first byte."""
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(content)
