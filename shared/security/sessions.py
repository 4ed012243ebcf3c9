"""Sessions of people who signed in: made where the signing key is, verified by every service.

The cookie holds ``<token>~<seen>~<mark>``. The token is signed like an access token but for another
audience, so that neither passes for the other; it lasts a working day and says nothing of rights:
those stand in the users file and count as they are now. ``seen`` is when the person last did
something; any service moves it on (``mark`` keys it to the token), without the signing key. The
idle limit protects a screen that someone walked away from. Against a stolen cookie stand HttpOnly,
the day's end, and that every session can be ended on the server.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import structlog
from starlette.requests import Request

from shared.clock import Clock
from shared.http.problem import Unauthorized
from shared.security.files import read_secret_file, write_secret_file
from shared.security.principal import Principal
from shared.security.tokens import TokenSigner, TokenVerifier
from shared.security.users import User, UsersFile, UsersFileMalformed, folder_locked

log = structlog.get_logger(__name__)

COOKIE = "yizhan_session"
SESSION_AUDIENCE = "yizhan:session"
LONGEST = timedelta(hours=8)
"""A working day; then everybody signs in again."""
IDLE = timedelta(minutes=60)
ENDED_FILE = "sessions-ended.json"

_SEPARATOR = "~"
_SESSION_ID_BYTES = 16
_MARK_CHARS = 32
_MOVE_AFTER_S = 60
"""The cookie is written again at most once in this time."""
_MOST_COOKIE_CHARS = 4_000
_FUTURE_S = 60
_PREFIX = "user:"


@dataclass(frozen=True)
class Session:
    """A person's session, as found in a request."""

    user: User
    token: str
    session_id: str
    seen_s: int
    ends_s: int

    @property
    def principal(self) -> Principal:
        return self.user.principal()

    @property
    def csrf_token(self) -> str:
        """What a form of this session carries; nobody without its cookie can compute it."""
        return _keyed(self.token, "csrf")

    def cookie(self, seen_s: int) -> str:
        """The cookie's value when the person was last seen at ``seen_s`` (Unix time)."""
        return _SEPARATOR.join((self.token, str(seen_s), _mark(self.token, seen_s)))


class EndedSessions:
    """Ids of sessions that were ended before their time, in a file beside the users'.

    In a file, so that a restart opens none again and every service sees them.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._stamp: tuple[int, int, int] | None = None
        self._ended: dict[str, int] = {}

    def holds(self, session_id: str) -> bool:
        """Whether that session was ended."""
        return session_id in self._read()

    def add(self, session_id: str, *, ends_s: int, now_s: int) -> None:
        """End a session; those whose time is over anyway are dropped from the file."""
        with folder_locked(self.path.parent):
            ended = {each: end for each, end in self._read().items() if end > now_s}
            ended[session_id] = ends_s
            write_secret_file(self.path, json.dumps(ended).encode(), replace=True)

    def _read(self) -> Mapping[str, int]:
        try:
            facts = self.path.stat()
        except FileNotFoundError:
            return {}
        stamp = (facts.st_mtime_ns, facts.st_size, facts.st_ino)
        with self._lock:
            if stamp != self._stamp:
                try:
                    document = json.loads(read_secret_file(self.path))
                    self._ended = {str(each): int(end) for each, end in document.items()}
                except (ValueError, TypeError, AttributeError):
                    raise UsersFileMalformed(
                        f"{self.path} is not JSON of session ids; remove it"
                    ) from None
                self._stamp = stamp
            return self._ended


class People:
    """Who sits before the screen: reads sessions; what a service needs of signing in."""

    def __init__(self, users: UsersFile, verifier: TokenVerifier, clock: Clock) -> None:
        self.users = users
        self.ended = EndedSessions(users.path.with_name(ENDED_FILE))
        self._verifier = verifier
        self._clock = clock

    def now_s(self) -> int:
        return int(self._clock.now().timestamp())

    def read(self, cookie: str) -> Session | None:
        """The session of a cookie's value; None when it is none of ours, over, or ended.

        When the users file cannot be read nobody is signed in: the log says why.
        """
        if len(cookie) > _MOST_COOKIE_CHARS or not cookie.isascii():
            return None
        token, _, rest = cookie.partition(_SEPARATOR)
        seen, _, mark = rest.partition(_SEPARATOR)
        if not seen.isdigit() or not hmac.compare_digest(mark, _mark(token, int(seen))):
            return None
        now_s, seen_s = self.now_s(), int(seen)
        if not now_s - IDLE.total_seconds() <= seen_s <= now_s + _FUTURE_S:
            return None
        try:
            claims = self._verifier.claims_of(token)
        except Unauthorized:
            return None
        try:
            return self._still_open(token, claims, seen_s)
        except (OSError, UsersFileMalformed) as error:
            log.error("users_file_unusable", fault=type(error).__name__)  # noqa: TRY400
            return None

    def _still_open(self, token: str, claims: Mapping[str, Any], seen_s: int) -> Session | None:
        user = self.users.get(str(claims["sub"]).removeprefix(_PREFIX))
        session_id, ends_s = claims.get("sid"), claims["exp"]
        if (
            user is None
            or user.disabled
            or claims.get("gen") != user.generation
            or not isinstance(session_id, str)
            or ends_s <= self.now_s()
            or self.ended.holds(session_id)
        ):
            return None
        return Session(user, token, session_id, seen_s, ends_s)


class SessionMaker:
    """Begins and ends sessions; only where the signing key is."""

    def __init__(self, signer: TokenSigner, people: People) -> None:
        """Take a signer of :data:`SESSION_AUDIENCE` that lasts :data:`LONGEST`."""
        self._signer = signer
        self.people = people

    def begin(self, user: User) -> Session:
        """A new session for a user who has proven himself."""
        session_id = secrets.token_urlsafe(_SESSION_ID_BYTES)
        token = self._signer.sign(
            client_id=f"{_PREFIX}{user.name}",
            organisation=user.organisation,
            scopes=(),
            more={"sid": session_id, "gen": user.generation},
        )
        now_s = self.people.now_s()
        return Session(user, token, session_id, now_s, now_s + self._signer.lifetime_s)

    def end(self, session: Session) -> None:
        """End a session everywhere."""
        self.people.ended.add(session.session_id, ends_s=session.ends_s, now_s=self.people.now_s())


def people_of(request: Request) -> People | None:
    """The host's register of people; None where nobody can sign in."""
    context = getattr(request.app.state, "context", None)
    people: People | None = getattr(context, "people", None)
    return people


def session_of(request: Request) -> Session | None:
    """The session that the request's cookie holds, looked up once per request."""
    if hasattr(request.state, "session"):
        known: Session | None = request.state.session
        return known
    people = people_of(request)
    cookie = request.cookies.get(COOKIE)
    session = people.read(cookie) if people is not None and cookie else None
    request.state.session = session
    return session


def seen_now(request: Request, session: Session) -> None:
    """Note that the person did something: :mod:`shared.web.signin.cookies` moves the cookie on."""
    people = people_of(request)
    if people is None:
        return
    now_s = people.now_s()
    if now_s - session.seen_s >= _MOVE_AFTER_S:
        request.state.session_cookie = session.cookie(now_s)


def _mark(token: str, seen_s: int) -> str:
    return _keyed(token, f"seen:{seen_s}")[:_MARK_CHARS]


def _keyed(token: str, purpose: str) -> str:
    digest = hmac.digest(hashlib.sha256(token.encode()).digest(), purpose.encode(), "sha256")
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
