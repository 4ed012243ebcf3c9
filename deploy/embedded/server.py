"""One running postmaster: launched, watched, ended; and what an earlier one left behind."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from deploy.embedded.errors import PostgresDidNotStart
from deploy.embedded.layout import belong_to_folder
from deploy.embedded.privileges import Account, run, spawn

_PATIENCE_WITH_EARLIER = 10.0  # seconds an earlier server gets to end by itself
_FAST_STOP = 60.0  # seconds for a fast shutdown (it writes a checkpoint)
_IMMEDIATE_STOP = 10.0


class Postmaster:
    """A child process `postgres`, tied to our life.

    It is launched from a thread of its own that waits for it. The kernel's death signal (Linux)
    goes out when the launching thread ends; this thread ends with the server or with our process,
    whichever is first, so any thread may start and stop a server, and kill -9 of our process
    gives the server SIGINT: a fast shutdown.
    """

    def __init__(self, account: Account, argv: list[str | Path], output: Path) -> None:
        self._launched = threading.Event()
        self._ended = threading.Event()
        self._failure: Exception | None = None
        self._process: subprocess.Popen[bytes] | None = None
        thread = threading.Thread(
            target=self._keep, args=(account, argv, output), name="embedded-postgres", daemon=True
        )
        thread.start()
        self._launched.wait()
        if self._failure is not None:
            raise PostgresDidNotStart(
                f"{argv[0]} could not be started under uid {account.uid} ({self._failure}). If "
                "this is a container without the right to change accounts, run it as an ordinary "
                "user."
            ) from self._failure

    def _keep(self, account: Account, argv: list[str | Path], output: Path) -> None:
        try:
            output.unlink(missing_ok=True)  # never write through a link someone left there
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
            with os.fdopen(os.open(output, flags, 0o600), "wb") as log:
                belong_to_folder(log.fileno(), output.parent)
                self._process = spawn(account, argv, output=log, death_signal=signal.SIGINT)
        except (OSError, subprocess.SubprocessError) as error:
            self._failure = error
            self._ended.set()
            self._launched.set()
            return
        self._launched.set()
        self._process.wait()
        self._ended.set()

    @property
    def pid(self) -> int | None:
        """Its process id while it runs."""
        process = self._process
        return None if process is None or self._ended.is_set() else process.pid

    @property
    def exit_code(self) -> int | None:
        """How it ended (negative: the signal); None while it runs."""
        process = self._process
        return process.returncode if process is not None and self._ended.is_set() else None

    def wait(self, seconds: float) -> bool:
        """Whether it has ended within these seconds."""
        return self._ended.wait(seconds)

    def stop(self) -> None:
        """End it: fast, then at once without a checkpoint (nothing committed is lost), then kill.

        The last step only frees the folder from a server that answers nothing any more.
        """
        for how, patience in (
            (signal.SIGINT, _FAST_STOP),
            (signal.SIGQUIT, _IMMEDIATE_STOP),
            (signal.SIGKILL, _IMMEDIATE_STOP),
        ):
            process = self._process
            if process is None or self._ended.is_set():
                return
            process.send_signal(how)
            if self._ended.wait(patience):
                return


def earlier_postmaster(cluster: Path) -> int | None:
    """The pid of a server that still runs on this cluster, from the file it leaves there."""
    try:
        first = (cluster / "postmaster.pid").read_text(encoding="ascii").split("\n", 1)[0]
        pid = abs(int(first))
    except (FileNotFoundError, ValueError):
        return None
    return pid if pid > 1 and _serves(pid, cluster) else None


def _serves(pid: int, cluster: Path) -> bool:
    """Whether this process is the cluster's server and not a stranger who got the same number."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return False  # the cluster's server would be ours to signal
    if sys.platform != "linux":
        return True  # no cheap way to tell; PostgreSQL makes the same assumption
    process = Path("/proc") / str(pid)
    try:
        state = (process / "stat").read_text().rpartition(")")[2].split()[0]
        if state == "Z":
            return False
        return os.path.samestat((process / "cwd").stat(), cluster.stat())
    except FileNotFoundError:
        return False
    except PermissionError:  # root without the right to look into other accounts' processes
        words = (process / "cmdline").read_bytes().split(b"\0")
        return os.fsencode(cluster) in words


def end_earlier_postmaster(
    account: Account, programs: Path, cluster: Path, say: Callable[[str], None]
) -> None:
    """Make sure that no server of an earlier run is on the cluster; the caller holds its lock.

    One whose launcher was killed is shutting down already; it gets a while for its checkpoint.

    Raises:
        PostgresDidNotStart: it cannot be ended.
    """
    pid = earlier_postmaster(cluster)
    if pid is None:
        # A number that now belongs to a stranger would make the new server refuse to start. Its
        # shared-memory check still protects the cluster from surviving workers of the old one.
        (cluster / "postmaster.pid").unlink(missing_ok=True)
        return
    say(f"waiting for the database of an earlier run to end (process {pid})")
    deadline = time.monotonic() + _PATIENCE_WITH_EARLIER
    while time.monotonic() < deadline:
        if not _serves(pid, cluster):
            return
        time.sleep(0.1)
    say("stopping the database of an earlier run")
    stop = [programs / "pg_ctl", "stop", "-D", cluster, "-m", "fast", "-w", "-t", int(_FAST_STOP)]
    code, output = run(account, [str(part) for part in stop], timeout=_FAST_STOP + 30)
    if code != 0 and _serves(pid, cluster):
        raise PostgresDidNotStart(
            f"A database server of an earlier run (process {pid}) does not end. End it, then start "
            "again.",
            output,
        )
