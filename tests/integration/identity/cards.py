"""Health cards in tests: what a card says, and what operators do to the keys that sign them."""

from __future__ import annotations

import base64
import json
from typing import Any

from services.identity.cards.compromise import Compromised, compromise
from services.identity.cards.keys import Rotated, rotate
from shared.security.principal import Principal
from shared.security.scopes import SCOPES
from tests.integration.identity.office import Office
from tests.support.service import COUNTY, Running


def decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


async def verified(office: Office, qr: str) -> dict[str, object]:
    answer = await office.http.post("/identity/v1/cards/verify", json={"qr": qr})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def rotated(identity: Running) -> Rotated:
    """As ``yizhan identity rotate-card-key`` does."""
    operator = Principal("cli:operator", COUNTY, frozenset(SCOPES))
    async with identity.context.db.writing() as session:
        return await rotate(session, identity.context, operator)


async def compromised(identity: Running, kid: str) -> Compromised:
    """As ``yizhan identity compromised-card-key`` does."""
    operator = Principal("cli:operator", COUNTY, frozenset(SCOPES))
    async with identity.context.db.writing() as session:
        return await compromise(session, identity.context, operator, kid)


def kid_of(card: dict[str, Any]) -> str:
    return str(json.loads(decoded(card["qr"].split(".")[0]))["kid"])
