"""Many at once: one settlement, one shared cap, one event, whatever arrives at the same moment.

The calls go over real sockets to a running product, each on a connection of its own, so that they
meet in the database and not in the client.
"""

from __future__ import annotations

import asyncio
import re
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.embedded.blocking import run_blocking
from shared.policy.folders import BUNDLED_PACKS
from tests.e2e.inspection import events, query, quiet_counts
from tests.support.main_job import MainJob, payer_amounts
from tests.support.people import NEIGHBOUR, PATIENT, RosterPerson, roster_csv
from tests.support.process import NO_TLS, Yizhan
from tests.support.product import product

AID_CAP = "1000.00"
AID_OF_ONE_STAY = Decimal("663.83")
COUPLES = [
    RosterPerson(f"同时{name}", date(1950 + at, 4, 5), 41 + 2 * at, household=f"P{at}")
    for at, name in enumerate("甲乙丙丁")
]
"""Each has two stays that are settled at the same moment."""


@pytest.fixture(scope="module")
def yizhan(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Yizhan]:
    """The product with a pack whose medical aid pays at most 1,000.00 a year."""
    folder = tmp_path_factory.mktemp("parallel")
    pack = _small_cap_pack(folder / "packs")
    environment = {"YIZHAN_PACKS": str(folder / "packs"), "YIZHAN_PACK": pack}
    with product(folder / "data", environment) as running:
        running.start()
        for client in ("hospital", "poverty-office", "operator"):
            running.token(client)
        _register(running, PATIENT, NEIGHBOUR, *COUPLES)
        yield running


def _small_cap_pack(packs: Path) -> str:
    """A copy of the bundled pack under another id, with one value changed."""
    name = "small-cap"
    shutil.copytree(BUNDLED_PACKS / "jinkouhe-2016", packs / name)
    head = packs / name / "pack.yaml"
    head.write_text(head.read_text().replace("id: jinkouhe-2016", f"id: {name}", 1))
    values = packs / name / "parameters.yaml"
    text, changed = re.subn(
        r'(?ms)^(medical_aid\.annual_cap:.*?2016-01-01: )"[0-9.]+"',
        rf'\g<1>"{AID_CAP}"',
        values.read_text(),
        count=1,
    )
    assert changed == 1
    values.write_text(text)
    cases = packs / name / "cases.yaml"
    if cases.exists():
        cases.unlink()  # their results are those of the bundled values
    return name


def _register(yizhan: Yizhan, *people: RosterPerson) -> None:
    sent = yizhan.call(
        "POST",
        "/identity/v1/roster-imports",
        client="poverty-office",
        files={"file": ("roster.csv", roster_csv(*people), "text/csv")},
        data={"source": "poverty_office", "effective_on": "2016-01-01", "mode": "full"},
    ).json()
    assert sent["accepted"] == len(people), sent
    yizhan.call(
        "POST",
        f"/identity/v1/roster-imports/{sent['import_id']}/apply",
        client="poverty-office",
    ).raise_for_status()


def discharged(yizhan: Yizhan, visit_no: str, patient: RosterPerson) -> MainJob:
    """A stay of worked example A, ready to be settled."""
    job = MainJob(yizhan, visit_no, patient)
    job.recognise()
    job.await_encounter()
    job.charge()
    job.discharge()
    return job


Call = tuple[str, dict[str, Any] | None, str]
"""Path, JSON body, Idempotency-Key ("" for none)."""


def at_once(yizhan: Yizhan, calls: Sequence[Call]) -> list[httpx.Response]:
    """POST them all at the same moment, each on a warm connection of its own."""
    token = yizhan.token("hospital")

    async def one(go: asyncio.Event, ready: asyncio.Semaphore, call: Call) -> httpx.Response:
        path, body, key = call
        headers = {"Authorization": f"Bearer {token}"}
        async with httpx.AsyncClient(
            base_url=yizhan.base_url, timeout=60, headers=headers, verify=NO_TLS
        ) as http:
            await http.get("/claims/healthz")
            ready.release()
            await go.wait()
            return await http.post(path, json=body, headers={"Idempotency-Key": key} if key else {})

    async def everyone() -> list[httpx.Response]:
        go, ready = asyncio.Event(), asyncio.Semaphore(0)
        tasks = [asyncio.create_task(one(go, ready, call)) for call in calls]
        for _ in calls:
            await ready.acquire()
        go.set()
        return await asyncio.gather(*tasks)

    return run_blocking(everyone)


def first_answers(answers: Sequence[httpx.Response]) -> list[httpx.Response]:
    return [a for a in answers if a.is_success and "Idempotency-Replayed" not in a.headers]


