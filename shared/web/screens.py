"""Rendering: Jinja2 with autoescape, the shared base template, a strict Content-Security-Policy."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fastapi import Request
from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from shared.http.idempotency import FORM_KEY
from shared.security.sessions import Session, people_of, session_of
from shared.web import figures
from shared.web.addresses import sign_in_address
from shared.web.assets import shared_assets
from shared.web.language import (
    COMMON,
    COOKIE,
    COOKIE_MAX_AGE_S,
    Language,
    Texts,
    asked_language,
    language_of,
)
from shared.web.navigation import navigation_of

TEMPLATES = Path(__file__).parent / "templates"

CONTENT_SECURITY_POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
"""Everything from this host; no inline script, no inline style, no other site."""

CSRF_FIELD = "csrf_token"

_KEY_BYTES = 16

SECURITY_HEADERS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
}


class Screens:
    """The screens of one slice: its templates on top of the shared ones, and its texts."""

    def __init__(self, folder: Path, texts: Mapping[str, tuple[str, str]]) -> None:
        self.texts = Texts(COMMON, texts)
        self._environment = Environment(
            loader=ChoiceLoader([FileSystemLoader(folder), FileSystemLoader(TEMPLATES)]),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals["asset"] = shared_assets().url
        self._environment.globals["figures"] = figures

    def render(
        self,
        request: Request,
        template: str,
        values: Mapping[str, Any],
        *,
        status_code: int = 200,
    ) -> HTMLResponse:
        """The page in the user's language; keeps the language when the address asked for it."""
        language = language_of(request)

        def t(key: str, **named: object) -> str:
            return self.texts.get(language, key, **named)

        def pick(record: Mapping[str, Any], stem: str) -> str:
            """``record["name_zh"]`` or ``record["name_en"]``, the Chinese where none is written."""
            written = record.get(f"{stem}_{language.value}") or record.get(f"{stem}_zh")
            return str(written or "")

        html = self._environment.get_template(template).render(
            **values,
            t=t,
            pick=pick,
            lang=language,
            texts_below=lambda prefix: self.texts.starting_with(language, prefix),
            switch_url=str(request.url.include_query_params(lang=language.other.value).query),
            path=request.url.path,
            **_frame(request),
        )
        response = HTMLResponse(html, status_code=status_code, headers=SECURITY_HEADERS)
        response.headers["cache-control"] = "no-store"
        if (asked := asked_language(request)) is not None:
            keep_language(response, asked)
        return response


def _frame(request: Request) -> dict[str, Any]:
    """What every page knows of the person before it: name, menu, and the token of his forms."""
    session: Session | None = session_of(request)
    scopes = session.user.scopes if session is not None else frozenset()
    shut_in = session is not None and session.user.must_change
    token = session.csrf_token if session is not None else ""
    query = f"?{request.url.query}" if request.url.query else ""
    return {
        "me": session.user.shown() if session is not None else None,
        "menu": [] if shut_in else navigation_of(request).shown_to(scopes),
        "shows_api": not shut_in and (session is None or "events:read" in scopes),
        "sign_in_url": (
            sign_in_address(request.url.path + query) if people_of(request) is not None else None
        ),
        "csrf_token": token,
        "csrf_field": _FormFields(token),
    }


class _FormFields:
    """``{{ csrf_field }}``: the token of the session, and a key of this one form.

    The key makes a form that is sent twice one request; see :mod:`shared.http.idempotency`.
    """

    def __init__(self, token: str) -> None:
        self._token = token

    def __html__(self) -> str:
        # Both are made of letters, digits, - and _ alone.
        key = secrets.token_urlsafe(_KEY_BYTES)
        return (
            f'<input type="hidden" name="{CSRF_FIELD}" value="{self._token}">'
            f'<input type="hidden" name="{FORM_KEY}" value="{key}">'
        )


def keep_language(response: HTMLResponse, language: Language) -> None:
    """Remember the user's choice; the cookie tells nothing else and scripts need not read it."""
    response.set_cookie(
        COOKIE, language.value, max_age=COOKIE_MAX_AGE_S, path="/", httponly=True, samesite="lax"
    )
