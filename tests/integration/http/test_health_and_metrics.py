"""Goal: an operator sees whether the house works, and no person, in health and metrics."""

import asyncio

import pytest
from fastapi import APIRouter, FastAPI
from sqlalchemy import text
from starlette.applications import Starlette
from starlette.routing import Mount

from shared.observability.health import Check, CheckResult, health_router
from shared.observability.metrics import METRICS, Metrics, MetricsMiddleware, observe_database
from tests.integration.http.driver import call
from tests.integration.http.probe import ProbeContext


@pytest.fixture
def watched(app: FastAPI, context: ProbeContext) -> FastAPI:
    app.include_router(health_router(context))
    return app


async def test_alive_needs_no_database(watched: FastAPI, context: ProbeContext):
    """Goal: a process whose database is away is not killed for it."""
    await context.db.close()
    assert (await call(watched, "GET", "/healthz")).json == {"status": "alive"}


async def test_ready_names_each_check(watched: FastAPI):
    """Goal: database reached and migrations at head."""
    answer = await call(watched, "GET", "/readyz")

    assert answer.status == 200
    assert answer.json == {
        "status": "ready",
        "checks": {
            "database": {"ok": True},
            "migrations": {"ok": True, "current": "0001", "head": "0001"},
        },
    }


async def test_missing_migration_is_not_ready(watched: FastAPI, context: ProbeContext):
    """Goal: new code on an old database says so. Method: an older revision is recorded."""
    async with context.db.writing() as session:
        await session.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    answer = await call(watched, "GET", "/readyz")

    assert answer.status == 503
    assert answer.json["checks"]["migrations"] == {"ok": False, "current": "0000", "head": "0001"}
    assert answer.json["checks"]["database"] == {"ok": True}


async def test_database_away_is_not_ready(watched: FastAPI, context: ProbeContext, monkeypatch):
    """Goal: 503 without a connection string. Method: the table is there, the server is not."""

    async def refuse(*_args: object, **_keywords: object) -> None:
        raise ConnectionRefusedError("secret address")

    await context.db.close()
    monkeypatch.setattr("asyncpg.connect", refuse)
    answer = await call(watched, "GET", "/readyz")

    assert answer.status == 503
    assert answer.json["checks"]["database"]["ok"] is False
    assert "secret" not in answer.body.decode()


async def test_a_standing_bus_is_not_ready(app: FastAPI, context: ProbeContext, monkeypatch):
    """Goal: a check that finds no progress, and one that hangs, both make it not ready."""
    monkeypatch.setattr("shared.observability.health.CHECK_TIMEOUT_S", 0.2)

    async def standing() -> CheckResult:
        return CheckResult(ok=False, facts={"lag": 12})

    async def hanging() -> CheckResult:
        await asyncio.sleep(60)
        return CheckResult(ok=True)

    app.include_router(health_router(context, [Check("bus", standing), Check("relay", hanging)]))
    answer = await call(app, "GET", "/readyz")

    assert answer.status == 503
    assert answer.json["checks"]["bus"] == {"ok": False, "lag": 12}
    assert answer.json["checks"]["relay"] == {"ok": False, "error": "TimeoutError"}


async def test_gauges_tell_of_outbox_and_dead_letters(context: ProbeContext):
    """Goal: what waits is counted. Method: an old unpublished event and a dead letter."""
    metrics = Metrics()
    await observe_database(context.db, metrics)
    assert b'yizhan_outbox_oldest_unpublished_seconds{service="probe"} 0.0' in metrics.render()

    async with context.db.writing() as session:
        await session.execute(
            text(
                "INSERT INTO outbox (id, aggregatetype, aggregateid, type, payload, "
                "aggregate_version, occurred_at, recorded_at) VALUES (gen_random_uuid(), 'a', "
                "'b', 'c', '{}', 1, now(), now() - interval '90 s')"
            )
        )
        await session.execute(
            text(
                "INSERT INTO dead_letters (consumer_group, event_id, topic, key, type, status, "
                "headers, payload) VALUES ('g', gen_random_uuid(), 't', 'k', 'y', 'dead', '{}', '')"
            )
        )
    await observe_database(context.db, metrics)
    sample = metrics.registry.get_sample_value
    age = sample("yizhan_outbox_oldest_unpublished_seconds", {"service": "probe"})
    assert age is not None
    assert 90 <= age < 120
    labels = {"service": "probe", "status": "dead"}
    assert sample("yizhan_dead_letters_open", labels) == 1
    async with context.db.reading() as session:
        await session.execute(text("SELECT 1"))
        await observe_database(context.db, metrics)
    assert sample("yizhan_db_connections_checked_out", {"service": "probe"}) == 1


async def test_requests_are_counted_by_template(app: FastAPI, bearer):
    """Goal: a metric never shows an address as called. Method: mounted, with a path value.

    The router is included under its prefix, as every service's are.
    """
    metrics = Metrics()
    router = APIRouter()

    @router.get("/persons/{person_id}")
    async def person(person_id: str) -> dict[str, str]:
        return {"id": person_id}

    app.include_router(router, prefix="/v1")
    root = MetricsMiddleware(Starlette(routes=[Mount("/probe", app=app)]), metrics)
    await call(root, "GET", "/probe/v1/persons/511301199001011234")
    await call(root, "GET", "/probe/notes/count", headers=bearer)
    await call(root, "GET", "/probe/511301199001011234")
    await call(root, "GET", "/511301199001011234")
    await call(root, "BREW", "/probe/notes/count")
    output = metrics.render().decode()

    assert "511301199001011234" not in output
    assert "BREW" not in output
    sample = metrics.registry.get_sample_value
    for route, status in (
        ("/probe/v1/persons/{person_id}", "200"),
        ("/probe/notes/count", "200"),
        ("unmatched", "404"),
    ):
        labels = {"method": "GET", "route": route, "status": status}
        assert (sample("yizhan_http_requests_total", labels) or 0) >= 1, (labels, output)
    assert sample("yizhan_http_requests_in_progress") == 0


async def test_metrics_are_served_without_the_database(
    watched: FastAPI, context: ProbeContext, monkeypatch
):
    """Goal: metrics are needed most when something is broken. Method: no new connection."""

    async def refuse(*_args: object, **_keywords: object) -> None:
        raise ConnectionRefusedError("secret address")

    monkeypatch.setattr("asyncpg.connect", refuse)
    METRICS.events_published.labels("probe").inc()
    await context.db.close()
    answer = await call(watched, "GET", "/metrics")

    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/plain")
    assert b"yizhan_events_published_total" in answer.body
