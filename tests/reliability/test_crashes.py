"""kill -9 at every named point of the main job, then a restart: the same end, nothing twice.

Goal: whatever moment the process dies at, the job ends in the state it would have had.
Method: the process is told to kill itself (SIGKILL) at the n-th arrival at a point. The client does
what a hospital's system does: repeats the step with the same Idempotency-Key until it is answered.
At the end the books, the tasks, the figures and every service's event store are compared with those
of a run without a crash.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from shared.runtime.crashpoints import POINTS
from tests.reliability.test_clearing_crashes import TRAPS
from tests.support.main_job import MainJob, payer_amounts
from tests.support.process import SERVICES, Yizhan, eventually
from tests.support.product import product

CASES = [
    ("roster.mid_apply", 1),
    ("outbox.after_insert", 1),
    ("outbox.after_insert", 6),
    ("edge.after_commit", 2),
    ("edge.after_commit", 6),
    ("relay.before_send", 2),
    ("relay.after_send", 1),
    ("relay.after_send", 4),
    ("relay.after_mark", 3),
    ("handler.before", 4),
    ("handler.before_commit", 3),
    ("handler.before_commit", 12),
    ("handler.after_commit", 5),
]


def test_every_point_has_a_case() -> None:
    """Goal: a new point does not go untested. Method: compare the lists; clearing's points have
    their own test beside this one."""
    of_clearing = {trap.partition(":")[0] for trap, _ in TRAPS}
    assert {point for point, _ in CASES} | of_clearing == set(POINTS)


class Survivor:
    """Does each step again after a crash, restarting the process without the trap."""

    def __init__(self, yizhan: Yizhan) -> None:
        self.yizhan = yizhan
        self.crashes = 0

    def do(self, step: Callable[[], Any]) -> Any:
        while True:
            try:
                return step()
            except (httpx.TransportError, AssertionError):
                if not self.yizhan.died(within_s=3):
                    raise
                self.crashes += 1
                assert self.crashes == 1, "the trap springs once"
                self.yizhan.start()


def end_state(job: MainJob) -> dict[str, Any]:
    """Everything that must not depend on a crash, without the ids."""
    yizhan = job.yizhan
    encounter = job.encounter()
    assert encounter is not None
    person = job.known["recognition"]["person_id"]
    standing = yizhan.get(f"/claims/v1/persons/{person}/standing", params={"year": 2016})
    standing.pop("person_id", None)
    trial = yizhan.get("/claims/v1/ledger/trial-balance", params={"as_of": "2016-12-31"})
    return {
        "encounter": encounter["status"],
        "standing": standing,
        "ledger": [(a["code"], a["debit"], a["credit"]) for a in trial["accounts"]],
        "tasks": [(t["rule"], t["due_on"], t["status"]) for t in job.tasks()],
        "figures": [
            (i["numerator"], i["denominator"], i["value"])
            for code in ("personal_share", "recognition_rate", "one_stop_rate")
            for i in [job.indicator(code)]
        ],
        "events": events(yizhan),
    }


def events(yizhan: Any) -> dict[str, int]:
    """How many events of each type the services' stores hold."""
    counted: Counter[str] = Counter()
    for service in SERVICES:
        after = 0
        while True:
            page = yizhan.get(
                f"/{service}/v1/events", client="operator", params={"after": after, "limit": 200}
            )
            counted.update(item["type"] for item in page["items"])
            if not page["items"]:
                break
            after = page["next_after"]
    return dict(counted)


def settled_state(job: MainJob) -> dict[str, Any] | None:
    """The end state, once the last figure has arrived."""
    figure = job.indicator("one_stop_rate")
    if figure["value"] != "1.0000" or not job.tasks() or not job.indicator()["value"]:
        return None
    return end_state(job)


@pytest.fixture(scope="session")
def reference(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The end state of a run without a crash."""
    with product(tmp_path_factory.mktemp("reference") / "data") as yizhan:
        yizhan.start()
        job = MainJob(yizhan)
        job.run()
        eventually(lambda: settled_state(job), what="the figures arrive")
        return end_state(job)


@pytest.mark.parametrize(("point", "arrival"), CASES)
def test_killed_at(point: str, arrival: int, tmp_path: Path, reference: dict[str, Any]) -> None:
    with product(tmp_path / "data") as yizhan:
        yizhan.start({"YIZHAN_CRASH_AT": f"{point}:{arrival}"})
        job, survivor = MainJob(yizhan), Survivor(yizhan)
        survivor.do(job.import_roster)
        survivor.do(job.apply_roster)
        survivor.do(job.recognise)
        survivor.do(job.await_encounter)
        survivor.do(job.sign_contract)
        survivor.do(job.charge)
        survivor.do(job.discharge)
        breakdown = survivor.do(job.settle).json()
        survivor.do(
            lambda: eventually(lambda: settled_state(job), what="the figures arrive", within_s=30)
        )

        assert survivor.crashes == 1, f"{point} was not reached {arrival} times"
        assert payer_amounts(breakdown) == {"basic_insurance": "3344.90", "medical_aid": "663.83"}
        assert breakdown["patient_pays"] == "991.27"
        assert end_state(job) == reference


def test_postgres_and_process_killed_together(tmp_path: Path) -> None:
    """Goal: the one-machine form survives a power cut. Method: kill -9 of process and database."""
    yizhan = Yizhan(tmp_path / "data")
    yizhan.start()
    job = MainJob(yizhan)
    job.import_roster()
    job.apply_roster()
    person = job.recognise()["person_id"]
    yizhan.kill()  # the database goes down with the process that started it
    yizhan.start()
    try:
        job.await_encounter()
        job.charge()
        job.discharge()
        assert job.settle().json()["patient_pays"] == "991.27"
        assert job.known["encounter"]["person_id"] == person
    finally:
        yizhan.kill()
