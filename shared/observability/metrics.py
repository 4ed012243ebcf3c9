"""Metrics in Prometheus' text format; one registry per process.

Labels are route templates, service names and topics: never an address as called, never an id.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.pool import QueuePool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.db.mechanics import DEAD_LETTERS, OUTBOX, mechanics_metadata
from shared.messaging import set_aside

if TYPE_CHECKING:
    from shared.db.session import Database

MEDIA_TYPE = CONTENT_TYPE_LATEST
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

outbox_table = mechanics_metadata.tables[OUTBOX]
dead_letters_table = mechanics_metadata.tables[DEAD_LETTERS]


class Metrics:
    """The metrics of one process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "yizhan_http_requests_total",
            "HTTP requests answered",
            ["method", "route", "status"],
            registry=self.registry,
        )
        self.request_seconds = Histogram(
            "yizhan_http_request_seconds",
            "Time from request to the last byte of its answer",
            ["method", "route"],
            buckets=_BUCKETS_S,
            registry=self.registry,
        )
        self.in_progress = Gauge(
            "yizhan_http_requests_in_progress",
            "HTTP requests being answered, open streams included",
            registry=self.registry,
        )
        self.outbox_age = Gauge(
            "yizhan_outbox_oldest_unpublished_seconds",
            "Age of the oldest event that waits to be published; 0 when there is none",
            ["service"],
            registry=self.registry,
        )
        self.outbox_set_aside = Gauge(
            "yizhan_outbox_set_aside",
            "Events that no bus could carry, kept back until an operator releases them",
            ["service"],
            registry=self.registry,
        )
        self.worker_ready = Gauge(
            "yizhan_worker_ready",
            "1 when a service's worker gets on with its events, as its readiness says; else 0",
            ["service"],
            registry=self.registry,
        )
        self.consumer_lag = Gauge(
            "yizhan_consumer_lag_records",
            "Records between a consumer group's committed offset and the end",
            ["service", "topic"],
            registry=self.registry,
        )
        self.kafka_left_behind = Gauge(
            "yizhan_kafka_left_behind",
            "Tasks of Kafka clients that did not end when cancelled; at 50 no more are made",
            registry=self.registry,
        )
        self.dead_letters = Gauge(
            "yizhan_dead_letters_open",
            "Events that could not be handled and are not resolved",
            ["service", "status"],
            registry=self.registry,
        )
        self.pool_checked_out = Gauge(
            "yizhan_db_connections_checked_out",
            "Database connections in use",
            ["service"],
            registry=self.registry,
        )
        self.events_published = Counter(
            "yizhan_events_published_total",
            "Events acknowledged by the bus",
            ["service"],
            registry=self.registry,
        )
        self.events_handled = Counter(
            "yizhan_events_handled_total",
            "Events handled, by outcome (handled, duplicate, retried, dead)",
            ["service", "outcome"],
            registry=self.registry,
        )
        self.job_faults = Counter(
            "yizhan_job_faults_total",
            "Rounds of background work that ended by a fault of their own; they are tried again",
            # Not "job": that is Prometheus' own word for what it collects.
            ["service", "work"],
            registry=self.registry,
        )
        self.recognitions_refused = Counter(
            "yizhan_recognitions_refused_total",
            "Questions refused because their client had found nobody too often (guessing)",
            registry=self.registry,
        )
        self.match_precision = Gauge(
            "yizhan_match_precision",
            "Share of the reviewed recognitions of a grade that were right, over three months",
            ["grade"],
            registry=self.registry,
        )
        self.match_precision_upper = Gauge(
            "yizhan_match_precision_upper",
            "Upper end of the 95 % interval of yizhan_match_precision",
            ["grade"],
            registry=self.registry,
        )
        self.match_weights_shift = Gauge(
            "yizhan_match_weights_shift_bits",
            "How far the newest table of weights moved in the field that moved most",
            ["service"],
            registry=self.registry,
        )
        self.signins = Counter(
            "yizhan_signins_total",
            "Signing in and out of people, by outcome (signed_in, refused, locked, malformed, "
            "unavailable, signed_out, password_changed)",
            ["outcome"],
            registry=self.registry,
        )

    def render(self) -> bytes:
        """Everything in Prometheus' text format (:data:`MEDIA_TYPE`)."""
        return generate_latest(self.registry)


METRICS = Metrics()
"""This process's metrics."""


def render() -> bytes:
    """This process's metrics as text."""
    return METRICS.render()


async def observe_database(db: Database, metrics: Metrics = METRICS) -> None:
    """Set the gauges that are read from a service's database and its pool."""
    observe_pool(db, metrics)
    async with db.reading() as session:
        metrics.outbox_age.labels(db.service).set(await outbox_age_s(session))
        metrics.outbox_set_aside.labels(db.service).set(await set_aside.count(session))
        for status, count in (await open_dead_letters(session)).items():
            metrics.dead_letters.labels(db.service, status).set(count)


def observe_pool(db: Database, metrics: Metrics = METRICS) -> None:
    """Set the gauge of connections in use; needs no database."""
    connections = db.engine.sync_engine.pool
    if isinstance(connections, QueuePool):
        metrics.pool_checked_out.labels(db.service).set(connections.checkedout())


async def outbox_age_s(session: AsyncSession) -> float:
    """Seconds since the oldest event that waits for its publication was written; 0.0 when none.

    One that was set aside waits for a person and has a number of its own
    (:func:`shared.messaging.set_aside.count`): here it would hide all others behind its age.
    """
    age = await session.scalar(
        select(
            func.extract("epoch", func.clock_timestamp() - func.min(outbox_table.c.recorded_at))
        ).where(outbox_table.c.published_at.is_(None), ~set_aside.IS_SET_ASIDE)
    )
    return max(float(age), 0.0) if age is not None else 0.0


async def open_dead_letters(session: AsyncSession) -> dict[str, int]:
    """Unresolved dead letters by status, zeros included."""
    rows = await session.execute(
        select(dead_letters_table.c.status, func.count())
        .where(text("status <> 'resolved'"))  # as in the partial index
        .group_by(dead_letters_table.c.status)
    )
    counts = {"retrying": 0, "dead": 0, "waiting": 0}
    return counts | {status: count for status, count in rows}  # noqa: C416 - rows are no pairs to mypy


class MetricsMiddleware:
    """Counts and times every request by its route's template."""

    def __init__(self, app: ASGIApp, metrics: Metrics = METRICS) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 500
        began = time.perf_counter()

        async def observed_send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        self._metrics.in_progress.inc()
        try:
            await self._app(scope, receive, observed_send)
        finally:
            self._metrics.in_progress.dec()
            route = route_template(scope)
            method = scope["method"] if scope["method"] in _METHODS else "other"
            self._metrics.requests.labels(method, route, str(status)).inc()
            self._metrics.request_seconds.labels(method, route).observe(time.perf_counter() - began)


def route_template(scope: Scope) -> str:
    """``/claims/v1/encounters/{encounter_id}``; ``unmatched`` when no route took the request.

    Valid after the request was routed: Starlette leaves the route in the scope.
    """
    # A router that was included under a prefix knows its whole path in this context alone.
    route: Any = scope.get("fastapi", {}).get("effective_route_context") or scope.get("route")
    path = getattr(route, "path_format", None) or getattr(route, "path", None)
    if path is None:
        return "unmatched"
    mounted_at = scope.get("root_path", "")
    return f"{mounted_at}{path}" or "/"
