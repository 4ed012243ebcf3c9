"""An API client as an outside system would write one: a token, keys against doubling, patience.

Nothing of a refused request is repeated in an error: it could hold a name or an ID number.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

import httpx

_RENEW_BEFORE_S = 60.0
_ATTEMPTS = 6
_FIRST_WAIT_S = 0.2
_BUSY = frozenset({429, 502, 503, 504})


class DemoRefused(RuntimeError):
    """Yizhan refused a call of the demonstration; tells the call, the status and the code."""

    def __init__(self, method: str, path: str, answer: httpx.Response) -> None:
        self.status = answer.status_code
        self.code = _code_of(answer)
        fields = ", ".join(_fields_of(answer))
        super().__init__(
            f"{method} {path} was refused: {self.status} {self.code}"
            + (f" (fields: {fields})" if fields else "")
        )


class WaitedTooLong(TimeoutError):
    """Something that should follow by itself did not."""


class Caller:
    """Calls Yizhan as one API client; renews its token in time and tries again when it is busy."""

    def __init__(self, http: httpx.AsyncClient, client_id: str, secret: str) -> None:
        self._http = http
        self._client_id = client_id
        self._secret = secret
        self._token = ""
        self._renew_at = 0.0
        self._renewing = asyncio.Lock()

    async def get(self, path: str, **params: str | int) -> Any:
        """The JSON answer of a GET.

        Raises:
            DemoRefused: any answer but 2xx.
        """
        return (await self._call("GET", path, params=params)).json()

    async def post(self, path: str, key: str, body: Mapping[str, Any] | None = None) -> Any:
        """The JSON answer of a POST; the same ``key`` again gives the same answer.

        Raises:
            DemoRefused: any answer but 2xx.
        """
        answer = await self._call("POST", path, key=key, json=body)
        return answer.json() if answer.content else None

    async def upload(self, path: str, key: str, file: bytes, fields: Mapping[str, str]) -> Any:
        """The JSON answer of a multipart POST with one CSV file.

        Raises:
            DemoRefused: any answer but 2xx.
        """
        files = {"file": ("roster.csv", file, "text/csv")}
        return (await self._call("POST", path, key=key, files=files, data=dict(fields))).json()

    async def _call(
        self,
        method: str,
        path: str,
        *,
        key: str | None = None,
        **options: Any,
    ) -> httpx.Response:
        wait_s = _FIRST_WAIT_S
        for attempt in range(1, _ATTEMPTS + 1):
            headers = {"authorization": f"Bearer {await self._bearer()}"}
            if key is not None:
                headers["idempotency-key"] = key
            try:
                answer = await self._http.request(method, path, headers=headers, **options)
            except httpx.TransportError:
                if attempt == _ATTEMPTS:
                    raise
            else:
                if answer.is_success:
                    return answer
                if answer.status_code not in _BUSY or attempt == _ATTEMPTS:
                    raise DemoRefused(method, path, answer)
            await asyncio.sleep(wait_s)
            wait_s *= 2
        raise AssertionError("the loop returns or raises")

    async def _bearer(self) -> str:
        if time.monotonic() < self._renew_at:
            return self._token
        async with self._renewing:
            if time.monotonic() >= self._renew_at:
                answer = await self._http.post(
                    "/oauth/token",
                    data={
                        "grant_type": "client_credentials",
                        "client_id": self._client_id,
                        "client_secret": self._secret,
                    },
                )
                if not answer.is_success:
                    raise DemoRefused("POST", "/oauth/token", answer)
                granted = answer.json()
                self._token = str(granted["access_token"])
                life_s = float(granted["expires_in"])
                self._renew_at = time.monotonic() + max(1.0, life_s - _RENEW_BEFORE_S)
        return self._token


T = TypeVar("T")


async def eventually(look: Callable[[], Awaitable[T | None]], *, within_s: float, what: str) -> T:
    """What ``look`` finds, asked again at growing intervals.

    Raises:
        WaitedTooLong: it found nothing in that time.
    """
    ends = time.monotonic() + within_s
    wait_s = 0.02
    while (found := await look()) is None:
        if time.monotonic() > ends:
            raise WaitedTooLong(f"{what}: nothing after {within_s:.0f} s")
        await asyncio.sleep(wait_s)
        wait_s = min(1.0, wait_s * 1.5)
    return found


def _code_of(answer: httpx.Response) -> str:
    return str(_problem(answer).get("code", "no problem document"))


def _fields_of(answer: httpx.Response) -> list[str]:
    errors = _problem(answer).get("errors")
    if not isinstance(errors, list):
        return []
    return [f"{error.get('field')}: {error.get('code')}" for error in errors if error]


def _problem(answer: httpx.Response) -> dict[str, Any]:
    try:
        document = answer.json()
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}
