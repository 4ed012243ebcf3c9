"""The template: one visit of the product's own, from which the baseline takes its constants."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import asyncpg

from shared.security.crypto import Vault
from tests.bench import statements

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"

CLIENT = "hospital"
RECOGNISE_KEY = "template-recognition"
SETTLE_KEY = "template-settlement"
"""The Idempotency-Keys under which the product made the template visit."""


@dataclass
class Template:
    """What the product wrote and answered for one visit."""

    recognition: dict[str, Any] = field(default_factory=dict)
    recognised: dict[str, Any] = field(default_factory=dict)
    recognition_event: dict[str, Any] = field(default_factory=dict)
    recognition_audit: dict[str, Any] = field(default_factory=dict)
    settlement: dict[str, Any] = field(default_factory=dict)
    settled: dict[str, Any] = field(default_factory=dict)
    settlement_event: dict[str, Any] = field(default_factory=dict)
    settlement_audit: dict[str, Any] = field(default_factory=dict)
    payers: list[asyncpg.Record] = field(default_factory=list)
    lines: list[asyncpg.Record] = field(default_factory=list)
    accounts: list[dict[str, Any]] = field(default_factory=list)
    postings: list[asyncpg.Record] = field(default_factory=list)
    standing: dict[str, Any] = field(default_factory=dict)
    insert_recognition: str = ""
    insert_settlement: str = ""


async def load(identity: Pool, claims: Pool, vault: Vault) -> Template:
    """Read what the product kept of the template visit."""
    t, pool = Template(), identity
    t.recognised = await _answer_of(pool, vault, RECOGNISE_KEY)
    recognition_id = t.recognised["recognition_id"]
    t.recognition = await _row(pool, "recognitions", "recognition_id = $1::uuid", recognition_id)
    t.recognition_event = await _row(pool, "outbox", "aggregateid = $1", recognition_id)
    t.recognition_audit = await _row(pool, "audit_log", "subject = $1", recognition_id)
    t.insert_recognition = statements.insert("recognitions", list(t.recognition))
    pool = claims
    t.settled = await _answer_of(pool, vault, SETTLE_KEY)
    settlement_id = t.settled["settlement_id"]
    t.settlement = await _row(pool, "settlements", "id = $1::uuid", settlement_id)
    del t.settlement["recorded_at"]  # the database's own now()
    t.settlement_event = await _row(
        pool, "outbox", "payload ->> 'settlement_id' = $1", settlement_id
    )
    t.settlement_audit = await _row(pool, "audit_log", "subject = $1", settlement_id)
    t.insert_settlement = statements.insert("settlements", list(t.settlement))
    of_it = "settlement_id = $1::uuid"
    t.payers = await pool.fetch(
        f"SELECT * FROM settlement_payers WHERE {of_it} ORDER BY position", settlement_id
    )
    t.lines = await pool.fetch(f"SELECT * FROM settlement_lines WHERE {of_it}", settlement_id)
    t.postings = await pool.fetch(
        f"SELECT p.* FROM postings p JOIN journal_entries ON id = entry_id WHERE {of_it}"
        " ORDER BY account_code",
        settlement_id,
    )
    codes = [row["account_code"] for row in t.postings]
    t.accounts = [
        dict(row)
        for row in await pool.fetch(
            "SELECT * FROM accounts WHERE code = ANY($1::text[]) ORDER BY code", codes
        )
    ]
    (standing,) = await pool.fetch(
        "SELECT * FROM standings WHERE person_id = $1 AND year = $2",
        t.settlement["person_id"],
        t.settlement["standing_year"],
    )
    t.standing = dict(standing)
    return t


async def _answer_of(pool: Pool, vault: Vault, key: str) -> dict[str, Any]:
    body = await pool.fetchval(
        "SELECT body FROM idempotency_keys WHERE client_id = $1 AND key = $2", CLIENT, key
    )
    found: dict[str, Any] = json.loads(vault.decrypt_bytes(body, column="idempotency_keys.body"))
    return found


async def _row(pool: Pool, table: str, where: str, value: str) -> dict[str, Any]:
    (row,) = await pool.fetch(f"SELECT * FROM {table} WHERE {where}", value)
    return dict(row)
