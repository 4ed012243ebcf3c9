"""The people who sign in: a JSON file of mode 0600 beside the clients', ``users.json``.

``{user: {name_zh, name_en?, password_hash, scopes, organisation, disabled, must_change,
generation}}``. The file is read again when it changes: an account that is disabled or narrowed is
so at the next click. Writers lock the folder, so that a process in a container and the command
line beside it may both write.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.security import passwords
from shared.security.clients import ORGANISATION
from shared.security.default_users import DEFAULT_USERS
from shared.security.files import SecretFileThere, read_secret_file, write_secret_file
from shared.security.passwords import KeptPassword, KeptPasswordMalformed
from shared.security.principal import Principal
from shared.security.scopes import SCOPES

INITIAL_FILE = "users-initial.json"
EVERY_SCOPE = "*"
"""Stands for every scope there is, those of later versions included (the operator's)."""

_USER = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
_MOST_NAME_CHARS = 60


class UsersFileMalformed(ValueError):
    """The users file is not what it should be; the message names the user and the fault."""


class UserUnknown(LookupError):
    """There is no user of that name."""


class UserThere(ValueError):
    """A user of that name exists already."""


@dataclass(frozen=True)
class User:
    """One person's account, or one window's."""

    name: str
    name_zh: str
    name_en: str
    scopes: frozenset[str]
    organisation: str
    disabled: bool
    must_change: bool
    """The password was given by someone else: nothing else is open until he has his own."""
    generation: int
    """Goes up with each new password and when disabled: sessions of an earlier one have ended."""
    kept: KeptPassword

    def principal(self) -> Principal:
        """As whom the person acts: ``user:<name>``, so that records tell people from machines."""
        return Principal(f"user:{self.name}", self.organisation, self.scopes)

    def shown(self) -> dict[str, str]:
        """What a page says of him: ``user``, ``name_zh``, ``name_en``, ``organisation``."""
        return {
            "user": self.name,
            "name_zh": self.name_zh,
            "name_en": self.name_en,
            "organisation": self.organisation,
        }


def user_mark(name: str) -> str:
    """What a log line says instead of a user's name: the same for the same name, and no name."""
    return hashlib.sha256(f"user:{name}".encode("utf-8", "replace")).hexdigest()[:12]


class UsersFile:
    """The users of a deployment, read from their file and written back to it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._stamp: tuple[int, int, int] | None = None
        self._users: dict[str, User] = {}

    @classmethod
    def ensure(
        cls, path: Path, region_code: str, *, initial: Path | None = None, must_change: bool = False
    ) -> tuple[UsersFile, list[str]]:
        """Open the file, making it with the default users when it is not there.

        Args:
            path: where it is.
            region_code: all belong to the whole of this region.
            initial: where their first passwords are kept in clear (mode 0600) until each has
                chosen his own; beside the users file when not given.
            must_change: whether each must choose his own password before anything else.

        Gives the names that were made.
        """
        users = cls(path)
        if path.exists():
            users.all()
            return users, []
        kept_initial = initial or path.with_name(INITIAL_FILE)
        drawn = {name: passwords.draw() for name in DEFAULT_USERS}
        document = {
            name: _fresh(
                drawn[name],
                name_zh=role.name_zh,
                name_en=role.name_en,
                scopes=role.scopes,
                organisation=f"region:{region_code}",
                must_change=must_change,
            )
            for name, role in DEFAULT_USERS.items()
        }
        _parse(document)
        # The passwords first: users whose passwords nobody knows would be of no use.
        write_secret_file(kept_initial, _as_bytes(drawn), replace=True)
        try:
            write_secret_file(path, _as_bytes(document), replace=False)
        except SecretFileThere:
            raise SecretFileThere(
                f"{path} was made by another process at the same moment; start again"
            ) from None
        return users, list(document)

    def all(self) -> dict[str, User]:
        """Every user by name.

        Raises:
            SecretFileTooOpen: others than the owner may read the file.
            UsersFileMalformed: a user is not described as it should be.
            FileNotFoundError: there is no such file.
        """
        facts = self.path.stat()
        stamp = (facts.st_mtime_ns, facts.st_size, facts.st_ino)
        with self._lock:
            if stamp != self._stamp:
                self._users = _parse(self._read())
                self._stamp = stamp
            return self._users

    def get(self, name: str) -> User | None:
        return self.all().get(name)

    def authenticate(self, name: str, password: str) -> User | None:
        """The user if name and password belong together; as slow and as silent when not.

        A disabled user is refused like a wrong password. Takes about a quarter of a second of one
        processor: call it in a thread.
        """
        user = self.get(name)
        if user is None or user.disabled:
            passwords.fits_nobody(password)
            return None
        return user if user.kept.fits(password) else None

    def add(
        self,
        name: str,
        *,
        name_zh: str,
        scopes: Iterable[str],
        organisation: str,
        name_en: str = "",
    ) -> str:
        """Add a user; gives the first password, which he must change.

        Raises:
            UserThere: the name is taken.
            UsersFileMalformed: unknown scope, or an organisation or a name that is none.
        """
        password = passwords.draw()
        entry = _fresh(
            password,
            name_zh=name_zh,
            name_en=name_en,
            scopes=scopes,
            organisation=organisation,
            must_change=True,
        )

        def change(document: dict[str, dict[str, Any]]) -> None:
            if name in document:
                raise UserThere(f"user {name!r} exists; set a new password instead")
            document[name] = entry

        self._change(change)
        return password

    def reset_password(self, name: str) -> str:
        """Draw a new password for a user, which he must change; his sessions end.

        Raises:
            UserUnknown: no such user.
        """
        password = passwords.draw()
        kept = passwords.keep(password, cost=passwords.DRAWN)
        self._renew(name, password_hash=kept, must_change=True)
        return password

    def choose_password(self, name: str, password: str) -> User:
        """Keep the password that the user chose (already judged); his other sessions end.

        Raises:
            UserUnknown: no such user.
        """
        self._renew(name, password_hash=passwords.keep(password), must_change=False)
        return self.all()[name]

    def disable(self, name: str) -> None:
        """Close an account; its sessions end at their next click.

        Raises:
            UserUnknown: no such user.
        """
        self._renew(name, disabled=True)

    def enable(self, name: str) -> None:
        """Open a closed account again; the password is the old one.

        Raises:
            UserUnknown: no such user.
        """
        self._renew(name, disabled=False)

    def initial_passwords(self) -> dict[str, str]:
        """First passwords in clear that are still in force, where the host keeps them.

        Raises:
            UsersFileMalformed: the file of first passwords is not an object of texts.
        """
        path = self.path.with_name(INITIAL_FILE)
        try:
            document = json.loads(read_secret_file(path))
        except FileNotFoundError:
            return {}
        except ValueError:
            raise UsersFileMalformed(f"{path} is not JSON") from None
        if not isinstance(document, dict):
            raise UsersFileMalformed(f"{path} is not an object of passwords")
        return {str(name): str(password) for name, password in document.items()}

    def _renew(self, name: str, **facts: Any) -> None:
        def change(document: dict[str, dict[str, Any]]) -> None:
            if name not in document:
                raise UserUnknown(f"there is no user {name!r}")
            entry = document[name]
            entry.update(facts)
            entry["generation"] = int(entry.get("generation", 0)) + 1

        self._change(change)
        if "password_hash" in facts:
            self._forget_initial(name)

    def _forget_initial(self, name: str) -> None:
        path = self.path.with_name(INITIAL_FILE)
        with self._writing():
            kept = self.initial_passwords()
            if kept.pop(name, None) is not None:
                write_secret_file(path, _as_bytes(kept), replace=True)

    def _read(self) -> dict[str, dict[str, Any]]:
        try:
            document = json.loads(read_secret_file(self.path))
        except ValueError:
            raise UsersFileMalformed(f"{self.path} is not JSON") from None
        if not isinstance(document, dict) or not all(
            isinstance(entry, dict) for entry in document.values()
        ):
            raise UsersFileMalformed(f"{self.path} is not an object of users")
        return document

    def _change(self, change: Callable[[dict[str, dict[str, Any]]], None]) -> None:
        with self._writing():
            document = self._read()
            change(document)
            _parse(document)
            write_secret_file(self.path, _as_bytes(document), replace=True)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with folder_locked(self.path.parent):
            yield


@contextmanager
def folder_locked(folder: Path) -> Iterator[None]:
    """One writer at a time in a folder, also of several processes and accounts."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _fresh(
    password: str,
    *,
    name_zh: str,
    name_en: str,
    scopes: Iterable[str],
    organisation: str,
    must_change: bool,
) -> dict[str, Any]:
    return {
        "name_zh": name_zh,
        "name_en": name_en,
        "password_hash": passwords.keep(password, cost=passwords.DRAWN),
        "scopes": sorted(scopes),
        "organisation": organisation,
        "disabled": False,
        "must_change": must_change,
        "generation": 1,
    }


