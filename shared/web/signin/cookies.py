"""The session's cookie: written, moved on, taken away."""

from __future__ import annotations

from fastapi import Request
from starlette.datastructures import MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.runtime.settings import RuntimeSettings
from shared.security.sessions import COOKIE, Session

FORM_COOKIE = "yizhan_form"
"""Ties a sign-in form to the browser that asked for it, before there is a session."""
FORM_COOKIE_AGE_S = 3_600


def is_secure(scope: Scope, settings: RuntimeSettings) -> bool:
    """Whether cookies go over https alone: the request did, or the operator says all do.

    Behind a proxy the host has put the scheme right, if it believes the proxy (``proxies``).
    """
    return settings.secure_cookies or scope.get("scheme") == "https"


def write_session(
    response: Response, request: Request, session: Session, settings: RuntimeSettings
) -> None:
    """Hand the session to the browser, until it is closed."""
    response.set_cookie(
        COOKIE,
        session.cookie(session.seen_s),
        path="/",
        httponly=True,
        samesite="strict",
        secure=is_secure(request.scope, settings),
    )


def drop_session(response: Response, request: Request, settings: RuntimeSettings) -> None:
    response.delete_cookie(
        COOKIE,
        path="/",
        httponly=True,
        samesite="strict",
        secure=is_secure(request.scope, settings),
    )


def write_form_mark(
    response: Response, request: Request, mark: str, settings: RuntimeSettings
) -> None:
    response.set_cookie(
        FORM_COOKIE,
        mark,
        max_age=FORM_COOKIE_AGE_S,
        path="/signin",
        httponly=True,
        samesite="strict",
        secure=is_secure(request.scope, settings),
    )


class SessionCookieMiddleware:
    """Moves the session's cookie on when a page noted that the person did something.

    At the edge, because a page's answer may be anything: a page, a piece of one, a redirect.
    """

    def __init__(self, app: ASGIApp, settings: RuntimeSettings) -> None:
        self._app = app
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        state = scope.setdefault("state", {})

        async def moving_send(message: Message) -> None:
            value = state.get("session_cookie")
            if message["type"] == "http.response.start" and value is not None:
                headers = MutableHeaders(scope=message)
                written = any(
                    each.startswith(f"{COOKIE}=") for each in headers.getlist("set-cookie")
                )
                if not written:  # signing in and out have the last word
                    moved = Response()
                    moved.set_cookie(
                        COOKIE,
                        value,
                        path="/",
                        httponly=True,
                        samesite="strict",
                        secure=is_secure(scope, self._settings),
                    )
                    headers.append("set-cookie", moved.headers["set-cookie"])
            await send(message)

        await self._app(scope, receive, moving_send)
