"""kill -9 of the whole process while a month is cleared: done once, or not at all and repeatable."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx

from tests.support.main_job import MainJob
from tests.support.process import Yizhan
from tests.support.product import product

RUNS = "/claims/v1/clearing-runs"
TRAPS = [
    ("clearing.mid_create:1", "create"),
    ("clearing.mid_step:2", "approve"),  # the first is the submission
    ("clearing.mid_pay:1", "paid"),
    ("edge.after_commit:1", "paid"),
]
"""Where the process dies, and during which step: half way through each, and after the payment's commit."""


class Clearing:
    """The clients of a month's run: each sends a step again, with its key, until it is answered."""

    def __init__(self, yizhan: Yizhan) -> None:
        self.yizhan = yizhan
        self.run_id = ""

    def send(self, step: str) -> httpx.Response:
        if step == "create":
            return self._post("", "hospital", "k-create", {"period": "2016-03"})
        client = {"submit": "hospital"}.get(step, "insurer")
        body = {"reference": "B-1", "paid_on": "2016-04-05"} if step == "paid" else None
        return self._post(f"/{self.run_id}/{step}", client, f"k-{step}", body)

    def _post(self, path: str, client: str, key: str, body: Any) -> httpx.Response:
        return self.yizhan.call("POST", RUNS + path, client=client, key=key, json=body)

    def dies_during(self, step: str) -> None:
        try:
            answer = self.send(step)
        except httpx.TransportError:
            assert self.yizhan.died(within_s=5)
        else:
            raise AssertionError(f"{step} was answered: {answer.status_code} {answer.text}")

    def good(self, step: str) -> dict[str, Any]:
        answer = self.send(step)
        assert answer.is_success, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def now(self) -> dict[str, Any]:
        found: dict[str, Any] = self.yizhan.get(f"{RUNS}/{self.run_id}")
        return found

    def count(self) -> int:
        return len(self.yizhan.get(RUNS)["items"])


def test_killed_while_a_month_is_cleared(tmp_path: Path) -> None:
    """Goal: a run's creation, approval and payment survive kill -9, nothing is there twice.

    Method: the main job's bill, two funds; the process is told to die half way through each of the
    three steps, before its commit, and once more between the payment's commit and its answer. The
    client repeats the step with its key after each restart; between, the run is what it was.
    """
    with product(tmp_path / "data") as yizhan:
        yizhan.start({"YIZHAN_CRASH_AT": TRAPS[0][0]})
        job, clearing = MainJob(yizhan), Clearing(yizhan)
        for prepare in (
            job.import_roster, job.apply_roster, job.recognise, job.await_encounter, job.charge,
            job.discharge, job.settle,
        ):  # fmt: skip
            prepare()
        owed = payable(yizhan)
        assert len(owed) == 2

        def restarted(trap: int) -> None:
            yizhan.kill()
            yizhan.start({"YIZHAN_CRASH_AT": TRAPS[trap][0]} if trap < len(TRAPS) else {})

        clearing.dies_during("create")
        restarted(1)
        assert clearing.count() == 0
        run = clearing.good("create")
        clearing.run_id = run["run_id"]
        assert {part["fund"]: part["amount"] for part in run["parts"]} == owed

        assert clearing.good("submit")["status"] == "submitted"
        clearing.dies_during("approve")
        restarted(2)
        assert [each["step"] for each in clearing.now()["steps"]] == ["create", "submit"]
        assert clearing.good("approve")["status"] == "approved"
        assert clearing.good("create")["run_id"] == run["run_id"]
        assert clearing.count() == 1

        clearing.dies_during("paid")
        restarted(3)
        assert (clearing.now()["status"], clearing.now()["paid"]) == ("approved", "0.00")
        assert payable(yizhan) == owed
        clearing.dies_during("paid")
        restarted(4)
        assert clearing.now()["status"] == "paid"
        for key in ("k-paid", "", "another"):  # its own answer, then the reference's
            answer = yizhan.call(
                "POST", f"{RUNS}/{clearing.run_id}/paid", client="insurer", key=key,
                json={"reference": "B-1", "paid_on": "2016-04-05"},
            )  # fmt: skip
            assert (answer.status_code, answer.json()["paid"]) == (200, run["amount"])
            assert answer.headers["idempotency-replayed"] == "true"
        paid = yizhan.get(f"{RUNS}/{clearing.run_id}/payments")["items"]
        assert {each["fund"]: each["amount"] for each in paid} == owed
        assert len(paid) == len(owed)
        assert payable(yizhan) == dict.fromkeys(owed, "0.00")
        told = yizhan.get("/claims/v1/events", client="operator", params={"limit": 500})["items"]
        assert sum(each["type"].endswith(".clearing.paid.v1") for each in told) == 1


def payable(yizhan: Yizhan) -> dict[str, str]:
    """What each fund still owes, by the ledger."""
    trial = yizhan.get("/claims/v1/ledger/trial-balance")
    assert trial["total"] == "0.00"
    return {
        account["code"].split(":")[1]: account["balance"]
        for account in trial["accounts"]
        if account["code"].startswith("payer:")
    }
