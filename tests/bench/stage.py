"""What is measured: PostgreSQL as installed, the product beside it, the baseline beside both."""

from __future__ import annotations

import asyncio
import io
import json
import os
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx
from sqlalchemy import MetaData

from deploy.embedded.postgres import EmbeddedPostgres
from services.claims.models.base import METADATA as CLAIMS_METADATA
from services.claims.module import MODULE as CLAIMS
from services.identity.models.base import METADATA as IDENTITY_METADATA
from services.identity.module import MODULE as IDENTITY
from shared.db.migrate import upgrade
from tests.bench.client import Request
from tests.bench.template import RECOGNISE_KEY, SETTLE_KEY
from tests.support.main_job import BILL_A, MainJob
from tests.support.people import RosterPerson, roster_csv
from tests.support.postgres import plain_dsn
from tests.support.preloaded import REPOSITORY
from tests.support.process import SERVICES, Yizhan, eventually, free_port

ROSTER = 600
_SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许"
_GIVEN = "一丁七万丈三上下不与"


def people() -> list[RosterPerson]:
    """The county's register in the bench; everybody's number, name and birth date differ."""
    return [
        RosterPerson(
            name=_SURNAMES[at % 20] + _GIVEN[at // 20 % 10] + _GIVEN[at // 200 % 10],
            birth=date(1940, 1, 1) + timedelta(days=9 * at),
            sequence=100 + at % 800,
            household=f"H{at // 3:05d}",
            phone=f"1{at:010d}",
        )
        for at in range(ROSTER)
    ]


@dataclass
class Stage:
    """Everything that runs during the measurements."""

    server: EmbeddedPostgres
    yizhan: Yizhan
    urls: dict[str, str]
    """The product's databases, as asyncpg takes them."""
    folder: Path
    people: list[RosterPerson]
    template: MainJob
    _connections: dict[str, asyncpg.Connection[asyncpg.Record]] = field(default_factory=dict)

    @property
    def facility(self) -> str:
        return self.template.facility()

    def recognition(self, visit_no: str, number: int) -> Request:
        """The request for the visit of the person of this number."""
        patient = self.people[number % len(self.people)]
        body = {
            "facility_code": self.facility,
            "visit": {
                "visit_no": visit_no,
                "type": "inpatient",
                "occurred_at": "2016-03-01T09:30:00+08:00",
            },
            "credentials": {"id_number": patient.number, "name": patient.name},
        }
        return Request(
            "/identity/v1/recognitions",
            json.dumps(body, ensure_ascii=False).encode(),
            f"rec-{visit_no}",
        )

    async def quiet(self, *, within_s: float = 60.0) -> None:
        """Wait until every event is published and handled."""
        before: list[int] = []
        deadline = time.monotonic() + within_s
        while True:
            now = [
                await self.value(name, "SELECT count(*) FROM outbox WHERE published_at IS NULL")
                for name in SERVICES
            ]
            handled = [await self.value(name, "SELECT count(*) FROM inbox") for name in SERVICES]
            if sum(now) == 0 and handled == before:
                return
            assert time.monotonic() < deadline, f"still to publish: {now}"
            before = handled
            await asyncio.sleep(0.25)

    async def value(self, service: str, statement: str, *arguments: Any) -> Any:
        connection = await self._connected(service)
        return await connection.fetchval(statement, *arguments)

    async def values(self, service: str, statement: str, *arguments: Any) -> list[Any]:
        connection = await self._connected(service)
        return [row[0] for row in await connection.fetch(statement, *arguments)]

    async def _connected(self, service: str) -> asyncpg.Connection[asyncpg.Record]:
        if service not in self._connections:
            self._connections[service] = await asyncpg.connect(self.urls[service])
        return self._connections[service]


@contextmanager
def product_on_postgres(folder: Path) -> Iterator[Stage]:
    """The product as ``make run`` has it, with an empty register; durable default settings."""
    with EmbeddedPostgres(folder / "postgres") as server:
        urls = {name: server.ensure_database(f"yizhan_{name}") for name in SERVICES}
        yizhan = Yizhan(
            folder / "data", {f"{name.upper()}_DATABASE_URL": url for name, url in urls.items()}
        )
        yizhan.start()
        crowd = people()
        try:
            yield Stage(
                server=server,
                yizhan=yizhan,
                urls={name: plain_dsn(url) for name, url in urls.items()},
                folder=folder,
                people=crowd,
                template=MainJob(yizhan, "TEMPLATE", crowd[0]),
            )
        finally:
            yizhan.stop()


def upload_roster(stage: Stage) -> str:
    """Upload the register; gives the import's id. Nothing is told to anybody yet."""
    answer = stage.yizhan.call(
        "POST",
        "/identity/v1/roster-imports",
        client="poverty-office",
        files={"file": ("roster.csv", roster_csv(*stage.people), "text/csv")},
        data={"source": "poverty_office", "effective_on": "2016-01-01", "mode": "full"},
    )
    assert answer.json().get("accepted") == len(stage.people), answer.text[:2000]
    return str(answer.json()["import_id"])


def make_template(stage: Stage) -> None:
    """One visit through the product, from which the baseline takes its constants."""
    job, call = stage.template, stage.yizhan.call
    answer = call("POST", "/identity/v1/recognitions", key=RECOGNISE_KEY, json=job.visit())
    assert answer.status_code == httpx.codes.OK, answer.text
    job.known["recognition"] = answer.json()
    job.await_encounter()
    job.charge()
    job.discharge()
    answer = call("POST", f"{job.encounter_path}/settlement", key=SETTLE_KEY)
    assert answer.status_code == httpx.codes.CREATED, answer.text


def charge_and_discharge(encounters: Sequence[str]) -> tuple[list[Request], list[Request]]:
    """The requests that bring encounters to where they can be settled."""
    bill = json.dumps({"batch_no": "B1", "lines": BILL_A}, ensure_ascii=False).encode()
    leave = json.dumps(
        {"discharged_at": "2016-03-08T10:00:00+08:00", "diagnoses": ["J18.900"]}
    ).encode()
    path = "/claims/v1/encounters"
    return (
        [Request(f"{path}/{each}/charges", bill, f"charge-{each}") for each in encounters],
        [Request(f"{path}/{each}/discharge", leave, f"leave-{each}") for each in encounters],
    )


class SideProcess(ABC):
    """A process of its own on copies of the product's identity and claims databases."""

    name: str

    def __init__(self, stage: Stage, number: int) -> None:
        self._stage = stage
        self.port = free_port()
        self.urls = {
            name: stage.server.ensure_database(f"{self.name}{number}_{name}")
            for name in ("identity", "claims")
        }
        self._process: subprocess.Popen[bytes] | None = None
        for module in (IDENTITY, CLAIMS):
            upgrade(module.name, module.migrations, self.urls[module.name])

    async def copy(self) -> None:
        """Copy what the product's two databases hold, and gather statistics on both."""
        for module, metadata in ((IDENTITY, IDENTITY_METADATA), (CLAIMS, CLAIMS_METADATA)):
            await _copy(self._stage.urls[module.name], plain_dsn(self.urls[module.name]), metadata)

    @abstractmethod
    def command(self, service: str) -> tuple[list[str], dict[str, str]]:
        """What to start, and what to add to its environment."""

    def start(self, service: str) -> None:
        """Start it; a process that serves one service alone serves this one."""
        arguments, environment = self.command(service)
        self._log = self._stage.folder / f"{self.name}.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", *arguments],
                cwd=REPOSITORY,
                env={**os.environ, **environment},
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        eventually(lambda: self._alive(service), within_s=30, what=f"{self.name} answers")

    def _alive(self, service: str) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self._log.read_text()[-2000:]
        try:
            answer = httpx.get(f"http://127.0.0.1:{self.port}/{service}/healthz")
        except httpx.HTTPError:
            return False
        return answer.is_success

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=20)
            self._process = None


