"""The same reads and writes by hand: Starlette and asyncpg, nothing between them.

What an engineer would write who wants speed and nothing else. Each endpoint does in one transaction
what the product's does: the same rows in the same tables with the same columns filled, the same
sizes of JSON and ciphertext. It leaves out what is no database work: checking the token and the
fields, judging the evidence, calculating the bill, masking, metrics, logging. The amounts, the
explanation and the answer are those of one visit that the product itself recognised and settled
(the *template*); only the ids differ. ``test_smoke`` compares the rows of both.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import sys
from collections.abc import Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from shared.ids import new_id
from shared.security.crypto import Vault

CLIENT = "hospital"
RECOGNISE_KEY = "template-recognition"
SETTLE_KEY = "template-settlement"
"""The Idempotency-Keys under which the product made the template visit."""

_CLAIM = """
INSERT INTO idempotency_keys (client_id, key, request_hash) VALUES ($1, $2, $3)
ON CONFLICT DO NOTHING RETURNING key
"""
_KEEP = """
UPDATE idempotency_keys SET status = $3, media_type = 'application/json', body = $4
WHERE client_id = $1 AND key = $2
"""
_CANDIDATES = """
SELECT found.*, m.category, m.valid_from, m.valid_to FROM (
  SELECT person_id, id_number_idx, name_idx, phone_idx, name_enc, birth_date, sex, village, township
  FROM persons WHERE region = $1 AND (id_number_idx = $2 OR name_birth_idx = $3) LIMIT 50) found
LEFT JOIN memberships m ON m.person_id = found.person_id AND m.superseded_at IS NULL
"""
_ENCOUNTER = """
SELECT e.*, m.categories AS member_categories, m.township AS member_township,
       m.village AS member_village
FROM encounters e LEFT JOIN members m ON m.person_id = e.person_id
WHERE e.id = $1 FOR UPDATE OF e
"""
_LINES = "SELECT * FROM charge_lines WHERE encounter_id = $1"
_STANDING = """
INSERT INTO standings (area, person_id, year, critical_illness_burden_fen,
  critical_illness_paid_fen, basic_paid_fen, medical_aid_paid_fen, outpatient_base_used_fen,
  chronic_drug_fund_paid_fen, special_fund_paid_fen, version)
VALUES ($1, $2, $3, 0, 0, 0, 0, 0, 0, 0, 0)
ON CONFLICT (area, person_id, year) DO UPDATE SET version = standings.version
RETURNING basic_paid_fen, medical_aid_paid_fen, critical_illness_burden_fen
"""
_STANDING_AFTER = """
UPDATE standings SET basic_paid_fen = $4, medical_aid_paid_fen = $5,
  critical_illness_burden_fen = $6, version = version + 1
WHERE area = $1 AND person_id = $2 AND year = $3
"""
_PAYERS = """
INSERT INTO settlement_payers (settlement_id, position, payer, amount_fen)
SELECT $1, p, n, a FROM unnest($2::int[], $3::text[], $4::bigint[]) AS t(p, n, a)
"""
_PARTS = """
INSERT INTO settlement_lines (settlement_id, line_no, amount_fen, waived_fen, out_of_catalogue_fen,
  over_limit_fen, self_first_fen, in_scope_fen)
SELECT $1, * FROM unnest($2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[],
  $7::bigint[], $8::bigint[])
"""
_ACCOUNTS = """
INSERT INTO accounts (code, region, facility_code, kind, payer, name_en, name_zh)
SELECT code, region, facility_code, kind, payer, name_en, name_zh
FROM jsonb_to_recordset($1::jsonb) AS t(code text, region text, facility_code text, kind text,
  payer text, name_en text, name_zh text)
ON CONFLICT (code) DO NOTHING
"""
_ENTRY = """
INSERT INTO journal_entries (id, region, settlement_id, reverses_id, booked_on, posting_count)
VALUES ($1, $2, $3, NULL, $4, $5)
"""
_POSTINGS = """
INSERT INTO postings (entry_id, account_code, amount_fen)
SELECT $1, c, a FROM unnest($2::text[], $3::bigint[]) AS t(c, a)
"""
_SETTLED = """
UPDATE encounters SET status = 'settled', version = version + 1, settlement_id = $2,
  settlement_count = settlement_count + 1, last_settlement_id = $2
WHERE id = $1
"""


def _insert(table: str, columns: list[str]) -> str:
    places = ", ".join(f"${number}" for number in range(1, len(columns) + 1))
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})"


OUTBOX = _insert(
    "outbox",
    [
        "id",
        "aggregatetype",
        "aggregateid",
        "type",
        "payload",
        "aggregate_version",
        "occurred_at",
        "headers",
    ],
)
AUDIT = _insert("audit_log", ["id", "at", "actor", "organisation", "action", "subject", "detail"])


async def _no_reset(_: Any) -> None:
    """Save asyncpg's round trip at each return to the pool: nothing here changes a session."""


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


