"""Background work goes on after a fault of its own, more and more slowly, and says so."""

import asyncio
import itertools
from types import SimpleNamespace
from typing import Any, cast

import pytest
from sqlalchemy.exc import DBAPIError
from structlog.testing import capture_logs

from shared.observability.metrics import METRICS
from shared.runtime.context import ServiceContext
from shared.runtime.worker import again_and_again

CONTEXT = cast("ServiceContext", SimpleNamespace(name="contracts"))


class Refusal(Exception):
    def __init__(self, sqlstate: str) -> None:
        super().__init__(sqlstate)
        self.sqlstate = sqlstate


class Job:
    """Fails in the rounds that it is told to, and ends the loop after the last."""

    __name__ = "plan"

    def __init__(self, *rounds: Exception | None) -> None:
        self.rounds = list(rounds)
        self.done = 0

    async def __call__(self, _: ServiceContext) -> None:
        if not self.rounds:
            raise asyncio.CancelledError
        self.done += 1
        if (fault := self.rounds.pop(0)) is not None:
            raise fault


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    waited: list[float] = []

    async def at_once(seconds: float) -> None:
        waited.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", at_once)
    return waited


async def run(job: Job, *, round_s: float = 0.0) -> list[Any]:
    """Until the job ends it; each of its rounds takes so long."""
    moments = itertools.count(0.0, round_s)
    with capture_logs() as logs, pytest.raises(asyncio.CancelledError):
        await again_and_again(
            cast("Any", job), CONTEXT, every_s=1, at_most_s=5, now_s=lambda: next(moments)
        )
    return logs


def faults() -> float:
    labels = {"service": "contracts", "work": "plan"}
    return METRICS.registry.get_sample_value("yizhan_job_faults_total", labels) or 0.0


async def test_a_fault_is_told_and_the_work_goes_on(pauses: list[float]) -> None:
    before = faults()
    job = Job(ValueError("x"), ValueError("x"), ValueError("x"), ValueError("x"), None, None)
    logs = await run(job)
    assert job.done == 6
    assert pauses == [2, 4, 5, 5, 1, 1]
    assert [each["event"] for each in logs] == ["job_failed"] * 4
    assert faults() == before + 4


async def test_a_fault_after_long_good_work_is_a_first_one(pauses: list[float]) -> None:
    """Goal: a job that goes on by itself for ever is not left for minutes because of what happened
    last week. Method: three faults, each after more than the longest pause."""
    await run(Job(ValueError("x"), ValueError("x"), ValueError("x")), round_s=6.0)
    assert pauses == [2, 2, 2]


def refused(sqlstate: str) -> DBAPIError:
    """What SQLAlchemy raises of a statement that PostgreSQL refused so."""
    return DBAPIError("SELECT", None, Refusal(sqlstate))


async def test_what_the_database_refuses_each_time_is_the_jobs_fault(pauses: list[float]) -> None:
    """Goal: a row that cannot be written is told, and not tried every second without a word.
    Method: a value too long (22001), a column that is not there (42703), a deadlock (40P01)."""
    before = faults()
    logs = await run(Job(refused("22001"), refused("42703"), refused("40P01")))
    assert [each["event"] for each in logs] == ["job_failed", "job_failed", "job_interrupted"]
    assert (pauses, faults()) == ([2, 4, 1], before + 2)


async def test_a_database_that_is_away_is_no_fault_of_the_job(pauses: list[float]) -> None:
    before = faults()
    logs = await run(Job(OSError("away"), refused("57P01"), None))
    assert pauses == [1, 1, 1]
    assert [each["event"] for each in logs] == ["job_interrupted"] * 2
    assert faults() == before
