"""The token endpoint: OAuth 2.0 client credentials (RFC 6749 §4.4), mounted at ``/oauth``.

A client proves itself with its secret (in the form, or HTTP Basic) or with a signed assertion
(RFC 7523). Errors carry RFC 6749's ``error`` and ``error_description`` beside the house's fields.
"""

from __future__ import annotations

import base64
import binascii
import threading
from collections import OrderedDict
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

import structlog
from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.datastructures import FormData
from starlette.responses import JSONResponse

from shared.clock import Clock
from shared.http.problem import Problem
from shared.http.routing import YizhanRoute
from shared.security.assertions import ASSERTION_TYPE, AssertionChecker, AssertionRefused
from shared.security.clients import Client, ClientsFile
from shared.security.tokens import TokenSigner

log = structlog.get_logger(__name__)

MAX_FAILURES = 10
FAILURE_WINDOW_S = 60.0
_REMEMBERED_CALLERS = 10_000
_MAX_ID_CHARS = 63
_NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}
_FORM = {
    "type": "object",
    "required": ["grant_type"],
    "properties": {
        "grant_type": {"type": "string", "enum": ["client_credentials"]},
        "client_id": {"type": "string"},
        "client_secret": {"type": "string", "format": "password"},
        "client_assertion_type": {"type": "string", "enum": [ASSERTION_TYPE]},
        "client_assertion": {"type": "string"},
        "scope": {"type": "string", "description": "Fewer scopes than granted, by spaces."},
    },
    "example": {
        "grant_type": "client_credentials",
        "client_id": "hospital",
        "client_secret": "…",
    },
}


class _OAuthProblem(Problem):
    error = "invalid_request"

    def __init__(self, description: str, **headers: str) -> None:
        super().__init__(
            description,
            headers={**_NO_STORE, **{name.replace("_", "-"): v for name, v in headers.items()}},
            extra={"error": self.error, "error_description": description},
        )


class TokenRequestMalformed(_OAuthProblem):
    code = "invalid_request"
    title = "The token request lacks something or says it twice"
    title_zh = "令牌请求缺少参数或参数重复"


class GrantNotSupported(_OAuthProblem):
    code = error = "unsupported_grant_type"
    title = "Only client credentials are granted here"
    title_zh = "仅支持 client_credentials 授权方式"


class ClientNotProven(_OAuthProblem):
    status = 401
    code = error = "invalid_client"
    title = "The client could not be authenticated"
    title_zh = "客户端身份验证失败"


class ScopeNotGranted(_OAuthProblem):
    code = error = "invalid_scope"
    title = "A scope is unknown or not granted to this client"
    title_zh = "请求的权限不存在或未授予该客户端"


class TooManyFailures(_OAuthProblem):
    status = 429
    code = "too_many_failures"
    error = "temporarily_unavailable"
    title = "Too many failed attempts; wait before the next one"
    title_zh = "失败次数过多，请稍后再试"


class TokenGrant(BaseModel):
    """An access token."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "access_token": "eyJhbGciOiJFZDI1NTE5Iiwi…",
                    "token_type": "Bearer",
                    "expires_in": 1800,
                    "scope": "claims:quote identity:recognise",
                }
            ]
        }
    )

    access_token: str
    token_type: str = "Bearer"  # noqa: S105 - a kind of token, not one
    expires_in: int = Field(description="Seconds.")
    scope: str


class FailureLimiter:
    """Counts failed attempts by client id and caller's address, so that guessing is slow.

    Both count: with the id alone, a stranger could lock a hospital out.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._failures: OrderedDict[tuple[str, str], list[float]] = OrderedDict()
        self._lock = threading.Lock()

    def wait_s(self, client_id: str, address: str) -> int:
        """Seconds until the next attempt is allowed; 0 when it is now."""
        now_s = self._clock.now().timestamp()
        with self._lock:
            times = self._failures.get((client_id, address), [])
            recent = [moment for moment in times if now_s - moment < FAILURE_WINDOW_S]
        if len(recent) < MAX_FAILURES:
            return 0
        return max(1, int(recent[-MAX_FAILURES] + FAILURE_WINDOW_S - now_s) + 1)

    def failed(self, client_id: str, address: str) -> None:
        now_s = self._clock.now().timestamp()
        mark = (client_id, address)
        with self._lock:
            times = self._failures.pop(mark, [])
            self._failures[mark] = [*times[-MAX_FAILURES:], now_s]
            if len(self._failures) > _REMEMBERED_CALLERS:
                self._failures.popitem(last=False)

    def succeeded(self, client_id: str, address: str) -> None:
        with self._lock:
            self._failures.pop((client_id, address), None)


@dataclass(frozen=True)
class _Proof:
    """What the client sent to prove itself."""

    client_id: str
    secret: str | None
    assertion: str | None
    by_header: bool