@pytest.mark.parametrize(
    ("kind", "keys"),
    [
        ("no key", [""] * 10),
        ("a key each", [f"each-{n}" for n in range(10)]),
        ("one key", ["shared"] * 10),
        ("mixed", ["", "", "", "", "m-1", "m-2", "m-3", "m-3", "m-3", "m-3"]),
    ],
)
def test_ten_settlements_of_one_encounter(yizhan: Yizhan, kind: str, keys: list[str]) -> None:
    """Goal: a bill is settled once, whoever asks at the same moment.

    Method: ten calls at once, with every mixture of keys; then rows, events and books are counted.
    """
    job = discharged(yizhan, f"ZY-TEN-{kind.replace(' ', '-')}", NEIGHBOUR)
    before = quiet_counts(yizhan)
    told = Counter(event["type"] for event in events(yizhan, "claims"))
    path = f"{job.encounter_path}/settlement"

    answers = at_once(yizhan, [(path, None, key) for key in keys])

    assert {a.status_code for a in answers} <= {200, 201, 409}, [a.text for a in answers]
    first = first_answers(answers)
    assert [a.status_code for a in first] == [201]
    settlement_id = first[0].json()["settlement_id"]
    for answer in answers:
        if answer.is_success:
            assert answer.json() == first[0].json()
        else:
            assert answer.json()["code"] in {"idempotency_key_in_use", "encounter_settled"}

    after = quiet_counts(yizhan)
    assert after["claims.settlements"] - before["claims.settlements"] == 1
    assert after["claims.journal_entries"] - before["claims.journal_entries"] == 1
    now_told = Counter(event["type"] for event in events(yizhan, "claims"))
    assert now_told - told == {"cn.yizhan.claims.settlement.made.v1": 1}
    made = [e for e in events(yizhan, "claims") if e["data"].get("settlement_id") == settlement_id]
    assert len(made) == 1
    trial = yizhan.get("/claims/v1/ledger/trial-balance")
    assert trial["total"] == "0.00"
    posted = query(
        yizhan.environment["CLAIMS_DATABASE_URL"],
        "SELECT sum(amount_fen)::bigint AS rest, "
        " sum(amount_fen) FILTER (WHERE amount_fen > 0)::bigint AS bill FROM postings"
        " JOIN journal_entries ON id = entry_id WHERE settlement_id = $1::uuid",
        settlement_id,
    )[0]
    assert (posted["rest"], posted["bill"]) == (0, 500_000)
    # And afterwards it is still that one.
    again = yizhan.call("POST", path)
    assert (again.status_code, again.json()["settlement_id"]) == (200, settlement_id)


def test_two_stays_of_one_person_share_the_annual_cap(yizhan: Yizhan) -> None:
    """Goal: medical aid pays 1,000.00 a year, not 663.83 twice and not less.

    Method: four persons with two stays each; all eight are settled at the same moment.
    """
    stays = [
        discharged(yizhan, f"ZY-CAP-{at}-{half}", patient)
        for at, patient in enumerate(COUPLES)
        for half in "AB"
    ]
    quiet_counts(yizhan)
    answers = at_once(yizhan, [(f"{s.encounter_path}/settlement", None, "") for s in stays])
    assert [a.status_code for a in answers] == [201] * len(stays), [a.text for a in answers]
    for at in range(len(COUPLES)):
        pair = [answers[2 * at].json(), answers[2 * at + 1].json()]
        aid = sorted(Decimal(payer_amounts(one)["medical_aid"]) for one in pair)
        assert aid == [Decimal(AID_CAP) - AID_OF_ONE_STAY, AID_OF_ONE_STAY]
        for one in pair:
            paid = sum(Decimal(amount) for amount in payer_amounts(one).values())
            assert paid + Decimal(one["patient_pays"]) == Decimal(one["total"])
        person = stays[2 * at].known["recognition"]["person_id"]
        standing = yizhan.get(f"/claims/v1/persons/{person}/standing", params={"year": 2016})
        assert standing["year_to_date"]["medical_aid_paid"] == AID_CAP
        assert standing["year_to_date"]["basic_paid"] == "6689.80"
    assert yizhan.get("/claims/v1/ledger/trial-balance")["total"] == "0.00"


def test_ten_recognitions_with_one_key(yizhan: Yizhan) -> None:
    """Goal: a repeated question is asked once. Method: ten at once, one key, one body."""
    job = MainJob(yizhan, "ZY-REC-ONE", PATIENT)
    body = job.visit()
    before = quiet_counts(yizhan)
    answers = at_once(yizhan, [("/identity/v1/recognitions", body, "one-question")] * 10)
    assert {a.status_code for a in answers} <= {200, 409}, [a.text for a in answers]
    first = first_answers(answers)
    assert len(first) == 1
    for answer in answers:
        if answer.is_success:
            assert answer.json() == first[0].json()
        else:
            assert answer.json()["code"] == "idempotency_key_in_use"
    after = quiet_counts(yizhan)
    for table in ("identity.recognitions", "identity.outbox", "claims.encounters"):
        assert after[table] - before[table] == 1, table
    made = [
        event
        for event in events(yizhan, "identity")
        if event["data"].get("recognition_id") == first[0].json()["recognition_id"]
    ]
    assert len(made) == 1


def test_ten_recognitions_of_one_visit_open_one_encounter(yizhan: Yizhan) -> None:
    """Goal: one visit has one case. Method: ten windows ask at once, each under its own key."""
    job = MainJob(yizhan, "ZY-REC-MANY", PATIENT)
    body = job.visit()
    before = quiet_counts(yizhan)
    calls: list[Call] = [("/identity/v1/recognitions", body, f"window-{n}") for n in range(10)]
    answers = at_once(yizhan, calls)
    assert [a.status_code for a in answers] == [200] * 10, [a.text for a in answers]
    assert len({a.json()["recognition_id"] for a in answers}) == 10
    after = quiet_counts(yizhan)
    assert after["identity.recognitions"] - before["identity.recognitions"] == 10
    assert after["claims.encounters"] - before["claims.encounters"] == 1
    encounter = job.await_encounter()
    assert encounter["recognition_conflict"] is False
