"""The product on the suite's shared PostgreSQL: no server of its own to start, so it is up fast."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from services.claims.module import MODULE as CLAIMS
from services.contracts.module import MODULE as CONTRACTS
from services.identity.module import MODULE as IDENTITY
from services.reporting.module import MODULE as REPORTING
from shared.runtime.context import ServiceModule
from tests.support.postgres import database
from tests.support.process import Yizhan
from tests.support.service import migrated

MODULES: tuple[ServiceModule, ...] = (IDENTITY, CLAIMS, CONTRACTS, REPORTING)


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
            preloaded=True,
        )
        try:
            yield running
        finally:
            if running.process is not None:
                running.kill()