def oauth_router(
    clients: ClientsFile,
    signer: TokenSigner,
    clock: Clock,
    *,
    audiences: Collection[str] = (),
) -> APIRouter:
    """``POST /token`` and ``GET /jwks.json``; a host mounts it under ``/oauth``.

    Args:
        clients: who may ask.
        signer: makes the tokens.
        clock: for expiry and for the limiter.
        audiences: further addresses of the token endpoint that assertions may name (those that
            a reverse proxy shows); the issuer and the address as called are always good.
    """
    router = APIRouter(route_class=YizhanRoute, tags=["oauth"])
    limiter = FailureLimiter(clock)
    checker = AssertionChecker(clock, {signer.issuer, *audiences})

    @router.post(
        "/token",
        summary="Get an access token · 获取访问令牌",
        response_model=TokenGrant,
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {"application/x-www-form-urlencoded": {"schema": _FORM}},
            }
        },
        responses={400: {"description": "Malformed"}, 401: {"description": "Not authenticated"}},
    )
    async def token(request: Request) -> JSONResponse:
        """Client credentials grant; send `client_secret`, HTTP Basic, or `client_assertion`."""
        form = await request.form(max_fields=20, max_files=0, max_part_size=16_384)
        proof = _read_proof(request, form)
        address = request.client.host if request.client else ""
        wait_s = limiter.wait_s(proof.client_id, address)
        if wait_s:
            raise TooManyFailures(f"wait {wait_s} s, then try again", Retry_After=str(wait_s))
        client = _prove(clients, checker, proof, str(request.url.replace(query=None)))
        if client is None:
            limiter.failed(proof.client_id, address)
            known = clients.get(proof.client_id) is not None
            log.warning("client_refused", client_id=proof.client_id if known else "unknown")
            raise _not_proven(proof)
        limiter.succeeded(proof.client_id, address)
        if _single(form, "grant_type") != "client_credentials":
            raise GrantNotSupported("send grant_type=client_credentials")
        scopes = _narrow(client, _single(form, "scope"))
        grant = TokenGrant(
            access_token=signer.sign(
                client_id=client.client_id, organisation=client.organisation, scopes=scopes
            ),
            expires_in=signer.lifetime_s,
            scope=" ".join(sorted(scopes)),
        )
        return JSONResponse(grant.model_dump(), headers=_NO_STORE)

    @router.get("/jwks.json", summary="Public keys of the access tokens · 令牌公钥")
    async def jwks() -> JSONResponse:
        return JSONResponse(signer.jwks(), headers={"Cache-Control": "public, max-age=300"})

    return router


def _prove(
    clients: ClientsFile, checker: AssertionChecker, proof: _Proof, address: str
) -> Client | None:
    if proof.assertion is None:
        return clients.authenticate(proof.client_id, proof.secret or "")
    client = clients.get(proof.client_id)
    if client is None:
        return None
    try:
        checker.check(client, proof.assertion, address)
    except AssertionRefused as refused:
        log.warning("assertion_refused", client_id=client.client_id, reason=str(refused))
        return None
    return client


def _read_proof(request: Request, form: FormData) -> _Proof:
    basic = _basic(request.headers.get("authorization"))
    named = _single(form, "client_id")
    secret = _single(form, "client_secret")
    assertion = _single(form, "client_assertion")
    if sum(part is not None for part in (basic, secret, assertion)) != 1:
        raise TokenRequestMalformed(
            "authenticate in exactly one way: client_secret, HTTP Basic, or client_assertion"
        )
    if basic is not None:
        if named is not None and named != basic[0]:
            raise TokenRequestMalformed("client_id differs from the one in HTTP Basic")
        return _Proof(basic[0], basic[1], None, by_header=True)
    if assertion is not None:
        if _single(form, "client_assertion_type") != ASSERTION_TYPE:
            raise TokenRequestMalformed(f"send client_assertion_type={ASSERTION_TYPE}")
        if named is None:
            raise TokenRequestMalformed("send client_id beside client_assertion")
    if not named or len(named) > _MAX_ID_CHARS:
        raise TokenRequestMalformed("send client_id")
    return _Proof(named, secret, assertion, by_header=False)


def _basic(header: str | None) -> tuple[str, str] | None:
    kind, _, content = (header or "").partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        name, colon, secret = base64.b64decode(content, validate=True).decode().partition(":")
    except (ValueError, binascii.Error):
        colon, name, secret = "", "", ""
    if not colon or len(name) > _MAX_ID_CHARS:
        raise TokenRequestMalformed("HTTP Basic needs base64 of client_id:client_secret")
    return unquote_plus(name), unquote_plus(secret)


def _single(form: FormData, name: str) -> str | None:
    values: list[Any] = form.getlist(name)
    if len(values) > 1 or any(not isinstance(value, str) for value in values):
        raise TokenRequestMalformed(f"send {name} once, as text")
    return values[0] if values and values[0] else None


def _narrow(client: Client, wanted: str | None) -> frozenset[str]:
    if wanted is None:
        return client.scopes
    asked = frozenset(wanted.split())
    if not asked or not asked <= client.scopes:
        raise ScopeNotGranted(
            "leave scope out to get every granted one, or name only those granted: "
            + " ".join(sorted(client.scopes))
        )
    return asked


def _not_proven(proof: _Proof) -> ClientNotProven:
    advice = "check client_id and secret; the operator finds both in the clients file"
    if proof.assertion is not None:
        advice = "check iss, sub, aud, exp, jti and the signing key of the assertion"
    if proof.by_header:
        return ClientNotProven(advice, WWW_Authenticate='Basic realm="yizhan"')
    return ClientNotProven(advice)