class BaselineProcess(SideProcess):
    """The hand-written endpoints."""

    name = "baseline"

    def command(self, service: str) -> tuple[list[str], dict[str, str]]:
        config = self._stage.folder / "baseline.json"
        config.touch(mode=0o600)
        config.write_text(
            json.dumps(
                {
                    "identity": plain_dsn(self.urls["identity"]),
                    "claims": plain_dsn(self.urls["claims"]),
                    "keys_file": str(self._stage.yizhan.data_dir / "keys.json"),
                    "port": self.port,
                }
            )
        )
        return ["tests.bench.baseline", str(config)], {}


class ServiceProcess(SideProcess):
    """One service of the product as its container serves it; its worker runs nowhere."""

    name = "service"

    def command(self, service: str) -> tuple[list[str], dict[str, str]]:
        data = self._stage.yizhan.data_dir
        return [f"services.{service}", "serve"], {
            f"{service.upper()}_DATABASE_URL": self.urls[service],
            "YIZHAN_PORT": str(self.port),
            "YIZHAN_KEYS_FILE": str(data / "keys.json"),
            "YIZHAN_TOKEN_KEY_FILE": str(data / "token_key.json"),
        }


async def _copy(source_url: str, target_url: str, metadata: MetaData) -> None:
    source, target = await asyncpg.connect(source_url), await asyncpg.connect(target_url)
    try:
        async with source.transaction(isolation="repeatable_read"), target.transaction():
            for table in metadata.sorted_tables:
                # As a restored dump: what triggers keep is copied too, in any order of the tables.
                await target.execute(f'ALTER TABLE "{table.name}" DISABLE TRIGGER USER')
                content = io.BytesIO()
                await source.copy_from_table(table.name, output=content, format="binary")
                content.seek(0)
                await target.copy_to_table(table.name, source=content, format="binary")
                await target.execute(f'ALTER TABLE "{table.name}" ENABLE TRIGGER USER')
        await source.execute("ANALYZE")
        await target.execute("ANALYZE")
    finally:
        await source.close()
        await target.close()
