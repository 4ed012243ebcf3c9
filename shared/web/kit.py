"""The frame of a service's screens: rendering, forms that keep what was typed, errors as pages.

A service makes one :class:`Kit` of its folder of templates, styles and texts; its pages are routed
by the kit's :attr:`Kit.route_class`. What needs no texts of a service stands beside the class.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any, TypeVar

from fastapi import APIRouter, Depends, Request, Response
from starlette.datastructures import UploadFile
from starlette.responses import HTMLResponse, RedirectResponse

from shared.db.session import WriteSession
from shared.http.idempotency import REPLAYED
from shared.http.problem import Problem
from shared.http.routing import YizhanRoute
from shared.runtime.context import ServiceContext
from shared.web.assets import Assets
from shared.web.kit_texts import KIT
from shared.web.language import Language, language_of
from shared.web.screens import SECURITY_HEADERS, Screens
from shared.web.signin.required import SignInNeeded

SEE_OTHER = 303

T = TypeVar("T")

Said = dict[str, str]
"""A text in both languages: ``text_zh``, ``text_en``."""


class Kit:
    """One service's screens: its templates and texts on top of the shared ones, and its assets."""

    def __init__(self, service: str, folder: Path, texts: Mapping[str, tuple[str, str]]) -> None:
        """Make the screens of a service.

        Args:
            service: its name; ``static/<service>.css`` is on each of its pages.
            folder: has ``templates`` and ``static``.
            texts: what its screens say, Chinese and English.
        """
        self.service = service
        self.folder = folder
        self.screens = Screens(folder / "templates", {**KIT, **texts})
        self.assets = Assets(folder / "static", f"/{service}/assets")
        self.router = APIRouter(include_in_schema=False)
        """The screens' own style sheet and scripts, mounted under ``/<service>``."""
        self.router.add_api_route("/assets/{path:path}", self._asset, response_model=None)
        self.route_class = _route_class(self)
        """A screen's route: what nobody caught is told as a page, and its transaction undone."""

    async def _asset(self, request: Request, path: str) -> Response:
        return self.assets.response(path, request.headers, request.query_params)

    def render(
        self, request: Request, template: str, values: Mapping[str, Any], *, status: int = 200
    ) -> HTMLResponse:
        """A page with the service's style sheet; never kept by a browser or a proxy."""
        frame = {"own_asset": self.assets.url, "service": self.service}
        return self.screens.render(request, template, {**frame, **values}, status_code=status)

    def problem_page(self, request: Request, problem: Problem) -> HTMLResponse:
        """What went wrong, where no form is left to say it beside a field."""
        values = {"problem": told(problem)}
        answer = self.render(request, "problem.html", values, status=problem.status)
        answer.headers.update(problem.headers)
        return answer

    def said(self, key: str, **named: object) -> Said:
        """One of the service's texts in both languages."""
        texts = self.screens.texts
        return {
            "text_zh": texts.get(Language.ZH, key, **named),
            "text_en": texts.get(Language.EN, key, **named),
        }

    def in_words(self, request: Request, key: str, **named: object) -> str:
        """One of the service's texts in the user's language."""
        return self.screens.texts.get(language_of(request), key, **named)

    def name_of(self, context: ServiceContext, client_id: str | None) -> Said | None:
        """Who did something, as people call him; an API client by its id."""
        if not client_id:
            return None
        kind, _, name = client_id.partition(":")
        user = context.people.users.get(name) if kind == "user" and context.people else None
        if user is not None:
            return {"text_zh": user.name_zh, "text_en": user.name_en or user.name_zh}
        if kind == "user":
            return {"text_zh": name, "text_en": name}
        return self.said("who.client", name=client_id)


def _route_class(kit: Kit) -> type[YizhanRoute]:
    class PageRoute(YizhanRoute):
        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            handle = super().get_route_handler()

            async def handle_and_tell(request: Request) -> Response:
                request.state.takes_form_keys = True
                try:
                    answer = await handle(request)
                except SignInNeeded:
                    raise
                except Problem as problem:
                    return kit.problem_page(request, problem)
                if REPLAYED in answer.headers:
                    answer.headers.update({**SECURITY_HEADERS, "cache-control": "no-store"})
                return answer

            return handle_and_tell

    return PageRoute


def see(address: str) -> RedirectResponse:
    """Go there with a GET; the address must hold no identifier."""
    return RedirectResponse(address, SEE_OTHER, headers={"cache-control": "no-store"})


async def attempt(session: WriteSession, work: Awaitable[T]) -> T | Problem:
    """Do something for a form; a refusal undoes it and is given back, to be told in the form."""
    try:
        async with session.begin_nested():
            return await work
    except Problem as problem:
        return problem


class Typed(dict[str, str]):
    """What stands in a form's fields; one that is absent is empty."""

    def __missing__(self, name: str) -> str:
        return ""

    def __repr__(self) -> str:
        """Tells nothing: names and numbers are typed here."""
        return "Typed(…)"


async def fields(request: Request) -> Typed:
    """The texts of the submitted form, tidied at their ends; of several the last."""
    form = await request.form()
    return Typed((name, text.strip()) for name, text in form.multi_items() if isinstance(text, str))


async def _close_form(request: Request) -> AsyncIterator[None]:
    """Let go of the files that a form brought, also of one that was refused."""
    try:
        yield
    finally:
        await request.close()


CLOSES_FILES = Depends(_close_form, scope="function")
"""Dependency of a router whose forms bring files."""


async def uploaded(request: Request, name: str) -> UploadFile | None:
    """The file chosen in a form; None where none was."""
    found = (await request.form()).get(name)
    return found if isinstance(found, UploadFile) and found.filename else None


def told(problem: Problem) -> Said:
    """What a problem says as a whole."""
    more = "" if problem.detail == problem.title else f": {problem.detail}"
    return {"text_zh": problem.title_zh, "text_en": f"{problem.title}{more}"}


def faults_of(problem: Problem, fields: Mapping[str, str] | None = None) -> dict[str, Said]:
    """What a problem says of each field, the first of a field.

    Args:
        problem: as a service raised it.
        fields: the service's names of fields → the form's; a name that is absent stays.
    """
    found: dict[str, Said] = {}
    for fault in problem.errors:
        name = (fields or {}).get(fault.field, fault.field)
        found.setdefault(name, {"text_zh": fault.message_zh, "text_en": fault.message})
    return found
