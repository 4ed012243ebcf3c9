"""A roster's way into the register: uploaded, judged, compared, applied; over HTTP, durable.

Identity's own process on its own database, as the cluster runs it; what the other services make of
the events is not part of the import.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import httpx
from rich.console import Console
from rich.table import Table

from deploy.embedded.postgres import EmbeddedPostgres
from services.identity.module import MODULE as IDENTITY
from shared.db.migrate import upgrade
from shared.security.crypto import Vault
from shared.security.scopes import SCOPES
from shared.security.tokens import TokenSigner
from tests.bench.over_http import reachable
from tests.support.people import RosterPerson, roster_csv
from tests.support.preloaded import REPOSITORY
from tests.support.process import eventually, free_port

SIZES, LARGE_SIZES = (10_000, 100_000), (10_000, 100_000, 500_000)
_SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜"
_GIVEN = "伟芳娜秀英敏静丽强磊军洋勇艳杰娟涛明超兰霞平刚桂华建国文玉梅红云"
_VILLAGES = 120
_DAYS = 25_000
_LONGEST_S = 3_600


def crowd(size: int) -> list[RosterPerson]:
    """Registered people of a county, all of them different."""
    return [
        RosterPerson(
            name=_SURNAMES[at % 32] + _GIVEN[at // 32 % 32] + _GIVEN[at // 1024 % 32],
            birth=date(1935, 1, 1) + timedelta(days=at * 7 % _DAYS),
            sequence=100 + at // _DAYS,
            household=f"H{at // 3:06d}",
            phone=f"1{3_000_000_000 + at:010d}",
            village=f"第{at // 30 % _VILLAGES}村",
        )
        for at in range(size)
    ]


@dataclass(frozen=True)
class IdentityAlone:
    """A running identity service."""

    base_url: str
    token: str
    database_url: str
    pid: int
    port: int

    def call(self, path: str, **options: object) -> httpx.Response:
        answer = httpx.post(
            f"{self.base_url}/identity/v1{path}",
            headers={"authorization": f"Bearer {self.token}"},
            timeout=_LONGEST_S,
            **options,  # type: ignore[arg-type]
        )
        answer.raise_for_status()
        return answer

    def upload(self, people: list[RosterPerson]) -> str:
        """Upload a full roster; every row of it is right."""
        answer = self.call(
            "/roster-imports",
            files={"file": ("roster.csv", roster_csv(*people), "text/csv")},
            data={"source": "poverty_office", "effective_on": "2016-01-01", "mode": "full"},
        ).json()
        assert answer["accepted"] == len(people), answer["errors"][:3]
        return str(answer["import_id"])

    def apply(self, import_id: str) -> None:
        self.call(f"/roster-imports/{import_id}/apply")


@contextmanager
def identity_alone(folder: Path, *, most_rows: int) -> Iterator[IdentityAlone]:
    """``python -m services.identity serve`` on a new, migrated database."""
    port = free_port()
    Vault.generate(folder / "keys.json")
    signer = TokenSigner.generate(folder / "token_key.json")
    token = signer.sign(client_id="office", organisation="region:511113", scopes=SCOPES)
    with EmbeddedPostgres(folder / "postgres") as server:
        url = server.ensure_database("yizhan_identity")
        upgrade(IDENTITY.name, IDENTITY.migrations, url)
        with (folder / "identity.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "services.identity", "serve"],
                cwd=REPOSITORY,
                env=os.environ
                | {
                    "IDENTITY_DATABASE_URL": url,
                    "IDENTITY_MAX_ROSTER_ROWS": str(most_rows),
                    "IDENTITY_MAX_ROSTER_BYTES": str(most_rows * 400),
                    "YIZHAN_PORT": str(port),
                    "YIZHAN_KEYS_FILE": str(folder / "keys.json"),
                    "YIZHAN_TOKEN_KEY_FILE": str(folder / "token_key.json"),
                },
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            base = f"http://127.0.0.1:{port}"
            eventually(lambda: _answers(base), within_s=60, what="identity answers")
            yield IdentityAlone(base, token, url, process.pid, port)
        finally:
            process.terminate()
            process.wait(timeout=60)


def _answers(base: str) -> bool:
    try:
        return httpx.get(f"{base}/identity/healthz").is_success
    except httpx.HTTPError:
        return False


def run(console: Console, large: bool) -> None:
    """The part ``imports``."""
    table = Table(title="a full roster of new people, and the same roster again")
    for name in ("rows", "upload s", "apply s", "together s", "rows/s", "the same again s"):
        table.add_column(name, justify="right")
    for size in LARGE_SIZES if large else SIZES:
        people = crowd(size)
        with (
            tempfile.TemporaryDirectory(prefix="yizhan-bench-") as name,
            identity_alone(reachable(Path(name)), most_rows=size) as identity,
        ):
            began = time.perf_counter()
            import_id = identity.upload(people)
            uploaded = time.perf_counter()
            identity.apply(import_id)
            applied = time.perf_counter()
            identity.upload(people)
            again = time.perf_counter()
        table.add_row(
            f"{size:,}",
            f"{uploaded - began:.1f}",
            f"{applied - uploaded:.1f}",
            f"[bold]{applied - began:.1f}[/]",
            f"{size / (applied - began):,.0f}",
            f"{again - applied:.1f}",
        )
    console.print(table)
