"""``/signin``, ``/signout`` and ``/account``: served where the signing key is."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import math
import secrets
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Request
from starlette.datastructures import FormData
from starlette.responses import HTMLResponse, RedirectResponse, Response

from shared.clock import Clock
from shared.http.problem import Problem
from shared.http.routing import YizhanRoute
from shared.observability.metrics import METRICS
from shared.runtime.settings import RuntimeSettings
from shared.security import passwords
from shared.security.guessing import GuessLimiter
from shared.security.principal import Principal
from shared.security.sessions import Session, SessionMaker, session_of
from shared.security.users import User, UsersFileMalformed, user_mark
from shared.web.addresses import ACCOUNT, SIGN_IN, SIGN_OUT, safe_next
from shared.web.figures import moment
from shared.web.language import language_of
from shared.web.navigation import navigation_of
from shared.web.signin.cookies import FORM_COOKIE, drop_session, write_form_mark, write_session
from shared.web.signin.required import carries_token, scope_words, screens, signed_in

log = structlog.get_logger(__name__)

_SEE_OTHER = 303
_MOST_TRIALS_AT_ONCE = 2
"""Each takes a processor for a quarter of a second and 16 MB."""
_FORM_MARK_BYTES = 18


class FormUnreadable(Problem):
    code = "malformed_form"
    title = "The form cannot be read"
    title_zh = "表单内容无法读取"


class SignInPages:
    """The pages and what they share: the maker of sessions, the limiter, the settings."""

    def __init__(self, maker: SessionMaker, settings: RuntimeSettings, clock: Clock) -> None:
        self._maker = maker
        self._users = maker.people.users
        self._settings = settings
        self._limiter = GuessLimiter(clock)
        self._trials = asyncio.Semaphore(_MOST_TRIALS_AT_ONCE)
        self.router = APIRouter(route_class=YizhanRoute, include_in_schema=False)
        add = self.router.add_api_route
        for path, page, method in (
            (SIGN_IN, self.show, "GET"),
            (SIGN_IN, self.sign_in, "POST"),
            (SIGN_OUT, self.sign_out, "POST"),
            (ACCOUNT, self.account, "GET"),
            (ACCOUNT, self.change_password, "POST"),
        ):
            add(path, page, methods=[method], response_model=None)

    async def show(self, request: Request) -> Response:
        """The form; who is signed in already goes straight on."""
        wanted = safe_next(request.query_params.get("next"))
        session = session_of(request)
        if session is not None:
            return self._onward(request, session.user, wanted)
        bye = "signin.bye" if request.query_params.get("bye") else None
        return self._form(request, wanted=wanted, told=bye)

    async def sign_in(self, request: Request) -> Response:
        form = await _form_of(request)
        user, password = _text(form, "user").strip().lower(), _text(form, "password")
        wanted = safe_next(_text(form, "next"))
        page = partial(self._form, request, user=user, wanted=wanted)
        if not _mark_fits(request, _text(form, "form_token")):
            _count("malformed")
            return page(told="signin.stale", fault=True, status=403)
        missing = [field for field, text in (("user", user), ("password", password)) if text == ""]
        if missing:
            _count("malformed")
            faults = {field: f"signin.{field}_missing" for field in missing}
            return page(faults=faults, status=422)
        wait_s = self._limiter.begin(user, _address(request))
        if wait_s:
            _count("locked")
            log.warning("sign_in_locked", user_mark=user_mark(user), wait_s=wait_s)
            return self._wait_page(request, wait_s, user=user, wanted=wanted)
        try:
            found = await self._authenticate(user, password)
        except (OSError, UsersFileMalformed) as error:
            _count("unavailable")
            log.error("users_file_unusable", fault=type(error).__name__)  # noqa: TRY400
            return page(told="signin.unavailable", fault=True, status=503)
        if found is None:
            _count("refused")
            log.warning("sign_in_refused", user_mark=user_mark(user))
            return page(faults={"password": "signin.wrong"}, status=401)
        self._limiter.succeeded(user, _address(request))
        _count("signed_in")
        log.info("signed_in", user_mark=user_mark(user))
        before = session_of(request)
        if before is not None:
            self._maker.end(before)
        answer = self._onward(request, found, wanted)
        write_session(answer, request, self._maker.begin(found), self._settings)
        return answer

    async def sign_out(self, request: Request) -> Response:
        """End the session; without one there is nothing to do, and that is told the same way."""
        session = session_of(request)
        if session is not None:
            if not await carries_token(request, session):
                return screens.render(
                    request,
                    "refused.html",
                    {"key": "refused.form", "named": {}, "address": None},
                    status_code=403,
                )
            self._maker.end(session)
            _count("signed_out")
            log.info("signed_out", user_mark=user_mark(session.user.name))
        answer = RedirectResponse(f"{SIGN_IN}?bye=1", _SEE_OTHER)
        drop_session(answer, request, self._settings)
        return answer

    async def account(
        self, request: Request, _: Annotated[Principal, signed_in()], done: bool = False
    ) -> Response:
        return self._account_page(request, _session(request), done=done)

    async def change_password(
        self, request: Request, _: Annotated[Principal, signed_in()]
    ) -> Response:
        session = _session(request)
        user = session.user
        form = await _form_of(request)
        current, new, again = (_text(form, name) for name in ("current", "new", "again"))
        wait_s = self._limiter.begin(user.name, _address(request))
        if wait_s:
            _count("locked")
            faults = {"current": ("signin.wait", {"minutes": _wait_words(request, wait_s)})}
            return self._account_page(request, session, faults=faults, status=429)
        if await self._authenticate(user.name, current) is None:
            _count("refused")
            log.warning("password_change_refused", user_mark=user_mark(user.name))
            faults = {"current": ("password.wrong", {})}
            return self._account_page(request, session, faults=faults, status=422)
        self._limiter.succeeded(user.name, _address(request))
        fault = _fault_of_new(user, current, new, again)
        if fault is not None:
            return self._account_page(request, session, faults=dict([fault]), status=422)
        changed = await self._in_thread(self._users.choose_password, user.name, new)
        _count("password_changed")
        log.info("password_changed", user_mark=user_mark(user.name))
        answer = RedirectResponse(f"{ACCOUNT}?done=1", _SEE_OTHER)
        write_session(answer, request, self._maker.begin(changed), self._settings)
        return answer

    async def _authenticate(self, user: str, password: str) -> User | None:
        found: User | None = await self._in_thread(self._users.authenticate, user, password)
        return found

    async def _in_thread(self, work: Any, *arguments: Any) -> Any:
        async with self._trials:
            return await asyncio.to_thread(work, *arguments)

    def _onward(self, request: Request, user: User, wanted: str | None) -> Response:
        address = wanted or navigation_of(request).home_of(user.scopes)
        return RedirectResponse(ACCOUNT if user.must_change else address, _SEE_OTHER)

    def _form(
        self,
        request: Request,
        *,
        user: str = "",
        wanted: str | None = None,
        told: str | None = None,
        told_named: dict[str, str] | None = None,
        fault: bool = False,
        faults: dict[str, str] | None = None,
        status: int = 200,
    ) -> HTMLResponse:
        language = language_of(request)
        say = screens.texts.get
        said = {field: say(language, key) for field, key in (faults or {}).items()}
        mark = request.cookies.get(FORM_COOKIE) or secrets.token_urlsafe(_FORM_MARK_BYTES)
        answer = screens.render(
            request,
            "signin.html",
            {
                "user": user,
                "next": wanted or "",
                "told": say(language, told, **(told_named or {})) if told else None,
                "told_is_fault": fault,
                "faults": {"user": said.get("user"), "password": said.get("password")},
                "first": "password" if user and "user" not in said else "user",
                "form_token": _form_token(mark),
            },
            status_code=status,
        )
        write_form_mark(answer, request, mark, self._settings)
        return answer

    def _wait_page(
        self, request: Request, wait_s: int, *, user: str, wanted: str | None
    ) -> HTMLResponse:
        answer = self._form(
            request,
            user=user,
            wanted=wanted,
            told="signin.wait",
            told_named={"minutes": _wait_words(request, wait_s)},
            fault=True,
            status=429,
        )
        answer.headers["retry-after"] = str(wait_s)
        return answer

    def _account_page(
        self,
        request: Request,
        session: Session,
        *,
        faults: dict[str, tuple[str, dict[str, Any]]] | None = None,
        done: bool = False,
        status: int = 200,
    ) -> HTMLResponse:
        language = language_of(request)
        say = screens.texts.get
        user = session.user
        kind, _, code = user.organisation.partition(":")
        said = {
            field: say(language, key, **named) for field, (key, named) in (faults or {}).items()
        }
        first = next(iter(said), "current" if user.must_change else "")
        return screens.render(
            request,
            "account.html",
            {
                "organisation": say(language, f"account.{kind}", code=code),
                "scopes": [scope_words(language, scope) for scope in sorted(user.scopes)],
                "ends": moment(datetime.fromtimestamp(session.ends_s, UTC).isoformat()),
                "must_change": user.must_change,
                "done": done and not user.must_change,
                "home": navigation_of(request).home_of(user.scopes),
                "faults": {field: said.get(field) for field in ("current", "new", "again")},
                "first": first,
                "least": passwords.LEAST_CHARS,
            },
            status_code=status,
        )


def _session(request: Request) -> Session:
    session = session_of(request)
    if session is None:  # signed_in() has let nobody else through
        raise LookupError("no session")
    return session


async def _form_of(request: Request) -> FormData:
    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        raise FormUnreadable("send the page's own form")
    return await request.form(max_fields=20, max_files=0)


def _text(form: FormData, name: str) -> str:
    value = form.get(name, "")
    return value if isinstance(value, str) else ""


def _form_token(mark: str) -> str:
    return hashlib.sha256(f"form:{mark}".encode("utf-8", "replace")).hexdigest()


def _mark_fits(request: Request, token: str) -> bool:
    mark = request.cookies.get(FORM_COOKIE)
    return bool(mark) and hmac.compare_digest(
        token.encode("utf-8", "replace"), _form_token(str(mark)).encode()
    )


def _fault_of_new(
    user: User, current: str, new: str, again: str
) -> tuple[str, tuple[str, dict[str, Any]]] | None:
    code = passwords.fault_of(new, user=user.name)
    if code is not None:
        limits = {"least": passwords.LEAST_CHARS, "most": passwords.MOST_CHARS}
        return "new", (f"password.{code}", limits)
    if new == current:
        return "new", ("password.same", {})
    if new != again:
        return "again", ("password.differs", {})
    return None


def _wait_words(request: Request, wait_s: int) -> str:
    if wait_s < 60:  # noqa: PLR2004 - seconds of a minute
        return screens.texts.get(language_of(request), "signin.seconds", n=wait_s)
    return screens.texts.get(language_of(request), "signin.minutes", n=math.ceil(wait_s / 60))


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


def _count(outcome: str) -> None:
    METRICS.signins.labels(outcome).inc()
