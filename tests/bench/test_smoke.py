"""The baseline writes what it claims: as many rows, in the same tables, with the same columns."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from deploy.embedded.blocking import run_blocking
from tests.bench.baseline import Baseline
from tests.bench.template import RECOGNISE_KEY, SETTLE_KEY
from tests.support.main_job import MainJob
from tests.support.people import NEIGHBOUR
from tests.support.postgres import plain_dsn
from tests.support.product import product

IDENTITY_TABLES = ("recognitions", "outbox", "audit_log", "idempotency_keys")
CLAIMS_TABLES = (
    "settlements", "settlement_payers", "settlement_lines", "standings", "accounts",
    "journal_entries", "postings", "outbox", "audit_log", "idempotency_keys",
)  # fmt: skip
LATER = {"position", "published_at", "number", "prev_hash", "hash", "seq"}
"""Filled after the request, by the relay and the sealer."""

Written = dict[str, list[tuple[frozenset[str], int]]]
"""Table → for each new row the columns that are filled, and about how many bytes it has."""


async def rows_of(url: str, tables: tuple[str, ...]) -> dict[str, list[dict[str, Any]]]:
    connection = await asyncpg.connect(plain_dsn(url))
    try:
        return {
            table: [
                json.loads(row["row"])
                for row in await connection.fetch(f"SELECT to_jsonb(t)::text AS row FROM {table} t")
            ]
            for table in tables
        }
    finally:
        await connection.close()


def written(
    before: dict[str, list[dict[str, Any]]], after: dict[str, list[dict[str, Any]]]
) -> Written:
    """What came between two looks, without what identifies a row."""
    found: Written = {}
    for table, rows in after.items():
        # Sealing and publishing change a row that was there before: the key tells what is new.
        key = {"idempotency_keys": "key"}.get(table, "id")
        known = {str(row.get(key, row)) for row in before[table]}
        new = [row for row in rows if str(row.get(key, row)) not in known]
        found[table] = sorted(
            (
                (
                    frozenset(c for c, v in row.items() if v is not None and c not in LATER),
                    round(len(json.dumps({c: v for c, v in row.items() if c not in LATER})), -2),
                )
                for row in new
            ),
            key=lambda one: (sorted(one[0]), one[1]),
        )
    return found


def test_the_baseline_writes_what_the_product_writes(tmp_path: Path) -> None:
    """Goal: an honest comparison. Method: the product makes one visit and a second one, the
    baseline a third like the second; the rows that each of the two added are compared.
    """
    with product(tmp_path / "data") as yizhan:
        yizhan.start()
        first = MainJob(yizhan, "ZY-1")
        first.import_roster()
        first.apply_roster()
        answer = yizhan.call(
            "POST", "/identity/v1/recognitions", key=RECOGNISE_KEY, json=first.visit()
        )
        first.known["recognition"] = answer.json()
        first.await_encounter()
        first.charge()
        first.discharge()
        settled = yizhan.call("POST", f"{first.encounter_path}/settlement", key=SETTLE_KEY)
        assert settled.status_code == httpx.codes.CREATED, settled.text

        jobs = [MainJob(yizhan, f"ZY-{n}", who) for n, who in ((2, NEIGHBOUR), (3, first.patient))]
        identity = yizhan.environment["IDENTITY_DATABASE_URL"]
        claims = yizhan.environment["CLAIMS_DATABASE_URL"]
        before = run_blocking(lambda: rows_of(identity, IDENTITY_TABLES))
        jobs[0].recognise()
        by_product = written(before, run_blocking(lambda: rows_of(identity, IDENTITY_TABLES)))
        jobs[1].recognise()
        for job in jobs:
            job.await_encounter()
            job.charge()
            job.discharge()
        before_settling = run_blocking(lambda: rows_of(claims, CLAIMS_TABLES))
        jobs[0].settle()
        settled_by_product = written(
            before_settling, run_blocking(lambda: rows_of(claims, CLAIMS_TABLES))
        )
        body = first.visit() | {"visit": first.visit()["visit"] | {"visit_no": "ZY-4"}}
        yizhan.stop()

        baseline = Baseline(plain_dsn(identity), plain_dsn(claims), yizhan.data_dir / "keys.json")

        async def by_hand() -> tuple[httpx.Response, httpx.Response]:
            app = baseline.app()
            await baseline.open()
            try:
                async with httpx.AsyncClient(
                    transport=httpx.ASGITransport(app=app), base_url="http://baseline"
                ) as http:
                    one = await http.post(
                        "/identity/v1/recognitions",
                        json=body,
                        headers={"Idempotency-Key": "rec-ZY-4"},
                    )
                    two = await http.post(
                        f"{jobs[1].encounter_path}/settlement",
                        headers={"Idempotency-Key": "settle-ZY-4"},
                    )
                    return one, two
            finally:
                await baseline.close()

        before = run_blocking(lambda: rows_of(identity, IDENTITY_TABLES))
        before_settling = run_blocking(lambda: rows_of(claims, CLAIMS_TABLES))
        recognised, settled = run_blocking(by_hand)
        by_baseline = written(before, run_blocking(lambda: rows_of(identity, IDENTITY_TABLES)))
        settled_by_baseline = written(
            before_settling, run_blocking(lambda: rows_of(claims, CLAIMS_TABLES))
        )
        reserved = run_blocking(lambda: rows_of(claims, ("reservations",)))["reservations"]
    assert (recognised.status_code, settled.status_code) == (200, 201)
    assert recognised.json().keys() == first.known["recognition"].keys()
    assert settled.json()["patient_pays"] == "991.27"
    assert by_baseline == by_product
    assert [row["state"] for row in reserved] == ["consumed"] * 3
    # ZY-2's person has no standing yet, ZY-3's has one of ZY-1: the row is changed, not added.
    settled_by_product["standings"] = settled_by_baseline["standings"] = []
    assert settled_by_baseline == settled_by_product