class Baseline:
    """Both endpoints, on the databases of a configuration."""

    def __init__(self, identity: str, claims: str, keys_file: Path) -> None:
        self._urls = (identity, claims)
        self._vault = Vault.from_file(keys_file)
        self._t = Template()
        self._insert_recognition = ""
        self._insert_settlement = ""
        self._identity: asyncpg.Pool[asyncpg.Record]
        self._claims: asyncpg.Pool[asyncpg.Record]

    def app(self) -> Starlette:
        @asynccontextmanager
        async def lifespan(_: Starlette) -> Any:
            await self.open()
            yield
            await self.close()

        return Starlette(
            routes=[
                Route("/identity/v1/recognitions", self.recognise, methods=["POST"]),
                Route(
                    "/claims/v1/encounters/{encounter_id:uuid}/settlement",
                    self.settle,
                    methods=["POST"],
                ),
                Route("/healthz", lambda _: Response("alive")),
            ],
            lifespan=lifespan,
        )

    async def open(self) -> None:
        self._identity, self._claims = [
            await asyncpg.create_pool(url, min_size=10, max_size=20, reset=_no_reset)
            for url in self._urls
        ]
        await self._load_template()

    async def close(self) -> None:
        await self._identity.close()
        await self._claims.close()

    # --- the template -----------------------------------------------------------------------------

    async def _load_template(self) -> None:
        t, pool = self._t, self._identity
        t.recognised = await self._answer_of(pool, RECOGNISE_KEY)
        recognition_id = t.recognised["recognition_id"]
        t.recognition = await _row(
            pool, "recognitions", "recognition_id = $1::uuid", recognition_id
        )
        t.recognition_event = await _row(pool, "outbox", "aggregateid = $1", recognition_id)
        t.recognition_audit = await _row(pool, "audit_log", "subject = $1", recognition_id)
        self._insert_recognition = _insert("recognitions", list(t.recognition))
        pool = self._claims
        t.settled = await self._answer_of(pool, SETTLE_KEY)
        settlement_id = t.settled["settlement_id"]
        t.settlement = await _row(pool, "settlements", "id = $1::uuid", settlement_id)
        del t.settlement["recorded_at"]  # the database's own now()
        t.settlement_event = await _row(
            pool, "outbox", "payload ->> 'settlement_id' = $1", settlement_id
        )
        t.settlement_audit = await _row(pool, "audit_log", "subject = $1", settlement_id)
        self._insert_settlement = _insert("settlements", list(t.settlement))
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
        t.standing = await _row(pool, "standings", "person_id = $1", t.settlement["person_id"])

    async def _answer_of(self, pool: asyncpg.Pool[asyncpg.Record], key: str) -> dict[str, Any]:
        body = await pool.fetchval(
            "SELECT body FROM idempotency_keys WHERE client_id = $1 AND key = $2", CLIENT, key
        )
        found: dict[str, Any] = json.loads(
            self._vault.decrypt_bytes(body, column="idempotency_keys.body")
        )
        return found

    # --- the two endpoints ------------------------------------------------------------------------

    async def recognise(self, request: Request) -> Response:
        raw = await request.body()
        body = json.loads(raw)
        given, visit = body["credentials"], body["visit"]
        occurred_at = datetime.fromisoformat(visit["occurred_at"])
        number, name = given["id_number"], given["name"]
        born = date.fromisoformat(f"{number[6:10]}-{number[10:12]}-{number[12:14]}")
        index = self._vault.blind_index
        number_idx = index(number, purpose="id_number")
        name_birth_idx = index(f"{name}|{born.isoformat()}", purpose="name_birth")
        index(name, purpose="name")
        credentials = self._vault.encrypt(
            json.dumps(given, ensure_ascii=False), column="recognitions.credentials"
        )
        t, now, recognition_id = self._t, datetime.now(UTC), new_id()
        async with self._identity.acquire() as connection, connection.transaction():
            key = await self._claim(connection, request, raw)
            rows = await connection.fetch(
                _CANDIDATES, t.recognition["region"], number_idx, name_birth_idx
            )
            person_id: UUID = rows[0]["person_id"]
            values = t.recognition | {
                "recognition_id": recognition_id,
                "facility_code": body["facility_code"],
                "visit_no": visit["visit_no"],
                "visit_type": visit["type"],
                "occurred_at": occurred_at,
                "person_id": person_id,
                "candidate_id": person_id,
                "credentials_enc": credentials,
                "recorded_at": now,
            }
            await connection.execute(self._insert_recognition, *values.values())
            told = {
                "recognition_id": str(recognition_id),
                "person_id": str(person_id),
                "facility_code": body["facility_code"],
                "visit_no": visit["visit_no"],
                "visit_type": visit["type"],
                "occurred_at": visit["occurred_at"],
                "township": rows[0]["township"],
                "village": rows[0]["village"],
            }
            await self._tell(
                connection, t.recognition_event, told, str(recognition_id), 1, occurred_at
            )
            await self._log(
                connection,
                t.recognition_audit,
                {"person_id": str(person_id), "facility_code": body["facility_code"]},
                str(recognition_id),
                now,
            )
            answer = t.recognised | {
                "recognition_id": str(recognition_id),
                "person_id": str(person_id),
            }
            return await self._keep(connection, key, 200, answer)

    async def settle(self, request: Request) -> Response:
        encounter_id: UUID = request.path_params["encounter_id"]
        t, now, settlement_id = self._t, datetime.now(UTC), new_id()
        async with self._claims.acquire() as connection, connection.transaction():
            key = await self._claim(connection, request, await request.body())
            encounter = await connection.fetchrow(_ENCOUNTER, encounter_id)
            assert encounter is not None
            assert encounter["settlement_id"] is None
            await connection.fetch(_LINES, encounter_id)
            person_id = encounter["person_id"]
            year = (t.standing["area"], person_id, t.standing["year"])
            before = await connection.fetchrow(_STANDING, *year)
            assert before is not None
            values = t.settlement | {
                "id": settlement_id,
                "encounter_id": encounter_id,
                "person_id": person_id,
                "township": encounter["township"],
                "village": encounter["village"],
                "made_at": now,
            }
            await connection.execute(self._insert_settlement, *values.values())
            await connection.execute(
                _PAYERS,
                settlement_id,
                [row["position"] for row in t.payers],
                [row["payer"] for row in t.payers],
                [row["amount_fen"] for row in t.payers],
            )
            columns = list(t.lines[0].keys())[1:]
            await connection.execute(
                _PARTS, settlement_id, *([row[name] for row in t.lines] for name in columns)
            )
            await connection.execute(
                _STANDING_AFTER,
                *year,
                *(paid + t.standing[name] for name, paid in before.items()),
            )
            await self._book(connection, settlement_id, now.date())
            await connection.execute(_SETTLED, encounter_id, settlement_id)
            told = {
                "settlement_id": str(settlement_id),
                "encounter_id": str(encounter_id),
                "person_id": person_id,
                "township": encounter["township"],
                "village": encounter["village"],
            }
            version = encounter["version"] + 1
            await self._tell(connection, t.settlement_event, told, str(encounter_id), version, now)
            await self._log(
                connection,
                t.settlement_audit,
                {"encounter_id": str(encounter_id)},
                str(settlement_id),
                now,
            )
            answer = t.settled | {
                "settlement_id": str(settlement_id),
                "encounter_id": str(encounter_id),
                "person_id": person_id,
                "made_at": now.isoformat(),
            }
            return await self._keep(connection, key, 201, answer)

    # --- what both do -----------------------------------------------------------------------------

    async def _book(self, connection: Any, settlement_id: UUID, day: date) -> None:
        t, entry_id = self._t, new_id()
        await connection.execute(_ACCOUNTS, json.dumps(t.accounts))
        await connection.execute(
            _ENTRY, entry_id, t.settlement["region"], settlement_id, day, len(t.postings)
        )
        await connection.execute(
            _POSTINGS,
            entry_id,
            [row["account_code"] for row in t.postings],
            [row["amount_fen"] for row in t.postings],
        )

    async def _claim(self, connection: Any, request: Request, raw: bytes) -> str:
        key = request.headers["idempotency-key"]
        digest = hashlib.sha256(request.url.path.encode() + raw).digest()
        assert await connection.fetchval(_CLAIM, CLIENT, key, digest) == key
        return key

    async def _keep(
        self, connection: Any, key: str, status: int, answer: Mapping[str, Any]
    ) -> Response:
        body = json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode()
        stored = self._vault.encrypt_bytes(body, column="idempotency_keys.body")
        await connection.execute(_KEEP, CLIENT, key, status, stored)
        return Response(body, status_code=status, media_type="application/json")

    async def _tell(
        self,
        connection: Any,
        like: Mapping[str, Any],
        told: Mapping[str, Any],
        subject: str,
        version: int,
        occurred_at: datetime,
    ) -> None:
        payload = json.loads(like["payload"]) | told
        headers = json.loads(like["headers"]) | {"partitionkey": subject}
        await connection.execute(
            OUTBOX,
            new_id(),
            like["aggregatetype"],
            subject,
            like["type"],
            json.dumps(payload, ensure_ascii=False),
            version,
            occurred_at,
            json.dumps(headers),
        )

    async def _log(
        self,
        connection: Any,
        like: Mapping[str, Any],
        told: Mapping[str, Any],
        subject: str,
        at: datetime,
    ) -> None:
        detail = json.loads(like["detail"]) | told
        await connection.execute(
            AUDIT,
            new_id(),
            at,
            like["actor"],
            like["organisation"],
            like["action"],
            subject,
            json.dumps(detail),
        )


async def _row(
    pool: asyncpg.Pool[asyncpg.Record], table: str, where: str, value: str
) -> dict[str, Any]:
    (row,) = await pool.fetch(f"SELECT * FROM {table} WHERE {where}", value)
    return dict(row)


def serve(config_file: Path) -> None:
    """Serve the endpoints as the product's host does: one process, uvicorn, no access log."""
    config = json.loads(config_file.read_text())
    app = Baseline(config["identity"], config["claims"], Path(config["keys_file"])).app()
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            host="127.0.0.1",
            port=config["port"],
            log_config=None,
            access_log=False,
            server_header=False,
        )
    )
    asyncio.run(server.serve())


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
