"""One embedded PostgreSQL for a whole test run, shared by every pytest-xdist worker.

The server belongs to a keeper, a process of its own. Each worker holds a shared lock on one file
as long as it lives; the keeper ends the server and deletes everything once it can take that lock
alone. The kernel drops a lock with its process, so a worker that crashes is counted out too.

Use: `template_database("identity", migrate)` once per kind of database, then
`fresh_database("identity")` per test and `drop_database(url)` after it. All three may be called
from ordinary code and from inside an event loop.
"""

import contextlib
import fcntl
import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg

from deploy.embedded.blocking import outside_the_loop, run_blocking
from deploy.embedded.postgres import EmbeddedPostgres

FAST_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "300",
    "autovacuum": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "256MB",  # it may lie in memory
}
OWNER = "tests"  # every test database belongs to this ordinary role, as in production
_START_SECONDS = 120.0
_MEMORY = Path("/dev/shm")
_ENOUGH_BYTES = 3 * 1024**3
_ALONE = secrets.token_hex(6)  # names the run when there is no xdist

_state: dict[str, Any] = {}


# --- what tests call ----------------------------------------------------------------------------


def template_database(name: str, build: Callable[[str], object], *, base: str | None = None) -> str:
    """Make a template database once per run; `build(url)` fills it (migrations, seed).

    It begins empty, or as a copy of the template `base`.

    The first worker that asks builds, the others wait for it; `build` may start an event loop of
    its own (Alembic does). Returns the name, for `fresh_database`.
    """
    facts = _server()
    folder = Path(facts["folder"])
    done = folder / f"template-{name}"
    if done.exists():
        return name
    with _locked(folder / f"template-{name}.lock"):
        if not done.exists():
            database = f"template_{name}"
            _administer(facts, f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')
            _administer(facts, f'CREATE DATABASE "{database}" OWNER {OWNER}{_copy_of(base)}')
            url = _url(facts, database)
            outside_the_loop(lambda: build(url))
            # Closed for good: CREATE DATABASE refuses a template that someone is connected to.
            _administer(
                facts,
                f'ALTER DATABASE "{database}" ALLOW_CONNECTIONS false',
                f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'",
            )
            done.touch()
    return name


def fresh_database(template: str | None = None) -> str:
    """A new database (a copy of the template, or empty); its SQLAlchemy URL."""
    facts = _server()
    database = f"test_{secrets.token_hex(8)}"
    _administer(facts, f'CREATE DATABASE "{database}" OWNER {OWNER}{_copy_of(template)}')
    return _url(facts, database)


def _copy_of(template: str | None) -> str:
    # Copying files is the quicker strategy where nothing is synced to disk.
    return f' TEMPLATE "template_{template}" STRATEGY file_copy' if template else ""


def drop_database(url: str) -> None:
    """Delete a database made by `fresh_database`, whoever is still connected to it."""
    database = urlsplit(url).path.lstrip("/")
    if re.fullmatch(r"test_[0-9a-f]{16}", database) is None:
        raise ValueError(f"{database!r} is not a database of fresh_database.")
    _administer(_server(), f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')


@contextmanager
def database(template: str | None = None) -> Iterator[str]:
    """`fresh_database`, dropped at the end of the block."""
    url = fresh_database(template)
    try:
        yield url
    finally:
        drop_database(url)


def plain_dsn(url: str) -> str:
    """The same database for asyncpg, psql and pg_dump, which do not know SQLAlchemy's prefix."""
    return url.replace("postgresql+asyncpg://", "postgresql://", 1)


def superuser_dsn(database: str = "postgres") -> str:
    """For tests that look from outside (pg_stat_activity, pg_terminate_backend, pg_dump)."""
    return str(_server()["admin"]).replace("@/postgres?", f"@/{database}?", 1)


def program(tool: str) -> Path:
    """The path of `psql`, `pg_dump`, `pgbench` …"""
    return Path(_server()["programs"]) / tool


# --- the worker's side --------------------------------------------------------------------------


def _server() -> dict[str, Any]:
    """The running server's facts; the first caller of the run starts it."""
    if _state.get("pid") != os.getpid():  # also after a fork
        _state.clear()
        _state.update(outside_the_loop(_join))
    facts: dict[str, Any] = _state["facts"]
    return facts


def _join() -> dict[str, Any]:
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", _ALONE)
    folder = _place() / f"yizhan-tests-{os.geteuid()}-{run}"
    keeper: subprocess.Popen[bytes] | None = None
    while True:
        with contextlib.suppress(FileExistsError):
            folder.mkdir(mode=0o700)
            folder.chmod(0o711)  # made by us: root's server account must pass through
        if folder.lstat().st_uid != os.geteuid():
            raise RuntimeError(f"{folder} belongs to someone else; set TMPDIR to a private folder.")
        users = os.open(folder / "users", os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(users, fcntl.LOCK_SH)
        if _is_still(folder / "users", users):
            break
        os.close(users)  # a keeper was just cleaning up: begin anew
    with _locked(folder / "start.lock"):
        if not (folder / "server.json").exists():
            keeper = _start_keeper(folder)
        facts = json.loads((folder / "server.json").read_text())
    # The descriptor stays open, and with it the shared lock, until this process ends.
    return {"pid": os.getpid(), "facts": facts, "users": users, "keeper": keeper}


def _place() -> Path:
    """Memory where there is plenty: on a disk, a new database's 300 files take up to 0.3 s."""
    if "TMPDIR" not in os.environ and _MEMORY.is_dir():
        with contextlib.suppress(OSError):
            if os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free >= _ENOUGH_BYTES:
                return _MEMORY
    return Path(tempfile.gettempdir())


def _is_still(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _start_keeper(folder: Path) -> subprocess.Popen[bytes]:
    log = folder / "keeper.log"
    with log.open("wb") as output:
        keeper = subprocess.Popen(
            [sys.executable, "-m", "tests.support.postgres", str(folder)],
            cwd=Path(__file__).parents[2],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    deadline = time.monotonic() + _START_SECONDS
    while not (folder / "server.json").exists():
        if keeper.poll() is not None or time.monotonic() > deadline:
            text = log.read_text(errors="replace")
            raise RuntimeError(f"The test database did not start:\n{text}")
        time.sleep(0.02)
    return keeper


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _url(facts: dict[str, Any], database: str) -> str:
    return str(facts["owner"]).replace(f"@/{OWNER}?", f"@/{database}?", 1)


def _administer(facts: dict[str, Any], *statements: str) -> None:
    async def work(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        for statement in statements:
            await connection.execute(statement)

    run_blocking(lambda: _with_connection(facts["admin"], work))


async def _with_connection(
    dsn: str, work: Callable[["asyncpg.Connection[asyncpg.Record]"], Awaitable[None]]
) -> None:
    connection = await asyncpg.connect(dsn, timeout=30)
    try:
        await work(connection)
    finally:
        await connection.close()


# --- the keeper's side --------------------------------------------------------------------------


def keep(folder: Path) -> None:
    """Run the server until no worker is left, then delete it and the folder."""
    server = EmbeddedPostgres(folder / "data", settings=FAST_SETTINGS)
    server.start()
    try:
        facts = {
            "folder": str(folder),
            "admin": server.dsn("postgres"),
            "owner": server.ensure_database(OWNER),
            "programs": str(server.bin("psql").parent),
        }
        partial = folder / "server.json.new"
        partial.touch(mode=0o600)
        partial.write_text(json.dumps(facts))
        partial.rename(folder / "server.json")
        with (folder / "users").open("r+") as users:
            while not _alone(users.fileno()):
                time.sleep(0.1)
            # Alone, and whoever comes now waits for the lock, then finds the folder gone.
            (folder / "server.json").unlink()
            _delete(folder, server)
    finally:
        server.stop()


def _alone(users: int) -> bool:
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _delete(folder: Path, server: EmbeddedPostgres) -> None:
    server.destroy()
    with contextlib.suppress(OSError):
        (folder / "data").rmdir()
    # `users` last: until then a newcomer waits for its lock, afterwards he makes a new one.
    for file in sorted(folder.iterdir(), key=lambda file: file.name == "users"):
        file.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        folder.rmdir()


if __name__ == "__main__":
    keep(Path(sys.argv[1]))