def _as_bytes(document: Mapping[str, Any]) -> bytes:
    return (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode()


def _parse(document: Mapping[str, Mapping[str, Any]]) -> dict[str, User]:
    return {name: _user(name, entry) for name, entry in document.items()}


def _user(name: str, entry: Mapping[str, Any]) -> User:
    if not _USER.fullmatch(name):
        raise UsersFileMalformed(
            "a user name has 1 to 63 lower-case letters, digits, dots and hyphens, such as window-2"
        )
    name_zh, name_en = entry.get("name_zh"), entry.get("name_en", "")
    if not isinstance(name_zh, str) or not 0 < len(name_zh.strip()) <= _MOST_NAME_CHARS:
        raise UsersFileMalformed(f"user {name!r}: name_zh is who this is, up to 60 characters")
    if not isinstance(name_en, str) or len(name_en) > _MOST_NAME_CHARS:
        raise UsersFileMalformed(f"user {name!r}: name_en has up to 60 characters")
    scopes = entry.get("scopes")
    if not isinstance(scopes, list) or not all(isinstance(scope, str) for scope in scopes):
        raise UsersFileMalformed(f"user {name!r}: scopes must be a list of texts")
    unknown = sorted(set(scopes) - set(SCOPES) - {EVERY_SCOPE})
    if unknown:
        raise UsersFileMalformed(f"user {name!r}: unknown scopes {', '.join(unknown)}")
    organisation = entry.get("organisation")
    if not isinstance(organisation, str) or not ORGANISATION.fullmatch(organisation):
        raise UsersFileMalformed(
            f"user {name!r}: organisation must be like region:511113, facility:<code> "
            "or township:<name>"
        )
    flags = [entry.get("disabled", False), entry.get("must_change", False)]
    generation = entry.get("generation", 1)
    if not all(isinstance(flag, bool) for flag in flags) or not isinstance(generation, int):
        raise UsersFileMalformed(
            f"user {name!r}: disabled and must_change are true or false, generation is a number"
        )
    kept = entry.get("password_hash")
    try:
        password = KeptPassword.read(kept if isinstance(kept, str) else "")
    except KeptPasswordMalformed as error:
        raise UsersFileMalformed(f"user {name!r}: password_hash: {error}") from None
    return User(
        name=name,
        name_zh=name_zh.strip(),
        name_en=name_en.strip(),
        scopes=frozenset(SCOPES if EVERY_SCOPE in scopes else scopes),
        organisation=organisation,
        disabled=flags[0],
        must_change=flags[1],
        generation=generation,
        kept=password,
    )
