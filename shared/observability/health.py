"""Alive and ready. Ready means progress: database, migrations, and the bus moving on."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog
from fastapi import APIRouter
from sqlalchemy import text
from starlette.responses import JSONResponse, Response

from shared.db import migrate
from shared.observability.metrics import MEDIA_TYPE, METRICS, observe_database, observe_pool

if TYPE_CHECKING:
    from shared.db.session import Database
    from shared.runtime.context import ServiceContext

log = structlog.get_logger(__name__)

CHECK_TIMEOUT_S = 3.0
READY = 200


@dataclass(frozen=True)
class CheckResult:
    """What a check found: numbers and states, never a connection string or a person."""

    ok: bool
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Check:
    """A named question that must be answered with yes within three seconds."""

    name: str
    ask: Callable[[], Awaitable[CheckResult]]


def alive() -> dict[str, Any]:
    """The process answers; says nothing about its surroundings."""
    return {"status": "alive"}


async def ready(checks: Sequence[Check]) -> tuple[int, dict[str, Any]]:
    """Run every check at once; the HTTP status (200 or 503) and the JSON answer."""
    results = await asyncio.gather(*(_answer(check) for check in checks))
    answers = {
        check.name: {"ok": result.ok, **result.facts}
        for check, result in zip(checks, results, strict=True)
    }
    sound = all(result.ok for result in results)
    return (READY if sound else 503), {
        "status": "ready" if sound else "not_ready",
        "checks": answers,
    }


async def observe_worker(service: str, checks: Sequence[Check]) -> None:
    """Set the gauge of a worker's readiness to what its readiness address would say now."""
    status, _ = await ready(checks)
    METRICS.worker_ready.labels(service).set(int(status == READY))


async def metrics_response(db: Database, worker_checks: Sequence[Check] = ()) -> Response:
    """Everything that this process tells, read from its surroundings where they answer in time.

    Args:
        worker_checks: those of the worker that runs in this process, if one does.
    """
    worker = observe_worker(db.service, worker_checks) if worker_checks else _nothing()
    await asyncio.gather(_observe(db), worker)
    return Response(METRICS.render(), headers={"Content-Type": MEDIA_TYPE})


async def _observe(db: Database) -> None:
    try:
        async with asyncio.timeout(CHECK_TIMEOUT_S):
            await observe_database(db)
    except Exception as error:  # noqa: BLE001 - the other metrics must still be seen
        observe_pool(db)
        log.warning("metrics_without_database", error_type=type(error).__name__)


async def _nothing() -> None:
    """There is no worker in this process."""


def database_check(db: Database) -> Check:
    """The database answers a query."""

    async def ask() -> CheckResult:
        async with db.reading() as session:
            await session.execute(text("SELECT 1"))
        return CheckResult(ok=True)

    return Check("database", ask)


def migrations_check(db: Database, migrations_path: Path) -> Check:
    """The database has the newest migration of this code."""
    wanted = migrate.head(migrations_path)

    async def ask() -> CheckResult:
        async with db.reading() as session:
            found = await migrate.current(session)
        return CheckResult(ok=found == wanted, facts={"current": found, "head": wanted})

    return Check("migrations", ask)


def health_router(context: ServiceContext, checks: Sequence[Check] = ()) -> APIRouter:
    """``/healthz``, ``/readyz`` and ``/metrics`` of a service.

    ``checks`` come on top of its own: those of its worker, where that runs in the same process.

    The head of the migrations is read once, here: start anew after an upgrade.
    """
    router = APIRouter()
    every_check = (
        database_check(context.db),
        migrations_check(context.db, context.module.migrations),
        *checks,
    )

    @router.get("/healthz")
    async def healthz() -> dict[str, Any]:
        return alive()

    @router.get("/readyz")
    async def readyz() -> JSONResponse:
        status, answer = await ready(every_check)
        return JSONResponse(answer, status_code=status)

    @router.get("/metrics")
    async def metrics() -> Response:
        worker_checks = (database_check(context.db), *checks) if checks else ()
        return await metrics_response(context.db, worker_checks)

    return router


async def _answer(check: Check) -> CheckResult:
    try:
        async with asyncio.timeout(CHECK_TIMEOUT_S):
            return await check.ask()
    except Exception as error:  # noqa: BLE001 - any failure means not ready, and is told
        log.warning("health_check_failed", check=check.name, error_type=type(error).__name__)
        return CheckResult(ok=False, facts={"error": type(error).__name__})
