"""``/<service>/docs``: the interactive description of a service's calls, without any other site."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from shared.web.screens import TEMPLATES, Screens

_TEXTS: dict[str, tuple[str, str]] = {
    "docs.title": ("{title} · 接口文档", "{title} · API"),
    "docs.noscript": (
        "此页需要 JavaScript。机器可读的描述在 {url}。",
        "This page needs JavaScript. The machine-readable description is at {url}.",
    ),
}

_screens = Screens(TEMPLATES, _TEXTS)


def docs_page(request: Request, *, service: str, title: str, title_zh: str) -> HTMLResponse:
    """The page that shows ``/<service>/openapi.json`` with Swagger UI."""
    return _screens.render(
        request,
        "api_docs.html",
        {
            "service": service,
            "service_title": {"title_zh": title_zh, "title_en": title},
            "openapi_url": f"/{service}/openapi.json",
        },
    )


def docs_router(service: str, title_zh: str, title: str | None = None) -> APIRouter:
    """A router with ``/docs``, to be mounted under ``/<service>``; it is not in the OpenAPI file.

    Args:
        service: the path under which the service is mounted.
        title_zh: its title in Chinese.
        title: its title in English; the service's name when not given.
    """
    router = APIRouter(include_in_schema=False)

    @router.get("/docs")
    async def docs(request: Request) -> HTMLResponse:
        english = title or service.capitalize()
        return docs_page(request, service=service, title=english, title_zh=title_zh)

    return router
