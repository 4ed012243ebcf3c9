"""Who is calling, what he may do, and whose rows he may see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastapi import Depends, Request
from fastapi.security import HTTPBearer

from shared.http.problem import Forbidden, Unauthorized


@dataclass(frozen=True)
class Principal:
    """An authenticated API client."""

    client_id: str
    organisation: str
    """``region:511113`` (the whole county), ``facility:H51111300101``, ``township:金河镇`` …"""
    scopes: frozenset[str]

    @property
    def of_county(self) -> bool:
        """Whether it is an office of the whole county, which sees everybody's."""
        return self.organisation.startswith("region:")

    def may_see_facility(self, facility_code: str) -> bool:
        """A hospital sees its own visits; a county organisation sees every one."""
        kind, _, value = self.organisation.partition(":")
        return kind == "region" or (kind == "facility" and value == facility_code)

    def may_see_township(self, township: str | None) -> bool:
        """A township sees its own people; a county organisation sees every one."""
        kind, _, value = self.organisation.partition(":")
        return kind == "region" or (kind == "township" and value == township)


class FacilityNotYours(Forbidden):
    code = "facility_not_yours"
    title = "This client may not act for that facility"
    title_zh = "该客户端不能代表此医疗机构办理"


_bearer = HTTPBearer(auto_error=False, description="Access token from POST /oauth/token")


def bearer_token(header: str) -> str | None:
    """The token that an Authorization header brings; None when it brings none."""
    kind, _sep, token = header.partition(" ")
    return token if token and kind.lower() == "bearer" else None


def scope_of(annotation: Any) -> str | None:
    """The scope that a parameter declared with :func:`requires` asks for; None for any other."""
    for each in getattr(annotation, "__metadata__", ()):
        scope = getattr(getattr(each, "dependency", None), "required_scope", None)
        if isinstance(scope, str):
            return scope
    return None


def requires(scope: str) -> Any:
    """Endpoint parameter default: the caller, who must hold ``scope``.

    Use as ``caller: Annotated[Principal, requires("claims:settle")]``; the scope stands in the
    endpoint's signature and in its OpenAPI description.
    """

    async def authenticated(request: Request, _: Any = Depends(_bearer)) -> Principal:
        token = bearer_token(request.headers.get("authorization", ""))
        if token is None:
            raise Unauthorized(
                "send 'Authorization: Bearer <token>'; get a token from POST /oauth/token",
                headers={"WWW-Authenticate": "Bearer"},
            )
        principal: Principal = request.app.state.context.tokens.verify(token)
        if scope not in principal.scopes:
            raise Forbidden(
                f"this call needs the scope {scope!r}, which client {principal.client_id!r} "
                "does not hold; ask the operator to grant it",
                headers={"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{scope}"'},
            )
        request.state.principal = principal
        return principal

    authenticated.required_scope = scope  # type: ignore[attr-defined]
    return Depends(authenticated)
