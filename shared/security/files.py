"""Files that hold secrets: written at once or not at all, readable by their owner alone."""

from __future__ import annotations

import fcntl
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class SecretFileTooOpen(PermissionError):
    """Someone other than the owner may read a file of secrets."""


class SecretFileThere(FileExistsError):
    """A file of secrets is there already; overwriting it would lose what it opens."""


def read_secret_file(path: Path) -> bytes:
    """The content of a file that only its owner may read.

    Raises:
        SecretFileTooOpen: group or others have any permission on it.
        FileNotFoundError: there is no such file.
    """
    with path.open("rb") as file:
        mode = os.fstat(file.fileno()).st_mode
        if mode & _OTHERS:
            raise SecretFileTooOpen(
                f"{path} may be read by others (mode {stat.S_IMODE(mode):04o}); "
                f"run: chmod 600 {path}"
            )
        return file.read()


def write_secret_file(path: Path, content: bytes, *, replace: bool) -> None:
    """Write a file of mode 0600 that is there complete or not at all, also after a crash.

    Raises:
        SecretFileThere: ``replace`` is false and the file exists.
    """
    partial = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(file.fileno(), 0o600)
            if replace:
                _keep_owner(file.fileno(), path)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if replace:
            partial.replace(path)
        else:
            try:
                os.link(partial, path)  # unlike rename, refuses to overwrite
            except FileExistsError:
                raise SecretFileThere(
                    f"{path} exists and is kept; move it away first if you mean to make a new one"
                ) from None
    finally:
        partial.unlink(missing_ok=True)
    _sync_folder(path.parent)


@contextmanager
def writing_secret_file(path: Path) -> Iterator[None]:
    """One writer of a file at a time, also of several processes: read, change and write within."""
    descriptor = os.open(path.with_name(f".{path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _keep_owner(descriptor: int, path: Path) -> None:
    """Root rewrites a file for the account that reads it (a container's), not for himself."""
    if os.geteuid() != 0 or not path.exists():
        return
    facts = path.stat()
    os.fchown(descriptor, facts.st_uid, facts.st_gid)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
