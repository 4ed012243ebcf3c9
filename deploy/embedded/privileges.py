"""Which account the server runs under, and how a child process becomes it.

PostgreSQL refuses to run as root. As root the launcher therefore becomes an ordinary account for
every PostgreSQL program it runs; as an ordinary user nothing changes hands.
"""

import ctypes
import os
import pwd
import signal
import subprocess
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from deploy.embedded.errors import PostgresDidNotStart

# Accounts tried in this order when we are root and no cluster exists yet.
_ORDINARY_ACCOUNTS = ("postgres", "nobody")
_PR_SET_PDEATHSIG = 1
# Loaded before any fork: between fork and exec nothing may be imported or loaded.
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


@dataclass(frozen=True, slots=True)
class Account:
    """The operating-system account of the server; `switch` when we are root and must become it."""

    uid: int
    gid: int
    switch: bool

    def take(self, path: Path) -> None:
        """Hand a file or folder that *we just made* to this account."""
        if self.switch:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)


def account_for(cluster: Path) -> Account:
    """The account to run under: the owner of an existing cluster, else a fresh choice.

    Raises:
        PostgresDidNotStart: the cluster belongs to someone this process cannot become, or root
            finds no ordinary account on this machine.
    """
    me = os.geteuid()
    try:
        owner = cluster.stat()
    except FileNotFoundError:
        owner = None
    except PermissionError as error:
        raise PostgresDidNotStart(
            f"The database folder {cluster} cannot be entered by this account (uid {me}). "
            "Start as the account that made it, or give another data folder."
        ) from error
    if me != 0:
        if owner is not None and owner.st_uid != me:
            raise PostgresDidNotStart(
                f"The database folder {cluster} belongs to uid {owner.st_uid}, not to this account "
                f"(uid {me}). Start as the account that made it (root, if it was started with sudo), "
                "or give another data folder."
            )
        return Account(me, os.getegid(), switch=False)
    if owner is not None:
        if owner.st_uid == 0:
            raise PostgresDidNotStart(
                f"The database folder {cluster} belongs to root, as which PostgreSQL refuses to "
                "run. Give the folder and everything in it back to the account that made it."
            )
        return Account(owner.st_uid, owner.st_gid, switch=True)
    for name in _ORDINARY_ACCOUNTS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid != 0:
            return Account(entry.pw_uid, entry.pw_gid, switch=True)
    raise PostgresDidNotStart(
        "Started as root, but this machine has neither an account `postgres` nor `nobody` to run "
        "the database under. Add one (useradd --system postgres), or start as an ordinary user."
    )


def require_passwd_entry(account: Account) -> None:
    """`initdb` looks its own user up by uid and stops when there is no such entry; say so first."""
    try:
        pwd.getpwuid(account.uid)
    except KeyError as error:
        raise PostgresDidNotStart(
            f"The account with uid {account.uid} has no entry in the system's user list, which "
            "PostgreSQL's initdb requires. Add one (useradd -u ...), or start as another user."
        ) from error


def spawn(
    account: Account,
    argv: Sequence[str | Path],
    *,
    stdin: int | IO[bytes] = subprocess.DEVNULL,
    output: int | IO[bytes] = subprocess.DEVNULL,
    death_signal: signal.Signals = signal.SIGKILL,
) -> subprocess.Popen[bytes]:
    """Start a program under the account, in its own session, with a clean environment.

    `death_signal` reaches it (Linux) when the *thread* that called this function ends, and so
    also when our process is killed; call it from a thread that lives as long as the program.

    Raises:
        OSError: the program cannot be run under that account.
        subprocess.SubprocessError: changing the account was refused.
    """
    with warnings.catch_warnings():
        # Newer Pythons warn about preexec_fn beside threads; ours runs two system calls only.
        warnings.simplefilter("ignore", DeprecationWarning)
        return subprocess.Popen(  # noqa: S603 - argv is ours, no shell
            [str(part) for part in argv],
            stdin=stdin,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd="/",  # our own working folder may be closed to the account
            env=_clean_environment(os.environ),
            start_new_session=True,  # Ctrl-C in the terminal is ours to answer
            user=account.uid if account.switch else None,
            group=account.gid if account.switch else None,
            extra_groups=[] if account.switch else None,
            umask=0o077,
            preexec_fn=_die_with(death_signal, os.getpid()),  # noqa: PLW1509 - see above
        )


def run(
    account: Account, argv: Sequence[str | Path], *, timeout: float, text_in: str = ""
) -> tuple[int, str]:
    """Run a short program under the account; its exit code and output (both streams).

    A program that may not be run at all counts as exit code 126, as in a shell; one that takes
    longer than `timeout` seconds is killed and counts as 124. `text_in` (at most a few kB) is its
    standard input, which the program may also open by name.
    """
    reading, writing = os.pipe()
    try:
        try:
            if account.switch:
                os.fchown(reading, account.uid, account.gid)
            os.write(writing, text_in.encode())
        finally:
            os.close(writing)
        process = spawn(account, argv, stdin=reading, output=subprocess.PIPE)
    except (PermissionError, subprocess.SubprocessError) as error:
        return 126, str(error)
    finally:
        os.close(reading)
    with process:
        try:
            output, _ = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            output, _ = process.communicate()
            return 124, output.decode(errors="replace")
        except BaseException:
            process.kill()
            raise
    return process.returncode, output.decode(errors="replace")


def can_enter(account: Account, folder: Path) -> bool:
    """Whether the account can traverse every folder down to this one (asked of the kernel)."""
    if not account.switch:
        return os.access(folder, os.X_OK)
    code, _ = run(account, ["/bin/sh", "-c", 'cd -- "$1"', "sh", folder], timeout=30)
    return code == 0


def _clean_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Only what the programs need: no PG* variable, secret or locale of ours reaches them."""
    kept = {key: environment[key] for key in ("PATH", "LD_LIBRARY_PATH") if key in environment}
    return {"PATH": "/usr/bin:/bin", **kept, "LC_ALL": "C", "TZ": "UTC", "HOME": "/"}


def _die_with(death_signal: signal.Signals, launcher: int) -> Callable[[], None] | None:
    """Ask the kernel to signal the child when its launching thread ends.

    Set in the child after the change of account (which would clear it) and before exec.
    """
    libc = _LIBC
    if libc is None:
        return None

    def before_exec() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
        if os.getppid() != launcher:  # it died before the request was in place
            os._exit(1)

    return before_exec
