"""Looking at a server of ours from outside, and starting one in a process that may be killed."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncpg

from deploy.embedded.blocking import run_blocking
from deploy.embedded.postgres import EmbeddedPostgres
from tests.support.postgres import plain_dsn

ROOT = os.geteuid() == 0
REPOSITORY = Path(__file__).parents[3]
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
FAST["shared_buffers"] = "16MB"

LAUNCHER = """
import sys, time
from pathlib import Path
from deploy.embedded import layout
from deploy.embedded.postgres import EmbeddedPostgres
layout.SYSTEM_FOLDER = Path(sys.argv[2])
server = EmbeddedPostgres(Path(sys.argv[1]))
server.start()
print(server.pid, server.ensure_database("claims"), flush=True)
time.sleep(600)
"""


def query(url: str, *statements: str) -> Any:
    """Run the statements on one connection; the value of the last one."""

    async def work() -> Any:
        connection = await asyncpg.connect(plain_dsn(url), timeout=20)
        try:
            for statement in statements[:-1]:
                await connection.execute(statement)
            return await connection.fetchval(statements[-1])
        finally:
            await connection.close()

    return run_blocking(work)


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def until(condition: Callable[[], bool], seconds: float = 20) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return condition()


def logs_of(server: EmbeddedPostgres) -> str:
    files = [*(server.cluster / "log").iterdir(), server.data_dir / "postgres-start.log"]
    return "\n".join(file.read_text() for file in files)


def launch(data: Path, system: Path) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-c", LAUNCHER, str(data), str(system)],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
    )
