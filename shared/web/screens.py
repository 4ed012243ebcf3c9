"""Rendering: Jinja2 with autoescape, the shared base template, a strict Content-Security-Policy."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fastapi import Request
from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from shared.web import figures
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

TEMPLATES = Path(__file__).parent / "templates"

CONTENT_SECURITY_POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
"""Everything from this host; no inline script, no inline style, no other site."""

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
        )
        response = HTMLResponse(html, status_code=status_code, headers=SECURITY_HEADERS)
        response.headers["cache-control"] = "no-store"
        if (asked := asked_language(request)) is not None:
            keep_language(response, asked)
        return response


def keep_language(response: HTMLResponse, language: Language) -> None:
    """Remember the user's choice; the cookie tells nothing else and scripts need not read it."""
    response.set_cookie(
        COOKIE, language.value, max_age=COOKIE_MAX_AGE_S, path="/", httponly=True, samesite="lax"
    )
