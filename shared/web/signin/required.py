"""What a page writes into its signature: who must be signed in, with which scope."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from fastapi import Depends, Request
from starlette.datastructures import UploadFile
from starlette.responses import RedirectResponse, Response

from shared.http.problem import Problem
from shared.security.principal import Principal
from shared.security.scopes import SCOPES
from shared.security.sessions import Session, seen_now, session_of
from shared.web.addresses import ACCOUNT, sign_in_address
from shared.web.language import Language, language_of
from shared.web.screens import CSRF_FIELD, Screens
from shared.web.signin.texts import TEXTS

CSRF_HEADER = "x-csrf-token"
HTMX = "hx-request"

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
_HTTP_SEE_OTHER = 303

screens = Screens(Path(__file__).parent / "templates", TEXTS)


class SignInNeeded(Problem):
    """Nobody is signed in: a redirect, or a page that says so. Carries its own answer."""

    status = 401
    code = "sign_in_needed"
    title = "Sign in first"
    title_zh = "请先登录"

    def __init__(self, answer: Response) -> None:
        super().__init__()
        self._answer = answer

    def response(self, instance: str) -> Response:  # noqa: ARG002 - a page, not a document
        return self._answer


class NotYourScreen(SignInNeeded):
    status = 403
    code = "not_your_screen"
    title = "This screen is not part of your duties"
    title_zh = "您没有使用此页面的权限"


class FormNotOurs(SignInNeeded):
    status = 403
    code = "form_not_ours"
    title = "The form is too old or was not made by this page"
    title_zh = "表单已过期或来源不明"


def signed_in(scope: str | None = None) -> Any:
    """Endpoint parameter: the signed-in person, who must hold ``scope``.

    Use as ``caller: Annotated[Principal, signed_in("identity:review")]``; ``caller.client_id`` is
    ``user:<name>``. Without a session a GET is sent to ``/signin`` and comes back afterwards, htmx
    is told to go there (``HX-Redirect``), anything else is answered 401. Every method that changes
    something must carry the session's token: the field ``csrf_token`` (``{{ csrf_field }}``), or
    the header ``X-CSRF-Token``, which the base template gives to htmx.

    Raises:
        KeyError: at import, when there is no such scope.
    """
    if scope is not None and scope not in SCOPES:
        raise KeyError(scope)

    async def person(request: Request) -> Principal:
        session = session_of(request)
        if session is None:
            raise SignInNeeded(_without_session(request))
        if scope is not None and scope not in session.user.scopes:
            raise NotYourScreen(
                _refusal(request, 403, "refused.scope", scope=_scope_words(request, scope))
            )
        if request.method not in _SAFE_METHODS and not await carries_token(request, session):
            raise FormNotOurs(_refusal(request, 403, "refused.form"))
        if session.user.must_change and request.url.path != ACCOUNT:
            raise SignInNeeded(_redirect(request, ACCOUNT))
        seen_now(request, session)
        principal = session.principal
        request.state.principal = principal
        return principal

    person.required_scope = scope  # type: ignore[attr-defined]
    return Depends(person)


async def carries_token(request: Request, session: Session) -> bool:
    """Whether the request shows the session's token, in its header or in its form."""
    given: object = request.headers.get(CSRF_HEADER)
    if given is None and request.headers.get("content-type", "").startswith(_FORMS):
        given = (await request.form()).get(CSRF_FIELD)
    if not isinstance(given, str) or isinstance(given, UploadFile) or not given.isascii():
        return False
    return hmac.compare_digest(given, session.csrf_token)


def _without_session(request: Request) -> Response:
    if request.headers.get(HTMX):
        here = urlsplit(request.headers.get("hx-current-url", ""))
        address = sign_in_address(here.path + (f"?{here.query}" if here.query else ""))
        answer = _refusal(request, 401, "refused.nobody", address=address)
        answer.headers["hx-redirect"] = address
        return answer
    if request.method in ("GET", "HEAD"):
        query = f"?{request.url.query}" if request.url.query else ""
        return _redirect(request, sign_in_address(request.url.path + query))
    came_from = urlsplit(request.headers.get("referer", ""))
    ours = came_from.netloc == request.url.netloc
    address = sign_in_address(came_from.path if ours else None)
    return _refusal(request, 401, "refused.nobody", address=address)


def _redirect(request: Request, address: str) -> Response:
    if request.headers.get(HTMX):
        return Response(status_code=204, headers={"hx-redirect": address})
    return RedirectResponse(address, _HTTP_SEE_OTHER, headers={"cache-control": "no-store"})


def _refusal(
    request: Request, status: int, key: str, *, address: str | None = None, **named: str
) -> Response:
    values: Mapping[str, Any] = {"key": key, "named": named, "address": address}
    return screens.render(request, "refused.html", values, status_code=status)


def _scope_words(request: Request, scope: str) -> str:
    return scope_words(language_of(request), scope)


def scope_words(language: Language, scope: str) -> str:
    """What a scope allows, in the person's language."""
    english, _, chinese = SCOPES[scope].partition(" / ")
    return chinese if language is Language.ZH and chinese else english
