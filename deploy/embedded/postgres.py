"""PostgreSQL on one machine without an installation: the launcher of the wheel's own server.

It listens on a Unix socket only, every connection needs a password (scram-sha-256), it runs as an
ordinary user and as root (dropping privileges), and it survives kill -9 of anything at any time:
the cluster is made under another name and renamed when whole, the server ends with our process,
and the next start recovers what was committed.
"""

import asyncio
import contextlib
import os
import secrets
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import asyncpg

from deploy.embedded import layout
from deploy.embedded.blocking import run_blocking
from deploy.embedded.errors import DataDirInUse, PostgresDidNotStart
from deploy.embedded.privileges import Account, account_for, require_passwd_entry, run
from deploy.embedded.roles import SUPERUSER, check_name, close_to_others, make_database
from deploy.embedded.server import Postmaster, end_earlier_postmaster
from deploy.embedded.settings import DEFAULT_SETTINGS

__all__ = ["DataDirInUse", "EmbeddedPostgres", "PostgresDidNotStart"]

_INITDB_SECONDS = 300.0
# A killed server's workers may outlive it for a moment; the new one then refuses in these words.
_STILL_IN_USE = "shared memory block"


class EmbeddedPostgres:
    """One PostgreSQL cluster below a data folder, run as our child.

    In the data folder: `postgres.json` (0600: passwords, port, socket folder; enough for pg_dump),
    `lock`, `postgres-start.log`, and the cluster `postgres`, or, where the server's account cannot
    reach the data folder, `postgres.location` that names the cluster's home. The server's own log
    is in the cluster's folder `log`.

    Args:
        data_dir: made when missing; an existing folder's permissions are left alone.
        settings: server parameters on top of `DEFAULT_SETTINGS`.
        progress: told in a few words what is going on while a start takes its time.
        start_timeout: seconds to wait for the first accepted connection.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        settings: Mapping[str, str] | None = None,
        progress: Callable[[str], None] | None = None,
        start_timeout: float = 60.0,
    ) -> None:
        self.data_dir = data_dir.absolute()
        self._settings = {**DEFAULT_SETTINGS, **(settings or {})}
        self._say = progress or (lambda _message: None)
        self._start_timeout = start_timeout
        self._locks: list[layout.FolderLock] = []
        self._record: dict[str, Any] = {}
        self._record_lock = threading.Lock()
        self._server: Postmaster | None = None
        self._programs: Path | None = None
        self._home: Path | None = None
        self._socket_dir: Path | None = None

    # --- life -----------------------------------------------------------------------------------

    def start(self) -> None:
        """Bring the server up; returns when it accepts connections. Does nothing when it is up.

        Raises:
            DataDirInUse: another process uses the data folder.
            PostgresDidNotStart: with the reason, the cure and the end of the server's log.
        """
        if self.pid is not None:
            return
        if self._server is not None:
            self.stop()  # it died under us: let go of everything first
        try:
            self._start()
        except OSError as error:
            self.stop()
            raise PostgresDidNotStart(
                f"{error.filename or self.data_dir}: {error.strerror or error}. The account that "
                "starts the database must own its data folder."
            ) from error
        except BaseException:
            self.stop()
            raise

    def _start(self) -> None:
        # Root makes it passable, so that the server's account can reach its cluster inside.
        layout.make_folder(self.data_dir, 0o711 if os.geteuid() == 0 else 0o700)
        self._lock(self.data_dir)
        home = layout.cluster_home(self.data_dir)
        account = account_for(home / "postgres")
        if not _is_cluster(home / "postgres") and home == self.data_dir:
            home = layout.home_for_new_cluster(self.data_dir, account)
        if home != self.data_dir:
            self._lock(home)  # a copied pointer must not put a second server on the cluster
        self._home = home
        self._programs = layout.programs_for(account)
        new_secrets = self._load_record()
        if not _is_cluster(self.cluster):
            self._create_cluster(account)
        else:
            self._check_release()
            end_earlier_postmaster(account, self._programs, self.cluster, self._say)
            if new_secrets:
                self._reset_password(account)
        recorded = self._record.get("socket_dir")
        if self._record.get("data_dir") != str(self.data_dir):
            recorded = None  # a copy of another data folder: its socket is not ours
        self._socket_dir = layout.socket_folder(account, recorded)
        layout.clear_socket_folder(self._socket_dir)
        self._save_record()
        self._launch(account)

    def _lock(self, folder: Path) -> None:
        lock = layout.FolderLock(folder)
        lock.acquire()
        self._locks.append(lock)

    def stop(self) -> None:
        """Shut the server down (fast), wait for it, free the data folder. Idempotent."""
        if self._server is not None:
            self._server.stop()
            self._server = None
        if self._socket_dir is not None:
            layout.clear_socket_folder(self._socket_dir)
            with contextlib.suppress(OSError):  # swept away, or someone's file in it
                self._socket_dir.rmdir()
            self._socket_dir = None
        while self._locks:
            self._locks.pop().release()

    def destroy(self) -> None:
        """Stop the server and delete its cluster, secrets and logs. All data is lost.

        Raises:
            DataDirInUse: another process uses the data folder.
        """
        self.stop()
        if not self.data_dir.is_dir():
            return
        try:
            self._lock(self.data_dir)
            home = layout.cluster_home(self.data_dir)
            if home != self.data_dir:
                self._lock(home)
            if _is_cluster(home / "postgres"):  # a launcher killed a moment ago leaves its server
                account = account_for(home / "postgres")
                programs = layout.programs_for(account)
                end_earlier_postmaster(account, programs, home / "postgres", self._say)
            if home != self.data_dir:
                shutil.rmtree(home)
            for cluster in (self.data_dir / "postgres", *self.data_dir.glob("postgres.new-*")):
                shutil.rmtree(cluster, ignore_errors=True)
            for name in ("postgres.location", "postgres.json", "postgres-start.log", "lock"):
                (self.data_dir / name).unlink(missing_ok=True)
        finally:
            self.stop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    # --- facts ----------------------------------------------------------------------------------

    @property
    def pid(self) -> int | None:
        """The server's process id; None when it does not run."""
        return None if self._server is None else self._server.pid

    @property
    def cluster(self) -> Path:
        """The cluster's folder (PGDATA). Known once started."""
        if self._home is None:
            raise RuntimeError("The embedded PostgreSQL has not been started.")
        return self._home / "postgres"

    def bin(self, tool: str) -> Path:
        """The path of one of PostgreSQL's programs, such as `psql`, `pg_dump`, `pgbench`.

        Raises:
            LookupError: the wheel has no such program.
        """
        programs = self._programs or layout.wheel_folder() / layout.INSTALL / "bin"
        path = programs / tool
        if path.name != tool or not path.is_file():
            raise LookupError(f"The embedded PostgreSQL has no program {tool!r}.")
        return path

    def dsn(self, database: str, role: str | None = None) -> str:
        """A libpq/asyncpg URL of a database, as a role made here; without one, as the superuser.

        It holds the password: do not log it.

        Raises:
            LookupError: no such role was made by `ensure_database`.
        """
        if self._socket_dir is None:
            raise RuntimeError("The embedded PostgreSQL is not running; its URL is not known.")
        user = role or SUPERUSER
        password = self._record["passwords"].get(user)
        if password is None:
            raise LookupError(f"There is no role {user!r}; ensure_database makes one.")
        host = quote(str(self._socket_dir), safe="/")
        return f"postgresql://{user}:{password}@/{database}?host={host}&port={self._record['port']}"

    # --- databases ------------------------------------------------------------------------------

    def ensure_database(self, name: str) -> str:
        """Make a database and the role of the same name that owns it, if they are not there.

        The role can log in and is nothing else; no other role may connect to the database.

        Returns:
            an SQLAlchemy URL (`postgresql+asyncpg://...`) of the database as that role.

        Raises:
            ValueError: the name is not a plain lower-case identifier.
        """
        check_name(name)
        with self._record_lock:
            # Recorded first: a crash after this line leaves a password that the next call sets.
            if name not in self._record["passwords"]:
                self._record["passwords"][name] = _new_password()
                self._save_record()
            password = self._record["passwords"][name]
            run_blocking(lambda: make_database(self.dsn("postgres"), name, password))
        return self.dsn(name, name).replace("postgresql://", "postgresql+asyncpg://", 1)

    # --- steps of a start -----------------------------------------------------------------------

    def _load_record(self) -> bool:
        """Read `postgres.json`; whether the superuser's password had to be made anew."""
        self._record = layout.read_record(self.data_dir / "postgres.json")
        passwords = self._record.setdefault("passwords", {})
        if SUPERUSER in passwords:
            return False
        passwords[SUPERUSER] = _new_password()
        self._save_record()
        return True

    def _save_record(self) -> None:
        if self._socket_dir is not None:
            self._record |= {
                "data_dir": str(self.data_dir),
                "cluster": str(self.cluster),
                "programs": str(self._programs),
                "socket_dir": str(self._socket_dir),
                "port": int(self._settings["port"]),
                "superuser": SUPERUSER,
            }
        layout.write_record(self.data_dir / "postgres.json", self._record)

    def _check_release(self) -> None:
        found = (self.cluster / "PG_VERSION").read_text(encoding="ascii").strip()
        if found != layout.RELEASE:
            raise PostgresDidNotStart(
                f"The database in {self.cluster} was made by PostgreSQL {found}; the programs here "
                f"are PostgreSQL {layout.RELEASE}. Dump it with the older installation and load "
                "the dump into a new data folder."
            )

    def _create_cluster(self, account: Account) -> None:
        """Make it under a random name, then rename: a cluster that is there is whole."""
        require_passwd_entry(account)
        self._say("creating the database (first start only)")
        home = self.cluster.parent
        for abandoned in home.glob("postgres.new-*"):  # an initdb that was killed
            shutil.rmtree(abandoned, ignore_errors=True)
        if self.cluster.is_dir() and any(self.cluster.iterdir()):
            raise PostgresDidNotStart(
                f"{self.cluster} holds something that is not a PostgreSQL database. Move it away, "
                "or give another data folder."
            )
        new = Path(tempfile.mkdtemp(dir=home, prefix="postgres.new-"))
        account.take(new)
        code, output = self._initdb(account, new)
        if code != 0 or not _is_cluster(new):
            shutil.rmtree(new, ignore_errors=True)
            raise PostgresDidNotStart("PostgreSQL's initdb failed.", output)
        new.rename(self.cluster)
        layout.sync_folder(home)

    def _initdb(self, account: Account, new: Path) -> tuple[int, str]:
        argv: list[str | Path] = [
            *(self.bin("initdb"), "-D", new, "-U", SUPERUSER, "--pwfile=/dev/stdin"),
            *("--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-instructions"),
            # Sorted by code point like C, but letters of every script have cases and classes.
            *("--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
            *(["--no-sync"] if self._settings.get("fsync") == "off" else []),
        ]
        password = f"{self._record['passwords'][SUPERUSER]}\n"
        return run(account, argv, timeout=_INITDB_SECONDS, text_in=password)

    def _reset_password(self, account: Account) -> None:
        """Set the superuser's password without logging in: `postgres.json` was lost."""
        self._say("the password file is gone: setting new passwords")
        code, output = run(
            account,
            [self.bin("postgres"), "--single", "-D", self.cluster, "postgres"],
            timeout=_INITDB_SECONDS,  # it may have to recover first
            text_in=f"ALTER ROLE {SUPERUSER} PASSWORD '{self._record['passwords'][SUPERUSER]}'\n",
        )
        if code != 0 or "ERROR:" in output or "FATAL:" in output:
            raise PostgresDidNotStart(
                "The database's password could not be set anew; put postgres.json back.", output
            )

    def _launch(self, account: Account) -> None:
        self._say("starting the database")
        argv: list[str | Path] = [self.bin("postgres"), "-D", self.cluster]
        argv += ["-k", str(self._socket_dir)]
        for name, value in self._settings.items():
            argv += ["-c", f"{name}={value}"]
        start_log = self.data_dir / "postgres-start.log"
        deadline = time.monotonic() + self._start_timeout
        while True:
            self._server = server = Postmaster(account, argv, start_log)
            if run_blocking(lambda: self._accepts(server, deadline)):  # noqa: B023 - runs at once
                return
            blocked = _STILL_IN_USE in layout.log_tail(start_log)
            if not blocked or time.monotonic() > deadline:
                raise PostgresDidNotStart(
                    f"PostgreSQL ended while starting (exit code {server.exit_code}).",
                    self._log_tail(),
                )
            time.sleep(0.3)

    async def _accepts(self, server: Postmaster, deadline: float) -> bool:
        """Wait until a connection is accepted; False when the server ended instead."""
        next_word = time.monotonic() + 5
        while server.pid is not None:
            try:
                connection = await asyncpg.connect(self.dsn("postgres"), timeout=10)
            except (OSError, asyncpg.CannotConnectNowError, asyncpg.ConnectionDoesNotExistError):
                await asyncio.sleep(0.05)  # not listening yet, or recovering
            except asyncpg.InvalidAuthorizationSpecificationError as error:
                raise PostgresDidNotStart(
                    f"The password in {self.data_dir / 'postgres.json'} is not the database's. Put "
                    "the right file back, or delete it: passwords are then set anew."
                ) from error
            else:
                await close_to_others(connection)
                return True
            if time.monotonic() > deadline:
                raise PostgresDidNotStart(
                    f"PostgreSQL accepts no connection after {self._start_timeout:.0f} s. If it is "
                    "recovering a lot of data, start again with a longer limit.",
                    self._log_tail(),
                )
            if time.monotonic() > next_word:
                next_word += 5
                self._say("still waiting for the database (it may be recovering)")
        return False

    def _log_tail(self) -> str:
        logs = sorted((self.cluster / "log").glob("*.log"), key=lambda log: log.stat().st_mtime)
        return layout.log_tail(*logs[-1:], self.data_dir / "postgres-start.log")


def _is_cluster(folder: Path) -> bool:
    return (folder / "PG_VERSION").is_file()


def _new_password() -> str:
    """32 URL-safe characters: they need no quoting in SQL, in a URL or in a shell."""
    return secrets.token_urlsafe(24)
