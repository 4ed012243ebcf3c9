"""Where each service's database is: given by the environment, or in the embedded server."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from deploy.embedded import layout
from deploy.embedded.postgres import EmbeddedPostgres
from shared.runtime.database import database_settings
from shared.runtime.settings import SERVICES

_RECORD = "postgres.json"


@dataclass(frozen=True)
class Databases:
    """An SQLAlchemy URL per service."""

    urls: dict[str, str]
    server: EmbeddedPostgres | None = None

    def url(self, service: str) -> str:
        return self.urls[service]


def given_by_environment() -> Databases | None:
    """The databases that ``IDENTITY_DATABASE_URL`` and its kin name; None if not all are set."""
    if not all(os.environ.get(f"{name.upper()}_DATABASE_URL") for name in SERVICES):
        return None
    return Databases({name: database_settings(name)[0] for name in SERVICES})


def has_database(data_dir: Path) -> bool:
    """Whether an embedded server was ever started on this folder."""
    return (data_dir / _RECORD).is_file()


def of_running_server(data_dir: Path) -> Databases:
    """The databases of the server that another process runs on this data folder."""
    record = layout.read_record(data_dir / _RECORD)
    host, port = quote(record["socket_dir"], safe="/"), record["port"]
    return Databases(
        {
            name: f"postgresql+asyncpg://{database}:{record['passwords'][database]}"
            f"@/{database}?host={host}&port={port}"
            for name in SERVICES
            if (database := f"yizhan_{name}")
        }
    )


@contextmanager
def databases(data_dir: Path, say: Callable[[str], None] | None = None) -> Iterator[Databases]:
    """The environment's databases, else the embedded server's, started for as long as needed."""
    given = given_by_environment()
    if given is not None:
        yield given
        return
    server = EmbeddedPostgres(data_dir, progress=say)
    with server:
        yield Databases(
            {name: server.ensure_database(f"yizhan_{name}") for name in SERVICES}, server
        )
