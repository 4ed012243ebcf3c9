"""A doctor at the screens of contracts: who is there, what identity says, a form sent."""

from __future__ import annotations

import io
import json
from typing import Any
from uuid import UUID

import httpx
import openpyxl

from shared.security.default_users import DEFAULT_USERS
from tests.support.browsing import Screen, words

P1 = str(UUID(int=1))
P2 = str(UUID(int=2))
DOCTOR = DEFAULT_USERS["doctor"].scopes


def identity_says(names: dict[str, str] | None) -> httpx.AsyncClient:
    """Identity as contracts meets it; None: it does not answer."""

    def answer(request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/identity/v1/persons/names"
        if names is None:
            raise httpx.ConnectError("identity is away")
        asked = json.loads(request.content)["person_ids"]
        items = [{"person_id": each, "masked_name": names[each]} for each in asked if each in names]
        return httpx.Response(200, json={"items": items})

    return httpx.AsyncClient(transport=httpx.MockTransport(answer), base_url="http://identity")


async def act(doctor: Screen, person: str, form: str, **typed: str) -> str:
    """Send a form of the person's page; what it says after."""
    answer = await doctor.post(f"/contracts/persons/{person}/{form}", typed)
    return words(await doctor.follow(answer))


def load(answer: httpx.Response) -> list[tuple[Any, ...]]:
    """The rows of a workbook."""
    assert answer.status_code == 200, words(answer)
    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    return list(book.worksheets[0].iter_rows(values_only=True))
