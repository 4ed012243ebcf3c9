"""The product on the suite's shared PostgreSQL: no server of its own to start, so it is up fast."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from services.claims.module import MODULE as CLAIMS
from services.contracts.module import MODULE as CONTRACTS
from services.identity.module import MODULE as IDENTITY
from services.reporting.module import MODULE as REPORTING
from shared.db.migrate import upgrade
from shared.runtime.module import ServiceModule
from tests.support.postgres import database, template_database
from tests.support.process import Yizhan

MODULES: tuple[ServiceModule, ...] = (IDENTITY, CLAIMS, CONTRACTS, REPORTING)


def migrated(module: ServiceModule) -> str:
    """The name of a template database with the service's newest schema."""
    return template_database(
        f"migrated_{module.name}", lambda url: upgrade(module.name, module.migrations, url)
    )


@contextmanager
def service_databases() -> Iterator[dict[str, str]]:
    """A fresh, migrated database per service: ``{service: SQLAlchemy URL}``."""
    with ExitStack() as stack:
        yield {module.name: stack.enter_context(database(migrated(module))) for module in MODULES}


@contextmanager
def product(data_dir: Path, environment: dict[str, str] | None = None) -> Iterator[Yizhan]:
    """A process that is not started yet, with databases of its own; killed at the end."""
    with service_databases() as urls:
        running = Yizhan(
            data_dir,
            {
                **{f"{name.upper()}_DATABASE_URL": url for name, url in urls.items()},
                **(environment or {}),
            },
        )
        try:
            yield running
        finally:
            if running.process is not None:
                running.kill()
