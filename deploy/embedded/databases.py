"""Where each service's database is: given by the environment, or in the embedded server."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.embedded.postgres import EmbeddedPostgres
from shared.runtime.database import database_settings

SERVICES = ("identity", "claims", "contracts", "reporting")


def default_data_dir() -> Path:
    """A folder per user; root's is a system folder, since his home is closed to PostgreSQL."""
    if os.geteuid() == 0:
        return Path("/var/lib/yizhan/data")
    base = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(base) / "yizhan"


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


@contextmanager
def databases(data_dir: Path, say: object = None) -> Iterator[Databases]:
    """The environment's databases, else the embedded server's, started for as long as needed.

    Call it from the main thread: the server goes down when the thread that started it ends.
    """
    given = given_by_environment()
    if given is not None:
        yield given
        return
    server = EmbeddedPostgres(data_dir, progress=say)  # type: ignore[arg-type]
    with server:
        yield Databases(
            {name: server.ensure_database(f"yizhan_{name}") for name in SERVICES}, server
        )
