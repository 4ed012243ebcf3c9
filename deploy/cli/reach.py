"""What a command reaches: the services' databases, and the running server."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import httpx
import typer
from asyncpg.exceptions import (
    InvalidAuthorizationSpecificationError,
    InvalidCatalogNameError,
    InvalidPasswordError,
)
from sqlalchemy.exc import DBAPIError

from deploy.cli.console import clients_file_of, console, data_dir_of, end
from deploy.embedded.databases import (
    Databases,
    databases,
    given_by_environment,
    has_database,
    of_running_server,
)
from deploy.embedded.errors import DatabaseMissing, DataDirInUse, PostgresDidNotStart
from shared.db.session import Database, WriteSession
from shared.runtime.build import SettingMissing
from shared.runtime.database import DatabaseUnknown, database_settings
from shared.runtime.settings import SERVICES, RuntimeSettings
from shared.security.clients import ClientsFile

T = TypeVar("T")

_NOT_MIGRATED = frozenset({"42P01", "42703"})  # a table, a column that is not there


@contextmanager
def faults_told() -> Iterator[None]:
    """What an operator can mend at database or settings is told in a sentence; it ends with 1."""
    try:
        yield
    except (DatabaseUnknown, DatabaseMissing, PostgresDidNotStart, SettingMissing) as fault:
        end(str(fault))
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) not in _NOT_MIGRATED:
            raise
        end(
            "The database lacks tables of this version: start the product once (yizhan run), or "
            "bring each service's database up to date (yizhan migrate <service>)."
        )
    except (ConnectionError, socket.gaierror) as error:
        end(
            f"The database does not answer ({error}): start it, or correct the address in "
            "<SERVICE>_DATABASE_URL."
        )
    except (
        InvalidPasswordError,
        InvalidAuthorizationSpecificationError,
        InvalidCatalogNameError,
    ) as error:
        end(f"The database refuses: {error}. Correct <SERVICE>_DATABASE_URL and its password.")


@contextmanager
def reach_databases() -> Iterator[Databases]:
    """Every service's database: of the server that runs on the data folder, or started for this.

    None is made: where there is none, the program says so and ends with 1.
    """
    data_dir = data_dir_of(RuntimeSettings())
    with faults_told():
        if given_by_environment() is None and not has_database(data_dir):
            raise DatabaseMissing(data_dir)
        try:
            with databases(data_dir) as found:
                yield found
        except DataDirInUse:
            yield of_running_server(data_dir)


def reached() -> tuple[str, ...]:
    """The services whose databases a command is about: those whose addresses are told, else all.

    A container is told the address of its own.
    """
    return (
        tuple(name for name in SERVICES if f"{name.upper()}_DATABASE_URL" in os.environ) or SERVICES
    )


@contextmanager
def each_database() -> Iterator[dict[str, str]]:
    """The SQLAlchemy URL of each database that is reached; as ``reach_databases`` else."""
    if any(f"{name.upper()}_DATABASE_URL" in os.environ for name in SERVICES):
        with faults_told():
            yield {name: database_settings(name)[0] for name in reached()}
        return
    with reach_databases() as found:
        yield {name: found.url(name) for name in SERVICES}


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
            with faults_told():
                return asyncio.run(body(database_settings(service)[0]))
        with reach_databases() as databases:
            return asyncio.run(body(databases.url(service)))
    except told as error:
        console.print(str(error))
        raise typer.Exit(1) from None


@contextmanager
def as_operator(base_url: str | None, *, timeout_s: float) -> Iterator[httpx.Client]:
    """A client of the running server with the operator's rights.

    Where no server answers, or it refuses, the program says so and ends with 1.
    """
    settings = RuntimeSettings()
    address = base_url or f"http://{settings.host}:{settings.port}"
    try:
        secret = ClientsFile(clients_file_of(settings)).secret_of("operator") or ""
    except FileNotFoundError as missing:
        end(f"There is no clients file at {missing.filename}: start once with `yizhan run`.")
    grant = {"grant_type": "client_credentials", "client_id": "operator", "client_secret": secret}
    try:
        with httpx.Client(base_url=address, timeout=timeout_s) as http:
            token = http.post("/oauth/token", data=grant).raise_for_status().json()["access_token"]
            http.headers["Authorization"] = f"Bearer {token}"
            yield http
    except httpx.TransportError as error:
        end(
            f"No answer from {address} ({error}): start the server (yizhan run), or name its "
            "address with --base-url."
        )
    except httpx.HTTPStatusError as refused:
        end(
            f"{refused.request.url} answered {refused.response.status_code}: {refused.response.text}"
        )
