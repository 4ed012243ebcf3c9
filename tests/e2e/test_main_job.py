"""The main job over real sockets, in three forms: memory bus, mock Kafka, real Kafka.

Goal: a recognition at the window causes everything else by itself.
Method: the product runs as its users start it, in a process of its own; an outside client goes
through the job with nothing but HTTP, and a second connection listens to the live stream.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.kafka import mock_cluster
from tests.support.main_job import BILL_A, MainJob, payer_amounts
from tests.support.process import Yizhan, eventually
from tests.support.product import product

REAL_KAFKA = os.environ.get("YIZHAN_TEST_KAFKA", "")
FORMS = ["memory", "mock_kafka"]


def _forms() -> list[object]:
    forms: list[object] = [pytest.param(name, id=name) for name in FORMS]
    if REAL_KAFKA:
        forms.append(pytest.param("real_kafka", id="real_kafka", marks=pytest.mark.real_kafka))
    return forms


@pytest.fixture(params=_forms())
def yizhan(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Yizhan]:
    if request.param == "memory":
        running = Yizhan(tmp_path / "data", {"YIZHAN_BUS": "memory"})
        try:
            running.start()
            yield running
        finally:
            running.kill()  # also one that did not get ready in time
        return
    if request.param == "real_kafka":
        yield from _on_kafka(tmp_path, REAL_KAFKA)
        return
    with mock_cluster() as bootstrap:
        yield from _on_kafka(tmp_path, bootstrap)


def _on_kafka(tmp_path: Path, bootstrap: str) -> Iterator[Yizhan]:
    environment = {
        "YIZHAN_BUS": "kafka",
        "KAFKA_BOOTSTRAP_SERVERS": bootstrap,
        "YIZHAN_TOPIC_PREFIX": f"t{os.getpid()}-{tmp_path.name}-".replace("_", "-"),
    }
    with product(tmp_path / "data", environment) as running:
        running.start()
        yield running


class LiveStream:
    """A second client on the server-sent events."""

    def __init__(self, yizhan: Yizhan) -> None:
        self._yizhan = yizhan
        self._token = yizhan.token("director")
        self.messages: list[dict[str, object]] = []
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        try:
            with httpx.stream(
                "GET",
                f"{self._yizhan.base_url}/reporting/v1/live",
                headers={"Authorization": f"Bearer {self._token}"},
                timeout=120,
            ) as stream:
                for line in stream.iter_lines():
                    if line.startswith("data:"):
                        self.messages.append(json.loads(line[5:]))
        except httpx.HTTPError:
            return  # the server was stopped at the end of the test

    def says(self, text: str) -> bool:
        return any(text in json.dumps(message) for message in self.messages)


def test_main_job(yizhan: Yizhan) -> None:
    job = MainJob(yizhan)
    live = LiveStream(yizhan)
    before = job.indicator()
    assert (before["value"], before["status"]) == (None, "not_applicable")

    validated = job.import_roster()
    assert (validated["rows"], validated["accepted"], validated["rejected"]) == (2, 2, 0)
    assert validated["diff"]["added"] == 2
    job.apply_roster()

    recognition = job.recognise()
    assert recognition["grade"] == "certain"
    assert [c["code"] for c in recognition["categories"]] == ["registered_poor"]
    assert recognition["entitlements"]["treat_first_pay_later"] is True
    assert job.patient.name not in json.dumps(recognition, ensure_ascii=False)

    encounter = job.await_encounter()
    assert encounter["treat_first_pay_later"] is True
    assert encounter["deposit"] == "0.00"
    assert encounter["person_id"] == recognition["person_id"]

    job.sign_contract()
    job.charge()
    job.discharge()
    preview = yizhan.call("POST", f"{job.encounter_path}/settlement/preview")
    assert preview.status_code == httpx.codes.OK, preview.text
    answer = job.settle()
    breakdown = answer.json()
    assert breakdown["total"] == "5000.00"
    assert breakdown["in_scope"] == "4230.00"
    assert payer_amounts(breakdown) == {"basic_insurance": "3344.90", "medical_aid": "663.83"}
    assert breakdown["patient_pays"] == "991.27"
    assert preview.json()["patient_pays"] == "991.27"
    rules = {step["rule"] for step in breakdown["explanation"]}
    assert {"JK-02", "JK-03", "JK-10"} <= {r for rule in rules for r in rule.split(", ")}

    tasks = eventually(job.tasks, what="the team gets its task")
    assert [t["rule"] for t in tasks] == ["post_discharge_follow_up"]
    assert tasks[0]["due_on"] == "2016-03-15"

    moved = eventually(
        lambda: (i := job.indicator())["value"] and i, what="personal_share has moved"
    )
    assert (moved["numerator"], moved["denominator"]) == ("991.27", "5000.00")
    assert (moved["value"], moved["status"]) == ("0.1983", "missed")
    eventually(lambda: live.says("0.1983"), what="the live stream said so")

    # The same call twice: same answer, marked. The same key with another body: refused.
    again = job.settle()
    assert (again.status_code, again.json()) == (answer.status_code, breakdown)
    assert again.headers["Idempotency-Replayed"] == "true"
    other = yizhan.call(
        "POST",
        f"{job.encounter_path}/charges",
        key=f"charge-{job.visit_no}",
        json={"batch_no": "B2", "lines": BILL_A[:1]},
    )
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    # A hospital may not upload a roster.
    refused = yizhan.call(
        "POST",
        "/identity/v1/roster-imports",
        files={"file": ("r.csv", b"x", "text/csv")},
        data={"source": "poverty_office", "effective_on": "2016-01-01", "mode": "full"},
    )
    assert (refused.status_code, refused.json()["title_zh"]) == (403, "该客户端没有此权限")
    assert refused.headers["content-type"].startswith("application/problem+json")
    trial = yizhan.get("/claims/v1/ledger/trial-balance", params={"as_of": "2016-12-31"})
    assert trial["total"] == "0.00"
