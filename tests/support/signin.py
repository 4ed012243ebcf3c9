"""People who are signed in, for tests of pages: no form is filled in, but the session is real."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from shared.clock import Clock
from shared.security.files import write_secret_file
from shared.security.sessions import (
    COOKIE,
    LONGEST,
    SESSION_AUDIENCE,
    People,
    Session,
    SessionMaker,
)
from shared.security.tokens import TokenSigner
from shared.security.users import UsersFile
from tests.support.service import COUNTY, Running


@dataclass(frozen=True)
class Person:
    """Someone before a screen."""

    session: Session

    @property
    def cookie(self) -> dict[str, str]:
        """Headers of a GET."""
        return {"cookie": f"{COOKIE}={self.session.cookie(self.session.seen_s)}"}

    @property
    def csrf_token(self) -> str:
        """For the form's field ``csrf_token``."""
        return self.session.csrf_token

    @property
    def htmx(self) -> dict[str, str]:
        """Headers that htmx sends with anything."""
        return {**self.cookie, "hx-request": "true", "x-csrf-token": self.csrf_token}


def empty_users(folder: Path) -> UsersFile:
    """A users file without anybody."""
    path = folder / "users.json"
    write_secret_file(path, b"{}", replace=True)
    return UsersFile(path)


def session_maker(key: TokenSigner, users: UsersFile, clock: Clock) -> SessionMaker:
    """What begins sessions, with the key of a host's tokens."""
    lifetime_s = int(LONGEST.total_seconds())
    signer = TokenSigner(key._key, clock=clock, audience=SESSION_AUDIENCE, lifetime_s=lifetime_s)
    return SessionMaker(signer, People(users, signer.verifier(), clock))


def person(
    running: Running,
    folder: Path,
    *,
    scopes: Sequence[str],
    name: str = "tester",
    organisation: str = COUNTY,
) -> Person:
    """Someone with these scopes, signed in at the running service (its users lie in ``folder``)."""
    if running.context.people is None:
        maker = session_maker(running.signer, empty_users(folder), running.clock)
        running.context.people = maker.people
    else:
        maker = session_maker(running.signer, running.context.people.users, running.clock)
    users = maker.people.users
    users.add(name, name_zh=f"测试{name}", scopes=scopes, organisation=organisation)
    users._renew(name, must_change=False)
    user = users.get(name)
    assert user is not None
    return Person(maker.begin(user))
