"""How a service proves itself to its peers: OAuth2 client credentials, like any other client."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator

import httpx

_RENEW_BEFORE_S = 60


class PeerAuthFailed(RuntimeError):
    """The token endpoint refused this service's own client."""


class ClientCredentials(httpx.Auth):
    """Adds a bearer token, asked for on first use and again shortly before it expires."""

    def __init__(self, token_client: httpx.AsyncClient, client_id: str, client_secret: str) -> None:
        self._token_client = token_client
        self._client_id = client_id
        self._client_secret = client_secret
        self._token = ""
        self._expires_at_s = 0.0

    async def async_auth_flow(
        self, request: httpx.Request
    ) -> AsyncGenerator[httpx.Request, httpx.Response]:
        if time.monotonic() > self._expires_at_s - _RENEW_BEFORE_S:
            await self._renew()
        request.headers["Authorization"] = f"Bearer {self._token}"
        yield request

    async def _renew(self) -> None:
        answer = await self._token_client.post(
            "/oauth/token",
            data={
                "grant_type": "client_credentials",
                "client_id": self._client_id,
                "client_secret": self._client_secret,
            },
        )
        if answer.status_code != httpx.codes.OK:
            raise PeerAuthFailed(
                f"client {self._client_id!r} got status {answer.status_code} from /oauth/token"
            )
        grant = answer.json()
        self._token = grant["access_token"]
        self._expires_at_s = time.monotonic() + float(grant["expires_in"])
