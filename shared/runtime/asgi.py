"""The ASGI application of a host: each service mounted under its name, all lifespans entered.

One function for both hosts: the embedded one mounts every service, a container mounts one.
Starlette does not run the lifespan of a mounted application, so the root enters each itself.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import cache
from typing import Any

from fastapi import APIRouter, FastAPI
from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount
from starlette.types import ASGIApp

from shared.http.errors import install as install_errors
from shared.http.feed import feed_router
from shared.http.limits import EdgeMiddleware
from shared.http.short_way import ShortWays
from shared.observability.health import Check, health_router
from shared.observability.metrics import MetricsMiddleware
from shared.runtime.context import ServiceContext, ServiceModule
from shared.web import docs_router, static_app
from shared.web.navigation import Navigation, screens_router
from shared.web.problem_pages import ProblemPages
from shared.web.signin.cookies import SessionCookieMiddleware

HealthChecks = Mapping[str, Sequence[Check]]
"""Per service, the checks beyond its own database (bus progress)."""


def _api_app(module: ServiceModule) -> FastAPI:
    """What ``/<service>/openapi.json`` describes; no route is in it yet."""
    return FastAPI(
        title=f"Yizhan {module.title} · 一站 {module.title_zh}",
        version="1",
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
    )


def service_app(
    context: ServiceContext,
    checks: Sequence[Check] = (),
    *,
    navigation: Navigation | None = None,
) -> FastAPI:
    """One service's application, without its mount path."""
    module = context.module
    app = _api_app(module)
    _bind(app, context, navigation)
    app.router.routes.extend(routes_of(module))
    app.include_router(health_router(context, checks), include_in_schema=False)
    return app


@cache
def routes_of(module: ServiceModule) -> list[BaseRoute]:
    """The service's routes, shared by all of its applications in this process.

    FastAPI makes a validator per parameter and answer when a route is first looked at: 0.1 to
    0.3 s for a service. Whoever makes many applications of one service pays that once.
    """
    routes = APIRouter()
    for router in module.routers:
        routes.include_router(router, prefix="/v1")
    routes.include_router(feed_router(), prefix="/v1")
    for router in module.pages:
        routes.include_router(router, include_in_schema=False)
    routes.include_router(screens_router(module.name), include_in_schema=False)
    routes.include_router(docs_router(module.name, module.title_zh), include_in_schema=False)
    return routes.routes


@cache
def _root_pages_of(module: ServiceModule) -> list[BaseRoute]:
    """The service's screens at the host's root, likewise."""
    routes = APIRouter()
    for router in module.root_pages:
        routes.include_router(router)
    return routes.routes


def root_app(
    contexts: Sequence[ServiceContext],
    *,
    token_router: APIRouter | None = None,
    sign_in: APIRouter | None = None,
    navigation: Navigation | None = None,
    checks: HealthChecks | None = None,
) -> ASGIApp:
    """Everything a host serves on its port.

    Args:
        contexts: the services of this host.
        token_router: ``/oauth/token`` and ``/oauth/jwks.json``; only where the signing key is.
        sign_in: ``/signin``, ``/signout``, ``/account``; only where the signing key is.
        navigation: the menu, where it knows more than this host's services.
        checks: extra readiness checks by service.
    """
    mounts: list[Mount] = []
    menu = navigation or Navigation()
    _navigation(contexts, menu)
    front: FastAPI | None = None
    for context in contexts:
        service = service_app(context, (checks or {}).get(context.name, ()), navigation=menu)
        mounts.append(Mount(f"/{context.name}", app=service))
        if context.module.root_pages:
            front = _plain_app(context, navigation=menu)
            front.router.routes.extend(_root_pages_of(context.module))
    mounts.append(Mount("/static", app=static_app()))
    if token_router is not None:
        mounts.append(Mount("/oauth", app=_plain_app(contexts[0], token_router)))
    if sign_in is not None:
        front = front or _plain_app(contexts[0], navigation=menu)
        front.include_router(sign_in)
    if front is not None:
        mounts.append(Mount("", app=front))

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for context in contexts:
                if context.module.lifespan is not None:
                    await stack.enter_async_context(context.module.lifespan(context))
            yield

    settings = contexts[0].settings
    root = Starlette(routes=mounts, lifespan=lifespan)
    install_errors(root)
    return EdgeMiddleware(
        MetricsMiddleware(ShortWays(SessionCookieMiddleware(root, settings), contexts)),
        max_body_bytes=settings.max_body_bytes,
        max_upload_bytes=settings.max_upload_bytes,
        uploads={
            f"/{context.name}{address}": limit
            for context in contexts
            for address, limit in context.module.upload_limits().items()
        },
        told=ProblemPages(front or _plain_app(contexts[0], navigation=menu)),
    )


def _navigation(
    contexts: Sequence[ServiceContext], navigation: Navigation | None = None
) -> Navigation:
    found = navigation or Navigation()
    for context in contexts:
        found.learn(context.name, context.module.screens)
    return found


def _plain_app(
    context: ServiceContext, *routers: APIRouter, navigation: Navigation | None = None
) -> FastAPI:
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    _bind(app, context, navigation)
    for router in routers:
        app.include_router(router)
    return app


def _bind(app: FastAPI, context: ServiceContext, navigation: Navigation | None) -> None:
    app.state.context = context
    app.state.navigation = navigation or _navigation([context])
    install_errors(app)


def openapi_of(module: ServiceModule) -> dict[str, Any]:
    """The service's OpenAPI document; needs neither database nor keys."""
    app = _api_app(module)
    app.router.routes.extend(routes_of(module))
    app.root_path = f"/{module.name}"
    return app.openapi()
