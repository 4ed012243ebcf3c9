"""A service's background work: publish its outbox, handle its events, seal its chains.

In the embedded host one runs per service inside the process; in a cluster in its own container,
with a small readiness address of its own.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial

import structlog
from sqlalchemy.exc import SQLAlchemyError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from shared.http.idempotency import forget_before
from shared.messaging.bus import Bus
from shared.messaging.consumer import EventConsumer, unceasing
from shared.messaging.faults import is_transient
from shared.messaging.relay import Relay
from shared.messaging.upkeep import Upkeep, sweep
from shared.observability.health import (
    Check,
    CheckResult,
    database_check,
    metrics_response,
    ready,
)
from shared.observability.metrics import METRICS, outbox_age_s
from shared.runtime.context import Job, Seal, ServiceContext, Watch
from shared.security import audit

log = structlog.get_logger(__name__)

SEAL_EVERY_S = 1.0
WATCH_EVERY_S = 300.0
AFTER_FAULTS_AT_MOST_S = 300.0
KEEP_IDEMPOTENCY_KEYS = timedelta(days=30)
KEEP_FORM_KEYS = timedelta(days=2)
SWEEP_FIRST_AFTER_S = 600.0
"""What a stopped host left unacknowledged comes again right after its start: let it, first."""
SWEEP_EVERY_S = 3600.0
SWEEP_POLL_S = 5.0
STUCK_AFTER_S = 30.0
"""Not ready when events have waited for longer than this without any being handled."""


class Worker:
    """The background work of one service; any number may run, the relay's lock lets one publish."""

    def __init__(
        self, context: ServiceContext, bus: Bus, *, relay: bool = True, consume: bool = True
    ) -> None:
        self.context = context
        self.relay = (
            Relay(
                context.db,
                bus,
                service=context.name,
                region_code=context.region.region_code,
            )
            if relay
            else None
        )
        subscribed = consume and bool(context.module.subscriptions)
        self.consumer = EventConsumer(context, bus) if subscribed else None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run until the block ends; a part that dies takes the process down, loudly.

        Jobs and watches do not: see :func:`again_and_again`.
        """
        seals = (audit.seal, *self.context.module.seals)
        jobs: list[Callable[[], Awaitable[None]]] = [self._forget]
        jobs += [partial(self._seal, each) for each in seals]
        jobs += [partial(self._watch, each) for each in self.context.module.watches]
        jobs += [partial(self._work, each) for each in self.context.module.jobs]
        if self.relay is not None:
            jobs.append(self.relay.run)
        if self.consumer is not None:
            jobs += [self.consumer.run, partial(self._sweep, self.consumer)]
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(unceasing(job)) for job in jobs]
            try:
                yield
            finally:
                for task in tasks:
                    task.cancel()

    def checks(self) -> Sequence[Check]:
        """Readiness: events move. "The process is up" is not enough."""
        return (Check("outbox", self._outbox_moves), Check("events", self._events_move))

    async def _outbox_moves(self) -> CheckResult:
        if self.relay is None:
            return CheckResult(ok=True, facts={"relay": "elsewhere"})
        async with self.context.db.reading() as session:
            age_s = await outbox_age_s(session)
        return CheckResult(
            ok=age_s < STUCK_AFTER_S, facts={"oldest_unpublished_s": round(age_s, 1)}
        )

    async def _events_move(self) -> CheckResult:
        if self.consumer is None:
            return CheckResult(ok=True, facts={"consumer": "none"})
        progress = self.consumer.progress
        waited_s = time.monotonic() - progress.last_progress
        stuck = progress.behind and waited_s > STUCK_AFTER_S
        return CheckResult(ok=progress.joined and not stuck, facts={"behind": progress.behind})

    async def _seal(self, seal: Seal) -> None:
        while True:
            try:
                async with self.context.db.writing() as session:
                    sealed = await seal(session)
            except (SQLAlchemyError, OSError) as error:
                log.warning("not_sealed", chain=seal.__module__, error_type=type(error).__name__)
                sealed = 0
            if not sealed:
                await asyncio.sleep(SEAL_EVERY_S)

    async def _watch(self, watch: Watch) -> None:
        await again_and_again(watch, self.context, every_s=WATCH_EVERY_S)

    async def _work(self, job: Job) -> None:
        await again_and_again(job, self.context, every_s=SEAL_EVERY_S)

    async def _forget(self) -> None:
        while True:
            try:
                async with self.context.db.writing() as session:
                    now = self.context.clock.now()
                    await forget_before(
                        session, now - KEEP_IDEMPOTENCY_KEYS, of_forms=now - KEEP_FORM_KEYS
                    )
            except (SQLAlchemyError, OSError) as error:
                log.warning("idempotency_keys_kept", error_type=type(error).__name__)
            await asyncio.sleep(timedelta(days=1).total_seconds())

    async def _sweep(self, consumer: EventConsumer) -> None:
        """Forget old inbox rows and resolved dead letters, whenever nothing waits to be handled."""
        settings = self.context.settings
        upkeep = Upkeep(
            keep_inbox=timedelta(days=settings.inbox_days),
            keep_resolved=timedelta(days=settings.dead_letter_days),
        )
        await asyncio.sleep(SWEEP_FIRST_AFTER_S)
        while True:
            # A group that has stood still for months must not forget while its events wait.
            while not consumer.progress.joined or consumer.progress.behind:  # noqa: ASYNC110 - the transport tells
                await asyncio.sleep(SWEEP_POLL_S)
            try:
                swept = await sweep(self.context.db, consumer.group, upkeep)
            except (SQLAlchemyError, OSError) as error:
                log.warning("old_rows_kept", error_type=type(error).__name__)
            else:
                log.info("swept", inbox=swept.inbox, dead_letters=swept.dead_letters)
            await asyncio.sleep(SWEEP_EVERY_S)


async def again_and_again(
    job: Callable[[ServiceContext], Awaitable[None]],
    context: ServiceContext,
    *,
    every_s: float,
    at_most_s: float = AFTER_FAULTS_AT_MOST_S,
    now_s: Callable[[], float] = time.monotonic,
) -> None:
    """Do a job without end, with a pause between.

    The database may be away for a while, or refuse once. A fault of the job's own, also one that
    the database finds each time (a value, a column), is told on the log and in
    ``yizhan_job_faults_total``, and the pause doubles: what one job cannot digest must not close
    every window of a county, at each start anew.

    Args:
        job: does one round; what it did not finish it finds again.
        context: of the service.
        every_s: pause after a round that went well (seconds).
        at_most_s: the longest pause after faults in a row (seconds); a fault after so long a time
            without one is a first one, for some jobs go on by themselves for ever.
        now_s: tells how long a round took.
    """
    name = job.__name__
    pause_s = every_s
    while True:
        began_s = now_s()
        try:
            await job(context)
            pause_s = every_s
        except Exception as error:
            if is_transient(error) or isinstance(error, OSError):
                log.warning("job_interrupted", job=name, error_type=type(error).__name__)
                pause_s = every_s
            else:
                log.exception("job_failed", job=name)
                METRICS.job_faults.labels(context.name, name).inc()
                if now_s() - began_s > at_most_s:
                    pause_s = every_s
                pause_s = max(every_s, min(2 * pause_s, at_most_s))
        await asyncio.sleep(pause_s)


def worker_app(worker: Worker) -> Starlette:
    """A worker process's own small address: ``/healthz``, ``/readyz``, ``/metrics``."""
    checks = (database_check(worker.context.db), *worker.checks())

    async def healthz(_: Request) -> Response:
        return JSONResponse({"status": "alive"})

    async def readyz(_: Request) -> Response:
        status, answer = await ready(checks)
        return JSONResponse(answer, status_code=status)

    async def metrics(_: Request) -> Response:
        return await metrics_response(worker.context.db, checks)

    return Starlette(
        routes=[
            Route("/healthz", healthz),
            Route("/readyz", readyz),
            Route("/metrics", metrics),
        ]
    )
