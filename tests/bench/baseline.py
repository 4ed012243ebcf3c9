"""The same reads and writes by hand: Starlette and asyncpg, nothing between them.

What an engineer would write who wants speed and nothing else. Each endpoint does in one transaction
what the product's does: the same rows in the same tables with the same columns filled, the same
sizes of JSON and ciphertext. It leaves out what is no database work: checking the token and the
fields, judging the evidence, calculating the bill, masking, metrics, logging. The amounts, the
explanation and the answer are those of one visit that the product itself recognised and settled
(the *template*); only the ids differ. ``test_smoke`` compares the rows of both.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Mapping
from contextlib import asynccontextmanager
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
from shared.runtime.loop import run as run_loop
from shared.security.crypto import Vault
from tests.bench import statements
from tests.bench.template import CLIENT, Pool, Template, load


async def _no_reset(_: Any) -> None:
    """Save asyncpg's round trip at each return to the pool: nothing here changes a session."""


class Baseline:
    """Both endpoints, on the databases of a configuration."""

    def __init__(self, identity: str, claims: str, keys_file: Path) -> None:
        self._urls = (identity, claims)
        self._vault = Vault.from_file(keys_file)
        self._t = Template()
        self._identity: Pool
        self._claims: Pool

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
                Route("/{service}/healthz", lambda _: Response("alive")),
            ],
            lifespan=lifespan,
        )

    async def open(self) -> None:
        self._identity, self._claims = [
            await asyncpg.create_pool(url, min_size=10, max_size=20, reset=_no_reset)
            for url in self._urls
        ]
        self._t = await load(self._identity, self._claims, self._vault)

    async def close(self) -> None:
        await self._identity.close()
        await self._claims.close()

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
                statements.CANDIDATES, t.recognition["region"], number_idx, name_birth_idx
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
            await connection.execute(t.insert_recognition, *values.values())
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
            encounter = await connection.fetchrow(statements.ENCOUNTER, encounter_id)
            assert encounter is not None
            assert encounter["settlement_id"] is None
            await connection.fetch(statements.LINES, encounter_id)
            person_id = encounter["person_id"]
            year = (t.standing["area"], person_id, t.standing["year"])
            await connection.fetch(statements.HOLD, person_id)
            before = await connection.fetchrow(statements.STANDING, *year)
            assert before is not None
            await connection.fetchrow(statements.RESERVATIONS, *year, now, encounter_id)
            values = t.settlement | {
                "id": settlement_id,
                "encounter_id": encounter_id,
                "person_id": person_id,
                "township": encounter["township"],
                "village": encounter["village"],
                "made_at": now,
            }
            await connection.execute(t.insert_settlement, *values.values())
            await connection.execute(
                statements.PAYERS,
                settlement_id,
                [row["position"] for row in t.payers],
                [row["payer"] for row in t.payers],
                [row["amount_fen"] for row in t.payers],
            )
            columns = list(t.lines[0].keys())[1:]
            await connection.execute(
                statements.lines(columns),
                settlement_id,
                *([row[name] for row in t.lines] for name in columns),
            )
            await connection.execute(
                statements.STANDING_AFTER,
                *year,
                *(paid + t.standing[name] for name, paid in before.items()),
            )
            await self._book(connection, settlement_id, now.date())
            await connection.execute(statements.SETTLED, encounter_id, settlement_id)
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
        await connection.execute(statements.ACCOUNTS, json.dumps(t.accounts))
        await connection.execute(
            statements.ENTRY, entry_id, t.settlement["region"], settlement_id, day, len(t.postings)
        )
        await connection.execute(
            statements.POSTINGS,
            entry_id,
            [row["account_code"] for row in t.postings],
            [row["amount_fen"] for row in t.postings],
        )

    async def _claim(self, connection: Any, request: Request, raw: bytes) -> str:
        key = request.headers["idempotency-key"]
        digest = hashlib.sha256(request.url.path.encode() + raw).digest()
        assert await connection.fetchval(statements.CLAIM, CLIENT, key, digest) == key
        return key

    async def _keep(
        self, connection: Any, key: str, status: int, answer: Mapping[str, Any]
    ) -> Response:
        body = json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode()
        stored = self._vault.encrypt_bytes(body, column="idempotency_keys.body")
        await connection.execute(statements.KEEP, CLIENT, key, status, stored)
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
            statements.OUTBOX,
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
            statements.AUDIT,
            new_id(),
            at,
            like["actor"],
            like["organisation"],
            like["action"],
            subject,
            json.dumps(detail),
        )


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
    run_loop(server.serve())


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
